"""Rules between settings that no single model can see: names that must exist, patterns, folders that overlap.

Also sites that interfere: two that read the same logs, one whose copies another would read. The rules look at texts
only, never at files.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from mtc.core.errors import Problem
from mtc.core.model import is_site_name
from mtc.core.suggest import suggest
from mtc.manifest.models import Manifest
from mtc.manifest.nodes import KeyPath, Map, Scalar, plain, scalars, text_of
from mtc.sources.url_overlap import (
    ObjectSet,
    absolute,
    archive_meets_source,
    copies_collide,
    folder_pairs,
    lies_within,
    log_folder,
    outputs_meet_source,
)
from mtc.sources.url_rules import UrlFinding, archive_findings, source_findings

FOLDERS = ("warehouse", "stats", "csv")
_AUTO = "auto"
_SITES_OF_A_KIND = 2
_TO_REPLACE = re.compile(r"REPLACE-ME|^(?:(?i:change[-_ ]?me|<[\w -]+>|x{3,}|todo)|YOUR[-_ ][A-Z_ -]+)$")
_OUTPUT_PATTERNS: Mapping[str, tuple[str, ...]] = {
    "warehouse": ("/hits/*/*/*.parquet", "/rejected/*/*/*.jsonl"),
    "stats": ("/*/*.stat",),
    "csv": ("/[a-z]*.csv",),
    "state": ("", "-wal", "-shm", ".lock"),
}
"""Patterns of the files that mtc writes, below each folder and beside the state file."""

_LINE_FILTERS = (
    *("hosts", "exclude_hosts", "include_paths", "exclude_paths", "include_ips", "exclude_ips"),
    *("methods", "exclude_user_agents", "exclude_referrers", "exclude_older_than", "exclude_newer_than"),
)
"""The filters that can separate the lines of sites that share logs."""

_APART = "give each a folder of its own"
_URL_RULES: Mapping[str, Callable[[str], Iterable[UrlFinding]]] = {
    "source": source_findings,
    "archive": archive_findings,
}


@dataclass(frozen=True, slots=True)
class SiteUrls:
    """The URLs of a site's source and archive (empty for none), and the S3 service of each.

    `lines` describes the filters that select the site's lines: host names, paths and so on.
    """

    name: str
    source: str
    archive: str
    services: tuple[str, str]
    lines: str


def readers_of_the_same(sites: Sequence[SiteUrls], root: Path) -> Iterator[tuple[str, str]]:
    """Pairs of a site and an earlier one, where all logs of one are logs of the other too.

    Sites with different filters for lines, such as their hosts, may share logs.
    """
    seen: list[tuple[SiteUrls, ObjectSet]] = []
    for site in sites:
        objects = ObjectSet.of(site.source, site.name, root)
        for other, others in seen:
            if _reads_alike(site, other) and (others.contains(objects) or objects.contains(others)):
                yield site.name, other.name
                break
        seen.append((site, objects))


def _reads_alike(site: SiteUrls, other: SiteUrls) -> bool:
    return (site.services[0], site.lines) == (other.services[0], other.lines)


def copies_read_by_others(sites: Sequence[SiteUrls], root: Path) -> Iterator[tuple[str, str]]:
    """Pairs of a site and another one whose source would list the copies in the first one's archive.

    Of sites with the same URLs only the first two are compared.
    """
    sources = _few_of_each(sites, lambda site: (site.source, site.services[0]))
    archives = _few_of_each([site for site in sites if site.archive], lambda site: (site.archive, site.services[1]))
    for site in archives:
        for other in sources:
            if site.name == other.name or site.services[1] != other.services[0]:
                continue
            owner = (site.source, site.name)
            if archive_meets_source(other.source, site.archive, other.name, root, owner=owner):
                yield site.name, other.name
                break


def _few_of_each(sites: Sequence[SiteUrls], alike: Callable[[SiteUrls], tuple[str, str]]) -> list[SiteUrls]:
    """The first few sites of each kind."""
    kinds: dict[tuple[str, str], list[SiteUrls]] = {}
    for site in sites:
        kinds.setdefault(alike(site), []).append(site)
    return [site for some in kinds.values() for site in some[:_SITES_OF_A_KIND]]


@dataclass(frozen=True, slots=True)
class ManifestRules:
    """The rules for a tree whose sites have all of their settings. Nothing counts as missing from a `partial` tree."""

    tree: Map
    root: Path
    partial: bool

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong, the manifest's own settings first."""
        scopes = [(), *(("sites", name) for name in self._sites())]
        for scope in scopes:
            for part in ("source", "archive"):
                yield from self._location((*scope, part), part)
        for name, site in self._sites().items():
            yield from self._site(name, site)
        yield from self._folders()
        yield from self._shared_logs()
        yield from self._unfinished()
        if self._text("stats", "from") == "matomo" and self.tree.map("matomo") is None and not self.partial:
            yield self._problem(
                ("stats", "from"), "there is no `matomo:` that could answer", "add one, or use `warehouse`"
            )

    def _sites(self) -> dict[str, Map]:
        sites = self.tree.map("sites")
        names = sites.entries if sites else {}
        return {name: entry.node for name, entry in names.items() if isinstance(entry.node, Map)}

    def _text(self, *path: str) -> str | None:
        """A text if it is known: one with an unresolved `${NAME}` is not."""
        node = self.tree.get(*path)
        return None if isinstance(node, Scalar) and node.open else text_of(node)

    def _problem(self, path: KeyPath, what: str, hint: str) -> Problem:
        node = self.tree.get(*path)
        mark = node.mark if isinstance(node, Scalar) else self.tree.key_mark(*path)
        if isinstance(node, Scalar) and node.filled:
            what, hint = f"the value of {node.text} is not valid", "look at the rules for this setting"
        return mark.problem(".".join(path), what, hint)

    def _location(self, path: KeyPath, part: str) -> Iterator[Problem]:
        """A source or an archive on its own."""
        if url := self._text(*path, "url"):
            for what, hint in _URL_RULES[part](url):
                yield self._problem((*path, "url"), what, hint)
            grows = part == "source" and "{date" not in url
            if grows and self._text(*path, "vanished") == "drop":
                what = "logs without {date:FORMAT} in their URL are rotated away: their hits cannot be dropped"
                yield self._problem((*path, "vanished"), what, "remove the key, or name the day in the URL")
        known = self.tree.map("credentials")
        name = self._text(*path, "credentials")
        if name and not self.partial and not (known and known.get(name)):
            names = [key for key in known.entries if known.get(key)] if known else []
            hint = suggest(name, names) or "add it under `credentials:`"
            yield self._problem((*path, "credentials"), f"there is no entry {name} in credentials", hint)
        if part == "source" and (log_format := self._text(*path, "format")) and not _is_format(log_format):
            yield self._problem((*path, "format"), f"{log_format} is not a log format", _format_hint(log_format))

    def _site(self, name: str, site: Map) -> Iterator[Problem]:
        path = ("sites", name)
        if site.map("source") is None and not self.partial and "source" not in site.entries:
            yield self._problem(path, f"{name} has no source", "add `source:` to the site, or to the manifest for all")
        elif site.get("source") is None and not self.partial:
            yield self._problem((*path, "source"), f"{name} has no source", "remove the null, or write a source")
        if self._lacks_matomo_id(site):
            yield self._problem(path, f"{name} cannot be found in Matomo", "add `matomo_id:`, or the site's `url:`")
        source, archive = self._text(*path, "source", "url"), self._text(*path, "archive", "url")
        readable = source and archive and not any(source_findings(source)) and not any(archive_findings(archive))
        if source and archive and readable and is_site_name(name):
            yield from self._archive(name, source, archive)

    def _lacks_matomo_id(self, site: Map) -> bool:
        """Whether nothing says which site of the Matomo server this is."""
        enabled = site.get("matomo")
        if self.partial or self.tree.map("matomo") is None or (isinstance(enabled, Scalar) and enabled.value is False):
            return False
        return site.get("matomo_id") is None and site.get("url") is None

    def _archive(self, name: str, source: str, archive: str) -> Iterator[Problem]:
        path = ("sites", name, "archive", "url")
        if self._same_service(name) and archive_meets_source(source, archive, name, self.root):
            yield self._problem(path, "copies would be in the source and be read as logs again", "use another place")
        elif copies_collide(source, archive, "date"):
            hint = "add {date:%Y/%m/%d}, or use {key}"
            yield self._problem(path, "copies of different days could get the same name", hint)
        elif self._shared(archive) and copies_collide(source, archive, "site"):
            yield self._problem(path, "copies of different sites could get the same name", "add {site}, or use {key}")

    def _same_service(self, name: str) -> bool:
        """Whether source and archive sign in at the same S3."""
        return self._service(name, "source") == self._service(name, "archive")

    def _service(self, name: str, part: str) -> str:
        """The address of the S3 that a source or an archive signs in at; empty for Amazon's, and for a folder."""
        entry = self._text("sites", name, part, "credentials")
        return (self._text("credentials", entry, "endpoint_url") if entry else None) or ""

    def _shared(self, archive: str) -> bool:
        return sum(self._text("sites", each, "archive", "url") == archive for each in self._sites()) > 1

    def _shared_logs(self) -> Iterator[Problem]:
        """Sites compared with one another: the same logs read twice, copies of one that another would read."""
        urls = [found for name in self._sites() if (found := self._urls(name)) is not None]
        for name, other in readers_of_the_same(urls, self.root):
            what = f"{name} reads the logs that {other} reads: each line would count for both"
            hint = "put {site} into the URL, or select the lines of each site in a shared log with `hosts:`"
            yield self._problem(("sites", name, "source", "url"), what, hint)
        for name, other in copies_read_by_others(urls, self.root):
            what = f"copies of {name} would be in the source of {other} and be read as its logs"
            yield self._problem(("sites", name, "archive", "url"), what, "use another place")

    def _urls(self, name: str) -> SiteUrls | None:
        """The URLs of a site; None where the source is not known, or not valid."""
        source, archive = (self._text("sites", name, part, "url") for part in ("source", "archive"))
        if not source or any(source_findings(source)) or not is_site_name(name):
            return None
        services = (self._service(name, "source"), self._service(name, "archive"))
        archive = archive if archive and not any(archive_findings(archive)) else ""
        return SiteUrls(name, source, archive, services, self._lines(name))

    def _lines(self, name: str) -> str:
        """Which lines of its logs a site takes, by host, path, address and so on."""
        paths = (("sites", name, "hosts"), *(("sites", name, "filters", each) for each in _LINE_FILTERS))
        nodes = (self.tree.get(*path) for path in paths)
        return repr([plain(node) if node is not None else None for node in nodes])

    def _folders(self) -> Iterator[Problem]:
        """The project's folders: each on its own, then compared with one another."""
        paths = {part: path for part in FOLDERS if (path := self._folder(part)) is not None}
        folders = {part: absolute(self.root, path) for part, path in paths.items()}
        settings: list[tuple[KeyPath, str]] = [((part, "path"), path) for part, path in paths.items()]
        for setting, path in [*settings, (("state",), self._text("state") or "")]:
            if what := _leads_out(path):
                yield self._problem(setting, what, "write it from the project's folder, or from `/`")
        for first, second in folder_pairs(folders):
            part, other = (second, first) if self.tree.get(second, "path") else (first, second)
            yield self._problem((part, "path"), f"{part} and {other} overlap", _APART)
        for name in self._sites():
            for part in ("source", "archive"):
                yield from self._folders_against(folders, ("sites", name, part, "url"))

    def _folders_against(self, folders: Mapping[str, PurePath], setting: KeyPath) -> Iterator[Problem]:
        """The project's folders compared with the folder of a source or an archive."""
        url = self._text(*setting)
        logs = log_folder(url, self.root) if url and (url.startswith("s3://") or "://" not in url) else None
        for part, folder in folders.items() if logs else ():
            if logs and (lies_within(folder, logs) or lies_within(logs, folder)):
                yield self._problem(self._at(part, setting), f"{part} and the {setting[-2]} overlap", _APART)
        is_source = setting[-2] == "source" and is_site_name(setting[1])
        if url and not logs and is_source and "://" not in url and not any(source_findings(url)):
            yield from self._outputs_as_logs(folders, url, setting)

    def _outputs_as_logs(self, folders: Mapping[str, PurePath], url: str, setting: KeyPath) -> Iterator[Problem]:
        """Files that mtc writes and a source would list, because it contains the project's folder."""
        state = self._text("state") or str(Manifest.model_fields["state"].default)
        for part, folder in (*folders.items(), ("state", PurePath(absolute(self.root, state)))):
            files = [f"{folder}{pattern}" for pattern in _OUTPUT_PATTERNS[part]]
            if outputs_meet_source(url, setting[1], self.root, files):
                what = f"files of {part} would be read as logs of {setting[1]}"
                yield self._problem(self._at(part, setting), what, "give them, or the logs, a folder of their own")

    def _at(self, part: str, setting: KeyPath) -> KeyPath:
        """The place of a folder's setting; of a default, that of the URL that it is compared with."""
        path = (part,) if part == "state" else (part, "path")
        return path if self.tree.get(*path) else setting

    def _unfinished(self) -> Iterator[Problem]:
        """Placeholders of `mtc convert` and of examples that have not been replaced."""
        for path, node in scalars(self.tree):
            if found := _TO_REPLACE.search(node.text):
                where = ".".join(path)
                yield node.mark.problem(where, f"{found[0]} is still to be replaced", "write what belongs there")

    def _folder(self, part: str) -> str | None:
        """A folder's path, or its default; None where it is not known or not a path."""
        if self.tree.get(part, "path") is not None:
            return self._text(part, "path")
        return str(Manifest.model_fields[part].get_default().path)


def _leads_out(path: str) -> str:
    """What is wrong with a path; empty if nothing is."""
    if "://" in path:
        return "this must be a folder of this machine"
    if ".." in path.split("/"):
        return "`..` leads out of the folder"
    return "`~` is not followed" if path.startswith("~") else ""


def _is_format(name: str) -> bool:
    return name == _AUTO or name in _format_names()


def _format_names() -> frozenset[str]:
    from mtc.formats.registry import NAMES  # noqa: PLC0415 - loads every format, for manifests that name one

    return frozenset({_AUTO, *NAMES})


def _format_hint(name: str) -> str:
    """The format that is probably meant. A server's name is not a format: what it logs depends on its configuration."""
    server = name.lower()
    if server in {"nginx", "apache"}:
        return f"by default it logs `combined`; a format of your own is {{{server}: '...'}}"
    return suggest(name, _format_names())
