"""Every filter of the manifest: what it leaves out, under which reason, and what it lets pass."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_hand import EVERYTHING, explained, line, reasons, site

from mtc.core.model import Accounting
from mtc.formats.filters import REASONS, agent_reason, reason
from mtc.formats.line_sql import Reading
from mtc.formats.ncsa import COMBINED
from mtc.formats.settings import ClientSettings, Filters, HitSettings
from mtc.stages.import_.line_table import read_all

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def only(**keys: object) -> Filters:
    """These filters and no other."""
    return Filters.model_validate(EVERYTHING.model_dump() | keys)


def check(
    folder: Path, filters: Filters, lines: Sequence[tuple[str, str | None]], hits: HitSettings | None = None
) -> None:
    found = explained(folder, [text for text, _ in lines], site(filters, hits))
    assert reasons(found) == [reason for _, reason in lines]
    assert found.accounting.balanced


def check_with_names(folder: Path, filters: Filters, lines: Sequence[tuple[str, str | None]]) -> None:
    """The same where clients may be host names."""
    found = explained(folder, [text for text, _ in lines], site(filters, client=ClientSettings(host_names=True)))
    assert reasons(found) == [reason for _, reason in lines]


def test_hosts_are_those_that_fit_and_lines_without_one_count(tmp_path: Path) -> None:
    """The case does not matter, as names have none; `-` and nothing are no host."""
    check(
        tmp_path,
        only(hosts=("*.Example.org", "example.org")),
        [
            (line(host="docs.example.org"), None),
            (line(host="EXAMPLE.org:443"), None),
            (line(host="example.com"), "host"),
            (line(host="docs.example.org.evil.test"), "host"),
            (line(host="-"), None),
        ],
    )


def test_excluded_hosts_win_over_hosts_that_count(tmp_path: Path) -> None:
    """A host that fits both kinds of globs does not count."""
    check(
        tmp_path,
        only(hosts=("*.example.org",), exclude_hosts=("test.*",)),
        [(line(host="docs.example.org"), None), (line(host="Test.example.org"), "host")],
    )


def test_paths_are_matched_whole_and_without_their_query(tmp_path: Path) -> None:
    """An excluded path is out even where it is included; the case matters."""
    check(
        tmp_path,
        only(include_paths=("/docs/*", "/", "/a?c"), exclude_paths=("/docs/private/*", "/docs/[xy]")),
        [
            (line("/docs/a?b=/docs/private/"), None),
            (line("/"), None),
            (line("/abc"), None),
            (line("/shop/docs/"), "path"),
            (line("/docs/private/a"), "path"),
            (line("/docs/x"), "path"),
            (line("/Docs/a"), "path"),
        ],
    )


def test_addresses_are_matched_as_texts_or_by_their_networks(tmp_path: Path) -> None:
    """A network holds every way of writing its addresses; a glob is for the text as everyone writes it."""
    check_with_names(
        tmp_path,
        only(
            exclude_ips=(
                "10.0.0.0/9",
                "2001:db8::/32",
                "198.51.100.*",
                "2001:DB9::1",
                "bad.example",
                "2001:DBA:*",
                "::ffff:172.16.0.0/108",
            )
        ),
        [
            (line(ip="10.127.255.255"), "ip"),
            (line(ip="10.128.0.0"), None),
            (line(ip="::ffff:10.1.2.3"), "ip"),
            (line(ip="2001:db8:ffff::"), "ip"),
            (line(ip="2001:DB8::1"), "ip"),
            (line(ip="2001:db7:ffff::"), None),
            (line(ip="2001:db9:0::1"), "ip"),
            (line(ip="2001:0dba:0::1"), "ip"),
            (line(ip="198.51.100.7"), "ip"),
            (line(ip="172.16.9.9"), "ip"),
            (line(ip="bad.example"), "ip"),
            (line(ip="good.example"), None),
        ],
    )


def test_included_addresses_are_the_only_ones(tmp_path: Path) -> None:
    """Excluded ones are out even then; what is no address lies in no network."""
    check_with_names(
        tmp_path,
        only(include_ips=("192.0.2.0/24",), exclude_ips=("192.0.2.9",)),
        [
            (line(ip="192.0.2.1"), None),
            (line(ip="192.0.2.9"), "ip"),
            (line(ip="192.0.3.1"), "ip"),
            (line(ip="host.example"), "ip"),
        ],
    )


def test_referrers_are_excluded_by_a_text_in_them_or_by_a_glob_for_the_whole(tmp_path: Path) -> None:
    """The case does not matter, a dot is a dot, and a request without a referrer counts."""
    check(
        tmp_path,
        only(exclude_referrers=("Semalt.com", "http://*.spam.test/")),
        [
            (line(referrer="https://www.SEMALT.com/crawler"), "referrer"),
            (line(referrer="https://www.semaltxcom/"), None),
            (line(referrer="http://a.spam.test/"), "referrer"),
            (line(referrer="http://a.spam.test/page"), None),
            (line(referrer="-"), None),
        ],
    )


def test_user_agents_are_excluded_by_a_text_in_them_or_by_a_glob_for_the_whole(tmp_path: Path) -> None:
    """As referrers are; brackets and questions marks of a text are themselves."""
    check(
        tmp_path,
        only(exclude_user_agents=("FIREFOX/", "Monitor/1.*", "odd [x]?")),
        [
            (line(agent=FIREFOX), "user agent"),
            (line(), None),
            (line(agent="monitor/1.2"), "user agent"),
            (line(agent="A Monitor/1.2"), None),
            (line(agent="An odd [x]? agent"), "user agent"),
            (line(agent="An odd x agent"), None),
            (line(agent="-"), None),
        ],
    )


def test_methods_that_are_not_listed_do_not_count(tmp_path: Path) -> None:
    """Without a list all count."""
    lines = [(line(method="GET"), None), (line(method="POST"), "method")]
    check(tmp_path, only(methods=("GET", "HEAD")), lines)
    check(tmp_path, only(), [(text, None) for text, _ in lines])


def test_a_day_alone_is_all_of_it_in_the_zone_of_the_site(tmp_path: Path) -> None:
    """Older is before the day begins, newer after it has ended."""
    filters = only(exclude_older_than="2026-05-01", exclude_newer_than="2026-05-01")
    lines = [
        line(time="30/Apr/2026:21:59:59 +0000"),
        line(time="30/Apr/2026:22:00:00 +0000"),
        line(time="01/May/2026:21:59:59 +0000"),
        line(time="01/May/2026:22:00:00 +0000"),
    ]
    found = explained(tmp_path, lines, site(filters, zone="Europe/Paris"))
    assert reasons(found) == ["older", None, None, "newer"]


@pytest.mark.parametrize(
    ("text", "older"),
    [("2026-05-01T12:00:01Z", True), ("2026-05-01 12:00", False), ("2026-05-01T14:00:01+02:00", True)],
)
def test_a_time_counts_itself(tmp_path: Path, text: str, older: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    """A request at the very time is neither older nor newer, as in Matomo's importer."""
    assert reasons(explained(tmp_path, [line()], site(only(exclude_older_than=text)))) == ["older" if older else None]
    newer = only(exclude_newer_than="2026-05-01T12:00:00+00:00")
    assert reasons(explained(tmp_path, [line(), line(time="01/May/2026:12:00:01 +0000")], site(newer))) == [
        None,
        "newer",
    ]


def test_downloads_that_are_not_named_do_not_count(tmp_path: Path) -> None:
    """Who names the extensions of downloads does not want Matomo's others; pages are not concerned."""
    hits = HitSettings(download_extensions=("PDF", "foo"), add_download_extensions=("bar",))
    lines = [line("/a.pdf"), line("/a.foo"), line("/a.bar"), line("/a.zip"), line("/a.html"), line("/a")]
    found = explained(tmp_path, lines, site(hits=hits))
    assert reasons(found) == [None, None, None, "download", None, None]
    assert [sample.fields["download"] for sample in found.samples["hit"]] == [True, True, True, False, False]


def test_extensions_can_be_added_to_those_of_matomo(tmp_path: Path) -> None:
    """Nothing is left out then."""
    found = explained(
        tmp_path, [line("/a.zip"), line("/a.parquet")], site(hits=HitSettings(add_download_extensions=("parquet",)))
    )
    assert [sample.fields["download"] for sample in found.samples["hit"]] == [True, True]


def test_the_first_rule_that_applies_gives_the_reason(tmp_path: Path) -> None:
    """Whose line it is comes first, then the order of Matomo's importer; user agents come last."""
    rules: list[tuple[str, dict[str, object]]] = [
        ("host", {"hosts": ("docs.example.org",)}),
        ("download", {}),
        ("error", {"errors": False}),
        ("path", {"exclude_paths": ("*",)}),
        ("method", {"methods": ("POST",)}),
        ("static", {"static": False}),
        ("ip", {"exclude_ips": ("192.0.2.1",)}),
        ("referrer", {"exclude_referrers": ("spam",)}),
        ("older", {"exclude_older_than": "2030-01-01"}),
        ("bot", {"bots": False}),
        ("user agent", {"exclude_user_agents": ("curl",)}),
    ]
    text = line("/a.xml", host="shop.example.org", status=404, referrer="http://spam/", agent="curl/8.0")
    for first, (name, _) in enumerate(rules):
        keys = {key: value for _, given in rules[first:] for key, value in given.items()}
        hits = HitSettings(download_extensions=("pdf",)) if first < 2 else None
        assert reasons(explained(tmp_path, [text], site(only(**keys), hits))) == [name]


@pytest.mark.parametrize("key", ["exclude_paths", "exclude_referrers", "exclude_user_agents", "exclude_hosts"])
def test_lists_may_be_thousands_long(tmp_path: Path, key: str) -> None:
    """Each of a long list is looked for, whether text or glob."""
    texts = tuple(f"/some/rather/long/text/number/{number}" for number in range(5_000))
    hosts = tuple(f"number.{number}.example" for number in range(5_000))
    lists = hosts if key == "exclude_hosts" else texts
    globs = tuple(f"*{text}/*" for text in texts)
    field = {"exclude_paths": "target", "exclude_referrers": "referrer", "exclude_user_agents": "agent"}.get(
        key, "host"
    )
    given = {"host": "docs.example.org", field: lists[4_321]}
    found = explained(tmp_path, [line(**given), line(host="docs.example.org")], site(only(**{key: (*globs, *lists)})))  # type: ignore[arg-type]
    assert [bool(reason) for reason in reasons(found)] == [True, False]


def test_text_of_a_filter_is_never_sql_or_an_expression(tmp_path: Path) -> None:
    """Quotes, backslashes and RE2's own characters stand for themselves."""
    odd = "/it's (a|b)+$^\\d.{2}"
    filters = only(exclude_paths=(odd, f"{odd}*"), exclude_referrers=(odd,), exclude_user_agents=(f"{odd}*",))
    lines = [(line("/it's"), None), (line(referrer=odd), "referrer"), (line(agent=odd.replace("\\", "")), None)]
    check(tmp_path, filters, lines)


def test_every_line_is_accounted_for_with_every_filter_on(tmp_path: Path) -> None:
    """`lines = hits + filtered + rejected`, and each reason counts its own."""
    filters = Filters(
        hosts=("docs.*",), exclude_ips=("10.0.0.0/8",), exclude_referrers=("spam",), exclude_newer_than="2026-05-01"
    )
    lines = [
        line(host="docs.example.org"),
        line(host="shop.example.org"),
        line(host="docs.example.org", ip="10.1.1.1"),
        line(host="docs.example.org", referrer="http://spam/"),
        line(host="docs.example.org", time="02/May/2026:00:00:00 +0000"),
        line(host="docs.example.org", agent="Googlebot/2.1"),
        "no line",
        "",
    ]
    account = explained(tmp_path, lines, site(filters)).accounting
    filtered = {"blank": 1, "bot": 1, "host": 1, "ip": 1, "newer": 1, "referrer": 1}
    assert account == Accounting(8, 1, filtered, {"malformed": 1})


ODD = st.text(st.sampled_from("ab*?[]!^-'\"\\(){}|+.$%/;\u00e9\u2028 "), min_size=1, max_size=8)
LISTS = st.lists(ODD, max_size=4).map(tuple)
ADDRESSES = st.lists(ODD.filter(lambda text: "/" not in text) | st.ip_addresses().map(str), max_size=3).map(tuple)
FILTERS = st.builds(
    Filters,
    bots=st.booleans(),
    static=st.booleans(),
    errors=st.booleans(),
    redirects=st.booleans(),
    methods=st.sampled_from([(), ("GET",)]),
    include_paths=LISTS,
    exclude_paths=LISTS,
    hosts=LISTS,
    exclude_hosts=LISTS,
    include_ips=ADDRESSES,
    exclude_ips=ADDRESSES,
    exclude_referrers=LISTS,
    exclude_user_agents=LISTS,
    exclude_older_than=st.sampled_from([None, "2026-05-01"]),
    exclude_newer_than=st.sampled_from([None, "2026-05-01T12:00:00+02:00"]),
)
HITS = st.builds(
    HitSettings,
    strip_query=st.booleans(),
    query_delimiter=ODD,
    exclude_query_parameters=LISTS,
    lowercase_paths=st.booleans(),
    path_prefix=ODD.map(lambda text: f"/{text}"),
    download_extensions=st.none() | st.sampled_from([(), ("pdf", "c++")]),
    anonymise_ips=st.integers(0, 4),
)


@given(FILTERS, HITS, st.lists(ODD, max_size=6))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_of_any_rule_breaks_the_reading(
    tmp_path: Path, filters: Filters, rules: HitSettings, texts: list[str]
) -> None:
    """Whatever the rules say and the lines hold, every line is accounted for."""
    lines = [line(f"/{text}?{text}", host="a.b", referrer=text, agent=text, ip=text) for text in texts]
    plain = [line(host="a.b")] * 7  # most of the lines, so that the format is found whatever the others hold
    found = explained(tmp_path, [*plain, *lines], site(filters, rules))
    assert found.error is None
    assert found.accounting.balanced
    assert found.accounting.lines == len(plain) + len(texts)


def test_a_line_that_is_no_hit_keeps_nothing_in_an_import(tmp_path: Path) -> None:
    """What is shown in an explanation is not held in memory when days are loaded; the reasons are the same."""
    path = tmp_path / "a.log"
    path.write_text("".join(f"{each}\n" for each in (line("/a"), line("/b.css"), "no line")))
    reading = Reading(COMBINED, Filters(), hits=HitSettings(path_prefix="/x"))
    found = {}
    for keep_all in (False, True):
        read_all(duckdb.default_connection(), path, dataclasses.replace(reading, keep_all=keep_all), exact=False)
        found[keep_all] = duckdb.execute("SELECT reason, path, text FROM lines ORDER BY rowid").fetchall()
    assert found[False] == [(None, "/x/a", None), ("static", None, None), ("malformed", None, "no line")]
    assert [(why, kept) for why, kept, _ in found[True]] == [(None, "/x/a"), ("static", "/b.css"), ("malformed", None)]
    assert all(text for _, _, text in found[True])


def test_the_documented_reasons_are_those_of_the_rules_in_their_order() -> None:
    """`REASONS` is the table of the documentation; the SQL of all filters gives the same reasons, in the same order."""
    texts = ("a",)
    lists = {name: texts for name in REASONS if "." not in name and Filters.model_fields[name].default == ()}
    times = {"exclude_older_than": "2026-05-01", "exclude_newer_than": "2026-05-02"}
    every = Filters.model_validate(lists | times | {"methods": ("GET",)})
    sql = reason(every, HitSettings(download_extensions=("pdf",)), "UTC") + agent_reason(every)
    given = re.findall(r"THEN '([a-z ]+)'", sql)
    assert list(dict.fromkeys(given)) == list(dict.fromkeys(why for reasons in REASONS.values() for why in reasons))
    assert set(REASONS) == {*Filters.model_fields, "hits.download_extensions"} - {"max_rejected"}
