"""What hosters and panels write: OVH, Gandi, LiteSpeed, Nginx Proxy Manager."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile

OVH = SampleFile(
    format="ovh",
    text=f"""192.0.2.1 www.example.org - [01/May/2026:12:05:03 +0200] "GET /docs/ HTTP/1.1" 200 5120 "-" "{FIREFOX}"
198.51.100.7 Shop.Example.org:443 ada [01/May/2026:12:05:04 +0200] "GET /search?q=1 HTTP/2.0" 200 812 "https://www.example.org/" "{CHROME}"
2001:db8::7 www.example.org - [01/May/2026:10:05:05 +0000] "GET /old HTTP/1.1" 301 - "-" "-"
192.0.2.9 www.example.org - [01/May/2026:10:05:06 +0000] "GET /é HTTP/1.1" 404 209 "-" "Lesegerät 2.0"
192.0.2.9 www.example.org - [01/May/2026:10:05:07 +0000] "GET /plain" 200 9 "-" "-"
192.0.2.9 www.example.org - [01/May/2026:10:05:08 +0000] "-" 408 - "-" "-"
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=200, bytes=812, referrer="https://www.example.org/", user_agent=CHROME),
        Row(host="www.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/old", protocol="HTTP/1.1", status=301),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/é", protocol="HTTP/1.1", status=404, bytes=209, user_agent="Lesegerät 2.0"),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/plain", status=200, bytes=9),
    ),
    other=1,
    note="OVH, shared hosting's raw logs: combined with the host where the identity would be, so a line fits combined,"
    " too; by name the second column is the host.",
)  # fmt: skip

LIGHTTPD = SampleFile(
    format="lighttpd",
    text=f"""192.0.2.1 www.example.org - [01/May/2026:12:05:03 +0200] "GET /docs/ HTTP/1.1" 200 5120 "-" "{FIREFOX}"
198.51.100.7 shop.example.org:8443 ada [01/May/2026:12:05:04 +0200] "GET /search?q=1 HTTP/2.0" 200 812 "https://www.example.org/" "{CHROME}"
192.0.2.9 203.0.113.80 - [01/May/2026:10:05:05 +0000] "GET /old HTTP/1.1" 301 0 "-" "-"
2001:db8::7 [2001:db8::80]:8080 - [01/May/2026:10:05:06 +0000] "GET /six HTTP/1.1" 200 9 "-" "Lesegerät 2.0"
192.0.2.9 - - [01/May/2026:10:05:07 +0000] "GET /none HTTP/1.0" 200 9 "-" "-"
2026-05-01 10:05:08: (server.c.1939) server stopped by UID = 0 PID = 1
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=200, bytes=812, referrer="https://www.example.org/", user_agent=CHROME),
        Row(host="203.0.113.80", ip="192.0.2.9", time="2026-05-01 10:05:05", method="GET", path="/old", protocol="HTTP/1.1", status=301, bytes=0),
        Row(host="[2001:db8::80]", ip="2001:db8::7", time="2026-05-01 10:05:06", method="GET", path="/six", protocol="HTTP/1.1", status=200, bytes=9, user_agent="Lesegerät 2.0"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/none", protocol="HTTP/1.0", status=200, bytes=9),
    ),
    other=1,
    note="lighttpd, mod_accesslog: `%h %V %u %t`, the host that was asked for where the identity would be.",
)  # fmt: skip

GANDI = SampleFile(
    format="gandi",
    text=f"""www.example.org 192.0.2.1 - - [01/May/2026:12:05:03 +0200] (0 s) "GET /docs/ HTTP/1.1" 200 5120 "-" "{FIREFOX}"
Shop.example.org 198.51.100.7 - ada [01/May/2026:12:05:04 +0200] (2 s) "GET /search?q=1 HTTP/2.0" 200 812 "https://www.example.org/" "{CHROME}"
www.example.org 2001:db8::7 - - [01/May/2026:10:05:05 +0000] (0 s) "GET /old HTTP/1.1" 301 - "-" "-"
www.example.org 192.0.2.9 - - [01/May/2026:10:05:06 +0000] (1 s) "GET /é HTTP/1.1" 404 209 "-" "Lesegerät 2.0"
www.example.org 192.0.2.9 - - [01/May/2026:10:05:07 +0000] (20 s) "-" 408 - "-" "-"
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=0.0, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=200, bytes=812, time_ms=2000.0, referrer="https://www.example.org/", user_agent=CHROME),
        Row(host="www.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/old", protocol="HTTP/1.1", status=301, time_ms=0.0),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/é", protocol="HTTP/1.1", status=404, bytes=209, time_ms=1000.0, user_agent="Lesegerät 2.0"),
    ),
    other=1,
    note="Gandi, Web Hosting logs: `(2 s)` is the time taken in whole seconds.",
)  # fmt: skip

LITESPEED = SampleFile(
    format="litespeed",
    text=f"""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/ HTTP/2" 200 5120 "-" "{FIREFOX}"
198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=1 HTTP/3" 200 812 "https://www.example.org/" "{CHROME}"
2026-05-01 12:05:04.100200 [NOTICE] [811] [192.0.2.9:40100:HTTP2-3#www] [LSAPI] worker restarted
2001:db8::7 - - [01/May/2026:10:05:05 +0000] "GET /old HTTP/1.1" 301 - "-" "-"
192.0.2.9 - - [01/May/2026:10:05:06 +0000] "GET /é HTTP/1.1" 404 209 "-" "Lesegerät 2.0"
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/2", status=200, bytes=5120, user_agent=FIREFOX),
        Row(ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/3", status=200, bytes=812, referrer="https://www.example.org/", user_agent=CHROME),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/old", protocol="HTTP/1.1", status=301),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/é", protocol="HTTP/1.1", status=404, bytes=209, user_agent="Lesegerät 2.0"),
    ),
    other=1,
    note="LiteSpeed Web Server manual, 'Server Log: Access Log': combined; lines of the error log may lie between.",
)  # fmt: skip

LITESPEED_QUOTED = SampleFile(
    format="litespeed",
    text=f""""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/2" 200 5120 "-" "{FIREFOX}""
"2001:db8::7 - - [01/May/2026:10:05:04 +0000] "GET /old HTTP/1.1" 301 444 "https://www.example.org/" "-""
"192.0.2.9 - - [01/May/2026:10:05:05 +0000] "GET /é HTTP/2" 404 209 "-" "Lesegerät 2.0""
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/2", status=200, bytes=5120, user_agent=FIREFOX),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/old", protocol="HTTP/1.1", status=301, bytes=444, referrer="https://www.example.org/"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:05", method="GET", path="/é", protocol="HTTP/2", status=404, bytes=209, user_agent="Lesegerät 2.0"),
    ),
    note="OpenLiteSpeed and CyberPanel (allinurl/goaccess#2329): the quotes around the log format in their virtual host"
    " files are written into each line, in front and behind.",
)  # fmt: skip

NGINX_PROXY_MANAGER = SampleFile(
    format="nginx_proxy_manager",
    text=rf"""[01/May/2026:12:05:03 +0200] - 200 200 - GET https www.example.org "/docs/" [Client 192.0.2.1] [Length 5120] [Gzip 3.10] [Sent-to 198.51.100.10] "{FIREFOX}" "-"
[01/May/2026:12:05:04 +0200] HIT - 200 - GET https Shop.example.org "/search?q=duck%20db&page=2" [Client 198.51.100.7] [Length 812] [Gzip -] [Sent-to backend] "{CHROME}" "https://www.example.org/docs/"
[01/May/2026:10:05:05 +0000] - 301 301 - GET http www.example.org "/old" [Client 2001:db8::7] [Length 0] [Gzip -] [Sent-to backend:8080] "-" "-"
[01/May/2026:10:05:06 +0000] 404 - GET https www.example.org "/.env" [Client 192.0.2.9] [Length 548] [Gzip 1.95] "Caf\xC3\xA9 \x22reader\x22" "-"
[01/May/2026:10:05:07 +0000] MISS 502, 200 200 - POST https www.example.org "/é" [Client 192.0.2.9] [Length 9] [Gzip -] [Sent-to backend] "-" "-"
[01/May/2026:10:05:08 +0000] - - 499 - GET https www.example.org "/slow" [Client 192.0.2.9] [Length 0] [Gzip -] [Sent-to backend] "-" "-"
2026/05/01 10:05:09 [error] 81#82: *7 access forbidden by rule, client: 192.0.2.9, server: www.example.org, request: "GET /admin HTTP/2.0", host: "www.example.org"
[01/May/2026:10:05:10 +0000] 400 - - http localhost-nginx-proxy-manager "-" [Client 192.0.2.9] [Length 154] [Gzip -] "-" "-"
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", status=200, bytes=5120, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="198.51.100.7", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", status=200, bytes=812, referrer="https://www.example.org/docs/", user_agent=CHROME),
        Row(host="www.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/old", status=301, bytes=0),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/.env", status=404, bytes=548, user_agent=r"Caf\xC3\xA9 \x22reader\x22"),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:07", method="POST", path="/é", status=200, bytes=9),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:08", method="GET", path="/slow", status=499, bytes=0),
    ),
    other=2,
    note="Nginx Proxy Manager, conf.d/include/log-proxy.conf: log formats `proxy` (cache status, upstream status, status)"
    " and `standard` (status only). The status is the last number before the lone dash; an upstream that was tried twice"
    " gives `502, 200`. A request without a method is none; nginx's error lines may lie between.",
)  # fmt: skip

SAMPLES = (OVH, LIGHTTPD, GANDI, LITESPEED, LITESPEED_QUOTED, NGINX_PROXY_MANAGER)
