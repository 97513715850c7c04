"""JSON of Google Cloud Logging and of Azure's balancers."""

# ruff: noqa: E501 - log lines are as long as servers write them

from format_samples.shape import FIREFOX, Row, SampleFile

GOOGLE = SampleFile(
    format="google_cloud",
    text=f"""{{"httpRequest":{{"cacheLookup":true,"latency":"0.012500s","referer":"https://www.example.org/","remoteIp":"192.0.2.1","requestMethod":"GET","requestSize":"127","requestUrl":"https://www.example.org/docs/?a=1","responseSize":"5120","serverIp":"198.51.100.10","status":200,"userAgent":"{FIREFOX}","protocol":"HTTP/2"}},"insertId":"i1","jsonPayload":{{"@type":"type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry","statusDetails":"response_sent_by_backend","remoteIp":"192.0.2.1"}},"logName":"projects/p/logs/requests","receiveTimestamp":"2026-05-01T10:05:04.708181828Z","resource":{{"labels":{{"project_id":"p"}},"type":"http_load_balancer"}},"severity":"INFO","timestamp":"2026-05-01T10:05:03.310123Z"}}
{{"httpRequest":{{"remoteIp":"2001:db8::7","requestMethod":"GET","requestUrl":"http://[2001:db8::5]:8080","responseSize":"155","status":502,"latency":"1.5s"}},"jsonPayload":{{"statusDetails":"failed_to_connect_to_backend"}},"resource":{{"type":"http_load_balancer"}},"severity":"WARNING","timestamp":"2026-05-01T10:05:04Z"}}
{{"httpRequest":{{"remoteIp":"::1","requestMethod":"POST","requestUrl":"https://svc-x.a.run.app/caf%C3%A9","status":0,"protocol":"HTTP/1.1"}},"resource":{{"type":"cloud_run_revision"}},"severity":"ERROR","timestamp":"2026-05-01T10:05:05Z"}}
{{"httpRequest":{{"remoteIp":"192.0.2.9:49194","requestMethod":"GET","requestUrl":"HTTPS://Ada:x@Shop.example.org:8443/b","status":404}},"receiveTimestamp":"2026-05-01T10:05:06Z"}}
{{"httpRequest":{{"status":200}},"protoPayload":{{"@type":"type.googleapis.com/google.appengine.logging.v1.RequestLog","ip":"192.0.2.9","startTime":"2026-05-01T10:05:07.000000Z","endTime":"2026-05-01T10:05:07.100000Z","latency":"0.100s","method":"GET","resource":"/c?d=1","httpVersion":"HTTP/1.1","status":200,"responseSize":"9","userAgent":"curl/8.0","host":"app.example.org"}},"timestamp":"2026-05-01T10:05:07.000000Z"}}
{{"textPayload":"Starting up","resource":{{"type":"cloud_run_revision"}},"severity":"INFO","timestamp":"2026-05-01T10:05:08Z"}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310123", method="GET", path="/docs/", query="a=1", protocol="HTTP/2", status=200, bytes=5120, time_ms=12.5, referrer="https://www.example.org/", user_agent=FIREFOX),
        Row(host="[2001:db8::5]", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/", status=502, bytes=155, time_ms=1500.0),
        Row(host="svc-x.a.run.app", ip="::1", time="2026-05-01 10:05:05", method="POST", path="/caf%C3%A9", protocol="HTTP/1.1", status=0),
        Row(host="shop.example.org", ip="192.0.2.9", time="2026-05-01 10:05:06", method="GET", path="/b", status=404),
        Row(host="app.example.org", ip="192.0.2.9", time="2026-05-01 10:05:07", method="GET", path="/c", query="d=1", protocol="HTTP/1.1", status=200, bytes=9, time_ms=100.0, user_agent="curl/8.0"),
    ),
    other=1,
    note="Google Cloud, LogEntry and HttpRequest: the URL is whole, latency is seconds with an s; App Engine has the"
    " request in protoPayload. Lines of an application are no requests.",
)  # fmt: skip

FRONT_DOOR = SampleFile(
    format="azure_front_door",
    text=f"""{{"time":"2026-05-01T10:05:03.3101234Z","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.CDN/PROFILES/P","category":"FrontDoorAccessLog","operationName":"Microsoft.Cdn/Profiles/AccessLog/Write","properties":{{"trackingReference":"t","httpMethod":"GET","httpVersion":"2.0.0.0","requestUri":"https://www.example.org:443/docs/?a=1","sni":"www.example.org","requestBytes":"715","responseBytes":"5120","userAgent":"{FIREFOX}","clientIp":"192.0.2.1","clientPort":"52097","socketIp":"198.51.100.20","timeToFirstByte":"0.010","timeTaken":"0.0125","requestProtocol":"HTTPS","securityProtocol":"TLS 1.3","endpoint":"e.azurefd.net","routingRuleName":"r","httpStatusCode":"200","httpStatusDetails":"200","pop":"SJC","cacheStatus":"MISS","errorInfo":"NoError","hostName":"www.example.org","referer":"https://www.example.org/"}}}}
{{"PreciseTimeStamp":"2026-05-01T10:05:04Z","time":"2026-05-01T10:05:04Z","category":"FrontdoorAccessLog","operationName":"Microsoft.Network/FrontDoor/AccessLog/Write","properties":{{"httpMethod":"GET","httpVersion":"1.1","requestUri":"http://shop.example.org/b","responseBytes":"812","userAgent":"","clientIp":"2001:db8::7","socketIp":"2001:db8::7","timeTaken":"1.5","backendHostname":"b:443","isReceivedFromClient":true,"httpStatusCode":"404","rulesEngineMatchNames":[]}}}}
{{"time":"2026-05-01T10:05:05Z","category":"FrontdoorAccessLog","properties":{{"httpMethod":"GET","httpVersion":"1.1","requestUri":"http://shop.example.org/b","responseBytes":"812","clientIp":"2001:db8::7","timeTaken":"1.4","isReceivedFromClient":false,"httpStatusCode":"404"}}}}
{{"time":"2026-05-01T10:05:06Z","category":"FrontDoorWebApplicationFirewallLog","properties":{{"clientIP":"192.0.2.9","socketIP":"192.0.2.9","requestUri":"https://www.example.org:443/?q=../x","ruleName":"r","action":"Block","host":"www.example.org"}}}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03.310123", method="GET", path="/docs/", query="a=1", protocol="HTTP/2.0", status=200, bytes=5120, time_ms=12.5, referrer="https://www.example.org/", user_agent=FIREFOX),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:04", method="GET", path="/b", protocol="HTTP/1.1", status=404, bytes=812, time_ms=1500.0),
    ),
    other=2,
    note="Azure, 'Monitor metrics and logs in Azure Front Door', and of the classic tier: timeTaken is seconds, clientIp"
    " the client, requestUri a whole URL. What the edge asked of the origin shield counted at the edge. The firewall has"
    " a log of its own.",
)  # fmt: skip

APPLICATION_GATEWAY = SampleFile(
    format="azure_application_gateway",
    text="""{"timeStamp":"2026-05-01T10:05:03+00:00","resourceId":"/SUBSCRIPTIONS/S","listenerName":"l","ruleName":"r","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_2","clientIP":"192.0.2.1","clientPort":45057,"httpMethod":"GET","originalRequestUriWithArgs":"\\/docs\\/?a=1","requestUri":"\\/rewritten","requestQuery":"","userAgent":"a+b c","httpStatus":200,"httpVersion":"HTTP\\/1.1","receivedBytes":184,"sentBytes":5120,"clientResponseTime":0,"timeTaken":0.0125,"WAFMode":"Detection","sslEnabled":"on","serverRouted":"198.51.100.10:443","serverStatus":"200","originalHost":"www.example.org","host":"backend.internal"}}
{"resourceId":"/SUBSCRIPTIONS/S","operationName":"ApplicationGatewayAccess","time":"2026-05-01T10:05:04.0000001Z","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"ApplicationGatewayRole_IN_0","clientIP":"192.0.2.9","clientPort":"-","httpMethod":"GET","requestUri":"/b","requestQuery":"x=1&X-AzureApplicationGateway-CACHE-HIT=0&SERVER-ROUTED=198.51.100.10&X-AzureApplicationGateway-LOG-ID=x&SERVER-STATUS=200","userAgent":"Mozilla/5.0+(compatible;+MSIE+9.0)","httpStatus":404,"httpVersion":"HTTP/1.1","receivedBytes":785,"sentBytes":812,"timeTaken":205,"sslEnabled":"-","host":"-"}}
{"time":"2026-05-01T10:05:05Z","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"ApplicationGatewayRole_IN_1","clientIP":"192.0.2.9","httpMethod":"GET","requestUri":"/c","requestQuery":"X-AzureApplicationGateway-CACHE-HIT=0&SERVER-STATUS=200","httpStatus":200,"sentBytes":9,"timeTaken":0,"host":"-"}}
{"TimeGenerated":"2026-05-01T10:05:06Z","OperationName":"ApplicationGatewayAccess","ClientIp":"2001:db8::7","HttpMethod":"POST","RequestUri":"/d","RequestQuery":"","OriginalRequestUriWithArgs":"/d","OriginalHost":"shop.example.org","HttpStatus":502,"HttpVersion":"HTTP/2.0","SentBytes":91,"TimeTaken":1.5,"UserAgent":"curl/8.0","InstanceId":"appgw_0"}
{"timeStamp":"2026-05-01T10:05:07+00:00","operationName":"ApplicationGatewayFirewall","category":"ApplicationGatewayFirewallLog","properties":{"instanceId":"appgw_3","clientIp":"192.0.2.9","requestUri":"/?q=x","ruleId":"1","message":"m","action":"Blocked","hostname":"www.example.org"}}
""",
    rows=(
        Row(host="www.example.org", ip="192.0.2.1", time="2026-05-01 10:05:03", method="GET", path="/docs/", query="a=1", protocol="HTTP/1.1", status=200, bytes=5120, time_ms=12.5, user_agent="a+b c"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:04", method="GET", path="/b", query="x=1", protocol="HTTP/1.1", status=404, bytes=812, time_ms=205.0, user_agent="Mozilla/5.0 (compatible; MSIE 9.0)"),
        Row(ip="192.0.2.9", time="2026-05-01 10:05:05", method="GET", path="/c", status=200, bytes=9, time_ms=0.0),
        Row(host="shop.example.org", ip="2001:db8::7", time="2026-05-01 10:05:06", method="POST", path="/d", protocol="HTTP/2.0", status=502, bytes=91, time_ms=1500.0, user_agent="curl/8.0"),
    ),
    other=1,
    note="Azure, Application Gateway, access log: what was asked for is originalRequestUriWithArgs of originalHost, before"
    " any rewriting; v1 has only requestUri and a query to which it adds its own, and milliseconds.",
)  # fmt: skip

SAMPLES = (GOOGLE, FRONT_DOOR, APPLICATION_GATEWAY)
