"""Internet Information Services: its own W3C fields, line ends, encodings, and the Advanced Logging module's."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile

_FIREFOX = FIREFOX.replace(" ", "+")
_CHROME = CHROME.replace(" ", "+")

_PLAIN = f"""#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2026-05-01 10:05:00
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2026-05-01 10:05:03 198.51.100.10 GET /docs/ - 443 - 192.0.2.1 {_FIREFOX} - 200 0 0 15
2026-05-01 10:05:04 198.51.100.10 GET /search q=duck%20db&page=2 443 EXAMPLE\\ada 2001:db8::7 {_CHROME} https://www.example.org/docs/?a=1 302 0 0 1500
2026-05-01 10:05:05 2001:db8::80 POST /café/annual+report.aspx - 80 - 198.51.100.7 - - 404 0 2 0
2026-05-01 10:05:06 198.51.100.10 GET / - 80 - 192.0.2.9 Mozilla/5.0+(compatible;+ExampleBot/2.0) - 200 0 64 283
"""

_PLAIN_ROWS = (
    Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", status=200, time_ms=15.0, user_agent=FIREFOX),
    Row(ip="2001:db8::7", user=r"EXAMPLE\ada", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", status=302, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1", user_agent=CHROME),
    Row(ip="198.51.100.7", time="2026-05-01 10:05:05", method="POST", path="/café/annual+report.aspx", status=404, time_ms=0.0),
    Row(ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/", status=200, time_ms=283.0, user_agent="Mozilla/5.0 (compatible; ExampleBot/2.0)"),
)  # fmt: skip

PLAIN = SampleFile(
    format="iis",
    text=_PLAIN,
    rows=_PLAIN_ROWS,
    headers=4,
    note="Microsoft, 'W3C Logging' (HTTP Server API) and IIS 10: time-taken is milliseconds, times are UTC; the user agent"
    " has plus signs for blanks; paths are as logged (decoded, UTF-8, with plus signs for blanks).",
)

WINDOWS = SampleFile(
    format="iis",
    text=_PLAIN.replace("\n", "\r\n"),
    rows=_PLAIN_ROWS,
    headers=4,
    note="The same with CR LF, as it is on the server.",
)

UTF_16 = SampleFile(
    format="iis",
    text=_PLAIN.replace("\n", "\r\n"),
    rows=_PLAIN_ROWS,
    headers=4,
    encoding="utf-16",
    note="The same in UTF-16 with a byte order mark.",
)

BOM = SampleFile(
    format="iis",
    text=_PLAIN,
    rows=_PLAIN_ROWS,
    headers=4,
    encoding="utf-8-sig",
    note="The same in UTF-8 with a byte order mark: the first line is a header all the same.",
)

CHANGING = SampleFile(
    format="iis",
    text=f"""#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2026-05-01 10:05:00
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2026-05-01 10:05:03 198.51.100.10 GET /docs/ - 443 - 192.0.2.1 {_FIREFOX} - 200 0 0 15
#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2026-05-01 11:00:00
#Fields: date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken X-Forwarded-For
2026-05-01 11:00:03 W3SVC1 WEB1 198.51.100.10 GET /shop/ a=1 443 - 2001:db8::7 HTTP/2.0 {_CHROME} sid=1;+b=2 https://www.example.org/ Shop.example.org:443 200 0 0 812 99 20 192.0.2.200
2026-05-01 11:00:04 W3SVC1 WEB1 198.51.100.10 GET /old - 443 - 192.0.2.9 HTTP/1.1 - - - www.example.org 301 0 0 162 99 1 -
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", status=200, time_ms=15.0, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 11:00:03", method="GET", path="/shop/", query="a=1", protocol="HTTP/2.0", status=200, bytes=812, time_ms=20.0, referrer="https://www.example.org/", user_agent=CHROME),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 11:00:04", method="GET", path="/old", protocol="HTTP/1.1", status=301, bytes=162, time_ms=1.0),
    ),
    headers=8,
    note="IIS writes its header again at each start, with other fields after a change of settings; the address is c-ip,"
    " also where a custom field X-Forwarded-For was added.",
)  # fmt: skip

ADVANCED = SampleFile(
    format="iis",
    text=f"""#Software: IIS Advanced Logging Module
#Version: 1.0
#Start-Date: 2026-05-01 10:05:00.128

#Fields:  date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs(Host) sc-status sc-substatus sc-win32-status TimeTakenMS
2026-05-01 10:05:03.363 198.51.100.10 GET /docs/ - 80 - "192.0.2.1" "{FIREFOX}" "https://www.example.org/a b" "www.example.org" 200 0 0 109
2026-05-01 10:05:04.660 198.51.100.10 GET /old - 80 - 2001:db8::7 "ExampleBot/1.0 (+https://example.net/bot)" - "Shop.example.org" 301 "0" 0 0
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.363000", method="GET", path="/docs/", status=200, time_ms=109.0, referrer="https://www.example.org/a b", user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04.660000", method="GET", path="/old", status=301, time_ms=0.0, user_agent="ExampleBot/1.0 (+https://example.net/bot)"),
    ),
    headers=4,
    other=1,
    note="IIS Advanced Logging: values of headers are in quotes, blanks and plus signs as they were sent; times have"
    " milliseconds; TimeTakenMS is milliseconds; blank lines in the header.",
)  # fmt: skip

SAMPLES = (PLAIN, WINDOWS, UTF_16, BOM, CHANGING, ADVANCED)
