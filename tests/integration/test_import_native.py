"""The native reader and the database read the same: parts to the byte, accounts and rejected lines, of any text."""

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from import_step import ALL, BY_DATABASE, GOOD, NATIVE, Outcome, Workshop, database, line, text

from mtc.core.model import SourceObject
from mtc.formats.line_sql import Reading
from mtc.formats.native.library import PlainLines, why_not
from mtc.formats.native.reading import native_reading
from mtc.formats.registry import FORMATS
from mtc.formats.settings import Filters, HitSettings
from mtc.stages.import_ import line_table
from mtc.stages.import_.bundles import Bundling
from mtc.stages.import_.import_step import ImportStage

if why_not():
    pytest.skip(f"the native reader is {why_not()}", allow_module_level=True)

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
    "-",
    "",
    "curl/8.5",
    "Googlebot/2.1",
)
SAMPLES = {
    "common": '{ip} - {user} [{time}] "{request}" {status} {size}',
    "combined": '{ip} - {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}"',
    "common_vhost": '{host} {ip} - {user} [{time}] "{request}" {status} {size}',
    "combined_vhost": '{host}:443 {ip} - {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}"',
    "combined_vhost_last": '{ip} - {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}" {host}',
    "combined_nginx_time": '{ip} - {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}" 0.123',
    "combined_apache_time": '{ip} - {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}" 1234',
    "icecast": '{ip} - {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}" 12',
    "ovh": '{ip} {host} {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}"',
    "lighttpd": '{ip} {host} {user} [{time}] "{request}" {status} {size} "{referrer}" "{agent}"',
}
"""A line of each format that the native reader reads."""

FIELDS: dict[str, tuple[str, ...]] = {
    "ip": (
        "192.0.2.1", "0.0.0.0", "255.255.255.255", "256.1.1.1", "010.0.0.1", "1.2.3", "-", "a, b", "1.2.3.4:80",
        "2001:db8::1", "2001:db8::", "2001:DB8::1", "::1", "::", "1::2::3", "1:2:3:4:5:6:7:8", "1:0:3:4:0:6:7:8",
        "1:2:0:0:5:6:7:8", "0:0:3:4:5:6:7:8", "1:2:3:4:5:6:7:0", "1:2:3:4:5:6::8", "1:2:3:4:5:6:7::", "1:0::5", "1::05",
        "::ffff:192.0.2.1", "64:ff9b::c000:201", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "fe80::1%eth0", "[2001:db8::1]",
        "a::b:c", "a:b::c:", "a::b:12345", "a:::b", "1::0",
    ),
    "host": ("www.example.org", "Shop.Example.org", "_x", "a-", "example.org.", "-", "[::1]", "1host", "a:80"),
    "user": ("-", "bob", "bob smith", "[x]", "é", '"', "a\\b", "--"),
    "time": (
        "01/May/2026:10:05:03 +0000", "02/May/2026:00:00:00 +0000", "31/Dec/2025:23:59:59 -1300",
        "29/Feb/2024:10:00:00 +0545", "29/Feb/2026:10:00:00 +0000", "30/Feb/2026:10:00:00 +0000",
        "31/Apr/2026:10:00:00 +0000", "00/May/2026:10:00:00 +0000", "31/May/2026:24:00:00 +0000",
        "01/May/1996:10:00:00 +0000", "01/May/2098:10:00:00 +0000", "01/may/2026:10:00:00 +0000",
        "01/May/2026:10:60:00 +0000", "01/May/2026:10:00:60 +0000", "01/May/2026:10:00:00 +1400",
        "01/May/2026:10:00:00 +0060", "01/May/2026:10:00:00", "01-May-2026:10:00:00 +0000", "1/May/2026:1:1:1 +0000",
    ),
    "request": (
        "GET / HTTP/1.1", "POST /a?b=c HTTP/1.0", "HEAD /a?? HTTP/2", "GET /a? HTTP/2.0", "GET /x.css HTTP/1.1",
        "GET /x.CSS?y HTTP/3.0", "GET /x.c\u017fs HTTP/1.1", "GET /\u212a.css HTTP/1.1", "GET /a.pdf HTTP/1.1",
        "GET /a.P\u212aG HTTP/1.1", "GET /robots.txt HTTP/1.1", "GET /a/ROBOT\u017f.TXT HTTP/1.1",
        "GET /arobots.txt HTTP/3", "GET /a.x_y HTTP/1.1", "GET /a.tar.gz HTTP/1.1", "GET /.gz HTTP/1.1",
        "GET /a.b/c HTTP/1.1", "GET /a.longextension HTTP/1.1", "GET /é.zip HTTP/1.1", "GET /a b HTTP/1.1",
        "GET /a\tb HTTP/1.1", "get / HTTP/1.1", "GET * HTTP/1.1", "-", "", "GET http://x/y HTTP/1.1",
        "GET /a HTTP/1.2", "GET  /a HTTP/1.1", "GET /a", 'GET /"a HTTP/1.1', "PURGE /a HTTP/1.1",
        'GET /a\\" HTTP/1.1', "GET /health HTTP/1.1", "GET /a.b\vc HTTP/1.1", "PROPFIND /d HTTP/1.1",
        "GET /a.7z HTTP/1.1",
    ),
    "status": ("200", "200", "200", "206", "301", "304", "399", "404", "500", "000", "099", "999", "20", "2000", "-"),
    "size": ("512", "0", "-", "007", "999999999999999999", "9999999999999999999", "-5", "1e3", "x", ""),
    "referrer": ("-", "", "https://example.org/", "a\\b", "a\\", 'a"b', "é", "-" * 2),
    "agent": (*AGENTS, "a\\", 'x" "y', "é" * 40, "a" * 3000),
}  # fmt: skip
PIECES = (
    b"\xef\xbb\xbf",
    b'"',
    b"\\",
    b'\\"',
    b" ",
    b"\t",
    b"\x00",
    b"\xff",
    b"\xc3",
    "é".encode(),
    b"[",
    b"\r",
    b"\x01",
    b"\x02",
    b"",
)
SITES = {
    "usual": (Filters(max_rejected=1), HitSettings()),
    "all": (ALL, HitSettings()),
    "rules": (
        Filters(
            max_rejected=1, exclude_paths=("/health*",), exclude_ips=("0.0.0.0",), exclude_referrers=("example.org",),
            exclude_user_agents=("curl",), methods=("GET", "POST"),
        ),
        HitSettings(anonymise_ips=1, lowercase_paths=True, exclude_query_parameters=("b",)),
    ),
    "downloads": (
        Filters(max_rejected=1, redirects=True, exclude_older_than="2000-01-01"),
        HitSettings(download_extensions=("x_y", "PDF", "7z")),
    ),
    "no downloads": (Filters(max_rejected=1, static=True), HitSettings(download_extensions=())),
}  # fmt: skip


def made(form: str, seed: int, count: int) -> bytes:
    """Lines of a format: most of them usual, the others with odd fields or odd bytes at any place."""
    rng = random.Random(seed)
    lines = []
    for _ in range(count):
        odd = rng.random()
        fields = {
            name: rng.choice(values) if rng.random() < odd * 0.3 else values[0] for name, values in FIELDS.items()
        }
        one = SAMPLES[form].format(**fields).encode()
        for _ in range(rng.choice((0, 0, 0, 0, 1, 2))):
            at = rng.randrange(len(one) + 1)
            one = one[:at] + rng.choice(PIECES) + one[at + rng.randrange(3) :]
        if rng.random() < 0.02:
            one = rng.choice((b"", b" ", b"junk", b'"' * 40, one + b' "x"' * 12, one[:50]))
        lines.append(one)
    return b"\n".join(lines) + rng.choice((b"\n", b"", b"\r\n"))


def read(workshop: Workshop, log: SourceObject, stage: ImportStage) -> tuple[Outcome, dict[str, bytes]]:
    """What a log gives, and the bytes of every file in the warehouse, which is empty before."""
    shutil.rmtree(workshop.warehouse, ignore_errors=True)
    outcome = workshop.run(log, stage=stage)
    files = (path for path in workshop.warehouse.rglob("*") if path.is_file())
    return outcome, {path.name: path.read_bytes() for path in files}


def check(folder: Path, data: bytes, form: str, site: str, size: int = 128 << 20) -> None:
    """Read a log both ways; nothing differs."""
    workshop, (filters, hits) = Workshop(folder), SITES[site]
    log = workshop.write("a.log", data)
    stages = [
        workshop.stage(filters, form=form, bundling=Bundling(size, native=native), hits=hits)
        for native in (True, False)
    ]
    native, files = read(workshop, log, stages[0])
    account, rejected = native.accounting(), native.rejected()
    database, wanted = read(workshop, log, stages[1])
    assert account == database.accounting()
    assert rejected == database.rejected()
    assert files.keys() == wanted.keys()
    assert files == wanted


def test_both_ways_make_the_same_bytes_of_very_many_user_agents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These are joined, and not looked up in a list."""
    monkeypatch.setattr(line_table, "_MOST_LISTED", 99)
    rows = [line(f"/{number}", agent=f"Mozilla/5.0 ({number % 300}) Firefox/{number % 7}.0") for number in range(3000)]
    check(tmp_path, text(*rows), "combined", "usual")


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("form", SAMPLES)
def test_both_ways_make_the_same_bytes(tmp_path: Path, form: str, site: str) -> None:
    """Of lines that are mostly usual, some odd in one field or more, whatever the filters are."""
    check(tmp_path, made(form, sum(map(ord, form + site)), 400), form, site)


@given(seed=st.integers(0, 1 << 30), form=st.sampled_from(sorted(SAMPLES)), site=st.sampled_from(sorted(SITES)))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(seed=1, form="combined", site="usual")
def test_both_ways_make_the_same_bytes_of_any_lines(tmp_path: Path, seed: int, form: str, site: str) -> None:
    """The same, from any seed, in bundles of any size."""
    check(tmp_path / str(seed), made(form, seed, 60), form, site, size=(1 << 20, 900)[seed % 2])


@pytest.mark.slow
@given(seed=st.integers(0, 1 << 30), form=st.sampled_from(sorted(SAMPLES)), site=st.sampled_from(sorted(SITES)))
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_ways_make_the_same_bytes_of_very_many_lines(tmp_path: Path, seed: int, form: str, site: str) -> None:
    """The same, for longer."""
    check(tmp_path / str(seed), made(form, seed, 60), form, site, size=(1 << 20, 900)[seed % 2])


@given(data=st.binary(max_size=400))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_ways_make_the_same_of_any_bytes_among_lines(tmp_path: Path, data: bytes) -> None:
    """Bytes that are no log at all, between lines that are."""
    usual = text(*[line(f"/{number}") for number in range(20)])
    check(tmp_path, usual + data + b"\n" + usual, "combined", "all")


def test_every_format_with_plain_lines_is_read_natively_or_known_not_to_be() -> None:
    """A format that is added later must be weighed."""
    ways = {name: native_reading(Reading(form, GOOD)) is not None for name, form in FORMATS.items()}
    assert {name for name, native in ways.items() if native} == {*SAMPLES}


@pytest.mark.parametrize("form", SAMPLES)
def test_most_lines_of_a_usual_log_are_plain(form: str) -> None:
    """Else the native reader would be right, and of no use."""
    usual = {name: values[0] for name, values in FIELDS.items()}
    reading = native_reading(Reading(FORMATS[form], ALL))
    assert reading is not None
    lines = PlainLines(reading.settings)
    assert lines.feed((SAMPLES[form].format(**usual) + "\n").encode() * 50) == 50
    assert (lines.counts().hits, lines.counts().odd) == (50, 0)
    lines.close()


def test_parts_have_their_rows_in_the_order_of_the_lines(tmp_path: Path) -> None:
    """Also where some lines take the exact path, and with many user agents; so the bytes do not depend on threads."""
    rows = [line(f"/{number}", agent=f"Mozilla/5.0 {number % 7919}") for number in range(30_000)]
    rows[5::100] = [row.replace("192.0.2.1", "2001:DB8::1") for row in rows[5::100]]
    for bundling in (NATIVE, BY_DATABASE):
        workshop = Workshop(tmp_path / str(bundling.native))
        part = workshop.read(text(*rows), bundling=bundling).only.parts[0].file
        with database().cursor() as connection:
            found = connection.read_parquet(str(workshop.warehouse / part)).select("line").fetchall()
        assert [number for (number,) in found] == list(range(1, 30_001))
