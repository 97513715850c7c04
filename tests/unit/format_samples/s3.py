"""Amazon S3 server access logs."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import CHROME, FIREFOX, Row, SampleFile

_OWNER = "a1b2c3d4e5f6" * 5 + "a1b2"
_TLS = "ECDHE-RSA-AES128-GCM-SHA256"
_ENDPOINT = "www.example.org.s3.eu-west-1.amazonaws.com TLSV1.2"

S3 = SampleFile(
    format="s3",
    text=f"""{_OWNER} www.example.org [01/May/2026:10:05:03 +0000] 192.0.2.1 - REQ1EXAMPLE WEBSITE.GET.OBJECT docs/index.html "GET /docs/index.html HTTP/1.1" 200 - 5120 5120 17 16 "-" "{FIREFOX}" - hostid1= - {_TLS} - {_ENDPOINT} - -
{_OWNER} media.example.org [01/May/2026:10:05:04 +0000] 198.51.100.7 arn:aws:iam::123456789012:user/ada REQ2EXAMPLE REST.GET.OBJECT a+b/report.pdf "GET /media.example.org/a%20b/report.pdf?versionId=1&x=2 HTTP/1.1" 206 - 812 9000000 4175 28 "https://www.example.org/docs/" "{CHROME}" VERSION1 hostid2= SigV4 {_TLS} AuthHeader {_ENDPOINT} - Yes
{_OWNER} www.example.org [01/May/2026:10:05:05 +0000] 2001:db8::7 - REQ3EXAMPLE REST.GET.OBJECT caf%25C3%25A9.html "GET /caf%C3%A9.html HTTP/1.1" 404 NoSuchKey 297 - 38 - "-" "Lesegerät 2.0" - hostid3= - - - {_ENDPOINT} - -
{_OWNER} www.example.org [01/May/2026:10:05:06 +0000] 192.0.2.9 {_OWNER} REQ4EXAMPLE REST.HEAD.OBJECT logo.svg "HEAD /logo.svg HTTP/1.1" 304 - - 900 9 - "-" "-" -
{_OWNER} www.example.org [01/May/2026:10:05:07 +0000] 192.0.2.9 - REQ5EXAMPLE WEBSITE.GET.OBJECT old "GET /old HTTP/1.1" 301 - - 0 - - "" "" - hostid5= - {_TLS} - {_ENDPOINT}
{_OWNER} www.example.org [01/May/2026:10:05:08 +0000] 192.0.2.9 {_OWNER} REQ6EXAMPLE BATCH.DELETE.OBJECT old.txt - 204 - - 1 - - - - - hostid6= SigV4 {_TLS} AuthHeader {_ENDPOINT} - -
{_OWNER} www.example.org [01/May/2026:10:05:09 +0000] - AmazonS3 REQ7EXAMPLE S3.EXPIRE.OBJECT old/a.txt "-" - - - 3210 - - "-" "-" - hostid7= - - - - - - -
{_OWNER} www.example.org [01/May/2026:10:05:10 +0000] 192.0.2.9 {_OWNER} REQ8EXAMPLE REST.COPY.OBJECT_GET a.txt - 200 - - 44 - - - - - hostid8= SigV4 {_TLS} AuthHeader {_ENDPOINT} - -
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/index.html", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=17.0, user_agent=FIREFOX),
        Row(host="media.example.org", ip="198.51.100.7", user="arn:aws:iam::123456789012:user/ada", time="2026-05-01 10:05:04", method="GET", path="/media.example.org/a%20b/report.pdf", query="versionId=1&x=2", protocol="HTTP/1.1", status=206, bytes=812, time_ms=4175.0, referrer="https://www.example.org/docs/", user_agent=CHROME),
        Row(host="www.example.org", ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/caf%C3%A9.html", protocol="HTTP/1.1", status=404, bytes=297, time_ms=38.0, user_agent="Lesegerät 2.0"),
        Row(host="www.example.org", ip="192.0.2.9", user=_OWNER, time="2026-05-01 10:05:06", method="HEAD", path="/logo.svg", protocol="HTTP/1.1", status=304, time_ms=9.0),
        Row(host="www.example.org", ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/old", protocol="HTTP/1.1", status=301),
    ),
    other=3,
    note="Amazon S3 User Guide, 'Amazon S3 server access log format': the bucket is the host, the requester the user, Total"
    " Time is milliseconds; the path is the Request-URI's, as logged (a bucket in it stays). Fields were added at the end"
    " over the years. Batch, lifecycle and copy operations have `-` for a request and are none.",
)  # fmt: skip

SAMPLES = (S3,)
