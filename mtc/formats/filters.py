"""What counts as a hit: the rules of Matomo's own importer, as one SQL CASE that names the reason a line is left out.

Order matters, as the first rule that applies gives the reason: whose line it is, then the importer's order. Robots and
other user agents come last: they are decided on distinct texts, after the rest (`agent_reason`). Filters see what the
log says; what `hits` makes of it comes later (`rewrite`).
"""

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator

from mtc.formats.addresses import is_among
from mtc.formats.globs import contains_or_fits, fits
from mtc.formats.lists import DOWNLOAD_EXTENSIONS, HEALTH_CHECK, STATIC_EXTENSIONS, STATIC_FILES
from mtc.formats.words import one_of
from mtc.manifest.hits import Hits
from mtc.manifest.models import Filters
from mtc.warehouse.quoting import literal

_DATE_ALONE = 10

Rule = tuple[str, str]
"""A condition in SQL, and the reason that it gives."""


def _ends(before: str, words: tuple[str, ...]) -> str:
    """RE2: a path that ends with one of the words, whatever the case, with `before` in front of it or nothing."""
    return f"(?:^|[{before}])(?i:{'|'.join(map(re.escape, words))})$"


_STATIC_PATH = f"{_ends('.', STATIC_EXTENSIONS)}|{_ends('/', STATIC_FILES)}"
_STATIC = f"regexp_matches(path, {literal(_STATIC_PATH)})"


def needs_addresses(filters: Filters) -> bool:
    """Whether `reason` looks at addresses: then it needs the columns of `addresses.PACKED`."""
    return bool(filters.include_ips or filters.exclude_ips)


def reason(filters: Filters, hits: Hits, zone: str) -> str:
    """SQL over host, ip, method, path, status, referrer and ts: why a readable line is no hit, or NULL.

    Times of the filters that name no offset are in `zone`.
    """
    rules = (*_hosts(filters), *_downloads(hits), *_answers(filters), *_requests(filters), *_visitors(filters))
    cases = "\n".join(f"WHEN {condition} THEN {literal(name)}" for condition, name in (*rules, *_times(filters, zone)))
    return f"CASE {cases} END" if cases else "NULL::VARCHAR"


def _hosts(filters: Filters) -> Iterator[Rule]:
    """Lines that name no host are nobody's else."""
    if filters.hosts:
        yield f"host IS NOT NULL AND NOT {fits('host', _lower(filters.hosts))}", "host"
    if filters.exclude_hosts:
        yield f"host IS NOT NULL AND {fits('host', _lower(filters.exclude_hosts))}", "host"


def _downloads(hits: Hits) -> Iterator[Rule]:
    """Whoever names the downloads that count, does not want the others."""
    named = _downloads_of(hits)
    unwanted = tuple(each for each in DOWNLOAD_EXTENSIONS if each not in named)
    if unwanted:
        yield _has_extension(unwanted), "download"


def _answers(filters: Filters) -> Iterator[Rule]:
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
        yield f"NOT {one_of('method', filters.methods, ' ')}", "method"
    if not filters.static:
        yield _STATIC, "static"


def _visitors(filters: Filters) -> Iterator[Rule]:
    if filters.exclude_ips:
        yield is_among(filters.exclude_ips), "ip"
    if filters.include_ips:
        yield f"NOT {is_among(filters.include_ips)}", "ip"
    if filters.exclude_referrers:
        yield contains_or_fits("referrer", filters.exclude_referrers), "referrer"


def _times(filters: Filters, zone: str) -> Iterator[Rule]:
    """A day alone means all of it: older is before it begins, newer is after it has ended."""
    if filters.exclude_older_than:
        yield f"ts < {_timestamp(filters.exclude_older_than, zone)}", "older"
    if filters.exclude_newer_than and len(filters.exclude_newer_than) == _DATE_ALONE:
        yield f"ts >= {_timestamp(filters.exclude_newer_than, zone, days=1)}", "newer"
    elif filters.exclude_newer_than:
        yield f"ts > {_timestamp(filters.exclude_newer_than, zone)}", "newer"


def _timestamp(text: str, zone: str, days: int = 0) -> str:
    moment = dt.datetime.fromisoformat(text) + dt.timedelta(days=days)
    known = moment if moment.tzinfo else moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    return f"TIMESTAMP {literal(known.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=' '))}"


def agent_reason(filters: Filters) -> str:
    """SQL over the joined `agents` row: why a line is no hit for its user agent, or NULL."""
    check = literal(HEALTH_CHECK)
    cases = "" if filters.bots else f"WHEN agents.kind = {check} THEN {check} WHEN agents.bot THEN 'bot' "
    return f"CASE {cases}WHEN agents.excluded THEN 'user agent' END"


def agent_excluded(filters: Filters) -> str:
    """SQL over a column `user_agent`: whether the filters name it."""
    return contains_or_fits("user_agent", filters.exclude_user_agents)


def download(filters: Filters, hits: Hits) -> str:
    """SQL over path: whether a hit is a download, as static files are when they count."""
    listed = _has_extension(_downloads_of(hits))
    return f"({listed} OR {_STATIC})" if filters.static else listed


def _has_extension(extensions: tuple[str, ...]) -> str:
    return f"regexp_matches(path, {literal(_ends('.', extensions))})" if extensions else "false"


def _downloads_of(hits: Hits) -> tuple[str, ...]:
    named = DOWNLOAD_EXTENSIONS if hits.download_extensions is None else _lower(hits.download_extensions)
    return (*named, *_lower(hits.add_download_extensions))


def _lower(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.lower() for text in texts)
