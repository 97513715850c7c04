"""The base of every settings model: frozen, described by docstrings, and refusing unknown keys."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False, use_attribute_docstrings=True)


Duration = Annotated[
    str,
    Field(pattern=r"^[0-9]+(s|m|h|d)$", examples=["6h", "90m", "2d"]),
]


def seconds(duration: str) -> int:
    """The number of seconds in a duration like `6h`."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[duration[-1]]
