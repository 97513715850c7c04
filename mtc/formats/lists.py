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
