"""The first lines of each kind in `lines`, hits and every reason, with all that was read from them."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from mtc.formats.filters import agent_reason
from mtc.formats.reading import FIELDS_KEPT
from mtc.manifest.models import Filters
from mtc.stages.importing.agents import JOIN_AGENTS
from mtc.stages.importing.bundle import Bundle
from mtc.stages.importing.owners import owned_lines

HIT = "hit"
Value = str | int | float | bool
_OF_AGENTS = ("bot", "browser", "browser_version", "os", "device")
_FIELDS = (*FIELDS_KEPT, "download", *_OF_AGENTS)


@dataclass(frozen=True, slots=True)
class Sample:
    """A line of an object: its number, its text, and the fields that have a value."""

    line: int
    text: str
    fields: Mapping[str, Value]
    rejected: bool = False


def first_lines(
    connection: duckdb.DuckDBPyConnection, bundle: Bundle, filters: Filters, limit: int
) -> Iterator[tuple[str, Sample]]:
    """The first `limit` lines of each kind: `HIT`, or the reason, and the line. `lines` must have kept all."""
    for why, rejected, line, text, *values in connection.execute(_query(bundle, filters, limit)).fetchall():
        fields = zip(_FIELDS, values, strict=True)
        told = {name: _plain(value) for name, value in fields if value not in {None, ""}}
        yield why, Sample(line, text or "", told, rejected)


def _query(bundle: Bundle, filters: Filters, limit: int) -> str:
    """The lines are chosen by their numbers first: texts are only touched of those."""
    whys = f"coalesce(reason, {agent_reason(filters)}, '{HIT}')"
    read = ", ".join(f'l."{name}"' for name in (*FIELDS_KEPT, "download"))
    told = ", ".join(f"agents.{name}" for name in _OF_AGENTS)
    return f"""
WITH chosen AS (
    SELECT n, {whys} AS why FROM {owned_lines(bundle)} {JOIN_AGENTS}
    QUALIFY row_number() OVER (PARTITION BY why, rejected ORDER BY n) <= {limit}
)
SELECT chosen.why, rejected, l.n + shift, text, {read}, {told}
FROM {owned_lines(bundle)} JOIN chosen ON l.n = chosen.n {JOIN_AGENTS}
ORDER BY l.n
"""  # noqa: S608 - made of this package's own pieces


def _plain(value: object) -> Value:
    """A value as JSON and people have it; times are in UTC."""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return value if isinstance(value, bool | int | float) else str(value)
