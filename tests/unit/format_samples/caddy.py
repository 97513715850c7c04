"""Caddy's access log: today's shape, the older ones, other time formats, and what else lies in the file."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

CURRENT = SampleFile(
    format="caddy",
    text=r"""{"level":"info","ts":1777629900.5,"msg":"serving initial configuration"}
{"level":"info","ts":1777629903.123456,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"198.51.100.20","remote_port":"50001","client_ip":"192.0.2.1","proto":"HTTP/2.0","method":"GET","host":"www.example.org","uri":"/docs/","headers":{"User-Agent":["Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"],"Accept":["*/*"]}},"bytes_read":0,"user_id":"","duration":0.0125,"size":5120,"status":200,"resp_headers":{"Server":["Caddy"]}}
{"level":"info","ts":1777629904.25,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"2001:db8::7","remote_port":"50002","client_ip":"2001:db8::7","proto":"HTTP/3.0","method":"GET","host":"Shop.example.org:8443","uri":"/search?q=duck%20db&page=2","headers":{"User-Agent":["Caf\u00e9 \"reader\" 1.0"],"Referer":["https://www.example.org/docs/?a=1"],"Authorization":["REDACTED"]}},"bytes_read":0,"user_id":"ada","duration":1.5,"size":812,"status":200,"resp_headers":{"Etag":["\"e1\""]}}
{"level":"error","ts":1777629905.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"198.51.100.7","client_ip":"198.51.100.7","proto":"HTTP/1.1","method":"POST","host":"www.example.org","uri":"/caf%C3%A9","headers":{}},"user_id":"","duration":0.0000425,"size":0,"status":502,"resp_headers":{}}
{"level":"error","ts":1777629905.5,"logger":"http.log.error.log0","msg":"dial tcp 198.51.100.10:80: connect: connection refused","request":{"remote_ip":"198.51.100.7","client_ip":"198.51.100.7","proto":"HTTP/1.1","method":"POST","host":"www.example.org","uri":"/caf%C3%A9","headers":{}},"duration":0.00004,"status":502,"err_id":"ab12","err_trace":"reverseproxy.statusError"}
{"level":"debug","ts":1777629906.0,"logger":"http.handlers.reverse_proxy","msg":"upstream roundtrip","upstream":"198.51.100.10:80","duration":0.002,"request":{"remote_ip":"192.0.2.9","client_ip":"192.0.2.9","proto":"HTTP/1.1","method":"GET","host":"www.example.org","uri":"/old","headers":{"User-Agent":["-"]}},"headers":{},"status":301}
{"level":"info","ts":1777629906,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.9","client_ip":"192.0.2.9","proto":"HTTP/1.1","method":"GET","host":"www.example.org","uri":"/old","headers":{"User-Agent":["-"],"Referer":[""]}},"user_id":"","duration":0,"size":0,"status":301,"resp_headers":{}}
{"level":"info","ts":1777629907.75,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.9","client_ip":"192.0.2.9","proto":"HTTP/1.0","method":"GET","host":"www.example.org","uri":"/nothing","headers":{"User-Agent":["curl/8.5.0"]}},"user_id":"","duration":0.0000027,"size":0,"status":0,"resp_headers":{"Server":["Caddy"]}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.123456", method="GET", path="/docs/", protocol="HTTP/2.0", status=200, bytes=5120, time_ms=12.5, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04.250000", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/3.0", status=200, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1", user_agent='Café "reader" 1.0'),
        Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:05.500000", method="POST", path="/caf%C3%A9", protocol="HTTP/1.1", status=502, bytes=0, time_ms=0.0425),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/old", protocol="HTTP/1.1", status=301, bytes=0, time_ms=0.0),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:07.750000", method="GET", path="/nothing", protocol="HTTP/1.0", status=0, bytes=0, time_ms=0.0027, user_agent="curl/8.5.0"),
    ),
    other=3,
    note="Caddy documentation, 'How Logging Works' and directive `log`: ts is epoch seconds, duration seconds; client_ip is"
    " what trusted proxies say, remote_ip the connection's. Only `handled request` is a request: the error log and debug"
    " lines repeat it with request and status, and would count twice. Status 0: no handler answered.",
)  # fmt: skip

OLDER = SampleFile(
    format="caddy",
    text=r"""{"level":"info","ts":1777629903.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_addr":"192.0.2.1:40001","proto":"HTTP/2.0","method":"GET","host":"www.example.org","uri":"/docs/?a=1","headers":{"User-Agent":["Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"]},"tls":{"resumed":false}},"common_log":"192.0.2.1 - - [01/May/2026:10:05:03 +0000] \"GET /docs/?a=1 HTTP/2.0\" 200 5120","user_id":"","duration":0.0125,"size":5120,"status":200,"resp_headers":{}}
{"level":"info","ts":1777629904.25,"logger":"http.log.access","msg":"handled request","request":{"remote_addr":"[2001:db8::7]:40002","proto":"HTTP/1.1","method":"HEAD","host":"[2001:db8::80]:8080","uri":"/","headers":{}},"common_log":"-","duration":0.5,"size":0,"status":404,"resp_headers":{}}
{"level":"info","ts":1777629905.125,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"198.51.100.7","remote_port":"40003","proto":"HTTP/1.1","method":"GET","host":"www.example.org","uri":"/é","headers":{}},"user_id":"ada","duration":0.001,"size":9,"status":200,"resp_headers":{}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.500000", method="GET", path="/docs/", query="a=1", protocol="HTTP/2.0", status=200, bytes=5120, time_ms=12.5, user_agent=FIREFOX),
        Row(host="[2001:db8::80]", ip="2001:db8::7", time="2026-05-01 10:05:04.250000", method="HEAD", path="/", protocol="HTTP/1.1", status=404, bytes=0, time_ms=500.0),
        Row(host="www.example.org", ip="198.51.100.7", user="ada", time="2026-05-01 10:05:05.125000", method="GET", path="/é", protocol="HTTP/1.1", status=200, bytes=9, time_ms=1.0),
    ),
    note="Caddy 2.0 to 2.4 have remote_addr with its port, 2.5 and 2.6 remote_ip, and user_id may lack.",
)  # fmt: skip

_REQUEST = r'"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.1","client_ip":"192.0.2.1","proto":"HTTP/1.1","method":"GET","host":"www.example.org","uri":"/","headers":{}},"user_id":"","duration":0.001,"size":9,"status":200,"resp_headers":{}'

TIMES = SampleFile(
    format="caddy",
    text="".join(
        f'{{"level":"info","ts":{ts},{_REQUEST}}}\n'
        for ts in (
            '"2026-05-01T12:05:03.123+0200"',
            '"2026-05-01T10:05:03.123Z"',
            '"2026-05-01T12:05:03+02:00"',
            '"2026-05-01T12:05:03.123456+02:00"',
            "1777629903123.456",
            "1777629903123456000",
        )
    ),
    rows=tuple(
        Row(host="www.example.org", ip="192.0.2.1", time=time, method="GET", path="/", protocol="HTTP/1.1", status=200, bytes=9, time_ms=1.0)
        for time in (
            "2026-05-01 10:05:03.123000",
            "2026-05-01 10:05:03.123000",
            "2026-05-01 10:05:03",
            "2026-05-01 10:05:03.123456",
            "2026-05-01 10:05:03.123456",
            "2026-05-01 10:05:03.123456",
        )
    ),
    note="Caddy documentation, directive `log`, time_format: iso8601 (an offset without a colon, or Z), rfc3339,"
    " rfc3339_nano, unix_milli_float, unix_nano.",
)  # fmt: skip

SAMPLES = (CURRENT, OLDER, TIMES)
