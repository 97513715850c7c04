"""A manifest with every default and override resolved, as the rest of mtc uses it.

Paths are absolute, sites have everything that they inherit, and each setting has the line where it was written.
"""

import datetime as dt
import os.path
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from mtc.core.errors import Problem
from mtc.core.model import Stage
from mtc.formats.settings import Filters, HitSettings
from mtc.manifest.dates import Dates
from mtc.manifest.models import Freshness, Manifest, Run, Site, Source
from mtc.manifest.nodes import Map, walk
from mtc.matomo.settings import Matomo
from mtc.sources.settings import Archive, Credentials

_HITS = HitSettings()
_FRESHNESS = Freshness()
_NOTHING = dt.timedelta()
_LONG_AGO = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """One site, with everything that it inherits. `zone` is the name of its time zone.

    `countries` is the path of the country database as written in the manifest; empty for none. `matomo` is the server
    that its hits are delivered to, and `answers` says where its statistics come from.
    """

    name: str
    url: str
    zone: str
    source: Source
    archive: Archive | None
    filters: Filters
    matomo_id: int | None = None
    countries: str = ""
    hits: HitSettings = _HITS
    freshness: Freshness | None = _FRESHNESS
    matomo: Matomo | None = None
    answers: Literal["warehouse", "matomo"] = "warehouse"

    @property
    def tzinfo(self) -> zoneinfo.ZoneInfo:
        """The site's time zone."""
        return zoneinfo.ZoneInfo(self.zone)

    @property
    def grows(self) -> bool:
        """Whether the site's logs have no day in their names: they grow and are rotated."""
        return "{date" not in self.source.url

    def day_end(self, day: dt.date) -> dt.datetime:
        """The instant at which `day` ends for this site."""
        after = day + dt.timedelta(days=1)
        return dt.datetime.combine(after, dt.time(), self.tzinfo)

    def has_ended(self, day: dt.date, at: dt.datetime, settle: dt.timedelta = _NOTHING) -> bool:
        """Whether `day` has ended for this site at some time, and `settle` has passed since. `at` has a time zone."""
        # Of most days the dates alone say so: no zone is a day or more away from another one's date.
        return at.date() - day >= _LONG_AGO + settle or self.day_end(day) + settle <= at


@dataclass(frozen=True, slots=True)
class SettingLocation:
    """Where in which file a setting was written."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Project:
    """A manifest, resolved. `root` is the folder that relative paths start from.

    `setting_locations` maps a dotted path of settings ("sites.docs.filters.static") to where it was written.
    `warnings` are about renamed keys.
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
    setting_locations: Mapping[str, SettingLocation] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()

    @property
    def work(self) -> Path:
        """The folder of the state file, crash logs and the spool."""
        return self.state.parent


def project_root(file: Path) -> Path:
    """The folder that a manifest's relative paths start from: its own, or the one above if that is `manifests`."""
    return file.parent.parent if file.parent.name == "manifests" else file.parent


def resolve_project(manifest: Manifest, tree: Map, file: Path, environment: str) -> Project:
    """Make a project from a valid manifest whose sites already have what they inherit."""
    root = project_root(file)
    return Project(
        name=manifest.name,
        manifest=file,
        root=root,
        dates=manifest.dates,
        stages=manifest.stages,
        catch_up=manifest.catch_up,
        sites={name: _site(name, site, manifest) for name, site in manifest.sites.items()},
        credentials=manifest.credentials,
        warehouse=_path(root, manifest.warehouse.path),
        stats=_path(root, manifest.stats.path),
        csv=_path(root, manifest.csv.path),
        state=_path(root, manifest.state),
        run=manifest.run,
        matomo=manifest.matomo,
        countries=_path(root, manifest.stats.countries) if manifest.stats.countries else None,
        environment=environment,
        setting_locations=_setting_locations(tree, file.parent),
    )


def _site(name: str, site: Site, manifest: Manifest) -> SiteSettings:
    assert site.source is not None  # noqa: S101 (a site without a source has been reported)
    return SiteSettings(
        name=name,
        url=site.url or "",
        zone=site.timezone or manifest.timezone,
        source=site.source,
        archive=site.archive,
        filters=_filters(site, manifest),
        hits=site.hits or manifest.hits,
        freshness=None if site.freshness == "off" else site.freshness or Freshness(),
        matomo_id=site.matomo_id,
        countries=os.path.normpath(manifest.stats.countries) if manifest.stats.countries else "",
        matomo=_matomo(site, manifest),
        answers=manifest.stats.from_ or ("matomo" if _matomo(site, manifest) else "warehouse"),
    )


def _matomo(site: Site, manifest: Manifest) -> Matomo | None:
    """The server that a site's hits go to, if any."""
    return manifest.matomo if site.matomo else None


def _filters(site: Site, manifest: Manifest) -> Filters:
    """A site's filters. Its own `hosts` replace those of the filters, and include the host of its `url`."""
    filters = site.filters or manifest.filters
    if not site.hosts:
        return filters
    return filters.model_copy(update={"hosts": tuple(dict.fromkeys((*site.hosts, *_host(site.url or ""))))})


def _host(url: str) -> tuple[str, ...]:
    """The host name in an address, if it has one."""
    try:
        name = urlsplit(url).hostname
    except ValueError:
        return ()
    return (name,) if name else ()


def _path(root: Path, path: str) -> Path:
    return Path(os.path.normpath(root / path))


def _setting_locations(tree: Map, folder: Path) -> Mapping[str, SettingLocation]:
    """The line of every setting, by its dotted path; files are named from the manifest's folder."""
    names: dict[Path, str] = {}
    setting_locations: dict[str, SettingLocation] = {}
    hosts: dict[str, SettingLocation] = {}
    for path, mark in walk(tree):
        file = mark.document.file
        name = names.setdefault(file, os.path.relpath(file, folder))
        setting_locations[".".join(path)] = SettingLocation(name, mark.line)
        if len(path) == 3 and path[0] == "sites" and path[2] == "hosts":  # noqa: PLR2004 (sites.NAME.hosts)
            hosts[".".join((*path[:2], "filters", "hosts"))] = SettingLocation(name, mark.line)
    return setting_locations | hosts
