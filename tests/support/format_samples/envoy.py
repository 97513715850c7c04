"""Envoy's default access log."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile

ENVOY = SampleFile(
    format="envoy",
    text=f"""[2026-05-01T10:05:03.310Z] "GET /docs/ HTTP/1.1" 200 - 0 5120 12 10 "192.0.2.1" "{FIREFOX}" "id-1" "www.example.org" "198.51.100.10:80"
[2026-05-01T10:05:04.000Z] "GET /search?q=duck%20db&page=2 HTTP/2" 301 - 154 812 1500 1490 "2001:db8::7" "{CHROME}" "id-2" "Shop.example.org:8443" "tcp://198.51.100.10:80"
[2026-05-01T10:05:05.250Z] "POST /caf%C3%A9 HTTP/1.1" 503 UF,URX 154 91 0 - "198.51.100.7, 192.0.2.50" "Lesegerät 2.0" "id-3" "www.example.org" "-"
[2026-05-01T10:05:06.500Z] "GET /slow HTTP/2" 0 DC 0 0 3120 - "192.0.2.9" "-" "id-4" "www.example.org" "198.51.100.10:80"
[2026-05-01T10:05:07.000Z] "GET /é HTTP/1.1" 404 NR 0 0 0 - "192.0.2.9" "-" "-" "-" "-"
[2026-05-01T10:05:08.000Z] "GET /internal HTTP/1.1" 200 - 0 5 1 1 "-" "health/1.0" "id-6" "www.example.org" "198.51.100.10:80"
[2026-05-01T10:05:09.000Z] "- - -" 0 - 123 456 789 - "-" "-" "-" "-" "198.51.100.10:443"
[2026-05-01 10:05:10.000][1][info][main] [source/server/server.cc:1] starting main dispatch loop
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=12.0, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/2", status=301, bytes=812, time_ms=1500.0, user_agent=CHROME),
        Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:05.250000", method="POST", path="/caf%C3%A9", protocol="HTTP/1.1", status=503, bytes=91, time_ms=0.0, user_agent="Lesegerät 2.0"),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06.500000", method="GET", path="/slow", protocol="HTTP/2", status=0, bytes=0, time_ms=3120.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/é", protocol="HTTP/1.1", status=404, bytes=0, time_ms=0.0),
    ),
    other=3,
    note="Envoy documentation, 'Access logging', default format string: the address is X-Forwarded-For's first, the host"
    " :authority, DURATION is ms, BYTES_SENT the size, code 0 was not answered. A request without an address is nobody's"
    " visit and is rejected; TCP lines and the application's log are no requests.",
)  # fmt: skip

TIMES = SampleFile(
    format="envoy",
    text="""[1777629903.310] "GET /docs/ HTTP/1.1" 200 - 0 5120 12 10 "192.0.2.1" "curl/8.0" "id-1" "www.example.org" "198.51.100.10:80"
[1777629904310] "GET /b HTTP/1.1" 200 - 0 5120 12 10 "192.0.2.1" "curl/8.0" "id-1" "www.example.org" "198.51.100.10:80"
[01/May/2026:12:05:05 +0200] "GET /c HTTP/1.1" 200 - via_upstream - "-" 0 5120 12 10 "192.0.2.1" "curl/8.0" "id-1" "www.example.org" "198.51.100.10:80" outbound|80||x 198.51.100.9:1 198.51.100.9:80 192.0.2.1:2 - default
[2026-05-01T12:05:06.310+02:00] "GET /d HTTP/1.1" 200 - 0 5120 12 10 "192.0.2.1" "curl/8.0" "id-1" "www.example.org" "198.51.100.10:80"
""",
    rows=tuple(
        Row(host="www.example.org", ip="192.0.2.1", time=f"2026-05-01 {time}", method="GET", path=path, protocol="HTTP/1.1", status=200, bytes=5120, time_ms=12.0, user_agent="curl/8.0")
        for time, path in (("10:05:03.310000", "/docs/"), ("10:05:04.310000", "/b"), ("10:05:05", "/c"), ("10:05:06.310000", "/d"))
    ),
    note="Envoy, START_TIME: its format may be given, as in START_TIME(%s.%3f) and START_TIME(%d/%b/%Y:%H:%M:%S %z).",
)  # fmt: skip

SAMPLES = (ENVOY, TIMES)
