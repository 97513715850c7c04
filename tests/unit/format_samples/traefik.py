"""Traefik's access log, as JSON and as text."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile

JSON = SampleFile(
    format="traefik_json",
    text=r"""{"level":"info","msg":"Configuration loaded from file: /etc/traefik/traefik.yml","time":"2026-05-01T10:05:00Z"}
{"ClientAddr":"192.0.2.1:40001","ClientHost":"192.0.2.1","ClientPort":"40001","ClientUsername":"-","DownstreamContentSize":5120,"DownstreamStatus":200,"Duration":250250,"OriginDuration":200200,"OriginStatus":200,"Overhead":50050,"RequestAddr":"www.example.org","RequestCount":1,"RequestHost":"www.example.org","RequestMethod":"GET","RequestPath":"/docs/","RequestPort":"-","RequestProtocol":"HTTP/1.1","RequestScheme":"https","RouterName":"web@docker","ServiceURL":{"Scheme":"http","User":null,"Host":"198.51.100.10:80"},"StartLocal":"2026-05-01T12:05:03.204060100+02:00","StartUTC":"2026-05-01T10:05:03.204060100Z","entryPointName":"web","level":"info","msg":"","request_User-Agent":"Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0","time":"2026-05-01T12:05:03+02:00"}
{"ClientHost":"2001:db8::7","ClientUsername":"ada","DownstreamContentSize":812,"DownstreamStatus":301,"Duration":1500000000,"RequestHost":"Shop.example.org","RequestMethod":"GET","RequestPath":"/search?q=duck%20db\u0026page=2","RequestProtocol":"HTTP/2.0","level":"info","msg":"","request_Referer":"https://www.example.org/docs/?a=1","request_User-Agent":"Caf\u00e9 \"reader\" 1.0","time":"2026-05-01T12:05:04+02:00"}
{"ClientHost":"192.0.2.9,198.51.100.50","ClientUsername":"-","DownstreamContentSize":0,"DownstreamStatus":404,"Duration":20500,"RequestHost":"www.example.org:8443","RequestMethod":"OPTIONS","RequestPath":"/caf%C3%A9","RequestProtocol":"HTTP/2.0","level":"info","msg":"","time":"2026-05-01T15:35:05+05:30"}
{"ClientHost":"198.51.100.7","DownstreamStatus":499,"Duration":2000000,"RequestHost":"www.example.org","RequestMethod":"POST","RequestPath":"/slow","RequestProtocol":"HTTP/1.1","StartLocal":"2026-05-01T03:05:06.25-07:00","level":"info","msg":"","time":"2026-05-01T03:05:08-07:00"}
DEBUG: ExamplePlugin: 2026/05/01 10:05:07 cache updated
{"ClientHost":"192.0.2.9","DownstreamContentSize":9,"DownstreamStatus":200,"RequestHost":"www.example.org","RequestMethod":"GET","RequestPath":"/é","level":"info","msg":"","time":"2026-05-01T10:05:08Z"}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.204060", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=0.250250, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/2.0", status=301, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1", user_agent='Café "reader" 1.0'),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:05", method="OPTIONS", path="/caf%C3%A9", protocol="HTTP/2.0", status=404, bytes=0, time_ms=0.020500),
        Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:06.250000", method="POST", path="/slow", protocol="HTTP/1.1", status=499, time_ms=2.0),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:08", method="GET", path="/é", status=200, bytes=9),
    ),
    other=2,
    note="Traefik documentation, 'Access Logs', available fields: Duration is nanoseconds; StartUTC, else StartLocal, is"
    " when the request began, `time` (with an offset) when the line was written and the last choice; fields may be"
    " dropped by configuration; ClientHost may be a list, client first. Lines of the main log are no requests.",
)  # fmt: skip

TEXT = SampleFile(
    format="traefik",
    text=rf"""192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /docs/ HTTP/1.1" 200 5120 "-" "{FIREFOX}" 500 "web@docker" "http://198.51.100.10:80" 12ms
2001:db8::7 - ada [01/May/2026:12:05:04 +0200] "GET /search?q=duck%20db&page=2 HTTP/2.0" 301 812 "https://www.example.org/docs/?a=1" "{CHROME}" 501 "root@docker -> leaf@docker" "http://198.51.100.10:80" 1500ms
198.51.100.7 - - [01/May/2026:10:05:05 +0000] "POST /caf%C3%A9 HTTP/1.1" 404 9 "-" "Café \"reader\" 1.0" 502 "-" "-" 0ms
192.0.2.9 - - [01/May/2026:10:05:06 +0000] "GET /slow HTTP/1.1" - - "-" "-" 503 "-" "-" 3ms
192.0.2.9 - - [01/May/2026:10:05:07 +0000] "GET /é HTTP/2" 200 9 "-" "-" 504 "web@docker" "http://198.51.100.10:80" 0ms
time="2026-05-01T10:05:08Z" level=info msg="Traefik started"
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=12.0, user_agent=FIREFOX),
        Row(ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/2.0", status=301, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1", user_agent=CHROME),
        Row(ip="198.51.100.7", time="2026-05-01 10:05:05", method="POST", path="/caf%C3%A9", protocol="HTTP/1.1", status=404, bytes=9, time_ms=0.0, user_agent=r'Café \"reader\" 1.0'),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/slow", protocol="HTTP/1.1", status=0, time_ms=3.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/é", protocol="HTTP/2", status=200, bytes=9, time_ms=0.0),
    ),
    other=1,
    note="Traefik documentation, 'Access Logs', format common: combined, then the request's number, router, server and"
    " the whole time in ms. The status of a request that was not answered is `-`.",
)  # fmt: skip

SAMPLES = (JSON, TEXT)
