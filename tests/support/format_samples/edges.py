"""JSON of Fastly and Vercel."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

FASTLY = SampleFile(
    format="fastly",
    text=f"""{{ "timestamp": "2026-05-01T10:05:03+0000", "client_ip": "192.0.2.1", "geo_country": "france", "geo_city": "paris", "host": "www.example.org", "url": "/docs/?a=1", "request_method": "GET", "request_protocol": "HTTP/2", "request_referer": "https://www.example.org/", "request_user_agent": "{FIREFOX}", "response_state": "HIT", "response_status": 200, "response_reason": "OK", "response_body_size": 5120, "fastly_server": "cache-cdg1-CDG", "fastly_is_edge": true }}
{{ "timestamp": "2026-05-01T10:05:03+0000", "client_ip": "192.0.2.1", "host": "www.example.org", "url": "/docs/?a=1", "request_method": "GET", "request_protocol": "HTTP/1.1", "request_referer": "", "request_user_agent": "{FIREFOX}", "response_state": "MISS", "response_status": 200, "response_body_size": 5120, "fastly_server": "cache-bfi2-BFI", "fastly_is_edge": false }}
{{"service_id":"s","service_version":"7","time_start":1777629904000,"time_end":1777629904020,"time_elapsed":20500,"client_ip":"2001:db8::7","request":"GET","protocol":"HTTP/1.1","host":"Shop.example.org","origin_host":"o.example.org","url":"/b","is_ipv6":true,"is_tls":true,"request_referer":"","request_user_agent":"","request_accept_charset":"","cache_status":"MISS","status":"404","geo_city":"lyon","is_cacheable":false,"response_age":"","resp_header_size":300,"resp_body_size":812}}
{{"service_id":"s","time_start":"2026-05-01T10:05:05Z","time_elapsed":3,"client_ip":"192.0.2.9","request":"FASTLYPURGE","protocol":"HTTP/1.1","host":"www.example.org","url":"error","status":"200","resp_body_size":0}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/2", status=200, bytes=5120, referrer="https://www.example.org/", user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/b", protocol="HTTP/1.1", status=404, bytes=812, time_ms=20.5),
    ),
    other=2,
    note="Fastly, 'Custom log formats', the format in JSON of new endpoints and the older one: time_elapsed is"
    " microseconds. A request that a shield answered is logged at the edge as well, and counts there.",
)  # fmt: skip

FASTLY_DATADOG = SampleFile(
    format="fastly",
    text=f"""{{"ddsource":"fastly","service":"s","date":"2026-05-01T10:05:03+0000","time_start":"2026-05-01T10:05:03Z","time_end":"2026-05-01T10:05:03Z","http":{{"request_time_ms":12,"method":"GET","url":"/docs/?a=1","useragent":"{FIREFOX}","referer":"https://www.example.org/","protocol":"HTTP/1.1","request_x_forwarded_for":"","status_code":"200"}},"network":{{"client":{{"ip":"192.0.2.1","name":"n","number":"64500"}},"destination":{{"ip":"198.51.100.10"}},"geoip":{{"geo_city":"paris"}},"bytes_written":5120,"bytes_read":0}},"host":"www.example.org","origin_host":"o.example.org","is_ipv6":false,"is_tls":true}}
{{"timestamp":"2026-05-01T10:05:04","time_elapsed":20500,"is_tls":false,"client_ip":"2001:db8::7","geo_city":"lyon","geo_country_code":"FR","request":"GET","host":"shop.example.org","url":"/b","request_referer":"","request_user_agent":"curl/8.0","cache_status":"HIT"}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, referrer="https://www.example.org/", user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/b", time_ms=20.5, user_agent="curl/8.0"),
    ),
    note="Fastly, 'Log streaming: Datadog' and 'Log streaming: Google BigQuery': the formats that these endpoints are"
    " given; the latter's time is UTC, and it says no status.",
)  # fmt: skip

VERCEL = SampleFile(
    format="vercel",
    text=f"""{{"id":"1","deploymentId":"dpl","source":"static","host":"my-app.vercel.app","timestamp":1777629903400,"projectId":"p","level":"info","path":"/docs/","statusCode":200,"environment":"production","proxy":{{"timestamp":1777629903310,"method":"GET","host":"www.example.org","path":"/docs/?a=1","userAgent":["{FIREFOX}"],"referer":"https://www.example.org/","statusCode":200,"clientIp":"192.0.2.1","region":"sfo1","cacheId":"c","scheme":"https","vercelCache":"HIT","responseByteSize":5120}}}}
{{"id":"2","source":"lambda","host":"my-app.vercel.app","timestamp":1777629904000,"statusCode":404,"requestId":"r","message":"START RequestId: x","proxy":{{"timestamp":1777629904000,"method":"POST","host":"my-app.vercel.app:443","path":"/api","userAgent":["curl/8.0","x"],"statusCode":404,"clientIp":"2001:db8::7","region":"sfo1"}}}}
{{"id":"3","source":"lambda","host":"my-app.vercel.app","timestamp":1777629904010,"type":"stdout","level":"info","message":"hello","requestId":"r","statusCode":404,"proxy":{{"timestamp":1777629904000,"method":"POST","host":"my-app.vercel.app","path":"/api","userAgent":["curl/8.0"],"statusCode":404,"clientIp":"2001:db8::7"}}}}
{{"id":"4","source":"lambda","host":"my-app.vercel.app","timestamp":1777629905000,"statusCode":-1,"proxy":{{"timestamp":1777629905000,"method":"GET","host":"my-app.vercel.app","path":"/isr","userAgent":["v"],"statusCode":-1,"clientIp":"192.0.2.9"}}}}
{{"id":"5","source":"build","host":"my-app.vercel.app","timestamp":1777629906000,"type":"stdout","message":"Compiling","deploymentId":"dpl","projectId":"p","buildId":"b"}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", query="a=1", status=200, bytes=5120, referrer="https://www.example.org/", user_agent=FIREFOX),
        Row(host="my-app.vercel.app", ip="2001:db8::7", time="2026-05-01 10:05:04", method="POST", path="/api", status=404, user_agent="curl/8.0"),
    ),
    other=3,
    note="Vercel, 'Log Drains Reference': the request is in proxy, times are milliseconds, the user agent is a list; what"
    " a function printed repeats the request, -1 is a revalidation in the background, a build has no request.",
)  # fmt: skip

SAMPLES = (FASTLY, FASTLY_DATADOG, VERCEL)
