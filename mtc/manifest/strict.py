"""What every model of a manifest is: frozen, described by its docstrings, and without a key that is not known."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Frozen, and without a key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False, use_attribute_docstrings=True)
