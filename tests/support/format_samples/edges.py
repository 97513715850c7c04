"""JSON of Fastly, Akamai DataStream 2 and Vercel."""

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

AKAMAI = SampleFile(
    format="akamai",
    text="""{"version":"5","streamId":"1","cp":"123456","reqId":"1239f220","reqTimeSec":"1777629903.310","bytes":"5120","cliIP":"192.0.2.1","statusCode":"200","proto":"HTTPS","reqHost":"www.example.org","reqMethod":"GET","reqPath":"docs/a%20b","reqPort":"443","rspContentLen":"5000","rspContentType":"text/html","UA":"Mozilla/5.0%20(X11;%20Linux%20x86_64;%20rv:126.0)%20Gecko/20100101%20Firefox/126.0","totalBytes":"5300","queryStr":"a=1&b=x%20y","referer":"https%3A%2F%2Fwww.example.org%2F","xForwardedFor":"192.0.2.1","turnAroundTimeMSec":"11","cacheStatus":"1"}
{"version":"5","cp":"123456","reqTimeSec":"1777629904","cliIP":"2001:db8::7","statusCode":"404","proto":"HTTP/2","reqHost":"Shop.example.org","reqMethod":"POST","reqPath":"/b","UA":"Mozilla%2F5.0+%28Macintosh%3B+Intel+Mac+OS+X+10_14_3%29","totalBytes":"812","queryStr":"-","referer":"-"}
{"version":"5","reqTimeSec":"1777629905.5","cliIP":"192.0.2.9","statusCode":"0","reqMethod":"GET","reqHost":"www.example.org","reqPath":"-/c++","queryStr":"x%3D1","UA":"C++%20client"}
{"version":"5","cp":"123456","reqTimeSec":"1777629906.5","country":"FR"}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/a%20b", query="a=1&b=x%20y", status=200, bytes=5120, time_ms=11.0, referrer="https://www.example.org/", user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="POST", path="/b", protocol="HTTP/2", status=404, bytes=812, user_agent="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_3)"),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:05.500000", method="GET", path="/-/c++", query="x=1", status=0, user_agent="C++ client"),
    ),
    other=1,
    note="Akamai, 'Data set parameters': reqTimeSec is seconds, reqPath has no query and, in the samples, no slash in"
    " front; user agent and referrer are percent-encoded; a key that says nothing is missing or `-`.",
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

SAMPLES = (FASTLY, AKAMAI, VERCEL)
