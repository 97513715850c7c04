"""Squid's access log: its own format, with and without headers, and its built-in combined."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

NATIVE = SampleFile(
    format="squid",
    text="""1777629903.310     45 192.0.2.1 TCP_MISS/200 5120 GET http://www.example.org/docs/?a=1 - HIER_DIRECT/198.51.100.10 text/html
1777629904.000   1500 2001:db8::7 TCP_HIT/301 812 GET https://Shop.example.org:8443/search?q=duck%20db ada HIER_NONE/- -
1777629905.250      0 192.0.2.9 TCP_MEM_HIT_ABORTED/000 0 GET http://www.example.org - HIER_NONE/- -
1777629906.000  31070 192.0.2.9 TCP_TUNNEL/200 2904 CONNECT www.example.org:443 - HIER_DIRECT/198.51.100.10 -
1777629907.000      0 192.0.2.9 NONE_NONE/400 3926 - error:transaction-end-before-headers - HIER_NONE/- text/html
1777629908.000      0 192.0.2.9 TAG_NONE/400 3926 NONE error:invalid-request - HIER_NONE/- text/html
1777629909.000      1 192.0.2.9 TCP_MISS/200 1032 GET cache_object://localhost/counters - HIER_NONE/- text/plain
1777629910.000      7 192.0.2.9 TCP_DENIED/403 3988 POST http://[2001:db8::5]/caf%C3%A9 - HIER_NONE/- text/html
1777629910.500      0 192.0.2.200 UDP_MISS/000 62 ICP_QUERY http://www.example.org/docs/ - HIER_NONE/- -
1777629911.000     12 192.0.2.9 TCP_CLIENT_REFRESH_MISS/200 9 GET /plain - FIRSTUP_PARENT/192.0.2.200 text/html
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", query="a=1", status=200, bytes=5120, time_ms=45.0),
        Row(host="shop.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db", status=301, bytes=812, time_ms=1500.0),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:05.250000", method="GET", path="/", status=0, bytes=0, time_ms=0.0),
        Row(host="[2001:db8::5]", ip="192.0.2.9", time="2026-05-01 10:05:10", method="POST", path="/caf%C3%A9", status=403, bytes=3988, time_ms=7.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:11", method="GET", path="/plain", status=200, bytes=9, time_ms=12.0),
    ),
    other=5,
    note="Squid, 'logformat', built-in format squid: milliseconds taken, status 000 was not answered, the user may be"
    " `-`; tunnels and what was no request belong to the log and are nobody's page.",
)  # fmt: skip

MIME = SampleFile(
    format="squid",
    text="""1777629903.310     45 192.0.2.1 TCP_MISS/200 5120 GET http://www.example.org/docs/ - HIER_DIRECT/198.51.100.10 text/html [User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0%0D%0AAccept: */*%0D%0AReferer: https://www.example.org/a%2520b%0D%0AHost: www.example.org%0D%0A] [HTTP/1.1 200 OK%0D%0ADate: Fri, 01 May 2026 10:05:03 GMT%0D%0A%0D]
1777629904.310     45 192.0.2.2 TCP_MISS/200 5120 GET http://www.example.org/docs/ - HIER_DIRECT/198.51.100.10 text/html [Host: www.example.org%0D%0A] [HTTP/1.1 200 OK%0D%0A]
1777629905.310     45 192.0.2.2 TCP_MISS/200 5120 GET http://www.example.org/docs/ - HIER_DIRECT/198.51.100.10 text/html "https://www.example.org/" "curl/8.0"
1777629906.310     45 192.0.2.2 TCP_MISS/200 5120 GET http://www.example.org/docs/ - HIER_DIRECT/198.51.100.10 text/html "say \\"hi\\"" "-"
1777629907.310     45 192.0.2.2 TCP_MISS/200 5120 GET http://www.example.org/docs/ - HIER_DIRECT/198.51.100.10 text/html "curl/8.0" "android-app://org.example/"
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", status=200, bytes=5120, time_ms=45.0, referrer="https://www.example.org/a%20b", user_agent=FIREFOX),
        Row(host="www.example.org", ip="192.0.2.2", time="2026-05-01 10:05:04.310000", method="GET", path="/docs/", status=200, bytes=5120, time_ms=45.0),
        Row(host="www.example.org", ip="192.0.2.2", time="2026-05-01 10:05:05.310000", method="GET", path="/docs/", status=200, bytes=5120, time_ms=45.0, referrer="https://www.example.org/", user_agent="curl/8.0"),
        Row(host="www.example.org", ip="192.0.2.2", time="2026-05-01 10:05:06.310000", method="GET", path="/docs/", status=200, bytes=5120, time_ms=45.0, user_agent=r'say \"hi\"'),
        Row(host="www.example.org", ip="192.0.2.2", time="2026-05-01 10:05:07.310000", method="GET", path="/docs/", status=200, bytes=5120, time_ms=45.0, referrer="android-app://org.example/", user_agent="curl/8.0"),
    ),
    note="Squid, 'log_mime_hdrs': the headers of the request and of the answer in brackets, percent signs and line ends"
    " percent-encoded. The last lines have headers in quotes behind, in either order.",
)  # fmt: skip

LOCAL = SampleFile(
    format="squid",
    text="""01/May/2026:12:05:03 +0200     45 192.0.2.1 TCP_MISS/200 5120 GET http://www.example.org/docs/ ada HIER_DIRECT/198.51.100.10 text/html
[01/May/2026:12:05:04 +0200]     45 192.0.2.1 TCP_MISS/200 5120 GET http://www.example.org/b ada%20lovelace HIER_DIRECT/198.51.100.10 text/html;charset=utf-8
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", user="ada", time="2026-05-01 10:05:03", method="GET", path="/docs/", status=200, bytes=5120, time_ms=45.0),
        Row(host="www.example.org", ip="192.0.2.1", user="ada%20lovelace", time="2026-05-01 10:05:04", method="GET", path="/b", status=200, bytes=5120, time_ms=45.0),
    ),
    note="Squid, 'logformat', %tl in place of the seconds, with or without brackets.",
)  # fmt: skip

COMBINED = SampleFile(
    format="combined",
    text="""192.0.2.1 - ada [01/May/2026:12:05:03 +0200] "GET /docs/ HTTP/1.1" 200 5120 "https://www.example.org/" "curl/8.0" TCP_MISS:HIER_DIRECT
""",
    rows=(
        Row(ip="192.0.2.1", user="ada", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, referrer="https://www.example.org/", user_agent="curl/8.0"),
    ),
    note="Squid, 'logformat', built-in format combined: NCSA's, with result and hierarchy behind.",
)  # fmt: skip

SAMPLES = (NATIVE, MIME, LOCAL, COMBINED)
