"""What counts as a hit: the rules of Matomo's own importer, as one SQL CASE that names the reason a line is left out.

Order matters, as the first rule that applies gives the reason. Robots come last: they are decided on distinct user
agents, after the rest (`AGENT_REASON`).
"""

import re

from mtc.formats.globs import any_of
from mtc.formats.lists import DOWNLOAD_EXTENSIONS, STATIC_EXTENSIONS, STATIC_FILES
from mtc.formats.words import one_of
from mtc.manifest.models import Filters
from mtc.warehouse.database import literal


def _ends(before: str, words: tuple[str, ...]) -> str:
    """RE2: a path that ends with one of the words, whatever the case, with `before` in front of it or nothing."""
    return f"(?:^|[{before}])(?i:{'|'.join(map(re.escape, words))})$"


_STATIC_PATH = f"{_ends('.', STATIC_EXTENSIONS)}|{_ends('/', STATIC_FILES)}"
_STATIC = f"regexp_matches(path, {literal(_STATIC_PATH)})"
_DOWNLOAD = f"regexp_matches(path, {literal(_ends('.', DOWNLOAD_EXTENSIONS))})"


def reason(filters: Filters) -> str:
    """SQL over host, ip, method, path and status: why a readable line is no hit, or NULL."""
    rules: list[tuple[str, str]] = []
    if filters.hosts:
        rules.append((f"host IS NOT NULL AND NOT {_fits('host', tuple(h.lower() for h in filters.hosts))}", "host"))
    if not filters.errors:
        rules.append(("status >= 400", "error"))
    if not filters.redirects:
        rules.append(("status BETWEEN 300 AND 399 AND status <> 304", "redirect"))
    if filters.exclude_paths:
        rules.append((_fits("path", filters.exclude_paths), "path"))
    if filters.include_paths:
        rules.append((f"NOT {_fits('path', filters.include_paths)}", "path"))
    if filters.methods:
        rules.append((f"NOT {one_of('method', filters.methods, ' ')}", "method"))
    if not filters.static:
        rules.append((_STATIC, "static"))
    if filters.exclude_ips:
        rules.append((_fits("ip", filters.exclude_ips), "ip"))
    cases = "\n".join(f"WHEN {condition} THEN {literal(name)}" for condition, name in rules)
    return f"CASE {cases} END" if cases else "NULL::VARCHAR"


def agent_reason(filters: Filters) -> str:
    """SQL over the joined `agents` row: why a line is no hit for its user agent, or NULL."""
    cases = "" if filters.bots else "WHEN agents.bot THEN 'bot' "
    return f"CASE {cases}WHEN agents.excluded THEN 'user agent' END"


def download(filters: Filters) -> str:
    """SQL over path: whether a hit is a download, as static files are when they count."""
    return f"({_DOWNLOAD} OR {_STATIC})" if filters.static else _DOWNLOAD


def _fits(column: str, globs: tuple[str, ...]) -> str:
    return f"regexp_full_match({column}, {literal(any_of(globs))})"
