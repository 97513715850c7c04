"""How each text format writes a hit: a line with places for its values, and the header that goes before it.

The lines are as the servers write them that the formats are of; the values are those of the same hits for all.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from generate import Request

Clean = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Layout:
    """`line` has the places; `agent` is how it writes user agents; `named` that it is only read when it is named."""

    line: str
    header: str = ""
    agent: Clean = str
    named: bool = False

    def lines(self, hits: Iterable[Request], day: dt.date) -> Iterator[str]:
        """The header and a line for each hit."""
        yield from self.header.splitlines(keepends=True)
        midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
        agents: dict[str, str] = {}
        for hit in hits:
            agent = agents.setdefault(hit.agent, "") or agents.setdefault(hit.agent, self.agent(hit.agent))
            yield self.line % _values(hit, midnight, agent or self.agent(hit.agent))


def _values(hit: Request, midnight: dt.datetime, agent: str) -> Mapping[str, object]:
    moment = midnight + dt.timedelta(seconds=int(hit.second))
    path, _, query = hit.target.partition("?")
    return {
        "ip": hit.ip,
        "clf": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "clf_ms": moment.strftime("%d/%b/%Y:%H:%M:%S.143"),
        "date": moment.strftime("%Y-%m-%d"),
        "clock": moment.strftime("%H:%M:%S"),
        "iso": moment.strftime("%Y-%m-%dT%H:%M:%S"),
        "epoch": int(moment.timestamp()),
        "target": hit.target,
        "path": path,
        "query": query or "-",
        "status": hit.status,
        "size": hit.size,
        "referrer": hit.referrer,
        "agent": agent,
        "ms": hit.size % 900,
    }


def _plus(text: str) -> str:
    return text.replace(" ", "+")


_coded = partial(quote, safe="/();:,")

_REQUEST = '"GET %(target)s HTTP/1.1" %(status)d %(size)d'
_WHO = "%(ip)s - - [%(clf)s]"
_COMBINED = f'{_WHO} {_REQUEST} "%(referrer)s" "%(agent)s"'
_HOST = "www.example.org"

_ELB = (
    '%(ip)s:40001 198.51.100.10:80 0.000080 0.%(ms)06d 0.001300 %(status)d %(status)d 0 %(size)d "GET'
    f' https://{_HOST}:443%(target)s HTTP/1.1" "%(agent)s" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2'
)
_ALB_END = (
    'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1 "Root=1-00000000-000000000000000000000001"'
    f' "{_HOST}" "arn:aws:acm:eu-west-1:123456789012:certificate/1" 0 %(iso)s.250000Z "forward" "-" "-"'
    ' "198.51.100.10:80" "%(status)d" "-" "-"'
)
_CLOUDFRONT = """#Version: 1.0
#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent)\
 cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken\
 x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version
"""
_RTMP = """#Version: 1.0
#Fields: date time x-edge-location c-ip x-event sc-bytes x-cf-status x-cf-client-id cs-uri-stem cs-uri-query c-referrer\
 x-page-url c-user-agent x-sname x-sname-query x-file-ext x-sid
"""
_IIS = """#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2026-05-01 00:00:00
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer)\
 sc-status sc-substatus sc-win32-status time-taken
"""
_W3C = """#Version: 1.0
#Date: 2026-05-01 00:00:00
#Fields: date time c-ip cs-username cs-method cs-uri-stem cs-uri-query sc-status sc-bytes time-taken cs-version\
 cs-host cs(User-Agent) cs(Referer)
"""
_NETSCALER = """#Version: 1.0
#Software: Netscaler Web Logging(NSWL)
#Date: 2026-05-01 00:00:00
#Fields: date time c-ip cs-username sc-servicename s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status cs-bytes\
 sc-bytes time-taken cs-version cs(User-Agent) cs(Cookie) cs(Referer)
"""
_INCAPSULA = """#Software: Incapsula LOGS API
#Version: 1.1
#Date: 01/May/2026 00:00:00
#Fields: date time cs-vid cs-clapp c-ip s-suid cs(User-Agent) cs-countrycode cs-uri cs-postbody cs-version sc-action\
 cs(Referrer) s-ip s-port cs-method cs-uri-query sc-status s-xff cs-bytes cs-start cs-rule
"""
_SHOUTCAST = """#Software: SHOUTcast
#Version: 2.6.1.777
#Fields: c-ip c-dns date time cs-uri-stem c-status cs(User-Agent) sc-bytes x-duration avgbandwidth
"""

_LAYOUTS = {
    "common": Layout(f"{_WHO} {_REQUEST}"),
    "common_vhost": Layout(f"{_HOST}:443 {_WHO} {_REQUEST}"),
    "combined_vhost": Layout(f"{_HOST}:443 {_COMBINED}"),
    "combined_vhost_last": Layout(f"{_COMBINED} {_HOST}"),
    "combined_nginx_time": Layout(f"{_COMBINED} 0.%(ms)03d"),
    "combined_apache_time": Layout(f"{_COMBINED} %(ms)d123", named=True),
    "icecast": Layout(f"{_COMBINED} %(ms)d", named=True),
    "ovh": Layout(f'%(ip)s {_HOST} - [%(clf)s] {_REQUEST} "%(referrer)s" "%(agent)s"', named=True),
    "gandi": Layout(f'{_HOST} {_WHO} (0 s) {_REQUEST} "%(referrer)s" "%(agent)s"'),
    "litespeed": Layout(f'"{_COMBINED}"', named=True),
    "nginx_proxy_manager": Layout(
        f'[%(clf)s] - %(status)d %(status)d - GET https {_HOST} "%(target)s" [Client %(ip)s] [Length %(size)d]'
        ' [Gzip 3.10] [Sent-to 198.51.100.10] "%(agent)s" "%(referrer)s"'
    ),
    "haproxy": Layout(
        "%(ip)s:40001 [%(clf_ms)s] www~ app/node1 2/0/1/20/%(ms)d %(status)d %(size)d - - ---- 2/1/0/0/0 0/0"
        ' "GET %(target)s HTTP/1.1"'
    ),
    "elb": Layout(f"%(iso)s.654321Z my-lb {_ELB}"),
    "alb": Layout(f"https %(iso)s.654321Z app/web/0123abcd {_ELB} {_ALB_END}"),
    "s3": Layout(
        f"a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2 {_HOST} [%(clf)s] %(ip)s - REQ1EXAMPLE"
        ' WEBSITE.GET.OBJECT docs%(path)s "GET %(target)s HTTP/1.1" %(status)d - %(size)d %(size)d %(ms)d 16'
        f' "%(referrer)s" "%(agent)s" - hostid1= - ECDHE-RSA-AES128-GCM-SHA256 - {_HOST}.s3.amazonaws.com TLSV1.2 - -'
    ),
    "traefik": Layout(f'{_COMBINED} 500 "web@docker" "http://198.51.100.10:80" %(ms)dms'),
    "envoy": Layout(
        '[%(iso)s.310Z] "GET %(target)s HTTP/1.1" %(status)d - 0 %(size)d %(ms)d 10 "%(ip)s" "%(agent)s" "id-1"'
        f' "{_HOST}" "198.51.100.10:80"'
    ),
    "nginx_json": Layout(
        f'{{"ip": "%(ip)s","host": "{_HOST}","path": "%(target)s","status": "%(status)d","referrer": "%(referrer)s",'
        '"user_agent": "%(agent)s","length": %(size)d,"generation_time_milli": 0.%(ms)03d,"date": "%(iso)s+00:00"}'
    ),
    "caddy": Layout(
        '{"level":"info","ts":%(epoch)d.123456,"logger":"http.log.access","msg":"handled request","request":{'
        '"remote_ip":"%(ip)s","remote_port":"50001","client_ip":"%(ip)s","proto":"HTTP/2.0","method":"GET",'
        f'"host":"{_HOST}","uri":"%(target)s","headers":{{"User-Agent":["%(agent)s"],"Referer":["%(referrer)s"]}}}},'
        '"bytes_read":0,"user_id":"","duration":0.0%(ms)d,"size":%(size)d,"status":%(status)d,"resp_headers":{}}'
    ),
    "traefik_json": Layout(
        '{"ClientAddr":"%(ip)s:40001","ClientHost":"%(ip)s","ClientPort":"40001","ClientUsername":"-",'
        '"DownstreamContentSize":%(size)d,"DownstreamStatus":%(status)d,"Duration":%(size)d000,'
        f'"RequestAddr":"{_HOST}","RequestCount":1,"RequestHost":"{_HOST}","RequestMethod":"GET",'
        '"RequestPath":"%(target)s","RequestProtocol":"HTTP/1.1","RouterName":"web@docker",'
        '"StartUTC":"%(iso)s.204060100Z","entryPointName":"web","level":"info","msg":"",'
        '"request_User-Agent":"%(agent)s","request_Referer":"%(referrer)s","time":"%(iso)sZ"}'
    ),
    "cloudflare": Layout(
        f'{{"ClientIP":"%(ip)s","ClientRequestHost":"{_HOST}","ClientRequestMethod":"GET",'
        '"ClientRequestURI":"%(target)s","EdgeEndTimestamp":"%(iso)sZ","EdgeResponseBytes":%(size)d,'
        '"EdgeResponseStatus":%(status)d,"EdgeStartTimestamp":"%(iso)sZ","RayID":"0a1b2c3d4e5f6071",'
        '"ClientRequestProtocol":"HTTP/2","ClientRequestReferer":"%(referrer)s","ClientRequestUserAgent":"%(agent)s"}'
    ),
    "cloudfront_json": Layout(
        '{"date":"%(date)s","time":"%(clock)s","x-edge-location":"CDG50-P2","sc-bytes":"%(size)d","c-ip":"%(ip)s",'
        '"cs-method":"GET","cs(Host)":"d111111abcdef8.cloudfront.net","cs-uri-stem":"%(path)s",'
        '"sc-status":"%(status)d","cs(Referer)":"%(referrer)s","cs(User-Agent)":"%(agent)s",'
        f'"cs-uri-query":"%(query)s","x-edge-result-type":"Hit","x-host-header":"{_HOST}","cs-protocol":"https",'
        '"time-taken":"0.%(ms)03d","cs-protocol-version":"HTTP/2.0"}',
        agent=_coded,
    ),
    "incapsula": Layout(
        '"%(date)s" "%(clock)s" "a1f3" "Firefox" "%(ip)s" "70001" "%(agent)s" "FR"'
        f' "{_HOST}%(path)s" "" "HTTP" "REQ_PASSED" "%(referrer)s" "198.51.100.10" "80" "GET" "%(query)s" "%(status)d"'
        ' "%(ip)s" "%(size)d" "%(epoch)d555" ""',
        _INCAPSULA,
    ),
    "netscaler": Layout(
        "%(date)s %(clock)s %(ip)s - HTTP 198.51.100.10 8080 GET %(path)s %(query)s %(status)d 247 %(size)d %(ms)d"
        " HTTP/1.1 %(agent)s - %(referrer)s",
        _NETSCALER,
        agent=_plus,
    ),
    "shoutcast": Layout(
        "%(ip)s %(ip)s %(date)s %(clock)s %(target)s 200 %(agent)s %(size)d %(ms)d 43720", _SHOUTCAST, agent=_coded
    ),
    "cloudfront_rtmp": Layout(
        "%(date)s\t%(clock)s\tCDG50\t%(ip)s\tplay\t%(size)d\tOK\tcl13nt1d\trtmp://media.example.org%(path)s\t%(query)s"
        "\t%(referrer)s\thttps://www.example.org/watch\t%(agent)s\tmyvideo\t-\tflv\t1",
        _RTMP,
        agent=_coded,
    ),
    "cloudfront": Layout(
        "%(date)s\t%(clock)s\tCDG50-P2\t%(size)d\t%(ip)s\tGET\td111111abcdef8.cloudfront.net\t%(path)s\t%(status)d\t"
        f"%(referrer)s\t%(agent)s\t%(query)s\t-\tHit\tid1==\t{_HOST}\thttps\t23\t0.%(ms)03d\t-\tTLSv1.3\t"
        "TLS_AES_128_GCM_SHA256\tHit\tHTTP/2.0",
        _CLOUDFRONT,
        agent=_coded,
    ),
    "iis": Layout(
        "%(date)s %(clock)s 198.51.100.10 GET %(path)s %(query)s 443 - %(ip)s %(agent)s %(referrer)s %(status)d 0 0"
        " %(ms)d",
        _IIS,
        agent=_plus,
    ),
    "w3c": Layout(
        f"%(date)s %(clock)s %(ip)s - GET %(path)s %(query)s %(status)d %(size)d 0.%(ms)03d HTTP/1.1 {_HOST}"
        " %(agent)s %(referrer)s",
        _W3C,
        agent=_plus,
    ),
    "ltsv": Layout(
        "time:[%(clf)s]\thost:%(ip)s\tforwardedfor:-\treq:GET %(target)s HTTP/1.1\tstatus:%(status)d\tsize:%(size)d"
        f"\treqsize:99\treferer:%(referrer)s\tua:%(agent)s\tvhost:{_HOST}\treqtime_microsec:%(ms)d123\tcache:-"
    ),
    "logfmt": Layout(
        'time=%(iso)s.123456Z level=info msg="request" remote_addr=%(ip)s:40001 method=GET path="%(target)s"'
        ' proto=HTTP/1.1 status=%(status)d size=%(size)d duration=%(ms)dms user_agent="%(agent)s"'
        f' referer="%(referrer)s" host={_HOST}'
    ),
    "lighttpd": Layout(f'%(ip)s {_HOST} - [%(clf)s] {_REQUEST} "%(referrer)s" "%(agent)s"'),
    "common_agent": Layout(f"{_WHO} {_REQUEST} %(agent)s"),
    "common_agent_vhost": Layout(f"{_HOST} {_WHO} {_REQUEST} %(agent)s"),
    "apisix_access": Layout(
        f'{_WHO} {_HOST} {_REQUEST} 0.%(ms)03d "%(referrer)s" "%(agent)s" 198.51.100.10:80 200 0.011 "http://{_HOST}"'
    ),
    "squid": Layout(
        "%(epoch)d.310 %(ms)6d %(ip)s TCP_MISS/%(status)d %(size)d GET http://www.example.org%(target)s"
        " - HIER_DIRECT/198.51.100.10 text/html"
    ),
    "envoy_json": Layout(
        '{"start_time":"%(iso)s.310Z","method":"GET","path":"%(target)s","protocol":"HTTP/1.1",'
        '"response_code":%(status)d,"response_flags":"-","response_code_details":"via_upstream",'
        '"connection_termination_details":null,"bytes_received":0,"bytes_sent":%(size)d,"duration":%(ms)d,'
        '"upstream_service_time":"10","x_forwarded_for":"%(ip)s","user_agent":"%(agent)s","request_id":"id-1",'
        f'"authority":"{_HOST}","upstream_host":"198.51.100.10:80","upstream_cluster":"inbound|80||",'
        '"downstream_remote_address":"%(ip)s:0","requested_server_name":null,"route_name":"default"}'
    ),
    "kong": Layout(
        '{"latencies":{"request":%(ms)d,"kong":58,"proxy":457},"service":{"host":"backend.internal","id":"x"},'
        f'"request":{{"querystring":{{}},"size":138,"uri":"%(target)s","url":"http://{_HOST}:8000%(target)s",'
        f'"headers":{{"host":"{_HOST}","user-agent":"%(agent)s","referer":"%(referrer)s"}},"method":"GET"}},'
        '"tries":[{"balancer_latency":0,"port":80,"ip":"198.51.100.10"}],"client_ip":"%(ip)s",'
        '"response":{"headers":{"content-type":"text/html"},"status":%(status)d,"size":%(size)d},'
        '"route":{"id":"r","paths":["/docs"]},"started_at":%(epoch)d310}'
    ),
    "apisix": Layout(
        '{"response":{"headers":{"content-type":"text/html"},"status":%(status)d,"size":%(size)d},'
        '"upstream_latency":2,"start_time":%(epoch)d310,"client_ip":"%(ip)s","service_id":"","route_id":"1",'
        f'"request":{{"headers":{{"host":"{_HOST}","user-agent":"%(agent)s","referer":"%(referrer)s"}},"size":65,'
        f'"uri":"%(target)s","url":"http://{_HOST}:9080%(target)s","method":"GET"}},"latency":%(ms)d.5,'
        '"apisix_latency":10.5,"server":{"hostname":"node","version":"3.9.0"}}'
    ),
    "api_gateway": Layout(
        '{"requestId":"id-1","ip":"%(ip)s","caller":"-","user":"-","requestTime":"%(clf)s","httpMethod":"GET",'
        '"resourcePath":"/{proxy+}","path":"%(path)s","status":"%(status)d","protocol":"HTTP/1.1",'
        f'"responseLength":"%(size)d","domainName":"{_HOST}","userAgent":"%(agent)s","responseLatency":"%(ms)d"}}'
    ),
    "api_gateway_clf": Layout(
        '%(ip)s - - [%(clf)s]"GET %(path)s HTTP/1.1" %(status)d %(size)d 8601b555-0a1b-4c2d-8e3f-0123456789ab'
    ),
    "api_gateway_csv": Layout(
        "%(ip)s,-,-,%(clf)s,GET,%(path)s,HTTP/1.1,%(status)d,%(size)d,8601b555-0a1b-4c2d-8e3f-0123456789ab"
    ),
    "google_cloud": Layout(
        '{"httpRequest":{"cacheLookup":true,"latency":"0.%(ms)03ds","referer":"%(referrer)s","remoteIp":"%(ip)s",'
        f'"requestMethod":"GET","requestSize":"127","requestUrl":"https://{_HOST}%(target)s",'
        '"responseSize":"%(size)d","status":%(status)d,"userAgent":"%(agent)s","protocol":"HTTP/2"},"insertId":"i1",'
        '"jsonPayload":{"statusDetails":"response_sent_by_backend"},"logName":"projects/p/logs/requests",'
        '"resource":{"labels":{"project_id":"p"},"type":"http_load_balancer"},"severity":"INFO",'
        '"timestamp":"%(iso)s.310123Z"}'
    ),
    "azure_front_door": Layout(
        '{"time":"%(iso)s.3101234Z","resourceId":"/SUBSCRIPTIONS/S","category":"FrontDoorAccessLog",'
        '"operationName":"Microsoft.Cdn/Profiles/AccessLog/Write","properties":{"httpMethod":"GET",'
        f'"httpVersion":"2.0.0.0","requestUri":"https://{_HOST}:443%(target)s","requestBytes":"715",'
        '"responseBytes":"%(size)d","userAgent":"%(agent)s","clientIp":"%(ip)s","clientPort":"52097",'
        '"socketIp":"198.51.100.20","timeTaken":"0.%(ms)03d","requestProtocol":"HTTPS","pop":"SJC",'
        f'"httpStatusCode":"%(status)d","cacheStatus":"MISS","hostName":"{_HOST}","referer":"%(referrer)s"}}}}'
    ),
    "azure_application_gateway": Layout(
        '{"timeStamp":"%(iso)s+00:00","resourceId":"/SUBSCRIPTIONS/S","operationName":"ApplicationGatewayAccess",'
        '"category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_2","clientIP":"%(ip)s",'
        '"clientPort":45057,"httpMethod":"GET","originalRequestUriWithArgs":"%(target)s","requestUri":"/rewritten",'
        '"userAgent":"%(agent)s","httpStatus":%(status)d,"httpVersion":"HTTP/1.1","receivedBytes":184,'
        '"sentBytes":%(size)d,"timeTaken":0.%(ms)03d,"sslEnabled":"on","serverRouted":"198.51.100.10:443",'
        f'"originalHost":"{_HOST}","host":"backend.internal"}}}}'
    ),
    "fastly": Layout(
        '{ "timestamp": "%(iso)s+0000", "client_ip": "%(ip)s", "geo_country": "france", "geo_city": "paris",'
        f' "host": "{_HOST}", "url": "%(target)s", "request_method": "GET", "request_protocol": "HTTP/2",'
        ' "request_referer": "%(referrer)s", "request_user_agent": "%(agent)s", "response_state": "HIT",'
        ' "response_status": %(status)d, "response_reason": "OK", "response_body_size": %(size)d,'
        ' "fastly_server": "cache-cdg1-CDG", "fastly_is_edge": true }'
    ),
    "vercel": Layout(
        '{"id":"1","deploymentId":"dpl","source":"static","host":"my-app.vercel.app","timestamp":%(epoch)d400,'
        '"projectId":"p","level":"info","path":"%(path)s","statusCode":%(status)d,"environment":"production",'
        f'"proxy":{{"timestamp":%(epoch)d310,"method":"GET","host":"{_HOST}","path":"%(target)s",'
        '"userAgent":["%(agent)s"],"referer":"%(referrer)s","statusCode":%(status)d,"clientIp":"%(ip)s",'
        '"region":"sfo1","scheme":"https","vercelCache":"HIT","responseByteSize":%(size)d}}'
    ),
    "akamai": Layout(
        '{"version":"5","streamId":"1","cp":"123456","reqId":"1239f220","reqTimeSec":"%(epoch)d.310",'
        f'"bytes":"%(size)d","cliIP":"%(ip)s","statusCode":"%(status)d","proto":"HTTPS","reqHost":"{_HOST}",'
        '"reqMethod":"GET","reqPath":"%(path)s","reqPort":"443","rspContentType":"text/html","UA":"%(agent)s",'
        '"totalBytes":"%(size)d","queryStr":"%(query)s","referer":"%(referrer)s","turnAroundTimeMSec":"%(ms)d"}',
        agent=_coded,
    ),
    "akamai_pairs": Layout(
        f"cp=123456 reqTimeSec=%(epoch)d.310 cliIP=%(ip)s reqMethod=GET reqHost={_HOST} reqPath=%(path)s"
        " queryStr=- statusCode=%(status)d bytes=%(size)d UA=%(agent)s referer=-",
        agent=_coded,
    ),
    "akamai_structured": Layout(
        f"1 123456 1239f220 %(epoch)d.310 %(size)d %(ip)s %(status)d HTTPS {_HOST} GET %(path)s 443 5000 text/html"
        " %(agent)s 0 TLSv1.3 484 484 232 5300 - - en-US - - - %(ip)s 3600 3 - 11",
        agent=_coded,
    ),
    "tomcat_json": Layout(
        '{"host":"%(ip)s","logicalUserName":"-","user":"-","time":"[%(clf)s]","request":"GET %(target)s HTTP/1.1",'
        '"statusCode":"%(status)d","size":"%(size)d","requestHeaders":{"Referer":"%(referrer)s",'
        '"User-Agent":"%(agent)s"}}'
    ),
    "any_json": Layout(
        '{"ts":"%(iso)sZ","clientIp":"%(ip)s","httpMethod":"GET","uri":"%(target)s","http_status":%(status)d,'
        f'"bytesSent":%(size)d,"User-Agent":"%(agent)s","host":"{_HOST}","Referer":"%(referrer)s"}}'
    ),
    "csv": Layout(
        '%(iso)sZ,%(ip)s,GET,%(target)s,%(status)d,%(size)d,"%(agent)s",%(referrer)s,%(ms)d',
        "timestamp,remoteIp,requestMethod,requestUrl,status,responseSize,userAgent,referer,duration_ms\n",
    ),
}

LAYOUTS: Mapping[str, Layout] = {
    name: Layout(f"{one.line}\n", one.header, one.agent, one.named) for name, one in _LAYOUTS.items()
}
"""By the name that the format has in mtc."""
