"""AWS's load balancers: Classic (elb) and Application (alb)."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile

ELB = SampleFile(
    format="elb",
    text=f"""2026-05-01T10:05:03.654321Z my-lb 192.0.2.1:40001 198.51.100.10:80 0.000080 0.002500 0.001300 200 200 0 5120 "GET https://www.example.org:443/docs/ HTTP/1.1" "{FIREFOX}" DHE-RSA-AES128-SHA TLSv1.2
2026-05-01T10:05:04.000000Z my-lb 198.51.100.7:40002 198.51.100.10:80 0 1.5 0 301 301 0 812 "GET http://Shop.example.org:80/old?q=duck%20db&page=2 HTTP/1.1" "{CHROME}" - -
2026-05-01T10:05:05.100000Z my-lb 2001:db8::7:40003 - -1 -1 -1 504 0 0 0 "POST http://www.example.org:80/caf%C3%A9 HTTP/1.0" "-" - -
2026-05-01T10:05:06.100000Z my-lb 192.0.2.9:40004 198.51.100.10:80 0.000010 -1 -1 503 0 0 0 "GET http://[2001:db8::80]:80/ HTTP/1.1" "Lesegerät 2.0" - -
2026-05-01T10:05:07.654321Z my-lb 192.0.2.9:40005 198.51.100.10:80 0.001 0.002 0.003 - - 12 34 "- - - " "-" - -
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.654321", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=2.5, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="198.51.100.7", time="2026-05-01 10:05:04", method="GET", path="/old", query="q=duck%20db&page=2", protocol="HTTP/1.1", status=301, bytes=812, time_ms=1500.0, user_agent=CHROME),
        Row(host="www.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05.100000", method="POST", path="/caf%C3%A9", protocol="HTTP/1.0", status=504, bytes=0),
        Row(host="[2001:db8::80]", ip="192.0.2.9", time="2026-05-01 10:05:06.100000", method="GET", path="/", protocol="HTTP/1.1", status=503, bytes=0, user_agent="Lesegerät 2.0"),
    ),
    other=1,
    note="Elastic Load Balancing, Classic Load Balancers, 'Access log entries': backend_processing_time, in seconds, is"
    " the time taken; -1 is none. A listener of TCP logs no request. A backend may be `-`.",
)  # fmt: skip

_TAIL = '"Root=1-00000000-000000000000000000000001" "www.example.org" "arn:aws:acm:eu-west-1:123456789012:certificate/1" 0 2026-05-01T10:05:02.250000Z'
_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1"

ALB = SampleFile(
    format="alb",
    text=f"""http 2026-05-01T10:05:03.120450Z app/web/0123abcd 192.0.2.1:40001 198.51.100.10:80 0.000 0.001 0.000 200 200 34 5120 "GET http://www.example.org:80/docs/ HTTP/1.1" "{FIREFOX}" - - {_GROUP} {_TAIL} "forward" "-" "-" "198.51.100.10:80" "200" "-" "-"
h2 2026-05-01T10:05:04.000000Z app/web/0123abcd 198.51.100.7:40002 198.51.100.10:80 0.090 0.050 0.030 200 200 5 812 "GET https://Shop.example.org:443/search?q=duck%20db&page=2 HTTP/2.0" "{CHROME}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 {_GROUP} {_TAIL} "authenticate,forward" "-" "-" "198.51.100.10:80" "200" "-" "-" TID_00000000000000000 "-" "-" "-"
https 2026-05-01T10:05:05.100000Z app/web/0123abcd 2001:db8::7:40003 - -1 -1 -1 301 - 204 167 "GET https://www.example.org:443/old HTTP/1.1" "-" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 - {_TAIL} "waf,redirect" "https://www.example.org:443/new" "-" "-" "-" "-" "-"
https 2026-05-01T10:05:06.100000Z app/web/0123abcd 192.0.2.9:40004 - -1 -1 -1 404 - 204 167 "GET https://[2001:db8::80]:443/caf%C3%A9 HTTP/1.1" "Lesegerät 2.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 - {_TAIL} "fixed-response" "-" "-" "-" "-" "-" "-"
http 2026-05-01T10:05:07.100000Z app/web/0123abcd 192.0.2.9:40005 - 0.000 0.002 0.000 502 - 34 366 "POST http://www.example.org:80/lambda HTTP/1.1" "-" - - {_GROUP} {_TAIL} "forward" "-" "LambdaInvalidResponse" "-" "-" "-" "-"
wss 2026-05-01T10:05:08.100000Z app/web/0123abcd 192.0.2.9:40006 198.51.100.10:80 0.001 0.003 0.000 101 101 218 786 "GET https://www.example.org:443/socket HTTP/1.1" "-" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 {_GROUP} {_TAIL} "forward" "-" "-" "198.51.100.10:80" "101" "-" "-"
http 2026-05-01T10:05:09.100000Z app/web/0123abcd 192.0.2.9:40007 - -1 -1 -1 400 - 0 272 "- http://www.example.org:80- -" "-" - - - "-" "-" "-" - 2026-05-01T10:05:09.000000Z "-" "-" "-" "-" "-" "-" "-"
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.120450", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=1.0, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="198.51.100.7", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/2.0", status=200, bytes=812, time_ms=50.0, user_agent=CHROME),
        Row(host="www.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05.100000", method="GET", path="/old", protocol="HTTP/1.1", status=301, bytes=167),
        Row(host="[2001:db8::80]", ip="192.0.2.9", time="2026-05-01 10:05:06.100000", method="GET", path="/caf%C3%A9", protocol="HTTP/1.1", status=404, bytes=167, user_agent="Lesegerät 2.0"),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:07.100000", method="POST", path="/lambda", protocol="HTTP/1.1", status=502, bytes=366, time_ms=2.0),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:08.100000", method="GET", path="/socket", protocol="HTTP/1.1", status=101, bytes=786, time_ms=3.0),
    ),
    other=1,
    note="Elastic Load Balancing, Application Load Balancers, 'Access log entries': `time` is when the answer was made"
    " (creation_time near the end is another); target_processing_time, in seconds, is the time taken, -1 is none; a"
    " target is `-` for redirects, fixed responses, the firewall and functions. A malformed request has no method.",
)  # fmt: skip

SAMPLES = (ELB, ALB)
