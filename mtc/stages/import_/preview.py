"""Previews the import of a file: its format, the accounting of its lines, and samples of hits and of each reason.

It runs the code of the import up to the point where hits would be staged, and keeps nothing. The samples are the first
lines of each kind, hits and each reason, with all fields that were read.
"""

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from mtc.core.database import Connect, explain_database_error
from mtc.core.errors import PermanentError, StepError, explain_read_error
from mtc.core.model import Accounting, SourceObject
from mtc.formats.compression import compression, encoding_of_file
from mtc.formats.filters import agent_reason
from mtc.formats.line_sql import FIELDS_KEPT
from mtc.formats.model import Format
from mtc.formats.settings import Filters
from mtc.manifest.project import SiteSettings
from mtc.stages.import_.bundle_loader import SegmentResult, count_lines, reading_of
from mtc.stages.import_.bundles import Bundling, make_bundles
from mtc.stages.import_.format_choice import ChosenFormat, SourceFormat, check_quality, choose
from mtc.stages.import_.line_table import (
    JOIN_AGENTS,
    count_agents,
    fill_agents,
    fill_lines,
    fill_segments,
    with_segments,
)
from mtc.stages.import_.object_text import FetchedObject, as_text
from mtc.stages.import_.rejected_files import sample_rejected
from mtc.stages.import_.segments import Bundle

HIT = "hit"
Value = str | int | float | bool
_AGENT_FIELDS = ("bot", "browser", "browser_version", "os", "device")
_FIELDS = (*FIELDS_KEPT, "download", *_AGENT_FIELDS)

PARQUET = "Parquet"
# Every line keeps its text and fields, so bundles are smaller than those of an import.
_BUNDLING = Bundling(16 << 20, native=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """A line of an object: its number, its text, and the fields that have a value."""

    line: int
    text: str
    fields: Mapping[str, Value]
    rejected: bool = False


def first_lines(
    connection: duckdb.DuckDBPyConnection, lines: str, filters: Filters, limit: int
) -> Iterator[tuple[str, Sample]]:
    """Yield the first `limit` lines of each kind, with `HIT` or the reason. `lines` (SQL) must have kept all texts."""
    for why, rejected, line, text, *values in connection.execute(_samples_query(lines, filters, limit)).fetchall():
        named = zip(_FIELDS, values, strict=True)
        fields = {name: _plain(value) for name, value in named if value not in {None, ""}}
        yield why, Sample(line, text or "", fields, rejected)


def _samples_query(lines: str, filters: Filters, limit: int) -> str:
    """SQL that selects the lines by number first, so that only the texts of selected lines are read."""
    why = f"coalesce(reason, {agent_reason(filters)}, '{HIT}')"
    line_fields = ", ".join(f'l."{name}"' for name in (*FIELDS_KEPT, "download"))
    agent_fields = ", ".join(f"agents.{name}" for name in _AGENT_FIELDS)
    return f"""
WITH chosen AS (
    SELECT n, {why} AS why FROM {lines} {JOIN_AGENTS}
    QUALIFY row_number() OVER (PARTITION BY why, rejected ORDER BY n) <= {limit}
)
SELECT chosen.why, rejected, l.n + shift, text, {line_fields}, {agent_fields}
FROM {lines} JOIN chosen ON l.n = chosen.n {JOIN_AGENTS}
ORDER BY l.n
"""  # noqa: S608 - made of this package's own pieces


def _plain(value: object) -> Value:
    """A value for JSON and people; times are in UTC."""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return value if isinstance(value, bool | int | float) else str(value)


@dataclass(slots=True)
class Explained:
    """The result of a preview. `samples` are lines by kind: `HIT` or the reason.

    `error` is why the file cannot be read at all; `verdict` is why an import would refuse it.
    """

    path: Path
    size: int
    compression: str = ""
    encoding: str = ""
    choices: list[ChosenFormat] = field(default_factory=list)
    accounting: Accounting = field(default_factory=Accounting)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    error: StepError | None = None
    verdict: StepError | None = None


@dataclass(frozen=True, slots=True)
class Explainer:
    """Previews files with a site's settings. `folder` is for temporary files; `limit` is the samples of each kind."""

    site: SiteSettings
    connect: Connect
    folder: Path
    limit: int

    def explain(self, path: Path, where: str = "") -> Explained:
        """Preview the import of a file. `where` names it in errors; by default its path."""
        explained, where = Explained(path, path.stat().st_size), where or str(path)
        try:
            self._explain(explained, where)
        except StepError as error:
            explained.error = error
        except duckdb.Error as error:
            explained.error = explain_database_error(error, where)
        except OSError as error:
            explained.error = explain_read_error(error, where)
        return explained

    def _explain(self, explained: Explained, where: str) -> None:
        path, source = explained.path, self.site.source
        explained.compression = compression(path)
        item = FetchedObject(SourceObject(where, explained.size), path, encoding=source.encoding)
        item = as_text(item, self.connect, self.folder / "text.jsonl")
        if item.origin:
            explained.compression = PARQUET
        explained.encoding = encoding_of_file(item.path, item.encoding, where=where)

        def choose_noted(sample: Sequence[str], where: str, before: str = "") -> Format:  # noqa: ARG001 - a whole file
            choice = choose(SourceFormat.of(source, self.site.filters), sample, where)
            explained.choices.append(choice)
            return choice.format

        results: list[SegmentResult] = []
        with (
            self.connect() as connection,
            contextlib.closing(make_bundles([item], self.folder, choose_noted, bundling=_BUNDLING)) as made,
        ):
            for bundle in made:
                if all(choice.format is not bundle.format for choice in explained.choices):
                    explained.choices.append(ChosenFormat(bundle.format, "a header in the file changes the fields"))
                results += self._read(connection, bundle, explained.samples)
        explained.accounting = Accounting.total(part.accounting for part in results)
        explained.verdict = self._verdict(item, results, explained)

    def _read(
        self, connection: duckdb.DuckDBPyConnection, bundle: Bundle, samples: dict[str, list[Sample]]
    ) -> list[SegmentResult]:
        filters = self.site.filters
        reading = replace(reading_of(self.site, bundle.format), keep_all=True)
        try:
            found = fill_lines(connection, bundle, reading, self.folder / "scratch")
        finally:
            bundle.discard()
        fill_segments(connection, bundle)
        count_agents(connection, bundle, found)
        fill_agents(connection, filters)
        accountings = count_lines(connection, bundle, found, filters)
        lines = with_segments(found.read, bundle)
        rejected = sample_rejected(connection, lines)
        for name, sample in first_lines(connection, lines, filters, self.limit):
            of_kind = samples.setdefault(name, [])
            if sum(other.rejected is sample.rejected for other in of_kind) < self.limit:
                of_kind.append(sample)
        return [
            SegmentResult(accounting, (), tuple(rejected.get(number, ())))
            for number, accounting in enumerate(accountings)
        ]

    def _verdict(self, item: FetchedObject, results: Sequence[SegmentResult], explained: Explained) -> StepError | None:
        if refused := next((choice.refused for choice in explained.choices if choice.refused), None):
            return refused
        try:
            check_quality(item.object, results, explained.choices[0].format, self.site.filters.max_rejected)
        except PermanentError as error:
            return error
        return None
