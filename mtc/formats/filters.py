"""Filters and hit rules as SQL: which readable line is a hit, and what is kept of it.

Filters follow Matomo's own importer, so that the same log counts the same; its lists of extensions are facts,
checked against it. The first rule that applies gives the reason: first the host, then the
importer's order. Robots and other user agents come last, decided once per distinct text (`agent_reason`). A file
extension is what follows the last dot of the path, in lower case.

Filters see the line as logged. Hit rules are applied after them and change only hits (`rewritten`), except for the
split of path and query (`path_and_query`), which is part of reading a line.
"""

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence

from mtc.core.sql import is_one_of, literal
from mtc.formats.agents.agent_tables import HEALTH_CHECK
from mtc.formats.client_address import is_among, masked
from mtc.formats.globs import contains_or_fits, fits
from mtc.formats.settings import Filters, HitSettings, PathRule


def _split_words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STATIC_EXTENSIONS: tuple[str, ...] = _split_words(
    "gif jpg jpeg png bmp ico svg svgz ttf otf eot woff woff2 class swf css js xml webp"
)

STATIC_FILES: tuple[str, ...] = ("robots.txt",)

DOWNLOAD_EXTENSIONS: tuple[str, ...] = _split_words(
    "7z aac arc arj asf asx avi bin csv deb dmg doc docx exe flac flv gz gzip hqx ibooks jar json mpg mp2 "
    "mp3 mp4 mpeg mov movie msi msp odb odf odg odp ods odt ogg ogv pdf phps ppt pptx qt qtm ra ram rar "
    "rpm rtf sea sit tar tbz bz2 tgz torrent txt wav webm wma wmv wpd xls xlsx xml xsd z zip azw3 epub "
    "mobi apk md5 sig"
)

REASONS: dict[str, tuple[str, ...]] = {
    "hosts": ("host",),
    "exclude_hosts": ("host",),
    "hits.download_extensions": ("download",),
    "errors": ("error",),
    "redirects": ("redirect",),
    "exclude_paths": ("path",),
    "include_paths": ("path",),
    "methods": ("method",),
    "static": ("static",),
    "exclude_ips": ("ip",),
    "include_ips": ("ip",),
    "exclude_referrers": ("referrer",),
    "exclude_older_than": ("older",),
    "exclude_newer_than": ("newer",),
    "bots": (HEALTH_CHECK, "bot"),
    "exclude_user_agents": ("user agent",),
}
"""Every filter, by the key that sets it and in the order in which they apply, with the reasons that it gives."""

_DATE_ALONE = 10

Rule = tuple[str, str]
"""A condition in SQL, and the reason for which it excludes a line."""


def _ends(before: str, words: tuple[str, ...]) -> str:
    """RE2: a path that ends with one of the words, in any case, after a character of `before` or at its beginning."""
    return f"(?:^|[{before}])(?i:{'|'.join(map(re.escape, words))})$"


_STATIC_PATH = f"{_ends('.', STATIC_EXTENSIONS)}|{_ends('/', STATIC_FILES)}"
_STATIC = f"regexp_matches(path, {literal(_STATIC_PATH)})"
_STATIC_FILE = rf"(?:[^\s?]*/)?(?i:{'|'.join(map(re.escape, STATIC_FILES))})"
STATIC_TARGET = rf"/(?:[^\s?]*\.(?i:{'|'.join(STATIC_EXTENSIONS)})|{_STATIC_FILE})(?:\?\S*)?"
"""RE2: a target, path and query, whose path is that of a static file."""


def filters_by_address(filters: Filters) -> bool:
    """Whether `reason` compares addresses; it then needs the columns of `client_address.PACKED`."""
    return bool(filters.include_ips or filters.exclude_ips)


def reason(filters: Filters, hits: HitSettings, zone: str) -> str:
    """SQL over host, ip, method, path, status, referrer and ts: why a readable line is filtered, or NULL.

    Times of the filters without an offset are in `zone`.
    """
    cases = "\n".join(f"WHEN {condition} THEN {literal(name)}" for condition, name in rules(filters, hits, zone))
    return f"CASE {cases} END" if cases else "NULL::VARCHAR"


def rules(filters: Filters, hits: HitSettings, zone: str) -> Sequence[Rule]:
    """The rules of `reason`, in order."""
    first = (*_hosts(filters), *_downloads(hits), *_statuses(filters), *_requests(filters), *_clients(filters))
    return (*first, *_times(filters, zone))


def _hosts(filters: Filters) -> Iterator[Rule]:
    """A line without a host belongs to this site."""
    if filters.hosts:
        yield f"host IS NOT NULL AND NOT {fits('host', _lower(filters.hosts))}", "host"
    if filters.exclude_hosts:
        yield f"host IS NOT NULL AND {fits('host', _lower(filters.exclude_hosts))}", "host"


def _downloads(hits: HitSettings) -> Iterator[Rule]:
    """If the manifest lists the downloads that count, other downloads do not."""
    named = downloads_of(hits)
    excluded = tuple(each for each in DOWNLOAD_EXTENSIONS if each not in named)
    if excluded:
        yield _has_extension(excluded), "download"


def _statuses(filters: Filters) -> Iterator[Rule]:
    if not filters.errors:
        yield "status >= 400 OR status = 0", "error"
    if not filters.redirects:
        yield "status BETWEEN 300 AND 399 AND status <> 304", "redirect"


def _requests(filters: Filters) -> Iterator[Rule]:
    if filters.exclude_paths:
        yield fits("path", filters.exclude_paths), "path"
    if filters.include_paths:
        yield f"NOT {fits('path', filters.include_paths)}", "path"
    if filters.methods:
        yield f"NOT {is_one_of('method', filters.methods, ' ')}", "method"
    if not filters.static:
        yield _STATIC, "static"


def _clients(filters: Filters) -> Iterator[Rule]:
    if filters.exclude_ips:
        yield is_among(filters.exclude_ips), "ip"
    if filters.include_ips:
        yield f"NOT {is_among(filters.include_ips)}", "ip"
    if filters.exclude_referrers:
        yield contains_or_fits("referrer", filters.exclude_referrers), "referrer"


def _times(filters: Filters, zone: str) -> Iterator[Rule]:
    """A date means the whole day: older is before its beginning, newer after its end."""
    if filters.exclude_older_than:
        yield f"ts < {_timestamp(filters.exclude_older_than, zone)}", "older"
    if filters.exclude_newer_than and len(filters.exclude_newer_than) == _DATE_ALONE:
        yield f"ts >= {_timestamp(filters.exclude_newer_than, zone, days=1)}", "newer"
    elif filters.exclude_newer_than:
        yield f"ts > {_timestamp(filters.exclude_newer_than, zone)}", "newer"


def _timestamp(text: str, zone: str, days: int = 0) -> str:
    limit = dt.datetime.fromisoformat(text) + dt.timedelta(days=days)
    limit = limit if limit.tzinfo else limit.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    return f"TIMESTAMP {literal(limit.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=' '))}"


def agent_reason(filters: Filters) -> str:
    """SQL over the joined `agents` row: why a line is filtered for its user agent, or NULL."""
    check = literal(HEALTH_CHECK)
    cases = "" if filters.bots else f"WHEN agents.kind = {check} THEN {check} WHEN agents.bot THEN 'bot' "
    return f"CASE {cases}WHEN agents.excluded THEN 'user agent' END"


def agent_excluded(filters: Filters) -> str:
    """SQL over a column `user_agent`: whether the filters exclude it."""
    return contains_or_fits("user_agent", filters.exclude_user_agents)


def download(filters: Filters, hits: HitSettings) -> str:
    """SQL over path: whether a hit is a download, as static files are when they count."""
    listed = _has_extension(downloads_of(hits))
    return f"({listed} OR {_STATIC})" if filters.static else listed


def _has_extension(extensions: tuple[str, ...]) -> str:
    return f"regexp_matches(path, {literal(_ends('.', extensions))})" if extensions else "false"


def downloads_of(hits: HitSettings) -> tuple[str, ...]:
    """The extensions of downloads, in lower case."""
    named = DOWNLOAD_EXTENSIONS if hits.download_extensions is None else _lower(hits.download_extensions)
    return (*named, *_lower(hits.add_download_extensions))


def _lower(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.lower() for text in texts)


def path_and_query(hits: HitSettings) -> str:
    """SQL over local, given_query and apart (whether the query is a separate field): the columns path and query."""
    return f"{path_of(hits)} AS path, {query_of(hits, 'given_query')} AS query"


def path_of(hits: HitSettings) -> str:
    """SQL over local and apart: the path."""
    return f"CASE WHEN apart THEN local ELSE split_part(local, {literal(hits.query_delimiter)}, 1) END"


def query_of(hits: HitSettings, given: str) -> str:
    """SQL over local and apart: the query; `given` is SQL for that of a separate field."""
    mark = literal(hits.query_delimiter)
    behind = f"substr(local, instr(local, {mark}) + {len(hits.query_delimiter)})"
    return f"""CASE
        WHEN apart THEN nullif(nullif({given}, '-'), '')
        WHEN contains(local, {mark}) THEN {behind}
    END"""


def anonymises_addresses(hits: HitSettings) -> bool:
    """Whether `rewritten` masks addresses; it then needs the columns of `client_address.PACKED`."""
    return hits.anonymise_ips > 0


def rewritten(hits: HitSettings) -> Mapping[str, str]:
    """SQL for each column that the hit rules change, by the column's name."""
    changed = {
        "path": _path(hits),
        "query": _query(hits),
        "ip": masked(hits.anonymise_ips) if hits.anonymise_ips else "ip",
    }
    return {name: sql for name, sql in changed.items() if sql != name}


def _path(hits: HitSettings) -> str:
    path = "lower(path)" if hits.lowercase_paths else "path"
    for rule in hits.replace_paths:
        path = _replaced(path, rule)
    if hits.replace_paths:
        path = f"coalesce(nullif({path}, ''), '/')"
    return f"concat({literal(hits.path_prefix)}, {path})" if hits.path_prefix else path


def _replaced(path: str, rule: PathRule) -> str:
    return f"regexp_replace({path}, {literal(rule.find)}, {literal(rule.replace)}, 'g')"


def _query(hits: HitSettings) -> str:
    """SQL: the query without excluded parameters; NULL if none remains."""
    if hits.strip_query:
        return "NULL::VARCHAR"
    if not hits.exclude_query_parameters:
        return "query"
    named = fits("split_part(part, '=', 1)", hits.exclude_query_parameters, any_case=True)
    remaining = f"list_filter(string_split(query, '&'), lambda part: NOT {named})"
    return f"nullif(array_to_string({remaining}, '&'), '')"
