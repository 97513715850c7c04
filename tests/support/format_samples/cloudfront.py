"""CloudFront's standard logs: tab-separated (W3C), and JSON lines of version 2."""

# ruff: noqa: E501 - log lines are as long as servers write them

import re

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile


def _tabs(text: str) -> str:
    """Put tabs between the fields of log lines; CloudFront writes blanks between the names of the header only."""
    return "\n".join(line if line.startswith("#") else line.replace(" ", "\t") for line in text.split("\n"))


def _column(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


_FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent)"
    " cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken"
    " x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status"
    " fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len"
    " sc-range-start sc-range-end"
)
_FIREFOX = FIREFOX.replace(" ", "%20")
_CHROME = CHROME.replace(" ", "%20")
_MORE = "https 23 {time} - TLSv1.3 TLS_AES_128_GCM_SHA256 Hit HTTP/2.0 - - 11040 0.001 Hit text/html 78 - -"

LINES = f"""2026-05-01 10:05:03 CDG50-P2 5120 192.0.2.1 GET d111111abcdef8.cloudfront.net /docs/ 200 - {_FIREFOX} - - Hit id1== www.example.org {_MORE.format(time="0.012")}
2026-05-01 10:05:04 CDG50-P2 812 2001:db8::7 GET d111111abcdef8.cloudfront.net /search 200 https://www.example.org/docs/?a=1 {_CHROME} q=duck%20db&page=2 - Miss id2== Shop.example.org {_MORE.format(time="1.500")}
2026-05-01 10:05:05 CDG50-P2 0 198.51.100.7 GET d111111abcdef8.cloudfront.net /slow 000 - - - - Error id3== www.example.org {_MORE.format(time="0.250")}
2026-05-01 10:05:06 CDG50-P2 900 192.0.2.9 POST d111111abcdef8.cloudfront.net /caf%C3%A9 502 - Leseger%C3%A4t%20100%25%20(+https://example.net/bot) - - Error id4== www.example.org {_MORE.format(time="0.100")}
2026-05-01 10:05:07 CDG50-P2 183 192.0.2.9 GET d111111abcdef8.cloudfront.net /old 301 - Mozilla/5.0%2520(X11;%2520Linux) - - Redirect id5== www.example.org {_MORE.format(time="0.000")} 
"""  # noqa: W291 - the last line ends with a tab, as some of CloudFront's do

_ROWS = (
    Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/2.0", status=200, bytes=5120, time_ms=12.0, user_agent=FIREFOX),
    Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/2.0", status=200, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1", user_agent=CHROME),
    Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:05", method="GET", path="/slow", protocol="HTTP/2.0", status=0, bytes=0, time_ms=250.0),
    Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="POST", path="/caf%C3%A9", protocol="HTTP/2.0", status=502, bytes=900, time_ms=100.0, user_agent="Lesegerät 100% (+https://example.net/bot)"),
    Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/old", protocol="HTTP/2.0", status=301, bytes=183, time_ms=0.0, user_agent="Mozilla/5.0 (X11; Linux)"),
)  # fmt: skip

STANDARD = SampleFile(
    format="cloudfront",
    text=_tabs(f"#Version: 1.0\n#Fields: {_FIELDS}\n{LINES}"),
    rows=_ROWS,
    headers=2,
    note="Amazon CloudFront Developer Guide, 'Standard logging reference': 33 fields; x-host-header is the viewer's host,"
    " cs(Host) the distribution's; time-taken is seconds; 000 means that the viewer closed the connection unanswered."
    " The user agent is percent-encoded once (a percent sign in it is %25, a plus sign is one); older files encode"
    " twice, which shows as %20 that is left after the first decoding.",
)

HEADERLESS = SampleFile(
    format="cloudfront",
    text=_tabs(LINES),
    rows=_ROWS,
    note="The same without its header, as it is when files were joined or cut: the documented order of the 33 fields.",
)

REORDERED = SampleFile(
    format="cloudfront",
    text=_tabs(f"""#Version: 1.0
#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query
2014-05-01 10:05:03 CDG50 5120 192.0.2.1 GET www.example.org /docs/ 200 - {_FIREFOX} -
#Version: 1.0
#Fields: c-ip date time cs-uri-stem cs-uri-query sc-status cs-method x-host-header time-taken
2001:db8::7 2026-05-01 10:05:04 /search q=1 200 GET shop.example.org 0.020
"""),
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2014-05-01 10:05:03", method="GET", path="/docs/", status=200, bytes=5120, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/search", query="q=1", status=200, time_ms=20.0),
    ),
    headers=4,
    note="Files of 2014 had twelve fields, among them no x-host-header, so that cs(Host) is the host; version 2 lets one"
    " choose fields and their order ('Configure standard logging (v2)'); joined files have several headers.",
)  # fmt: skip

JSON = SampleFile(
    format="cloudfront_json",
    text=f"""{{"date":"2026-05-01","time":"10:05:03","x-edge-location":"CDG50-P2","sc-bytes":"5120","c-ip":"192.0.2.1","cs-method":"GET","cs(Host)":"d111111abcdef8.cloudfront.net","cs-uri-stem":"/docs/","sc-status":"200","cs(Referer)":"-","cs(User-Agent)":"{_FIREFOX}","cs-uri-query":"-","x-edge-result-type":"Hit","x-host-header":"www.example.org","cs-protocol":"https","time-taken":"0.012","cs-protocol-version":"HTTP/2.0"}}
{{"date":"2026-05-01","time":"10:05:04","timestamp(ms)":"1777629904814","asn":"64496","sc-bytes":"812","c-ip":"2001:db8::7","cs-method":"GET","cs-uri-stem":"/search","sc-status":"301","cs(Referer)":"https://www.example.org/docs/?a=1","cs(User-Agent)":"Leseger%C3%A4t%20100%25","cs-uri-query":"q=duck%20db&page=2","x-host-header":"Shop.example.org","time-taken":"1.500","cs-protocol-version":"HTTP/3.0"}}
{{"timestamp(ms)":"1777629905250","c-ip":"198.51.100.7","cs-method":"POST","cs(Host)":"www.example.org","cs-uri-stem":"/caf%C3%A9","sc-status":"404"}}
{{"date":"2026-05-01","time":"10:05:06","sc-bytes":0,"c-ip":"192.0.2.9","cs-method":"GET","cs-uri-stem":"/slow","sc-status":"000","cs(User-Agent)":"-","cs-uri-query":"-","x-host-header":"www.example.org","time-taken":0.25}}
{{"date":"2026-05-01","time":"10:05:07","x-edge-location":"CDG50-P2"}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", protocol="HTTP/2.0", status=200, bytes=5120, time_ms=12.0, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04.814000", method="GET", path="/search", query="q=duck%20db&page=2", protocol="HTTP/3.0", status=301, bytes=812, time_ms=1500.0, referrer="https://www.example.org/docs/?a=1", user_agent="Lesegerät 100%"),
        Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:05.250000", method="POST", path="/caf%C3%A9", status=404),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/slow", status=0, bytes=0, time_ms=250.0),
    ),
    other=1,
    note="Amazon CloudFront Developer Guide, 'Configure standard logging (v2)', output format JSON: one object a line, the"
    " same names and encoded values as in W3C, values mostly as strings, any choice of fields. timestamp(ms) is the same"
    " moment as date and time, with milliseconds, and wins. A line without address and path is no request.",
)  # fmt: skip

PARQUET = SampleFile(
    format="cloudfront_parquet",
    text=re.sub(r'"([^"]+)":', lambda key: f'"{_column(key[1])}":', JSON.text),
    rows=JSON.rows,
    other=JSON.other,
    note="The same guide, output format Parquet: the names of the fields as columns, in small letters and with an"
    " underscore for what is neither letter nor digit. Rows of a Parquet file reach the format as JSON lines.",
)

SAMPLES = (STANDARD, HEADERLESS, REORDERED, JSON, PARQUET)
