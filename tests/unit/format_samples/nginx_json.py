r"""JSON lines from nginx: the names that Matomo's importer asks for, and nginx's own variables."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

IMPORTER = SampleFile(
    format="nginx_json",
    text=r"""{"idsite":1,"ip": "192.0.2.1","host": "www.example.org","path": "/docs/","status": "200","referrer": "-","user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0","length": 5120,"generation_time_milli": 0.008,"date": "2026-05-01T12:05:03+02:00"}
{"ip":"198.51.100.7","host":"Shop.example.org","path":"/search?q=duck%20db&page=2","status":200,"referrer":"https://www.example.org/docs/?a=1","user_agent":"-","length":"812","generation_time_milli":"1.500","date":"2026-05-01T10:05:04Z","userid":"ada"}
{"ip":"2001:db8::7","host":"www.example.org","path":"/old","status":301,"referrer":"","user_agent":"","length":0,"date":"2026-05-01T10:05:05.123456Z"}
{"date":"2026-05-01T15:35:06.25+05:30","user_agent":"Caf\xC3\xA9 \x22reader\x22 \x5C 1.0","path":"/caf%C3%A9","status":"404","ip":"192.0.2.9","referrer":"https://example.org/\u00e9","host":"www.example.org","method":"POST","protocol":"HTTP/1.1"}
{"date":"2026-05-01T10:05:07+0000","path":"/é","status":"200","ip":"192.0.2.9","length":null,"generation_time_milli":null}
{"message":"worker process started","time":"2026-05-01T10:05:08Z"}
{"ip":"192.0.2.9","path":"/cut
[1, 2]
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", path="/docs/", status=200, bytes=5120, time_ms=8.0, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", path="/search", query="q=duck%20db&page=2", status=200, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1"),
        Row(host="www.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05.123456", path="/old", status=301, bytes=0),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06.250000", method="POST", path="/caf%C3%A9", protocol="HTTP/1.1", status=404, referrer="https://example.org/é", user_agent='Café "reader" \\ 1.0'),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07", path="/é", status=200),
    ),
    other=3,
    note="Matomo's guide to nginx JSON logs: generation_time_milli holds $request_time, which is seconds. Numbers may be"
    " strings, keys may lack or be null, order is free, times have Z or an offset and fractions. nginx's log_format"
    r" without escape=json writes bytes as \xHH, which is no JSON: they are the bytes of UTF-8.",
)  # fmt: skip

VARIABLES = SampleFile(
    format="nginx_json",
    text=r"""{"time_iso8601":"2026-05-01T12:05:03+02:00","remote_addr":"192.0.2.1","remote_user":"","request":"GET /docs/ HTTP/1.1","status":200,"body_bytes_sent":5120,"bytes_sent":5400,"request_time":0.005,"http_referer":"","http_user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0","host":"www.example.org"}
{"msec":"1777629904.250","remote_addr":"2001:db8::7","remote_user":"ada","request_method":"GET","request_uri":"/search?q=duck%20db&page=2","server_protocol":"HTTP/2.0","status":"200","body_bytes_sent":"812","request_time":"1.500","http_referrer":"https://www.example.org/docs/","http_user_agent":"Caf\u00e9 \"reader\" 1.0","http_host":"Shop.example.org:8443"}
{"time_local":"01/May/2026:12:05:05 +0200","remote_addr":"198.51.100.7","request_method":"GET","uri":"/old","args":"x=1","status":301,"bytes_sent":162,"server_name":"www.example.org","upstream_response_time":"-"}
{"time":"2026-05-01T10:05:06+00:00","remote_addr":"192.0.2.9","request":"POST /caf%C3%A9 HTTP/1.0","status":404,"body_bytes_sent":9,"request_time":0.000}
{"msec":1777629907.125,"remote_addr":"192.0.2.9","request":"GET /plain","status":200}
{"time_iso8601":"2026-05-01T10:05:08+00:00","remote_addr":"192.0.2.9","request":"","status":400,"body_bytes_sent":150,"request_time":0.000}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=5.0, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04.250000", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/2.0", status=200, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/", user_agent='Café "reader" 1.0'),
        Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:05", method="GET", path="/old", query="x=1", status=301, bytes=162),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="POST", path="/caf%C3%A9", protocol="HTTP/1.0", status=404, bytes=9, time_ms=0.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07.125000", method="GET", path="/plain", status=200),
    ),
    other=1,
    note="nginx, ngx_http_log_module and ngx_http_core_module: keys named after the variables. $msec is seconds with"
    " milliseconds, $request_time seconds; $body_bytes_sent goes before $bytes_sent, $request before its parts. An empty"
    " request is none.",
)  # fmt: skip

SAMPLES = (IMPORTER, VARIABLES)
