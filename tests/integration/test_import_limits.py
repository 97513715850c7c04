"""When an object may not be loaded: too many lines that cannot be read, or a file that changes under the reader."""

import dataclasses
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from import_step import ALL, BY_DATABASE, GOOD, NATIVE, Outcome, Workshop, line, text, touch_later
from memory_recorder import MemoryRecorder

from mtc.core.errors import ObjectChangedError, PermanentError
from mtc.core.model import SourceObject
from mtc.formats.settings import Filters
from mtc.plan.work import ImportWork
from mtc.sources.folder import FolderSource
from mtc.sources.source import Progress, ignore
from mtc.stages.import_ import bundles, format_choice
from mtc.stages.import_.bundles import Bundling
from mtc.stages.stage import ObjectLoaded, StepDone

HALF_READ = Bundling(2000)


def mixed(good: int, bad: int) -> bytes:
    """A file with so many lines of each kind."""
    return text(*[line(f"/{number}") for number in range(good)], *[f"junk {number}" for number in range(bad)])


def test_as_many_rejected_lines_as_are_allowed_are_allowed(tmp_path: Path) -> None:
    """Five of a hundred."""
    outcome = Workshop(tmp_path).read(mixed(95, 5), GOOD)
    assert (outcome.accounting().hits, outcome.accounting().rejected) == (95, {"malformed": 5})


@pytest.mark.parametrize("bundling", [BY_DATABASE, NATIVE, HALF_READ], ids=["by the database", "native", "in slices"])
def test_one_more_fails_the_step_and_leaves_nothing(tmp_path: Path, bundling: Bundling) -> None:
    """Six of a hundred: neither hits nor half-made files stay. The message shows the first of the lines."""
    workshop = Workshop(tmp_path)
    with pytest.raises(PermanentError) as refusal:
        workshop.read(mixed(94, 6), GOOD, bundling=bundling)
    assert workshop.files() == []
    assert refusal.value.where == "a.log"
    shown = [f"line {95 + number} (malformed): junk {number}" for number in range(3)]
    assert refusal.value.what == f"6 of 100 lines could not be read as combined: {'; '.join(shown)}"
    assert "filters.max_rejected" in refusal.value.hint


def test_a_small_object_never_fails_for_its_lines(tmp_path: Path) -> None:
    """Under a hundred lines a share says nothing."""
    outcome = Workshop(tmp_path).read(mixed(1, 98), Filters(max_rejected=0))
    assert outcome.accounting().rejected == {"malformed": 98}


@pytest.mark.parametrize(
    ("share", "bad", "passes"), [(0.0, 0, True), (0.0, 1, False), (1.0, 100, True), (0.5, 51, False)]
)
def test_the_share_is_what_the_manifest_says(tmp_path: Path, share: float, bad: int, *, passes: bool) -> None:
    """From none at all to all of them."""
    workshop = Workshop(tmp_path)
    data, filters = mixed(100 - bad, bad), Filters(max_rejected=share)
    if passes:
        assert workshop.read(data, filters).accounting().lines == 100
    else:
        with pytest.raises(PermanentError):
            workshop.read(data, filters)


def of_another_program(lines: int) -> bytes:
    """A file of JSON lines that hold no request."""
    return text(*[f'{{"level": "info", "msg": "tick {number}"}}' for number in range(lines)])


@pytest.mark.parametrize(
    ("lines", "share", "passes"), [(100, 0.05, False), (99, 0.05, True), (100, 1.0, True)],
)  # fmt: skip
def test_a_log_without_one_line_of_its_format_is_no_quiet_day(
    tmp_path: Path, lines: int, share: float, *, passes: bool
) -> None:
    """Caddy's other lines are passed over, but a file of nothing else is in another format."""
    workshop = Workshop(tmp_path)
    data, filters = of_another_program(lines), Filters(max_rejected=share)
    if passes:
        assert workshop.read(data, filters, form="caddy").accounting().filtered == {"other": lines}
    else:
        with pytest.raises(PermanentError, match="none of the 100 lines is a request in the format caddy"):
            workshop.read(data, filters, form="caddy")


@pytest.mark.parametrize("form", ["combined", "haproxy", "nginx_json", "ltsv"])
@pytest.mark.parametrize("lines", [1, 2, 90])
def test_an_object_of_which_nothing_could_be_read_fails_at_any_size(tmp_path: Path, lines: int, form: str) -> None:
    """One line is enough, whatever else that says nothing stands around it; the manifest may allow it."""
    data = text(*["junk"] * lines, "", "2026/05/01 10:05:03 [notice] 1#1: start worker process 30")
    with pytest.raises(
        PermanentError, match=rf"none of its {lines + 2} lines could be read as {form}: line 1 "
    ) as refusal:
        Workshop(tmp_path).read(data, GOOD, form=form)
    assert "max_rejected: 1" in refusal.value.hint
    allowed = Workshop(tmp_path).read(data, Filters(max_rejected=1), form=form).accounting()
    assert (allowed.rejected, allowed.filtered) == ({"malformed": lines}, {"blank": 1, "other": 1})


@pytest.mark.parametrize(
    "data",
    [text(r'192.0.2.1 - - [01/May/2026:10:05:03 +0000] "\x16\x03\x01" 400 150 "-" "-"'),
     text(r'192.0.2.1 - - [01/May/2026:10:05:03 +0000] "\x16\x03\x01" 200 150 "-" "-"'),
     text('192.0.2.1 - - [01/May/2026:10:05:03 +0000] "-" 408 - "-" "-"'), text(""), text("", "AH00558: httpd: ...")],
    ids=["an error", "no request", "a time-out", "blank", "a message"],
)  # fmt: skip
def test_an_object_of_one_line_that_is_no_hit_is_read(tmp_path: Path, data: bytes) -> None:
    """A scanner's visit, a time-out, a start: that is all that there was."""
    assert Workshop(tmp_path).read(data, Filters(max_rejected=0)).accounting().hits == 0


def test_many_small_objects_are_judged_together(tmp_path: Path) -> None:
    """Each has too few lines to judge; the step has not, also when it is tried again and all of them are kept."""
    workshop = Workshop(tmp_path)
    objects = tuple(workshop.write(f"{number}.log", mixed(9, 1)) for number in range(20))
    stage, recorder = workshop.stage(form="combined"), MemoryRecorder()
    with pytest.raises(
        PermanentError, match=r"20 of the step's 200 lines, in 20 objects, could not be read: 0\.log line"
    ):
        workshop.load(stage, ImportWork(load=objects), recorder)
    kept = tuple(fact.loaded for fact in recorder.facts if isinstance(fact, ObjectLoaded))
    assert len(kept) == 20
    with pytest.raises(PermanentError, match="20 of the step's 200 lines"):
        workshop.load(stage, ImportWork(keep=kept), MemoryRecorder())


def test_small_objects_of_messages_are_told_and_a_step_of_them_is_no_quiet_day(tmp_path: Path) -> None:
    """A container that was started and not asked is named; a hundred such lines and nothing else fail."""
    workshop = Workshop(tmp_path)
    good, quiet = workshop.write("1.log", mixed(5, 0)), workshop.write("2.log", of_another_program(3))
    recorder = MemoryRecorder()
    workshop.load(workshop.stage(), ImportWork(load=(good, quiet)), recorder)
    (done,) = [fact for fact in recorder.facts if isinstance(fact, StepDone)]
    assert done.receipt.notes == ("2.log: messages of a server and no request",)
    objects = tuple(workshop.write(f"m{number}.log", of_another_program(60)) for number in range(2))
    with pytest.raises(
        PermanentError, match="none of the step's 120 lines is a request: they are messages of a server"
    ):
        workshop.load(workshop.stage(), ImportWork(load=objects), MemoryRecorder())


@pytest.mark.parametrize("bundling", [BY_DATABASE, NATIVE], ids=["by the database", "native"])
def test_very_many_lines_are_read_in_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundling: Bundling
) -> None:
    """However short they are: memory goes with their number. Each is accounted for, in its place."""
    monkeypatch.setattr(bundles, "MOST_LINES", 1000)  # a real limit would need a file of megabytes
    data = b"\n" * 2500 + mixed(40, 1) + b"\n" * 2500
    outcome = Workshop(tmp_path).read(data, GOOD, bundling=bundling)
    account = outcome.accounting()
    assert (account.lines, account.hits, account.filtered) == (5041, 40, {"blank": 5000})
    assert account.rejected == {"malformed": 1}


def test_a_very_long_object_in_a_wrong_format_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing could be read of its first slices, the rest is not waited for."""
    monkeypatch.setattr(format_choice, "_ENOUGH_TO_STOP", 500)  # as above
    with pytest.raises(PermanentError) as refusal:
        Workshop(tmp_path).read(mixed(0, 5000), GOOD, form="combined", bundling=HALF_READ)
    assert int(refusal.value.what.split()[0]) < 2500


def test_lines_that_are_filtered_or_blank_are_not_rejected(tmp_path: Path) -> None:
    """A log of errors and blank lines is no wrong format."""
    data = text(*[line(status=404)] * 60, *[""] * 60)
    assert Workshop(tmp_path).read(data, Filters(max_rejected=0)).accounting().filtered == {"blank": 60, "error": 60}


def test_one_bad_object_keeps_its_neighbours_out_until_the_step_is_tried_again(tmp_path: Path) -> None:
    """Objects of one bundle go in together or not at all; nothing is left that nobody lists."""
    workshop = Workshop(tmp_path)
    good, bad = workshop.write("1.log", mixed(5, 0)), workshop.write("2.log", mixed(0, 100))
    with pytest.raises(PermanentError, match=r"2\.log"):
        workshop.run(good, bad, stage=workshop.stage(form="combined"))
    assert workshop.files() == []


def test_a_large_bad_object_does_not_take_the_hits_of_a_good_one_with_it(tmp_path: Path) -> None:
    """Where its first slice shares a file with an object that is recorded, that object's hits stay."""
    workshop = Workshop(tmp_path)
    good, bad = workshop.write("1.log", mixed(5, 0)), workshop.write("2.log", mixed(90, 90))
    stage = workshop.stage(form="combined", bundling=HALF_READ)
    recorder = MemoryRecorder()
    with pytest.raises(PermanentError, match=r"2\.log: 90 of 180 lines"):
        workshop.load(stage, ImportWork(load=(good, bad)), recorder)
    outcome = Outcome(workshop.warehouse, recorder)
    assert [hit.path for hit in outcome.hits("1.log")] == ["/0", "/1", "/2", "/3", "/4"]
    assert workshop.files() == [part.file for part in outcome.only.parts]


def test_a_failing_reload_leaves_what_was_loaded_before(tmp_path: Path) -> None:
    """The same object under stricter rules: the state still lists its old part, and that is still there."""
    workshop = Workshop(tmp_path)
    obj = workshop.write("a.log", mixed(94, 6))
    old = workshop.run(obj, stage=workshop.stage(ALL))
    before = [(file, (workshop.warehouse / file).read_bytes()) for file in workshop.files()]
    with pytest.raises(PermanentError):
        workshop.load(workshop.stage(GOOD), ImportWork(load=(obj,), replaced=(old.only,)))
    assert [(file, (workshop.warehouse / file).read_bytes()) for file in workshop.files()] == before


@dataclasses.dataclass(frozen=True, slots=True)
class Meddling(FolderSource):
    """A folder in which somebody does something to each file just after it was handed out."""

    meddle: Callable[[Path], None] = touch_later

    def fetch(self, obj: SourceObject, spool: Path, *, progress: Progress = ignore) -> Path:
        """Give the file, then meddle with it."""
        path = FolderSource.fetch(self, obj, spool, progress=progress)
        self.meddle(path)
        return path


def append(path: Path) -> None:
    """A server goes on writing."""
    with path.open("ab") as stream:
        stream.write(text(line("/late")))


def truncate(path: Path) -> None:
    """A rotation empties the file in place."""
    with path.open("r+b") as stream:
        stream.truncate(stream.seek(0, 2) // 2)


@pytest.mark.parametrize("bundling", [BY_DATABASE, NATIVE, HALF_READ], ids=["by the database", "native", "in slices"])
@pytest.mark.parametrize("meddle", [touch_later, append, truncate, Path.unlink])
@pytest.mark.parametrize("data", [mixed(40, 0), gzip.compress(mixed(40, 0)), b"\0" * 50], ids=["plain", "gzip", "junk"])
def test_a_file_that_changes_while_it_is_read_is_looked_at_again(
    tmp_path: Path, bundling: Bundling, meddle: Callable[[Path], None], data: bytes
) -> None:
    """Whatever came of reading it: the step is tried again after a new listing, and nothing of it is left."""
    workshop = Workshop(tmp_path)
    obj = workshop.write("a.log", data)
    folder = workshop.source()
    source = Meddling(folder.root, folder.pattern, meddle)
    with pytest.raises(ObjectChangedError):
        workshop.run(obj, stage=workshop.stage(source=source, bundling=bundling))
    assert workshop.files() == []
