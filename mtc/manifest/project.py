"""A loaded manifest with every default and override settled: what the rest of mtc works from."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mtc.manifest.hits import Hits
from mtc.manifest.matomo import Matomo
from mtc.manifest.models import Archive, Credentials, Dates, Filters, Freshness, Run, Source
from mtc.model import Stage

_HITS = Hits()
_FRESHNESS = Freshness()


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """One site, settled. `zone` is the name of its time zone.

    `countries` is the path of the database that tells countries, as the manifest has it; empty for none. `matomo` is
    the server that its hits are delivered to, and `answers` who makes its statistics.
    """

    name: str
    url: str
    zone: str
    source: Source
    archive: Archive | None
    filters: Filters
    matomo_id: int | None = None
    countries: str = ""
    hits: Hits = _HITS
    freshness: Freshness | None = _FRESHNESS
    matomo: Matomo | None = None
    answers: Literal["warehouse", "matomo"] = "warehouse"

    @property
    def tzinfo(self) -> zoneinfo.ZoneInfo:
        """The site's time zone."""
        return zoneinfo.ZoneInfo(self.zone)

    def day_end(self, day: dt.date) -> dt.datetime:
        """The instant at which `day` ends for this site."""
        after = day + dt.timedelta(days=1)
        return dt.datetime.combine(after, dt.time(), self.tzinfo)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which file a setting was written."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Project:
    """A manifest, settled. `root` is the folder that relative paths start from.

    `places` maps a dotted path of settings ("sites.docs.filters.static") to where it was written.
    """

    name: str
    manifest: Path
    root: Path
    dates: Dates
    stages: tuple[Stage, ...]
    sites: Mapping[str, SiteSettings]
    credentials: Mapping[str, Credentials]
    warehouse: Path
    stats: Path
    csv: Path
    state: Path
    run: Run
    matomo: Matomo | None = None
    countries: Path | None = None
    environment: str = ""
    catch_up: int = 30
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        """Where state, runs and spool lie."""
        return self.state.parent
