"""Every line of growing logs is loaded once, whatever happens to the files between two runs."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mtc.core.model import Accounting, LoadedObject, SourceObject
from mtc.sources.log_identity import LogFile
from mtc.sources.log_slices import MOST, Look, line_end, look
from mtc.sources.merged_slices import merged_content, merged_slice

NOW = dt.datetime(2026, 5, 2, tzinfo=dt.UTC)
SETTLE = dt.timedelta(hours=6)


@dataclasses.dataclass
class Text:
    """A text in memory."""

    data: bytes
    is_final: bool = False

    @property
    def size(self) -> int:
        """Return its length."""
        return len(self.data)

    def read(self, start: int, stop: int) -> bytes:
        """Read a piece of the text."""
        return self.data[start:stop]

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        """Return the piece as one block."""
        yield self.read(start, stop)


@dataclasses.dataclass
class Warehouse:
    """The loaded slices with their text."""

    loaded: dict[str, LoadedObject] = dataclasses.field(default_factory=dict)
    texts: dict[str, bytes] = dataclasses.field(default_factory=dict)

    def look(
        self, files: dict[str, bytes], now: dt.datetime = NOW, final: Iterable[str] = (), most: int = MOST
    ) -> Look:
        """Find slices in the files, which were just written; those in `final` are compressed."""
        modified = int(NOW.timestamp() * 1e9)
        listed = [
            LogFile(SourceObject(key, len(data), modified=modified), Text(data, key in set(final)))
            for key, data in files.items()
        ]
        return look(listed, tuple(self.loaded.values()), now, settle=SETTLE, most=most)

    def load(
        self, files: dict[str, bytes], now: dt.datetime = NOW, final: Iterable[str] = (), most: int = MOST
    ) -> Look:
        """Find and load what is new or changed."""
        found = self.look(files, now, final, most)
        for item in (*found.new, *found.changed.values()):
            part = item.slice
            assert part is not None
            text = files[part.file][part.start : part.stop]
            content = hashlib.sha256(text).hexdigest()
            self.loaded[item.key] = LoadedObject(item, item.key, content, "combined", Accounting(), ())
            self.texts[item.key] = text
        return found

    def merge(self, key: str, most: int) -> int:
        """Merge a slice with at most a number of following slices; return how many were merged."""
        slices = [self.loaded[key]]
        while len(slices) < most and (after := self._after(slices[-1])):
            slices.append(after)
        merged = merged_slice([item.object for item in slices])
        text = b"".join(self.texts.pop(item.object.key) for item in slices)
        for item in slices:
            del self.loaded[item.object.key]
        content = merged_content(item.content for item in slices)
        self.loaded[merged.key] = dataclasses.replace(slices[-1], object=merged, object_id=merged.key, content=content)
        self.texts[merged.key] = text
        return len(slices)

    def _after(self, item: LoadedObject) -> LoadedObject | None:
        """Return the unmerged slice that starts where this one ends."""
        parts = {each.object.key: each.object.slice for each in self.loaded.values() if each.object.slice}
        before = parts[item.object.key]
        found = (
            key
            for key, part in parts.items()
            if (part.log, part.start) == (before.log, before.stop) and part.start < part.stop and not part.pieces
        )
        return self.loaded.get(next(found, ""))

    @property
    def lines(self) -> list[bytes]:
        """Return all loaded lines, sorted."""
        return sorted(line for text in self.texts.values() for line in text.splitlines())


def lines(first: int, last: int, host: str = "a") -> bytes:
    """Lines that all differ."""
    return b"".join(
        b"%s - line %06d of a log, with some text behind it\n" % (host.encode(), n) for n in range(first, last)
    )


def sorted_lines(*texts: bytes) -> list[bytes]:
    """The lines of these texts, sorted."""
    return sorted(line for text in texts for line in text.splitlines())


LONG = lines(0, 200)
NEW = lines(1000, 1050)

ROTATIONS = {
    "nothing happened": {"access.log": LONG},
    "grown": {"access.log": LONG + NEW},
    "renamed": {"access.log.1": LONG, "access.log": NEW},
    "renamed, grown before": {"access.log.1": LONG + lines(200, 300), "access.log": NEW},
    "a date behind it": {"access.log-20260502": LONG + lines(200, 210), "access.log": NEW},
    "copied and cut": {"access.log.1": LONG + lines(200, 210), "access.log": NEW},
    "cut, and empty yet": {"access.log.1": LONG, "access.log": b""},
    "being copied": {"access.log.1": lines(0, 60), "access.log": LONG + NEW},
    "being copied in the midst of a line": {"access.log.1": LONG[:3010], "access.log": LONG + NEW},
    "copied, and not cut yet": {"access.log.1": LONG + NEW, "access.log": LONG + NEW},
    "copied, and grown since": {"access.log.1": LONG, "access.log": LONG + NEW},
    "the new one is longer": {"access.log.1": LONG, "access.log": lines(5000, 5400)},
    "the new one is as long": {"access.log.1": LONG, "access.log": lines(5000, 5200)},
    "two rotations": {"access.log.2": LONG, "access.log.1": lines(300, 310), "access.log": NEW},
    "gone before it was seen again": {"access.log": NEW},
    "another server's beside it": {"access.log": LONG, "b.log": lines(0, 200, "b")},
}


@pytest.mark.parametrize(
    "read", [LONG, LONG[:5000], lines(0, 1), lines(0, 3)], ids=["whole", "half", "a line", "three"]
)
@pytest.mark.parametrize("name", ROTATIONS)
def test_each_line_counts_once_whatever_happened_between_two_runs(name: str, read: bytes) -> None:
    """First part of the log is read, up to the end of a line; the second run finds these files."""
    files = ROTATIONS[name]
    warehouse = Warehouse()
    warehouse.load({"access.log": read})
    first = warehouse.lines
    for _ in range(2):
        warehouse.load(files, NOW + 2 * SETTLE)
    seen = set(sorted_lines(*files.values(), read[: read.rfind(b"\n") + 1]))
    if "in the midst" in name:
        seen = set(sorted_lines(LONG, NEW))
    assert warehouse.lines == sorted(seen)
    assert set(first) <= seen
    assert warehouse.look(files, NOW + 3 * SETTLE).new == []


def test_a_compressed_log_is_the_log_that_was_read() -> None:
    """Its text is compared; additional text is its tail."""
    warehouse = Warehouse()
    warehouse.load({"access.log": LONG})
    found = warehouse.load({"access.log.1.gz": LONG + NEW, "access.log": lines(9, 10)}, final=["access.log.1.gz"])
    assert [(item.key.split("@")[0], item.size) for item in found.new] == [
        ("access.log.1.gz", len(NEW)),
        ("access.log", len(lines(9, 10))),
    ]


def test_two_servers_whose_logs_start_alike_are_separate_when_they_differ() -> None:
    """As long as they are equal they count as one; then the second one counts from its start."""
    same = lines(0, 1)
    warehouse = Warehouse()
    warehouse.load({"a.log": same, "b.log": same})
    assert warehouse.lines == sorted_lines(same)
    warehouse.load({"a.log": same + lines(1, 3, "a"), "b.log": same + lines(1, 5, "b")})
    assert warehouse.lines == sorted(sorted_lines(same + lines(1, 3, "a")) + sorted_lines(same + lines(1, 5, "b")))


@pytest.mark.parametrize("forgotten", [(0,), (1,), (3,), (0, 1), (1, 2), (0, 2), (2, 3), (0, 1, 2, 3)])
def test_forgotten_slices_are_read_again_and_no_others(forgotten: tuple[int, ...]) -> None:
    """As after `mtc state forget`, slices of other steps stay loaded."""
    warehouse = Warehouse()
    for last in (100, 200, 300, 400):
        warehouse.load({"access.log": lines(0, last)})
    keys = list(warehouse.loaded)
    for number in forgotten:
        del warehouse.loaded[keys[number]], warehouse.texts[keys[number]]
    files = {"access.log.1": lines(0, 420), "access.log": NEW}
    warehouse.load(files)
    assert warehouse.lines == sorted_lines(*files.values())
    assert warehouse.look(files).new == []


@pytest.mark.parametrize("size", [70, 120, 1000, 2500])
def test_a_short_copy_is_recognised_when_its_log_is_gone(size: int) -> None:
    """It may be shorter than the start of a file that identifies a log."""
    warehouse = Warehouse()
    warehouse.load({"access.log": LONG})
    warehouse.load({"backup.log": LONG[:size]}, NOW + 2 * SETTLE)
    assert warehouse.lines == sorted_lines(LONG)
    other = lines(0, 1) + lines(700, 705)
    warehouse.load({"backup.log": LONG[:size], "b.log": other})
    assert warehouse.lines == sorted(sorted_lines(LONG) + sorted_lines(other))


@pytest.mark.parametrize("rows", [5, 80, 300])
def test_logs_that_start_with_the_same_header_are_different_logs(rows: int) -> None:
    """The first run may have found nothing but the header."""
    header = b"time,address,request,status,bytes,referrer,agent\n"
    first = header + lines(0, 150)
    warehouse = Warehouse()
    warehouse.load({"access.log": header})
    warehouse.load({"access.log": first})
    second = header + lines(1000, 1000 + rows)
    warehouse.load({"access.log.1": first, "access.log": second})
    assert warehouse.lines == sorted(sorted_lines(first) + sorted_lines(second))
    warehouse.load({"access.log": second})
    assert warehouse.lines == sorted(sorted_lines(first) + sorted_lines(second))


def test_a_copy_of_a_log_is_recognised_in_a_file_that_was_read_to_its_end() -> None:
    """Such a compressed file is not opened again."""
    warehouse = Warehouse()
    seen = warehouse.load({"access.log.1.gz": LONG}, final=["access.log.1.gz"]).seen
    for size in (100, 5000):
        file = LogFile(SourceObject("copy.log", size, modified=int(NOW.timestamp() * 1e9)), Text(LONG[:size]))
        found = look([file], tuple(warehouse.loaded.values()), NOW + 2 * SETTLE, settle=SETTLE, unchanged=seen)
        assert (found.new, found.changed, found.notes) == ([], {}, [])


def test_an_incomplete_last_line_waits() -> None:
    """It waits for its line end, or until nothing was written for the settle time of the source."""
    warehouse = Warehouse()
    whole, piece = lines(0, 2), lines(2, 3)[:-10]
    warehouse.load({"access.log": whole + piece})
    assert warehouse.lines == sorted_lines(whole)
    assert warehouse.look({"access.log": whole + piece}, NOW + dt.timedelta(hours=5)).new == []
    late = Warehouse(dict(warehouse.loaded), dict(warehouse.texts))
    late.load({"access.log": whole + piece}, NOW + SETTLE)
    assert late.lines == sorted_lines(whole + piece)
    warehouse.load({"access.log": lines(0, 4)})
    assert warehouse.lines == sorted_lines(lines(0, 4))


@pytest.mark.parametrize(("line", "is_seen"), [(0, False), (150, False), (399, True), (340, True), (299, False)])
def test_a_line_changed_in_place_is_noticed_near_the_end_of_the_read_part(line: int, is_seen: bool) -> None:  # noqa: FBT001
    """Its slice is read again; other changes stay unnoticed, as not everything is read."""
    warehouse = Warehouse()
    for last in (100, 200, 300, 400):
        warehouse.load({"access.log": lines(0, last)})
    rows = lines(0, 500).splitlines(keepends=True)
    rows[line] = rows[line].upper()
    found = warehouse.load({"access.log": b"".join(rows)})
    if line:
        assert [item.size > 0 for item in found.changed.values()] == [True] * is_seen
        assert (warehouse.lines == sorted_lines(b"".join(rows))) is is_seen
    else:
        assert found.changed == {}
        assert len(found.new) == 1  # the start differs, so it is another log
        assert found.new[0].slice is not None
        assert found.new[0].slice.start == 0


def test_slices_after_a_changed_one_are_emptied() -> None:
    """Their text moved by some bytes."""
    warehouse = Warehouse()
    for last in (100, 200, 300, 400):
        warehouse.load({"access.log": lines(0, last)})
    rows = lines(0, 500).splitlines(keepends=True)
    rows.insert(150, b"a line that was not there\n")
    files = {"access.log": b"".join(rows)}
    found = warehouse.load(files)
    assert [item.size > 0 for item in found.changed.values()] == [True, False, False]
    assert warehouse.lines == sorted_lines(b"".join(rows))
    files = {"access.log": b"".join(rows) + lines(900, 910)}
    warehouse.load(files)
    assert warehouse.lines == sorted_lines(*files.values())


def test_a_log_that_became_shorter_keeps_what_was_read() -> None:
    """The change is reported; when the log grows again, the text after the cut is a new log."""
    warehouse = Warehouse()
    warehouse.load({"access.log": lines(0, 200)})
    found = warehouse.load({"access.log": lines(0, 150)})
    assert "shorter than what was read" in found.notes[0]
    assert warehouse.lines == sorted_lines(lines(0, 200))
    warehouse.load({"access.log": lines(0, 150) + lines(300, 400)})
    assert warehouse.lines == sorted_lines(lines(0, 150), lines(300, 400))


def test_slices_have_a_maximum_size() -> None:
    """The first run over a long log makes several."""
    warehouse = Warehouse()
    found = warehouse.load({"access.log": LONG}, most=1000)
    assert len(found.new) > 5
    assert all(item.size <= 1000 for item in found.new)
    assert warehouse.lines == sorted_lines(LONG)
    assert warehouse.look({"access.log": LONG + NEW}).new[0].size == len(NEW)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
def test_lines_end_as_the_encoding_defines(encoding: str) -> None:
    """A byte of another character is not a line end."""
    mark = "\ufeff".encode(encoding)
    text = mark + "first \u0a0a\u0a00 line\nsecond\nthi".encode(encoding)
    warehouse = Warehouse()
    [new] = warehouse.load({"access.log": text}).new
    assert new.slice is not None
    assert text[: new.slice.stop].decode(encoding).endswith("second\n")
    assert line_end(text[:100], None) == "\n".encode(encoding)


def test_a_merged_slice_is_recognised_and_its_changes_are_noticed() -> None:
    """Its text is compared piece by piece."""
    warehouse = Warehouse()
    for last in (200, 210, 220, 230):
        warehouse.load({"access.log": lines(0, last)})
    [first, *_] = warehouse.loaded
    assert warehouse.merge(first, 3) == 3
    assert warehouse.look({"access.log": lines(0, 230)}).new == []
    assert warehouse.look({"access.log": lines(0, 205)}).changed == {}
    end = lines(220, 229) + lines(0, 1, "x")
    found = warehouse.look({"access.log": lines(0, 220) + end})
    assert [key.rpartition("+")[2] for key in found.changed] == [str(len(lines(0, 220)))]
    changed = lines(0, 205) + lines(205, 206, "x") + lines(206, 220) + end
    assert warehouse.look({"access.log": changed}).changed.keys() == warehouse.loaded.keys()


@pytest.mark.parametrize("keep", [[0, 2], [1, 0]])
def test_only_consecutive_slices_can_be_merged(keep: list[int]) -> None:
    """A gap or another order is refused."""
    warehouse = Warehouse()
    for last in (10, 20, 30):
        warehouse.load({"access.log": lines(0, last)})
    slices = [item.object for item in warehouse.loaded.values()]
    with pytest.raises(ValueError, match="consecutive"):
        merged_slice([slices[number] for number in keep])


def _is_piece(item: LoadedObject) -> bool:
    """Whether it is a slice that was not merged."""
    part = item.object.slice
    return part is not None and part.start < part.stop and not part.pieces


class Walk(RuleBasedStateMachine):
    """A log that is written, rotated, copied, compressed and deleted at random, with runs in between."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.final: set[str] = set()
        self.written: list[bytes] = []
        self.number = 0
        self.rotations = 0
        self.warehouse = Warehouse()
        self.seen: set[str] = set()

    @initialize(name=st.sampled_from(["access.log", "x"]))
    def begin(self, name: str) -> None:
        """Start with an empty folder."""
        self.name = name
        self.files = {name: b""}

    def _line(self) -> bytes:
        self.number += 1
        line = b"192.0.2.%d - - line %d %s" % (self.number % 200, self.number, b"x" * (self.number * 37 % 90))
        self.written.append(line)
        return line + b"\n"

    @rule(count=st.sampled_from([1, 1, 2, 7, 60, 300]))
    def append(self, count: int) -> None:
        """Write lines."""
        self.files[self.name] += b"".join(self._line() for _ in range(count))
        self.seen.discard(self.name)

    @rule(cut=st.integers(1, 30))
    def append_in_two(self, cut: int) -> None:
        """Write a line in two pieces, with a run between them."""
        line = self._line()
        self.files[self.name] += line[:-cut]
        self.warehouse.load(self.files, final=self.final)
        self.files[self.name] += line[-cut:]
        self.seen.discard(self.name)

    def _shift(self) -> None:
        """Rename `x.2.gz` to `x.3.gz`, and so on."""
        self.rotations += 1
        renamed: dict[str, bytes] = {}
        final, seen = set(), set()
        for key, text in self.files.items():
            new = key
            if key != self.name:
                number, dot, ending = key.removeprefix(self.name + ".").partition(".")
                new = f"{self.name}.{int(number) + 1}{dot}{ending}"
            renamed[new] = text
            if key in self.final:
                final.add(new)
            if key in self.seen:
                seen.add(new)
        self.files, self.final, self.seen = renamed, final, seen

    @rule()
    def rotate(self) -> None:
        """Rename the log, and start a new one."""
        self._shift()
        if self.name in self.seen:
            self.seen.add(f"{self.name}.1")
        self.files[f"{self.name}.1"] = self.files[self.name]
        self.files[self.name] = b""
        self.seen.discard(self.name)

    @rule(look_between=st.booleans(), share=st.floats(0, 1))
    def copy_and_cut(self, look_between: bool, share: float) -> None:  # noqa: FBT001 - hypothesis gives it
        """Copy and truncate the log (`copytruncate`), with a run while it is copied."""
        self._shift()
        text = self.files[self.name]
        if look_between:
            self.files[f"{self.name}.1"] = text[: int(share * len(text))]
            self.warehouse.load(self.files, final=self.final)
        self.files[f"{self.name}.1"] = text
        self.seen.discard(f"{self.name}.1")
        self.files[self.name] = b""
        self.seen.discard(self.name)

    @precondition(lambda self: any(key != self.name and key not in self.final for key in self.files))
    @rule(data=st.data())
    def compress(self, data: st.DataObject) -> None:
        """Compress a log that is not written any more."""
        key = data.draw(
            st.sampled_from(sorted(key for key in self.files if key != self.name and key not in self.final))
        )
        both = data.draw(st.booleans())
        self.files[f"{key}.gz"] = self.files[key]
        self.final.add(f"{key}.gz")
        if key in self.seen:
            self.seen.add(f"{key}.gz")
        if both:
            self.warehouse.load(self.files, final=self.final)
        del self.files[key]
        self.seen.discard(key)

    @precondition(lambda self: bool(self.seen - {self.name}))
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Delete a log that a run has read since it was last written."""
        key = data.draw(st.sampled_from(sorted(self.seen - {self.name})))
        del self.files[key]
        self.final.discard(key)
        self.seen.discard(key)

    @rule()
    def apply(self) -> None:
        """Find and load everything."""
        self.warehouse.load(self.files, final=self.final)
        self.seen = set(self.files)

    @precondition(lambda self: any(map(_is_piece, self.warehouse.loaded.values())))
    @rule(data=st.data(), most=st.integers(1, 5))
    def merge(self, data: st.DataObject, most: int) -> None:
        """Merge slices; this must not change what the next run finds."""
        keys = sorted(item.object.key for item in self.warehouse.loaded.values() if _is_piece(item))
        before = self.warehouse.look(self.files, final=self.final)
        self.warehouse.merge(data.draw(st.sampled_from(keys)), most)
        after = self.warehouse.look(self.files, final=self.final)
        assert (after.new, after.changed.keys(), after.files) == (before.new, before.changed.keys(), before.files)

    @invariant()
    def nothing_is_loaded_twice(self) -> None:
        """No line is ever loaded twice."""
        assert len(self.warehouse.lines) == len(set(self.warehouse.lines))

    def teardown(self) -> None:
        """Check that everything that was written is loaded at the end."""
        self.warehouse.load(self.files, final=self.final)
        assert self.warehouse.lines == sorted(self.written)


Walk.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWalk = Walk.TestCase
