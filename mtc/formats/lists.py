"""The lists that Matomo's own importer filters by, so that the same log counts the same. Facts, checked against it.

A file extension is what follows the last dot of the path, in lower case.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STATIC_EXTENSIONS: tuple[str, ...] = _words(
    "gif jpg jpeg png bmp ico svg svgz ttf otf eot woff woff2 class swf css js xml webp"
)

STATIC_FILES: tuple[str, ...] = ("robots.txt",)

DOWNLOAD_EXTENSIONS: tuple[str, ...] = _words(
    "7z aac arc arj asf asx avi bin csv deb dmg doc docx exe flac flv gz gzip hqx ibooks jar json mpg mp2 "
    "mp3 mp4 mpeg mov movie msi msp odb odf odg odp ods odt ogg ogv pdf phps ppt pptx qt qtm ra ram rar "
    "rpm rtf sea sit tar tbz bz2 tgz torrent txt wav webm wma wmv wpd xls xlsx xml xsd z zip azw3 epub "
    "mobi apk md5 sig"
)

# A user agent that contains one of these, in lower case, is a robot's.
ROBOT_TEXTS: tuple[str, ...] = (
    "adsbot-google",
    "ask jeeves",
    "baidubot",
    "bot-",
    "bot/",
    "ccooter/",
    "crawl",
    "curl",
    "echoping",
    "exabot",
    "feed",
    "googlebot",
    "ia_archiver",
    "java/",
    "libwww",
    "mediapartners-google",
    "msnbot",
    "netcraftsurvey",
    "panopta",
    "pingdom.com_bot_",
    "robot",
    "spider",
    "surveybot",
    "twiceler",
    "voilabot",
    "yahoo",
    "yandex",
    "zabbix",
    "googlestackdrivermonitoring",
)

HEALTH_CHECK = "health check"
"""The kind of robots that ask whether a server is up, and the reason under which their lines are left out."""

# Expressions of user agents that ask whether a server is up, as `agents.finder` reads them. Facts from the checkers'
# own documentation: load balancers, orchestrators, and services that watch over uptime.
HEALTH_CHECKS: tuple[str, ...] = (
    r"[\w.-]*health[-_ +]?(?:check|ping|probe)",  # ELB, Route 53, Consul, Fastly, Front Door, App Service
    r"(?:kube|liveness|readiness|startup|uptime|lb|load[-_ ]?balancer)[-_ ]?(?:probe|check)",
    r"(?:internal|dummy) (?:dummy )?connection",  # Apache's own
    r"GoogleHC",
    r"HAProxy",
    r"(?:Azure )?Traffic Manager Endpoint Monitor",
    r"Load Balancer Agent",
    r"(?:AlwaysOn|ReadyForRequest|HttpPing)(?:/[\d.]+)?(?: ?\(.*\))?$",  # App Service
    r"Envoy/HC",
    r"BIG-?IP",
    r"Cloudflare-Traffic-Manager",
    r"Uptime[-_ .]?(?:Bot|Check|com|Kuma|Monitor|Probe|Robot)",
    r"Pingdom",
    r"(?:Better ?Uptime|Better ?Stack|Site ?Uptime|DigitalOcean Uptime)",
    r"StatusCake",
    r"Blackbox[- ]Exporter",
    r"GoogleStackdriverMonitoring",
    r"(?:Elastic-)?Heartbeat/",
    r"Datadog(?:/| ?Agent| ?Synthetics)",
    r"(?:CloudWatch|Amazon CloudWatch)[- ]?Synthetics",
    r"NewRelic(?:Pinger|Synthetics)",
    r"(?:Site24x7|NodePing|Checkly|Cronitor|Freshping|HetrixTools|Hyperping|Instatus|Montastic|Pulsetic|Updown\.io)",
    r"(?:OhDear|Oh Dear|Panopta|Statping|Uptrends|Uptimia|WebSitePulse|Wormly|Host-?Tracker|OnlineOrNot|jetmon)",
    r"(?:check_http|Checkmk|Gatus|Icinga|Monit|Nagios|PRTG|Zabbix)(?:[-/ _]|$)",
)
