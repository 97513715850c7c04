"""Akamai DataStream 2, in its three shapes."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

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

PAIRS = SampleFile(
    format="akamai_pairs",
    text="""cp=123456 reqTimeSec=1777629903.310 cliIP=192.0.2.1 reqMethod=GET reqHost=www.example.org reqPath=docs/ queryStr=a%3D1 statusCode=200 bytes=5120 UA=Mozilla/5.0%20(X11;%20Linux%20x86_64;%20rv:126.0)%20Gecko/20100101%20Firefox/126.0 referer=-
cp=123456 reqTimeSec=1777629904 cliIP=2001:db8::7 reqMethod=POST reqHost=Shop.example.org reqPath=/b statusCode=404 totalBytes=812 UA=- referer=https%3A%2F%2Fwww.example.org%2F turnAroundTimeMSec=11
cp=123456 reqTimeSec=1777629905 cliIP=-
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", query="a=1", status=200, bytes=5120, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="POST", path="/b", status=404, bytes=812, time_ms=11.0, referrer="https://www.example.org/"),
    ),
    other=1,
    note="The data sets of Akamai under the names of its JSON, as pairs.",
)  # fmt: skip

STRUCTURED = SampleFile(
    format="akamai_structured",
    text="""1 123456 1239f220 1777629903 5120 192.0.2.1 200 HTTPS www.example.org GET docs/a%20b 443 5000 text/html Mozilla%2F5.0+%28Macintosh%3B+Intel+Mac+OS+X+10_14_3%29 0 TLSv1.3 484 484 232 5300 a=1&b=x%20y //BC/%5Ba=192.0.2.200,c=g,k=0,l=1%5D en-US cookie-content - https%3A%2F%2Fwww.example.org%2F 192.0.2.1 3600 3 - 11
1 12345 123456 1239f221 1777629904.250 812 2001:db8::7 404 HTTP/2 Shop.example.org POST /b 443 5000 text/html curl/8.0 0 TLSv1 484 484 232 0 - - - - - -
1\t123456\t1239f222\t1777629905\t-\t192.0.2.9\t0\tHTTPS\twww.example.org\tGET\t-
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/a%20b", query="a=1&b=x%20y", status=200, bytes=5120, referrer="https://www.example.org/", user_agent="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_3)"),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04.250000", method="POST", path="/b", protocol="HTTP/2", status=404, bytes=812, user_agent="curl/8.0"),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:05", method="GET", path="/", status=0),
    ),
    note="Akamai, 'Log format', structured, between blanks or tabs, with and without the stream's number; `-` as path is"
    " the root.",
)  # fmt: skip

SAMPLES = (AKAMAI, PAIRS, STRUCTURED)
