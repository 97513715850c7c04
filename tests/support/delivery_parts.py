"""Parts for delivery tests: hits in Parquet files, with the columns that an import writes."""

import dataclasses
import datetime as dt
import functools
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from import_step import database

from mtc.core.deliveries import Cut
from mtc.core.model import Accounting, LoadedObject, Part, SourceObject
from mtc.core.sql import literal
from mtc.stages.deliver.batching import Batching, RequestContext
from mtc.warehouse.parts import COLUMNS

DAY = dt.date(2026, 5, 1)
NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
UNTIL = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
HERE = RequestContext(1, "https://docs.example.org")

_TABLE = ", ".join(f'"{name}" {kind}' for name, kind, _ in COLUMNS)
_ROWS = ", ".join("unnest(?)" for _ in COLUMNS)


@dataclass(frozen=True, slots=True)
class Row:
    """A hit in a part. `ts` has a time zone."""

    object: str = "o1"
    line: int = 1
    ts: dt.datetime = NOON
    ip: str | None = "192.0.2.1"
    host: str | None = None
    user: str | None = None
    method: str | None = "GET"
    path: str | None = "/"
    query: str | None = None
    protocol: str | None = "HTTP/1.1"
    status: int | None = 200
    bytes: int | None = None
    time_ms: float | None = None
    referrer: str | None = None
    user_agent: str | None = "Mozilla/5.0"
    download: bool | None = False

    def cells(self) -> list[Any]:
        """Return the row in column order; columns that a delivery does not read are NULL."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        own["ts"] = self.ts.astimezone(dt.UTC).replace(tzinfo=None)
        return [own.get(name) for name, _, _ in COLUMNS]


def write_part(path: Path, rows: Iterable[Row]) -> None:
    """Write a part with these rows, in this order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_parquet(tuple(rows)))


@functools.lru_cache(maxsize=64)
def _parquet(rows: tuple[Row, ...]) -> bytes:
    """Return the bytes of a part; cached, as many tests deliver the same hits."""
    columns = [list(cells) for cells in zip(*(row.cells() for row in rows), strict=True)]
    with tempfile.TemporaryDirectory() as folder, database().cursor() as connection:
        file = Path(folder) / "part.parquet"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE part ({_TABLE})")
        if columns:
            connection.execute(f"INSERT INTO part SELECT {_ROWS}", columns)
        connection.execute(f"COPY part TO {literal(str(file))} (FORMAT parquet)")
        return file.read_bytes()


def write_parts(warehouse: Path, files: Mapping[str, Sequence[Row]]) -> tuple[LoadedObject, ...]:
    """Write part files, and return the objects of their rows by key; an object may be in several files."""
    parts: dict[str, list[Part]] = {}
    for name, rows in files.items():
        file = f"hits/site=docs/date={DAY}/{name}.parquet"
        write_part(warehouse / file, rows)
        for object_ in sorted({row.object for row in rows}):
            hits = sum(row.object == object_ for row in rows)
            parts.setdefault(object_, []).append(Part("docs", DAY, file, object_, hits))
    return tuple(_loaded(object_, tuple(own)) for object_, own in sorted(parts.items()))


def _loaded(object_: str, parts: tuple[Part, ...]) -> LoadedObject:
    hits = sum(part.hits for part in parts)
    source = SourceObject(f"{object_}.log", 100, "e")
    return LoadedObject(source, object_, object_, "combined", Accounting(hits, hits), parts, made_with="m")


def laid(
    warehouse: Path, loaded: Iterable[LoadedObject], cut: Cut | None = None, *, address: RequestContext = HERE
) -> Batching:
    """Return the batching of these objects; the caller closes it."""
    batching = Batching(database().cursor(), cut or Cut("0123456789abcdef", 1, 100, UNTIL))
    batching.lay_out(warehouse, loaded, address)
    return batching
