"""The hits of a delivery: a table in order of lane and time, cut into batches by counting.

The order is total (time, object, line) and the lane is a digest of the visitor's address, so that the same parts and
cut give the same batches in any run and with any version of the database.

Visitors' addresses are sent as plain ones: Matomo would file any other under 0.0.0.0 without a word. Lines are loaded
with plain addresses; older parts may hold others, with a port, quotes or brackets, or an IPv4 address mapped into IPv6,
which would be another visitor.
"""

import contextlib
import datetime as dt
import glob
import ipaddress
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import duckdb

from mtc.core.database import explain_database_error
from mtc.core.deliveries import Batch, BatchId, Cut
from mtc.core.errors import PermanentError
from mtc.core.model import LoadedObject
from mtc.stages.deliver import requests

UNKNOWN = "0.0.0.0"  # noqa: S104 - sent, and not listened at
"""What is sent for a visitor without an address: left out, Matomo would take the address of this machine."""

PLAIN = r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
"""What an IPv4 address looks like, for RE2."""

_DECORATED = re.compile(r'\A[\s"\']*(?:for=)?[\s"\']*(?:\[(?P<in>[^\]]+)\](?::\d+)?|(?P<v4>\d+(?:\.\d+){3})(?::\d+)?)?')


def odd(addresses: Iterable[str]) -> dict[str, str]:
    """Those of the addresses that are not plain, each with what is sent in its place."""
    return {address: plain for address in addresses if (plain := plain_address(address)) != address}


def plain_address(text: str) -> str:
    """The address in a text; `UNKNOWN` if it has no address. A plain address is returned as it is."""
    bare = text.strip(" \t\"'")
    found = _DECORATED.match(text)
    if found is not None and (inner := found["in"] or found["v4"]):
        bare = inner if found.end() >= len(text.rstrip(" \t\"'")) else bare
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return bare.partition("%")[0]


_OLDEST = dt.timedelta(days=20 * 365)  # Matomo files hits of over 20 years ago under the time of the request
_SHOWN = 20

_TABLE = """
CREATE OR REPLACE TEMP TABLE laid AS
SELECT lane, {request} AS request, pv_id, ts, ip, object_place, line
FROM (
    SELECT {columns}, {address} AS address, {url} AS url, {pv_id} AS pv_id, object_place,
        (('0x' || substring(md5(coalesce(ip, '')), 1, 8))::UINTEGER % $lanes)::UTINYINT AS lane
    FROM read_parquet($paths, filename = true, hive_partitioning = false) AS part
    JOIN (
        SELECT unnest($files) AS file, unnest($objects) AS selected_object, unnest($places) AS object_place
    ) AS selected
        ON selected.file = part.filename AND selected.selected_object = part.object
    {odd}
    WHERE ts <= $until AND ts > $oldest
)
ORDER BY lane, ts, object_place, line  -- numbers: places are in order of the objects' ids
"""
_ODD = """
SELECT DISTINCT ip FROM read_parquet($paths, hive_partitioning = false)
WHERE ip <> '' AND NOT regexp_full_match(ip, $plain)
"""
# Addresses that are not plain are few, if any: without them no join is made, and dictionaries stay whole.
_JOIN_ODD = "LEFT JOIN (SELECT unnest($odd) AS odd, unnest($in_place) AS in_place) AS odds ON odds.odd = part.ip"
_UNSENDABLE = """
SELECT object, line, count(*) OVER () AS together
FROM read_parquet($paths, filename = true, hive_partitioning = false) AS part
JOIN (SELECT unnest($files) AS file, unnest($objects) AS selected_object) AS selected
    ON selected.file = part.filename AND selected.selected_object = part.object
WHERE NOT (ts <= $until AND ts > $oldest)
ORDER BY object, line
LIMIT {shown}
"""
_LANES = "SELECT lane, count(*) FROM laid GROUP BY lane ORDER BY lane"
_REQUESTS = "SELECT request FROM laid WHERE rowid >= ? AND rowid < ? ORDER BY rowid"
_HITS = "SELECT pv_id, ts, ip, object_place, line FROM laid WHERE rowid >= ? AND rowid < ? ORDER BY rowid"
# Zones change by quarters of an hour, so that few moments tell the days in any zone.
_MOMENTS = "SELECT DISTINCT time_bucket(INTERVAL 15 MINUTES, ts) FROM laid WHERE rowid >= ? AND rowid < ?"
_VISITORS = """
SELECT coalesce(ip, '') AS visitor, count(*) FROM laid
WHERE rowid >= ? AND rowid < ?
    AND coalesce(ip, '') IN (SELECT coalesce(ip, '') FROM laid WHERE rowid >= ? AND rowid < ?)
GROUP BY visitor
"""


@dataclass(frozen=True, slots=True)
class BatchHit:
    """A hit as it was sent: how Matomo knows it, when it was, whose it is, and the line that it came from."""

    pv_id: str
    time: dt.datetime
    visitor: str
    object_id: str
    line: int


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What every request of a delivery has: the site's number in Matomo, its address, and the dimensions to fill."""

    site_id: int
    base: str
    dimensions: tuple[tuple[str, str], ...] = ()


class Batching:
    """A delivery's hits in batches. Several threads may read them, one at a time; the table is dropped on exit."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, cut: Cut) -> None:
        self._connection = connection
        self._cut = cut
        self._lock = threading.Lock()
        self._starts: dict[int, int] = {}
        self._counts: dict[int, int] = {}
        self._objects: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(duckdb.Error):
            self._connection.execute("DROP TABLE IF EXISTS laid")
        self._connection.close()

    def lay_out(self, warehouse: Path, loaded: Iterable[LoadedObject], address: RequestContext) -> None:
        """Make the table.

        Raises:
            PermanentError, TransientError: a part cannot be read, or there is no room.
        """
        selected = _SelectedRows.of(warehouse, loaded, self._cut)
        if not selected.files:
            return
        base = address.base.rstrip("/")
        texts = {"head": requests.head(address.site_id), "base": base, "scheme": f"{base.partition('://')[0]}://"}
        with explained("laying out a delivery"):
            odd = self._odd(selected)
            of_cut = {"places": selected.places, "uid": self._cut.uid, "lanes": self._cut.lanes, "unknown": UNKNOWN}
            in_place = {"odd": list(odd), "in_place": list(odd.values())} if odd else {}
            self._connection.execute(
                _table(address, odd=bool(odd)), {**selected.parameters, **texts, **of_cut, **in_place}
            )
            counts = self._connection.execute(_LANES).fetchall()
        at, self._objects = 0, selected.ids
        for lane, count in counts:
            self._starts[lane], self._counts[lane] = at, count
            at += count

    def _odd(self, selected: "_SelectedRows") -> dict[str, str]:
        """The visitors' addresses that are not plain, with what is sent in their place."""
        parameters = {"paths": selected.parameters["paths"], "plain": PLAIN}
        return odd(ip for (ip,) in self._connection.execute(_ODD, parameters).fetchall())

    @property
    def cut(self) -> Cut:
        """How the hits are divided into lanes and batches."""
        return self._cut

    @property
    def hits(self) -> int:
        """How many hits there are to send."""
        return sum(self._counts.values())

    def batches(self) -> tuple[Batch, ...]:
        """Every batch, none of them sent."""
        size = self._cut.size
        return tuple(
            Batch(BatchId(lane, number), min(size, count - number * size))
            for lane, count in self._counts.items()
            for number in range(-(-count // size))
        )

    def check(self, batches: Sequence[Batch]) -> None:
        """Check that these are the batches that were cut; PermanentError when the parts are not what they were."""
        if [(one.id, one.hits) for one in batches] != [(one.id, one.hits) for one in self.batches()]:
            raise PermanentError(
                "the parts of an unfinished delivery are not what they were when it was cut",
                hint="restore the warehouse; or give the delivery up with `--accept`, which counts its hits twice",
            )

    def requests(self, first: BatchId, count: int) -> list[list[str]]:
        """The requests of up to so many batches of a lane, from `first` on."""
        begin = self._begin(first)
        end = min(begin + count * self._cut.size, self._end(first.lane))
        texts = [text for (text,) in self._rows(_REQUESTS, begin, end)]
        return [texts[at : at + self._cut.size] for at in range(0, len(texts), self._cut.size)]

    def hits_of(self, batch: Batch) -> list[BatchHit]:
        """The hits of a batch, in their places."""
        begin = self._begin(batch.id)
        rows = self._rows(_HITS, begin, begin + batch.hits)
        return [
            BatchHit(pv_id, ts.replace(tzinfo=dt.UTC), ip or "", self._objects[place], line)
            for pv_id, ts, ip, place, line in rows
        ]

    def visitors(self, batch: Batch) -> dict[str, int]:
        """How many hits each visitor of a batch has up to its end."""
        begin, start = self._begin(batch.id), self._starts[batch.id.lane]
        end = begin + batch.hits
        return dict(self._rows(_VISITORS, start, end, begin, end))

    def days(self, batch: Batch, zone: dt.tzinfo) -> frozenset[dt.date]:
        """The days of a batch's hits in a zone."""
        begin = self._begin(batch.id)
        moments = self._rows(_MOMENTS, begin, begin + batch.hits)
        return frozenset(moment.replace(tzinfo=dt.UTC).astimezone(zone).date() for (moment,) in moments)

    def _rows(self, sql: str, *places: int) -> list[tuple[Any, ...]]:
        with self._lock, explained("reading a delivery"):
            return self._connection.execute(sql, places).fetchall()

    def _begin(self, batch: BatchId) -> int:
        return self._starts[batch.lane] + batch.number * self._cut.size

    def _end(self, lane: int) -> int:
        return self._starts[lane] + self._counts[lane]


def _table(address: RequestContext, *, odd: bool) -> str:
    """SQL: the table of an address; `odd` says whether visitors' addresses are to be replaced."""
    ip = "coalesce(in_place, nullif(ip, ''), $unknown)" if odd else "coalesce(nullif(ip, ''), $unknown)"
    return _TABLE.format(
        request=requests.request(address.dimensions),
        columns=requests.columns(),
        address=ip,
        odd=_JOIN_ODD if odd else "",
        url=requests.url(),
        pv_id=requests.PV_ID,
    )


def unsendable(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, loaded: Iterable[LoadedObject], cut: Cut
) -> tuple[int, tuple[tuple[str, int], ...]]:
    """How many hits Matomo would file under the wrong time, and object id and line of the first ones."""
    selected = _SelectedRows.of(warehouse, loaded, cut)
    if not selected.files:
        return 0, ()
    with explained("laying out a delivery"):
        rows = connection.execute(_UNSENDABLE.format(shown=_SHOWN), selected.parameters).fetchall()
    return (rows[0][2] if rows else 0), tuple((object_, line) for object_, line, _ in rows)


@dataclass(frozen=True, slots=True)
class _SelectedRows:
    """Part files, and for each the object whose rows count."""

    files: tuple[str, ...]
    objects: tuple[str, ...]
    until: dt.datetime

    @classmethod
    def of(cls, warehouse: Path, loaded: Iterable[LoadedObject], cut: Cut) -> "_SelectedRows":
        pairs = sorted({(str(warehouse / part.file), part.object_id) for item in loaded for part in item.parts})
        until = cut.until.astimezone(dt.UTC).replace(tzinfo=None)
        return cls(tuple(file for file, _ in pairs), tuple(object_ for _, object_ in pairs), until)

    @property
    def ids(self) -> tuple[str, ...]:
        """The objects, each once, in order."""
        return tuple(sorted(set(self.objects)))

    @property
    def places(self) -> list[int]:
        """For each file the place of its object in `ids`: numbers are sorted by, and kept, at less cost than texts."""
        place = {object_: number for number, object_ in enumerate(self.ids)}
        return [place[object_] for object_ in self.objects]

    @property
    def parameters(self) -> dict[str, object]:
        return {
            "paths": [glob.escape(file) for file in sorted(set(self.files))],
            "files": list(self.files),
            "objects": list(self.objects),
            "until": self.until,
            "oldest": self.until - _OLDEST,
        }


@contextlib.contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn errors of the database into mtc's."""
    try:
        yield
    except duckdb.Error as error:
        raise explain_database_error(error, where) from error
