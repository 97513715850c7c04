"""Where a visit came from: the hosts of search engines and social networks, and how a referrer is told.

The order is Matomo's: a campaign named in the page's own query, then the site itself (direct), then search engines,
social networks, other websites. Words that were searched for are not read: engines have not told them for years.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CAMPAIGN_NAMES = (
    "pk_cpn", "pk_campaign", "piwik_campaign", "mtm_campaign", "matomo_campaign",
    "utm_campaign", "utm_source", "utm_medium",
)  # fmt: skip
"""Parameters that name a campaign (Matomo's `campaign_var_name`)."""

IGNORED_PARAMETERS = (
    *CAMPAIGN_NAMES,
    "pk_kwd", "pk_keyword", "piwik_kwd", "mtm_kwd", "mtm_keyword", "matomo_kwd", "utm_term",
    "gclid", "fbclid", "msclkid", "twclid", "wbraid", "gbraid", "yclid", "fb_xd_fragment", "fb_comment_id",
    "phpsessid", "jsessionid", "sessionid", "aspsessionid", "doing_wp_cron", "sid", "pk_vid",
)  # fmt: skip
"""Parameters that make no other page (Matomo's `url_query_parameter_to_exclude_from_url` and its campaigns')."""

# name, hosts: `{}` at the end stands for any country's top level (google.de, google.co.uk, google.com); a leading
# dot for the host and all below it. A leading `www.` or `m.` of a referrer's host is not looked at.
SEARCH_ENGINES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Google", ("google.{}", "encrypted.google.com", "ipv6.google.com", "com.google.android.googlequicksearchbox")),
    ("Google Images", ("images.google.{}",)),
    ("Google News", ("news.google.{}",)),
    ("Google Scholar", ("scholar.google.{}",)),
    ("Bing", (".bing.com",)),
    ("Yahoo!", ("yahoo.com", ".search.yahoo.com", ".search.yahoo.co.jp", "yahoo.co.jp", "r.search.yahoo.com")),
    ("DuckDuckGo", (".duckduckgo.com", "com.duckduckgo.mobile.android")),
    ("Yandex", ("yandex.{}", "ya.ru")),
    ("Baidu", ("baidu.com", "www1.baidu.com", "zhidao.baidu.com", "tieba.baidu.com", "news.baidu.com")),
    ("Ecosia", (".ecosia.org",)),
    ("Qwant", (".qwant.com",)),
    ("Startpage", (".startpage.com", "startpage.{}", "ixquick.com")),
    ("Brave", ("search.brave.com",)),
    ("Kagi", ("kagi.com",)),
    ("Mojeek", (".mojeek.com",)),
    ("Swisscows", (".swisscows.com", "swisscows.{}")),
    ("MetaGer", (".metager.org", ".metager.de")),
    ("Lilo", ("search.lilo.org",)),
    ("Ask", (".ask.com", "ask.co.uk")),
    ("AOL", ("search.aol.{}", "recherche.aol.fr", "suche.aol.de")),
    ("Naver", ("search.naver.com", "m.search.naver.com")),
    ("Daum", ("search.daum.net", "m.search.daum.net")),
    ("Seznam", ("search.seznam.cz",)),
    ("Sogou", ("sogou.com", "wap.sogou.com")),
    ("360search", ("so.com", "so.360.cn")),
    ("Cốc Cốc", ("coccoc.com",)),
    ("Rambler", ("nova.rambler.ru",)),
    ("Mail.ru", ("go.mail.ru",)),
    ("Sputnik", ("sputnik.ru",)),
    ("T-Online", ("suche.t-online.de",)),
    ("Web.de", ("suche.web.de",)),
    ("GMX", ("suche.gmx.net",)),
    ("Freenet", ("suche.freenet.de",)),
    ("1und1", ("search.1und1.de",)),
    ("Orange", ("lemoteur.orange.fr", "lemoteur.ke.voila.fr")),
    ("Free", ("search.free.fr",)),
    ("goo", ("search.goo.ne.jp",)),
    ("Gigablast", ("gigablast.com",)),
    ("Gibiru", ("gibiru.com",)),
    ("Exalead", ("exalead.com", "exalead.fr")),
    ("Disconnect", ("search.disconnect.me",)),
    ("Avira SafeSearch", ("search.avira.com", "safesearch.avira.com")),
    ("Comcast", ("search.comcast.net",)),
    ("Babylon", ("search.babylon.com",)),
    ("Facebook", ("facebook.com",)),  # its front page: Matomo files it here, l.facebook.com with social networks
)

# name, hosts: each stands for itself and all below it.
SOCIAL_NETWORKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Facebook", ("facebook.com", "fb.me", "m.facebook.com")),
    ("Twitter", ("twitter.com", "t.co", "x.com")),
    ("LinkedIn", ("linkedin.com", "lnkd.in", "com.linkedin.android")),
    ("Instagram", ("instagram.com",)),
    ("YouTube", ("youtube.com", "youtu.be")),
    ("Reddit", ("reddit.com",)),
    ("Pinterest", ("pinterest.com",)),
    ("Hacker News", ("news.ycombinator.com",)),
    ("GitHub", ("github.com",)),
    ("StackOverflow", ("stackoverflow.com",)),
    ("Sourceforge", ("sourceforge.net",)),
    ("Mastodon", ("mastodon.social", "mastodon.cloud", "mastodon.technology", "fosstodon.org", "mstdn.social")),
    ("Bluesky", ("bsky.app",)),
    ("Threads", ("threads.net",)),
    ("TikTok", ("tiktok.com",)),
    ("Telegram", ("web.telegram.org", "org.telegram.messenger")),
    ("WhatsApp", ("whatsapp.com", "wa.me")),
    ("Vkontakte", ("vk.com", "vkontakte.ru")),
    ("Odnoklassniki", ("ok.ru", "odnoklassniki.ru")),
    ("my.mail.ru", ("my.mail.ru",)),
    ("Weibo", ("weibo.com", "t.cn")),
    ("Douban", ("douban.com",)),
    ("V2EX", ("v2ex.com",)),
    ("Renren", ("renren.com",)),
    ("Qzone", ("qzone.qq.com",)),
    ("Mixi", ("mixi.jp",)),
    ("XING", ("xing.com",)),
    ("Viadeo", ("viadeo.com",)),
    ("Tumblr", ("tumblr.com",)),
    ("Flickr", ("flickr.com",)),
    ("Vimeo", ("vimeo.com",)),
    ("Dribbble", ("dribbble.com",)),
    ("LiveJournal", ("livejournal.com", "livejournal.ru")),
    ("Last.fm", ("last.fm",)),
    ("Badoo", ("badoo.com",)),
    ("Myspace", ("myspace.com",)),
    ("Taringa!", ("taringa.net",)),
    ("Skyrock", ("skyrock.com",)),
    ("StumbleUpon", ("stumbleupon.com",)),
)

KNOWN_HOSTS = """
CREATE OR REPLACE TEMP TABLE known_host AS
SELECT unnest($kinds) AS kind, unnest($names) AS name, unnest($hosts) AS host
"""

# A host is looked up as it is, with its country taken off, and by each of its ends (a.b.c, b.c, at most five names).
# Engines go before networks, the longest match before shorter ones; `kind` in the table holds that rank.
REFERRER_HOSTS = """
CREATE OR REPLACE TEMP TABLE referrer_host AS
WITH hosts AS (
    SELECT DISTINCT referrer_host AS host, regexp_replace(referrer_host, '^(www[0-9]*|m)\\.', '') AS bare
    FROM visit
    WHERE referrer_host <> ''
),
pieces AS (
    SELECT host, bare, string_split(bare, '.') AS names FROM hosts
),
spellings AS (
    SELECT host, bare AS spelling, 0 AS cut FROM pieces
    UNION ALL
    SELECT host, regexp_replace(bare, '\\.((com|co|net|org|ne|or)\\.)?[a-z]{2,3}$', '.{}'), 0 FROM pieces
    UNION ALL
    SELECT host, '.' || array_to_string(names[-length:], '.'), 5 - length
    FROM pieces, (SELECT unnest([1, 2, 3, 4, 5]) AS length)
    WHERE length <= len(names)
)
SELECT
    spellings.host,
    min_by(split_part(known_host.kind, ' ', 2), (known_host.kind, spellings.cut, known_host.name)) AS type,
    min_by(known_host.name, (known_host.kind, spellings.cut, known_host.name)) AS name
FROM spellings
JOIN known_host ON known_host.host = spellings.spelling
GROUP BY spellings.host
"""

# A visit came from its site itself when the referrer's host is the manifest's or the one that the hit asked for.
REFERRERS = """
CREATE OR REPLACE TEMP TABLE visit_referrer AS
SELECT
    visit.*,
    CASE
        WHEN campaign THEN 'campaign'
        WHEN referrer_host = '' THEN 'direct'
        WHEN regexp_replace(referrer_host, '^www\\.', '') IN ($site_host, regexp_replace(visit.host, '^www\\.', ''))
            THEN 'direct'
        ELSE coalesce(referrer_host.type, 'website')
    END AS referrer_type,
    coalesce(referrer_host.name, visit.referrer_host) AS referrer_name
FROM visit
LEFT JOIN referrer_host ON referrer_host.host = visit.referrer_host
"""


def tell_referrers(connection: "DuckDBPyConnection", site_host: str) -> None:
    """Make table `visit_referrer` of `visit`: the same rows, each with its referrer's type and name."""
    rows = [("1 search", name, host) for name, hosts in SEARCH_ENGINES for host in hosts]
    rows += [("2 social", name, "." + host) for name, hosts in SOCIAL_NETWORKS for host in hosts]
    kinds, names, hosts = (list(column) for column in zip(*rows, strict=True))
    connection.execute(KNOWN_HOSTS, {"kinds": kinds, "names": names, "hosts": hosts})
    connection.execute(REFERRER_HOSTS)
    connection.execute(REFERRERS, {"site_host": site_host.lower().removeprefix("www.")})
