"""Loads one bundle into staged files: reads it, accounts for every line, classifies user agents, writes hits by day.

DuckDB works on whole sets of lines; Python sees counts and distinct user agents. Every line of a bundle is counted as
a hit or under one reason, and the sum is checked. Days end at midnight in the site's zone. Rejected lines are kept
in a file with object, line number and reason. Nothing is published or recorded here.
"""

import contextlib
import datetime as dt
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mtc.core import crash_points
from mtc.core.atomic_files import StagingFolder, sha256
from mtc.core.database import explain_database_error
from mtc.core.errors import PermanentError
from mtc.core.frozen_model import seconds
from mtc.core.model import FIRST_RECIPE, RECIPES, Accounting, Part, Stage
from mtc.core.sanitize import printable
from mtc.core.sql import literal
from mtc.formats.filters import agent_reason
from mtc.formats.line_sql import Reading
from mtc.formats.model import Format
from mtc.formats.settings import Filters
from mtc.manifest.project import SiteSettings
from mtc.stages.import_.known_agents import KnownAgents
from mtc.stages.import_.line_table import (
    Lines,
    count_agents,
    fill_agents,
    fill_lines,
    fill_segments,
    is_ordered,
    list_agents,
    segment_object_id,
    with_agents,
    with_segments,
)
from mtc.stages.import_.segments import Bundle, Segment, name_of
from mtc.warehouse.parts import COLUMNS, bundle_name, part_file, rejected_file

SAMPLES = 3
"""How many rejected lines of each segment are kept for a message."""

_SAMPLE_LENGTH = 120
_COUNT_REJECTED = "SELECT count(*) FROM lines WHERE rejected"
_DROP_LINES = "DROP TABLE IF EXISTS lines; DROP TABLE IF EXISTS seen"

_ONE_DAY = dt.timedelta(days=1)
_NEAR_DAYS = 400
_FIRST_AND_LAST = "SELECT min(first_hit), max(last_hit) FROM agent_hits"
_COUNT_ALL = """
SELECT number, object, CAST(sum(hits) AS BIGINT)
FROM agent_hits JOIN agents USING (user_agent) JOIN segments USING (number)
WHERE {reason} IS NULL
GROUP BY ALL ORDER BY number
"""
_DATES = "SELECT DISTINCT CAST(ts AS DATE) FROM hits"

# The source of a part's column, where it is not the column of `lines` with the same name.
_SOURCES = {
    "object": "object",
    "line": "n + shift",
    # The same time, which the database cannot know: where it knows that none is missing it writes other bytes.
    "ts": "make_timestamp(epoch_us(CASE WHEN random() >= 0 THEN l.ts END))",
    "bot": "coalesce(agents.bot, false)",
    "browser": "agents.browser",
    "browser_version": "agents.browser_version",
    "os": "agents.os",
    "device": "agents.device",
}
_QUOTED = {name: f'"{name}"' for name, _, _ in COLUMNS}
_VALUES = ", ".join(
    f"CAST({_SOURCES.get(name, f'l.{_QUOTED[name]}')} AS {kind}) AS {_QUOTED[name]}" for name, kind, _ in COLUMNS
)
HIT_COLUMNS = ", ".join(_QUOTED.values())
"""The columns of a part, in SQL."""
PARQUET = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
"""How parts are written, in SQL."""

_ReasonCounts = list[tuple[str | None, bool, int]]


@dataclass(frozen=True, slots=True)
class DaySpan:
    """A day of the site from `low` to before `high`, in UTC (naive, as in the database)."""

    day: dt.date
    low: dt.datetime
    high: dt.datetime

    @property
    def condition(self) -> str:
        """SQL: whether `ts` is on this day."""
        return f"ts >= {_timestamp(self.low)} AND ts < {_timestamp(self.high)}"


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """The result of loading a segment: its accounting and parts.

    `samples` are the first rejected lines, for a message; `files` are the staged files with lines of the segment.
    """

    accounting: Accounting
    parts: tuple[Part, ...]
    samples: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BundleLoader:
    """Loads bundles of one import step.

    `made_with` is the digest of the settings that decide which lines are hits. `agents` is the cache of the user agents
    that earlier runs have classified.
    """

    connection: duckdb.DuckDBPyConnection
    site: SiteSettings
    day: dt.date
    staging: StagingFolder
    made_with: str
    agents: KnownAgents | None = None

    def load(self, bundle: Bundle, piece: int) -> list[SegmentResult]:
        """Load a bundle; returns a result for each segment, in order. `piece` is the number of an object's slice.

        Raises:
            StepError: lines cannot be read, the accounting does not add up, or the database fails.
        """
        with self.read(bundle) as lines:
            name = bundle_name([segment_object_id(segment) for segment in bundle.segments], piece)
            return self._stage(bundle, lines, name)

    @contextlib.contextmanager
    def read(self, bundle: Bundle) -> Iterator[Lines]:
        """Fill the tables of a bundle; those of its lines are dropped on exit. Raises as `load` does."""
        try:
            reading = reading_of(self.site, bundle.format)
            lines = fill_lines(self.connection, bundle, reading, self.staging.temporary())
            fill_segments(self.connection, bundle)
            count_agents(self.connection, bundle, lines)
            fill_agents(self.connection, self.site.filters, self.agents)
            list_agents(self.connection, lines)
            yield lines
        except duckdb.Error as error:
            raise explain_database_error(error, name_of(bundle.segments)) from error
        finally:
            self.connection.execute(_DROP_LINES)

    def _stage(self, bundle: Bundle, lines: Lines, name: str) -> list[SegmentResult]:
        accountings = count_lines(self.connection, bundle, lines, self.site.filters)
        # With other settings, or another recipe, the part of the same object has another name: the recorded part stays
        # until the new one is recorded.
        hits = Hits(with_agents(lines, bundle), is_ordered(lines, bundle))
        parts = stage_hits(self.connection, hits, self.site, part_name(name, self.made_with), self.staging)
        rejected = rejected_file(self.site.name, self.day, name)
        samples = self._stage_rejected(with_segments(lines.read, bundle), rejected)
        crash_points.point("load.staged")
        return [segment_result(accountings, parts, samples, rejected, number) for number in range(len(accountings))]

    def _stage_rejected(self, lines: str, file: str) -> Mapping[int, list[str]]:
        if not any_rejected(self.connection):
            return {}
        write_rejected(self.connection, lines, self.staging.stage(file))
        return sample_rejected(self.connection, lines)


def part_name(name: str, made_with: str, recipe: int = RECIPES[Stage.IMPORT]) -> str:
    """The name of the parts of a bundle called `name`, loaded with settings whose digest is `made_with`."""
    return f"{name}-{made_with[:8]}" + (f"-r{recipe}" if recipe != FIRST_RECIPE else "")


def reading_of(site: SiteSettings, format_: Format) -> Reading:
    """How lines of a format are read for a site."""
    source = site.source
    return Reading(
        format_,
        site.filters,
        zone=source.timezone or site.zone,
        zone_given=source.timezone is not None,
        shift=seconds(source.shift) if source.shift else 0,
        hits=site.hits,
        site_zone=site.zone,
        client=source.client,
    )


def segment_result(
    accountings: Sequence[Accounting],
    parts: Mapping[int, Sequence[Part]],
    samples: Mapping[int, Sequence[str]],
    rejected: str,
    number: int,
) -> SegmentResult:
    """The result of the segment with this number; `rejected` is the file that has its rejected lines, if any."""
    segment_parts = tuple(parts.get(number, ()))
    segment_samples = tuple(samples.get(number, ()))
    files = frozenset({part.file for part in segment_parts} | ({rejected} if segment_samples else set()))
    return SegmentResult(accountings[number], segment_parts, segment_samples, files)


def count_lines(
    connection: duckdb.DuckDBPyConnection, bundle: Bundle, lines: Lines, filters: Filters
) -> list[Accounting]:
    """Count the lines of each segment: its accounting, in the order of the segments."""
    counts: dict[int, _ReasonCounts] = {
        number: [(why, False, count) for why, count in segment.filtered.items()]
        for number, segment in enumerate(bundle.segments)
    }
    for number, why, rejected, count in connection.execute(_count_query(bundle, lines, filters)).fetchall():
        counts.setdefault(number, []).append((why, rejected, count))
    return [_accounting(segment, counts.get(number, [])) for number, segment in enumerate(bundle.segments)]


def _count_query(bundle: Bundle, lines: Lines, filters: Filters) -> str:
    return f"""
SELECT number, reason AS why, rejected, count(*) AS lines
FROM {with_segments(lines.reasons, bundle)}
GROUP BY ALL
UNION ALL
SELECT number, {agent_reason(filters)} AS why, false AS rejected, CAST(sum(hits) AS BIGINT) AS lines
FROM agent_hits JOIN agents USING (user_agent)
GROUP BY ALL
ORDER BY ALL
"""  # noqa: S608 - made of this package's own pieces


def _accounting(segment: Segment, counts: _ReasonCounts) -> Accounting:
    accounting = Accounting(
        lines=segment.lines,
        hits=sum(lines for why, _, lines in counts if why is None),
        filtered=_by_reason((why, lines) for why, rejected, lines in counts if not rejected),
        rejected=_by_reason((why, lines) for why, rejected, lines in counts if rejected),
    )
    if not accounting.balanced:
        raise PermanentError("the lines do not add up", where=segment.object.label, hint="please report this")
    return accounting


@dataclass(frozen=True, slots=True)
class Hits:
    """SQL for hits as `l`, with their segments and agents, and whether they come in order."""

    query: str
    ordered: bool


def _by_reason(counts: Iterable[tuple[str | None, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for why, lines in counts:
        if why is not None:
            found[why] += lines
    return {why: lines for why, lines in sorted(found.items()) if lines}


def stage_hits(
    connection: duckdb.DuckDBPyConnection, hits: Hits, site: SiteSettings, name: str, staging: StagingFolder
) -> dict[int, list[Part]]:
    """Write the hits of each day to a staged part called `name`; returns the parts of each segment by its number.

    Rows are in the order of the lines, so that a part has the same bytes whenever it is made of the same lines.
    """
    connection.execute(view_of_hits(hits, site))
    parts: dict[int, list[Part]] = {}
    spans = day_spans(connection, site)
    for span in spans:
        query = _COUNT_ALL.format(reason=agent_reason(site.filters)) if len(spans) == 1 else _counts(span)
        counts = connection.execute(query).fetchall()
        if not counts:
            continue
        file = part_file(site.name, span.day, name)
        staged = staging.stage(file)
        connection.execute(_copy(span, staged, hits))
        digest = sha256(staged)
        for number, object_, count in counts:
            parts.setdefault(number, []).append(Part(site.name, span.day, file, object_, count, digest))
    return parts


def view_of_hits(hits: Hits, site: SiteSettings) -> str:
    """SQL that makes the view `hits`: of each hit its segment's number, its line `n`, and the columns of a part."""
    return f"""
CREATE OR REPLACE TEMP VIEW hits AS
SELECT number, n, {_VALUES}
FROM {hits.query}
WHERE {agent_reason(site.filters)} IS NULL
"""  # noqa: S608 - made of this package's own pieces


def _counts(span: DaySpan) -> str:
    return f"SELECT number, object, count(*) FROM hits WHERE {span.condition} GROUP BY ALL ORDER BY number"  # noqa: S608 - as above


def _copy(span: DaySpan, target: Path, hits: Hits) -> str:
    order = "" if hits.ordered else "ORDER BY n"
    rows = f"SELECT {HIT_COLUMNS} FROM hits WHERE {span.condition} {order}"  # noqa: S608 - as above
    return f"COPY ({rows}) TO {literal(str(target))} {PARQUET}"


def day_spans(connection: duckdb.DuckDBPyConnection, site: SiteSettings) -> Sequence[DaySpan]:
    """The days on which there may be hits, in order; some may have none after all."""
    ((first, last),) = connection.execute(_FIRST_AND_LAST).fetchall()
    if first is None:
        return ()
    span = _span(site, _day(site, first))
    if last < span.high:
        return (span,)
    return _spans_of(site, {date for (date,) in connection.execute(_DATES).fetchall()})


def near_spans(connection: duckdb.DuckDBPyConnection, site: SiteSettings) -> Sequence[DaySpan]:
    """The same, of hits that are expected on many days: without a look at them unless they are far apart."""
    ((first, last),) = connection.execute(_FIRST_AND_LAST).fetchall()
    if first is None:
        return ()
    days = (last.date() - first.date()).days + 1
    if days > _NEAR_DAYS:
        return _spans_of(site, {date for (date,) in connection.execute(_DATES).fetchall()})
    return _spans_of(site, {first.date() + number * _ONE_DAY for number in range(days)})


def _spans_of(site: SiteSettings, dates: Collection[dt.date]) -> list[DaySpan]:
    """The site's days that may have moments of these dates in UTC, in order."""
    near = {date + shift for date in dates for shift in (-_ONE_DAY, dt.timedelta(), _ONE_DAY)}
    return [_span(site, day) for day in sorted(near)]


def _day(site: SiteSettings, moment: dt.datetime) -> dt.date:
    return moment.replace(tzinfo=dt.UTC).astimezone(site.tzinfo).date()


def _span(site: SiteSettings, day: dt.date) -> DaySpan:
    return DaySpan(day, _utc(site.day_end(day - _ONE_DAY)), _utc(site.day_end(day)))


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def _timestamp(moment: dt.datetime) -> str:
    return f"TIMESTAMP {literal(moment.isoformat(sep=' '))}"


def any_rejected(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether `lines` has any rejected line."""
    ((count,),) = connection.execute(_COUNT_REJECTED).fetchall()
    return bool(count)


def write_rejected(connection: duckdb.DuckDBPyConnection, lines: str, target: Path) -> None:
    """Write the rejected lines to a file, one JSON object per line."""
    connection.execute(
        f"COPY (SELECT key AS object, n + shift AS line, reason, text FROM {lines}"  # noqa: S608 - own pieces
        f" WHERE rejected ORDER BY n) TO {literal(str(target))} (FORMAT json)"
    )


def sample_rejected(connection: duckdb.DuckDBPyConnection, lines: str) -> Mapping[int, list[str]]:
    """The first rejected lines of each segment, by the segment's number, for a message."""
    query = (
        f"SELECT number, n + shift, reason, text FROM {lines} WHERE rejected"  # noqa: S608 - own pieces
        f" QUALIFY row_number() OVER (PARTITION BY number ORDER BY n) <= {SAMPLES} ORDER BY n"
    )
    samples: dict[int, list[str]] = {}
    for number, line, reason, text in connection.execute(query).fetchall():
        samples.setdefault(number, []).append(f"line {line} ({reason}): {printable(text[:_SAMPLE_LENGTH])}")
    return samples


def sweep_rejected(
    warehouse: Path, site: str, day: dt.date, *, published: Collection[str], kept_keys: Collection[str]
) -> None:
    """Remove a step's files of rejected lines that belong to none of its objects.

    `published` are the files just written; an older file is kept if it has lines of an object whose key is among
    `kept_keys`.
    """
    folder = (warehouse / rejected_file(site, day, "any")).parent
    keys = {printable(key) for key in kept_keys}
    for path in sorted(folder.glob("*.jsonl")):
        if str(path.relative_to(warehouse)) not in published and not _has_lines_of(path, keys):
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _has_lines_of(path: Path, keys: Collection[str]) -> bool:
    with path.open(encoding="utf-8") as lines:
        return any(json.loads(line)["object"] in keys for line in lines) if keys else False
