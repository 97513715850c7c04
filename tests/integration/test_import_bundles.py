"""Bundles: however objects are put together or cut apart, each keeps its own account, lines and parts."""

import gzip
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from import_step import ALL, BY_DATABASE, GOOD, IN_SLICES, NATIVE, Outcome, Workshop, count_lines, line, text
from memory_recorder import MemoryRecorder

from mtc.core.model import SourceObject, Status
from mtc.plan.work import ImportWork
from mtc.stages.import_.bundles import Bundling, make_bundles
from mtc.stages.import_.format_choice import format_chooser
from mtc.stages.import_.object_text import FetchedObject
from mtc.stages.import_.segments import Bundle, lines_of

TWO_DAYS = ("01/May/2026:10:05:03 +0000", "02/May/2026:00:00:00 +0000")
COMMON = '192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /c HTTP/1.1" 200 512'


def sliced(size: int) -> Bundling:
    """Bundles of this size."""
    return Bundling(size)


def each_alone(workshop: Workshop, outcome: Outcome, contents: dict[str, list[str]]) -> None:
    """Every object has the hits and the account of its own lines, in the order of its own lines."""
    assert outcome.loaded.keys() == contents.keys()
    for key, lines in contents.items():
        paths = {number: one.split()[6] for number, one in enumerate(lines, start=1) if one.startswith("192.0.2.1")}
        assert {hit.line: hit.path for hit in outcome.hits(key)} == paths, key
        account = outcome.accounting(key)
        assert (account.lines, account.hits) == (len(lines), len(paths)), key
        assert account.balanced
        digest = hashlib.sha256((workshop.root / "logs" / key).read_bytes()).hexdigest()
        assert outcome.loaded[key].content == digest


def write(workshop: Workshop, contents: dict[str, list[str]]) -> list[SourceObject]:
    """Put objects into the source; every other one compressed."""
    return [
        workshop.write(key, gzip.compress(text(*lines)) if number % 2 else text(*lines))
        for number, (key, lines) in enumerate(contents.items())
    ]


def cut(
    workshop: Workshop, objects: Sequence[SourceObject], bundling: Bundling = BY_DATABASE, form: str = "auto"
) -> list[Bundle]:
    """The bundles that objects make, not yet read."""
    fetched = [FetchedObject(obj, workshop.root / "logs" / obj.key) for obj in objects]
    return list(make_bundles(fetched, workshop.root / "spool", format_chooser(form), bundling=bundling))


def test_many_small_objects_share_a_bundle_and_keep_their_own_accounts(tmp_path: Path) -> None:
    """A day of an edge network is thousands of small files: they are read together, and counted apart."""
    workshop = Workshop(tmp_path)
    contents = {
        f"{number:03}.log": [line(f"/{number}/{row}", time=TWO_DAYS[row % 2]) for row in range(number % 7)]
        + ["junk"] * (number % 3)
        for number in range(60)
    }
    objects = write(workshop, contents)
    (bundle,) = cut(workshop, objects, form="combined")
    assert [segment.lines for segment in bundle.segments] == [len(lines) for lines in contents.values()]
    outcome = workshop.run(*objects, stage=workshop.stage(ALL, form="combined"))
    each_alone(workshop, outcome, contents)
    assert len(list(workshop.warehouse.rglob("*.parquet"))) == 2
    assert {(row.object, row.line) for row in outcome.rejected()} == {
        (key, number) for key, lines in contents.items() for number, one in enumerate(lines, 1) if one == "junk"
    }


@pytest.mark.parametrize("size", [1, 300, 1000, 5000])
@pytest.mark.parametrize("native", [False, True])
def test_an_object_larger_than_a_bundle_is_read_in_slices(tmp_path: Path, size: int, *, native: bool) -> None:
    """Its line numbers go on from slice to slice, and its account is one."""
    workshop, bundling = Workshop(tmp_path), Bundling(size, native=native)
    contents = {
        "a.log": [line("/small")],
        "big.log": [line(f"/{number}") if number % 5 else "junk" for number in range(60)],
        "z.log": [line("/last"), "junk"],
    }
    objects = write(workshop, contents)
    made = cut(workshop, objects, bundling, "combined")
    assert len(made) > 1
    assert sum(map(lines_of, made)) == 63
    outcome = workshop.run(*objects, stage=workshop.stage(ALL, form="combined", bundling=bundling))
    each_alone(workshop, outcome, contents)
    assert [row.line for row in outcome.rejected() if row.object == "big.log"] == list(range(1, 61, 5))
    assert outcome.accounting("big.log").rejected == {"malformed": 12}


@given(
    counts=st.lists(st.integers(0, 6), min_size=1, max_size=6),
    size=st.sampled_from([1, 150, 151, 400, 1 << 20]),
    empty=st.sampled_from([b"", b"\n"]),
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cut_gives_every_object_its_own(tmp_path: Path, counts: list[int], size: int, empty: bytes) -> None:
    """Objects without lines, objects that end just where a bundle does, objects of one line."""
    workshop = Workshop(tmp_path)
    contents = {f"{n}.log": [line(f"/{n}/{row}") for row in range(count)] for n, count in enumerate(counts)}
    objects = write(workshop, contents)
    outcome = workshop.run(
        *objects, workshop.write("empty.log", empty), stage=workshop.stage(GOOD, bundling=sliced(size))
    )
    assert outcome.accounting("empty.log").filtered == ({"blank": 1} if empty else {})
    for key, lines in contents.items():
        assert [hit.line for hit in outcome.hits(key)] == list(range(1, len(lines) + 1))


def test_a_byte_order_mark_is_part_of_no_line_wherever_its_object_lies(tmp_path: Path) -> None:
    """In a bundle it stands in the middle of the text."""
    workshop = Workshop(tmp_path)
    keys = [f"{number}.log" for number in range(3)]
    objects = [workshop.write(key, b"\xef\xbb\xbf" + text(line(f"/{key}"))) for key in keys]
    outcome = workshop.run(*objects)
    assert [[(hit.ip, hit.path) for hit in outcome.hits(key)] for key in keys] == [
        [("192.0.2.1", f"/{key}")] for key in keys
    ]


def test_objects_of_other_formats_go_into_other_bundles(tmp_path: Path) -> None:
    """A bundle is closed when the format changes; each object says its format."""
    workshop = Workshop(tmp_path)
    contents = {"1.log": [line("/1")], "2.log": [COMMON], "3.log": [COMMON], "4.log": [line("/4"), line("/5")]}
    objects = write(workshop, contents)
    made = cut(workshop, objects)
    assert [(bundle.format.name, len(bundle.segments)) for bundle in made] == [
        ("combined", 1), ("common", 2), ("combined", 1)
    ]  # fmt: skip
    outcome = workshop.run(*objects)
    each_alone(workshop, outcome, contents)
    assert [loaded.format for loaded in outcome.loaded.values()] == ["combined", "common", "common", "combined"]


def test_an_object_without_lines_is_loaded_and_closes_nothing_it_need_not(tmp_path: Path) -> None:
    """It has no parts, and its neighbours are as they are."""
    workshop = Workshop(tmp_path)
    objects = [workshop.write("1.log", b""), workshop.write("2.log", text(line("/2"))), workshop.write("3.log", b"")]
    assert len(cut(workshop, objects)) == 1
    outcome = workshop.run(*objects)
    assert {key: (one.accounting.lines, len(one.parts)) for key, one in outcome.loaded.items()} == {
        "1.log": (0, 0), "2.log": (1, 1), "3.log": (0, 0)
    }  # fmt: skip


def test_a_step_with_nothing_to_load_is_empty(tmp_path: Path) -> None:
    """No object, no hits, no files."""
    workshop = Workshop(tmp_path)
    assert workshop.load(workshop.stage(), ImportWork()).receipt.status is Status.EMPTY
    assert workshop.files() == []


def test_a_plain_file_is_never_removed_or_changed(tmp_path: Path) -> None:
    """Nor is a compressed one."""
    workshop = Workshop(tmp_path)
    plain = workshop.write("plain.log", text(line("/1")))
    packed = workshop.write("packed.log", gzip.compress(text(line("/2"))))
    for bundling in (NATIVE, BY_DATABASE, IN_SLICES):
        outcome = workshop.run(packed, plain, stage=workshop.stage(bundling=bundling))
        assert [hit.path for key in outcome.loaded for hit in outcome.hits(key)] == ["/2", "/1"]
        assert (tmp_path / "logs" / "plain.log").read_bytes() == text(line("/1"))
        assert gzip.decompress((tmp_path / "logs" / "packed.log").read_bytes()) == text(line("/2"))


def test_the_same_objects_again_make_the_same_files(tmp_path: Path) -> None:
    """Loading twice overwrites, and adds nothing."""
    workshop = Workshop(tmp_path)
    objects = write(workshop, {"1.log": [line("/1"), "junk"], "2.log": [line("/2", time=TWO_DAYS[1])]})
    first = workshop.run(*objects)
    files = workshop.files()
    again = workshop.run(*objects)
    assert workshop.files() == files
    assert again.recorder.facts == first.recorder.facts
    assert again.rejected() == first.rejected()


def test_rejected_lines_of_objects_that_are_gone_do_not_stay(tmp_path: Path) -> None:
    """A new version takes the place of the old one's; those of objects that are kept stay."""
    workshop = Workshop(tmp_path)
    kept = workshop.run(workshop.write("kept.log", text(line(), "kept junk")), stage=workshop.stage(ALL)).only
    workshop.load(
        workshop.stage(ALL), ImportWork(load=(workshop.write("a.log", text(line(), "old junk")),), keep=(kept,))
    )
    assert {row.text for row in Outcome(workshop.warehouse, MemoryRecorder()).rejected()} == {"kept junk", "old junk"}
    outcome = workshop.load(
        workshop.stage(ALL), ImportWork(load=(workshop.write("a.log", text(line(), line(), "new")),), keep=(kept,))
    )
    assert {row.text for row in outcome.rejected()} == {"kept junk", "new"}
    workshop.load(workshop.stage(ALL), ImportWork(load=(workshop.write("a.log", text(line())),)))
    assert not list((workshop.warehouse / "rejected").rglob("*.jsonl"))


def test_progress_tells_of_every_byte_and_line_once(tmp_path: Path) -> None:
    """The sizes of the objects, however they were cut."""
    workshop = Workshop(tmp_path)
    objects = write(workshop, {"1.log": [line("/1")] * 9, "2.log": [], "3.log": [line("/3")] * 4})
    for size in (1, 400, 1 << 20):
        recorder = workshop.run(*objects, stage=workshop.stage(bundling=sliced(size))).recorder
        assert (recorder.size, recorder.lines) == (sum(obj.size for obj in objects), 13)


def test_a_bundle_says_how_many_lines_it_has(tmp_path: Path) -> None:
    """As plain Python counts them."""
    workshop = Workshop(tmp_path)
    for data in (b"", b"\n", b"x", text(line(), line()), text(line())[:-1], b"\n\n\r\n"):
        for bundling in (BY_DATABASE, NATIVE):
            obj = workshop.write("a.log", data)
            assert sum(lines_of(bundle) for bundle in cut(workshop, [obj], bundling, "combined")) == count_lines(data)
