"""Names and lines that strangers chose: no key, no path and no field becomes SQL, a path or a line of its own."""

import itertools
import re
from pathlib import Path

import pytest
from import_step import ALL, BY_DATABASE, IN_SLICES, NATIVE, Outcome, Rejected, Workshop, line, text
from memory_source import MemorySource

from mtc.core.errors import PermanentError
from mtc.core.sanitize import printable
from mtc.formats.settings import Filters
from mtc.sources.url_pattern import SourceUrl
from mtc.stages.import_.bundles import Bundling

HOSTILE = [
    "it's.log",
    "'; DROP TABLE lines; --.log",
    '"quoted".log',
    "$(reboot) `id`.log",
    "new\nline.log",
    "tab\tand\x1b[2Jescape.log",
    "back\\slash.log",
    "☃/ünïcode/日本.log",
    "../../escape.log",
    "/absolute.log",
    "x" * 900 + ".log",
    "%s {0} {key} $1 ?.log",
    "nul\x00.log",
    "*.log",
    "$[0].key",
]
DATA = text(line("/1"), "junk", line("/2"))


def load(root: Path, objects: dict[str, bytes], bundling: Bundling = BY_DATABASE, filters: Filters = ALL) -> Outcome:
    """Load objects with these keys, whatever they are, from a source that hands out any."""
    workshop = Workshop(root)
    source = MemorySource(SourceUrl.compile("logs/{date:%Y-%m-%d}", "docs"), objects)
    wanted = [source.look(key) for key in objects]
    return workshop.run(*wanted, stage=workshop.stage(filters, form="combined", bundling=bundling, source=source))


@pytest.mark.parametrize("bundling", [BY_DATABASE, NATIVE, IN_SLICES], ids=["by the database", "native", "in slices"])
@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_key_is_a_name_and_nothing_else(tmp_path: Path, bundling: Bundling, key: str) -> None:
    """Its object is loaded like any other, and no file has its name."""
    outcome = load(tmp_path, {key: DATA}, bundling)
    assert [(hit.line, hit.path) for hit in outcome.hits(key)] == [(1, "/1"), (3, "/2")]
    assert outcome.rejected() == [Rejected(printable(key), 2, "malformed", "junk")]
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")]
    assert all(re.fullmatch(r"[A-Za-z0-9_./=-]+", name) for name in names), names
    assert not (tmp_path.parent / "escape.log").exists()


def test_hostile_keys_share_a_bundle(tmp_path: Path) -> None:
    """And each keeps its own lines."""
    outcome = load(tmp_path, {key: text(*[line(f"/{n}")] * n) for n, key in enumerate(HOSTILE)})
    assert {key: outcome.accounting(key).hits for key in HOSTILE} == {key: n for n, key in enumerate(HOSTILE)}


def test_a_hostile_key_in_a_message_is_as_it_is(tmp_path: Path) -> None:
    """The message names the object; whoever prints it makes it safe."""
    with pytest.raises(PermanentError) as refusal:
        load(tmp_path, {"'; DROP TABLE lines; --": b"junk\n" * 100}, filters=Filters())
    assert refusal.value.where == "'; DROP TABLE lines; --"


PATHS = [
    "/'; DROP TABLE lines; --", "/'||(SELECT 1)||'", "/<script>alert(1)</script>", "/../../etc/passwd", "/%00%0a",
    "/=cmd|' /C calc'!A0", "/\\x27", "/$(id)", "/{{7*7}}", "/☃", "/\x1b[2J", "/" + "a" * 60_000,
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_hostile_path_is_kept_as_it_is(tmp_path: Path, path: str) -> None:
    """It is counted, and made safe only where it is shown."""
    (hit,) = Workshop(tmp_path).read(text(line(path))).hits()
    assert hit.path == path.split("?", maxsplit=1)[0]


GLOBS = [
    "*'; DROP TABLE lines; --*",
    "' OR '1'='1",
    "*') OR true --",
    "\\",
    "[",
    "[z-a]",
    "[!]",
    "(?i)*",
    "{{}}",
    "\x00",
    "é*",
]


@pytest.mark.parametrize("field", ["hosts", "exclude_paths", "exclude_ips", "exclude_user_agents"])
@pytest.mark.parametrize("glob", GLOBS)
def test_a_hostile_pattern_of_a_filter_matches_what_it_says_and_nothing_else(
    tmp_path: Path, field: str, glob: str
) -> None:
    """No quote in it ends a statement, and no set that a regular expression knows breaks the step."""
    outcome = Workshop(tmp_path).read(DATA, Filters.model_validate({"max_rejected": 1, field: (glob,)}))
    assert [hit.path for hit in outcome.hits()] == ["/1", "/2"]


@pytest.mark.parametrize("glob", GLOBS)
def test_a_hostile_pattern_includes_what_it_says_and_nothing_else(tmp_path: Path, glob: str) -> None:
    """Here nothing is."""
    outcome = Workshop(tmp_path).read(DATA, Filters(max_rejected=1, include_paths=(glob,)))
    assert outcome.accounting().filtered == {"path": 2}


def test_a_folder_with_a_hostile_name_is_a_folder(tmp_path: Path) -> None:
    """The paths of the project are quoted where they go into SQL."""
    for number, name in enumerate(["it's", "a'; DROP TABLE x; --", "*", "with blank", "☃", "{glob}", "[x]"]):
        root = tmp_path / str(number) / name
        for bundling in (BY_DATABASE, NATIVE):
            outcome = Workshop(root).read(DATA, bundling=bundling)
            assert [hit.line for hit in outcome.hits()] == [1, 3]


def test_a_file_whose_name_is_a_pattern_is_not_taken_for_the_files_that_fit_it(tmp_path: Path) -> None:
    """They lie beside it, with as many lines as it has."""
    workshop = Workshop(tmp_path)
    workshop.write("x.log", text(line("/wrong")))
    names = ["[x].log", "?.log", "*.log", "**.log", "[!y].log", "{x,y}.log"]
    objects = [workshop.write(name, text(line(f"/{number}"))) for number, name in enumerate(names)]
    outcome = workshop.run(*objects, stage=workshop.stage(bundling=NATIVE))
    assert [[hit.path for hit in outcome.hits(name)] for name in names] == [[f"/{n}"] for n in range(len(names))]


def test_formulas_and_tags_are_left_for_whoever_shows_them(tmp_path: Path) -> None:
    """A rejected line is one line of JSON, whatever stands in it."""
    junk = ['{"object": "fake"}', "=1+1", "<b>", "\x1b]0;x\x07", "\\u0000", "\x00", '"', "\u2028", "\x85"]
    outcome = Workshop(tmp_path).read(text(*itertools.chain(junk)))
    assert [row.text for row in outcome.rejected()] == junk
