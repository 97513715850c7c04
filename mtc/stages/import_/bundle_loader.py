"""Loads one bundle into staged files: reads it, accounts for every line, classifies user agents, writes hits by day.

DuckDB works on whole sets of lines; Python sees counts and distinct user agents. Every line of a bundle is counted as
a hit or under one reason, and the sum is checked. Rejected lines are kept in a file with object, line number and
reason. Nothing is published or recorded here.
"""

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from mtc.core import crash_points
from mtc.core.atomic_files import StagingFolder
from mtc.core.database import explain_database_error
from mtc.core.errors import PermanentError
from mtc.core.frozen_model import seconds
from mtc.core.model import Accounting, Part
from mtc.formats.filters import agent_reason
from mtc.formats.line_sql import Reading
from mtc.formats.model import Format
from mtc.formats.settings import Filters
from mtc.manifest.project import SiteSettings
from mtc.stages.import_.hit_parts import Hits, part_name, stage_hits
from mtc.stages.import_.known_agents import KnownAgents
from mtc.stages.import_.line_table import (
    Lines,
    count_agents,
    drop_lines,
    fill_agents,
    fill_lines,
    fill_segments,
    is_ordered,
    list_agents,
    segment_object_id,
    with_agents,
    with_segments,
)
from mtc.stages.import_.rejected_files import any_rejected, sample_rejected, write_rejected
from mtc.stages.import_.segments import Bundle, Segment, name_of
from mtc.warehouse.parts import bundle_name, rejected_file

_ReasonCounts = list[tuple[str | None, bool, int]]


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
            drop_lines(self.connection)

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


def _by_reason(counts: Iterable[tuple[str | None, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for why, lines in counts:
        if why is not None:
            found[why] += lines
    return {why: lines for why, lines in sorted(found.items()) if lines}
