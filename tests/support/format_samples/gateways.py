"""JSON of Istio, Envoy Gateway, Kong and APISIX; APISIX's text."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile

ISTIO = SampleFile(
    format="envoy_json",
    text=f"""{{"start_time":"2026-05-01T10:05:03.310Z","method":"GET","path":"/docs/?a=1","protocol":"HTTP/1.1","response_code":200,"response_flags":"-","response_code_details":"via_upstream","connection_termination_details":null,"upstream_transport_failure_reason":null,"bytes_received":0,"bytes_sent":5120,"duration":12,"upstream_service_time":"10","x_forwarded_for":"192.0.2.1","user_agent":"{FIREFOX}","request_id":"id-1","authority":"www.example.org","upstream_host":"198.51.100.10:80","upstream_cluster":"inbound|80||","downstream_local_address":"198.51.100.10:80","downstream_remote_address":"192.0.2.1:0","requested_server_name":null,"route_name":"default"}}
{{"start_time":"2026-05-01T10:05:04.000Z","method":"GET","path":"/b","protocol":"HTTP/2","response_code":404,"bytes_sent":0,"duration":1500,"x_forwarded_for":null,"user_agent":null,"authority":"Shop.example.org:8443","downstream_remote_address":"[2001:db8::7]:51000","response_flags":"NR"}}
{{"start_time":"2026-05-01T10:05:05.250Z","method":"POST","path":"/caf%C3%A9","protocol":"HTTP/1.1","response_code":0,"bytes_sent":0,"duration":3,"x_forwarded_for":"198.51.100.7, 192.0.2.50","user_agent":"-","authority":"-","downstream_remote_address":"192.0.2.50:1","response_flags":"DC"}}
{{"start_time":"2026-05-01T10:05:06.000Z","method":"GET","path":"/c","protocol":"HTTP/1.1","response_code":200,"bytes_sent":5,"duration":3,"x_forwarded_for":"-","user_agent":"-","authority":"www.example.org","downstream_remote_address":"192.0.2.9:40000"}}
{{"start_time":"2026-05-01T10:05:07.000Z","method":null,"path":null,"protocol":null,"response_code":0,"bytes_sent":456,"duration":789,"x_forwarded_for":null,"user_agent":null,"authority":null,"downstream_remote_address":"192.0.2.9:40001"}}
{{"level":"info","time":"2026-05-01T10:05:08.000000Z","scope":"xdsproxy","msg":"connected to upstream XDS server"}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=12.0, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/b", protocol="HTTP/2", status=404, bytes=0, time_ms=1500.0),
        Row(ip="198.51.100.7", time="2026-05-01 10:05:05.250000", method="POST", path="/caf%C3%A9", protocol="HTTP/1.1", status=0, bytes=0, time_ms=3.0),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/c", protocol="HTTP/1.1", status=200, bytes=5, time_ms=3.0),
    ),
    other=2,
    note="Istio, 'Envoy Access Logs', encoding JSON: what says nothing is null (or `-`); lines of TCP have no method;"
    " without X-Forwarded-For the client is the downstream's address.",
)  # fmt: skip

ENVOY_GATEWAY = SampleFile(
    format="envoy_json",
    text=f"""{{"start_time":"2026-05-01T10:05:03.310Z","method":"GET","x-envoy-origin-path":"/docs/?a=1","protocol":"HTTP/1.1","response_code":200,"response_flags":"-","response_code_details":"via_upstream","connection_termination_details":"-","upstream_transport_failure_reason":"-","bytes_received":0,"bytes_sent":5120,"duration":12,"x-envoy-upstream-service-time":"10","x-forwarded-for":"192.0.2.1","user-agent":"{CHROME}","x-request-id":"id-1",":authority":"www.example.org","upstream_host":"198.51.100.10:80","upstream_cluster":"httproute/default/backend/rule/0","upstream_local_address":"198.51.100.9:1","downstream_local_address":"198.51.100.9:10080","downstream_remote_address":"192.0.2.1:40000","requested_server_name":"-","route_name":"r"}}
{{"@timestamp":"2026-05-01T10:05:04.000Z","method":"GET","x-envoy-origin-path":"http://www.example.org/b","protocol":"HTTP/1.1","response_code":"503","bytes_sent":"91","duration":"0","x-forwarded-for":"-","user-agent":"-",":authority":"-","downstream_remote_address":"192.0.2.9:40000"}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=12.0, user_agent=CHROME),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:04", method="GET", path="/b", protocol="HTTP/1.1", status=503, bytes=91, time_ms=0.0),
    ),
    note="Envoy Gateway, 'Proxy Access Logs', default format; without typed JSON all values are texts.",
)  # fmt: skip

KONG = SampleFile(
    format="kong",
    text=f"""{{"latencies":{{"request":515,"kong":58,"proxy":457,"receive":1}},"service":{{"host":"backend.internal","created_at":1614232642,"id":"x"}},"request":{{"querystring":{{"a":"1"}},"size":138,"uri":"/docs/?a=1","url":"http://www.example.org:8000/docs/?a=1","headers":{{"host":"www.example.org","accept-encoding":"gzip","user-agent":"{FIREFOX}","referer":"https://www.example.org/","x-forwarded-for":"192.0.2.1"}},"method":"GET"}},"tries":[{{"balancer_latency":0,"port":80,"ip":"198.51.100.10"}}],"client_ip":"192.0.2.1","workspace":"w","upstream_uri":"/anything","response":{{"headers":{{"content-type":"text/html","connection":"close"}},"status":200,"size":5120}},"route":{{"id":"r","paths":["/docs"]}},"started_at":1777629903310}}
{{"latencies":{{"request":1500,"kong":1,"proxy":-1}},"request":{{"querystring":{{}},"size":"75","uri":"/b","url":"https://shop.example.org:8443/b","headers":{{"user-agent":"-"}},"method":"POST"}},"client_ip":"2001:db8::7","consumer":{{"username":"ada","id":"y"}},"response":{{"status":404,"size":"48"}},"started_at":1777629904000}}
{{"session":{{"received":"0","sent":"0"}},"client_ip":"192.0.2.9","started_at":1777629905000,"latencies":{{"session":3}}}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", query="a=1", status=200, bytes=5120, time_ms=515.0, referrer="https://www.example.org/", user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="POST", path="/b", status=404, bytes=48, time_ms=1500.0),
    ),
    other=1,
    note="Kong, 'File Log', log format: started_at is milliseconds, latencies.request the whole time, request.uri has the"
    " query, sizes may be texts; streams (TCP) have a session and no request.",
)  # fmt: skip

APISIX = SampleFile(
    format="apisix",
    text=f"""{{"response":{{"headers":{{"content-type":"text/plain","connection":"close"}},"status":200,"size":5120}},"upstream_latency":2,"start_time":1777629903310,"client_ip":"192.0.2.1","service_id":"","route_id":"1","upstream":"198.51.100.10:80","request":{{"headers":{{"host":"www.example.org","user-agent":"{FIREFOX}"}},"size":65,"querystring":{{"a":"1"}},"uri":"/docs/?a=1","url":"http://www.example.org:9080/docs/?a=1","method":"GET"}},"latency":12.5,"apisix_latency":10.5,"server":{{"hostname":"node","version":"3.9.0"}}}}
{{"response":{{"status":502,"size":0}},"start_time":1777629904000.2,"client_ip":"2001:db8::7","service_id":"www.example.org","consumer":{{"username":"ada"}},"request":{{"headers":{{"host":"Shop.example.org:8443","referer":"https://www.example.org/"}},"uri":"/b","url":"https://shop.example.org:8443/b","method":"GET"}},"latency":1500}}
{{"host":"www.example.org","@timestamp":"2026-05-01T10:05:05+00:00","client_ip":"192.0.2.9","route_id":"1"}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", query="a=1", status=200, bytes=5120, time_ms=12.5, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04.000200", method="GET", path="/b", status=502, bytes=0, time_ms=1500.0, referrer="https://www.example.org/"),
    ),
    other=1,
    note="APISIX, 'file-logger', default format: start_time and latency are milliseconds. The metadata's example format"
    " (host, @timestamp, client_ip) says of no request what it asked for.",
)  # fmt: skip

APISIX_ACCESS = SampleFile(
    format="apisix_access",
    text=f"""192.0.2.1 - - [01/May/2026:12:05:03 +0200] www.example.org:9080 "GET /docs/?a=1 HTTP/1.1" 200 5120 0.012 "https://www.example.org/" "{FIREFOX}" 198.51.100.10:80 200 0.011 "http://www.example.org"
2001:db8::7 - ada [01/May/2026:10:05:04 +0000] Shop.example.org "POST /b HTTP/2.0" 502 812 1.500 "-" "-" 198.51.100.10:80, 198.51.100.11:80 502, 502 0.1, 0.2 "http://shop.example.org"
192.0.2.9 - - [01/May/2026:10:05:05 +0000] - "\\x16\\x03\\x01" 400 154 0.000 "-" "-" - - - "://"
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=12.0, referrer="https://www.example.org/", user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="POST", path="/b", protocol="HTTP/2.0", status=502, bytes=812, time_ms=1500.0),
    ),
    other=1,
    note="APISIX, config-default.yaml, access_log_format: the host as it was sent, the seconds taken.",
)  # fmt: skip

SAMPLES = (ISTIO, ENVOY_GATEWAY, KONG, APISIX, APISIX_ACCESS)
