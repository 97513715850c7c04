"""Searches within the site: which hits are one, what they looked for, and what they are not: page views."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from stat_hits import DAY, Hit, answers, count, rows, settings, write_part

from mtc.formats.settings import SEARCH_PARAMETERS, HitSettings
from mtc.manifest.project import SiteSettings
from mtc.warehouse.stat_document import StatDocument


def site(*parameters: str) -> SiteSettings:
    return dataclasses.replace(settings(), hits=HitSettings(search_parameters=parameters))


def keywords(document: StatDocument) -> list[str]:
    return [str(row[0]) for row in rows(document, "site_searches")]


@pytest.mark.parametrize("name", ["q", "query", "s", "search", "searchword", "k", "keyword", "keywords"])
def test_a_hit_with_a_parameter_of_matomos_is_a_search(tmp_path: Path, name: str) -> None:
    """Whatever its case, and wherever it stands; a name that only ends alike is another."""
    hits = [
        Hit("08:00:00", "/find", query=f"{name}=tea"),
        Hit("08:01:00", "/find", query=f"page=2&{name.upper()}=tea"),
        Hit("08:02:00", "/find", query=f"x{name}=tea&{name}x=tea"),
    ]
    document = count(tmp_path, hits)
    assert rows(document, "site_searches") == [("tea", 2, 1)]
    assert (document.summary.searches, document.summary.pageviews, document.summary.actions) == (2, 1, 3)
    assert name in SEARCH_PARAMETERS


CASES: tuple[tuple[str | None, str | None], ...] = (
    ("q=green+tea", "green tea"),
    ("q=green%20tea", "green tea"),
    ("q=%20tea%09", "tea"),
    ("q=1%2B1%26more", "1+1&more"),
    ("q=caf%C3%A9", "caf\u00e9"),
    ("q=caf\u00e9", "caf\u00e9"),
    ("q=caf%e9", "caf%E9"),  # Latin-1
    ("q=100%", "100%"),
    ("q=a=b", "a=b"),
    ("q=Tea", "Tea"),
    ("q=a%0ab%00", "ab"),
    ("q=<b>", "<b>"),
    ("q=tea#top", "tea"),
    ("q=first&q=last", "last"),
    ("q=small&Q=large", "large"),
    ("k=other&q=tea", "tea"),
    ("q=&k=other", "other"),
    ("q=0&k=other", "other"),
    ("q&k=other", "other"),
    ("q[]=one&q[]=two", "one"),
    ("q%5B%5D=one&q%5b%5d=two", "one"),
    ("q=plain&q[]=list", "list"),
    ("q[]=list&q=plain", "plain"),
    ("q=", None),
    ("q", None),
    ("q=0", None),
    ("q=+", None),
    ("q=%20&k=other", None),  # a value, and a blank one: Matomo asks no further
    ("q[]=", None),
    ("q[0]=one", None),
    ("%71=tea", None),
    ("", None),
    (None, None),
)
"""Queries, and what they search for."""


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> list[StatDocument]:
    """Each of the cases on a day of its own, counted at once."""
    root = tmp_path_factory.mktemp("cases")
    days = {}
    for place, (query, _) in enumerate(CASES):
        day = DAY + dt.timedelta(days=place)
        days[day] = [write_part(root, [Hit(f"{day} 08:00:00", "/find", query=query)], day=day)]
    return [document for document in answers(root, days) if isinstance(document, StatDocument)]


@pytest.mark.parametrize(("place", "query", "expected"), [(place, *case) for place, case in enumerate(CASES)])
def test_what_was_searched_for(
    searched: list[StatDocument], place: int, query: str | None, expected: str | None
) -> None:
    """Held against Matomo's own code (`ActionSiteSearch`, 5.2)."""
    document = searched[place]
    assert keywords(document) == ([expected] if expected else []), query
    assert document.summary.searches == (1 if expected else 0)
    assert document.summary.pageviews == (0 if expected else 1)


def test_a_search_is_in_no_table_of_pages(tmp_path: Path) -> None:
    """/ , a search, /a: the search is an action of the visit, and no page, entry or exit.

    A visit that begins with a search has no entry page, one that ends with it no exit page. 5 actions, 181 s + 61 s.
    """
    hits = [
        Hit("08:00:00", "/", bytes=1),
        Hit("08:01:00", "/find", query="q=tea", bytes=2),
        Hit("08:03:00", "/a", bytes=4),
        Hit("09:00:00", "/find", query="q=tea", ip="192.0.2.2", bytes=8),
        Hit("09:01:00", "/a", ip="192.0.2.2", bytes=16),
        Hit("10:00:00", "/a", ip="192.0.2.3", bytes=32),
        Hit("10:00:00", "/a.pdf", ip="192.0.2.3", download=True, bytes=64),
        Hit("10:01:00", "/find", query="q=milk", ip="192.0.2.3", bytes=128),
        Hit("10:02:00", "/b.pdf", ip="192.0.2.3", download=True, bytes=256),
    ]
    document = count(tmp_path, hits)
    assert [row[0] for row in rows(document, "pages")] == ["/a", "/"]
    assert [row[:2] for row in rows(document, "entry_pages")] == [("/", 1), ("/a", 1)]
    assert rows(document, "exit_pages") == [("/a", 2, 3)]
    assert rows(document, "site_searches") == [("tea", 2, 2), ("milk", 1, 1)]
    summary = document.summary
    assert (summary.actions, summary.pageviews, summary.downloads, summary.searches) == (9, 4, 2, 3)
    assert summary.total_visit_seconds == 181 + 61 + 121
    assert summary.bytes == 511


def test_a_search_keeps_a_visit_going_and_may_be_all_of_it(tmp_path: Path) -> None:
    """25 minutes, a search, 25 minutes: one visit. A search alone is a bounce, and its referrer the visit's."""
    going = [Hit("08:00:00"), Hit("08:25:00", query="q=x"), Hit("08:50:00")]
    alone = [Hit("08:00:00", ip="192.0.2.9", query="q=x", referrer="https://example.net/")]
    document = count(tmp_path, going + alone)
    assert (document.summary.visits, document.summary.bounces) == (2, 1)
    assert rows(document, "websites") == [("example.net", 1, 1, 1, 1, 0)]


def test_a_download_is_never_a_search(tmp_path: Path) -> None:
    document = count(tmp_path, [Hit("08:00:00", "/a.pdf", query="q=tea", download=True)])
    assert (document.summary.downloads, document.summary.searches) == (1, 0)
    assert rows(document, "downloads")[0][0] == "/a.pdf?q=tea"


def test_a_site_may_have_parameters_of_its_own_or_none(tmp_path: Path) -> None:
    """The first of its list goes first; without any, all hits are pages as their addresses say."""
    hits = [Hit("08:00:00", "/find", query="q=tea&Suche=milk"), Hit("08:01:00", "/find", query="q=tea")]
    assert keywords(count(tmp_path, hits, site("suche"))) == ["milk"]
    assert keywords(count(tmp_path, hits[:1], site("q", "suche"))) == ["tea"]
    assert keywords(count(tmp_path, hits[:1], site("SUCHE", "q"))) == ["milk"]
    none = count(tmp_path, hits, site())
    assert (none.summary.searches, none.summary.pageviews, keywords(none)) == (0, 2, [])
    assert sorted(str(row[0]) for row in rows(none, "pages")) == ["/find?q=tea", "/find?q=tea&Suche=milk"]
    assert keywords(count(tmp_path, [Hit("08:00:00", query="a.b=x&axb=y")], site("a.b"))) == ["x"]


def test_a_search_behind_what_matomo_cuts_off_is_none(tmp_path: Path) -> None:
    """Addresses are cut at 1,024 characters; a keyword is as long as what is left of it."""
    hits = [Hit("08:00:00", "/", query="x=" + "y" * 2000 + "&q=tea")]
    assert count(tmp_path, hits).summary.searches == 0
    (keyword,) = keywords(count(tmp_path, [Hit("08:00:00", "/", query="q=" + "y" * 2000)]))
    assert set(keyword) == {"y"}
    assert len(keyword) < 1024


def test_hostile_keywords_are_counted_as_they_are(tmp_path: Path) -> None:
    hits = [
        Hit("08:00:00", query="q=%3D1%2B1"),
        Hit("08:01:00", query="q='; DROP TABLE hit--"),
        Hit("08:02:00", query="q=Others"),
    ]
    assert sorted(keywords(count(tmp_path, hits))) == ["'; DROP TABLE hit--", "=1+1", "Others"]
