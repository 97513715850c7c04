"""W3C extended logs: any order of fields, headers in mid-file; Netscaler's and Incapsula's own."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

_FIREFOX = FIREFOX.replace(" ", "+")

CHANGING = SampleFile(
    format="w3c",
    text=f"""#Version: 1.0
#Date: 2026-05-01 10:05:00
#Fields: date time c-ip cs-username cs-method cs-uri-stem cs-uri-query sc-status sc-bytes time-taken cs-version cs-host cs(User-Agent) cs(Referer)
2026-05-01 10:05:03 192.0.2.1 - GET /docs/ - 200 5120 0.012 HTTP/1.1 www.example.org {_FIREFOX} -
2026-05-01 10:05:04 2001:db8::7 ada GET /search q=duck%20db&page=2 200 812 1.5 HTTP/2.0 Shop.example.org:8443 Leseger%C3%A4t+2.0 https://www.example.org/docs/?a=1
#Version: 1.0
#Date: 2026-05-01 10:05:05
#Fields: time date sc-status cs-method c-ip cs-uri
10:05:05 2026-05-01 301 GET 198.51.100.7 /old?x=1
10:05:06 2026-05-01 404 POST 192.0.2.9 http://www.example.org/é
#Remark: the same fields again
#Fields: time date sc-status cs-method c-ip cs-uri
10:05:07 2026-05-01 200 GET 192.0.2.9 /
10:05:08 2026-05-01 200 GET
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=12.0, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/2.0", status=200, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1", user_agent="Leseger%C3%A4t 2.0"),
        Row(ip="198.51.100.7", time="2026-05-01 10:05:05", method="GET", path="/old", query="x=1", status=301),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="POST", path="/é", status=404),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/", status=200),
    ),
    headers=8,
    other=1,
    note="W3C, 'Extended Log File Format': #Fields may come again and change; cs-uri is stem and query, or a whole URL;"
    " time-taken is seconds. A plus sign in the user agent stands for a blank, nothing else is decoded. A line with too"
    " few fields is not read.",
)  # fmt: skip

DATED_BY_HEADER = SampleFile(
    format="w3c",
    text="""#Version: 1.0
#Date: 2026-05-01 23:59:50
#Fields: time c-ip cs-method cs-uri-stem sc-status bytes
23:59:58 192.0.2.1 GET /docs/ 200 5120
23:59:59.25 2001:db8::7 GET /search 404 -
#Date: 2026-05-02 00:00:01
00:00:02 198.51.100.7 POST /café 302 9
#Version: 1.0
#Date: 2026-05-03 10:00:00
#Fields: time c-ip cs-method cs-uri-stem sc-status bytes
10:05:03 192.0.2.9 GET / 200 1
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 23:59:58", method="GET", path="/docs/", status=200, bytes=5120),
        Row(ip="2001:db8::7", time="2026-05-01 23:59:59.250000", method="GET", path="/search", status=404),
        Row(ip="198.51.100.7", time="2026-05-02 00:00:02", method="POST", path="/café", status=302, bytes=9),
        Row(ip="192.0.2.9", time="2026-05-03 10:05:03", method="GET", path="/", status=200, bytes=1),
    ),
    headers=7,
    note="W3C, 'Extended Log File Format': #Date is when the entries after it were made, and dates those that have a time"
    " only; a time may have a fraction; `bytes` needs no prefix.",
)

UNDATED = SampleFile(
    format="w3c",
    text="""#Version: 1.0
#Fields: time c-ip cs-method cs-uri-stem sc-status
10:05:03 192.0.2.1 GET /docs/ 200
10:05:04 192.0.2.1 GET /old 301
""",
    rows=(),
    headers=2,
    other=2,
    note="No date anywhere: the day is not guessed, nothing is read, nothing fails.",
)

QUOTED = SampleFile(
    format="w3c",
    text=f"""#Software: Example Web Cache/2.0
#Version: 1.0
#Fields:  c-ip  date  time  cs-method  cs-uri  sc-status  bytes  cs(Referer)  time-taken  cs(User-Agent)
192.0.2.1\t2026-05-01\t10:05:03\tGET\t/docs/\t200\t5120\t"https://www.example.org/a b"\t2\t"{FIREFOX}"
2001:db8::7      2026-05-01     10:05:04      GET      /search?q=1    200     812    -         0.5      "Say ""hi"" + é 1.0"

192.0.2.9 2026-05-01 10:05:05 GET /old 301 - "-" - ""
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", status=200, bytes=5120, time_ms=2000.0, referrer="https://www.example.org/a b", user_agent=FIREFOX),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", status=200, bytes=812, time_ms=500.0, user_agent='Say "hi" + é 1.0'),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:05", method="GET", path="/old", status=301),
    ),
    headers=3,
    other=1,
    note="W3C, 'Extended Log File Format': fields are separated by white space, however much; a string may be in quotes,"
    " a quote in it is doubled. Between quotes a plus sign is one, since blanks need no stand-in. One line is blank.",
)  # fmt: skip

SPARSE = SampleFile(
    format="w3c",
    text="""#Version: 1.0
#Fields: date time c-ip cs-uri-stem
2026-05-01 10:05:03 192.0.2.1 /docs/
#Fields: date time c-ip sc-status
2026-05-01 10:05:04 192.0.2.1 200
""",
    rows=(Row(ip="192.0.2.1", time="2026-05-01 10:05:03", path="/docs/"),),
    headers=3,
    other=1,
    note="Without a status and a method a line is still read; without a path there is nothing to count. Neither fails.",
)

NO_FIELDS = SampleFile(
    format="w3c",
    text="""#Version: 1.0
#Date: 2026-05-01 10:05:00
2026-05-01 10:05:03 192.0.2.1 GET /docs/ 200
""",
    rows=(),
    headers=2,
    other=1,
    note="A header without #Fields tells nothing about the lines; it must not hang or fail.",
)

COMMENTS_ONLY = SampleFile(
    format="w3c",
    text="#Software: Example\n#Version: 1.0\n#Date: 2026-05-01 10:05:00\n#Fields: date time c-ip cs-uri-stem sc-status\n",
    rows=(),
    headers=4,
    note="A file of comments, as servers without visitors write it.",
)

NETSCALER = SampleFile(
    format="netscaler",
    text=f"""#Version: 1.0
#Software: Netscaler Web Logging(NSWL)
#Date: 2026-05-01 10:05:00
#Fields: date time c-ip cs-username sc-servicename s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status cs-bytes sc-bytes time-taken cs-version cs(User-Agent) cs(Cookie) cs(Referer)\x20
2026-05-01 10:05:03 192.0.2.1 - HTTP 198.51.100.10 8080 GET /docs/ - 200 247 5120 1 HTTP/1.1 {_FIREFOX} - -
2026-05-01 10:05:04 2001:db8::7 ada SSL 198.51.100.10 443 GET /search q=duck%20db&page=2 200 99 812 0 HTTP/1.1 Lesegerät+2.0 sid=1;+a=b https://www.example.org/docs/
2026-05-01 10:05:05 198.51.100.7 - HTTP 198.51.100.10 80 POST /old - 302 78 131 12 HTTP/1.0 - - -
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=1000.0, user_agent=FIREFOX),
        Row(ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/1.1", status=200, bytes=812, time_ms=0.0, referrer="https://www.example.org/docs/", user_agent="Lesegerät 2.0"),
        Row(ip="198.51.100.7", time="2026-05-01 10:05:05", method="POST", path="/old", protocol="HTTP/1.0", status=302, bytes=131, time_ms=12000.0),
    ),
    headers=4,
    note="Citrix NetScaler, 'Web Server Logging', W3C fields: time-taken is seconds, sc-bytes the response, cs-bytes the"
    " request; the header ends with a blank.",
)  # fmt: skip

_INCAPSULA = (
    "#Fields: date time cs-vid cs-clapp c-ip s-suid cs(User-Agent) cs-countrycode cs-uri cs-postbody cs-version sc-action"
    " cs(Referrer) s-ip s-port cs-method cs-uri-query sc-status s-xff cs-bytes cs-start cs-rule"
)
_INCAPSULA_LINES = f""""2026-05-01" "10:05:03" "a1f3" "Firefox" "192.0.2.1" "70001" "{FIREFOX}" "FR" "www.example.org/docs/" "" "HTTP" "REQ_PASSED" "" "198.51.100.10" "80" "GET" "" "200" "192.0.2.1" "5120" "1777629903555" ""
"2026-05-01" "10:05:04" "a1f4" "Chrome" "2001:db8::7" "70001" "Lesegerät + 2.0" "SE" "Shop.example.org/search" "" "HTTPS" "REQ_PASSED" "https://www.example.org/docs/?a=1" "198.51.100.10" "443" "GET" "q=duck%20db&page=2" "301" "2001:db8::7" "812" "1777629904555" ""
"2026-05-01" "10:05:05" "a1f5" "Bot" "198.51.100.7" "70001" "" "DE" "www.example.org/caf%C3%A9" "x=1" "HTTPS" "REQ_BLOCKED_SECURITY" "" "198.51.100.10" "443" "POST" "" "" "198.51.100.7" "" "1777629905555" "SQL Injection"
"""
_INCAPSULA_ROWS = (
    Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", status=200, bytes=5120, user_agent=FIREFOX),
    Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", status=301, bytes=812, referrer="https://www.example.org/docs/?a=1", user_agent="Lesegerät + 2.0"),
    Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:05", method="POST", path="/caf%C3%A9"),
)  # fmt: skip

INCAPSULA = SampleFile(
    format="incapsula",
    text=f"#Software: Incapsula LOGS API\n#Version: 1.1\n#Date: 01/May/2026 10:05:59\n{_INCAPSULA}\n{_INCAPSULA_LINES}",
    rows=_INCAPSULA_ROWS,
    headers=4,
    note="Imperva (Incapsula), 'Log File Structure' and 'W3C': every value is in quotes, empty for none; cs-uri is host and"
    " path, cs-version the scheme and no HTTP version, cs-bytes the content length; a blocked request may lack its status.",
)

INCAPSULA_FRAMED = SampleFile(
    format="incapsula",
    text=f"""accountId:1001
configId:7
checksum:00000000000000000000000000000000
format:W3C
startTime:1777629600000
endTime:1777629960000
|==|
#Software: Incapsula LOGS API
#Version: 1.1
#Date: 01/May/2026 10:05:59
{_INCAPSULA}
{_INCAPSULA_LINES}""",
    rows=_INCAPSULA_ROWS,
    headers=4,
    other=7,
    note="Imperva (Incapsula), 'Log File Structure': files of the log repository begin with facts about themselves, down to"
    " a line |==|.",
)

SAMPLES = (
    CHANGING,
    DATED_BY_HEADER,
    UNDATED,
    QUOTED,
    SPARSE,
    NO_FIELDS,
    COMMENTS_ONLY,
    NETSCALER,
    INCAPSULA,
    INCAPSULA_FRAMED,
)
