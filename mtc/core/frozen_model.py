"""The base of every settings model: frozen, described by docstrings, and refusing unknown keys."""

import ast
import functools
import inspect
import itertools
import textwrap
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler


class Described(BaseModel):
    """A model whose fields are described by the docstrings below them. They are read when a description is needed."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> Any:  # noqa: ANN401 - pydantic's
        """Describe each property, unless what it refers to is described in the same words."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for name, text in descriptions(cls).items():
            alias = cls.model_fields[name].alias
            shown = properties[alias if alias in properties else name]
            if handler.resolve_ref_schema(shown).get("description") != text:
                shown["description"] = text
        return schema


def descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """What the fields of a model are, by name: the docstrings below them in its source and in that of its bases."""
    texts: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, Described) and kind is not Described:
            texts |= _docstrings(kind)
    return {name: texts[name] for name in model.model_fields if name in texts}


def _docstrings(kind: type[BaseModel]) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except OSError:  # installed without its source
        return {}
    (body,) = (node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


class Model(Described):
    """Frozen; an unknown key is an error. A model is built when it is first used, as most are only parts of another."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False, defer_build=True)


Duration = Annotated[
    str,
    Field(pattern=r"^[0-9]+(s|m|h|d)$", examples=["6h", "90m", "2d"]),
]


@functools.lru_cache(maxsize=64)
def seconds(duration: str) -> int:
    """The number of seconds in a duration like `6h`."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[duration[-1]]
