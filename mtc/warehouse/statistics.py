"""The warehouse as a source of statistics: parts in, documents out, many days in one go.

A part that is missing or damaged fails its day and no other. Days are taken together until they have a million hits,
so that a year of small days costs little more than one, and a large day fits into memory.
"""

import contextlib
import datetime as dt
import glob
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from mtc import __version__
from mtc.core.atomic_files import path_inside, sha256
from mtc.core.errors import MtcError, PermanentError, explain_read_error
from mtc.core.model import RECIPES, Accounting, Part, Stage
from mtc.formats.settings import SEARCH_PARAMETERS
from mtc.manifest.project import SiteSettings
from mtc.warehouse import day_tables
from mtc.warehouse.countries import Countries, open_countries, tell_countries
from mtc.warehouse.parts import set_aside
from mtc.warehouse.referrers import tell_referrers
from mtc.warehouse.stat_document import Inputs, LineAccounting, StatDocument, Summary
from mtc.warehouse.stat_tables import ROW_LIMIT, Tables
from mtc.warehouse.visits import WANTED, forget, make_visits, read_hits

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH_HITS = 1_000_000
"""How many hits are counted at once, unless a single day has more."""

BATCH_DAYS = 400
"""How many days are counted at once at the most, so that a long range shows progress and can be stopped."""

# Reads every byte that statistics need, and so finds what is wrong with one file.
PROBE = """
SELECT bit_xor(hash(
    object, line, ts, host, ip, path, query, status, bytes, referrer, download, browser, browser_version, os, device
))
FROM read_parquet($path, hive_partitioning = false)
"""


class DayWork(Protocol):
    """What a day's statistics are computed from: its parts, and its import's accounting."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts with hits of the day, whatever object they came from."""

    @property
    def accounting(self) -> Accounting | None:
        """Where the lines of the day's objects went."""

    @property
    def delivered(self) -> int:
        """How many of the hits Matomo has at the least."""


@dataclass(frozen=True, slots=True)
class DayFailure:
    """A day whose statistics cannot be made, and why."""

    day: dt.date
    error: MtcError


@dataclass(frozen=True, slots=True)
class _Wanted:
    day: dt.date
    path: Path
    part: Part


@dataclass(frozen=True, slots=True)
class WarehouseStatistics:
    """Counts the parts of the warehouse folder `root`; `connect` opens a database of its own for each call.

    `countries` is the file that tells the countries of addresses. It is opened for each call too, so that a long run
    sees a newer one, and one answer is never of two.
    """

    root: Path
    connect: Callable[[], "DuckDBPyConnection"]
    limit: int = ROW_LIMIT
    countries: Path | None = None

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterator[StatDocument | DayFailure]:
        """Give a document or a failure for every day, in order of days."""
        with contextlib.ExitStack() as stack:
            countries = stack.enter_context(open_countries(self.countries)) if self.countries else None
            connection = stack.enter_context(contextlib.closing(self.connect()))
            for batch in batches(days):
                yield from _Batch(self.root, connection, site, self.limit, countries).run(batch)


def batches(days: Mapping[dt.date, DayWork]) -> Iterator[Mapping[dt.date, DayWork]]:
    """Cut days, in order, into sets that are counted at once."""
    batch: dict[dt.date, DayWork] = {}
    hits = 0
    for day in sorted(days):
        more = sum(part.hits for part in days[day].parts)
        if batch and (hits + more > BATCH_HITS or len(batch) >= BATCH_DAYS):
            yield batch
            batch, hits = {}, 0
        batch[day] = days[day]
        hits += more
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class _Batch:
    """The statistics of one set of days."""

    root: Path
    connection: "DuckDBPyConnection"
    site: SiteSettings
    limit: int
    countries: Countries | None

    def run(self, days: Mapping[dt.date, DayWork]) -> Iterator[StatDocument | DayFailure]:
        failures: dict[dt.date, MtcError] = {}
        wanted = self._find(days, failures)
        loaded = self._load([item for item in wanted if item.day not in failures], failures)
        summaries, tables = self._count() if loaded else ({}, {})
        nothing = day_tables.no_visits(countries=self.countries is not None)
        for day, work in days.items():
            if day in failures:
                yield DayFailure(day, failures[day])
            else:
                yield self._document(day, work, summaries.get(day, Summary.of()), tables.get(day, nothing))

    def _find(self, days: Mapping[dt.date, DayWork], failures: dict[dt.date, MtcError]) -> list[_Wanted]:
        """Every part once, with its path; a part that is not there, or not as it was written, fails its day."""
        wanted = []
        for day, work in days.items():
            for part in sorted(set(work.parts)):
                try:
                    path = _existing(self.root, part.file)
                    _check_digest(path, part)
                    wanted.append(_Wanted(day, path, part))
                except MtcError as error:
                    failures.setdefault(day, _with_remedy(error, part))
        return wanted

    def _load(self, wanted: list[_Wanted], failures: dict[dt.date, MtcError]) -> bool:
        """Make table `hit`, or say that there is none; a file that cannot be read fails its days and is left out."""
        import duckdb  # noqa: PLC0415 - loaded only when statistics are made

        from mtc.core.database import explain  # noqa: PLC0415 - the same

        try:
            self._read(wanted)
        except duckdb.Error as error:
            damaged = {path: reason for path in {item.path for item in wanted} if (reason := self._probe(path))}
            if not damaged:
                raise explain(error, f"statistics of {self.site.name}") from error
            for item in wanted:
                if item.path in damaged:
                    if not item.part.digest:  # else it is as it was written, and something else is wrong
                        set_aside(item.path)
                    failures.setdefault(item.day, _with_remedy(PermanentError(damaged[item.path]), item.part))
            wanted = [item for item in wanted if item.day not in failures]
            self._read(wanted)
        self._check(wanted, failures)
        return bool(wanted)

    def _read(self, wanted: list[_Wanted]) -> None:
        if not wanted:
            return
        values = {
            "files": [str(item.path) for item in wanted],
            "objects": [item.part.object_id for item in wanted],
            "days": [item.day.isoformat() for item in wanted],
        }
        self.connection.execute(WANTED, values)
        host = urlsplit(self.site.url).hostname or ""
        paths = sorted({_pattern(item.path) for item in wanted})
        read_hits(self.connection, paths, host, self.site.hits.search_parameters)

    def _probe(self, path: Path) -> str:
        """Why a file cannot be read, or nothing."""
        import duckdb  # noqa: PLC0415 - loaded only when statistics are made

        try:
            self.connection.execute(PROBE, {"path": _pattern(path)}).fetchall()
        except duckdb.Error as error:
            return f"the part is damaged: {_first_line(error)}"
        return ""

    def _check(self, wanted: list[_Wanted], failures: dict[dt.date, MtcError]) -> None:
        """Hold the rows found against those that loading recorded: a part that is short would count too little."""
        if not wanted:
            return
        counted = dict(self.connection.execute("SELECT number, count(*) FROM hit GROUP BY number").fetchall())
        for number, item in enumerate(wanted):
            found, part = counted.get(number, 0), item.part
            if found != part.hits:
                text = f"the part is damaged: it holds {found} hits of its object, and {part.hits} were loaded"
                set_aside(item.path)
                failures.setdefault(item.day, _with_remedy(PermanentError(text), part))

    def _count(self) -> tuple[Mapping[dt.date, Summary], Mapping[dt.date, Tables]]:
        make_visits(self.connection)
        tell_referrers(self.connection)
        if self.countries:
            tell_countries(self.connection, self.countries)
        summaries = day_tables.summaries(self.connection)
        tables = day_tables.tables(self.connection, self.site.zone, self.limit, countries=self.countries is not None)
        forget(self.connection)
        return summaries, tables

    def _document(self, day: dt.date, work: DayWork, summary: Summary, tables: Tables) -> StatDocument:
        return StatDocument(
            site=self.site.name,
            day=day,
            timezone=self.site.zone,
            source="warehouse",
            generator=f"mtc {__version__}",
            inputs=self._inputs(work),
            summary=summary,
            tables=tables,
            accounting=LineAccounting.of(work.accounting) if work.accounting else None,
        )

    def _inputs(self, work: DayWork) -> Inputs:
        """A digest of what was counted: where a part's rows lie does not matter, whose they are does."""
        objects: Counter[str] = Counter()
        for part in set(work.parts):
            objects[part.object_id] += part.hits
        edition = [self.countries.identity] if self.countries else []
        searches = self.site.hits.search_parameters
        more = [*edition, *([{"searches": searches}] if searches != SEARCH_PARAMETERS else [])]
        recipe = RECIPES[Stage.STAT]
        told = json.dumps([recipe, self.site.url, self.site.zone, self.limit, sorted(objects.items()), *more])
        return Inputs(objects=len(objects), fingerprint=hashlib.sha256(told.encode()).hexdigest())


def _pattern(path: Path) -> str:
    """The path as the reader takes it: a pattern that fits itself alone."""
    return glob.escape(str(path))


def _existing(root: Path, file: str) -> Path:
    path = path_inside(root, file)
    if not path.is_file():
        raise PermanentError("the part is missing")
    return path


def _check_digest(path: Path, part: Part) -> None:
    """Hold a file against the digest that it was recorded with, if it was."""
    try:
        damaged = bool(part.digest) and sha256(path) != part.digest
    except OSError as error:
        raise explain_read_error(error, ascii(part.file)[1:-1]) from error
    if damaged:
        set_aside(path)
        raise PermanentError("the part is damaged: it is not as it was written")


def _with_remedy(error: MtcError, part: Part) -> PermanentError:
    hint = f"run `mtc import {part.site} {part.day.isoformat()}` again"
    return PermanentError(error.what, where=ascii(part.file)[1:-1], hint=hint)


def _first_line(error: Exception) -> str:
    return ascii(str(error).strip().split("\n", 1)[0])[1:-1]
