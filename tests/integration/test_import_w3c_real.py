"""Logs with headers of real servers, where a folder with some is at hand: read as a plain reading of them says.

The folder is that of the variable MTC_TEST_LOGS, or `../shared/logs` beside the repository.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from import_step import ALL, BY_DATABASE, Workshop

from mtc.stages.import_.bundles import Bundling

FOLDER = Path(os.environ.get("MTC_TEST_LOGS") or Path(__file__).parents[2].parent / "shared" / "logs")

# Which format it is, and how many lines are headers and how many requests; the rest are none.
LOGS = {
    "lnav_w3c.0.log": ("iis", 4, 1),
    "lnav_w3c.1.log": ("w3c", 6, 1),
    "lnav_w3c.2.log": ("iis", 8, 0),  # a server for files: its verbs are no methods
    "lnav_w3c_big.0.log": ("iis", 44, 210),
    "cloudfront_v1_docs.log": ("cloudfront", 2, 6),
    "crowdsec_aws-cloudfront-logs.log": ("cloudfront", 0, 2),
}
WORD = re.compile(r'"[^"]*"|\S+')
BARE = ["", "", "", "", "", "", "", "cs-uri-stem"]


def read_plainly(text: str) -> Iterator[tuple[int, str]]:
    """The number and path of each line of a site's requests, by the header before it."""
    fields: list[str] = BARE
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("#Fields:"):
            fields = line.split()[1:]
        elif line.strip() and not line.startswith("#"):
            path = WORD.findall(line)[fields.index("cs-uri-stem" if "cs-uri-stem" in fields else "cs-uri")]
            if path.startswith("/"):
                yield number, path.partition("?")[0]


@pytest.mark.parametrize("bundling", [BY_DATABASE, Bundling(2000)])
@pytest.mark.parametrize("name", LOGS)
def test_a_real_log_is_read_as_a_plain_reading_says(tmp_path: Path, name: str, bundling: Bundling) -> None:
    """Every request with its line and path, every header counted as one."""
    file = FOLDER / name
    if not file.is_file():
        pytest.skip(f"no {name} at hand")
    form, headers, requests = LOGS[name]
    data = file.read_bytes()
    outcome = Workshop(tmp_path).read(data, ALL, form="auto", bundling=bundling)
    account = outcome.accounting()
    assert (outcome.only.format, account.filtered.get("header", 0), account.hits) == (form, headers, requests)
    assert account.lines == data.count(b"\n") + (not data.endswith(b"\n"))
    if requests:
        wanted = dict(read_plainly(data.decode("utf-8", "backslashreplace")))
        assert {hit.line: hit.path for hit in outcome.hits()} == wanted
