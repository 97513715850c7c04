"""Hits of parts as request strings of Matomo's tracker, in SQL for DuckDB.

Every value is percent-encoded, so that a string is ASCII without quotes, backslashes or control characters, whatever
the log contains. The parameters are those that Matomo's own importer sends, and `pv_id`, by which a hit is looked up.
`bots=1`, because robots were filtered when the hits were loaded: Matomo would silently drop more of them. A hit without
a user agent or an address gets a substitute: Matomo would otherwise take those of the request itself.

Source: https://developer.matomo.org/api-reference/tracking-api
"""

import functools
from collections.abc import Mapping

from mtc.core.sql import literal
from mtc.formats.sql import is_host

_URL_LENGTH = 1024
_AGENT_LENGTH = 2048
_ERROR = 300

# Six characters of [A-Za-z0-9], always the same for a hit: `uid` belongs to the delivery, object and line to the hit.
# They are 36 bits of a digest in base64, whose two other characters are replaced by letters.
_DIGEST = "to_base64(unhex(left(md5(concat($uid, ':', object, ':', line)), 10)))"
PV_ID = f"replace(replace(left({_DIGEST}, 6), '+', 'A'), '/', 'a')"

# Columns that a part stores in dictionaries are encoded once for each entry, not for each hit, as long as an expression
# is a plain function of one column. `substring` is one; `left` and CASE are not, and made this three times as slow.
# A URL is made of checked parts: an invalid host is replaced by the site's, a path begins with a slash.
_BASE = f"CASE WHEN {is_host('host')} THEN url_encode($scheme) || url_encode(host) ELSE url_encode($base) END"
_PATH = "regexp_replace(path, '^([^/])', '/\\1')"
_VALUES: Mapping[str, str] = {
    "host": "host",
    "method": "method",
    "protocol": "protocol",
    "status": "status::VARCHAR",
    "user": '"user"',
    "query": "query",
}


def columns() -> str:
    """SQL: the columns of a part that a request needs."""
    return (
        'object, line, ts, ip, host, path, query, protocol, method, status, bytes, time_ms, referrer, "user", '
        "user_agent, download"
    )


@functools.cache
def request(dimensions: tuple[tuple[str, str], ...]) -> str:
    """SQL: the request string of a hit, as an expression over `columns`, `address`, `url` and `pv_id`.

    `dimensions` are pairs of a custom dimension's number and the name of its value, in the order of the request.
    """
    pieces = [
        "$head",
        "'&cdt='",
        "strftime(ts, '%Y-%m-%d%%20%H%%3A%M%%3A%S')",
        "'&url='",
        "url",
        "'&urlref='",
        _encoded("referrer"),
        "'&ua='",
        f"coalesce(nullif({_encoded('user_agent', _AGENT_LENGTH)}, ''), '-')",
        "'&pv_id='",
        "pv_id",
        "'&cip='",
        "url_encode(address)",
        _optional("uid", "nullif(\"user\", '-')"),
        "CASE WHEN download THEN '&download=' || url END",
        "CASE WHEN bytes > 0 THEN '&bw_bytes=' || bytes END",
        "CASE WHEN time_ms >= 1 THEN '&pf_srv=' || try_cast(time_ms AS BIGINT) END",
        f"CASE WHEN status >= {_ERROR} AND status <> 304 THEN '&action_name=' || {_title()} END",
        *(_optional(f"dimension{number}", _VALUES[name]) for number, name in dimensions),
    ]
    return f"concat({', '.join(pieces)})"


def url() -> str:
    """SQL: the encoded URL of a hit. A path cannot change the host: it follows the host."""
    return f"concat({_BASE}, {_target()})"


def head(site_id: int) -> str:
    """The parameters with which every request of a site begins."""
    return f"?idsite={site_id}&rec=1&apiv=1&bots=1&dp=1"


def no_op_request(site_id: int) -> str:
    """A request that Matomo answers like any other but does not store: `rec` is not 1."""
    return head(site_id).replace("&rec=1", "&rec=0")


def _target() -> str:
    """The encoded path and query; cut off if they are too long together, which is rare."""
    whole = f"url_encode(substring(concat({_PATH}, '?' || nullif(query, '')), 1, {_URL_LENGTH}))"
    pieces = f"concat(url_encode({_PATH}), CASE WHEN query <> '' THEN '%3F' END, url_encode(query))"
    fits = f"coalesce(strlen(path), 0) + coalesce(strlen(query), 0) < {_URL_LENGTH}"
    return f"CASE WHEN {fits} THEN {pieces} ELSE {whole} END"


def _encoded(value: str, length: int = _URL_LENGTH) -> str:
    return f"url_encode(substring({value}, 1, {length}))"


def _optional(name: str, value: str) -> str:
    """A parameter, or NULL without a value: `concat` skips it then."""
    return f"{literal('&' + name + '=')} || nullif({_encoded(value)}, '')"


def _title() -> str:
    """The page title of an error response, by which Matomo groups them. It is encoded, the URLs in it twice."""
    referrer = _encoded("nullif(referrer, '')")
    return f"concat(status, '%2FURL%20%3D%20', url_encode(url), '%2FFrom%20%3D%20' || url_encode({referrer}))"
