"""Where visits come from: campaigns, search engines, social networks, AI assistants, other websites.

The order is Matomo's: a campaign named in the page's own query, then the site itself (direct), then AI assistants (as
in Matomo 5.5 and later), search engines, social networks, other websites. Which of a visit's referrers counts is
decided in `visits`.

The list of hosts is `referrers.tsv` beside this file, which names its sources. It is used as Matomo does (`Referrers`:
SearchEngine, Social): a search engine is recognised by the referrer's host and by what was searched for, or by a page
of results that hides it; a network or an assistant by its host's name anywhere in the referrer.
"""

import functools
import importlib.resources
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COUNTRIES = """
a1 a2 ac ad ae af ag ai al am an ao ap aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt
bu bv bw by bz ca cat cc cd cf cg ch ci ck cl cm cn co cp cr cs cu cv cw cx cy cz de dg dj dk dm do dz ea ec ee eg
eh er es et eu fi fj fk fm fo fr fx ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu ic
id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc
md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nt nu nz o1 om pa pe
pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sf sg sh si sj sk sl sm sn so sr ss st su sv
sx sy sz ta tc td tf tg th tj tk tl tm tn to tp tr tt tv tw tz ua ug uk um us uy uz va vc ve vg vi vn vu wf ws xx
ye yt yu za zm zr zw
"""
"""The country codes that Matomo knows: `{}` in a host stands for any of them."""

_BLANK = r"(?:\+|%20|%0[9aAdD]|\s)*"
_TEXT = r"(?:[^&+%\s]|%(?:[^02&]|0[^9aAdD]|2[^0]|&|$))"
_FRONT = ("/^$/", "/")
_MORE_OF_GOOGLE = ("as_q", "as_oq", "as_epq", "as_eq")  # of its advanced search

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
    "ignore_referrer", "ignore_referer",
)  # fmt: skip
"""Parameters removed from page URLs (Matomo's `url_query_parameter_to_exclude_from_url`, and those of campaigns)."""

NAME_LENGTH = 255
"""How many characters of a website's name are kept, as Matomo keeps them."""

KNOWN_HOSTS = """
CREATE OR REPLACE TEMP TABLE known_host AS
SELECT unnest($kinds) AS kind, unnest($spellings) AS spelling, unnest($places) AS place, unnest($names) AS name
"""

# The parts of a referrer. `lossy` is its host without `www.`, `search.` and `m.`, and with `{}` for a country:
# google.co.uk and de.google.com are google.{} and {}.google.com (Matomo's UrlHelper::getLossyUrl). What follows `#`
# counts as query.
PIECES = """
CREATE OR REPLACE TEMP TABLE referrer_piece AS
WITH cut AS (
    SELECT
        referrer,
        text,
        replace(replace(lower(text), '.', '..'), '/', '//') AS doubled,
        regexp_extract(text, $parts, ['host', 'path', 'query', 'fragment']) AS piece
    FROM (SELECT referrer, text FROM referrer WHERE referrer IN (SELECT referrer FROM visit))
)
SELECT
    referrer,
    text,
    doubled,
    lower(piece.host) AS host,
    piece.path AS path,
    piece.query || CASE WHEN piece.fragment <> '' THEN '&' ELSE '' END || piece.fragment AS query,
    piece.fragment AS fragment,
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        lower(piece.host),
        '^(w+[0-9]*|search)\\.', ''),
        '(^|\\.)m\\.', '\\1', 'g'),
        '(\\.(com|org|net|co|it|edu))?\\.(' || $countries || ')$', '.{}'),
        '(^|\\.)(' || $countries || ')\\.', '\\1{}.', 'g') AS lossy
FROM cut
"""

# The best match of the list for a referrer: host and path, the host, both with `{}`, then a few special cases.
ENGINES = """
CREATE OR REPLACE TEMP TABLE referrer_engine AS
SELECT referrer, arg_min(known_host.place, tried.turn) AS place, arg_min(known_host.name, tried.turn) AS name
FROM (
    SELECT
        referrer,
        unnest([host || path, host, lossy || path, lossy, CASE
            WHEN starts_with(query, 'cx=partner-pub-') THEN 'google.com/cse'
            WHEN starts_with(path, '/pemonitorhosted/ws/results/') THEN 'wsdsold.infospace.com'
            WHEN contains(host, '.images.search.yahoo.com') THEN 'images.search.yahoo.com'
            WHEN contains(host, '.search.yahoo.com') THEN 'search.yahoo.com'
        END]) AS spelling,
        unnest([1, 2, 3, 4, 5]) AS turn
    FROM referrer_piece
) AS tried
JOIN known_host ON known_host.kind = 'search' AND known_host.spelling = tried.spelling
GROUP BY referrer
"""

# Whether a search engine's referrer names, or may hide, what was searched for. The braces are filled in below with
# numbers and names of parameters.
SEARCHES = """
CREATE OR REPLACE TEMP TABLE referrer_search AS
SELECT referrer, CASE
    WHEN name <> 'Google' THEN name
    WHEN regexp_matches(query, '(^|&)tbm=isch(&|$)') THEN 'Google Images'
    WHEN regexp_matches(query, '(^|&)tbm=vid(&|$)') THEN 'Google Video'
    WHEN regexp_matches(query, '(^|&)tbm=shop(&|$)') THEN 'Google Shopping'
    ELSE name
END AS name
FROM (
    SELECT
        referrer, text, place, name, query,
        path || CASE WHEN query <> '' THEN '?' || query ELSE '' END
            || CASE WHEN fragment <> '' THEN '#' || fragment ELSE '' END AS page
    FROM referrer_engine
    JOIN referrer_piece USING (referrer)
)
WHERE CASE place {tests} ELSE false END
"""

# A name stands anywhere between dots and slashes, as Matomo looks for it; of several, the list's first one counts. Dots
# and slashes are doubled, so that one may end a name and begin the next.
NAMED = """
CREATE OR REPLACE TEMP TABLE referrer_named AS
SELECT referrer, kind, arg_min(known_host.name, known_host.place) AS name
FROM (
    SELECT referrer, 'ai' AS kind, unnest(regexp_extract_all(doubled, $ai, 1)) AS spelling FROM referrer_piece
    UNION ALL
    SELECT referrer, 'social', unnest(regexp_extract_all(doubled, $social, 1)) FROM referrer_piece
)
JOIN known_host USING (kind, spelling)
GROUP BY referrer, kind
"""

ORIGINS = """
CREATE OR REPLACE TEMP TABLE origin AS
SELECT
    referrer,
    CASE
        WHEN assistant.name IS NOT NULL THEN 'ai'
        WHEN referrer_search.name IS NOT NULL THEN 'search'
        WHEN network.name IS NOT NULL THEN 'social'
        ELSE 'website'
    END AS kind,
    coalesce(assistant.name, referrer_search.name, network.name, left(referrer_piece.host, $length)) AS name
FROM referrer_piece
LEFT JOIN referrer_search USING (referrer)
LEFT JOIN (SELECT referrer, name FROM referrer_named WHERE kind = 'ai') AS assistant USING (referrer)
LEFT JOIN (SELECT referrer, name FROM referrer_named WHERE kind = 'social') AS network USING (referrer)
"""

AUTHORITY = r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#]*@)?(\[[^\]/?#]*\]|[^:/?#]*)"
"""What a referrer must begin with to be one; the group is its host."""

_PARTS = AUTHORITY + r"[^/?#]*([^?#]*)\??([^#]*)#?(.*)$"


@dataclass(frozen=True, slots=True)
class SearchEngine:
    """Hosts of a search engine, and patterns: a referrer from such a host counts where one of them matches.

    `query_pattern` is tried on the query, `referrer_pattern` on the whole referrer, `page_pattern` on path, query and
    fragment; empty for none.
    """

    name: str
    hosts: tuple[str, ...]
    query_pattern: str
    referrer_pattern: str
    page_pattern: str


@dataclass(frozen=True, slots=True)
class NamedHosts:
    """A social network or an AI assistant, and its hosts."""

    name: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReferrerList:
    """`referrers.tsv`, in its order."""

    engines: tuple[SearchEngine, ...]
    networks: tuple[NamedHosts, ...]
    assistants: tuple[NamedHosts, ...]


@functools.cache
def referrer_list() -> ReferrerList:
    """Read the list, once."""
    text = (importlib.resources.files(__package__) / "referrers.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return ReferrerList(
        engines=tuple(_engine(*row[1:]) for row in rows if row[0] == "search"),
        networks=tuple(NamedHosts(row[1], tuple(row[2].split())) for row in rows if row[0] == "social"),
        assistants=tuple(NamedHosts(row[1], tuple(row[2].split())) for row in rows if row[0] == "ai"),
    )


def assistant_of(host: str) -> str:
    """The AI assistant of a host; empty for another website."""
    names = (
        assistant.name
        for assistant in referrer_list().assistants
        for known_host in assistant.hosts
        if f".{host}".endswith(f".{known_host}")
    )
    return next(names, "")


def _engine(name: str, hosts: str, parameters: str = "", hidden: str = "") -> SearchEngine:
    names = [parameter for parameter in parameters.split() if not parameter.startswith("/")]
    names += _MORE_OF_GOOGLE if name == "Google" else ()
    patterns = [_expression(parameter) for parameter in parameters.split() if parameter.startswith("/")]
    pages = [_page(page) for page in hidden.split() or _FRONT]
    return SearchEngine(name, tuple(hosts.split()), _parameter_pattern(names), "|".join(patterns), "|".join(pages))


def _parameter_pattern(names: list[str]) -> str:
    """Matches a parameter with a value, or without one if it is not the first: Matomo looks for its `&`."""
    named = "|".join(map(re.escape, names))
    return f"(?:^|&)(?:{named})={_BLANK}{_TEXT}|&(?:{named})=" if names else ""


def _page(text: str) -> str:
    return (
        _expression(text) if len(text) > 1 and text.startswith("/") and text.endswith("/") else f"^{re.escape(text)}$"
    )


def _expression(text: str) -> str:
    return f"(?:{text[1:-1]})"


def classify_referrers(connection: "DuckDBPyConnection") -> None:
    """Make table `origin(referrer, kind, name)` from `referrer(referrer, text)`, of the referrers that `visit` has."""
    connection.execute(KNOWN_HOSTS, _rows())
    connection.execute(PIECES, {"parts": _PARTS, "countries": "|".join(COUNTRIES.split())})
    connection.execute(ENGINES)
    _classify_searches(connection)
    known = referrer_list()
    connection.execute(NAMED, {"ai": _anywhere(known.assistants), "social": _anywhere(known.networks)})
    connection.execute(ORIGINS, {"length": NAME_LENGTH})


def _rows() -> dict[str, list[str] | list[int]]:
    """The list as columns. Of a host that two search engines claim, the later one counts, as Matomo reads it."""
    known = referrer_list()
    engines = {host: (place, engine.name) for place, engine in enumerate(known.engines) for host in engine.hosts}
    rows = [("search", host, place, name) for host, (place, name) in engines.items()]
    for kind, owners in (("ai", known.assistants), ("social", known.networks)):
        for place, owner in enumerate(owners):
            rows += [(kind, _doubled(host), place, owner.name) for host in owner.hosts]
    kinds, spellings, places, names = zip(*rows, strict=True)
    return {"kinds": list(kinds), "spellings": list(spellings), "places": list(places), "names": list(names)}


def _classify_searches(connection: "DuckDBPyConnection") -> None:
    """Make table `referrer_search`, with the patterns of the engines that occur: all are too many for one statement."""
    places = sorted(place for (place,) in connection.execute("SELECT DISTINCT place FROM referrer_engine").fetchall())
    values: dict[str, str] = {}
    tests = []
    for place in places:
        engine = referrer_list().engines[place]
        tried = {"query": engine.query_pattern, "text": engine.referrer_pattern, "page": engine.page_pattern}
        values |= {f"{column}_{place}": pattern for column, pattern in tried.items() if pattern}
        found = (f"regexp_matches({column}, ${column}_{place})" for column, pattern in tried.items() if pattern)
        tests.append(f"WHEN {place} THEN {' OR '.join(found)}")
    connection.execute(SEARCHES.format(tests=" ".join(tests) or "WHEN NULL THEN false"), values)


def _anywhere(owners: Iterable[NamedHosts]) -> str:
    hosts = "|".join(re.escape(_doubled(host)) for owner in owners for host in owner.hosts)
    return rf"(?:^|[./])({hosts})(?:[./]|$)"


def _doubled(host: str) -> str:
    return host.replace(".", "..").replace("/", "//")


def drop_referrers(connection: "DuckDBPyConnection") -> None:
    """Free the memory of a set of days before the next one is read."""
    for name in ("origin", "referrer_piece", "referrer_engine", "referrer_search", "referrer_named", "known_host"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
