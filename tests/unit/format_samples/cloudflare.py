"""Cloudflare Logpush, data set HTTP requests."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

CLOUDFLARE = SampleFile(
    format="cloudflare",
    text=r"""{"ClientIP":"192.0.2.1","ClientRequestHost":"www.example.org","ClientRequestMethod":"GET","ClientRequestURI":"/docs/","EdgeEndTimestamp":"2026-05-01T10:05:04Z","EdgeResponseBytes":5120,"EdgeResponseStatus":200,"EdgeStartTimestamp":"2026-05-01T10:05:03Z","RayID":"0a1b2c3d4e5f6071","ClientRequestPath":"/docs/","ClientRequestProtocol":"HTTP/2","ClientRequestReferer":"","ClientRequestUserAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0","EdgeTimeToFirstByteMs":45,"FirewallMatchesActions":[]}
{"ClientIP":"2001:db8::7","ClientRequestHost":"Shop.example.org","ClientRequestMethod":"GET","ClientRequestURI":"/search?q=duck%20db&page=2","EdgeEndTimestamp":1777629905123456100,"EdgeResponseBytes":812,"EdgeResponseStatus":200,"EdgeStartTimestamp":1777629904123456100,"ClientRequestProtocol":"HTTP/3","ClientRequestReferer":"https://www.example.org/docs/?a=1","ClientRequestUserAgent":"Caf\u00e9 \"reader\" 1.0","EdgeTimeToFirstByteMs":1500}
{"ClientIP":"198.51.100.7","ClientRequestHost":"www.example.org","ClientRequestMethod":"HEAD","ClientRequestURI":"/old","EdgeResponseBytes":570,"EdgeResponseStatus":301,"EdgeStartTimestamp":1777629905,"ClientRequestProtocol":"HTTP/1.1","ClientRequestUserAgent":""}
{"EdgeStartTimestamp":"2026-05-01T10:05:06.250Z","ClientIP":"192.0.2.9","ClientRequestHost":"www.example.org:8443","ClientRequestMethod":"POST","ClientRequestURI":"/caf%C3%A9","EdgeResponseStatus":404,"EdgeResponseBytes":0,"EdgeTimeToFirstByteMs":0}
{"EdgeStartTimestamp":"2026-05-01T10:05:07Z","ClientIP":"192.0.2.9","ClientRequestHost":"www.example.org","ClientRequestMethod":"GET","ClientRequestURI":"/é","EdgeResponseStatus":499}
{"EdgeStartTimestamp":"2026-05-01T10:05:08Z","ClientIP":"192.0.2.9","ClientRequestHost":"www.example.org","ClientRequestMethod":"GET","ClientRequestURI":"/aborted","EdgeResponseStatus":0}
{"Action":"block","ClientIP":"192.0.2.9","ClientRequestHost":"www.example.org","ClientRequestMethod":"GET","ClientRequestPath":"/","Datetime":"2026-05-01T10:05:09Z","RuleID":"x"}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/2", status=200, bytes=5120, time_ms=45.0, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04.123456", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/3", status=200, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1", user_agent='Café "reader" 1.0'),
        Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:05", method="HEAD", path="/old", protocol="HTTP/1.1", status=301, bytes=570),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06.250000", method="POST", path="/caf%C3%A9", status=404, bytes=0, time_ms=0.0),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/é", status=499),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:08", method="GET", path="/aborted", status=0),
    ),
    other=1,
    note="Cloudflare Logs, 'HTTP requests' and 'Logpush: timestamp format': RFC 3339, Unix nanoseconds or seconds;"
    " ClientRequestURI has the query; EdgeTimeToFirstByteMs is the time taken, EdgeResponseBytes the size. Firewall"
    " events are another data set.",
)  # fmt: skip

SAMPLES = (CLOUDFLARE,)
