"""The NCSA family: common and combined, with a virtual host in front or behind, with the time taken behind."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile

COMMON = SampleFile(
    format="common",
    text=r"""192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /docs/ HTTP/1.1" 200 5120
198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=duck%20db&page=2 HTTP/2.0" 200 812
2001:db8::ff00:42:8329 - - [30/Apr/2026:23:59:59 -0800] "GET /old HTTP/1.1" 301 -
192.0.2.1 - - [01/May/2026:15:35:06 +0530] "POST /caf%C3%A9 HTTP/1.0" 404 209
192.0.2.44 - ada lovelace [01/May/2026:10:05:07 +0000] "GET /naïve?x=é HTTP/1.1" 304 0
192.0.2.9 - - [01/May/2026:10:05:08 +0000] "GET /index.html" 200 44
192.0.2.9 - - [01/May/2026:10:05:09 +0000] "-" 408 -
192.0.2.9 - - [01/May/2026:10:05:09 +0000] "\x16\x03\x01\x02" 400 226
192.0.2.9 - - [01/May/2026:10:05:10 +0000] "GET /say?\"hi\" HTTP/1.1" 200 7
192.0.2.9  -  -  [01/May/2026:10:05:11 +0000]  "HEAD / HTTP/1.1"  200  0
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120),
        Row(ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/2.0", status=200, bytes=812),
        Row(ip="2001:db8::ff00:42:8329", time="2026-05-01 07:59:59", method="GET", path="/old", protocol="HTTP/1.1", status=301),
        Row(ip="192.0.2.1", time="2026-05-01 10:05:06", method="POST", path="/caf%C3%A9", protocol="HTTP/1.0", status=404, bytes=209),
        Row(ip="192.0.2.44", user="ada lovelace", time="2026-05-01 10:05:07", method="GET", path="/naïve", query="x=é", protocol="HTTP/1.1", status=304, bytes=0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:08", method="GET", path="/index.html", status=200, bytes=44),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:10", method="GET", path="/say", query=r"\"hi\"", protocol="HTTP/1.1", status=200, bytes=7),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:11", method="HEAD", path="/", protocol="HTTP/1.1", status=200, bytes=0),
    ),
    other=2,
    note="Apache, mod_log_config and 'Log Files': %b is `-` for nothing sent; HTTP/0.9 names no protocol; `-` (a time-out)"
    " and TLS bytes on a plain port are no requests; a quote in the request is written as backslash and quote.",
)  # fmt: skip

COMBINED = SampleFile(
    format="combined",
    text=rf"""192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /docs/ HTTP/1.1" 200 5120 "-" "{FIREFOX}"
198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=duck%20db&page=2 HTTP/2.0" 200 812 "https://www.example.org/docs/?a=1" "{CHROME}"
2001:db8::7 - - [01/May/2026:03:05:05 -0700] "GET /old HTTP/1.1" 301 162 "" ""
192.0.2.9 - - [01/May/2026:10:05:06 +0000] "GET /missing?x=\x22y\x22 HTTP/1.1" 404 153 "-" "-"
192.0.2.9 - - [01/May/2026:10:05:07 +0000] "POST /caf\xc3\xa9 HTTP/1.1" 500 - "-" "Caf\xc3\xa9 \"reader\" (\\o/) 1.0"
192.0.2.9 - - [01/May/2026:10:05:08 +0000] "GET /naïve HTTP/1.1" 200 10 "https://example.org/ä" "Lesegerät 2.0"
192.0.2.9 - - [01/May/2026:10:05:09 +0000] "GET /plain" 200 10 "-" "-"
192.0.2.9 - - [01/May/2026:10:05:10 +0000] "" 400 0 "-" "-"
192.0.2.9 - - [01/May/2026:10:05:10 +0000] "-" 408 0 "-" "-"
192.0.2.9 - - [01/May/2026:10:05:11 +0000] "GET /slow HTTP/1.1" 499 0 "-" "{FIREFOX}"
192.0.2.9 - - [01/May/2026:10:05:12 +0000] "GET / HTTP/1.1" 200 12 "-" "{FIREFOX}" "203.0.113.9, 198.51.100.1"
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, user_agent=FIREFOX),
        Row(ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/2.0", status=200, bytes=812, referrer="https://www.example.org/docs/?a=1", user_agent=CHROME),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/old", protocol="HTTP/1.1", status=301, bytes=162),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/missing", query=r"x=\x22y\x22", protocol="HTTP/1.1", status=404, bytes=153),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07", method="POST", path=r"/caf\xc3\xa9", protocol="HTTP/1.1", status=500, user_agent=r"Caf\xc3\xa9 \"reader\" (\\o/) 1.0"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:08", method="GET", path="/naïve", protocol="HTTP/1.1", status=200, bytes=10, referrer="https://example.org/ä", user_agent="Lesegerät 2.0"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:09", method="GET", path="/plain", status=200, bytes=10),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:11", method="GET", path="/slow", protocol="HTTP/1.1", status=499, bytes=0, user_agent=FIREFOX),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:12", method="GET", path="/", protocol="HTTP/1.1", status=200, bytes=12, user_agent=FIREFOX),
    ),
    other=2,
    note="nginx, ngx_http_log_module, predefined `combined`; Apache, mod_log_config 'Format Notes': bytes that are not"
    " printable are written as \\xhh, quotes as backslash and quote. Nothing is unescaped in a text format.",
)  # fmt: skip

COMBINED_SYSLOG = SampleFile(
    format="combined",
    text=f"""<190>May  1 10:05:03 web1 nginx: 192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /docs/ HTTP/1.1" 200 5120 "-" "{FIREFOX}"
May  1 12:05:04 web1 httpd[812]: 198.51.100.7 - - [01/May/2026:12:05:04 +0200] "GET /a?x=1 HTTP/1.1" 200 12 "-" "-"
2026-05-01T12:05:05.123456+02:00 web1 nginx[9]: 2001:db8::7 - - [01/May/2026:12:05:05 +0200] "GET /b HTTP/1.1" 404 12 "-" "-"
<190>1 2026-05-01T10:05:06Z web1.example.org nginx 812 - - 192.0.2.9 - - [01/May/2026:10:05:06 +0000] "GET /c HTTP/1.1" 301 0 "-" "-"
May  1 10:05:07 web1 systemd[1]: Reloaded nginx.service.
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, user_agent=FIREFOX),
        Row(ip="198.51.100.7", time="2026-05-01 10:05:04", method="GET", path="/a", query="x=1", protocol="HTTP/1.1", status=200, bytes=12),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/b", protocol="HTTP/1.1", status=404, bytes=12),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/c", protocol="HTTP/1.1", status=301, bytes=0),
    ),
    other=1,
    note="RFC 3164 and RFC 5424, and rsyslog's file format: a syslog prefix in front of the line; nginx, 'Logging to"
    " syslog'. The time is the line's own, never the prefix's; other programs' lines are no requests.",
)  # fmt: skip

COMMON_VHOST = SampleFile(
    format="common_vhost",
    text="""www.example.org:80 192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /docs/ HTTP/1.1" 200 5120
Shop.Example.ORG 198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=1 HTTP/2.0" 200 812
shop.example.org.:443 2001:db8::7 - - [01/May/2026:10:05:05 +0000] "GET /old HTTP/1.1" 302 -
:80 192.0.2.9 - - [01/May/2026:10:05:06 +0000] "GET /é HTTP/1.1" 404 209
[2001:db8::80]:443 192.0.2.9 - - [01/May/2026:10:05:07 +0000] "GET / HTTP/1.1" 200 9
www.example.org:80 192.0.2.9 - - [01/May/2026:10:05:08 +0000] "-" 408 -
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120),
        Row(host="shop.example.org", ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=200, bytes=812),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/old", protocol="HTTP/1.1", status=302),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/é", protocol="HTTP/1.1", status=404, bytes=209),
        Row(host="[2001:db8::80]", ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/", protocol="HTTP/1.1", status=200, bytes=9),
    ),
    other=1,
    note="Apache, 'Log Files: Virtual Hosts': %v, with or without :%p; a host may be missing, end with a dot, be an"
    " address.",
)  # fmt: skip

COMBINED_VHOST = SampleFile(
    format="combined_vhost",
    text=rf"""www.example.org:80 192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /docs/ HTTP/1.1" 200 5120 "-" "{FIREFOX}"
Shop.Example.ORG 198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=1 HTTP/2.0" 200 812 "https://www.example.org/" "{CHROME}"
shop.example.org:443 2001:db8::7 - - [01/May/2026:10:05:05 +0000] "GET /old HTTP/1.1" 301 - "-" "-"
shop.example.org:443 192.0.2.9 - - [01/May/2026:10:05:06 +0000] "GET /missing HTTP/1.1" 404 209 "-" "Lesegerät \"2\""
shop.example.org:443 192.0.2.9 - - [01/May/2026:10:05:07 +0000] "-" 408 - "-" "-"
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=200, bytes=812, referrer="https://www.example.org/", user_agent=CHROME),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/old", protocol="HTTP/1.1", status=301),
        Row(host="shop.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/missing", protocol="HTTP/1.1", status=404, bytes=209, user_agent=r'Lesegerät \"2\"'),
    ),
    other=1,
    note="Debian's apache2.conf, `vhost_combined`: %v:%p in front of combined.",
)  # fmt: skip

COMBINED_VHOST_LAST = SampleFile(
    format="combined_vhost_last",
    text=f"""192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /docs/ HTTP/1.1" 200 5120 "-" "{FIREFOX}" www.example.org
198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=1 HTTP/2.0" 200 812 "https://www.example.org/" "{CHROME}" "Shop.Example.org"
2001:db8::7 - - [01/May/2026:10:05:05 +0000] "GET /old HTTP/1.1" 301 - "-" "-" shop.example.org:8443
192.0.2.9 - - [01/May/2026:10:05:06 +0000] "GET /missing HTTP/1.1" 404 209 "-" "Lesegerät 2.0" "-"
192.0.2.9 - - [01/May/2026:10:05:07 +0000] "GET /é HTTP/1.1" 200 9 "-" "-" [2001:db8::80]
192.0.2.9 - - [01/May/2026:10:05:08 +0000] "-" 408 - "-" "-" www.example.org
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=200, bytes=812, referrer="https://www.example.org/", user_agent=CHROME),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/old", protocol="HTTP/1.1", status=301),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/missing", protocol="HTTP/1.1", status=404, bytes=209, user_agent="Lesegerät 2.0"),
        Row(host="[2001:db8::80]", ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/é", protocol="HTTP/1.1", status=200, bytes=9),
    ),
    other=1,
    note="nginx, ngx_http_core_module: $host or $http_host behind the user agent, in quotes or not.",
)  # fmt: skip

COMBINED_APACHE_TIME = SampleFile(
    format="combined_apache_time",
    text=f"""192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /docs/ HTTP/1.1" 200 5120 "-" "{FIREFOX}" 5123
198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=1 HTTP/2.0" 200 812 "https://www.example.org/" "{CHROME}" 12500000
2001:db8::7 - - [01/May/2026:10:05:05 +0000] "GET /old HTTP/1.1" 301 - "-" "-" 0
192.0.2.9 - - [01/May/2026:10:05:06 +0000] "GET /missing HTTP/1.1" 404 209 "-" "Lesegerät 2.0" -
192.0.2.9 - - [01/May/2026:10:05:07 +0000] "-" 408 - "-" "-" 20000000
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=5.123, user_agent=FIREFOX),
        Row(ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=200, bytes=812, time_ms=12500.0, referrer="https://www.example.org/", user_agent=CHROME),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/old", protocol="HTTP/1.1", status=301, time_ms=0.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/missing", protocol="HTTP/1.1", status=404, bytes=209, user_agent="Lesegerät 2.0"),
    ),
    other=1,
    note="Apache, mod_log_config: %D is the time taken to serve the request, in microseconds.",
)  # fmt: skip

COMBINED_NGINX_TIME = SampleFile(
    format="combined_nginx_time",
    text=f"""192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /docs/ HTTP/1.1" 200 5120 "-" "{FIREFOX}" 0.005
198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=1 HTTP/2.0" 200 812 "https://www.example.org/" "{CHROME}" 12.345
2001:db8::7 - - [01/May/2026:10:05:05 +0000] "GET /old HTTP/1.1" 301 0 "-" "-" 0.000
192.0.2.9 - - [01/May/2026:10:05:06 +0000] "GET /missing HTTP/1.1" 404 209 "-" "Lesegerät 2.0" 0.120 0.118 .
192.0.2.9 - - [01/May/2026:10:05:07 +0000] "" 400 0 "-" "-" 0.000
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=5.0, user_agent=FIREFOX),
        Row(ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=200, bytes=812, time_ms=12345.0, referrer="https://www.example.org/", user_agent=CHROME),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/old", protocol="HTTP/1.1", status=301, bytes=0, time_ms=0.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/missing", protocol="HTTP/1.1", status=404, bytes=209, time_ms=120.0, user_agent="Lesegerät 2.0"),
    ),
    other=1,
    note="nginx, ngx_http_log_module: $request_time is seconds with a milliseconds resolution; what follows it"
    " ($upstream_response_time, $pipe) is not the time taken.",
)  # fmt: skip

COMMON_AGENT = SampleFile(
    format="common_agent",
    text=f"""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/ HTTP/1.1" 200 5120 {FIREFOX}
198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=1 HTTP/2.0" 200 812 https://www.example.org/ {CHROME}
192.0.2.9 - - [01/May/2026:10:05:05 +0000] "GET /a HTTP/1.1" 200 9 - curl/8.5.0
192.0.2.9 - - [01/May/2026:10:05:06 +0000] "GET /b HTTP/1.1" 200 9 "https://www.example.org/" Wget/1.21
192.0.2.9 - - [01/May/2026:10:05:07 +0000] "GET /c HTTP/1.1" 200 9 - -
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, user_agent=FIREFOX),
        Row(ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=200, bytes=812, referrer="https://www.example.org/", user_agent=CHROME),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:05", method="GET", path="/a", protocol="HTTP/1.1", status=200, bytes=9, user_agent="curl/8.5.0"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/b", protocol="HTTP/1.1", status=200, bytes=9, referrer="https://www.example.org/", user_agent="Wget/1.21"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/c", protocol="HTTP/1.1", status=200, bytes=9),
    ),
    note="A log_format whose author forgot the quotes around what clients send.",
)  # fmt: skip

COMMON_AGENT_VHOST = SampleFile(
    format="common_agent_vhost",
    text=f"""www.example.org 192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/ HTTP/1.1" 200 5120 {FIREFOX}
shop.example.org:443 198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=1 HTTP/2.0" 200 812 https://www.example.org/ {CHROME}
Shop.example.org 2001:db8::7 - - [01/May/2026:10:05:05 +0000] "GET /a HTTP/1.1" 404 9 - curl/8.5.0
www.example.org 192.0.2.9 - - [01/May/2026:10:05:07 +0000] "GET /c HTTP/1.1" 200 9 - -
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=200, bytes=812, referrer="https://www.example.org/", user_agent=CHROME),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/a", protocol="HTTP/1.1", status=404, bytes=9, user_agent="curl/8.5.0"),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/c", protocol="HTTP/1.1", status=200, bytes=9),
    ),
    note="The same with the virtual host in front, with or without its port.",
)  # fmt: skip

SAMPLES = (
    COMMON_AGENT,
    COMMON_AGENT_VHOST,
    COMMON,
    COMBINED,
    COMBINED_SYSLOG,
    COMMON_VHOST,
    COMBINED_VHOST,
    COMBINED_VHOST_LAST,
    COMBINED_APACHE_TIME,
    COMBINED_NGINX_TIME,
)
