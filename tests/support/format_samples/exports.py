"""CSV with a header row, as databases and log viewers export it."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

QUERY = SampleFile(
    format="csv",
    text=f"""timestamp,remoteIp,requestMethod,requestUrl,status,responseSize,userAgent,referer,duration_ms,labels
2026-05-01 10:05:03.123456 UTC,192.0.2.1,GET,/a?b=1,200,512,"{FIREFOX}",,12,"{{""a"": ""x, y""}}"
2026-05-01 10:05:04 UTC,2001:db8::7,POST,"/say?""hi"", there",404,"1,234",curl/8.0,https://example.org/,0.5,
timestamp,remoteIp,requestMethod,requestUrl,status,responseSize,userAgent,referer,duration_ms,labels
2026-05-01 10:05:05 UTC,192.0.2.1,GET,https://Docs.example.org/c,200.0,7.0,,,,
2026-05-01 10:05:06 UTC,192.0.2.1,GET,/a line feed in,200,7,"first
""second"" line",,,
""",
    rows=(
        Row(ip="192.0.2.1", time="2026-05-01 10:05:03.123456", method="GET", path="/a", query="b=1", status=200, bytes=512, time_ms=12.0, user_agent=FIREFOX),
        Row(ip="2001:db8::7", time="2026-05-01 10:05:04", method="POST", path="/say", query='"hi", there', status=404, bytes=1234, time_ms=0.5, referrer="https://example.org/", user_agent="curl/8.0"),
        Row(host="docs.example.org", ip="192.0.2.1", time="2026-05-01 10:05:05", method="GET", path="/c", status=200, bytes=7),
    ),
    headers=2,
    other=2,
    note="BigQuery, 'Export table data to CSV': times end with UTC. RFC 4180: quotes are doubled. Two exports were put"
    " together; pandas writes 200.0 for whole numbers where a column has gaps. A line feed in a cell cuts its record.",
)  # fmt: skip

AZURE = SampleFile(
    format="csv",
    text="""\ufeff"TimeGenerated [UTC]",CsMethod,CsUriStem,CsUriQuery,CIp,UserAgent,Referer,CsHost,ScStatus,ScBytes,CsUsername
"5/1/2026, 9:05:03.947 AM",GET,/a,b=1,192.0.2.1,curl/8.0,,docs.example.org,200,512,ada
"12/31/2026, 12:05:04.000 PM",GET,/b,,192.0.2.1,"Mozilla/5.0 (X11, ""x"")",https://example.org/,docs.example.org,304,0,
""",
    rows=(
        Row(host="docs.example.org", ip="192.0.2.1", user="ada", time="2026-05-01 09:05:03.947000", method="GET", path="/a", query="b=1", status=200, bytes=512, user_agent="curl/8.0"),
        Row(host="docs.example.org", ip="192.0.2.1", time="2026-12-31 12:05:04", method="GET", path="/b", status=304, bytes=0, referrer="https://example.org/", user_agent='Mozilla/5.0 (X11, "x")'),
    ),
    headers=1,
    note="Azure Monitor, 'Export to CSV' of Log Analytics, the table AppServiceHTTPLogs; begins with a byte order mark.",
)  # fmt: skip

KIBANA = SampleFile(
    format="csv",
    text='''@timestamp;destination.ip;host.name;http.request.body.bytes;http.request.method;http.response.body.bytes;http.response.status_code;source.ip;url.domain;url.original;user_agent.original
May 1, 2026 @ 12:05:03.250;10.0.0.9;web-1;1;GET;"1,234";200;192.0.2.1;www.example.org;/a?b=1;curl/8.0
May 1, 2026 @ 12:05:04.000;10.0.0.9;web-1;1;GET;5;500;192.0.2.1;www.example.org;/b;"a; ""b"""
''',
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.250000", method="GET", path="/a", query="b=1", status=200, bytes=1234, user_agent="curl/8.0"),
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:04", method="GET", path="/b", status=500, bytes=5, user_agent='a; "b"'),
    ),
    headers=1,
    note="Kibana, 'Reporting and sharing', with `csv.separator` set; fields of the Elastic Common Schema, times and numbers as"
    " it shows them. The address and the name of the server are not those of the client and of the site.",
    zone="Europe/Paris",
)  # fmt: skip

ATHENA = SampleFile(
    format="csv",
    text="""date\ttime\tlocation\tbytes\trequest_ip\tmethod\thost\turi\tstatus\treferrer\tuser_agent\tquery_string\tprotocol_version
2026-05-01\t10:05:03\tFRA2\t512\t192.0.2.1\tGET\tdocs.example.org\t/a\t200\t-\tcurl "8"\tb=1\tHTTP/2.0
2026-05-01\t10:05:04\tFRA2\t-\t192.0.2.1\tGET\tdocs.example.org\t/b\t404\thttps://example.org/\t"a\ttab"\t-\tHTTP/2.0
2026-05-01\t10:05:05\tFRA2\t1
""",
    rows=(
        Row(host="docs.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/a", query="b=1", status=200, bytes=512, user_agent='curl "8"'),
        Row(host="docs.example.org", ip="192.0.2.1", time="2026-05-01 10:05:04", method="GET", path="/b", status=404, referrer="https://example.org/", user_agent="a\ttab"),
    ),
    headers=1,
    other=1,
    note="Amazon Athena User Guide, the table of CloudFront's logs: the time is in two columns. A record without all of its"
    " cells is rejected.",
)  # fmt: skip

BALANCER = SampleFile(
    format="csv",
    text=""""type","time","elb","client_ip","client_port","target_ip","target_processing_time","elb_status_code","target_status_code","received_bytes","sent_bytes","request_verb","request_url","request_proto","user_agent"
"https","2026-05-01T10:05:03.123456Z","app/x","192.0.2.1","4433","10.0.0.1","0.001","200","201","34","366","GET","https://www.example.org:443/a?b=1","HTTP/1.1","curl/8.0"
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.123456", method="GET", path="/a", query="b=1", protocol="HTTP/1.1", status=200, bytes=366, user_agent="curl/8.0"),
    ),
    headers=1,
    note="Amazon Athena User Guide, the table of Application Load Balancer's logs; results have every cell in quotes.",
)  # fmt: skip

CLOUDFLARE = SampleFile(
    format="csv",
    text="""ClientIP,ClientRequestHost,ClientRequestMethod,ClientRequestURI,EdgeEndTimestamp,EdgeResponseBytes,EdgeResponseStatus,EdgeStartTimestamp,OriginResponseStatus,ClientRequestUserAgent,ClientRequestReferer
192.0.2.1,www.example.org,GET,/a?b=1,1777629904000000000,512,200,1777629903000000000,0,curl/8.0,
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/a", query="b=1", status=200, bytes=512, user_agent="curl/8.0"),
    ),
    headers=1,
    note="Cloudflare Logs, 'HTTP requests' and 'Output types': CSV.",
)  # fmt: skip

SAMPLES = (QUERY, AZURE, KIBANA, ATHENA, BALANCER, CLOUDFLARE)
