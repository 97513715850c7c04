"""Which keys are allowed where in a manifest, derived from the models."""

import types
import typing
from collections.abc import Mapping

from pydantic import BaseModel

from mtc.manifest.models import Manifest

Loc = tuple[int | str, ...]


def keys_at(model: type[BaseModel], loc: Loc) -> tuple[str, ...]:
    """The keys that are allowed at a location in a model."""
    kind: object = model
    for part in loc:
        kind = _step(kind, part)
    fields = _fields(kind)
    return (*fields, "extends", "environments") if kind is Manifest else tuple(fields)


def model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """The model that is expected at a location in a model; None where there is none, or one of several."""
    kind: object = model
    for part in loc:
        kind = _step(kind, part)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def text_lists(model: type[BaseModel]) -> frozenset[str]:
    """The keys of a model that are lists of texts."""
    kinds = {name: typing.get_args(kind) for name, kind in _fields(model).items() if typing.get_origin(kind) is tuple}
    return frozenset(name for name, items in kinds.items() if _bare(items[0]) is str)


def _fields(kind: object) -> Mapping[str, object]:
    """Name and type of each key of a model."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return {}
    return {field.alias or name: _bare(field.annotation) for name, field in kind.model_fields.items()}


def _step(kind: object, part: int | str) -> object:
    if typing.get_origin(kind) is dict:
        return _bare(typing.get_args(kind)[1])
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        return next((each for each in map(_bare, typing.get_args(kind)) if _is_called(each, str(part))), None)
    return _fields(kind).get(str(part))


def _is_called(kind: object, part: str) -> bool:
    """Whether a part of pydantic's location is this type of a union: its name, in brackets if it has validators."""
    name = getattr(kind, "__name__", "")
    return name != "" and (part == name or part.endswith(f", {name}]"))


def _bare(kind: object) -> object:
    """A type without `Annotated` and without `| None`."""
    while typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        rest = [each for each in typing.get_args(kind) if each is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else kind
    return kind


def _homes() -> dict[str, tuple[str, ...]]:
    """The sections that each key belongs to, for a hint when it is in the wrong one."""
    homes: dict[str, tuple[str, ...]] = {}
    for section, kind in _fields(Manifest).items():
        inner = _bare(typing.get_args(kind)[1]) if typing.get_origin(kind) is dict else kind
        name = f"{section}.NAME" if inner is not kind else section
        for key in _fields(inner):
            homes[key] = (*homes.get(key, ()), name)
    return homes


HOMES = _homes()
