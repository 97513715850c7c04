"""Matomo's rows as mtc's: the words, the order and the cut are the warehouse's."""

import datetime as dt
from collections.abc import Callable

import pytest

from mtc.matomo.reports import DayReports, EntryPage, ExtraReports, Report, ReportRow, ReportSummary
from mtc.stages.stat import matomo_tables
from mtc.stages.stat.matomo_tables import ranked, summary, tables
from mtc.warehouse.stat_tables import LABEL_LENGTH, DownloadRow, Tables

DAY = dt.date(2026, 5, 1)


def of(report: Report, *rows: ReportRow, limit: int = 500, more: ExtraReports | None = None) -> Tables:
    return tables(DayReports(DAY, tables={report: rows}), more or ExtraReports(), limit)


@pytest.mark.parametrize(
    ("label", "url", "expected"),
    [
        ("/", "http://docs.example.org/", "/"),
        ("/", "http://docs.example.org", "/"),
        ("/blog/index", "https://docs.example.org/blog/", "/blog/"),
        ("/a?x=1&amp;y=2", "http://docs.example.org:8080/a?x=1&y=2", "/a?x=1&y=2"),
        ("docs.example.org/files/a.pdf", "http://docs.example.org/files/a.pdf", "/files/a.pdf"),
        ("/go", "http://h/go?to=http://other.example/x", "/go?to=http://other.example/x"),
        ("odd", "http://h?q=1", "/?q=1"),
        ("/a", "http://h/a?SID=2&utm_source=news", "/a"),
        ("/a?x=1", "http://h/a?x=1&sid=2&y", "/a?x=1&y"),
        ("/a?x=1&amp;y=2", "", "/a?x=1&y=2"),
        ("/&lt;b&gt;", "", "/<b>"),
        ("/x", "javascript:alert(1)", "/x"),
        ("/long", "http://h/" + "a" * 5000, "/" + "a" * (LABEL_LENGTH - 1)),
    ],
)
def test_a_page_is_called_by_the_path_of_its_address(label: str, url: str, expected: str) -> None:
    """As the warehouse calls it; a label alone has its HTML taken off."""
    assert matomo_tables.page_label(ReportRow(label, url)) == expected


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        (matomo_tables.referrer_type, ReportRow("Direct Entry"), "direct"),
        (matomo_tables.referrer_type, ReportRow("Search Engines"), "search"),
        (matomo_tables.referrer_type, ReportRow("AI Assistants"), "ai"),
        (matomo_tables.label_text, ReportRow("Microsoft Edge"), "Microsoft Edge"),
        (matomo_tables.label_text, ReportRow("AT&amp;T"), "AT&T"),
        (matomo_tables.device_type, ReportRow("Smartphone"), "smartphone"),
        (matomo_tables.country_code, ReportRow("France", code="fr"), "FR"),
        (matomo_tables.country_code, ReportRow("Unknown", code="xx"), "Unknown"),
        (matomo_tables.country_code, ReportRow("=cmd()", code="=cmd()"), "Unknown"),
        (matomo_tables.country_code, ReportRow("Others", rest=True), "Others"),
        (matomo_tables.device_type, ReportRow("-1", rest=True), "Others"),
    ],
)
def test_words_that_mean_the_same_are_the_same(name: Callable[[ReportRow], str], row: ReportRow, expected: str) -> None:
    """What has no word of mtc's keeps its own."""
    assert name(row) == expected


def test_rows_go_by_frequency_then_label() -> None:
    """Whatever the order of the server."""
    rows = [
        ReportRow("b", "http://h/b", hits=2),
        ReportRow("c", "http://h/c", hits=3),
        ReportRow("a", "http://h/a", hits=2),
    ]
    assert [(row.label, row.views) for row in of(Report.PAGES, *rows).pages] == [("/c", 3), ("/a", 2), ("/b", 2)]


def test_what_lies_beyond_the_limit_is_summed_up_with_the_servers_own_rest() -> None:
    """One last row, however many hits it has."""
    rows = [ReportRow(str(n), f"http://h/{n}", visits=1, hits=n, entries=1) for n in (4, 3, 2, 1)]
    made = of(Report.PAGES, ReportRow("Others", visits=9, hits=90, exits=7, rest=True), *rows, limit=2).pages
    assert [(row.label, row.views, row.visits, row.entries, row.exits) for row in made] == [
        ("/4", 4, 1, 1, 0),
        ("/3", 3, 1, 1, 0),
        ("Others", 93, 11, 2, 7),
    ]


def test_a_table_of_exactly_the_limit_has_no_rest() -> None:
    """Nor has an empty one."""
    assert [row.label for row in of(Report.WEBSITES, ReportRow("a.example", visits=1), limit=1).websites] == [
        "a.example"
    ]
    assert of(Report.WEBSITES).websites == ()


def test_a_file_of_two_hosts_is_one_row() -> None:
    """Matomo has the host in a download's label, the warehouse has not."""
    rows = [ReportRow(f"{host}/a.pdf", f"http://{host}/a.pdf", visits=1, hits=2) for host in ("one", "two")]
    assert of(Report.DOWNLOADS, *rows).downloads == (DownloadRow(label="/a.pdf", downloads=4, visits=2, bytes=None),)
    assert ranked([DownloadRow(label="/a", downloads=1, visits=1, bytes=None)], 0)[0].label == "Others"


def test_types_without_a_visit_are_no_rows() -> None:
    """Matomo lists every type of device it knows."""
    made = of(Report.DEVICES, ReportRow("Desktop", visits=2), ReportRow("Camera"))
    assert [row.label for row in made.device_types] == ["desktop"]


def test_only_pages_that_visits_ended_with_are_exit_pages() -> None:
    """They are among the pages; the views of all visits count."""
    made = of(Report.PAGES, ReportRow("/a", visits=2, hits=5, exits=2), ReportRow("/b", visits=1, hits=1))
    assert [(row.label, row.visits, row.views) for row in made.exit_pages] == [("/a", 2, 5)]


def test_a_first_page_has_the_actions_and_the_length_of_its_visits() -> None:
    """And not the views of the page itself."""
    more = ExtraReports(
        (
            EntryPage(ReportRow("/a", visits=9, hits=9, entries=2, bounces=1, seconds=77), 5, 190),
            EntryPage(ReportRow("/b"), 0, 0),
        )
    )
    (row,) = of(Report.PAGES, more=more).entry_pages
    assert (row.label, row.visits, row.actions, row.bounces, row.seconds) == ("/a", 2, 5, 1, 190)


def test_all_hours_are_there_and_tell_nothing_of_single_hits() -> None:
    """Matomo counts an hour's visits and their actions."""
    made = of(Report.HOURS, ReportRow("08", visits=2, actions=7)).hours
    assert [row.label for row in made] == [f"{hour:02}" for hour in range(24)]
    assert [(row.visits, row.actions, row.hits, row.bytes) for row in made if row.visits] == [(2, 7, None, None)]


def test_tables_that_the_server_does_not_have_are_not_zeros() -> None:
    """No countries, hours and statuses, instead of some that are wrong."""
    made = of(Report.PAGES)
    assert (made.countries, made.hours, made.status_codes) == (None, (), None)
    assert of(Report.COUNTRIES).countries == ()


def test_rates_are_worked_out_of_matomos_counts() -> None:
    """Its own come rounded to whole percents; actions may be more than views and downloads."""
    made = summary(DayReports(DAY, ReportSummary(6, 5, 17, 2, 190, 4, 13, 12, 2, 1)))
    assert (made.bounce_rate, made.actions_per_visit, made.average_visit_seconds) == (0.3333, 2.83, 31.7)
    assert (made.actions, made.pageviews, made.downloads, made.max_actions) == (17, 13, 2, 4)
    assert (made.longest_visit_seconds, made.bytes) == (None, None)
