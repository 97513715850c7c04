"""Request targets: whatever form a line has them in, host, path and query are told apart, and no other URL is made."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from in_hand import CHROME, EVERYTHING, explained, line, reasons, site

from mtc.formats.custom_formats import CustomFormat
from mtc.formats.settings import Filters, HitSettings, PathRule
from mtc.formats.sql import is_host
from mtc.stages.deliver import requests

TIME = "01/May/2026:10:00:00 +0000"
ISO = "2026-05-01T10:00:00+00:00"

# What was asked for, and host, path and query in it; no path where it asks for no page.
TARGETS = [
    ("/a/b?x=1", None, "/a/b", "x=1"),
    ("//shop.example/a", None, "//shop.example/a", None),
    ("/http://shop.example/a", None, "/http://shop.example/a", None),
    ("http://shop.example/a/b?x=1", "shop.example", "/a/b", "x=1"),
    ("HTTPS://user:word@Shop.Example.:8443/a?q", "shop.example", "/a", "q"),
    ("http://shop.example", "shop.example", "/", None),
    ("http://shop.example?x=1", "shop.example", "/", "x=1"),
    ("https://[2001:DB8::1]:8443/a", "[2001:db8::1]", "/a", None),
    ("http://192.0.2.7/a", "192.0.2.7", "/a", None),
    ("https:///a", None, "/a", None),
    ("ws://shop.example/chat", "shop.example", "/chat", None),
]
NO_TARGETS = [
    *(".evil.example/login", "@evil.example/login", "evil.example", "evil.example:443", "?x=1", "index.html"),
    *("http:/evil.example", "http:evil.example", "http://evil.example\\@shop.example/", "http://a@b@evil.example/"),
    *("http://evil.example:80x/", "://evil.example/", "\\\\evil.example\\a", "%2fa"),
]


AGENT = CHROME.replace(" ", "+")
NESTED = {"json": {"ip": "from", "time": "at", "path": "http.url", "method": "http.verb"}}

# A line that asks for a target, in formats of every shape, with what a file of it begins with.
FORMS: list[tuple[CustomFormat | str, str, Callable[[str], str]]] = [
    ("combined", "", line),
    ("common", "", lambda target: f'192.0.2.1 - - [{TIME}] "GET {target} HTTP/1.1" 200 5'),
    *(
        (
            "w3c",
            f"#Fields: date time c-ip cs-method {column} sc-status cs(User-Agent)\n",
            lambda target: f"2026-05-01 10:00:00 192.0.2.1 GET {target} 200 {AGENT}",
        )
        for column in ("cs-uri", "cs-uri-stem")
    ),
    (
        "nginx_json",
        "",
        lambda target: json.dumps({"time": ISO, "ip": "192.0.2.1", "method": "GET", "path": target, "status": 200}),
    ),
    (
        "nginx_json",
        "",
        lambda target: json.dumps({"time": ISO, "ip": "192.0.2.1", "request": f"GET {target} HTTP/1.1", "status": 200}),
    ),
    ("ltsv", "", lambda target: f"time:{ISO}\thost:192.0.2.1\tmethod:GET\turi:{target}\tstatus:200"),
    ("logfmt", "", lambda target: f"time={ISO} ip=192.0.2.1 method=GET path={json.dumps(target)} status=200"),
    (
        CustomFormat.model_validate(NESTED),
        "",
        lambda target: json.dumps({"at": ISO, "from": "192.0.2.1", "http": {"url": target, "verb": "GET"}}),
    ),
    (
        CustomFormat(regex=r"(?P<time>\S+) (?P<ip>\S+) (?P<method>\S+) (?P<path>.*)"),
        "",
        lambda target: f"{ISO} 192.0.2.1 GET {target}",
    ),
    (
        CustomFormat(nginx='$remote_addr [$time_local] "$request"'),
        "",
        lambda target: f'192.0.2.1 [{TIME}] "GET {target} HTTP/1.1"',
    ),
    (CustomFormat(apache="%h %t %m %U"), "", lambda target: f"192.0.2.1 [{TIME}] GET {target}"),
]
each_form = pytest.mark.parametrize(("form", "head", "written"), FORMS)


@each_form
def test_a_target_is_taken_apart_in_every_format(
    tmp_path: Path, form: CustomFormat | str, head: str, written: Callable[[str], str]
) -> None:
    """The host of a whole URL is the hit's, and its path begins with a slash."""
    text = head + "".join(f"{written(target)}\n" for target, *_ in TARGETS)
    hits = explained(tmp_path, text.encode(), site(format=form)).samples["hit"]
    found = [[hit.fields.get(name) for name in ("host", "path", "query")] for hit in hits]
    assert found == [wanted for _, *wanted in TARGETS]


@each_form
def test_what_is_no_target_is_no_request_in_every_format(
    tmp_path: Path, form: CustomFormat | str, head: str, written: Callable[[str], str]
) -> None:
    """Neither a hit nor lost; a whole request that is for no page is left out, anything else is rejected."""
    text = head + "".join(f"{written(target)}\n" for target in ["*", *NO_TARGETS])
    account = explained(tmp_path, text.encode(), site(format=form)).accounting
    assert account.hits == 0
    assert account.rejected == {"no request": len(NO_TARGETS)}
    assert account.filtered["no request"] == 1


def test_requests_for_no_page_spoil_no_log(tmp_path: Path) -> None:
    """A server's own `OPTIONS *`, tunnels and HTTP/2 greetings are left out, however many there are."""
    lines = [line("*", method="OPTIONS"), line("shop.example:443", method="CONNECT"), line("*", method="PRI")] * 50
    found = explained(tmp_path, [*lines, line("/")])
    assert (found.accounting.hits, found.accounting.filtered, found.verdict) == (1, {"no request": 150}, None)


def test_a_host_that_the_line_names_itself_wins(tmp_path: Path) -> None:
    """It is what the server chose; where it is missing, the target's is the host."""
    lines = [line("http://b.example/x", host=host) for host in ("a.example", "-")]
    found = explained(tmp_path, lines, site(format="combined_vhost"))
    assert [hit.fields["host"] for hit in found.samples["hit"]] == ["a.example", "b.example"]


def test_filters_see_host_and_path_of_a_target(tmp_path: Path) -> None:
    """As they see those of any other line."""
    filters = Filters(hosts=("shop.example",), exclude_paths=("/health",), static=False)
    targets = [
        "http://shop.example/a",
        "http://blog.example/a",
        "http://shop.example/health?x",
        "https://shop.example/a.css",
    ]
    found = explained(tmp_path, [line(target) for target in targets], site(filters))
    assert reasons(found) == [None, "host", "path", "static"]


@pytest.mark.parametrize(
    "written", ["$scheme://$host$request_uri", "$host$request_uri", "$scheme://$host:8443$uri$is_args$args"]
)
def test_a_host_ends_where_the_path_begins(tmp_path: Path, written: str) -> None:
    """Nothing stands between the two in a log_format."""
    text = written.replace("$scheme", "https").replace("$host", "shop.example")
    text = text.replace("$request_uri", "/a?x=1").replace("$uri$is_args$args", "/a?x=1")
    form = CustomFormat(nginx=f'$remote_addr [$time_local] "$request_method {written}"')
    (hit,) = explained(tmp_path, [f'192.0.2.1 [{TIME}] "GET {text}"'], site(format=form)).samples["hit"]
    assert [hit.fields[name] for name in ("host", "path", "query")] == ["shop.example", "/a", "x=1"]


SITE = "site.example"
URL = requests.url().replace("$base", f"'https://{SITE}'").replace("$scheme", "'https://'")
SENT = f"SELECT url_decode({URL}) FROM (SELECT unnest(?) AS host, unnest(?) AS path, unnest(?) AS query)"
PIECES = [
    "/",
    "//",
    "\\",
    "@",
    ":",
    "?",
    "#",
    ".",
    "..",
    "*",
    "[",
    "]",
    "::1",
    "evil.example",
    "shop.example",
    "1",
    "\t",
]
TEXTS = st.lists(st.sampled_from([*PIECES, "http://", "é", "℀", " ", "%2f", "\n", "_"]), max_size=6).map(
    "".join
) | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
HOSTS = ["shop.example", "192.0.2.7", "[2001:db8::1]", "xn--mnchen-3ya.example", "a_b.example"]
NO_HOSTS = [
    "",
    "_",
    "336",
    "1.2.3",
    "a..b",
    "-a.example",
    "[1:2]",
    "[::1",
    "evil.example/x",
    "a@evil.example",
    "a b",
    "a:80",
]


@given(
    st.lists(st.tuples(st.none() | TEXTS | st.sampled_from(HOSTS), st.none() | TEXTS, st.none() | TEXTS), min_size=1)
)
@example([(None, ".evil.example", None), (None, "@evil.example", None), (None, ":1@evil.example/", None)])
@example([("evil.example/", "/a", None), ("shop.example", "//evil.example", "?"), ("[::1]]", "/", "")])
@settings(deadline=None, max_examples=30)
def test_no_text_leads_a_url_to_another_host(hits: list[tuple[str | None, str | None, str | None]]) -> None:
    """The host of what is sent is the site's or the line's, as Python's parser of URLs reads it."""
    hosts, paths, queries = (list(each) for each in zip(*hits, strict=True))
    for (host, *_), (url,) in zip(hits, duckdb.execute(SENT, [hosts, paths, queries]).fetchall(), strict=True):
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert parts.netloc in {SITE, host}, url
        assert not parts.path or parts.path.startswith("/")
        assert parts.port is None


def test_what_is_a_host_is_sent_as_one() -> None:
    """And what is none, is not."""
    rows = duckdb.execute(f"SELECT {is_host('host')} FROM (SELECT unnest(?) AS host)", [[*HOSTS, *NO_HOSTS]]).fetchall()
    assert [found for (found,) in rows] == [True] * len(HOSTS) + [False] * len(NO_HOSTS)


def test_a_rule_that_takes_the_slash_off_a_path_leads_nowhere_else(tmp_path: Path) -> None:
    """The path that is sent begins with one all the same."""
    rules = HitSettings(replace_paths=(PathRule(find="^/v1", replace=""),))
    (hit,) = explained(tmp_path, [line("/v1.evil.example/a")], site(EVERYTHING, rules)).samples["hit"]
    ((url,),) = duckdb.execute(SENT, [[None], [hit.fields["path"]], [None]]).fetchall()
    assert url == f"https://{SITE}/.evil.example/a"
