"""Amazon API Gateway's example formats."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import Row, SampleFile

REST_API = SampleFile(
    format="api_gateway",
    text="""{"requestId":"id-1","extendedRequestId":"x=","ip":"192.0.2.1","caller":"-","user":"-","requestTime":"01/May/2026:10:05:03 +0000","httpMethod":"GET","resourcePath":"/pets/{id}","status":"200","protocol":"HTTP/1.1","responseLength":"120"}
{"requestId":"id-2","ip":"2001:db8::7","caller":"-","user":"ada","requestTimeEpoch":"1777629904000","httpMethod":"POST","resourcePath":"/pets","path":"/prod/pets","status":"403","protocol":"HTTP/1.1","responseLength":"-","domainName":"Api.example.org","userAgent":"curl/8.0","responseLatency":"15"}
{"requestId":"id-3","ip":"192.0.2.9","requestTime":"01/May/2026:10:05:05 +0000","eventType":"CONNECT","connectionId":"c","status":"200"}
{"requestId":"id-4","ip":"192.0.2.9","caller":"-","user":"-","requestTime":"01/May/2026:10:05:06 +0000","eventType":"MESSAGE","routeKey":"$default","connectionId":"c","status":"200"}
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/pets/{id}", protocol="HTTP/1.1", status=200, bytes=120),
        Row(host="api.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="POST", path="/prod/pets", protocol="HTTP/1.1", status=403, time_ms=15.0, user_agent="curl/8.0"),
    ),
    other=2,
    note="API Gateway, 'Access logging for REST APIs', the example in JSON, and its variables under their own names;"
    " requestTimeEpoch is milliseconds. Of a WebSocket there is no method.",
)  # fmt: skip

HTTP_API = SampleFile(
    format="api_gateway",
    text="""{"requestId":"id-1","ip":"192.0.2.1","requestTime":"01/May/2026:12:05:03 +0200","httpMethod":"GET","routeKey":"GET /pets/{id}","status":"200","protocol":"HTTP/1.1","responseLength":"120"}
{"requestId":"id-2","ip":"192.0.2.1","requestTime":"01/May/2026:10:05:04 +0000","httpMethod":"GET","routeKey":"$default","path":"/a","status":"200","protocol":"HTTP/1.1","responseLength":"120"}
{"requestId":"id-3","ip":"192.0.2.1","requestTime":"01/May/2026:10:05:05 +0000","httpMethod":"GET","routeKey":"$default","status":"200","protocol":"HTTP/1.1","responseLength":"120"}
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/pets/{id}", protocol="HTTP/1.1", status=200, bytes=120),
        Row(ip="192.0.2.1", time="2026-05-01 10:05:04", method="GET", path="/a", protocol="HTTP/1.1", status=200, bytes=120),
    ),
    other=1,
    note="API Gateway, 'Configure logging for HTTP APIs', the example in JSON: the route is all that it says of the path;"
    " `$default` says nothing, so that such a line is rejected.",
)  # fmt: skip

CLF = SampleFile(
    format="api_gateway_clf",
    text="""192.0.2.1 - - [01/May/2026:10:05:03 +0000]"GET /pets/{id} HTTP/1.1" 200 120 8601b555-0a1b-4c2d-8e3f-0123456789ab AbCdEfGhIjKlMno=
2001:db8::7 - ada [01/May/2026:12:05:04 +0200] "POST POST /pets HTTP/1.1" 404 23 JKJaXmPLvHcESHA=
192.0.2.9 - - [01/May/2026:10:05:05 +0000] "GET $default HTTP/1.1" 200 23 JKJaXmPLvHcESHB=
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/pets/{id}", protocol="HTTP/1.1", status=200, bytes=120),
        Row(ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="POST", path="/pets", protocol="HTTP/1.1", status=404, bytes=23),
    ),
    other=1,
    note="API Gateway, the example in CLF of REST APIs (no blank behind the time) and of HTTP APIs (the route has the"
    " method once more, and `$default` no path).",
)  # fmt: skip

CSV = SampleFile(
    format="api_gateway_csv",
    text="""192.0.2.1,-,ada,01/May/2026:10:05:03 +0000,GET,/pets/{id},HTTP/1.1,200,120,8601b555-0a1b-4c2d-8e3f-0123456789ab,AbCdEfGhIjKlMno=
2001:db8::7,01/May/2026:12:05:04 +0200,POST,POST /pets,HTTP/1.1,404,-,JKJaXmPLvHcESHA=
""",
    rows=(
        Row(ip="192.0.2.1", user="ada", time="2026-05-01 10:05:03", method="GET", path="/pets/{id}", protocol="HTTP/1.1", status=200, bytes=120),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:04", method="POST", path="/pets", protocol="HTTP/1.1", status=404),
    ),
    note="API Gateway, the example in CSV of REST APIs and of HTTP APIs.",
)  # fmt: skip

SAMPLES = (REST_API, HTTP_API, CLF, CSV)
