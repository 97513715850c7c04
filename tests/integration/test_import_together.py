"""Import steps of a task that are read together: each has the results that it would have alone."""

import contextlib
import dataclasses
import datetime as dt
import gzip
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from format_samples import SAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st
from import_step import ALL, BY_DATABASE, DAY, GOOD, NATIVE, Workshop, database, line, text
from logs import combined_log, common_log, gzipped
from memory_recorder import MemoryRecorder

from mtc.core.errors import InterruptedRunError, TransientError
from mtc.core.model import LoadedObject, SourceObject, Stage, StepId, Verdict
from mtc.formats.settings import Filters
from mtc.plan.work import ImportWork, PlannedStep, Task
from mtc.sources.folder import FolderSource
from mtc.sources.source import Progress, ignore
from mtc.sources.url_pattern import SourceUrl
from mtc.stages.import_.bundles import Bundling
from mtc.stages.stage import Fact, ObjectDropped, ObjectLoaded, StepDone, StepFailed

Logs = Mapping[str, bytes]
"""The objects of a day."""


@dataclasses.dataclass
class Recorder(MemoryRecorder):
    """Keeps facts, counts in how many records they came, and interrupts the run at one of the checks."""

    records: int = 0
    checks_left: int = -1

    def record(self, *facts: Fact) -> None:
        """Keep the facts."""
        super().record(*facts)
        self.records += bool(facts)

    def check(self) -> None:
        """Interrupt the run if it is time to."""
        self.checks_left -= 1
        if self.checks_left == 0:
            raise InterruptedRunError(15)


def steps_of(workshop: Workshop, days: Sequence[Logs]) -> list[PlannedStep]:
    """Write the logs of consecutive days, and plan their import."""
    planned = []
    for number, logs in enumerate(days):
        day = DAY + dt.timedelta(days=number)
        objects = [workshop.write(f"{day}/{name}", data) for name, data in logs.items()]
        work = ImportWork(load=tuple(objects), made_with="0123456789abcdef")
        planned.append(PlannedStep(StepId(Stage.IMPORT, "docs", day), Verdict.NEW, work=work))
    return planned


def run(
    workshop: Workshop,
    steps: Sequence[PlannedStep],
    filters: Filters,
    zone: str = "UTC",
    bundling: Bundling = BY_DATABASE,
) -> Recorder:
    """Run the steps as one task; assert that no unfinished file is left."""
    recorder = Recorder()
    stage = workshop.stage(filters, zone=zone, bundling=bundling)
    try:
        stage.run(Task(Stage.IMPORT, tuple(steps)), recorder)
    except Exception as error:  # noqa: BLE001 - the engine records it for each step without an end
        over = recorder.receipts
        recorder.record(*(StepFailed(each.step, error) for each in steps if each.step not in over))
    assert not [file for file in workshop.files() if file.startswith(".staging")]
    assert not list((workshop.root / ".mtc" / "spool").glob("*"))
    return recorder


def results(workshop: Workshop, facts: Sequence[Fact]) -> dict[str, object]:
    """Everything that came out: of each step its objects and how it ended, of each file what it contains."""
    found: dict[str, object] = {}
    for fact in facts:
        if isinstance(fact, ObjectLoaded):
            found[f"{fact.step} {fact.loaded.object.key}"] = _undated(fact.loaded)
        elif isinstance(fact, StepDone):
            found[f"{fact.receipt.step}"] = fact.receipt
        elif isinstance(fact, StepFailed):
            found[f"{fact.step}"] = (type(fact.error), str(fact.error))
    for file in workshop.files():
        path = workshop.warehouse / file
        found[file] = _rows(path) if path.suffix == ".parquet" else path.read_bytes()
    return found


def _undated(loaded: LoadedObject) -> LoadedObject:
    """The object as it is whenever its file was written: the id of an object is made of key, size and time."""
    return dataclasses.replace(loaded, object=dataclasses.replace(loaded.object, modified=0))


def _rows(path: Path) -> list[tuple[object, ...]]:
    with database().cursor() as connection:
        query = "SELECT * FROM read_parquet($file, hive_partitioning = false)"
        found = connection.execute(query, {"file": str(path)})
        return [tuple(name for name, *_ in found.description or ()), *found.fetchall()]


def is_same_together(
    folder: Path,
    days: Sequence[Logs],
    filters: Filters = GOOD,
    zone: str = "UTC",
    bundling: Bundling = BY_DATABASE,
) -> tuple[Recorder, Recorder]:
    """Run the steps of some days together and each alone, and assert that the results are the same."""
    workshop = Workshop(folder / "project")
    steps = steps_of(workshop, days)
    together = run(workshop, steps, filters, zone, bundling)
    found = results(workshop, together.facts)
    workshop.warehouse.mkdir(parents=True, exist_ok=True)
    workshop.warehouse.rename(folder / "warehouse-of-all")
    alone = [run(workshop, [step], filters, zone, bundling) for step in steps]
    expected = results(workshop, [fact for recorder in alone for fact in recorder.facts])
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == value, name
    assert together.lines == sum(recorder.lines for recorder in alone)
    assert together.size == sum(recorder.size for recorder in alone)
    return together, alone[0]


def good_day(number: int) -> Logs:
    """A day with two objects: some hits are of the night before, and some lines are rejected."""
    day = DAY + dt.timedelta(days=number)
    return {"a.log": combined_log(day, f"a{number}", 80, bad=2), "b.log.gz": gzipped(combined_log(day, f"b{number}"))}


@pytest.mark.parametrize(("zone", "bundling"), [("Asia/Kathmandu", NATIVE), ("America/New_York", BY_DATABASE)])
def test_days_read_together_are_the_same_as_alone(zone: str, bundling: Bundling, tmp_path: Path) -> None:
    """Parts, accounting, rejected lines, receipts and notes; and the objects are recorded at once."""
    together, _ = is_same_together(tmp_path, [good_day(number) for number in range(6)], zone=zone, bundling=bundling)
    assert together.records == 2


def test_days_in_different_formats_are_the_same_together_as_alone(tmp_path: Path) -> None:
    """A format is chosen for each step as if it were alone; a day whose lines cannot be read fails alone."""
    days = [{f"{sample.format}.log": sample.text.encode(sample.encoding)} for sample in SAMPLES[::3]]
    is_same_together(tmp_path, days)


BAD_DAYS: tuple[Logs, ...] = (
    {},
    {"a.log": b""},
    {"a.log": b"", "b.log": text(line("/after-an-empty-one"))},
    {"a.log": text(*["this is no line of an access log"] * 200)},
    {"a.log": text(*[line("/a")] * 150, *["no line"] * 50)},
    {"a.log": text(line("/bytes")) + b"\xff\xfe \x00 \xe9\n" + text(line("/caf\xe9"))},
    {"a.log": b"\xef\xbb\xbf" + text(line("/crlf")).replace(b"\n", b"\r\n") + line("/no-end").encode()},
    {"a.log.gz": gzip.compress(text(*[line("/cut")] * 50))[:-9]},
    {"a.log.gz": b"\x1f\x8b\x08\x00 damaged"},
    {"a.log": text(*[""] * 5)},
    {"a.log": text(line("/a")), "b.log": common_log(DAY, "b"), "c.log": text(line("/c"))},
    {"a.log": text(line("/long" + "x" * 200_000), line("/q\rr"), line("/t\\x22"))},
    {"a.log": text(line(time="01/May/1999:10:00:00 +0000"), line(time="31/Dec/2030:23:59:59 -1200"))},
    {"a.log": text("#Software: x", "#Fields: date time c-ip cs-method cs-uri-stem sc-status",
                   "2026-05-01 10:00:00 192.0.2.1 GET /w3c 200", "#Fields: date time cs-uri-stem c-ip sc-status",
                   "2026-05-01 10:00:01 /w3c-changed 192.0.2.2 200")},
)  # fmt: skip


def test_bad_days_fail_alone_and_the_others_are_imported(tmp_path: Path) -> None:
    """Each with its own message, wherever they stand among the others."""
    days = [logs for number, bad in enumerate(BAD_DAYS) for logs in (good_day(number), bad)]
    together, _ = is_same_together(tmp_path, days, bundling=NATIVE)
    failed = [fact for fact in together.facts if isinstance(fact, StepFailed)]
    assert len(failed) == 4
    assert len(together.receipts) == len(days) - len(failed)


def test_days_of_which_all_lines_may_be_rejected_are_the_same_together(tmp_path: Path) -> None:
    """Notes on unknown formats belong to their step."""
    is_same_together(tmp_path, [*BAD_DAYS, *map(good_day, range(3))], ALL)


POOL = (
    line("/a"), line("/b?c=d"), line("/x.css"), line("/gone", status=404), line("/bot", agent="Googlebot/2.1"),
    line("/late", time="02/May/2026:00:10:00 +0000"), line("/early", time="30/Apr/2026:23:50:00 +0000"), "",
    "no line", line(agent="-"), line("/\\x16"), line('/"quoted"'), line(time="01/Nov/2026:10:00:00 +0000"),
)  # fmt: skip
DAYS = st.lists(
    st.dictionaries(st.sampled_from(["a.log", "b.log", "c.log"]), st.lists(st.sampled_from(POOL), max_size=8)),
    min_size=2,
    max_size=5,
)


@given(days=DAYS)
@settings(max_examples=8, deadline=None)
def test_any_days_are_the_same_together_as_alone(days: list[dict[str, list[str]]]) -> None:
    """Whatever lines they have."""
    bundling = NATIVE if len(days) % 2 else BY_DATABASE
    with tempfile.TemporaryDirectory() as folder:
        logs = [{name: text(*lines) for name, lines in day.items()} for day in days]
        is_same_together(Path(folder), logs, ALL, "Europe/Paris", bundling)


def test_an_object_that_changes_meanwhile_fails_its_step_alone(tmp_path: Path) -> None:
    """The other steps of the task are imported."""
    workshop = Workshop(tmp_path)
    steps = steps_of(workshop, [good_day(number) for number in range(4)])
    workshop.write(f"{DAY + dt.timedelta(days=2)}/a.log", text(line("/other")))
    recorder = run(workshop, steps, GOOD)
    assert [fact.step.day.day for fact in recorder.facts if isinstance(fact, StepFailed)] == [3]
    assert sorted(step.day.day for step in recorder.receipts) == [1, 2, 4]


@dataclasses.dataclass(frozen=True)
class BusySource(FolderSource):
    """A folder of which the objects of a day cannot be read for now; `asked` are the keys that were tried."""

    busy: str = ""
    asked: list[str] = dataclasses.field(default_factory=list)

    def fetch(self, obj: SourceObject, spool: Path, *, progress: Progress = ignore) -> Path:
        """Refuse the objects of that day."""
        self.asked.append(obj.key)
        if obj.key.startswith(self.busy):
            raise TransientError("busy", where=obj.key)
        return super().fetch(obj, spool, progress=progress)


def test_an_object_that_cannot_be_fetched_for_now_is_not_asked_for_at_once_again(tmp_path: Path) -> None:
    """Its step fails with that error, so that the engine tries it again after a pause; the others are imported."""
    workshop = Workshop(tmp_path)
    steps = steps_of(workshop, [good_day(number) for number in range(5)])
    pattern = SourceUrl.compile("logs/{date:%Y-%m-%d}.log", "docs")
    source = BusySource(tmp_path / "logs", pattern, busy=str(steps[2].step.day))
    recorder = Recorder()
    workshop.stage(GOOD, source=source).run(Task(Stage.IMPORT, tuple(steps)), recorder)
    assert [fact.step for fact in recorder.facts if isinstance(fact, StepFailed)] == [steps[2].step]
    assert len(recorder.receipts) == 4
    assert [key for key in source.asked if key.startswith(source.busy)] == [f"{source.busy}/a.log"]


def test_dropped_objects_are_recorded_and_kept_ones_counted(tmp_path: Path) -> None:
    """A step that only drops objects shares the task."""
    workshop = Workshop(tmp_path)
    first, second, third = steps_of(workshop, [good_day(number) for number in range(3)])
    loaded = [fact.loaded for fact in run(workshop, [first], GOOD).facts if isinstance(fact, ObjectLoaded)]
    again = dataclasses.replace(first, work=ImportWork(drop=(loaded[0],), keep=(loaded[1],)))
    recorder = run(workshop, [again, second, third], GOOD)
    assert [fact.key for fact in recorder.facts if isinstance(fact, ObjectDropped)] == [loaded[0].object.key]
    assert recorder.receipts[first.step].figures["lines"] == loaded[1].accounting.lines
    assert len(recorder.receipts) == 3


def test_objects_of_the_same_name_are_not_read_together(tmp_path: Path) -> None:
    """Two steps with one object would write the same part."""
    workshop = Workshop(tmp_path)
    first, second = steps_of(workshop, [good_day(0), good_day(1)])
    twice = dataclasses.replace(second, work=first.work)
    recorder = run(workshop, [first, twice], GOOD)
    assert len(recorder.receipts) == 2
    assert recorder.records == 4  # each its objects and its end


def test_an_interrupt_ends_a_group_at_once(tmp_path: Path) -> None:
    """Nothing is recorded that is not in place, and no step counts as failed."""
    workshop = Workshop(tmp_path)
    steps = steps_of(workshop, [good_day(number) for number in range(6)])
    recorder = Recorder(checks_left=6)
    with pytest.raises(InterruptedRunError):
        workshop.stage(GOOD).run(Task(Stage.IMPORT, tuple(steps)), recorder)
    assert recorder.facts == []
    assert [file for file in workshop.files() if ".staging" not in file] == []
    with contextlib.suppress(FileNotFoundError):
        assert list((workshop.root / ".mtc" / "spool").iterdir()) == []
