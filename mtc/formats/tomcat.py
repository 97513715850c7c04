r"""Tomcat's JSON access log valve.

Source: Apache Tomcat, "The Valve Component", JSON Access Log Valve, and the names of its attributes: `host` is the
client (`%h`), as `remoteAddr` is (`%a`); the time is in brackets; headers that the pattern names stand in
`requestHeaders`. `elapsedTime` is milliseconds or microseconds, by Tomcat's version, which no line tells: it is
passed over, and `elapsedTimeS` is read. Patterns of the text valve are NCSA's, or `format: {tomcat: ...}`.
"""

from mtc.formats.base import CLF_TIME, Format, Time
from mtc.formats.json_lines import OBJECT, JsonLines, paths_of
from mtc.formats.texts import address, host_name, query_text, unbracketed

TOMCAT_JSON = Format(
    name="tomcat_json",
    title="Tomcat's JSON access log valve",
    shape=JsonLines(
        (
            *paths_of(
                ip="remoteAddr host",
                named="localServerName",
                user="user",
                time="time",
                request="request",
                method="method",
                path="path",
                query="query",
                protocol="protocol",
                status="statusCode",
                bytes="size byteSentNC",
                time_taken="elapsedTimeS",
            ),
            *paths_of(
                "requestHeaders",
                host="Host host",
                referrer="Referer referer",
                user_agent="User-Agent user-agent",
                forwarded_for="X-Forwarded-For x-forwarded-for",
            ),
        ),
        needed=(("ip",), ("time",), ("request", "path"), ("status",)),
    ),
    time=Time((CLF_TIME,), iso=True),
    taken=0.001,
    derive=(
        ("ip", address("z.ip")),
        ("host", host_name("coalesce(nullif(z.host, '-'), z.named)")),
        ("time", unbracketed("z.time")),
        ("path", "CASE WHEN z.request IS NULL THEN z.path END"),
        ("query", query_text("CASE WHEN z.request IS NULL THEN z.query END")),
    ),
    other=OBJECT,
)
