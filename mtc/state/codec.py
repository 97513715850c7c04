"""How values become columns and columns values. No SQL here, and nothing is looked up.

A column that does not read as it was written raises ValueError, KeyError or TypeError: the caller calls that damage.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from mtc.model import Accounting, Output, StepId

T = TypeVar("T")

_READ = json.JSONDecoder().raw_decode


def to_text(value: str) -> str | bytes:
    """A text as SQLite can keep it. File names may hold what is no UTF-8: such a text becomes a BLOB."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def from_text(value: str | bytes) -> str:
    """The opposite of `to_text`."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def to_moment(at: dt.datetime | None) -> str | None:
    """An instant as ISO 8601 in UTC. A time without a zone is an error of the caller."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError("a time in the state file needs a zone")
    return at.astimezone(dt.UTC).isoformat()


def from_moment(value: str | None) -> dt.datetime | None:
    """The opposite of `to_moment`."""
    return None if value is None else dt.datetime.fromisoformat(value)


def to_json(value: Mapping[str, object] | Iterable[object]) -> str:
    """A map with text keys, or a sequence, as JSON: ASCII, keys in order, always the same for the same value."""
    plain = dict(value) if isinstance(value, Mapping) else list(value)
    return json.dumps(plain, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def from_json(value: str, kind: type[T]) -> T:
    """The opposite of `to_json`; what is not of the `kind` is a ValueError."""
    found: object
    found, end = _READ(value)  # what json.loads adds (blanks around, bytes) takes longer than the reading
    if not isinstance(found, kind) or end != len(value):
        raise ValueError(f"a {kind.__name__} was expected")
    return found


def to_accounting(value: Accounting | None) -> str | None:
    """Where lines went, as JSON."""
    if value is None:
        return None
    counts: dict[str, object] = {"lines": value.lines, "hits": value.hits}
    return to_json(counts | {"filtered": dict(value.filtered), "rejected": dict(value.rejected)})


def from_accounting(value: str | None) -> Accounting | None:
    """The opposite of `to_accounting`."""
    if value is None:
        return None
    fields: dict[str, Any] = from_json(value, dict)
    return Accounting(fields["lines"], fields["hits"], fields["filtered"], fields["rejected"])


def to_outputs(value: Iterable[Output]) -> str:
    """Files with their sizes and digests, as JSON."""
    return to_json([output.path, output.size, output.digest] for output in value)


def from_outputs(value: str) -> tuple[Output, ...]:
    """The opposite of `to_outputs`."""
    rows: list[Any] = from_json(value, list)
    return tuple(Output(path, size, digest) for path, size, digest in rows)


def step_columns(step: StepId) -> tuple[str, str, str]:
    """Site, stage and day, the columns that name a step."""
    return step.site, step.stage.value, step.day.isoformat()
