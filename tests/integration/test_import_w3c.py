"""Logs whose headers name the fields: changes in mid-file and between objects keep every line with its object."""

import gzip
import itertools
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from import_step import ALL, BY_DATABASE, IN_SLICES, Outcome, Workshop

from mtc.core.errors import PermanentError
from mtc.core.model import SourceObject
from mtc.stages.import_.bundles import Bundling, make_bundles
from mtc.stages.import_.format_choice import format_chooser
from mtc.stages.import_.object_text import FetchedObject
from mtc.stages.import_.segments import Bundle

# Headers, each with what makes a line of a path. Their dates and order differ.
LAYOUTS = (
    ("#Fields: date time c-ip cs-method cs-uri-stem sc-status", "2026-05-01 10:05:03 192.0.2.1 GET {} 200"),
    ("#Fields: c-ip cs-uri-stem date time sc-status", "192.0.2.1 {} 2026-05-01 10:05:03 200"),
    ("#Date: 2026-05-02 00:00:00\n#Fields: time c-ip cs-uri-stem sc-status", "10:05:03 192.0.2.1 {} 200"),
    ("#Date: 2026-05-03 00:00:00\n#Fields: time c-ip cs-uri-stem sc-status", "10:05:03 192.0.2.1 {} 200"),
)
JUNK = "not a line"


def log(*runs: tuple[int, int], junk: int = 0) -> str:
    """A file of runs: which layout, and how many lines; each run has its header, and some junk at its end."""
    numbers = itertools.count(1)
    text = ""
    for layout, count in runs:
        header, line = LAYOUTS[layout]
        text += (
            header + "\n" + "".join(line.format(f"/{next(numbers)}") + "\n" for _ in range(count)) + f"{JUNK}\n" * junk
        )
    return text


def all_there(outcome: Outcome, texts: dict[str, str]) -> None:
    """Every line of every object is under its heading, with its number, and every path on its line and day."""
    assert outcome.loaded.keys() == texts.keys()
    rejected = {(row.object, row.line) for row in outcome.rejected()}
    for key, text in texts.items():
        lines = text.removesuffix("\n").split("\n") if text else []
        paths, junk, day = {}, 0, "2026-05-01"
        for number, line in enumerate(lines, start=1):
            if line.startswith("#"):
                day = line[7:17] if line.startswith("#Date") else day
            elif line == JUNK:
                junk += 1
                assert (key, number) in rejected
            else:
                paths[number] = next(word for word in line.split() if word.startswith("/"))
        account = outcome.accounting(key)
        assert account.balanced
        assert (account.lines, account.hits) == (len(lines), len(paths))
        assert account.filtered.get("header", 0) == sum(line.startswith("#") for line in lines)
        assert sum(account.rejected.values()) == junk
        assert {hit.line: hit.path for hit in outcome.hits(key)} == paths
        files = [(part.file, part.object_id) for part in outcome.loaded[key].parts]
        assert len(files) == len(set(files))


def cut(workshop: Workshop, objects: Sequence[SourceObject], bundling: Bundling = BY_DATABASE) -> list[Bundle]:
    """The bundles that objects make, not yet read."""
    fetched = [FetchedObject(obj, workshop.root / "logs" / obj.key) for obj in objects]
    return list(make_bundles(fetched, workshop.root / "spool", format_chooser("auto"), bundling=bundling))


@pytest.mark.parametrize("bundling", [BY_DATABASE, IN_SLICES])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_header_in_mid_file_changes_what_follows(tmp_path: Path, bundling: Bundling, pack: type[bytes]) -> None:
    """Other fields, another order, another day: every line is read by the header above it."""
    workshop = Workshop(tmp_path)
    text = log((0, 5), (1, 3), (0, 4), (2, 3), (3, 2), (0, 1), junk=1)
    outcome = workshop.run(
        workshop.write("a.log", pack(text.encode())), stage=workshop.stage(ALL, form="auto", bundling=bundling)
    )
    all_there(outcome, {"a.log": text})
    days = {hit.day for hit in outcome.hits()}
    assert days == {"2026-05-01", "2026-05-02", "2026-05-03"}


def test_a_file_that_repeats_its_header_is_one_bundle(tmp_path: Path) -> None:
    """The same fields again say nothing new; others do."""
    workshop = Workshop(tmp_path)
    same = workshop.write("a.log", log((0, 3), (0, 3), (0, 3)).encode())
    (bundle,) = cut(workshop, [same])
    assert len(bundle.segments) == 1
    other = workshop.write("b.log", log((0, 3), (1, 3)).encode())
    assert len(cut(workshop, [other])) == 2


def test_formats_that_alternate_make_a_bundle_each(tmp_path: Path) -> None:
    """However often the header changes, it is quick, and an object has one part of each bundle and day."""
    workshop = Workshop(tmp_path)
    text = log(*((number % 2, 1) for number in range(4000)))
    object_ = workshop.write("a.log", text.encode())
    assert [len(bundle.segments) for bundle in cut(workshop, [object_])] == [2000, 2000]
    begun = time.process_time()
    outcome = workshop.run(object_, stage=workshop.stage(ALL))
    assert time.process_time() - begun < 30
    all_there(outcome, {"a.log": text})
    assert sorted(part.hits for part in outcome.only.parts) == [2000, 2000]


def test_objects_with_equal_headers_share_a_bundle(tmp_path: Path) -> None:
    """A day of many small files is read together; those with other headers, and empty ones, keep their own account."""
    workshop = Workshop(tmp_path)
    texts = {f"{number:02}.log": log((0 if number < 20 else 1, 1 + number % 4), junk=1) for number in range(40)}
    texts["05.log"] = ""
    texts["06.log"] = LAYOUTS[0][0] + "\n"
    objects = [workshop.write(key, text.encode()) for key, text in texts.items()]
    assert [len(bundle.segments) for bundle in cut(workshop, objects)] == [20, 20]
    all_there(workshop.run(*objects, stage=workshop.stage(ALL)), texts)


@given(
    files=st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6), min_size=1, max_size=5),
    size=st.sampled_from([1, 100, 400, 1 << 20]),
    form=st.sampled_from(["auto", "w3c"]),
)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changes_in_any_cut_keep_every_line(
    tmp_path: Path, files: list[list[tuple[int, int]]], size: int, form: str
) -> None:
    """Runs of any length, headers without lines, objects that begin and end in other formats."""
    workshop = Workshop(tmp_path)
    texts = {f"{number}.log": log(*runs, junk=size % 2) for number, runs in enumerate(files)}
    texts = {key: text for key, text in texts.items() if JUNK not in text or "/1" in text}
    objects = [workshop.write(key, text.encode()) for key, text in texts.items()]
    bundling = Bundling(size)
    try:
        outcome = workshop.run(*objects, stage=workshop.stage(ALL, form=form, bundling=bundling))
    except PermanentError as error:
        assert "no known format reads this file" in str(error)  # noqa: PT017 - junk may be most of a small file
        assert form == "auto"
    else:
        all_there(outcome, texts)


def test_many_formats_in_one_file_do_not_keep_many_files_open(tmp_path: Path) -> None:
    """A year of days without dates of their own is a format for each day."""
    workshop = Workshop(tmp_path)
    days = [f"#Date: 2026-{month:02}-{day:02} 00:00:00" for month in (3, 4) for day in range(1, 11)]
    line = "10:05:03 192.0.2.1 /a"
    text = "#Fields: time c-ip cs-uri-stem\n" + "".join(f"{day}\n{line}\n" for day in days)
    outcome = workshop.read(text.encode(), ALL, form="w3c")
    assert (outcome.accounting().hits, len(outcome.only.parts)) == (len(days), len(days))
    assert [hit.day for hit in outcome.hits()] == [day[7:17] for day in days]


@pytest.mark.parametrize("form", ["auto", "w3c"])
def test_a_file_without_fields_fails_or_is_rejected_but_ends(tmp_path: Path, form: str) -> None:
    """Detection refuses it; under its name its lines are rejected, and more than a few fail the step."""
    workshop = Workshop(tmp_path)
    text = "#Version: 1.0\n" + "2026-05-01 10:05:03 192.0.2.1 GET / 200\n" * 200
    with pytest.raises(PermanentError, match=r"no known format reads|could not be read as w3c"):
        workshop.run(workshop.write("a.log", text.encode()), stage=workshop.stage(form=form))
    assert workshop.files() == []


def test_a_file_of_nothing_but_headers_is_read_at_once(tmp_path: Path) -> None:
    """Servers without visitors write them; ten megabytes of comments are no more than that."""
    workshop = Workshop(tmp_path)
    data = b"#Software: Example\n#Date: 2026-05-01 00:00:00\n#Fields: time c-ip cs-uri-stem\n#\n" * 120_000
    begun = time.process_time()
    account = workshop.read(data, ALL, form="auto").accounting()
    assert time.process_time() - begun < 60
    assert (account.lines, account.filtered) == (480_000, {"header": 480_000})
