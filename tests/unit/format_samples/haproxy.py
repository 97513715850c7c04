"""HAProxy's HTTP log: plain, behind a syslog prefix, with captured headers, in a zone of its own."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile

PLAIN = SampleFile(
    format="haproxy",
    text="""Proxy www started.
192.0.2.1:40001 [01/May/2026:10:05:03.143] www~ app/node1 2/0/1/20/25 200 5120 - - ---- 2/1/0/0/0 0/0 "GET /docs/ HTTP/1.1"
2001:db8::7:40002 [01/May/2026:10:05:04.000] www~ app/node1 2/0/1/40/+45 200 +812 - - ---- 2/1/0/0/0 0/0 "GET /search?q=duck%20db&page=2 HTTP/1.1"
198.51.100.7:40003 [01/May/2026:10:05:05.500] www www/<NOSRV> 0/-1/-1/-1/0 301 92 - - LR-- 2/1/0/0/0 0/0 "GET /old HTTP/1.1"
192.0.2.9:40004 [01/May/2026:10:05:06.007] www~ app/<NOSRV> 0/2001/-1/-1/2001 503 212 - - sQ-- 9/9/9/0/0 0/7 "POST /caf#C3#A9 HTTP/1.1"
192.0.2.9:40005 [01/May/2026:10:05:07.100] www~ app/node2 0/0/1/-1/3120 -1 0 - - CH-- 2/1/0/0/0 0/0 "GET /slow HTTP/1.1"
192.0.2.9:40006 [01/May/2026:10:05:08.100] www~ app/node2 0/0/1/5/7 200 99 sid=1 sid=2 --VN 2/1/0/0/0 0/0 "GET https://Shop.example.org/a?x=1 HTTP/2.0"
192.0.2.9:40007 [01/May/2026:10:05:09.100] www~ app/node2 0/0/1/5/7 200 99 - - ---- 2/1/0/0/0 0/0 "GET /long?x=yyyyyyyyyy
192.0.2.9:40008 [01/May/2026:10:05:10.100] www~ www/<NOSRV> -1/-1/-1/-1/0 400 187 - - PR-- 2/1/0/0/0 0/0 "<BADREQ>"
192.0.2.9:40009 [01/May/2026:10:05:11.100] www/1: SSL handshake failure
192.0.2.9:40010 [01/May/2026:10:05:12.100] tcp-in app/node1 1/0/500 1200 -- 1/1/1/1/0 0/0
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03.143000", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=25.0),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/1.1", status=200, bytes=812, time_ms=45.0),
        Row(ip="198.51.100.7", time="2026-05-01 10:05:05.500000", method="GET", path="/old", protocol="HTTP/1.1", status=301, bytes=92, time_ms=0.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06.007000", method="POST", path="/caf#C3#A9", protocol="HTTP/1.1", status=503, bytes=212, time_ms=2001.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07.100000", method="GET", path="/slow", protocol="HTTP/1.1", status=0, bytes=0, time_ms=3120.0),
        Row(host="shop.example.org", ip="192.0.2.9", time="2026-05-01 10:05:08.100000", method="GET", path="/a", query="x=1", protocol="HTTP/2.0", status=200, bytes=99, time_ms=7.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:09.100000", method="GET", path="/long", query="x=yyyyyyyyyy", status=200, bytes=99, time_ms=7.0),
    ),
    other=4,
    note="HAProxy Configuration Manual, 'HTTP log format' and 'Timing events': the last timer is the whole time in ms, a"
    " plus sign (option logasap) is no part of numbers; status -1 was not answered; HTTP/2 requests come as URLs with"
    " their host; a request that was cut off has no closing quote. Start-up, BADREQ, TLS failures and TCP lines are no"
    " requests.",
)  # fmt: skip

SYSLOG = SampleFile(
    format="haproxy",
    text=f"""May  1 10:05:00 lb1 haproxy[812]: Proxy www started.
May  1 10:05:03 lb1 haproxy[812]: 192.0.2.1:40001 [01/May/2026:10:05:03.143] www~ app/node1 2/0/1/20/25 200 5120 - - ---- 2/1/0/0/0 0/0 {{{FIREFOX}|https://www.example.org/docs/}} {{}} "GET /docs/ HTTP/1.1"
<134>May  1 10:05:04 haproxy[812]: 2001:db8::7:40002 [01/May/2026:10:05:04.000] www~ app/node1 2/0/1/40/45 200 812 - - ---- 2/1/0/0/0 0/0 {{{CHROME}}} {{text/html|gzip}} "GET /a HTTP/1.1"
2026-05-01T12:05:05.500000+02:00 lb1.example.org haproxy[812]: 198.51.100.7:40003 [01/May/2026:10:05:05.500] www app/node1 0/0/1/3/4 200 92 - - ---- 2/1/0/0/0 0/0 {{www.example.org}} {{}} "GET /b HTTP/1.1"
May  1 10:05:06 lb1 haproxy[812]: 192.0.2.9:40004 [01/May/2026:10:05:06.000] www app/node1 0/0/1/3/4 404 92 - - ---- 2/1/0/0/0 0/0 {{Shop.example.org|Lesegerät 2.0|https://www.example.org/?a=1}} {{}} "GET /c HTTP/1.1"
May  1 10:05:07 lb1 haproxy[812]: 192.0.2.9:40005 [01/May/2026:10:05:07.000] www app/node1 0/0/1/3/4 200 92 - - ---- 2/1/0/0/0 0/0 {{|}} {{}} "GET /d HTTP/1.1"
May  1 10:05:08 lb1 haproxy[812]: 192.0.2.9:40006 [01/May/2026:10:05:08.000] www app/node1 0/0/1/3/4 200 92 - - ---- 2/1/0/0/0 0/0 {{ExampleBot/1.0 (+https://example.net/bot)|}} "GET /e HTTP/1.1"
May  1 10:05:09 lb1 haproxy[812]: 192.0.2.9:40007 [01/May/2026:10:05:09.000] www/1: Connection closed during SSL handshake
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03.143000", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=25.0, referrer="https://www.example.org/docs/", user_agent=FIREFOX),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/a", protocol="HTTP/1.1", status=200, bytes=812, time_ms=45.0, user_agent=CHROME),
        Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:05.500000", method="GET", path="/b", protocol="HTTP/1.1", status=200, bytes=92, time_ms=4.0),
        Row(host="shop.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/c", protocol="HTTP/1.1", status=404, bytes=92, time_ms=4.0, referrer="https://www.example.org/?a=1", user_agent="Lesegerät 2.0"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/d", protocol="HTTP/1.1", status=200, bytes=92, time_ms=4.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:08", method="GET", path="/e", protocol="HTTP/1.1", status=200, bytes=92, time_ms=4.0, user_agent="ExampleBot/1.0 (+https://example.net/bot)"),
    ),
    other=2,
    note="HAProxy Configuration Manual, 'HTTP log format', captured_request_headers: the first braces hold what `capture"
    " request header` lists, in its order, which the log does not name. A value that is a URL is the referrer, one that"
    " is a host name the host, any other the user agent. A single pair of braces may be either one; it is the request's.",
)  # fmt: skip

ZONED = SampleFile(
    format="haproxy",
    text="""192.0.2.1:40001 [01/May/2026:12:05:03.143] www~ app/node1 2/0/1/20/25 200 5120 - - ---- 2/1/0/0/0 0/0 "GET /may HTTP/1.1"
192.0.2.1:40001 [29/Mar/2026:01:59:59.999] www~ app/node1 2/0/1/20/25 200 5120 - - ---- 2/1/0/0/0 0/0 "GET /winter HTTP/1.1"
192.0.2.1:40001 [29/Mar/2026:03:00:00.000] www~ app/node1 2/0/1/20/25 200 5120 - - ---- 2/1/0/0/0 0/0 "GET /summer HTTP/1.1"
192.0.2.1:40001 [01/Jan/2026:00:30:00.000] www~ app/node1 2/0/1/20/25 200 5120 - - ---- 2/1/0/0/0 0/0 "GET /year HTTP/1.1"
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03.143000", method="GET", path="/may", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=25.0),
        Row(ip="192.0.2.1", time="2026-03-29 00:59:59.999000", method="GET", path="/winter", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=25.0),
        Row(ip="192.0.2.1", time="2026-03-29 01:00:00", method="GET", path="/summer", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=25.0),
        Row(ip="192.0.2.1", time="2025-12-31 23:30:00", method="GET", path="/year", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=25.0),
    ),
    zone="Europe/Paris",
    note="HAProxy Configuration Manual, 'HTTP log format', accept_date: local time without an offset; the zone has to be"
    " told, and summer time is its own.",
)  # fmt: skip

SAMPLES = (PLAIN, SYSLOG, ZONED)
