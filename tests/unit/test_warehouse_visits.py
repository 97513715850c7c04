"""Hits become visits as Matomo makes them; every number here is counted by hand."""

import datetime as dt
from pathlib import Path

import pytest
from stat_hits import DAY, Hit, answers, count, rows, settings, write_part

from mtc.warehouse.stat_document import StatDocument, dumps


def visits(document: StatDocument) -> tuple[int, int]:
    return document.summary.visits, document.summary.unique_visitors


def test_hits_less_than_thirty_minutes_apart_are_one_visit(tmp_path: Path) -> None:
    """Hits at 0, 10 .. 50 min: 1 visit of 3001 s, as Matomo measured it (last - first + 1)."""
    document = count(tmp_path, [Hit(f"08:{minute}0:00") for minute in range(6)])
    assert visits(document) == (1, 1)
    assert document.summary.total_visit_seconds == 3001
    assert document.summary.longest_visit_seconds == 3001


@pytest.mark.parametrize(("second", "expected"), [("08:29:59", 1), ("08:30:00", 2), ("08:30:01", 2)])
def test_at_exactly_thirty_minutes_a_new_visit_begins(tmp_path: Path, second: str, expected: int) -> None:
    """The same visitor both times: one of the day, with one visit or two."""
    assert visits(count(tmp_path, [Hit("08:00:00"), Hit(second)])) == (expected, 1)


def test_times_count_in_whole_seconds(tmp_path: Path) -> None:
    """Matomo gets no fractions: 08:00:00.9 and 08:30:00.1 are 08:00:00 and 08:30:00 to it."""
    assert visits(count(tmp_path, [Hit("08:00:00.9"), Hit("08:30:00.1")])) == (2, 1)


def test_the_gap_is_measured_from_the_last_hit_not_the_first(tmp_path: Path) -> None:
    """0, 29, 58 min are one visit; a hit 30 min after the last is a second one: lengths 58*60+1 and 0."""
    document = count(tmp_path, [Hit("08:00:00"), Hit("08:29:00"), Hit("08:58:00"), Hit("09:28:00")])
    assert visits(document) == (2, 1)
    assert (document.summary.total_visit_seconds, document.summary.bounces) == (3481, 1)


def test_a_visit_of_one_action_is_a_bounce_of_no_length(tmp_path: Path) -> None:
    document = count(tmp_path, [Hit("08:00:00")])
    summary = document.summary
    assert (summary.bounces, summary.bounce_rate, summary.total_visit_seconds) == (1, 1.0, 0)


def test_a_download_alone_is_a_bounce_without_an_entry_page(tmp_path: Path) -> None:
    document = count(tmp_path, [Hit("08:00:00", "/a.pdf", download=True)])
    assert (document.summary.bounces, document.summary.downloads, document.summary.pageviews) == (1, 1, 0)
    assert rows(document, "entry_pages") == rows(document, "exit_pages") == rows(document, "pages") == []


@pytest.mark.parametrize(
    "other",
    [
        Hit("08:01:00", browser="Chrome"),
        Hit("08:01:00", browser_version="127"),
        Hit("08:01:00", browser_version=None),
        Hit("08:01:00", os="Windows"),
        Hit("08:01:00", ip="192.0.2.2"),
    ],
    ids=["browser", "version", "no version", "system", "address"],
)
def test_another_browser_system_or_address_is_another_visitor(tmp_path: Path, other: Hit) -> None:
    assert visits(count(tmp_path, [Hit("08:00:00"), other])) == (2, 2)


def test_the_device_does_not_tell_visitors_apart(tmp_path: Path) -> None:
    document = count(tmp_path, [Hit("08:00:00", device="tablet"), Hit("08:01:00", device="smartphone")])
    assert visits(document) == (1, 1)
    assert rows(document, "device_types") == [("tablet", 1, 1, 2, 0, 61)]


def test_midnight_ends_a_visit(tmp_path: Path) -> None:
    """23:59 and 00:01 are two minutes apart and two visits, as they lie on two days of the site's zone."""
    after = DAY + dt.timedelta(days=1)
    first = write_part(tmp_path, [Hit("2026-05-01 21:59:00")])
    second = write_part(tmp_path, [Hit("2026-05-01 22:01:00")], day=after)
    found = answers(tmp_path, {DAY: [first], after: [second]}, settings(zone="Europe/Paris"))
    assert [visits(item) for item in found if isinstance(item, StatDocument)] == [(1, 1), (1, 1)]
    assert [item.tables.hours[hour].visits for item, hour in zip(found, (23, 0), strict=True)] == [1, 1]  # type: ignore[union-attr]


def test_hours_are_those_of_the_sites_zone_on_the_day_the_clocks_change(tmp_path: Path) -> None:
    """Paris, 2026-10-25: 00:30 and 01:30 UTC are both 02:30 on the clock, 02:30 UTC is 03:30.

    In spring (2026-03-29) 01:30 UTC is 03:30, and there is no 02:30.
    """
    paris = settings(zone="Europe/Paris")
    hits = [Hit(f"2026-10-25 0{hour}:30:00") for hour in range(3)]
    hours = count(tmp_path / "autumn", hits, paris).tables.hours
    assert {row.label: (row.visits, row.hits) for row in hours if row.hits} == {"02": (2, 2), "03": (1, 1)}
    hours = count(tmp_path / "spring", [Hit("2026-03-29 00:30:00"), Hit("2026-03-29 01:30:00")], paris).tables.hours
    assert {row.label: row.visits for row in hours if row.visits} == {"01": 1, "03": 1}


def test_hits_of_one_instant_keep_the_order_of_their_lines(tmp_path: Path) -> None:
    """Three hits of one second: entry is the first line's page, exit the last line's, whatever the order of reading."""
    hits = [Hit("08:00:00", f"/{name}") for name in "cab"]
    document = count(tmp_path, hits)
    assert rows(document, "entry_pages") == [("/c", 1, 3, 0, 1)]
    assert rows(document, "exit_pages") == [("/b", 1, 1)]


def test_a_visit_goes_over_all_objects_of_the_day(tmp_path: Path) -> None:
    """One visitor, hits in turn from two objects: one visit; the parts' order does not matter to a single byte."""
    first = write_part(tmp_path, [Hit("08:00:00", "/1"), Hit("08:20:00", "/3")], name="z")
    second = write_part(tmp_path, [Hit("08:10:00", "/2"), Hit("08:30:00", "/4")], name="a")
    (forward,) = answers(tmp_path, {DAY: [first, second]})
    (backward,) = answers(tmp_path, {DAY: [second, first]})
    assert isinstance(forward, StatDocument)
    assert isinstance(backward, StatDocument)
    assert visits(forward) == (1, 1)
    assert dumps(forward) == dumps(backward)


def test_hits_of_one_instant_in_several_objects_are_in_the_order_of_the_objects(tmp_path: Path) -> None:
    """Object `a` before `b`, each in the order of its lines; not line 1 of both before line 2 of both."""
    first = write_part(tmp_path, [Hit("08:00:00", "/a1"), Hit("08:00:00", "/a2")], name="a")
    second = write_part(tmp_path, [Hit("08:00:00", "/b1")], name="b")
    for parts in ([first, second], [second, first]):
        (answer,) = answers(tmp_path, {DAY: parts})
        assert isinstance(answer, StatDocument)
        assert [row[0] for row in rows(answer, "entry_pages")] == ["/a1"]
        assert [row[0] for row in rows(answer, "exit_pages")] == ["/b1"]
    third = write_part(tmp_path, [Hit("08:00:00", "/c1")], name="c")
    (answer,) = answers(
        tmp_path, {DAY: [third, write_part(tmp_path, [Hit("07:59:00"), Hit("08:00:00", "/b2")], name="b")]}
    )
    assert isinstance(answer, StatDocument)
    assert [row[0] for row in rows(answer, "exit_pages")] == ["/c1"], "line 2 of b is before line 1 of c"


OWN = "https://docs.example.org/"
SITE = "https://example.net/links"
TWEET = "https://t.co/x"


@pytest.mark.parametrize(
    ("referrers", "expected"),
    [
        ((None, SITE), ("website", "example.net")),
        ((None, OWN, SITE, TWEET), ("website", "example.net")),
        ((None, None, TWEET, SITE), ("social", "Twitter")),
        ((OWN, "https://www.google.com/search?q=x"), ("search", "Google")),
        ((None, "https://claude.ai/chat/1"), ("ai", "Claude")),
        ((SITE, TWEET), ("website", "example.net")),
        ((TWEET, None, SITE), ("social", "Twitter")),
        ((None, OWN, "-", "about:blank"), ("direct", None)),
    ],
)
def test_a_direct_visit_takes_over_a_later_referrer(
    tmp_path: Path, referrers: tuple[str | None, ...], expected: tuple[str, str | None]
) -> None:
    """The first one that is not the site's own; a visit that has one keeps it."""
    document = count(tmp_path, [Hit(f"08:0{n}:00", referrer=each) for n, each in enumerate(referrers)])
    assert [row[:2] for row in rows(document, "referrer_types")] == [(expected[0], 1)]
    tables = ("websites", "search_engines", "social_networks", "ai_assistants")
    named = [row[0] for table in tables for row in rows(document, table)]
    assert named == ([expected[1]] if expected[1] else [])


def test_a_direct_visit_takes_over_a_later_campaign(tmp_path: Path) -> None:
    """As any other referrer; and a referrer that came before a campaign stays."""
    first = [Hit("08:00:00"), Hit("08:01:00", query="utm_source=letter", referrer=SITE)]
    second = [Hit("08:00:00", ip="192.0.2.2", referrer=TWEET), Hit("08:01:00", ip="192.0.2.2", referrer=SITE)]
    kinds = [row[:2] for row in rows(count(tmp_path, first + second), "referrer_types")]
    assert kinds == [("campaign", 1), ("social", 1)]


def test_a_referrer_after_half_an_hour_is_of_the_next_visit(tmp_path: Path) -> None:
    """Taken over within a visit only: the first one stays direct."""
    document = count(tmp_path, [Hit("08:00:00"), Hit("08:30:00", referrer=SITE)])
    assert [row[:2] for row in rows(document, "referrer_types")] == [("direct", 1), ("website", 1)]


def test_a_page_may_ask_for_its_referrer_to_be_ignored(tmp_path: Path) -> None:
    """Matomo's `ignore_referrer=1`, which makes no other page either."""
    hits = [
        Hit("08:00:00", "/a", query="ignore_referrer=1", referrer=SITE),
        Hit("08:01:00", "/a", query="ignore_referer=1"),
    ]
    document = count(tmp_path, hits)
    assert rows(document, "referrer_types")[0][0] == "direct"
    assert [row[:2] for row in rows(document, "pages")] == [("/a", 2)]
