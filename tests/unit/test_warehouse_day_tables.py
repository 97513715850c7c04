"""Every table of a day, counted by hand over one small log; then with hostile text in its lines."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rounds
from hypothesis import strategies as st
from stat_hits import DAY, Hit, answers, count, rows, settings, write_part

from mtc.warehouse.day_tables import QUERIES
from mtc.warehouse.referrers import NAME_LENGTH, referrer_list
from mtc.warehouse.stat_document import StatDocument, dumps, loads
from mtc.warehouse.stat_tables import LABEL_LENGTH, ROWS

GOOGLE = "https://www.google.de/search?q=x"

# Anna (A): / -> /a -> / within 10 min, from Google; again at 12:00, /a alone, from example.net: 2 visits.
# Ben (B): a.pdf first, then /a, from the site's own page: direct. Ben's visit: 2 actions, 61 s.
# Cleo (C): /missing (404) alone, from news.ycombinator.com: a bounce.
LOG = [
    Hit("08:00:00", "/", referrer=GOOGLE, bytes=10),
    Hit("08:05:00", "/a", referrer="https://docs.example.org/", bytes=20),
    Hit("08:10:00", "/", bytes=30),
    Hit("12:00:00", "/a", referrer="http://example.net/links", bytes=40, status=304),
    Hit("09:00:00", "/a.pdf", ip="192.0.2.2", os="Windows", download=True, bytes=500, referrer="http://docs.example.org/"),
    Hit("09:01:00", "/a", ip="192.0.2.2", os="Windows", bytes=60, device="tablet"),
    Hit("09:59:00", "/missing", ip="2001:db8::1", browser="Chrome", device="smartphone", status=404, bytes=None,
        referrer="https://news.ycombinator.com/item?id=1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> StatDocument:
    return count(tmp_path_factory.mktemp("log"), LOG)


def test_the_summary(document: StatDocument) -> None:
    """4 visits of 3 visitors; 7 actions, 1 a download; lengths 601 + 0 + 61 + 0; bytes 10+20+30+40+500+60+0."""
    assert document.summary.model_dump() == {
        "visits": 4, "unique_visitors": 3, "actions": 7, "pageviews": 6, "downloads": 1, "searches": 0, "bounces": 2,
        "bounce_rate": 0.5, "actions_per_visit": 1.75, "average_visit_seconds": 165.5, "total_visit_seconds": 662,
        "longest_visit_seconds": 601, "max_actions": 3, "bytes": 660,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # label, views, visits, entries, exits, bounces, bytes; /a: A twice (entry once), B once (first page view)
        ("pages", [("/a", 3, 3, 2, 2, 1, 120), ("/", 2, 1, 1, 1, 0, 40), ("/missing", 1, 1, 1, 1, 1, 0)]),
        # label, visits, actions, bounces, seconds
        ("entry_pages", [("/a", 2, 3, 1, 61), ("/", 1, 3, 0, 601), ("/missing", 1, 1, 1, 0)]),
        # label, visits, views
        ("exit_pages", [("/a", 2, 3), ("/", 1, 2), ("/missing", 1, 1)]),
        # label, downloads, visits, bytes
        ("downloads", [("/a.pdf", 1, 1, 500)]),
        # label, visits, visitors, actions, bounces, seconds; equal counts by label
        (
            "referrer_types",
            [
                ("direct", 1, 1, 2, 0, 61), ("search", 1, 1, 3, 0, 601),
                ("social", 1, 1, 1, 1, 0), ("website", 1, 1, 1, 1, 0),
            ],
        ),
        ("websites", [("example.net", 1, 1, 1, 1, 0)]),
        ("search_engines", [("Google", 1, 1, 3, 0, 601)]),
        ("social_networks", [("Hacker News", 1, 1, 1, 1, 0)]),
        ("browsers", [("Firefox", 3, 2, 6, 1, 662), ("Chrome", 1, 1, 1, 1, 0)]),
        ("operating_systems", [("Linux", 3, 2, 5, 2, 601), ("Windows", 1, 1, 2, 0, 61)]),
        ("device_types", [("desktop", 3, 2, 6, 1, 662), ("smartphone", 1, 1, 1, 1, 0)]),
        # label, hits, bytes
        ("status_codes", [("200", 5, 620), ("304", 1, 40), ("404", 1, 0)]),
    ],
)  # fmt: skip
def test_a_table(document: StatDocument, table: str, expected: list[tuple[object, ...]]) -> None:
    """Counted by hand from LOG."""
    assert rows(document, table) == expected


def test_the_hours_are_all_there(document: StatDocument) -> None:
    """Visits begin at 8, 9, 9 and 12; hits: 3 at 8, 3 at 9, 1 at 12. label, visits, actions, hits, bytes."""
    assert [row.label for row in document.tables.hours] == [f"{hour:02}" for hour in range(24)]
    filled = [row for row in rows(document, "hours") if row[3]]
    assert filled == [("08", 1, 3, 3, 60), ("09", 2, 3, 3, 560), ("12", 1, 1, 1, 40)]


def test_every_table_that_every_day_has_has_its_query() -> None:
    """Countries need a database, and have theirs apart."""
    assert [query.table for query in QUERIES] == [name for name in ROWS if name != "countries"]


def test_pages_with_another_query_are_other_pages_but_for_ignored_parameters(tmp_path: Path) -> None:
    """As Matomo: `lang` makes a page, `utm_term`, `gclid` and `PHPSESSID` do not."""
    queries = ["lang=de", "lang=de&gclid=1", "PHPSESSID=2", None, "utm_term=x", "", "lang=fr"]
    document = count(tmp_path, [Hit(f"08:0{n}:00", "/p", query=query) for n, query in enumerate(queries)])
    assert [row[:2] for row in rows(document, "pages")] == [("/p", 4), ("/p?lang=de", 2), ("/p?lang=fr", 1)]


REFERRERS: tuple[tuple[str | None, tuple[str, str | None]], ...] = (
    (None, ("direct", None)),
    ("", ("direct", None)),
    ("-", ("direct", None)),
    ("about:blank", ("direct", None)),
    ("not a url", ("direct", None)),
    ("https://docs.example.org/a", ("direct", None)),
    ("https://WWW.Docs.Example.org:443/a", ("direct", None)),
    ("http://user:pw@docs.example.org/", ("direct", None)),
    ("http://docs.example.org.evil.net/", ("website", "docs.example.org.evil.net")),
    ("http://docs.example.org@evil.net/", ("website", "evil.net")),
    ("https://Blog.Example.com/x?y=http://google.com/", ("website", "blog.example.com")),
    ("http://192.0.2.9:8080/", ("website", "192.0.2.9")),
    ("http://[2001:db8::1]:80/", ("website", "[2001:db8::1]")),
    ("https://www.google.com/", ("search", "Google")),
    ("https://google.co.uk/search", ("search", "Google")),
    ("https://google.evil.example/", ("website", "google.evil.example")),
    ("https://mail.google.com/", ("website", "mail.google.com")),
    ("https://notgoogle.com/", ("website", "notgoogle.com")),
    ("android-app://com.google.android.googlequicksearchbox/https/www.google.com", ("search", "Google")),
    ("https://cn.bing.com/search?q=a", ("search", "Bing")),
    ("https://fr.search.yahoo.com/", ("search", "Yahoo!")),
    ("https://duckduckgo.com/", ("search", "DuckDuckGo")),
    ("https://yandex.ru/", ("search", "Yandex")),
    ("https://l.facebook.com/l.php", ("social", "Facebook")),
    ("https://www.facebook.com/", ("search", "Facebook")),
    ("https://www.facebook.com/groups/1", ("social", "Facebook")),
    ("https://m.facebook.com/", ("social", "Facebook")),
    ("https://t.co/x", ("social", "Twitter")),
    ("https://old.reddit.com/r/x", ("social", "reddit")),
    ("https://github.com/a/b", ("social", "GitHub")),
    ("https://chat.openai.com/", ("ai", "ChatGPT")),
    ("https://www.perplexity.ai/search?q=x", ("ai", "Perplexity")),
    ("https://x.com/i/grok", ("ai", "Grok")),
    ("https://x.com/somebody", ("social", "Twitter")),
    ("//www.bing.com/search?q=x", ("search", "Bing")),
    ("https://www.google.com/maps/place/x", ("website", "www.google.com")),
    ("https://www.google.com/url?sa=t&url=x", ("search", "Google")),
    ("https://www.google.com/webhp?q=x", ("search", "Google")),
    ("https://www.google.com/webhp?q=", ("website", "www.google.com")),
    ("https://www.google.com/webhp?a=1&q=", ("search", "Google")),
    ("https://www.google.com/webhp?q=+%20&a=1", ("website", "www.google.com")),
    ("https://www.google.com/webhp?q=0", ("search", "Google")),
    ("https://www.google.com/webhp#q=x", ("search", "Google")),
    ("https://www.google.de/search?q=x&tbm=isch", ("search", "Google Images")),
    ("https://www.google.com.au/advanced?as_epq=x", ("search", "Google")),
    ("https://de.images.search.yahoo.com/x?p=y", ("search", "Yahoo! Images")),
    ("https://www.baidu.com/link?url=x", ("website", "www.baidu.com")),
    ("https://www.baidu.com/s?wd=%E4%BD%A0", ("search", "Baidu")),
    ("https://kagi.com/search?q=x", ("search", "Kagi")),
    ("https://www.bing.com/images/search?q=x", ("search", "Bing Images")),
    ("https://web.archive.org/web/1/github.com/x", ("social", "GitHub")),
    ("https://notgithub.com/", ("website", "notgithub.com")),
)
"""Referrers, each with its type and name."""


@pytest.fixture(scope="module")
def referred(tmp_path_factory: pytest.TempPathFactory) -> list[StatDocument]:
    """Each of the referrers on a day of its own, counted at once."""
    root = tmp_path_factory.mktemp("referrers")
    days = {}
    for place, (referrer, _) in enumerate(REFERRERS):
        day = DAY + dt.timedelta(days=place)
        days[day] = [write_part(root, [Hit(f"{day} 08:00:00", referrer=referrer)], day=day)]
    return [document for document in answers(root, days) if isinstance(document, StatDocument)]


@pytest.mark.parametrize(("place", "referrer", "expected"), [(place, *case) for place, case in enumerate(REFERRERS)])
def test_what_a_referrer_is(
    referred: list[StatDocument], place: int, referrer: str | None, expected: tuple[str, str | None]
) -> None:
    """Direct, AI assistant, search engine, social network or website, as Matomo's own code told each of these."""
    (kind,) = rows(referred[place], "referrer_types")
    tables = ("websites", "search_engines", "social_networks", "ai_assistants")
    named = [row[0] for table in tables for row in rows(referred[place], table)]
    assert (kind[0], named[0] if named else None) == expected, referrer


def test_the_host_that_was_asked_for_is_no_other_website(tmp_path: Path) -> None:
    """A second name of the site, which the manifest does not have but the line does."""
    hit = Hit("08:00:00", host="www.docs.example.com", referrer="https://docs.example.com/")
    assert rows(count(tmp_path, [hit]), "referrer_types")[0][0] == "direct"


def test_a_site_without_an_address_has_no_host_of_its_own(tmp_path: Path) -> None:
    hit = Hit("08:00:00", referrer="https://docs.example.org/")
    assert rows(count(tmp_path, [hit], settings(url="")), "referrer_types")[0][0] == "website"


def test_a_campaign_goes_before_the_referrer(tmp_path: Path) -> None:
    """Named in the landing page's query; an empty name is none."""
    hits = [
        Hit("08:00:00", query="utm_source=letter", referrer=GOOGLE),
        Hit("08:00:00", query="utm_source=&x=1", referrer=GOOGLE, ip="192.0.2.2"),
    ]
    assert [row[:2] for row in rows(count(tmp_path, hits), "referrer_types")] == [("campaign", 1), ("search", 1)]


def test_the_list_of_known_hosts_is_what_it_was_read_from() -> None:
    """Hosts are lower case, as they are looked up so; a network's host has one name."""
    found = referrer_list()
    assert (len(found.engines), len(found.networks), len(found.assistants)) == (358, 91, 19)
    for named in (found.networks, found.assistants):
        hosts = [host for one in named for host in one.hosts]
        assert len(hosts) == len(set(hosts))
    hosts = [host for one in found.engines for host in one.hosts]
    hosts += [host for one in (*found.networks, *found.assistants) for host in one.hosts]
    assert hosts == [host.lower() for host in hosts]


def test_rows_beyond_the_limit_are_summed_up(tmp_path: Path) -> None:
    """Five pages with 5, 4, 3, 2, 1 views and a limit of 3: the rest is 2 + 1."""
    hits = [Hit(f"08:00:{place:02}", f"/{views}") for views in range(1, 6) for place in range(views)]
    document = count(tmp_path, hits, limit=3)
    assert [row[:2] for row in rows(document, "pages")] == [("/5", 5), ("/4", 4), ("/3", 3), ("Others", 3)]
    assert len(document.tables.hours) == 24


def test_a_table_of_exactly_the_limit_has_no_rest(tmp_path: Path) -> None:
    document = count(tmp_path, [Hit("08:00:00", f"/{name}") for name in "abc"], limit=3)
    assert [row[0] for row in rows(document, "pages")] == ["/a", "/b", "/c"]


HOSTILE = [
    '"',
    "'",
    "\n",
    "\r\n",
    "\x00",
    "=1+1",
    "\u202egpj.exe",
    "</script>",
    "Others",
    "\\",
    "{limit}",
    "$zone",
    "'; DROP--",
]


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_goes_through_unharmed(tmp_path: Path, label: str) -> None:
    """It is counted as it is, and the file gives it back as it was, in plain ASCII."""
    document = count(tmp_path, [Hit("08:00:00", label, browser=label, os=label, device=label)])
    assert rows(document, "pages")[0][0] == rows(document, "browsers")[0][0] == label
    assert loads(dumps(document), "x.stat") == document


def test_a_path_of_a_megabyte_is_cut(tmp_path: Path) -> None:
    """As Matomo cuts it; so are the query and the referrer's host, of which it keeps less."""
    long = "x" * 1_000_000
    hit = Hit("08:00:00", "/" + long, query=long, referrer=f"http://{long}/")
    document = count(tmp_path, [hit])
    assert [len(str(rows(document, table)[0][0])) for table in ("pages", "websites")] == [LABEL_LENGTH, NAME_LENGTH]


hits = st.lists(
    st.builds(
        Hit,
        ts=st.times(max_value=dt.time(23, 59, 59)).map(lambda time: time.strftime("%H:%M:%S.%f")),
        path=st.sampled_from(["/", "/a", "/b"]),
        ip=st.sampled_from(["192.0.2.1", "192.0.2.2"]),
        download=st.booleans(),
        referrer=st.sampled_from([None, GOOGLE, "http://example.net/"]),
        status=st.sampled_from([200, 404, None]),
        bytes=st.none() | st.integers(-5, 10**15),
        query=st.sampled_from([None, "q=a", "x=1"]),
    ),
    min_size=1,
    max_size=40,
)


@given(hits)
@rounds(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_numbers_add_up(tmp_path: Path, log: list[Hit]) -> None:
    """Whatever the log: tables and summary are views of the same hits and visits."""
    document = count(tmp_path, log)
    summary, tables = document.summary, document.tables
    assert summary.actions == len(log) == summary.pageviews + summary.downloads + (summary.searches or 0)
    assert sum(row.searches for row in tables.site_searches or ()) == summary.searches
    assert sum(row.views for row in tables.pages) == summary.pageviews
    assert sum(row.downloads for row in tables.downloads) == summary.downloads
    for visited in (
        tables.hours,
        tables.referrer_types,
        tables.browsers,
        tables.operating_systems,
        tables.device_types,
    ):
        assert sum(row.visits for row in visited) == summary.visits
        assert sum(row.actions for row in visited) == summary.actions
    entries = sum(row.visits for row in tables.entry_pages)
    assert entries == sum(row.entries for row in tables.pages) == sum(row.exits for row in tables.pages)
    assert entries == sum(row.visits for row in tables.exit_pages) <= summary.visits
    assert sum(row.hits for row in tables.status_codes or ()) == sum(row.hits or 0 for row in tables.hours) == len(log)
    assert sum(row.bytes or 0 for row in tables.hours) == summary.bytes
    assert summary.unique_visitors <= summary.visits <= summary.actions
    assert loads(dumps(document), "x.stat") == document
    assert document.day == DAY
