"""`mtc explain` shows what an import would make of log files, and changes nothing."""

import gzip
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import prefork
import pytest
from in_hand import explained, line, site

from mtc.formats.settings import Filters
from mtc.report.explain_text import explain_json, explain_text

LINES = [
    line("/a?b=1", referrer="https://www.example.net/"),
    line("/style.css"),
    line("/gone", status=404),
    line("/c", agent="Googlebot/2.1"),
    "this is no line",
    line("/d"),
]
TEXT = "".join(f"{each}\n" for each in LINES)


def run(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "MTC_MANIFEST"}
    environment |= {"NO_COLOR": "1", "TMPDIR": str(folder / "tmp")}
    with prefork.start(["explain", *arguments], folder, environment) as process:
        stdout, stderr = process.communicate(timeout=60)
        done = subprocess.CompletedProcess(arguments, process.wait(), stdout, stderr)
    assert done.returncode == code, done.stderr
    return done


def all_files(folder: Path) -> Sequence[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a compressed log, and one for temporary files."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(TEXT.encode(), mtime=0))
    return tmp_path


def test_a_file_is_explained_without_a_manifest_and_without_changes(folder: Path) -> None:
    """Compression, encoding, format with reason, accounting, and lines of each kind with their fields."""
    before = all_files(folder)
    shown = run(folder, "a.log.gz", "--lines", "1").stdout
    assert all_files(folder) == before
    for piece in (
        "compression  gzip",
        "encoding     utf-8",
        "combined reads 5 of 6 sampled lines",
        "6 lines = 2 hits + 3 filtered + 1 rejected",
        "hits: 2 lines",
        "filtered (static): 1 line\n    line 2: ",
        "filtered (error): 1 line\n    line 3: ",
        "filtered (bot): 1 line\n    line 4: ",
        "rejected (malformed): 1 line\n    line 5: this is no line",
        "path /a, query b=1",
        "referrer https://www.example.net/",
        "browser Chrome",
    ):
        assert piece in shown
    assert "line 6: " not in shown


def test_the_json_output_is_one_document(folder: Path) -> None:
    """Several files are in order; fields have their types."""
    (folder / "b.log").write_text(line("/only") + "\n")
    [first, second] = json.loads(run(folder, "a.log.gz", "b.log", "--json").stdout)["files"]
    assert (first["lines"], first["hits"], first["rejected"]) == (6, 2, {"malformed": 1})
    assert first["filtered"] == {"bot": 1, "error": 1, "static": 1}
    assert [sample["line"] for sample in first["samples"]["hit"]] == [1, 6]
    assert first["samples"]["error"][0]["fields"]["status"] == 404
    assert first["formats"][0]["name"] == "combined"
    assert (second["compression"], second["samples"]["hit"][0]["fields"]["path"]) == ("none", "/only")


def test_a_file_is_explained_with_the_settings_of_a_site(folder: Path) -> None:
    """Its filters, hit rules, format and zone apply; secrets are not needed."""
    (folder / "m.yaml").write_text(
        """
version: 1
source: {url: 's3://logs/{site}/{date:%Y-%m-%d}*', credentials: pull}
filters: {errors: true}
sites:
  docs: {timezone: Europe/Paris, filters: {exclude_paths: [/a]}, hits: {path_prefix: /docs}}
  shop: {format: common}
credentials: {pull: {access_key_id: "${A}", secret_access_key: "${B}"}}
"""
    )
    shown = json.loads(run(folder, "a.log.gz", "-m", "m.yaml", "--site", "docs", "--json").stdout)["files"][0]
    assert shown["filtered"] == {"bot": 1, "path": 1, "static": 1}
    assert [sample["fields"]["path"] for sample in shown["samples"]["hit"]] == ["/docs/gone", "/docs/d"]
    named = json.loads(run(folder, "a.log.gz", "-m", "m.yaml", "--site", "shop", "--json", code=3).stdout)["files"][0]
    assert "none of its 6 lines could be read as common" in named["refused"]["what"]
    assert (named["formats"][0]["name"], named["hits"]) == ("common", 0)
    forced = run(folder, "a.log.gz", "-m", "m.yaml", "--site", "shop", "--format", "combined", "--json").stdout
    assert json.loads(forced)["files"][0]["hits"] == 3


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("nothing.log",), "there is no such file"),
        (("tmp",), "there is no such file"),
        (("a.log.gz", "--format", "combind"), "did you mean combined?"),
        (("a.log.gz", "-m", "two.yaml"), "name one of docs, shop"),
        (("a.log.gz", "-m", "two.yaml", "--site", "dosc"), "did you mean docs?"),
        (("a.log.gz", "--site", "docs"), "there is no manifest"),
    ],
)
def test_invalid_arguments_are_reported_with_a_hint(folder: Path, arguments: tuple[str, ...], shown: str) -> None:
    """A usage error is reported before any file is read."""
    source = "version: 1\nsource: {url: 'logs/{site}/{date:%Y-%m-%d}'}\n"
    (folder / "two.yaml").write_text(f"{source}sites: {{docs: {{}}, shop: {{}}}}\n")
    done = run(folder, *arguments, code=2)
    assert shown in done.stderr
    assert done.stdout == ""


def test_a_file_that_cannot_be_imported_has_a_reason_and_the_others_are_explained(folder: Path) -> None:
    """It may be damaged, in an unknown format, or have too many unreadable lines; the exit code is 3."""
    (folder / "cut.gz").write_bytes(gzip.compress(TEXT.encode())[:-9])
    (folder / "odd.log").write_text("what\nis\nthis\n")
    (folder / "bad.log").write_text(TEXT + "no line\n" * 110)
    shown = run(folder, "cut.gz", "odd.log", "bad.log", "a.log.gz", "--format", "auto", code=3).stdout
    assert "cannot be imported: the file is cut off in mid-stream" in shown
    assert "cannot be imported: no known format reads this file" in shown
    assert "2 hits" in shown
    (folder / "many.log").write_text(TEXT * 20 + "no line\n" * 60)
    shown = run(folder, "many.log", "a.log.gz", code=3).stdout
    assert "would not be imported: 80 of 180 lines could not be read as combined" in shown
    assert "40 hits" in shown


def test_text_of_a_log_is_escaped_for_the_terminal(tmp_path: Path) -> None:
    """Escape sequences and bidirectional characters are escaped in lines and in fields."""
    hostile = "/\x1b[31m\u202egpj.exe"
    found = explained(tmp_path, [line(hostile), f"no line {hostile}"])
    text = explain_text(found)
    assert "\\x1b[31m\\u202egpj.exe" in text
    assert not any(character in text for character in "\x1b\u202e\r\x07")
    document = explain_json([found])
    assert document.isascii()
    assert json.loads(document)["files"][0]["samples"]["hit"][0]["fields"]["path"] == hostile


def test_samples_of_a_large_file_are_its_first_lines(tmp_path: Path) -> None:
    """Line numbers are those of the file, and the accounting covers all of it, though it is read in slices."""
    lines = [line(f"/{number}", status=404 if number % 1000 == 999 else 200) for number in range(100_000)]
    found = explained(tmp_path, lines, site(Filters(bots=True)), limit=2)
    assert (found.accounting.lines, found.accounting.filtered) == (100_000, {"error": 100})
    assert [sample.line for sample in found.samples["hit"]] == [1, 2]
    assert [sample.line for sample in found.samples["error"]] == [1000, 2000]
    assert [sample.fields["path"] for sample in found.samples["error"]] == ["/999", "/1999"]
    assert list((tmp_path / "work").iterdir()) == []


def test_an_empty_file_is_not_an_error(tmp_path: Path) -> None:
    """It has no lines to show."""
    found = explained(tmp_path, b"")
    assert found.error is None
    assert "0 lines = 0 hits + 0 filtered + 0 rejected" in explain_text(found)
