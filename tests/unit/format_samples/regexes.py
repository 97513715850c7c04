"""Regular expressions of users, their groups named after fields, and the lines that they are for.

All of them are RE2 and Python alike: no look-around, no back references. A group may be left out or be empty.
"""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import RegexSample, Row

_DOCS = Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120)  # fmt: skip

REGEXES = (
    RegexSample(
        regex=r'(?P<ip>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d+) (?P<bytes>\S+)',
        text="""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120
2001:db8::7 - ada [01/May/2026:10:05:04 +0000] "GET /é" 404 -
not a line of this log
""",
        rows=(
            _DOCS,
            Row(ip="2001:db8::7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/é", status=404),
        ),
        other=1,
        note="`request` is taken apart; a CLF time needs no format.",
    ),
    RegexSample(
        regex=r'^(?P<time>\S+) (?P<host>[^:\s]+)(?::\d+)? (?P<ip>\S+) (?P<method>[A-Z]+) (?P<path>[^?\s]*)(?:\?(?P<query>\S*))? (?P<protocol>HTTP/\S+) (?P<status>\d{3}) (?P<bytes>\d+) (?P<time_ms>[\d.]+) "(?P<referrer>[^"]*)" "(?P<user_agent>[^"]*)"$',
        text="""2026-05-01T12:05:03.250+02:00 Shop.example.org:443 192.0.2.1 GET /docs/?a=1 HTTP/1.1 200 5120 12.5 "https://www.example.org/" "Lesegerät 2.0"
2026-05-01T10:05:04Z www.example.org 2001:db8::7 POST /b HTTP/2.0 301 0 0 "-" "-"
""",
        rows=(
            Row(host="shop.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.250000", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=12.5, referrer="https://www.example.org/", user_agent="Lesegerät 2.0"),
            Row(host="www.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="POST", path="/b", protocol="HTTP/2.0", status=301, bytes=0, time_ms=0.0),
        ),
        note="A group for every field; ISO 8601 with a fraction, an offset or Z.",
    ),
    RegexSample(
        regex=r"(?P<time>\d+\.?\d*)\t(?P<ip>[^\t]*)\t(?P<path>[^\t]*)\t(?P<status>\d+)",
        text="1777629903.250\t192.0.2.1\t/docs/?a=1\t200\n1777629904250\t2001:db8::7\t/b\t404\n",
        rows=(
            Row(ip="192.0.2.1", time="2026-05-01 10:05:03.250000", path="/docs/", query="a=1", status=200),
            Row(ip="2001:db8::7", time="2026-05-01 10:05:04.250000", path="/b", status=404),
        ),
        note="Epoch seconds or milliseconds, told apart by their size; a path that holds its query; no method.",
    ),
    RegexSample(
        regex=r"(?P<ip>\S+);(?P<time>[^;]+);(?P<method>\w+);(?P<path>[^;]+);(?P<status>\d+)",
        text="192.0.2.1;01.05.2026 12:05:03;GET;/docs/?a=1;200\n192.0.2.1;31.02.2026 12:05:03;GET;/b;200\n",
        rows=(Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", status=200),),
        other=1,
        time="%d.%m.%Y %H:%M:%S",
        zone="Europe/Paris",
        note="A time of its own format, without an offset, in the log's zone; a date that cannot be is rejected.",
    ),
    RegexSample(
        regex=r'(?P<ip>\S+) - (?P<userid>\S+) \[(?P<date>[^\] ]+) (?P<timezone>[+-]\d{4})\] "(?P<method>\S+) (?P<path>[^? ]+)(?:\?(?P<query_string>\S*))? \S+" (?P<status>\d+) (?P<length>\S+) (?P<generation_time_micro>\d+)',
        text="""192.0.2.1 - ada [01/May/2026:12:05:03 +0200] "GET /docs/?a=1 HTTP/1.1" 200 5120 5123
""",
        rows=(
            Row(ip="192.0.2.1", user="ada", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", status=200, bytes=5120, time_ms=5.123),
        ),
        note="The group names of Matomo's importer: date and timezone, userid, query_string, length,"
        " generation_time_milli, _micro, _secs.",
    ),
)  # fmt: skip
