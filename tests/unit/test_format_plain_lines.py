"""What is read quickly of plain lines is what the whole of the SQL reads, whatever a line and a manifest say."""

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from format_lines import AGENT, OPEN, combined, read, read_plain

from mtc.formats.line_cleaning import clean
from mtc.formats.line_sql import Reading
from mtc.formats.model import Format
from mtc.formats.plain_lines import plain_reading
from mtc.formats.registry import FORMATS
from mtc.formats.settings import ClientSettings, Filters, HitSettings

PLAIN = tuple(form for form in FORMATS.values() if plain_reading(Reading(form, Filters())))
ADDRESSES = (
    "192.0.2.1",
    "0.0.0.0",
    "010.1.1.1",
    "256.1.1.1",
    "1.2.3",
    "::1",
    "2001:DB8::1",
    "-",
    "host.example",
    "1.2.3.4:80",
)
USERS = ("-", "eve", "a b", "[x]", "é", '"x"', "")
TIMES = (
    *(
        "01/May/2026:10:05:03 +0000",
        "31/Apr/2026:10:05:03 +0000",
        "29/Feb/2024:10:05:03 +0000",
        "29/Feb/2023:10:05:03 +0000",
    ),
    *(
        "01/May/2026:24:00:00 +0000",
        "01/May/2026:10:05:60 +0000",
        "01/May/2026:10:05:03 +1400",
        "01/May/2026:10:05:03 -1359",
    ),
    *(
        "01/Jan/1995:00:00:00 +0000",
        "31/Dec/1994:23:59:59 +0000",
        "31/Dec/2099:23:59:59 +0000",
        "01/Jan/2100:00:00:00 +0000",
    ),
    *("01/may/2026:10:05:03 +0000", "1/May/2026:10:05:03 +0000", "01/May/2026:10:05:03", "2026-05-01T10:05:03Z", "-"),
)
TARGETS = (
    *(
        "/",
        "/a",
        "/a.css",
        "/a.CSS?b",
        "/a?b.css",
        "/robots.txt",
        "/x/ROBOTS.TXT?y",
        "/norobots.txt",
        "/.css",
        "/a.css/b",
    ),
    *(
        "/a.pdf",
        "/a.pdf;b",
        "//h/a.js",
        "/é.css",
        "/a;b=c.css",
        "/a?b=c?d",
        "a.css",
        "*",
        "http://h.example/a.css?b",
        "/a\tb.css",
    ),
    *("/health-x", "/a\\x22b", '/a\\"b', '/a"b', "/a b.css", "?a", ""),
)
METHODS = ("GET", "POST", "HEAD", "CONNECT", "PROPFIND", "PURGE", "get", "M-SEARCH", "")
PROTOCOLS = ("HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3.0", "HTTP/1.2", "http/1.1", "")
STATUSES = (
    "200",
    "000",
    "099",
    "206",
    "299",
    "300",
    "301",
    "304",
    "305",
    "399",
    "400",
    "404",
    "999",
    "20",
    "2000",
    "-",
    "abc",
)
SIZES = ("512", "-", "0", "99999999999999999999", "1.5", "")
REFERRERS = ("-", "", "https://www.google.com/", "a\\", '\\"', '"', "é")
AGENTS = (AGENT, "-", "", "curl/8.5.0", "a\\", '\\"b\\"', '"')
BEHIND = ("", " ", " x", ' "x"', "x", ' "h.example:80"', " 0.250", " 17", '"')
READINGS = {
    "as they are": Reading(FORMATS["combined"], Filters(), shift=3600, hits=HitSettings(query_delimiter=";")),
    "all": Reading(FORMATS["combined"], OPEN),
    "by path, address and time": Reading(
        FORMATS["combined"],
        Filters(
            hosts=("*.example", "www.*"),
            exclude_paths=("/health*",),
            methods=("GET", "HEAD"),
            exclude_ips=("192.0.0.0/16",),
            exclude_referrers=("google",),
            exclude_older_than="1996-01-01",
        ),
        hits=HitSettings(anonymise_ips=2, lowercase_paths=True, path_prefix="/x", exclude_query_parameters=("b",)),
    ),
    "by download": Reading(FORMATS["combined"], Filters(errors=True), hits=HitSettings(download_extensions=("zip",))),
    "usual": Reading(FORMATS["combined"], Filters()),
}


def lines(form: Format, seed: int, count: int = 1200) -> Iterator[str]:
    """Lines of a format in which one or two texts, if any, are not as usual."""
    dice = random.Random(f"{form.name}{seed}")
    choices = (ADDRESSES, USERS, TIMES, METHODS, TARGETS, PROTOCOLS, STATUSES, SIZES, REFERRERS, AGENTS, BEHIND)
    for _ in range(count):
        texts = [one[0] for one in choices]
        for at in dice.sample(range(len(choices)), dice.randrange(4)):
            texts[at] = dice.choice(choices[at])
        texts[4] = dice.choice(TARGETS)
        ip, user, time, method, target, protocol, status, size, referrer, agent, behind = texts
        request = " ".join(filter(None, (method, target, protocol)))
        line = combined(request, ip=ip, user=user, time=time, status=status, size=size, referrer=referrer, agent=agent)
        host = dice.choice(("www.example", "WWW.Example.", "h_1.example:8080", "-", "1.2.3.4", ".x"))
        if form.name.startswith("common"):
            line = line[: line.rindex(f' "{referrer}" "')]
        if form.name.endswith("_vhost") or form.name == "gandi":
            line = f"{host} {line}"
        if form.name == "gandi":
            line = line.replace('] "', '] (3 s) "', 1)
        if form.name in {"ovh", "lighttpd"}:
            line = line.replace(" - ", f" {host} ", 1)
        yield line + behind


@pytest.mark.parametrize("form", PLAIN, ids=[form.name for form in PLAIN])
@pytest.mark.parametrize("name", READINGS)
def test_plain_lines_are_read_as_all_others_are(tmp_path: Path, form: Format, name: str) -> None:
    """The same reasons, fields and rejected texts; and of usual lines most are plain."""
    data = clean("".join(f"{line}\n" for line in lines(form, 1)).encode())
    reading = dataclasses.replace(READINGS[name], format=form)
    found = read_plain(tmp_path / "a.log", reading, data)
    assert found == read(tmp_path / "a.log", form, data, reading=reading)
    assert {row.reason for row in found} >= {None, "bad time", "bad address", "no request"}


def test_formats_with_plain_lines_are_these() -> None:
    """No other format, and none of these where its lines are not read as they are."""
    assert {form.name for form in PLAIN} == {
        *("common", "combined", "common_vhost", "combined_vhost", "combined_vhost_last"),
        *("combined_nginx_time", "combined_apache_time", "icecast", "ovh", "lighttpd", "gandi"),
    }
    usual = READINGS["usual"]
    others = (
        dataclasses.replace(usual, keep_all=True),
        dataclasses.replace(usual, client=ClientSettings.model_validate({"from": ["ip"]})),
        dataclasses.replace(usual, shift=10**9),
        dataclasses.replace(usual, hits=HitSettings(query_delimiter="/?")),
        dataclasses.replace(usual, format=dataclasses.replace(FORMATS["combined"], forwarded_pattern="(x)")),
    )
    assert not any(map(plain_reading, others))
