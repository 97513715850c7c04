"""What is kept of a request that counts: the manifest's `hits`, as SQL over the columns that a line was read into.

Where path and query are parted is decided here as well, as that is how a line is read; everything else is done to hits
alone, when the filters have judged what the log says.
"""

from collections.abc import Mapping

from mtc.formats.addresses import masked
from mtc.formats.globs import fits
from mtc.manifest.hits import Hits, PathRule
from mtc.warehouse.quoting import literal


def split(hits: Hits) -> str:
    """SQL over local, given_query and apart (whether the query has a field of its own): the columns path and query."""
    mark = literal(hits.query_delimiter)
    behind = f"substr(local, instr(local, {mark}) + {len(hits.query_delimiter)})"
    return f"""
    CASE WHEN apart THEN local ELSE split_part(local, {mark}, 1) END AS path,
    CASE
        WHEN apart THEN nullif(nullif(given_query, '-'), '')
        WHEN contains(local, {mark}) THEN {behind}
    END AS query
"""


def needs_addresses(hits: Hits) -> bool:
    """Whether `rewritten` looks at addresses: then it needs the columns of `addresses.PACKED`."""
    return hits.anonymise_ips > 0


def rewritten(hits: Hits) -> Mapping[str, str]:
    """SQL for each column that a hit keeps in another way than it was read."""
    changed = {
        "path": _path(hits),
        "query": _query(hits),
        "ip": masked(hits.anonymise_ips) if hits.anonymise_ips else "ip",
    }
    return {name: sql for name, sql in changed.items() if sql != name}


def _path(hits: Hits) -> str:
    path = "lower(path)" if hits.lowercase_paths else "path"
    for rule in hits.replace_paths:
        path = _replaced(path, rule)
    if hits.replace_paths:
        path = f"coalesce(nullif({path}, ''), '/')"
    return f"concat({literal(hits.path_prefix)}, {path})" if hits.path_prefix else path


def _replaced(path: str, rule: PathRule) -> str:
    return f"regexp_replace({path}, {literal(rule.find)}, {literal(rule.replace)}, 'g')"


def _query(hits: Hits) -> str:
    """A query of which nothing is left is none."""
    if hits.strip_query:
        return "NULL::VARCHAR"
    if not hits.exclude_query_parameters:
        return "query"
    named = fits("split_part(part, '=', 1)", hits.exclude_query_parameters, any_case=True)
    kept = f"list_filter(string_split(query, '&'), lambda part: NOT {named})"
    return f"nullif(array_to_string({kept}, '&'), '')"
