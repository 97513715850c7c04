"""One bundle into staged files: read, account for every line, decide user agents, write the hits of each day.

DuckDB does the work in sets; Python sees counts and distinct user agents. Nothing is published or recorded here.

Where every line of a bundle has gone: counted under one heading each, and checked to add up.

The hits of a bundle, written to a part for each of the site's days.

On which of the site's days the hits of a bundle fall. A day is cut at midnight in the site's zone.

The lines that could not be read: kept where an operator finds them, with object, line number and reason.
"""

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mtc.core import crash_points
from mtc.core.atomic_files import StagingFolder, sha256
from mtc.core.database import explain
from mtc.core.errors import PermanentError
from mtc.core.frozen_model import seconds
from mtc.core.model import FIRST, RECIPES, Accounting, Part, Stage
from mtc.core.sanitize import printable
from mtc.core.sql import literal
from mtc.formats.filters import agent_reason
from mtc.formats.line_sql import Reading
from mtc.formats.model import Format
from mtc.formats.settings import Filters
from mtc.manifest.project import SiteSettings
from mtc.stages.import_.bundles import Bundle, Segment
from mtc.stages.import_.known_agents import KnownAgents
from mtc.stages.import_.line_table import JOIN_AGENTS, fill_agents, fill_lines, fill_segments, owned_lines, owner
from mtc.warehouse.parts import COLUMNS, bundle_name, part_file, rejected_file

_Counts = list[tuple[str | None, bool, int]]


def count_lines(connection: duckdb.DuckDBPyConnection, bundle: Bundle, filters: Filters) -> list[Accounting]:
    """The account of each segment's lines, in the order of the segments."""
    counts: dict[int, _Counts] = {}
    for number, why, rejected, lines in connection.execute(_query(bundle, filters)).fetchall():
        counts.setdefault(number, []).append((why, rejected, lines))
    return [_account(segment, counts.get(number, [])) for number, segment in enumerate(bundle.segments)]


def _query(bundle: Bundle, filters: Filters) -> str:
    return f"""
SELECT number, coalesce(reason, {agent_reason(filters)}) AS why, rejected, count(*)
FROM {owned_lines(bundle)} {JOIN_AGENTS}
GROUP BY ALL
ORDER BY ALL
"""  # noqa: S608 - made of this package's own pieces


def _account(segment: Segment, counts: _Counts) -> Accounting:
    account = Accounting(
        lines=segment.lines,
        hits=sum(lines for why, _, lines in counts if why is None),
        filtered={why: lines for why, rejected, lines in counts if why is not None and not rejected},
        rejected={why: lines for why, rejected, lines in counts if why is not None and rejected},
    )
    if not account.balanced:
        raise PermanentError("the lines do not add up", where=segment.object.key, hint="please report this")
    return account


_ONE_DAY = dt.timedelta(days=1)
_BOUNDS = "SELECT min(ts), max(ts) FROM lines WHERE reason IS NULL"
_DATES = "SELECT DISTINCT CAST(ts AS DATE) FROM lines WHERE reason IS NULL"


@dataclass(frozen=True, slots=True)
class Span:
    """One day of the site, with its bounds in UTC (without a zone, as the database has them)."""

    day: dt.date
    low: dt.datetime
    high: dt.datetime

    @property
    def condition(self) -> str:
        """SQL: whether `ts` is of this day."""
        return f"ts >= {_timestamp(self.low)} AND ts < {_timestamp(self.high)}"


def spans(connection: duckdb.DuckDBPyConnection, site: SiteSettings) -> Sequence[Span]:
    """The days on which lines of `lines` may be hits, in order; some of them may turn out to have none."""
    ((first, last),) = connection.execute(_BOUNDS).fetchall()
    if first is None:
        return ()
    span = _span(site, _day(site, first))
    if last < span.high:
        return (span,)
    dates = {date for (date,) in connection.execute(_DATES).fetchall()}
    near = {date + shift for date in dates for shift in (-_ONE_DAY, dt.timedelta(), _ONE_DAY)}
    return [_span(site, day) for day in sorted(near)]


def _day(site: SiteSettings, moment: dt.datetime) -> dt.date:
    return moment.replace(tzinfo=dt.UTC).astimezone(site.tzinfo).date()


def _span(site: SiteSettings, day: dt.date) -> Span:
    return Span(day, _utc(site.day_end(day - _ONE_DAY)), _utc(site.day_end(day)))


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def _timestamp(moment: dt.datetime) -> str:
    return f"TIMESTAMP {literal(moment.isoformat(sep=' '))}"


# Where a column of a part comes from, if not from the column of `lines` that has its name.
_ORIGINS = {
    "object": "object",
    "line": "n + shift",
    "bot": "coalesce(agents.bot, false)",
    "browser": "agents.browser",
    "browser_version": "agents.browser_version",
    "os": "agents.os",
    "device": "agents.device",
}
_QUOTED = {name: f'"{name}"' for name, _, _ in COLUMNS}
_VALUES = ", ".join(
    f"CAST({_ORIGINS.get(name, f'l.{_QUOTED[name]}')} AS {kind}) AS {_QUOTED[name]}" for name, kind, _ in COLUMNS
)
_COLUMNS = ", ".join(_QUOTED.values())
_PARQUET = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"


def stage_hits(
    connection: duckdb.DuckDBPyConnection, bundle: Bundle, site: SiteSettings, name: str, staging: StagingFolder
) -> dict[int, list[Part]]:
    """Write the hits of each day to a staged part called `name`; returns the parts of each segment by its number."""
    connection.execute(_view(bundle, site))
    parts: dict[int, list[Part]] = {}
    for span in spans(connection, site):
        counts = connection.execute(_counts(span)).fetchall()
        if not counts:
            continue
        file = part_file(site.name, span.day, name)
        staged = staging.stage(file)
        connection.execute(_copy(span, staged))
        digest = sha256(staged)
        for number, object_, hits in counts:
            parts.setdefault(number, []).append(Part(site.name, span.day, file, object_, hits, digest))
    return parts


def _view(bundle: Bundle, site: SiteSettings) -> str:
    return f"""
CREATE OR REPLACE TEMP VIEW hits AS
SELECT number, {_VALUES}
FROM {owned_lines(bundle)} {JOIN_AGENTS}
WHERE reason IS NULL AND {agent_reason(site.filters)} IS NULL
"""  # noqa: S608 - made of this package's own pieces


def _counts(span: Span) -> str:
    return f"SELECT number, object, count(*) FROM hits WHERE {span.condition} GROUP BY ALL ORDER BY number"  # noqa: S608 - as above


def _copy(span: Span, target: Path) -> str:
    return f"COPY (SELECT {_COLUMNS} FROM hits WHERE {span.condition}) TO {literal(str(target))} {_PARQUET}"  # noqa: S608 - as above


SAMPLES = 3
_SHOWN = 120
_ANY = "SELECT count(*) FROM lines WHERE rejected"


def any_rejected(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a line of `lines` could not be read."""
    ((count,),) = connection.execute(_ANY).fetchall()
    return bool(count)


def write_rejected(connection: duckdb.DuckDBPyConnection, bundle: Bundle, target: Path) -> None:
    """Write the rejected lines to a file, a JSON object each."""
    connection.execute(
        f"COPY (SELECT key AS object, n + shift AS line, reason, text FROM {owned_lines(bundle)}"  # noqa: S608 - own pieces
        f" WHERE rejected ORDER BY n) TO {literal(str(target))} (FORMAT json)"
    )


def sample_rejected(connection: duckdb.DuckDBPyConnection, bundle: Bundle) -> Mapping[int, list[str]]:
    """The first rejected lines of each segment, by its number, for a message."""
    query = (
        f"SELECT number, n + shift, reason, text FROM {owned_lines(bundle)} WHERE rejected"  # noqa: S608 - own pieces
        f" QUALIFY row_number() OVER (PARTITION BY number ORDER BY n) <= {SAMPLES} ORDER BY n"
    )
    samples: dict[int, list[str]] = {}
    for number, line, reason, text in connection.execute(query).fetchall():
        samples.setdefault(number, []).append(f"line {line} ({reason}): {printable(text[:_SHOWN])}")
    return samples


def sweep_rejected(
    warehouse: Path, site: str, day: dt.date, *, published: Collection[str], kept: Collection[str]
) -> None:
    """Remove a step's files of rejected lines that are of no object any more.

    `published` are those just made; an older one stays when it holds lines of an object with a key among `kept`.
    """
    folder = (warehouse / rejected_file(site, day, "any")).parent
    keys = {printable(key) for key in kept}
    for path in sorted(folder.glob("*.jsonl")):
        if str(path.relative_to(warehouse)) not in published and not _speaks_of(path, keys):
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _speaks_of(path: Path, keys: Collection[str]) -> bool:
    with path.open(encoding="utf-8") as lines:
        return any(json.loads(line)["object"] in keys for line in lines) if keys else False


_FORGET = "DROP TABLE IF EXISTS lines"


@dataclass(frozen=True, slots=True)
class Slice:
    """What became of one segment's lines.

    `samples` are the first rejected ones, for a message; `files` are the staged files that hold something of it.
    """

    accounting: Accounting
    parts: tuple[Part, ...]
    samples: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads bundles of one import step. `made_with` is the digest of the settings that decide what is a hit.

    `agents` are the user agents that earlier runs have decided upon.
    """

    connection: duckdb.DuckDBPyConnection
    site: SiteSettings
    day: dt.date
    staging: StagingFolder
    made_with: str
    agents: KnownAgents | None = None

    def load(self, bundle: Bundle, piece: int) -> list[Slice]:
        """Load a bundle; the results stand in the order of its segments. `piece` numbers the slices of an object."""
        try:
            fill_lines(self.connection, bundle, reading_of(self.site, bundle.format), self.staging.temporary())
            fill_segments(self.connection, bundle)
            fill_agents(self.connection, self.site.filters, self.agents)
            return self._stage(bundle, bundle_name([owner(segment) for segment in bundle.segments], piece))
        except duckdb.Error as error:
            raise explain(error, bundle.where) from error
        finally:
            self.connection.execute(_FORGET)

    def _stage(self, bundle: Bundle, name: str) -> list[Slice]:
        accounts = count_lines(self.connection, bundle, self.site.filters)
        # With other settings, or by another recipe, the same object makes another part: the listed one stays until the
        # new one is recorded.
        part = f"{name}-{self.made_with[:8]}{_recipe()}"
        parts = stage_hits(self.connection, bundle, self.site, part, self.staging)
        rejected = rejected_file(self.site.name, self.day, name)
        samples = self._keep_rejected(bundle, rejected)
        crash_points.point("load.staged")
        return [_slice(accounts, parts, samples, rejected, number) for number in range(len(accounts))]

    def _keep_rejected(self, bundle: Bundle, file: str) -> Mapping[int, list[str]]:
        if not any_rejected(self.connection):
            return {}
        write_rejected(self.connection, bundle, self.staging.stage(file))
        return sample_rejected(self.connection, bundle)


def _recipe() -> str:
    recipe = RECIPES[Stage.IMPORT]
    return f"-r{recipe}" if recipe != FIRST else ""


def reading_of(site: SiteSettings, form: Format) -> Reading:
    """How a site's lines of a format are to be read."""
    source = site.source
    return Reading(
        form,
        site.filters,
        zone=source.timezone or site.zone,
        zone_given=source.timezone is not None,
        shift=seconds(source.shift) if source.shift else 0,
        hits=site.hits,
        site_zone=site.zone,
        client=source.client,
    )


def _slice(
    accounts: Sequence[Accounting],
    parts: Mapping[int, Sequence[Part]],
    samples: Mapping[int, Sequence[str]],
    rejected: str,
    number: int,
) -> Slice:
    mine = tuple(parts.get(number, ()))
    shown = tuple(samples.get(number, ()))
    files = frozenset({part.file for part in mine} | ({rejected} if shown else set()))
    return Slice(accounts[number], mine, shown, files)
