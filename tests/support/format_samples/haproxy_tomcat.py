"""Strings of HAProxy, Tomcat, Jetty, Envoy and Squid that people have at hand, with lines that they write."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, LayoutSample, Row

_DOCS = Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120)  # fmt: skip
_HTTP = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"

HAPROXY = (
    LayoutSample(
        server="haproxy",
        layout=f"{_HTTP} %[unique-id]",
        text="""192.0.2.1:40001 [01/May/2026:10:05:03.310] www~ bck/srv1 10/0/30/69/109 200 5120 - - ---- 1/1/1/1/0 0/0 {www.example.org|Mozilla/5.0 (X11)|https://www.example.org/} {} "GET /docs/?a=1 HTTP/1.1" id-1
2001:db8::7:40002 [01/May/2026:10:05:04.000] www bck/<NOSRV> 0/-1/-1/-1/+1500 503 +812 - - sQ-- 1/1/1/1/+3 0/0 "POST /b HTTP/2.0" -
192.0.2.9:40003 [01/May/2026:10:05:05.000] www www/<NOSRV> -1/-1/-1/-1/20 -1 0 - - CR-- 1/1/0/0/0 0/0 {||} "GET /slow HTTP/1.1" -
192.0.2.9:40004 [01/May/2026:10:05:06.000] www www/<NOSRV> -1/-1/-1/-1/0 400 187 - - PR-- 1/1/0/0/0 0/0 {||} "<BADREQ>" -
Proxy www started.
""",
        rows=(
            Row(
                host="www.example.org",
                ip="192.0.2.1",
                time="2026-05-01 10:05:03.310000",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                time_ms=109.0,
                referrer="https://www.example.org/",
                user_agent="Mozilla/5.0 (X11)",
            ),
            Row(
                ip="2001:db8::7",
                time="2026-05-01 10:05:04",
                method="POST",
                path="/b",
                protocol="HTTP/2.0",
                status=503,
                bytes=812,
                time_ms=1500.0,
            ),
            Row(
                ip="192.0.2.9",
                time="2026-05-01 10:05:05",
                method="GET",
                path="/slow",
                protocol="HTTP/1.1",
                status=0,
                bytes=0,
                time_ms=20.0,
            ),
        ),
        other=2,
        note="Manual, 'HTTP log format': captured headers are told by what they hold, and leave no blank where there are"
        " none; a plus sign is no part of a number; -1 was not answered.",
    ),
    LayoutSample(
        server="haproxy",
        layout="httpslog",
        text="""192.0.2.1:40001 [01/May/2026:12:05:03.000] www~ bck/srv1 10/0/30/69/109 200 5120 - - ---- 1/1/1/1/0 0/0 "GET /docs/?a=1 HTTP/1.1" 0/0000000000000000/0/0/0 www.example.org/TLSv1.3/TLS_AES_256_GCM_SHA384
""",
        rows=(
            Row(
                ip="192.0.2.1",
                time="2026-05-01 10:05:03",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                time_ms=109.0,
            ),
        ),
        note="The name of a built-in format; the time is local.",
        zone="Europe/Paris",
    ),
    LayoutSample(
        server="haproxy",
        layout="clf",
        text="""192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /docs/?a=1 HTTP/1.1" 200 5120 "" "" 40001 310 "www~" "bck" "srv1" 10 0 30 69 109 ---- 1 1 1 1 0 0 0 "-" "-" "www.example.org" "curl/8.0"
""",
        rows=(
            Row(
                ip="192.0.2.1",
                time="2026-05-01 10:05:03.310000",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                time_ms=109.0,
            ),
        ),
        note="Manual, 'option httplog clf': `%{+Q}o` quotes texts and no numbers.",
    ),
    LayoutSample(
        server="haproxy",
        layout=r'log-format "%{+Q}[src] [%Ts.%ms] %HM %HP%HQ %HV %ST %B %Tt %{+Q}[req.hdr(host)] %{+Q}[var(txn.req_referer)] %{+Q,+E}[capture.req.hdr(0)]"',
        text=rf""""192.0.2.1" [1777629903.042] GET /docs/?a=1 HTTP/1.1 200 5120 12 "www.example.org:8443" "https://www.example.org/" "{CHROME}"
"2001:db8::7" [1777629904.000] GET /b HTTP/2.0 304 0 3 "Shop.example.org" "-" "say \"hi\""
""",
        rows=(
            Row(
                host="www.example.org",
                ip="192.0.2.1",
                time="2026-05-01 10:05:03.042000",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                time_ms=12.0,
                referrer="https://www.example.org/",
                user_agent=CHROME,
            ),
            Row(
                host="shop.example.org",
                ip="2001:db8::7",
                time="2026-05-01 10:05:04",
                method="GET",
                path="/b",
                protocol="HTTP/2.0",
                status=304,
                bytes=0,
                time_ms=3.0,
                user_agent=r"say \"hi\"",
            ),
        ),
        note="Seconds and their milliseconds; path and query apart; headers, variables and captures as samples.",
    ),
    LayoutSample(
        server="haproxy",
        layout=r'log-format {"at":"%trl","client":{"ip":"%ci","port":%cp},"asked":"%HM\ %HU\ %HV","method":"%HM","uri":"%HU","ua":"%[capture.req.hdr(1),json(utf8s)]","ref":"%[capture.req.hdr(0),json(utf8s)]","status":%ST,"bytes":%B,"ms":%Ta}',
        text=r"""{"at":"01/May/2026:12:05:03 +0200","client":{"ip":"192.0.2.1","port":40001},"asked":"GET /docs/?a=1 HTTP/1.1","method":"GET","uri":"/docs/?a=1","ua":"say \"hi\"","ref":"https:\/\/www.example.org\/","status":200,"bytes":5120,"ms":109}
{"at":"01/May/2026:10:05:04 +0000","client":{"ip":"2001:db8::7","port":40002},"asked":"<BADREQ>","method":"<BADREQ>","uri":"-","ua":"","ref":"","status":400,"bytes":0,"ms":0}
""",
        rows=(
            Row(
                ip="192.0.2.1",
                time="2026-05-01 10:05:03",
                method="GET",
                path="/docs/",
                query="a=1",
                status=200,
                bytes=5120,
                time_ms=109.0,
                referrer="https://www.example.org/",
                user_agent='say "hi"',
            ),
        ),
        other=1,
        note="A format that writes JSON is read as JSON.",
    ),
    LayoutSample(
        server="haproxy",
        layout="%{+json}o %(client)ci %(at)trg %(asked){+Q}r %(code:sint)ST %(size)B %(host)[req.hdr(host)] %pid",
        text="""{"client": "192.0.2.1", "at": "01/May/2026:10:05:03 +0000", "asked": "GET /docs/?a=1 HTTP/1.1", "code": 200, "size": 5120, "host": "www.example.org"}
""",
        rows=(
            Row(
                host="www.example.org",
                ip="192.0.2.1",
                time="2026-05-01 10:05:03",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
            ),
        ),
        note="Manual, 'Custom log format', encoding: of named items HAProxy makes an object itself.",
    ),
    LayoutSample(
        server="haproxy",
        layout="%Ci:%Cp [%t] %st %B %hr %{+Q}r",
        text="""192.0.2.1:40001 [01/May/2026:10:05:03.000] 200 5120 {} "GET /docs/?a=1 HTTP/1.1"
192.0.2.1:40001 [01/May/2026:10:05:03.000] 200 5120 "GET /docs/?a=1 HTTP/1.1"
""",
        rows=(_DOCS, _DOCS),
        note="The names that variables had in old versions.",
    ),
)

TOMCAT = (
    LayoutSample(
        server="tomcat",
        layout="combined",
        text=f"""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "https://www.example.org/" "{FIREFOX}"
""",
        rows=(
            Row(
                ip="192.0.2.1",
                time="2026-05-01 10:05:03",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                referrer="https://www.example.org/",
                user_agent=FIREFOX,
            ),
        ),
        note="A name of the valve's for the pattern.",
    ),
    LayoutSample(
        server="tomcat",
        layout='<Valve className="org.apache.catalina.valves.AccessLogValve" prefix="localhost_access_log" pattern="%h %l %u %t &quot;%r&quot; %s %b %D" />',
        text="""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 12
""",
        rows=(
            Row(
                ip="192.0.2.1",
                time="2026-05-01 10:05:03",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                time_ms=12.0,
            ),
        ),
        note="The valve as it stands in server.xml; %D is milliseconds.",
    ),
    LayoutSample(
        server="tomcat",
        layout='%{yyyy-MM-dd HH:mm:ss,SSS}t %{X-Forwarded-For}i %u %S "%m %U%q %H" %s %B %Dus %I',
        text="""2026-05-01 12:05:03,310 192.0.2.1, 198.51.100.50 ada B0A1 "GET /docs/?a=1 HTTP/1.1" 200 5120 12500us http-nio-8080-exec-1
2026-05-01 12:05:04,000 2001:db8::7 - - "POST /é HTTP/1.1" 404 0 0us Catalina exec 2
""",
        rows=(
            Row(
                ip="192.0.2.1",
                user="ada",
                time="2026-05-01 10:05:03.310000",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                time_ms=12.5,
            ),
            Row(
                ip="2001:db8::7",
                time="2026-05-01 10:05:04",
                method="POST",
                path="/é",
                protocol="HTTP/1.1",
                status=404,
                bytes=0,
                time_ms=0.0,
            ),
        ),
        note="Java's format of a time, with a blank in it and without an offset; a unit behind %D; a thread's name.",
        zone="Europe/Paris",
    ),
    LayoutSample(
        server="tomcat",
        layout="%a %v [%{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}t] %{Host}i \"%r\" %s %b %{us}T %{org.apache.catalina.AccessLog.RemoteAddr}r",
        text="""192.0.2.1 srv [2026-05-01T12:05:03.310+02:00] www.example.org:8080 "GET /docs/?a=1 HTTP/1.1" 200 5120 12500 192.0.2.1
192.0.2.9 srv [2026-05-01T10:05:04.000Z] - "GET /b HTTP/1.1" 304 - 5 192.0.2.9
""",
        rows=(
            Row(
                host="srv",
                ip="192.0.2.1",
                time="2026-05-01 10:05:03.310000",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                time_ms=12.5,
            ),
            Row(
                host="srv",
                ip="192.0.2.9",
                time="2026-05-01 10:05:04",
                method="GET",
                path="/b",
                protocol="HTTP/1.1",
                status=304,
                time_ms=0.005,
            ),
        ),
        note="An offset that may be Z; Tomcat 10's %{us}T; %v goes before the header, as with Apache.",
    ),
    LayoutSample(
        server="tomcat",
        layout='%{client}a - %u %{dd/MMM/yyyy:HH:mm:ss ZZZ|GMT}t "%r" %s %O "%{Referer}i" "%{User-Agent}i" %D',
        text="""192.0.2.1 - - 01/May/2026:10:05:03 +0000 "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "-" 12500
""",
        rows=(
            Row(
                ip="192.0.2.1",
                time="2026-05-01 10:05:03",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                time_ms=12.5,
            ),
        ),
        note="Jetty, `CustomRequestLog`: the client, the bytes sent, the zone of the time; its %D is microseconds.",
    ),
    LayoutSample(
        server="tomcat",
        layout="common",
        text="""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120
""",
        rows=(_DOCS,),
        note="The other name.",
    ),
)

ENVOY = (
    LayoutSample(
        server="envoy",
        layout='[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_SENT% %DURATION% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT):200%" "%REQ(Referer)%" "%REQ(:AUTHORITY)%" %DOWNSTREAM_REMOTE_ADDRESS%\\n',
        text=f"""[2026-05-01T10:05:03.310Z] "GET /docs/?a=1 HTTP/1.1" 200 - 5120 12 "192.0.2.1, 198.51.100.50" "{FIREFOX}" "-" "www.example.org:8443" 198.51.100.50:4000
[2026-05-01T10:05:04.000Z] "- - -" 0 - 0 3 "-" "-" "-" "-" 192.0.2.9:4000
""",
        rows=(
            Row(
                host="www.example.org",
                ip="192.0.2.1",
                time="2026-05-01 10:05:03.310000",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                time_ms=12.0,
                user_agent=FIREFOX,
            ),
        ),
        other=1,
        note="The first of X-Forwarded-For goes before the downstream, as in Envoy's default; a connection is no request.",
    ),
    LayoutSample(
        server="envoy",
        layout="%START_TIME(%d/%b/%Y:%H:%M:%S.%3f %z)% %DOWNSTREAM_REMOTE_ADDRESS% %REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE%",
        text="""01/May/2026:12:05:03.310 +0200 192.0.2.1:4000 GET /docs/?a=1 200
01/May/2026:12:05:04.000 +0200 [2001:db8::7]:4000 GET /b 404
""",
        rows=(
            Row(
                ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", query="a=1", status=200
            ),
            Row(ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/b", status=404),
        ),
        note="A format of the time; an address with its port.",
    ),
    LayoutSample(
        server="envoy",
        layout='{"t": "%START_TIME(%s.%3f)%", "ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "m": "%REQ(:METHOD)%", "p": "%REQ(:PATH)%", "s": %RESPONSE_CODE%, "ua": "%REQ(USER-AGENT)%"}',
        text="""{"t":"1777629903.310","ip":"192.0.2.1","m":"GET","p":"/docs/?a=1","s":200,"ua":null}
{"t":"1777629903.310","ip":"192.0.2.1","m":null,"p":null,"s":0,"ua":null}
""",
        rows=(
            Row(
                ip="192.0.2.1", time="2026-05-01 10:05:03.310000", method="GET", path="/docs/", query="a=1", status=200
            ),
        ),
        other=1,
        note="JSON, with nulls.",
    ),
)

SQUID = (
    LayoutSample(
        server="squid",
        layout='logformat mine %ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt "%{User-Agent}>h" "%{Referer}>h"',
        text="""1777629903.042     45 192.0.2.1 TCP_MISS/200 5120 GET /docs/?a=1 ada HIER_DIRECT/198.51.100.10 text/html "curl/8.0" "-"
1777629904.000  12500 2001:db8::7 TCP_HIT_ABORTED/000 0 GET /b - HIER_NONE/- - "-" "https://www.example.org/"
""",
        rows=(
            Row(
                ip="192.0.2.1",
                user="ada",
                time="2026-05-01 10:05:03.042000",
                method="GET",
                path="/docs/",
                query="a=1",
                status=200,
                bytes=5120,
                time_ms=45.0,
                user_agent="curl/8.0",
            ),
            Row(
                ip="2001:db8::7",
                time="2026-05-01 10:05:04",
                method="GET",
                path="/b",
                status=0,
                bytes=0,
                time_ms=12500.0,
                referrer="https://www.example.org/",
            ),
        ),
        note="Squid's own format with two headers behind; numbers are padded with blanks.",
    ),
    LayoutSample(
        server="squid",
        layout="combined",
        text=f"""192.0.2.1 - ada [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 "-" "{CHROME}" TCP_MISS:HIER_DIRECT
""",
        rows=(
            Row(
                ip="192.0.2.1",
                user="ada",
                time="2026-05-01 10:05:03",
                method="GET",
                path="/docs/",
                query="a=1",
                protocol="HTTP/1.1",
                status=200,
                bytes=5120,
                user_agent=CHROME,
            ),
        ),
        note="A built-in format.",
    ),
    LayoutSample(
        server="squid",
        layout="%{%Y-%m-%d %H:%M:%S}tl %-15>a %rm %>ru %>Hs %<st %tr",
        text="""2026-05-01 12:05:03 192.0.2.1       GET /docs/?a=1 200 5120 12
""",
        rows=(
            Row(
                ip="192.0.2.1",
                time="2026-05-01 10:05:03",
                method="GET",
                path="/docs/",
                query="a=1",
                status=200,
                bytes=5120,
                time_ms=12.0,
            ),
        ),
        note="A time's format of one's own, without an offset; a value to the left of its width.",
        zone="Europe/Paris",
    ),
)

LAYOUTS = (*HAPROXY, *TOMCAT, *ENVOY, *SQUID)
