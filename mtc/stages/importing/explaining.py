"""What an import would make of a file in hand: its format, where every line goes, and samples for each reason.

It goes the way of an import, through the same rooms, up to where hits would be staged. Nothing of it is kept.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from mtc.errors import PermanentError, StepError, explain_reading
from mtc.formats.base import Format
from mtc.formats.compression import compression
from mtc.formats.decode import encoding_of_file
from mtc.manifest.project import SiteSettings
from mtc.model import Accounting, SourceObject
from mtc.stages.importing.agents import fill_agents
from mtc.stages.importing.bundle import Bundle, Fetched, Sizes
from mtc.stages.importing.choosing import Choice, Wanted, choose
from mtc.stages.importing.context import Connect
from mtc.stages.importing.counting import count_lines
from mtc.stages.importing.judging import judge
from mtc.stages.importing.lines import fill_lines
from mtc.stages.importing.load import Slice, reading_of
from mtc.stages.importing.owners import fill_segments
from mtc.stages.importing.parquet import as_text
from mtc.stages.importing.rejected import sample_rejected
from mtc.stages.importing.samples import Sample, first_lines
from mtc.stages.importing.spool import bundles
from mtc.warehouse.database import explain as explain_database

PARQUET = "Parquet"
# Every line keeps its text and fields, so slices are smaller than those of an import; nothing is read in place.
_SIZES = Sizes(bundle=16 << 20, in_place=(1, 0))


@dataclass(slots=True)
class Explained:
    """What became of a file. `samples` are of hits (under `samples.HIT`) and of each reason.

    `error` is why it cannot be read at all; `verdict` why an import would refuse it for its rejected lines.
    """

    path: Path
    size: int
    compression: str = ""
    encoding: str = ""
    choices: list[Choice] = field(default_factory=list)
    accounting: Accounting = field(default_factory=Accounting)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    error: StepError | None = None
    verdict: StepError | None = None


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains files as those of a site. `folder` is one for files on the way; `limit` is of the samples of a kind."""

    site: SiteSettings
    connect: Connect
    folder: Path
    limit: int

    def explain(self, path: Path, where: str = "") -> Explained:
        """What an import would make of a file. `where` names it in errors, if that is not its path."""
        explained, where = Explained(path, path.stat().st_size), where or str(path)
        try:
            self._explain(explained, where)
        except StepError as error:
            explained.error = error
        except duckdb.Error as error:
            explained.error = explain_database(error, where)
        except OSError as error:
            explained.error = explain_reading(error, where)
        return explained

    def _explain(self, explained: Explained, where: str) -> None:
        path, source = explained.path, self.site.source
        explained.compression = compression(path)
        item = Fetched(SourceObject(where, explained.size), path, encoding=source.encoding)
        item = as_text(item, self.connect, self.folder / "text.jsonl")
        if item.origin:
            explained.compression = PARQUET
        explained.encoding = encoding_of_file(item.path, item.encoding, where=where)

        def noted(sample: Sequence[str], where: str) -> Format:
            choice = choose(Wanted.of(source), sample, where)
            explained.choices.append(choice)
            return choice.format

        slices: list[Slice] = []
        with (
            self.connect() as connection,
            contextlib.closing(bundles([item], self.folder, noted, sizes=_SIZES)) as made,
        ):
            for bundle in made:
                if all(choice.format is not bundle.format for choice in explained.choices):
                    explained.choices.append(Choice(bundle.format, "a header in the file changes the fields"))
                slices += self._read(connection, bundle, explained.samples)
        explained.accounting = Accounting.total(part.accounting for part in slices)
        explained.verdict = self._judged(item, slices, explained)

    def _read(
        self, connection: duckdb.DuckDBPyConnection, bundle: Bundle, samples: dict[str, list[Sample]]
    ) -> list[Slice]:
        filters = self.site.filters
        reading = replace(reading_of(self.site, bundle.format), keep_all=True)
        try:
            fill_lines(connection, bundle, reading, self.folder / "scratch")
        finally:
            bundle.discard()
        fill_segments(connection, bundle)
        fill_agents(connection, filters)
        accounts = count_lines(connection, bundle, filters)
        rejected = sample_rejected(connection, bundle)
        for name, sample in first_lines(connection, bundle, filters, self.limit):
            mine = samples.setdefault(name, [])
            if sum(one.rejected is sample.rejected for one in mine) < self.limit:
                mine.append(sample)
        return [Slice(account, (), tuple(rejected.get(number, ()))) for number, account in enumerate(accounts)]

    def _judged(self, item: Fetched, slices: Sequence[Slice], explained: Explained) -> StepError | None:
        if refused := next((choice.refused for choice in explained.choices if choice.refused), None):
            return refused
        try:
            judge(item.object, slices, explained.choices[0].format, self.site.filters.max_rejected)
        except PermanentError as error:
            return error
        return None
