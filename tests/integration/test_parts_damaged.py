"""Damaged parts and `.stat` files: an error with a fix, and never wrong numbers."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rig import Listener
from stored import parts_of
from trial import DAYS, Trial

from mtc.core.errors import EXIT_FAILED, EXIT_OK
from mtc.core.events import StepFinished
from mtc.core.model import Stage, Status, StepId
from mtc.engine import recovery, session
from mtc.engine.selection import ApplyRequest, Scope
from mtc.manifest.dates import Dates
from mtc.manifest.load import load
from mtc.state.store import Store
from mtc.verify.verify import verify

MANIFEST = """\
version: 1
dates: {{from: {first}, to: {last}}}
source: {{url: "logs/{{site}}/{{date:%Y-%m-%d}}*.log*"}}
run: {{jobs: {jobs}, retries: 0}}
sites: {{docs: {{url: "https://docs.example.org"}}}}
"""
STAT = StepId(Stage.STAT, "docs", DAYS[0])
FLIPS = 40


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A project of one site and three days, applied."""
    trial = Trial.make(tmp_path_factory.mktemp("parts") / "project", jobs=1, manifest=MANIFEST).with_logs()
    assert apply(trial)[0] == EXIT_OK
    return trial


@pytest.fixture
def trial(made: Trial, tmp_path: Path) -> Trial:
    """A copy of the applied project."""
    return made.copy(tmp_path / "project")


def apply(
    trial: Trial,
    *stages: Stage,
    dates: Dates | None = None,
    remake: bool = False,
    accepted: frozenset[str] = frozenset(),
) -> tuple[int, Listener]:
    """Apply the project in this process."""
    listener = Listener()
    request = ApplyRequest(
        load(trial.root / "mtc.yaml"), Scope((), stages, dates), "mtc apply", accepted_sites=accepted, remake=remake
    )
    return session.apply(request, listener), listener


def part_of(trial: Trial, day: int = 0) -> Path:
    """Return the first part of a day."""
    return min((trial.root / "warehouse/hits/site=docs").glob(f"date={DAYS[day]}/*.parquet"))


def flip(path: Path, bit: int) -> None:
    """Flip one bit of a file."""
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(data)


def stat_files(trial: Trial) -> dict[str, bytes]:
    """Return every `.stat` file with its content."""
    return {path.name: path.read_bytes() for path in (trial.root / "stats/docs").glob("*.stat")}


def forget(trial: Trial, *steps: StepId) -> None:
    """Make the state forget steps, so that they run again."""
    recovery.forget(load(trial.root / "mtc.yaml"), steps, "mtc state forget")


def test_every_flipped_bit_of_a_part_is_detected(made: Trial, tmp_path: Path) -> None:
    """A flipped bit fails the step with the part and a fix, and the `.stat` file stays as it was."""
    size = part_of(made).stat().st_size
    dice = random.Random(5)
    trial = made.copy(tmp_path / "project")
    forget(trial, STAT)
    whole, before = part_of(trial), stat_files(trial)
    data = whole.read_bytes()
    for bit in sorted(dice.sample(range(size * 8), FLIPS)):
        flip(whole, bit)
        code, listener = apply(trial, Stage.STAT, dates=DAYS[0].isoformat())
        (failed,) = [event for event in listener.heard(StepFinished) if event.status is Status.FAILED]
        assert code == EXIT_FAILED
        assert "the part is damaged: it is not as it was written" in failed.error
        assert f"mtc import docs {DAYS[0]}" in failed.error
        assert stat_files(trial) == before
        whole.write_bytes(data)  # a quarantined part is not restored automatically
    assert apply(trial)[0] == EXIT_OK
    assert stat_files(trial) == before


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a bit": lambda path: flip(path, 8 * 200),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "another day's": lambda path: shutil.copy(min(path.parents[1].glob(f"date={DAYS[1]}/*.parquet")), path),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_part_is_rebuilt_from_its_log(how: str, trial: Trial) -> None:
    """The run after the failure rebuilds the part from its log, with the same bytes."""
    before, part = stat_files(trial), part_of(trial)
    whole = part.read_bytes()
    DAMAGE[how](part)
    forget(trial, STAT)
    assert apply(trial)[0] == EXIT_FAILED
    assert part.with_name(f"{part.name}.damaged").exists()
    assert apply(trial)[0] == EXIT_OK
    assert (part.read_bytes(), stat_files(trial)) == (whole, before)


def test_a_damaged_part_without_its_log_is_kept_and_reported(trial: Trial) -> None:
    """Without the log, the damaged part is kept and the step keeps failing; a restored part fixes it."""
    before, part = stat_files(trial), part_of(trial)
    whole = part.read_bytes()
    flip(part, 8 * 200)
    for log in (trial.root / "logs/docs").glob(f"{DAYS[0]}*"):
        log.unlink()
    forget(trial, STAT)
    assert apply(trial)[0] == EXIT_FAILED
    for _ in range(2):
        assert apply(trial)[0] == EXIT_FAILED
        assert stat_files(trial) == before
    part.write_bytes(whole)
    assert apply(trial)[0] == EXIT_OK
    assert stat_files(trial) == before


def test_verify_reports_a_damaged_part_and_a_working_fix(trial: Trial) -> None:
    """`verify` finds damage that no run has read, and the suggested `--remake` repairs it."""
    part = part_of(trial)
    assert verify(load(trial.root / "mtc.yaml"), Scope()).agrees
    flip(part, 8 * 200)
    (wrong,) = [one.what for day in verify(load(trial.root / "mtc.yaml"), Scope()).days for one in day.disagreements]
    assert "is not as it was written" in wrong
    assert "--remake" in wrong
    assert apply(trial)[0] == EXIT_OK
    assert apply(trial, remake=True)[0] == EXIT_OK
    assert verify(load(trial.root / "mtc.yaml"), Scope()).agrees


def test_parts_without_a_digest_get_one_when_first_read(trial: Trial) -> None:
    """A part without a recorded digest gets one when it is first read."""
    with Store.open(trial.root / ".mtc/state.db") as store:
        digests = {part.file: part.digest for part in parts_of(store, "docs", DAYS[0])}
        store._connection.execute("UPDATE parts SET digest = NULL")
    forget(trial, STAT)
    assert apply(trial)[0] == EXIT_OK
    with Store.open(trial.root / ".mtc/state.db") as store:
        assert {part.file: part.digest for part in parts_of(store, "docs", DAYS[0])} == digests
        assert {part.digest for part in parts_of(store, "docs", DAYS[1])} == {""}


def test_a_modified_stat_file_is_not_used_for_csv(trial: Trial) -> None:
    """A modified `.stat` file of the same size is detected, even for a day that is not being run."""
    path = trial.root / f"stats/docs/{DAYS[0]}.stat"
    rows = (trial.root / "csv/summary.csv").read_bytes()
    text = path.read_text("utf-8")
    path.write_text(text.replace('"bounces": ', '"bounces":9', 1), "utf-8")
    assert path.stat().st_size == len(text)
    forget(trial, StepId(Stage.CSV, "docs", DAYS[1]))
    code, listener = apply(trial)
    assert code == EXIT_FAILED
    errors = [event.error for event in listener.heard(StepFinished) if event.error]
    assert errors
    assert all(f"{DAYS[0]}.stat: the .stat file is not as it was written" in error for error in errors)
    assert (trial.root / "csv/summary.csv").read_bytes() == rows
