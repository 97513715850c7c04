r"""Proxies that write text: Traefik and Envoy.

Sources: Traefik, 'Access Logs', format `common` (combined, then the request's number, router, server and milliseconds;
the status of a request that was not answered is `-`). Envoy, 'Access logging', default format string, and Istio's,
which has three fields more behind the flags: the address is the first of X-Forwarded-For, the host `:authority`, the
time taken is milliseconds, status 0 was not answered; START_TIME may have a format of its own. A line without an
address is nobody's visit: it is not matched.
"""

from mtc.formats.base import ANY_EPOCH, CLF_TIME, Format, Time
from mtc.formats.expressions import CLOCK, FAST_WHO, IP, NAME, QUOTED, USER, WHOM, last, uncut
from mtc.formats.ncsa import COMBINED_FIELDS
from mtc.formats.pattern import FastPath, Pattern

TRAEFIK = Format(
    name="traefik",
    title="Traefik, format common",
    shape=Pattern(
        rf'^{IP}\s+\S+\s+{USER}\s+{CLOCK}\s+"(?P<request>{QUOTED})"\s+(?P<status>\d{{1,3}}|-)\s+(?P<bytes>[^\s"]+)'
        rf'{WHOM}\s+\d+\s+"{QUOTED}"\s+"{QUOTED}"\s+(?P<time_taken>\d+)ms$',
        FastPath(
            f"^{FAST_WHO}",
            rf"c10 IS NOT NULL AND c11 IS NULL AND c4 = ' ' AND c8 = ' ' AND {uncut('c1', 'c3', 'c5', 'c7', 'c9')}"
            r" AND regexp_full_match(c2, ' (?:\d{1,3}|-) \S+ ') AND regexp_full_match(c6, ' \d+ ')"
            r" AND regexp_full_match(c10, ' \d+ms')",
            (*COMBINED_FIELDS, ("time_taken", "trim(c10, ' ms')")),
        ),
    ),
    taken=1,
    derive=(("status", "CASE z.status WHEN '-' THEN '0' ELSE z.status END"),),
    other=(
        "starts_with({line}, 'time=')"
        r" OR regexp_matches({line}, '^\d{4}-\d\d-\d\dT\S+ (?:TRC|DBG|INF|WRN|ERR|FTL|PNC) ')"
    ),
)

_ADDRESS = r'(?P<ip>[0-9A-Za-z\[][^",\s]*)'

ENVOY = Format(
    name="envoy",
    title="Envoy, default format (and Istio's)",
    shape=Pattern(
        rf'^\[(?P<time>[^\]]+)\] "(?P<request>{QUOTED})" (?P<status>\d{{1,3}}) \S+ (?:\S+ \S+ "{QUOTED}" )?\d+'
        rf' (?P<bytes>\d+) (?P<time_taken>\d+) \S+ "{_ADDRESS}[^"]*" "(?P<user_agent>{QUOTED})" "{QUOTED}"'
        rf' "(?:-|(?P<host>{NAME})(?::\d+)?)" "{QUOTED}"(?:\s.*)?$',
        FastPath(
            r"^\[(?P<time>[^\]]+)\] $",
            rf"{last(12)} AND c4 = ' ' AND c6 = ' ' AND c8 = ' '"
            rf" AND c10 = ' ' AND {uncut('c1', 'c5', 'c7', 'c11')} AND regexp_full_match(c3, '[0-9A-Za-z][^,\s]*')"
            r" AND regexp_full_match(c2, ' \d{1,3} \S+ \d+ \d+ \d+ \S+ ')"
            r" AND regexp_full_match(c9, '[\w.\-]*(?::\d+)?')",
            (
                ("request", "c1"),
                ("status", "split_part(c2, ' ', 2)"),
                ("bytes", "split_part(c2, ' ', 5)"),
                ("time_taken", "split_part(c2, ' ', 6)"),
                ("ip", "c3"),
                ("user_agent", "c5"),
                ("host", "nullif(split_part(c9, ':', 1), '-')"),
            ),
        ),
    ),
    time=Time((CLF_TIME,), utc=True, epoch=ANY_EPOCH, iso=True),
    taken=1,
    other=r"regexp_matches({line}, '^\[[^\]]+\]\[\d+\]\[\w+\]\[')",
)
