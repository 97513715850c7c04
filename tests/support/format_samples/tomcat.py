"""Tomcat's JSON access log valve."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

JSON = SampleFile(
    format="tomcat_json",
    text=f"""{{"host":"192.0.2.1","logicalUserName":"-","user":"ada","time":"[01/May/2026:12:05:03 +0200]","request":"GET /docs/?a=1 HTTP/1.1","statusCode":"200","size":"5120","requestHeaders":{{"Referer":"https://www.example.org/","User-Agent":"{FIREFOX}"}}}}
{{"remoteAddr":"2001:db8::7","localServerName":"Shop.example.org","time":"[01/May/2026:10:05:04 +0000]","method":"POST","path":"/b","query":"?x=1","protocol":"HTTP/1.1","statusCode":"404","byteSentNC":"0","elapsedTime":"12","elapsedTimeS":"0.012","threadName":"http-nio-8080-exec-1"}}
{{"time":"2026-05-01T10:05:05Z","level":"INFO","message":"Server startup in [500] milliseconds"}}
""",
    rows=(
        Row(ip="192.0.2.1", user="ada", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, referrer="https://www.example.org/", user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="POST", path="/b", query="x=1", protocol="HTTP/1.1", status=404, bytes=0, time_ms=12.0),
    ),
    other=1,
    note="Tomcat, JsonAccessLogValve: the pattern's parts under their names, all texts; host is the client.",
)  # fmt: skip

COMBINED = SampleFile(
    format="combined",
    text=f"""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "{FIREFOX}"
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, user_agent=FIREFOX),
    ),
    note="The text valve with pattern=combined.",
)  # fmt: skip

SAMPLES = (JSON, COMBINED)
