"""The stat stage: steps in, `.stat` files and receipts out."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from memory_recorder import MemoryRecorder
from stat_hits import DAY, Hit, connect, project, settings, stat_step, task, write_part

from mtc.core.errors import InterruptedRunError, PermanentError
from mtc.core.model import Part, Status
from mtc.stages.stage import StepFailed
from mtc.stages.stat.stat_stage import SET_SIZE, StatStage
from mtc.warehouse.stat_document import loads

DAYS = [DAY + dt.timedelta(days=n) for n in range(3)]


def parts(root: Path, days: list[dt.date]) -> list[Part]:
    return [write_part(root / "warehouse", [Hit(f"{day} 08:00:00")], day=day) for day in days]


def test_each_day_gets_its_file_and_its_receipt(tmp_path: Path) -> None:
    """The receipt has the file's path, size and digest, and the numbers people ask for first."""
    recorder, plan = MemoryRecorder(), project(tmp_path)
    steps = [stat_step([part], day=part.day, lines=4) for part in parts(tmp_path, DAYS)]
    StatStage(plan, connect).run(task(*steps), recorder)
    assert list(recorder.receipts) == [planned.step for planned in steps]
    for receipt in recorder.receipts.values():
        (made,) = receipt.outputs
        data = (tmp_path / made.path).read_bytes()
        assert made.path == f"stats/docs/{receipt.step.day}.stat"
        assert (made.size, made.digest) == (len(data), hashlib.sha256(data).hexdigest())
        assert (receipt.status, receipt.figures["visits"], receipt.figures["actions"]) == (Status.DONE, 1, 1)
        assert receipt.accounting is not None
        assert loads(data, made.path).day == receipt.step.day
    assert (recorder.size, recorder.lines) == (0, 3)


def test_the_same_again_writes_the_same_bytes(tmp_path: Path) -> None:
    """Two projects, made at different times from the same hits."""
    found = []
    for name in ("one", "two"):
        (part,) = parts(tmp_path / name, [DAY])
        StatStage(project(tmp_path / name), connect).run(task(stat_step([part])), MemoryRecorder())
        found.append((tmp_path / name / f"stats/docs/{DAY}.stat").read_bytes())
    assert found[0] == found[1]


def test_a_day_of_which_nothing_is_known_is_empty_and_loses_its_file(tmp_path: Path) -> None:
    """Its object has gone: a file of yesterday's numbers would be wrong."""
    plan, recorder = project(tmp_path), MemoryRecorder()
    stale = plan.stats / "docs" / f"{DAY}.stat"
    stale.parent.mkdir(parents=True)
    stale.write_text("old")
    StatStage(plan, connect).run(task(stat_step([]), stat_step([], day=DAYS[1], lines=0)), recorder)
    assert not stale.exists()
    assert [(receipt.status, receipt.outputs) for receipt in recorder.receipts.values()] == [(Status.EMPTY, ())] * 2


def test_a_day_with_lines_but_no_hits_has_a_file_of_zeros(tmp_path: Path) -> None:
    recorder = MemoryRecorder()
    StatStage(project(tmp_path), connect).run(task(stat_step([], lines=7)), recorder)
    (receipt,) = recorder.receipts.values()
    document = loads((tmp_path / receipt.outputs[0].path).read_bytes(), "x")
    assert (receipt.status, document.summary.visits) == (Status.DONE, 0)
    assert document.accounting is not None
    assert document.accounting.lines == 7


def test_a_damaged_part_fails_its_step_and_keeps_its_old_file(tmp_path: Path) -> None:
    """The other days are done; the old numbers stay until there are new ones."""
    plan, recorder = project(tmp_path), MemoryRecorder()
    made = parts(tmp_path, DAYS)
    (plan.warehouse / made[1].file).write_bytes(b"PAR1")
    old = plan.stats / "docs" / f"{DAYS[1]}.stat"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    StatStage(plan, connect).run(task(*[stat_step([part], day=part.day) for part in made]), recorder)
    (failed,) = [fact for fact in recorder.facts if isinstance(fact, StepFailed)]
    assert failed.step.day == DAYS[1]
    assert f"mtc import docs {DAYS[1]}" in str(failed.error)
    assert [step.day for step in recorder.receipts] == [DAYS[0], DAYS[2]]
    assert old.read_text() == "old"


def test_steps_of_several_sites_are_kept_apart(tmp_path: Path) -> None:
    plan, recorder = project(tmp_path, settings(), settings(name="shop", zone="Asia/Tokyo")), MemoryRecorder()
    docs = write_part(plan.warehouse, [Hit("08:00:00")])
    shop = write_part(plan.warehouse, [Hit("08:00:00"), Hit("08:01:00")], site="shop")
    StatStage(plan, connect).run(task(stat_step([shop], site="shop"), stat_step([docs])), recorder)
    assert {step.site: receipt.figures["actions"] for step, receipt in recorder.receipts.items()} == {
        "docs": 1,
        "shop": 2,
    }
    shop_file = loads((plan.stats / "shop" / f"{DAY}.stat").read_bytes(), "x")
    assert shop_file.timezone == "Asia/Tokyo"
    assert [row.label for row in shop_file.tables.hours if row.visits] == ["17"]


@dataclass(slots=True)
class StoppingRecorder(MemoryRecorder):
    """Asks to stop at the so-many-th safe point."""

    after: int = 0

    def check(self) -> None:
        self.after -= 1
        if self.after < 0:
            raise InterruptedRunError(2)


def test_a_stop_between_days_leaves_recorded_days_and_no_half_made_file(tmp_path: Path) -> None:
    """What is recorded is there; what is not recorded may only be whole or absent."""
    plan, recorder = project(tmp_path), StoppingRecorder(after=SET_SIZE + 3)
    days = [DAY + dt.timedelta(days=n) for n in range(SET_SIZE + 10)]
    steps = [stat_step([], day=day, lines=1) for day in days]
    with pytest.raises(InterruptedRunError):
        StatStage(plan, connect).run(task(*steps), recorder)
    assert [step.day for step in recorder.receipts] == days[:SET_SIZE]
    assert sorted(path.name for path in (plan.stats / "docs").iterdir()) == [f"{day}.stat" for day in days[:SET_SIZE]]


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    """Only half-made files of this task's days: another task may be at work on others."""
    plan = project(tmp_path)
    folder = plan.stats / "docs"
    folder.mkdir(parents=True)
    other = f".{DAYS[1]}.stat.0123abcd.tmp"
    for name in (f".{DAY}.stat.0123abcd.tmp", other, "notes.tmp", ".keep"):
        (folder / name).write_text("x")
    StatStage(plan, connect).run(task(stat_step([], lines=1)), MemoryRecorder())
    assert sorted(path.name for path in folder.iterdir()) == sorted([".keep", other, f"{DAY}.stat", "notes.tmp"])


def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """A file lies where the site's folder should be."""
    plan = project(tmp_path)
    plan.stats.mkdir()
    (plan.stats / "docs").write_text("in the way")
    with pytest.raises(PermanentError, match="docs"):
        StatStage(plan, connect).run(task(stat_step([], lines=1)), MemoryRecorder())


def test_stats_outside_the_project_are_named_by_their_whole_path(tmp_path: Path) -> None:
    """`stats: {path: /srv/stats}` is allowed; the output must still be found."""
    plan, recorder = project(tmp_path / "in"), MemoryRecorder()
    object.__setattr__(plan, "stats", tmp_path / "out")
    StatStage(plan, connect).run(task(stat_step([], lines=1)), recorder)
    (receipt,) = recorder.receipts.values()
    assert receipt.outputs[0].path == str(tmp_path / "out" / "docs" / f"{DAY}.stat")
