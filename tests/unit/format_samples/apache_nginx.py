"""Apache `LogFormat` and nginx `log_format` strings that people have at hand, with lines that they write.

The rules for what a string names: Apache's `%h` or `%a` and nginx's `$remote_addr` are the address; a forwarded address
counts only where the string has none of these, and then its first one. `%b`, `%B`, `$body_bytes_sent` go before `%O`,
`$bytes_sent`. `%r`, `$request` go before their parts. `$request_time` goes before `$upstream_response_time`, which is not
the time taken. What is not known is passed over.
"""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, LayoutSample, Row

_DOCS = Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120)  # fmt: skip

APACHE = (
    LayoutSample(
        server="apache",
        layout=r"%h %l %u %t \"%r\" %>s %b",
        text="""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120
2001:db8::7 - ada lovelace [01/May/2026:10:05:04 +0000] "GET /é" 404 -
192.0.2.9 - - [01/May/2026:10:05:05 +0000] "-" 408 -
""",
        rows=(
            _DOCS,
            Row(ip="2001:db8::7", user="ada lovelace", time="2026-05-01 10:05:04", method="GET", path="/é", status=404),
        ),
        other=1,
        note="Common, as written in httpd.conf, with its backslashes.",
    ),
    LayoutSample(
        server="apache",
        layout='%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"',
        text=rf"""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "https://www.example.org/" "{FIREFOX}"
192.0.2.9 - - [01/May/2026:10:05:04 +0000] "GET /b HTTP/1.1" 500 - "-" "say \"hi\""
""",
        rows=(
            Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, referrer="https://www.example.org/", user_agent=FIREFOX),
            Row(ip="192.0.2.9", time="2026-05-01 10:05:04", method="GET", path="/b", protocol="HTTP/1.1", status=500, user_agent=r'say \"hi\"'),
        ),
        note="Combined, without the backslashes; header names are not case-sensitive.",
    ),
    LayoutSample(
        server="apache",
        layout=r"%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"",
        text=f"""Shop.example.org:443 192.0.2.1 - ada [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/2.0" 200 5120 "-" "{CHROME}"
""",
        rows=(
            Row(host="shop.example.org", ip="192.0.2.1", user="ada", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/2.0", status=200, bytes=5120, user_agent=CHROME),
        ),
        note="Debian's vhost_combined: %O is bytes sent with headers, here the only size.",
    ),
    LayoutSample(
        server="apache",
        layout=r"%{X-Forwarded-For}i %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"",
        text="""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "-"
2001:db8::7, 198.51.100.50, 198.51.100.51 - - [01/May/2026:10:05:04 +0000] "GET /b HTTP/1.1" 301 9 "-" "-"
- - - [01/May/2026:10:05:05 +0000] "GET /health HTTP/1.1" 200 2 "-" "ELB-HealthChecker/2.0"
""",
        rows=(
            _DOCS,
            Row(ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/b", protocol="HTTP/1.1", status=301, bytes=9),
        ),
        other=1,
        note="Behind a proxy: the list's first address is the client; without any the line is rejected.",
    ),
    LayoutSample(
        server="apache",
        layout=r"%a %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" \"%{X-Forwarded-For}i\" %D",
        text="""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "-" "203.0.113.9, 198.51.100.50" 5123
""",
        rows=(
            Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=5.123),
        ),
        note="%a (with mod_remoteip the client) goes before the header; %D is microseconds.",
    ),
    LayoutSample(
        server="apache",
        layout=r"%h %{%Y-%m-%dT%H:%M:%S%z}t \"%m %U%q %H\" %>s %B %T",
        text="""192.0.2.1 2026-05-01T12:05:03+0200 "GET /docs/?a=1 HTTP/1.1" 200 5120 2
192.0.2.9 2026-05-01T10:05:04+0000 "POST /é HTTP/1.0" 404 0 0
""",
        rows=(
            Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=2000.0),
            Row(ip="192.0.2.9", time="2026-05-01 10:05:04", method="POST", path="/é", protocol="HTTP/1.0", status=404, bytes=0, time_ms=0.0),
        ),
        note="A time of strftime's; %q holds its question mark or is empty; %T is seconds.",
    ),
    LayoutSample(
        server="apache",
        layout=r"%h %l %u [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t] \"%r\" %>s %b %{ms}T",
        text="""192.0.2.1 - - [01/May/2026 12:05:03.123 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 45
""",
        rows=(
            Row(ip="192.0.2.1", time="2026-05-01 10:05:03.123000", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=45.0),
        ),
        note="mod_log_config's own example of milliseconds: the time in three pieces; %{ms}T is milliseconds.",
    ),
    LayoutSample(
        server="apache",
        layout=r"%{msec}t %h %m %U \"%q\" %s %I %O %{us}T",
        text="""1777629903250 192.0.2.1 GET /docs/ "?a=1" 200 420 5120 5123
1777629904000 2001:db8::7 GET /b "" 304 400 180 0
""",
        rows=(
            Row(ip="192.0.2.1", time="2026-05-01 10:05:03.250000", method="GET", path="/docs/", query="a=1", status=200, bytes=5120, time_ms=5.123),
            Row(ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/b", status=304, bytes=180, time_ms=0.0),
        ),
        note="Epoch milliseconds; %I is bytes received and not the answer's size; %s without > is the original status.",
    ),
    LayoutSample(
        server="apache",
        layout=r"%{sec}t\t%{c}a\t%{Host}i\t%u\t%r\t%>s\t%b\t%{s}T",
        text="1777629903\t192.0.2.1\tShop.example.org:8443\t-\tGET /docs/?a=1 HTTP/1.1\t200\t5120\t3\n",
        rows=(
            Row(host="shop.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=3000.0),
        ),
        note=r"Tabs are written \t; epoch seconds; the Host header is the host; nothing is in quotes.",
    ),
    LayoutSample(
        server="apache",
        layout=r"%V %h %l %u %t \"%r\" %>s %b \"%!200,304,302{Referer}i\" \"%{User-Agent}i\" %{SSL_PROTOCOL}x %{UNIQUE_ID}e %k %X %P 100%%",
        text=f"""www.example.org 192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "{FIREFOX}" TLSv1.3 aFm2 0 + 812 100%
www.example.org 192.0.2.9 - - [01/May/2026:10:05:04 +0000] "GET /b HTTP/1.1" 404 9 "https://www.example.org/docs/" "-" - - 3 - 812 100%
""",
        rows=(
            Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, user_agent=FIREFOX),
            Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:04", method="GET", path="/b", protocol="HTTP/1.1", status=404, bytes=9, referrer="https://www.example.org/docs/"),
        ),
        note="A list of status codes before a name makes the value `-` for the others; other modules' fields, %k, %X, %P"
        " are passed over; %% is a percent sign.",
    ),
    LayoutSample(
        server="apache",
        layout=r"%h %l %u %{%d/%b/%Y:%H:%M:%S}t \"%r\" %>s %b",
        text="""192.0.2.1 - - 01/May/2026:12:05:03 "GET /docs/?a=1 HTTP/1.1" 200 5120
""",
        rows=(_DOCS,),
        zone="Europe/Paris",
        note="A time without an offset is local time of the log's zone.",
    ),
    LayoutSample(
        server="apache",
        layout=r'LogFormat "%h %l %u %t \"%r\" %>s %b" common',
        text="""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120
""",
        rows=(_DOCS,),
        note="The whole directive, as copied from the configuration.",
    ),
)  # fmt: skip

NGINX = (
    LayoutSample(
        server="nginx",
        layout='$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"',
        text=rf"""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "-"
2001:db8::7 - ada [01/May/2026:10:05:04 +0000] "GET /é HTTP/2.0" 404 153 "https://www.example.org/" "{CHROME}"
192.0.2.9 - - [01/May/2026:10:05:05 +0000] "GET /b HTTP/1.1" 200 1 "-" "Caf\xC3\xA9 \x22reader\x22"
192.0.2.9 - - [01/May/2026:10:05:06 +0000] "" 400 0 "-" "-"
""",
        rows=(
            _DOCS,
            Row(ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/é", protocol="HTTP/2.0", status=404, bytes=153, referrer="https://www.example.org/", user_agent=CHROME),
            Row(ip="192.0.2.9", time="2026-05-01 10:05:05", method="GET", path="/b", protocol="HTTP/1.1", status=200, bytes=1, user_agent=r"Caf\xC3\xA9 \x22reader\x22"),
        ),
        other=1,
        note="nginx's predefined combined.",
    ),
    LayoutSample(
        server="nginx",
        layout='$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"',
        text="""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "-" "203.0.113.9, 198.51.100.50"
192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "-" "-"
""",
        rows=(_DOCS, _DOCS),
        note="`main` of the nginx packages: $remote_addr goes before the header.",
    ),
    LayoutSample(
        server="nginx",
        layout='$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time $upstream_response_time $pipe',
        text="""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "-" 0.123 0.120 .
192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "-" 1.500 0.500, 0.900 p
192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "-" 0.000 - .
""",
        rows=tuple(
            Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=time_ms)
            for time_ms in (123.0, 1500.0, 0.0)
        ),
        note="$request_time is seconds; several upstreams give a list with blanks or colons, none gives `-`.",
    ),
    LayoutSample(
        server="nginx",
        layout='$time_iso8601 $http_x_forwarded_for $scheme $host "$request_method $request_uri $server_protocol" $status $bytes_sent rt=$request_time uct="$upstream_connect_time"',
        text="""2026-05-01T12:05:03+02:00 192.0.2.1 https Shop.example.org "GET /docs/?a=1 HTTP/1.1" 200 5120 rt=0.005 uct="0.001"
2026-05-01T10:05:04+00:00 2001:db8::7, 198.51.100.50 http www.example.org "POST /b HTTP/1.0" 301 9 rt=0.000 uct="-"
""",
        rows=(
            Row(host="shop.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=5.0),
            Row(host="www.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="POST", path="/b", protocol="HTTP/1.0", status=301, bytes=9, time_ms=0.0),
        ),
        note="ISO 8601 time; the forwarded address where there is no other; names in front of values; $request_uri has the"
        " query.",
    ),
    LayoutSample(
        server="nginx",
        layout='$msec $remote_addr $http_host $request_method "$uri" "$args" $status $body_bytes_sent',
        text="""1777629903.250 192.0.2.1 Shop.example.org:8443 GET "/docs/" "a=1" 200 5120
1777629904.000 2001:db8::7 [2001:db8::80]:8443 GET "/my file" "-" 404 9
""",
        rows=(
            Row(host="shop.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.250000", method="GET", path="/docs/", query="a=1", status=200, bytes=5120),
            Row(host="[2001:db8::80]", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/my file", status=404, bytes=9),
        ),
        note="Epoch seconds with milliseconds; $uri is decoded; an empty variable is `-`.",
    ),
    LayoutSample(
        server="nginx",
        layout="$host\t$remote_addr\t$time_iso8601\t$request\t$status\t$request_length\t$bytes_sent\t$body_bytes_sent\t$request_time\t$http_user_agent",
        text=f"www.example.org\t192.0.2.1\t2026-05-01T12:05:03+02:00\tGET /docs/?a=1 HTTP/1.1\t200\t420\t5400\t5120\t0.005\t{FIREFOX}\n",
        rows=(
            Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=5.0, user_agent=FIREFOX),
        ),
        note="Tabs; the body's size goes before all bytes sent; $request_length is the request's.",
    ),
    LayoutSample(
        server="nginx",
        layout='"$server_name" "$http_cf_connecting_ip" "${time_local}" "$request" "$status" "${body_bytes_sent}" "$ssl_protocol"',
        text="""\"www.example.org" "192.0.2.1" "01/May/2026:12:05:03 +0200" "GET /docs/?a=1 HTTP/1.1" "200" "5120" "TLSv1.3"
""",
        rows=(
            Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120),
        ),
        note="Every value in quotes; braces around a variable's name; a CDN's header for the address.",
    ),
    LayoutSample(
        server="nginx",
        layout="""log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                  '$status $body_bytes_sent';""",
        text="""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120
""",
        rows=(_DOCS,),
        note="The whole directive over two lines, as copied from the configuration: its quoted pieces are joined.",
    ),
)  # fmt: skip

LAYOUTS = APACHE + NGINX
