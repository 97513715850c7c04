"""The hits of a delivery: a table in order of lane and time, cut into batches by counting.

The order is total (time, object, line) and the lane is a digest of the visitor's address, so that the same parts and
cut give the same batches in any run and with any version of the database.

Visitors' addresses are sent as plain IP addresses: Matomo would silently record any other as 0.0.0.0. Lines are loaded
with plain addresses; older parts may contain others, with a port, quotes or brackets, or an IPv4 address mapped into
IPv6, which Matomo would count as another visitor.
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
from mtc.core.hit_order import in_order, slice_places
from mtc.core.model import LoadedObject
from mtc.stages.deliver import requests

UNKNOWN = "0.0.0.0"  # noqa: S104 - sent, and not listened at
"""What is sent for a visitor without an address: without one, Matomo would take the address of this machine."""

PLAIN = r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
"""What an IPv4 address looks like, for RE2."""

_DECORATED = re.compile(r'\A[\s"\']*(?:for=)?[\s"\']*(?:\[(?P<in>[^\]]+)\](?::\d+)?|(?P<v4>\d+(?:\.\d+){3})(?::\d+)?)?')


def replacements(addresses: Iterable[str]) -> dict[str, str]:
    """Map the addresses that are not plain to those that are sent in their place."""
    return {address: plain for address in addresses if (plain := plain_address(address)) != address}


def plain_address(text: str) -> str:
    """Find the IP address in a text; `UNKNOWN` if it has none. A plain address is returned unchanged."""
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


_OLDEST = dt.timedelta(days=20 * 365)  # Matomo records hits of over 20 years ago at the time of the request
_SHOWN = 20  # lines

_TABLE = """
CREATE OR REPLACE TEMP TABLE delivery_hits AS
SELECT lane, {request} AS request, pv_id, ts, ip, object_place, line
FROM (
    SELECT {columns}, {address} AS address, {url} AS url, {pv_id} AS pv_id, object_place,
        (('0x' || substring(md5(coalesce(ip, '')), 1, 8))::UINTEGER % $lanes)::UTINYINT AS lane
    FROM read_parquet($paths, filename = true, hive_partitioning = false) AS part
    JOIN (
        SELECT unnest($files) AS file, unnest($objects) AS selected_object, unnest($places) AS object_place
    ) AS selected
        ON selected.file = part.filename AND selected.selected_object = part.object
    {join_replaced}
    WHERE ts <= $until AND ts > $oldest
)
ORDER BY lane, ts, object_place, line  -- sorting numbers is faster; places are in the order of the objects
"""
_NOT_PLAIN = """
SELECT DISTINCT ip FROM read_parquet($paths, hive_partitioning = false)
WHERE ip <> '' AND NOT regexp_full_match(ip, $plain)
"""
# Few addresses are not plain, if any. Without them there is no join, and DuckDB keeps the column's dictionaries.
_JOIN_REPLACED = (
    "LEFT JOIN (SELECT unnest($replaced) AS replaced, unnest($replacement) AS replacement) AS addresses"
    " ON addresses.replaced = part.ip"
)
_UNSENDABLE = """
SELECT object, line, count(*) OVER () AS together
FROM read_parquet($paths, filename = true, hive_partitioning = false) AS part
JOIN (SELECT unnest($files) AS file, unnest($objects) AS selected_object) AS selected
    ON selected.file = part.filename AND selected.selected_object = part.object
WHERE NOT (ts <= $until AND ts > $oldest)
ORDER BY object, line
LIMIT {shown}
"""
_LANES = "SELECT lane, count(*) FROM delivery_hits GROUP BY lane ORDER BY lane"
_REQUESTS = "SELECT request FROM delivery_hits WHERE rowid >= ? AND rowid < ? ORDER BY rowid"
_HITS = "SELECT pv_id, ts, ip, object_place, line FROM delivery_hits WHERE rowid >= ? AND rowid < ? ORDER BY rowid"
# The offsets of time zones are multiples of 15 minutes: these few times are enough to find the days in any zone.
_QUARTERS = "SELECT DISTINCT time_bucket(INTERVAL 15 MINUTES, ts) FROM delivery_hits WHERE rowid >= ? AND rowid < ?"
_VISITORS = """
SELECT coalesce(ip, '') AS visitor, count(*) FROM delivery_hits
WHERE rowid >= ? AND rowid < ?
    AND coalesce(ip, '') IN (SELECT coalesce(ip, '') FROM delivery_hits WHERE rowid >= ? AND rowid < ?)
GROUP BY visitor
"""


@dataclass(frozen=True, slots=True)
class BatchHit:
    """A hit as it was sent: its id in Matomo, its time in UTC, its visitor's address, its object's id and line."""

    pv_id: str
    time: dt.datetime
    visitor: str
    object_id: str
    line: int


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What all requests of a delivery share: the site's number in Matomo, its address, and the custom dimensions."""

    site_id: int
    base: str
    dimensions: tuple[tuple[str, str], ...] = ()


class Batching:
    """A delivery's hits in batches. Threads may share it: one reads at a time. The table is dropped on exit."""

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
            self._connection.execute("DROP TABLE IF EXISTS delivery_hits")
        self._connection.close()

    def lay_out(self, warehouse: Path, loaded: Iterable[LoadedObject], context: RequestContext) -> None:
        """Fill the table with the requests of the objects' hits.

        Raises:
            PermanentError, TransientError: a part cannot be read, or memory or disk space runs out.
        """
        selected = _SelectedRows.of(warehouse, loaded, self._cut)
        if not selected.files:
            return
        base = context.base.rstrip("/")
        texts = {"head": requests.head(context.site_id), "base": base, "scheme": f"{base.partition('://')[0]}://"}
        with explained("laying out a delivery"):
            addresses = self._replacements(selected)
            of_cut = {"places": selected.places, "uid": self._cut.uid, "lanes": self._cut.lanes, "unknown": UNKNOWN}
            replaced = {"replaced": [*addresses], "replacement": [*addresses.values()]} if addresses else {}
            self._connection.execute(
                _table(context, replace=bool(addresses)), {**selected.parameters, **texts, **of_cut, **replaced}
            )
            counts = self._connection.execute(_LANES).fetchall()
        start, self._objects = 0, selected.ids
        for lane, count in counts:
            self._starts[lane], self._counts[lane] = start, count
            start += count

    def _replacements(self, selected: "_SelectedRows") -> dict[str, str]:
        """The visitors' addresses that are not plain, and those that are sent in their place."""
        parameters = {"paths": selected.parameters["paths"], "plain": PLAIN}
        return replacements(ip for (ip,) in self._connection.execute(_NOT_PLAIN, parameters).fetchall())

    @property
    def cut(self) -> Cut:
        """How the hits are divided into lanes and batches."""
        return self._cut

    @property
    def hits(self) -> int:
        """How many hits there are to send."""
        return sum(self._counts.values())

    def batches(self) -> tuple[Batch, ...]:
        """All batches, as planned."""
        size = self._cut.size
        return tuple(
            Batch(BatchId(lane, number), min(size, count - number * size))
            for lane, count in self._counts.items()
            for number in range(-(-count // size))
        )

    def check(self, batches: Sequence[Batch]) -> None:
        """Check that the hits still divide into these batches.

        Raises:
            PermanentError: they do not, as the parts have changed.
        """
        if [(batch.id, batch.hits) for batch in batches] != [(batch.id, batch.hits) for batch in self.batches()]:
            raise PermanentError(
                "the parts of an unfinished delivery are not what they were when it was cut",
                hint="restore the warehouse; or give it up with `--accept`: what it has sent counts twice then",
            )

    def requests(self, first: BatchId, count: int) -> list[list[str]]:
        """The requests of up to `count` batches of a lane, from `first` on: a list for each batch."""
        begin = self._begin(first)
        end = min(begin + count * self._cut.size, self._end(first.lane))
        texts = [text for (text,) in self._rows(_REQUESTS, begin, end)]
        return [texts[start : start + self._cut.size] for start in range(0, len(texts), self._cut.size)]

    def hits_of(self, batch: Batch) -> list[BatchHit]:
        """The hits of a batch, in order: a hit's index is its place."""
        begin = self._begin(batch.id)
        rows = self._rows(_HITS, begin, begin + batch.hits)
        return [
            BatchHit(pv_id, ts.replace(tzinfo=dt.UTC), ip or "", self._objects[place], line)
            for pv_id, ts, ip, place, line in rows
        ]

    def visitors(self, batch: Batch) -> dict[str, int]:
        """How many hits each visitor of a batch has in the lane, up to the batch's end."""
        begin, start = self._begin(batch.id), self._starts[batch.id.lane]
        end = begin + batch.hits
        return dict(self._rows(_VISITORS, start, end, begin, end))

    def days(self, batch: Batch, zone: dt.tzinfo) -> frozenset[dt.date]:
        """The days of a batch's hits in a time zone."""
        begin = self._begin(batch.id)
        quarters = self._rows(_QUARTERS, begin, begin + batch.hits)
        return frozenset(time.replace(tzinfo=dt.UTC).astimezone(zone).date() for (time,) in quarters)

    def _rows(self, sql: str, *row_ids: int) -> list[tuple[Any, ...]]:
        with self._lock, explained("reading a delivery"):
            return self._connection.execute(sql, row_ids).fetchall()

    def _begin(self, batch: BatchId) -> int:
        return self._starts[batch.lane] + batch.number * self._cut.size

    def _end(self, lane: int) -> int:
        return self._starts[lane] + self._counts[lane]


def _table(context: RequestContext, *, replace: bool) -> str:
    """SQL that makes the table; `replace` is whether some visitors' addresses have to be replaced."""
    ip = "coalesce(replacement, nullif(ip, ''), $unknown)" if replace else "coalesce(nullif(ip, ''), $unknown)"
    return _TABLE.format(
        request=requests.request(context.dimensions),
        columns=requests.columns(),
        address=ip,
        join_replaced=_JOIN_REPLACED if replace else "",
        url=requests.url(),
        pv_id=requests.PV_ID,
    )


def unsendable(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, loaded: Iterable[LoadedObject], cut: Cut
) -> tuple[int, tuple[tuple[str, int], ...]]:
    """Count the hits whose time Matomo would not keep; returns also object id and line of the first ones."""
    selected = _SelectedRows.of(warehouse, loaded, cut)
    if not selected.files:
        return 0, ()
    with explained("laying out a delivery"):
        rows = connection.execute(_UNSENDABLE.format(shown=_SHOWN), selected.parameters).fetchall()
    return (rows[0][2] if rows else 0), tuple((object_, line) for object_, line, _ in rows)


@dataclass(frozen=True, slots=True)
class _SelectedRows:
    """Part files, and for each one the object whose rows are selected. `ids` has each object once, in order."""

    files: tuple[str, ...]
    objects: tuple[str, ...]
    ids: tuple[str, ...]
    until: dt.datetime

    @classmethod
    def of(cls, warehouse: Path, loaded: Iterable[LoadedObject], cut: Cut) -> "_SelectedRows":
        items = list(loaded)
        pairs = sorted({(str(warehouse / part.file), part.object_id) for item in items for part in item.parts})
        ids = in_order([object_ for _, object_ in pairs], slice_places(items))
        until = cut.until.astimezone(dt.UTC).replace(tzinfo=None)
        return cls(tuple(file for file, _ in pairs), tuple(object_ for _, object_ in pairs), tuple(ids), until)

    @property
    def places(self) -> list[int]:
        """For each file, the position of its object in `ids`: numbers take less time to sort and less memory."""
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
    """Turn database errors into mtc's; `where` names what was being done."""
    try:
        yield
    except duckdb.Error as error:
        raise explain_database_error(error, where) from error
