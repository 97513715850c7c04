"""Models into a project: defaults and overrides decided, paths absolute, each setting with its place."""

import os.path
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from mtc.manifest.matomo import Matomo
from mtc.manifest.models import Filters, Freshness, Manifest, Site
from mtc.manifest.nodes import Map, walk
from mtc.manifest.project import Place, Project, SiteSettings


def project_root(file: Path) -> Path:
    """The folder that a manifest's relative paths start from: its own, or the one above if that is `manifests`."""
    return file.parent.parent if file.parent.name == "manifests" else file.parent


def settle(manifest: Manifest, tree: Map, file: Path, environment: str) -> Project:
    """Make a project of a valid manifest whose sites already hold what they inherit."""
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
        places=_places(tree, file.parent),
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
    """A site's filters. Its own `hosts` stand for those of the filters, and bring the one of its address along."""
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


def _places(tree: Map, folder: Path) -> Mapping[str, Place]:
    """The line of every setting, by its dotted path; files are named from the manifest's folder."""
    names: dict[Path, str] = {}
    places: dict[str, Place] = {}
    hosts: dict[str, Place] = {}
    for path, mark in walk(tree):
        file = mark.document.file
        name = names.setdefault(file, os.path.relpath(file, folder))
        places[".".join(path)] = Place(name, mark.line)
        if len(path) == 3 and path[0] == "sites" and path[2] == "hosts":  # noqa: PLR2004 (sites.NAME.hosts)
            hosts[".".join((*path[:2], "filters", "hosts"))] = Place(name, mark.line)
    return places | hosts
