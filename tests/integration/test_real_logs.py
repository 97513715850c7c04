"""Real server logs, if available: each line is classified as by an independent parser.

The logs are in the folder `MTC_TEST_LOGS`, or in `../shared/logs` beside the repository.
"""

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from import_step import ALL, BY_DATABASE, NATIVE, Workshop, count_lines

from mtc.formats.settings import Filters
from mtc.stages.import_.bundles import Bundling

FOLDER = Path(os.environ.get("MTC_TEST_LOGS") or Path(__file__).parents[2].parent / "shared" / "logs")
LOGS = [
    "apache_combined_10k.log",
    "crowdsec_http_dos_bypass_cache.log",
    "crowdsec_nginx-http-xss-probing.log",
    "crowdsec_traefik_clf.log",
    "crowdsec_apache2-logs.log",
    "crowdsec_litespeed-logs.log",
    "crowdsec_nginx-proxy-manager-logs.log",
]
STATIC = set("gif jpg jpeg png bmp ico svg svgz ttf otf eot woff woff2 class swf css js xml webp".split())  # noqa: SIM905 - easier to read

# A strict, independent pattern of a combined line: numeric time zones, and quotes escaped by a backslash only.
COMBINED = re.compile(
    r"^(\S+) +\S+ +(?:-|[^- ]\S*) +\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] +"
    r'"((?:[^"\\]|\\.)*)" +(\d{3}) +(\S+) +"((?:[^"\\]|\\.)*)" +"((?:[^"\\]|\\.)*)"(?: .*)?$'
)
# Lines of the error logs of Apache, nginx and LiteSpeed: a date, then a level in brackets.
MESSAGE = re.compile(
    r"^(?:\[[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d [\d:.]+ \d{4}\]|\d{4}[/-]\d\d[/-]\d\d [\d:.]+) \[[\w:]+\] "
)
REQUEST = re.compile(r"^[A-Z-]+ +(\S.*?)(?: HTTP/[\d.]+)?$")


def lines_of(name: str) -> tuple[bytes, list[str]]:
    """Return a log's bytes and lines; skip the test if the log is not available."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"no {name} at hand")
    data = path.read_bytes()
    return data, data.decode("utf-8", "backslashreplace").removesuffix("\n").split("\n")


def expected(line: str) -> str:
    """Return the class of a line under the default filters, without the one for robots."""
    match = COMBINED.match(line.removesuffix("\r"))
    if match is None and MESSAGE.match(line):
        return "other"
    if match is None:
        return "malformed" if line.strip() else "blank"
    status = int(match[4])
    if status >= 400:
        return "error"
    if 300 <= status < 400 and status != 304:
        return "redirect"
    request = REQUEST.match(match[3])
    if request is None:
        return "no request"
    path = request[1].partition("?")[0]
    is_static = path.rpartition(".")[2].lower() in STATIC or path.rpartition("/")[2].lower() == "robots.txt"
    return "static" if is_static else "hit"


@pytest.mark.parametrize("bundling", [BY_DATABASE, NATIVE, Bundling(size=100_000, native=False), Bundling(100_000)])
@pytest.mark.parametrize("name", LOGS)
def test_every_line_of_a_real_log_is_classified_as_expected(tmp_path: Path, name: str, bundling: Bundling) -> None:
    """Robots count as hits, so that the expected result needs no list of robots."""
    data, lines = lines_of(name)
    wanted = Counter(map(expected, lines))
    outcome = Workshop(tmp_path).read(data, Filters(bots=True, max_rejected=1), bundling=bundling)
    account = outcome.accounting()
    assert account.lines == len(lines) == count_lines(data)
    assert Counter({"hit": account.hits}) + Counter(account.filtered) + Counter(account.rejected) == wanted
    numbers = [number for number, line in enumerate(lines, start=1) if expected(line) == "hit"]
    assert [hit.line for hit in sorted(outcome.hits(), key=lambda hit: hit.line)] == numbers


def test_one_of_ten_thousand_apache_lines_is_malformed(tmp_path: Path) -> None:
    """Only line 8,899, which lacks its last quote, is rejected."""
    data, lines = lines_of("apache_combined_10k.log")
    outcome = Workshop(tmp_path).read(data, ALL)
    account = outcome.accounting()
    assert (account.lines, account.hits, account.rejected) == (10_000, 9_999, {"malformed": 1})
    (broken,) = outcome.rejected()
    assert (broken.line, broken.text) == (8899, lines[8898])
    assert [part.day.isoformat() for part in outcome.only.parts] == [f"2015-05-{day}" for day in (17, 18, 19, 20)]


def test_hits_and_robots_add_up_to_all_hits(tmp_path: Path) -> None:
    """With the filter for robots, hits and robots add up to the hits without it."""
    data, lines = lines_of("apache_combined_10k.log")
    account = Workshop(tmp_path).read(data, Filters()).accounting()
    wanted = Counter(map(expected, lines))
    assert account.filtered["bot"] > 1000
    assert account.hits + account.filtered["bot"] == wanted["hit"]
