"""Streams: Icecast, Shoutcast, CloudFront's RTMP distributions.

A listener's request lasts as long as the stream is heard: that is how long the answer took.
"""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

ICECAST = SampleFile(
    format="icecast",
    text=f"""192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET /live.ogg HTTP/1.1" 200 5120000 "-" "{FIREFOX}" 1807
198.51.100.7 - ada [01/May/2026:12:05:04 +0200] "GET /live.mp3?type=.mp3 HTTP/1.0" 200 65580 "https://radio.example.org/" "NSPlayer/10.0" 4
2001:db8::7 - - [01/May/2026:10:05:05 +0000] "GET /missing HTTP/1.1" 404 106 "-" "-" 0
192.0.2.9 - source [01/May/2026:10:05:06 +0000] "SOURCE /café.ogg HTTP/1.0" 200 512 "-" "Butt é 1.0" 3600
192.0.2.9 - - [01/May/2026:10:05:07 +0000] "GET /live.ogg HTTP/1.1" 200 - "-" "-" -
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/live.ogg", protocol="HTTP/1.1", status=200, bytes=5120000, time_ms=1_807_000.0, user_agent=FIREFOX),
        Row(ip="198.51.100.7", user="ada", time="2026-05-01 10:05:04", method="GET", path="/live.mp3", query="type=.mp3", protocol="HTTP/1.0", status=200, bytes=65580, time_ms=4000.0, referrer="https://radio.example.org/", user_agent="NSPlayer/10.0"),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:05", method="GET", path="/missing", protocol="HTTP/1.1", status=404, bytes=106, time_ms=0.0),
        Row(ip="192.0.2.9", user="source", time="2026-05-01 10:05:06", method="SOURCE", path="/café.ogg", protocol="HTTP/1.0", status=200, bytes=512, time_ms=3_600_000.0, user_agent="Butt é 1.0"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/live.ogg", protocol="HTTP/1.1", status=200),
    ),
    note="Icecast documentation, 'Config file: Logging': combined and the seconds that the client was connected; by its"
    " shape the same as combined with Apache's %D, told apart by name.",
)  # fmt: skip

SHOUTCAST = SampleFile(
    format="shoutcast",
    text="""#Software: SHOUTcast
#Version: 2.6.1.777
#Fields: c-ip c-dns date time cs-uri-stem c-status cs(User-Agent) sc-bytes x-duration avgbandwidth
192.0.2.1 192.0.2.1 2026-05-01 10:05:03 /stream?title=Night%20Radio 200 NSPlayer%2F10.0.0.3702%20WMFSDK%2F10.0 65580 12 43720
2001:db8::7 client.example.net 2026-05-01 10:05:04 /stream/2/ 200 Mozilla%2F5.0%20(X11;%20Linux) 1024 1 8192
192.0.2.9 192.0.2.9 2026-05-01 10:05:05 /missing 404 - 0 0 0
198.51.100.7 198.51.100.7 2026-05-01 10:05:06 /stream 200 Leseger%C3%A4t%202.0+ 9 3600 1""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03", path="/stream", query="title=Night%20Radio", status=200, bytes=65580, time_ms=12000.0, user_agent="NSPlayer/10.0.0.3702 WMFSDK/10.0"),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:04", path="/stream/2/", status=200, bytes=1024, time_ms=1000.0, user_agent="Mozilla/5.0 (X11; Linux)"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:05", path="/missing", status=404, bytes=0, time_ms=0.0),
        Row(ip="198.51.100.7", time="2026-05-01 10:05:06", path="/stream", status=200, bytes=9, time_ms=3_600_000.0, user_agent="Lesegerät 2.0+"),
    ),
    headers=3,
    note="SHOUTcast DNAS Server 2, 'W3C logging': c-status is the status, x-duration the seconds heard, the user agent is"
    " percent-encoded (a plus sign is one), the stem holds the query. No method. The last line has no line end.",
)  # fmt: skip

CLOUDFRONT_RTMP = SampleFile(
    format="cloudfront_rtmp",
    text="""#Version: 1.0
#Fields: date time x-edge-location c-ip x-event sc-bytes x-cf-status x-cf-client-id cs-uri-stem cs-uri-query c-referrer x-page-url c-user-agent x-sname x-sname-query x-file-ext x-sid
2026-05-01\t10:05:03\tCDG50\t192.0.2.1\tconnect\t2014\tOK\tcl13nt1d\trtmp://media.example.org/cfx/st\tkey=value\thttps://www.example.org/player.swf\thttps://www.example.org/watch\tLNX%2010,0,32,18\t-\t-\t-\t-
2026-05-01\t10:05:04\tCDG50\t2001:db8::7\tplay\t3914\tOK\tcl13nt1d\trtmp://media.example.org/cfx/st\t-\thttps://www.example.org/player.swf\thttps://www.example.org/watch\tWIN%2011,5\tmyvideo\tp=2&q=4\tflv\t1
2026-05-01\t10:05:34\tCDG50\t2001:db8::7\tstop\t323914\tOK\tcl13nt1d\trtmp://media.example.org/cfx/caf%C3%A9\t-\t-\t-\t-\tmyvideo\tp=2&q=4\tflv\t1
""",
    rows=(
        Row(host="media.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", path="/cfx/st", query="key=value", bytes=2014, referrer="https://www.example.org/player.swf", user_agent="LNX 10,0,32,18"),
        Row(host="media.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", path="/cfx/st", bytes=3914, referrer="https://www.example.org/player.swf", user_agent="WIN 11,5"),
        Row(host="media.example.org", ip="2001:db8::7", time="2026-05-01 10:05:34", path="/cfx/caf%C3%A9", bytes=323914),
    ),
    headers=2,
    note="Amazon CloudFront Developer Guide (2015-04-17), 'RTMP Distribution Log File Format': tabs between fields, blanks"
    " in the header; the stem is a URL with scheme and host; c-user-agent is percent-encoded. There is no method and no"
    " status of HTTP (x-cf-status is OK or an error's name). Every event is a line that is read.",
)  # fmt: skip

SAMPLES = (ICECAST, SHOUTCAST, CLOUDFRONT_RTMP)
