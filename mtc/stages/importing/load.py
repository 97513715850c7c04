"""One bundle into staged files: read, account for every line, decide user agents, write the hits of each day.

DuckDB does the work in sets; Python sees counts and distinct user agents. Nothing is published or recorded here.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from mtc import faults
from mtc.formats.base import Format
from mtc.formats.reading import Reading
from mtc.manifest.models import seconds
from mtc.manifest.project import SiteSettings
from mtc.model import Accounting, Part, Stage
from mtc.recipes import FIRST, RECIPES
from mtc.stages.importing.agents import fill_agents
from mtc.stages.importing.bundle import Bundle
from mtc.stages.importing.counting import count_lines
from mtc.stages.importing.hits import stage_hits
from mtc.stages.importing.known_agents import KnownAgents
from mtc.stages.importing.lines import fill_lines
from mtc.stages.importing.owners import fill_segments, owner
from mtc.stages.importing.rejected import any_rejected, sample_rejected, write_rejected
from mtc.stages.importing.staging import Staging
from mtc.warehouse.database import explain
from mtc.warehouse.parts import bundle_name, rejected_file

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
    staging: Staging
    made_with: str
    agents: KnownAgents | None = None

    def load(self, bundle: Bundle, piece: int) -> list[Slice]:
        """Load a bundle; the results stand in the order of its segments. `piece` numbers the slices of an object."""
        try:
            fill_lines(self.connection, bundle, reading_of(self.site, bundle.format), self.staging.aside())
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
        faults.point("load.staged")
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
