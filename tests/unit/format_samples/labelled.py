"""Lines of names and values: logfmt and LTSV."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

LOGFMT = SampleFile(
    format="logfmt",
    text=rf"""time=2026-05-01T12:05:03+02:00 level=info msg="listening" addr=:8080
time=2026-05-01T12:05:03.123456+02:00 level=info msg="request" remote_addr=192.0.2.1:40001 method=GET path=/docs/ proto=HTTP/1.1 status=200 size=5120 duration=12.5ms user_agent="{FIREFOX}" referer="" host=www.example.org
ts=2026-05-01T10:05:04Z client_ip=2001:db8::7 user=ada method=GET uri="/search?q=duck%20db&page=2" status=301 bytes=812 duration=1.5s referrer="https://www.example.org/docs/?a=1" user_agent="Café \"reader\" \\ 1.0" host=Shop.example.org:8443
t=2026-05-01T10:05:05.25Z level=info remote_ip=198.51.100.7 method=POST url=/caf%C3%A9 status=404 bytes=- duration=250µs user=- ua=- referer=-
method=GET path=/é status=200 ip=192.0.2.9 time="01/May/2026:12:05:06 +0200" request_time=0.005 protocol=HTTP/2.0
ts=1777629907.5 ip=[2001:db8::7]:443 request="GET /plain?x=1 HTTP/1.0" status=500 duration_ms=20
level=error msg="cannot reach database" error="dial tcp: refused"
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.123456", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=12.5, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", status=301, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1", user_agent='Café "reader" \\ 1.0'),
        Row(ip="198.51.100.7", time="2026-05-01 10:05:05.250000", method="POST", path="/caf%C3%A9", status=404, time_ms=0.25),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/é", protocol="HTTP/2.0", status=200, time_ms=5.0),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:07.500000", method="GET", path="/plain", query="x=1", protocol="HTTP/1.0", status=500, time_ms=20.0),
    ),
    other=2,
    note="go-logfmt and Brandur Leach's 'logfmt': values in quotes have backslash escapes. No names are fixed: those of"
    " common servers and frameworks are read, in any order. A duration has its unit (Go's ns, µs, ms, s) or its name"
    " has it; nginx's request_time is seconds.",
)  # fmt: skip

HEROKU = SampleFile(
    format="logfmt",
    text="""2026-05-01T10:05:03.123456+00:00 heroku[router]: at=info method=GET path="/docs/?a=1" host=www.example.org request_id=r-1 fwd="192.0.2.1" dyno=web.1 connect=1ms service=18ms status=200 bytes=5120 protocol=https
2026-05-01T12:05:04.000000+02:00 heroku[router]: at=error code=H12 desc="Request timeout" method=POST path="/slow" host=Shop.example.org request_id=r-2 fwd="2001:db8::7, 198.51.100.7" dyno=web.1 connect=0ms service=30000ms status=503 bytes=0 protocol=http
2026-05-01T10:05:05.000000+00:00 app[web.1]: State changed from starting to up
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.123456", method="GET", path="/docs/", query="a=1", status=200, bytes=5120, time_ms=18.0),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="POST", path="/slow", status=503, bytes=0, time_ms=30000.0),
    ),
    other=1,
    note="Heroku Dev Center, 'HTTP Routing: Heroku router log format': the time is the syslog prefix's, the address fwd's"
    " first, service the time taken, protocol a scheme and no HTTP version.",
)  # fmt: skip

LTSV = SampleFile(
    format="ltsv",
    text=f"""time:[01/May/2026:12:05:03 +0200]\thost:192.0.2.1\tforwardedfor:-\treq:GET /docs/ HTTP/1.1\tstatus:200\tsize:5120\treqsize:99\treferer:-\tua:{FIREFOX}\tvhost:www.example.org\treqtime_microsec:5123\tcache:-\truntime:-
host:2001:db8::7\tident:-\tuser:ada\ttime:2026-05-01T12:05:04+02:00\tmethod:GET\turi:/search?q=duck%20db&page=2\tprotocol:HTTP/2.0\tstatus:200\tsize:812\treferer:https://www.example.org/docs/?a=1\tua:Café reader: 1.0\tvhost:Shop.example.org:8443\treqtime:1.500\tapptime:1.480
time:01/May/2026:10:05:05 +0000\thost:198.51.100.7\tforwardedfor:192.0.2.77, 198.51.100.7\treq:POST /caf%C3%A9 HTTP/1.0\tstatus:404\tsize:-\treferer:\tua:\tapptime:0.020
time:2026-05-01T10:05:06Z\thost:192.0.2.9\turi:/é\tmethod:GET\tstatus:301\tsize:0\treqtime:0.000
time:2026-05-01T10:05:07Z\thost:192.0.2.9\treq:-\tstatus:408\tsize:0
worker started
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=5.123, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/2.0", status=200, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1", user_agent="Café reader: 1.0"),
        Row(ip="198.51.100.7", time="2026-05-01 10:05:05", method="POST", path="/caf%C3%A9", protocol="HTTP/1.0", status=404, time_ms=20.0),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/é", status=301, bytes=0, time_ms=0.0),
    ),
    other=2,
    note="ltsv.org, 'Labels for Web server's Log': host is the client, vhost the virtual host; reqtime and apptime are"
    " seconds, reqtime_microsec says its unit; apptime counts only where the request's own time lacks. forwardedfor is"
    " what the client says, and is not its address. Any order; a value may hold colons.",
)  # fmt: skip

LTSV_NAMES = SampleFile(
    format="ltsv",
    text=f"""remote_host:192.0.2.1\tremote_logname:-\tremote_user:ada\tdatetime:[01/May/2026:12:05:03 +0200]\trequest:GET /docs/ HTTP/1.1\tstatus:200\tsize:5120\treferer:https://www.example.org/\tuser_agent:{FIREFOX}
time_local:01/May/2026:12:05:04 +0200\tremote_addr:2001:db8::7\tremote_user:-\trequest_method:GET\trequest_uri:/search?q=1\tserver_protocol:HTTP/2.0\tstatus:301\tbody_bytes_sent:812\thttp_referer:-\thttp_user_agent:-\thost:Shop.example.org\trequest_time:1.500\tupstream_response_time:-
remote_addr:198.51.100.7\tmsec:1777629905.250\trequest:GET /é HTTP/1.1\tstatus:404\tbody_bytes_sent:9\thttp_host:www.example.org\trequest_time:0.001
""",
    rows=(
        Row(ip="192.0.2.1", user="ada", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, referrer="https://www.example.org/", user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", protocol="HTTP/2.0", status=301, bytes=812, time_ms=1500.0),
        Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:05.250000", method="GET", path="/é", protocol="HTTP/1.1", status=404, bytes=9, time_ms=1.0),
    ),
    note="LTSV with the names of Apache's and nginx's own fields: where remote_addr or remote_host names the client, host"
    " is the virtual host.",
)  # fmt: skip

SAMPLES = (LOGFMT, HEROKU, LTSV, LTSV_NAMES)
