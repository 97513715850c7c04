"""A hit of a part as a finished request string of Matomo's tracker, made by DuckDB.

Every value is percent-encoded, so that a string is ASCII without quotes, backslashes or control characters, whatever a
stranger wrote into the log. The parameters are those that Matomo's own importer sends, and `pv_id`, by which a hit can
be found again. `bots=1`, since what is a robot was decided when the hits were loaded: Matomo would drop more of them
without a word.
"""

import functools
from collections.abc import Mapping

from mtc.warehouse.quoting import literal

_URL_LENGTH = 1024
_AGENT_LENGTH = 2048
_ERROR = 300

# Six characters of [A-Za-z0-9], the same whenever they are made: `uid` belongs to the delivery, object and line to the
# hit. 36 bits of a digest; of base64's two other characters each stands for a letter.
PV_ID = "translate(left(to_base64(unhex(md5($uid || ':' || object || ':' || line))), 6), '+/', 'Aa')"

_BASE = (
    f"CASE WHEN host IS NULL OR host = '' THEN $base ELSE $scheme || host END"
    f" || left(coalesce(path, '') || coalesce('?' || nullif(query, ''), ''), {_URL_LENGTH})"
)
_VALUES: Mapping[str, str] = {
    "host": "host",
    "method": "method",
    "protocol": "protocol",
    "status": "status::VARCHAR",
    "user": '"user"',
    "query": "query",
}


def columns() -> str:
    """SQL: the columns of the table `hit` that a request needs, of a part."""
    return (
        'object, line, ts, ip, host, path, query, protocol, method, status, bytes, time_ms, referrer, "user", '
        "user_agent, download"
    )


@functools.cache
def request(dimensions: tuple[tuple[str, str], ...]) -> str:
    """SQL: the request string of a hit, over `columns`, `url` and `pv_id`.

    `dimensions` are the numbers of custom dimensions with what they hold.
    """
    pieces = [
        "$head",
        "'&cdt=' || strftime(ts, '%Y-%m-%d%%20%H%%3A%M%%3A%S')",
        "'&url=' || url_encode(url)",
        f"'&urlref=' || url_encode(left(coalesce(referrer, ''), {_URL_LENGTH}))",
        f"'&ua=' || url_encode(left(coalesce(user_agent, ''), {_AGENT_LENGTH}))",
        "'&pv_id=' || pv_id",
        _given("cip", "ip"),
        _given("uid", "nullif(\"user\", '-')"),
        "CASE WHEN download THEN '&download=' || url_encode(url) ELSE '' END",
        "CASE WHEN bytes > 0 THEN '&bw_bytes=' || bytes ELSE '' END",
        "CASE WHEN time_ms >= 1 THEN '&pf_srv=' || time_ms::BIGINT ELSE '' END",
        f"CASE WHEN status >= {_ERROR} AND status <> 304 THEN '&action_name=' || url_encode({_title()}) ELSE '' END",
        *(_given(f"dimension{number}", _VALUES[name]) for number, name in dimensions),
    ]
    return "\n || ".join(pieces)


def url() -> str:
    """SQL: the address that was asked for. A path cannot lead to another host: it begins behind one."""
    return f"({_BASE})"


def head(site_id: int) -> str:
    """What every request of a site begins with. No plugin may put hits into a queue: a look-up would not find them."""
    return f"?idsite={site_id}&rec=1&apiv=1&bots=1&dp=1&queuedtracking=0"


def _given(name: str, value: str) -> str:
    """A parameter that is left out where there is no value."""
    return f"coalesce({literal('&' + name + '=')} || url_encode(nullif(left({value}, {_URL_LENGTH}), '')), '')"


def _title() -> str:
    """What Matomo shows an answer other than success as, so that those stand together."""
    origin = f"coalesce('/From = ' || url_encode(left(nullif(referrer, ''), {_URL_LENGTH})), '')"
    return f"status || '/URL = ' || url_encode(url) || {origin}"
