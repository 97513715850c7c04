"""The warehouse as a provider of statistics: reads parts and makes documents, many days in one pass.

A part that is missing or damaged fails only its day. Days of one or several sites are counted together up to a million
hits, so that a year of small days costs little more than one day, and a large day fits into memory.
"""

import contextlib
import datetime as dt
import glob
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from mtc import __version__
from mtc.core.atomic_files import path_inside, sha256
from mtc.core.errors import MtcError, PermanentError, explain_read_error
from mtc.core.hit_order import Place, in_order
from mtc.core.model import RECIPES, Accounting, Part, Stage
from mtc.core.sets import limited_sets
from mtc.formats.settings import SEARCH_PARAMETERS
from mtc.manifest.project import SiteSettings
from mtc.warehouse import day_tables
from mtc.warehouse.countries import Countries, find_countries, open_countries
from mtc.warehouse.hit_values import SelectedPart, count_hits, drop_values, number_values, read_hits, select_parts
from mtc.warehouse.parts import rename_damaged
from mtc.warehouse.referrers import classify_referrers, drop_referrers
from mtc.warehouse.stat_document import Inputs, LineAccounting, StatDocument, Summary
from mtc.warehouse.stat_tables import ROW_LIMIT, Tables
from mtc.warehouse.visits import drop_visits, make_visits

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH_HITS = 1_000_000
"""How many hits are counted at once, unless a single day has more."""

BATCH_DAYS = 400
"""How many days are counted at once at most, so that a long range shows progress and can be stopped."""

# Reads every column that statistics need, to find out whether one file can be read.
PROBE = """
SELECT bit_xor(hash(
    object, line, ts, host, ip, path, query, status, bytes, referrer, download, browser, browser_version, os, device
))
FROM read_parquet($path, hive_partitioning = false)
"""


class DayWork(Protocol):
    """What a day's statistics are computed from: its parts and the accounting of its import."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts with hits of the day, of any object."""

    @property
    def accounting(self) -> Accounting | None:
        """Where the lines of the day's objects went; None if no import is known."""

    @property
    def delivered(self) -> int:
        """The least number of hits that Matomo has."""

    @property
    def places(self) -> Mapping[str, Place]:
        """The places of the objects that are slices of logs, by object id."""


@dataclass(frozen=True, slots=True)
class DayFailure:
    """A day whose statistics cannot be made, and why."""

    day: dt.date
    error: MtcError


@dataclass(frozen=True, slots=True)
class SiteDay:
    """A day of a site, and what its statistics are computed from."""

    site: SiteSettings
    day: dt.date
    work: DayWork


@dataclass(frozen=True, slots=True)
class _DayPart:
    """A part of a day, where its file is, and the number of its object in the order of the day's objects.

    `unit` is the number of the day in its set.
    """

    unit: int
    path: Path
    part: Part
    number: int


Result = StatDocument | DayFailure


@dataclass(frozen=True, slots=True)
class WarehouseStatistics:
    """Counts the parts of the warehouse folder `root`; `connect` opens a database for each call.

    `limit` is how many rows a table keeps. `countries` is the database file of countries. It is opened for each call,
    so that a long run sees a newer edition, and one call never mixes two.
    """

    root: Path
    connect: Callable[[], "DuckDBPyConnection"]
    limit: int = ROW_LIMIT
    countries: Path | None = None

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterator[Result]:
        """Yield a document or a failure for every day, in order of days; raises as `of_sites` does."""
        return (result for _, result in self.of_sites([(site, days)]))

    def of_sites(self, sites: Iterable[tuple[SiteSettings, Mapping[dt.date, DayWork]]]) -> Iterator[tuple[str, Result]]:
        """Yield the site's name and a document or a failure for every day of each site; each site's days in order.

        Raises:
            PermanentError: the database of countries is missing or damaged.
            StepError: the database fails for another reason than one part.
        """
        with contextlib.ExitStack() as stack:
            countries = stack.enter_context(open_countries(self.countries)) if self.countries else None
            connection = stack.enter_context(contextlib.closing(self.connect()))
            ordered = sorted(sites, key=lambda each: _way_of_counting(each[0]))
            days = (SiteDay(site, day, works[day]) for site, works in ordered for day in sorted(works))
            for batch in batches(days):
                yield from _Batch(self.root, connection, batch, self.limit, countries).run()


def batches(days: Iterable[SiteDay]) -> Iterator[Sequence[SiteDay]]:
    """Split days, in order, into sets that are counted at once: of sites whose zone and search parameters are equal."""
    for _, alike in itertools.groupby(days, key=lambda each: _way_of_counting(each.site)):
        yield from limited_sets(alike, _hits_of, most=BATCH_DAYS, limit=BATCH_HITS)


def _hits_of(day: SiteDay) -> int:
    return sum(part.hits for part in day.work.parts)


def _way_of_counting(site: SiteSettings) -> tuple[str, tuple[str, ...]]:
    """The settings of a site that hold for a whole set of days."""
    return site.zone, site.hits.search_parameters


@dataclass(frozen=True, slots=True)
class _Batch:
    """The statistics of one set of days."""

    root: Path
    connection: "DuckDBPyConnection"
    days: Sequence[SiteDay]
    limit: int
    countries: Countries | None

    @property
    def site(self) -> SiteSettings:
        """The first site: zone and search parameters are those of all."""
        return self.days[0].site

    def run(self) -> Iterator[tuple[str, Result]]:
        failures: dict[int, MtcError] = {}
        parts = self._find_parts(failures)
        loaded = self._load([item for item in parts if item.unit not in failures], failures)
        summaries, tables = self._count() if loaded else ({}, {})
        empty = day_tables.no_visits(countries=self.countries is not None)
        for unit, each in enumerate(self.days):
            if unit in failures:
                yield each.site.name, DayFailure(each.day, failures[unit])
            else:
                summary = summaries.get(unit, Summary.of())
                yield each.site.name, self._document(each, summary, tables.get(unit, empty))

    def _find_parts(self, failures: dict[int, MtcError]) -> list[_DayPart]:
        """The distinct parts with their paths; a part that is missing or damaged fails its day."""
        parts = []
        for unit, each in enumerate(self.days):
            order = in_order({part.object_id for part in each.work.parts}, each.work.places)
            numbers = {object_id: number for number, object_id in enumerate(order)}
            for part in sorted(set(each.work.parts)):
                try:
                    path = _part_path(self.root, part.file)
                    _check_digest(path, part)
                    parts.append(_DayPart(unit, path, part, numbers[part.object_id]))
                except MtcError as error:
                    failures.setdefault(unit, _with_remedy(error, part))
        return parts

    def _load(self, parts: list[_DayPart], failures: dict[int, MtcError]) -> bool:
        """Make table `hit`; False if there are no parts. A file that cannot be read is skipped and fails its days."""
        import duckdb  # noqa: PLC0415 - loaded only when statistics are made

        from mtc.core.database import explain_database_error  # noqa: PLC0415 - loads duckdb

        try:
            self._read(parts)
        except duckdb.Error as error:
            damaged = {path: reason for path in {item.path for item in parts} if (reason := self._probe(path))}
            if not damaged:
                raise explain_database_error(error, f"statistics of {_names(self.days)}") from error
            for item in parts:
                if item.path in damaged:
                    if not item.part.digest:  # a file with a digest was found intact: something else is wrong
                        rename_damaged(item.path)
                    failures.setdefault(item.unit, _with_remedy(PermanentError(damaged[item.path]), item.part))
            parts = [item for item in parts if item.unit not in failures]
            self._read(parts)
        self._check_counts(parts, failures)
        return bool(parts)

    def _read(self, parts: list[_DayPart]) -> None:
        if not parts:
            return
        hosts = [_own_host(each.site) for each in self.days]
        selected = [
            SelectedPart(str(item.path), item.part.object_id, item.number, item.unit, hosts[item.unit])
            for item in parts
        ]
        select_parts(self.connection, selected)
        paths = sorted({_escaped(item.path) for item in parts})
        read_hits(self.connection, paths, hits=sum(item.part.hits for item in parts))

    def _probe(self, path: Path) -> str:
        """Why a file cannot be read; empty if it can."""
        import duckdb  # noqa: PLC0415 - loaded only when statistics are made

        try:
            self.connection.execute(PROBE, {"path": _escaped(path)}).fetchall()
        except duckdb.Error as error:
            return f"the part is damaged: {_first_line(error)}"
        return ""

    def _check_counts(self, parts: list[_DayPart], failures: dict[int, MtcError]) -> None:
        """Compare the rows of each part with the recorded number of hits: a part without some would count too few."""
        if not parts:
            return
        counted = count_hits(self.connection)
        for number, item in enumerate(parts):
            found, part = counted.get(number, 0), item.part
            if found != part.hits:
                text = f"the part is damaged: it holds {found} hits of its object, and {part.hits} were loaded"
                rename_damaged(item.path)
                failures.setdefault(item.unit, _with_remedy(PermanentError(text), part))

    def _count(self) -> tuple[Mapping[int, Summary], Mapping[int, Tables]]:
        number_values(self.connection, self.site.hits.search_parameters)
        make_visits(self.connection)
        classify_referrers(self.connection)
        if self.countries:
            find_countries(self.connection, self.countries)
        summaries = day_tables.summaries(self.connection)
        tables = day_tables.tables(self.connection, self.site.zone, self.limit, countries=self.countries is not None)
        drop_visits(self.connection)
        drop_referrers(self.connection)
        drop_values(self.connection)
        return summaries, tables

    def _document(self, each: SiteDay, summary: Summary, tables: Tables) -> StatDocument:
        accounting = each.work.accounting
        return StatDocument(
            site=each.site.name,
            day=each.day,
            timezone=each.site.zone,
            source="warehouse",
            generator=f"mtc {__version__}",
            inputs=self._inputs(each.site, each.work),
            summary=summary,
            tables=tables,
            accounting=LineAccounting.of(accounting) if accounting else None,
        )

    def _inputs(self, site: SiteSettings, work: DayWork) -> Inputs:
        """A digest of what was counted: objects and settings, not the files that hold the hits."""
        objects: Counter[str] = Counter()
        for part in set(work.parts):
            objects[part.object_id] += part.hits
        edition = [self.countries.identity] if self.countries else []
        searches = site.hits.search_parameters
        extras = [*edition, *([{"searches": searches}] if searches != SEARCH_PARAMETERS else [])]
        recipe = RECIPES[Stage.STAT]
        basis = json.dumps([recipe, site.url, site.zone, self.limit, sorted(objects.items()), *extras])
        return Inputs(objects=len(objects), fingerprint=hashlib.sha256(basis.encode()).hexdigest())


def _own_host(site: SiteSettings) -> str:
    return (urlsplit(site.url).hostname or "").lower().removeprefix("www.")


def _names(days: Sequence[SiteDay]) -> str:
    first, *others = dict.fromkeys(each.site.name for each in days)
    return f"{first} and {len(others)} other sites" if others else first


def _escaped(path: Path) -> str:
    """The path as a glob, which DuckDB expects, that matches only this file."""
    return glob.escape(str(path))


def _part_path(root: Path, file: str) -> Path:
    path = path_inside(root, file)
    if not path.is_file():
        raise PermanentError("the part is missing")
    return path


def _check_digest(path: Path, part: Part) -> None:
    """Compare a file with its recorded digest, if there is one."""
    try:
        damaged = bool(part.digest) and sha256(path) != part.digest
    except OSError as error:
        raise explain_read_error(error, ascii(part.file)[1:-1]) from error
    if damaged:
        rename_damaged(path)
        raise PermanentError("the part is damaged: it is not as it was written")


def _with_remedy(error: MtcError, part: Part) -> PermanentError:
    hint = f"run `mtc import {part.site} {part.day.isoformat()}` again"
    return PermanentError(error.what, where=ascii(part.file)[1:-1], hint=hint)


def _first_line(error: Exception) -> str:
    return ascii(str(error).strip().split("\n", 1)[0])[1:-1]
