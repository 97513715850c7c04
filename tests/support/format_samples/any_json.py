"""JSON of servers that nobody has described: fields are found by what their keys are called."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile

FLAT = SampleFile(
    format="any_json",
    text=f"""{{"ts":"2026-05-01T10:05:03Z","clientIp":"192.0.2.1","httpMethod":"GET","uri":"/docs/","http_status":200,"bytesSent":5120,"User-Agent":"{FIREFOX}","host":"www.example.org"}}
{{"ts":"2026-05-01T12:05:04.250+02:00","clientIp":"2001:db8::7","httpMethod":"GET","uri":"/search?q=1","http_status":301,"bytesSent":812,"User-Agent":"{CHROME}","host":"Shop.example.org","Referer":"https://www.example.org/docs/?a=1"}}
{{"ts":"2026-05-01T10:05:05Z","clientIp":"198.51.100.7","httpMethod":"POST","uri":"/caf%C3%A9","http_status":404,"bytesSent":9,"User-Agent":"","host":"www.example.org"}}
{{"ts":"2026-05-01T10:05:06Z","level":"info","message":"started"}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", status=200, bytes=5120, user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04.250000", method="GET", path="/search", query="q=1", status=301, bytes=812, referrer="https://www.example.org/docs/?a=1", user_agent=CHROME),
        Row(host="www.example.org", ip="198.51.100.7", time="2026-05-01 10:05:05", method="POST", path="/caf%C3%A9", status=404, bytes=9),
    ),
    other=1,
    note="No server's own: words as loggers of applications use them, in one object, and a message of the logger.",
)  # fmt: skip

NESTED = SampleFile(
    format="any_json",
    text=f"""{{"time":1777629903.5,"request":{{"remote_addr":"192.0.2.1","method":"GET","path":"/docs/","query":"a=1","user_agent":"{FIREFOX}"}},"response":{{"status":"200","bytes":"5120"}}}}
{{"time":1777629904,"request":{{"remote_addr":"198.51.100.7","method":"HEAD","path":"/","query":"","user_agent":"curl/8.5.0"}},"response":{{"status":"304","bytes":"0"}}}}
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03.500000", method="GET", path="/docs/", query="a=1", status=200, bytes=5120, user_agent=FIREFOX),
        Row(ip="198.51.100.7", time="2026-05-01 10:05:04", method="HEAD", path="/", status=304, bytes=0, user_agent="curl/8.5.0"),
    ),
    note="Objects within objects, the time in seconds since 1970, numbers as texts.",
)  # fmt: skip

SAMPLES = (FLAT, NESTED)
