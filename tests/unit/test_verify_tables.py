"""Comparing Matomo's tables of referrers and searches with the warehouse's: differences, and allowed ones."""

import datetime as dt

import pytest

from mtc.matomo.reports import Report, ReportRow
from mtc.verify.chain import compare_tables
from mtc.warehouse.stat_document import Inputs, StatDocument, Summary
from mtc.warehouse.stat_tables import SearchRow, Tables, VisitRow


def visits(**counts: int) -> tuple[VisitRow, ...]:
    rows = counts.items()
    return tuple(VisitRow(label=name, visits=n, visitors=n, actions=n, bounces=n, seconds=0) for name, n in rows)


def document(*, searches: int | None = 0, keywords: dict[str, int] | None = None, **tables: object) -> StatDocument:
    found = [SearchRow(label=name, searches=count, visits=1) for name, count in (keywords or {}).items()]
    summary = Summary.of(visits=9).model_copy(update={"searches": searches})
    return StatDocument(
        site="docs",
        day=dt.date(2026, 5, 1),
        timezone="UTC",
        source="warehouse",
        generator="mtc 0",
        inputs=Inputs(objects=1, fingerprint="f"),
        summary=summary,
        tables=Tables.model_validate({"site_searches": tuple(found), **tables}),
        accounting=None,
    )


def rows(**counts: int) -> tuple[ReportRow, ...]:
    return tuple(ReportRow(name.replace("_", " "), visits=count, hits=count) for name, count in counts.items())


def shown(own: StatDocument, searches: int = 0, **reports: tuple[ReportRow, ...]) -> list[tuple[str, int | None]]:
    found = {Report[name.upper()]: table for name, table in reports.items()}
    return [(one.what, one.by) for one in compare_tables(found, own, searches)]


def test_equal_tables_agree_in_any_order() -> None:
    """Matomo also lists types without a visit, and escapes labels as HTML."""
    own = document(
        searches=3,
        keywords={"a&b": 2, "c": 1},
        referrer_types=visits(direct=2, search=1, social=1, website=5),
        websites=visits(a=2, b=3),
        search_engines=visits(Google=1),
    )
    assert not shown(
        own,
        3,
        site_searches=(ReportRow("c", hits=1), ReportRow("a&amp;b", hits=2)),
        referrer_types=rows(Websites=5, Direct_Entry=2, Social_Networks=1, Search_Engines=1, Campaigns=0),
        websites=rows(b=3, a=2),
        search_engines=rows(Google=1),
    )


def test_each_table_that_differs_is_reported_once_with_its_first_name() -> None:
    own = document(
        searches=2,
        keywords={"tea": 2},
        referrer_types=visits(direct=3, website=1),
        websites=visits(a=1),
        search_engines=visits(Google=1),
    )
    found = shown(
        own,
        2,
        site_searches=(ReportRow("tea{0}", hits=2),),
        referrer_types=rows(Direct_Entry=2, Websites=2),
        websites=rows(a=1, b=1),
        search_engines=rows(Google=1),
    )
    assert found == [
        ("Matomo counts 0 searches for tea, the warehouse 2 (and 1 more of that table)", 4),
        ("Matomo counts 2 visits of type direct, the warehouse 3 (and 1 more of that table)", 2),
        ("Matomo counts 1 visits from website b, the warehouse 0", 1),
    ]


def test_other_search_parameters_are_reported_with_the_settings_to_compare() -> None:
    """The table of keywords would only repeat it."""
    ((what, by),) = shown(document(searches=2, keywords={"tea": 2}), 0, site_searches=())
    assert what.startswith(
        "Matomo counts 0 searches within the site, the warehouse 2: `hits: {search_parameters: ...}`"
    )
    assert by == 2


@pytest.mark.parametrize(
    "reports",
    [
        # An older server with a new list: ChatGPT is a search engine, Claude a website.
        {"referrer_types": rows(Direct_Entry=1, Search_Engines=2, Websites=2),
         "websites": rows(**{"claude.ai": 1, "a": 1}), "search_engines": rows(Google=1, ChatGPT=1)},
        # With an older list both are websites.
        {"referrer_types": rows(Direct_Entry=1, Search_Engines=1, Websites=3),
         "websites": rows(**{"claude.ai": 1, "chatgpt.com": 1, "a": 1}), "search_engines": rows(Google=1)},
        # Since 5.5.
        {"referrer_types": rows(Direct_Entry=1, Search_Engines=1, Websites=1, AI_Assistants=2), "websites": rows(a=1),
         "search_engines": rows(Google=1)},
    ],
)  # fmt: skip
def test_ai_assistants_may_be_classified_as_the_server_knows_them(reports: dict[str, tuple[ReportRow, ...]]) -> None:
    """Other differences are shown, such as one visit less or a direct visit."""
    own = document(
        referrer_types=visits(direct=1, search=1, website=1, ai=2),
        websites=visits(a=1),
        search_engines=visits(Google=1),
        ai_assistants=visits(ChatGPT=1, Claude=1),
    )
    assert not shown(own, 0, **reports)
    direct = tuple(
        ReportRow(row.label, visits=2) if row.label == "Direct Entry" else row for row in reports["referrer_types"]
    )
    ((what, _),) = shown(own, 0, **{**reports, "referrer_types": direct})
    assert what == "Matomo counts 2 visits of type direct, the warehouse 1"


def test_a_shortened_or_missing_table_reports_no_difference() -> None:
    """The server or the warehouse may shorten it, or a plugin may be disabled."""
    own = document(websites=visits(a=1, Others=5), search_engines=visits(Google=1))
    assert not shown(own, websites=rows(a=2), search_engines=(ReportRow("Others", visits=3, rest=True),))
    assert not shown(own)


def test_a_document_of_an_earlier_version_is_not_compared() -> None:
    """It counted searches as pages, and referrers of first hits; it is computed again anyway."""
    assert not shown(document(searches=None, referrer_types=visits(direct=9)), 5, referrer_types=rows(Websites=9))


def test_an_untrusted_keyword_is_escaped() -> None:
    ((what, _),) = shown(
        document(searches=1, keywords={"\x1b[31m{x}": 1}), 1, site_searches=(ReportRow("\x1b[31m{x}", hits=2),)
    )
    assert what == r"Matomo counts 2 searches for \x1b[31m{x}, the warehouse 1"
