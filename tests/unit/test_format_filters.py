"""Filters: what counts as a hit, and which reason a line that does not count is given."""

import functools
import itertools
from pathlib import Path

import pytest
from format_lines import OPEN, combined, database, read_each_way

from mtc.formats.agents.agent_tables import ROBOT_TEXTS
from mtc.formats.filters import DOWNLOAD_EXTENSIONS, STATIC_EXTENSIONS, download, reason
from mtc.formats.line_sql import Reading, read_lines
from mtc.formats.model import Format
from mtc.formats.registry import FORMATS
from mtc.formats.settings import Filters, HitSettings

DEFAULTS = Filters()
VHOST = FORMATS["combined_vhost"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A file for lines."""
    return tmp_path / "a.log"


def reasons(log: Path, filters: Filters, lines: list[str]) -> list[str | None]:
    """Why each line is no hit; None where it is one."""
    return [row.reason for row in read_each_way(log, FORMATS["combined"], lines, filters)]


def paths(*targets: str) -> list[str]:
    """A request for each target."""
    return [combined(f"GET {target} HTTP/1.1") for target in targets]


def statuses(*codes: str) -> list[str]:
    """A page with each status."""
    return [combined(status=code) for code in codes]


def test_errors_do_not_count_unless_asked_for(log: Path) -> None:
    """From 400 on, whatever the path."""
    lines = [*statuses("400", "404", "499", "500", "599", "999"), combined("GET /a.pdf HTTP/1.1", status="404")]
    assert reasons(log, DEFAULTS, lines) == ["error"] * 7
    assert reasons(log, Filters(errors=True), lines) == [None] * 7


def test_redirects_do_not_count_unless_asked_for_and_304_always_does(log: Path) -> None:
    """304 says that the visitor has the page already."""
    lines = statuses("300", "301", "302", "303", "304", "307", "308", "399")
    assert reasons(log, DEFAULTS, lines) == [*["redirect"] * 4, None, *["redirect"] * 3]
    assert reasons(log, Filters(redirects=True), lines) == [None] * 8


def test_odd_statuses_below_300_count(log: Path) -> None:
    """All but 000, which some servers write for a connection that broke: nothing was answered."""
    assert reasons(log, DEFAULTS, statuses("000", "100", "206", "299")) == ["error", None, None, None]


def test_static_files_do_not_count_unless_asked_for(log: Path) -> None:
    """By what follows the last dot of the path, whatever its case and its query; and robots.txt by its name."""
    static = paths(
        "/a.css", "/A.CSS", "/x/y.min.js", "/i.png?v=3", "/f.woff2", "/feed.xml", "/robots.txt", "/x/ROBOTS.TXT"
    )
    assert reasons(log, DEFAULTS, static) == ["static"] * 8
    assert reasons(log, Filters(static=True), static) == [None] * 8


def test_every_static_extension_is_known(log: Path) -> None:
    """All nineteen of them."""
    assert reasons(log, DEFAULTS, paths(*(f"/x.{name}" for name in STATIC_EXTENSIONS))) == ["static"] * 19


@pytest.mark.parametrize(
    "target",
    ["/", "/css", "/css/", "/a.css/", "/a.css.html", "/?a.css", "/a.cssx", "/my-robots.txt", "/robots.txt/x", "/a."],
)
def test_a_page_that_only_looks_static_counts(log: Path, target: str) -> None:
    """The extension ends the path."""
    assert reasons(log, DEFAULTS, paths(target)) == [None]


def test_downloads_are_told_from_pages(log: Path) -> None:
    """By extension; an xml file is static where static files do not count, as the static rule wins."""
    rows = read_each_way(log, FORMATS["combined"], paths("/a.pdf", "/A.ZIP?x", "/a.html", "/", "/feed.xml"), DEFAULTS)
    assert [(row.reason, row.download) for row in rows] == [
        (None, True), (None, True), (None, False), (None, False), ("static", None)
    ]  # fmt: skip


def test_every_download_extension_is_known(log: Path) -> None:
    """The importer's seventy-five, and one of them static."""
    targets = paths(*(f"/x.{name}" for name in DOWNLOAD_EXTENSIONS))
    rows = read_each_way(log, FORMATS["combined"], targets, DEFAULTS)
    assert {row.download for row in rows if row.reason is None} == {True}
    assert [line for line, row in zip(targets, rows, strict=True) if row.reason] == paths("/x.xml")


def test_static_files_that_count_are_downloads(log: Path) -> None:
    """As the importer sends them with --enable-static."""
    rows = read_each_way(
        log, FORMATS["combined"], paths("/a.css", "/robots.txt", "/a.pdf", "/a.html"), Filters(static=True)
    )
    assert [row.download for row in rows] == [True, True, True, False]


def test_the_lists_hold_what_the_importers_do() -> None:
    """Numbers that a slip of the hand would change."""
    assert (len(STATIC_EXTENSIONS), len(ROBOT_TEXTS)) == (19, 29)
    assert len(set(DOWNLOAD_EXTENSIONS)) == len(DOWNLOAD_EXTENSIONS)


def test_excluded_paths_do_not_count(log: Path) -> None:
    """Globs over the whole path, without its query, with case."""
    filters = Filters(exclude_paths=("/health*", "*/private/*"))
    lines = paths("/health", "/healthz?x", "/a/private/b", "/Health", "/x/health", "/?/health")
    assert reasons(log, filters, lines) == ["path", "path", "path", None, None, None]


def test_only_included_paths_count_where_some_are_given(log: Path) -> None:
    """And an excluded one of them does not."""
    filters = Filters(include_paths=("/docs/*", "/"), exclude_paths=("/docs/old/*",))
    assert reasons(log, filters, paths("/docs/a", "/", "/docs/old/a", "/blog")) == [None, None, "path", "path"]


def test_only_named_methods_count_where_some_are_named(log: Path) -> None:
    """Without a list all do: a POST is a page view for the importer."""
    lines = [combined(f"{method} / HTTP/1.1") for method in ("GET", "POST", "HEAD", "PROPFIND")]
    assert reasons(log, DEFAULTS, lines) == [None] * 4
    assert reasons(log, Filters(methods=("GET", "POST")), lines) == [None, None, "method", "method"]


def test_excluded_addresses_do_not_count(log: Path) -> None:
    """Globs over the address as it is logged."""
    filters = Filters(exclude_ips=("10.*", "2001:db8:*", "192.0.2.1"))
    lines = [combined(ip=ip) for ip in ("10.1.2.3", "2001:db8::1", "192.0.2.1", "192.0.2.10", "110.0.0.1")]
    assert reasons(log, filters, lines) == ["ip", "ip", "ip", None, None]


def test_only_named_hosts_count_where_some_are_named(log: Path) -> None:
    """Whatever the case; a line that names no host counts."""
    filters = Filters(hosts=("Shop.example.org", "*.example.com"))
    fronts = ("shop.example.org", "SHOP.example.org:443", "a.b.example.com", "example.com", "evil.org", ":80")
    rows = read_each_way(log, VHOST, [f"{front} {combined()}" for front in fronts], filters)
    assert [row.reason for row in rows] == [None, None, None, "host", "host", None]
    assert reasons(log, filters, [combined()]) == [None]


def test_the_first_rule_that_applies_gives_the_reason(log: Path) -> None:
    """Host, error, redirect, excluded path, included path, method, static, address: a line that breaks several."""
    filters = Filters(
        hosts=("ok",), exclude_paths=("/x*",), include_paths=("/*",), methods=("GET",), exclude_ips=("10.*",)
    )

    def line(host: str = "bad", status: str = "200", path: str = "/x.css", method: str = "PUT") -> str:
        return f"{host} {combined(f'{method} {path} HTTP/1.1', ip='10.0.0.1', status=status)}"

    lines = [
        line(status="404"),
        line("ok", status="404"),
        line("ok", status="301"),
        line("ok"),
        line("ok", path="/a.css"),
        line("ok", path="/a.css", method="GET"),
        line("ok", path="/a", method="GET"),
    ]
    rows = read_each_way(log, VHOST, lines, filters)
    assert [row.reason for row in rows] == ["host", "error", "redirect", "path", "method", "static", "ip"]


def test_a_line_that_cannot_be_read_has_no_other_reason(log: Path) -> None:
    """A wrong time is rejected even on an error line: nobody knows what else is wrong with it."""
    assert reasons(log, DEFAULTS, [combined(status="404", time="x")]) == ["bad time"]


@pytest.mark.parametrize("hostile", ["'; DROP TABLE lines; --", "' OR '1'='1", "') THEN 'x' END --", "\\", "a'b", "☃'"])
def test_no_value_of_a_filter_becomes_sql(log: Path, hostile: str) -> None:
    """Quotes in a pattern are part of the pattern."""
    filters = Filters(
        hosts=(hostile, "*"), exclude_paths=(f"/{hostile}",), include_paths=("*", hostile), exclude_ips=(hostile,)
    )
    escaped = hostile.replace("\\", "\\\\")
    rows = read_each_way(log, VHOST, [f"h {combined()}", f"h {combined(f'GET /{escaped} HTTP/1.1')}"], filters)
    assert rows[0].reason is None
    assert rows[1].reason == ("path" if escaped == hostile else None)


def test_every_choice_of_switches_makes_sql_that_runs(log: Path) -> None:
    """No rule depends on another's being there, and with none of them every line counts."""
    switches: tuple[dict[str, bool], ...] = ({}, {"errors": True, "redirects": True, "static": True})
    lists: tuple[dict[str, tuple[str, ...]], ...] = (
        {},
        {"hosts": ("*",)},
        {"exclude_paths": ("x",)},
        {"methods": ("GET",)},
        {"exclude_ips": ("x",)},
    )
    for switch, some in itertools.product(switches, lists):
        assert reasons(log, Filters.model_validate({**switch, **some}), [combined()]) == [None]
    assert reason(Filters(errors=True, redirects=True, static=True), HitSettings(), "UTC") == "NULL::VARCHAR"
    assert "robots" in download(Filters(static=True), HitSettings())


@functools.cache
def plan_of(query: str) -> str:
    """How a query is executed. Both paths of some formats are one query."""
    with database().cursor() as connection:
        ((_, plan),) = connection.execute(f"EXPLAIN (FORMAT json) {query}").fetchall()
    return str(plan)


@pytest.fixture(scope="module")
def one_line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of one line."""
    path = tmp_path_factory.mktemp("line") / "a.log"
    path.write_bytes(b"x\n")
    return path


def test_a_join_is_seen_in_a_plan() -> None:
    """What the next test looks for."""
    assert "JOIN" in plan_of("SELECT * FROM range(9) AS a (n) JOIN range(5) AS b (n) USING (n)")


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("exact", [False, True])
def test_reading_never_joins(one_line: Path, form: Format, *, exact: bool) -> None:
    """A join would give the lines back in another order, and lines are numbered by their order."""
    many = tuple(f"x{number}" for number in range(200))
    methods = tuple("M" * number for number in range(1, 30))
    for filters in (
        Filters(),
        OPEN,
        Filters(hosts=many, exclude_paths=many, include_paths=many, methods=methods, exclude_ips=many),
    ):
        _, _, query = read_lines(one_line, Reading(form, filters), exact=exact).partition(" AS\n")
        plan = plan_of(query)
        assert "READ_CSV" in plan
        assert "JOIN" not in plan
