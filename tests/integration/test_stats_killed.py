"""Processes that are killed while they write `.stat` and CSV files: the same again makes all of it right."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import datetime as dt, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from stat_hits import Hit, connect, csv_step, project, stat_step, task, write_part
from memory_recorder import MemoryRecorder
from mtc.stages.csv import CsvStage
from mtc.stages.stat.stat_stage import StatStage

plan = project(Path(sys.argv[1]))
days = [dt.date(2025, 1, 1) + dt.timedelta(days=n) for n in range(100)]
steps = [
    stat_step([write_part(plan.warehouse, [Hit(f"{day} 08:00:00"), Hit(f"{day} 08:01:00", "/a")], day=day)], day=day)
    for day in days
]
StatStage(plan, connect).run(task(*steps), MemoryRecorder())
CsvStage(plan).run(task(*[csv_step(day=day) for day in days]), MemoryRecorder())
"""
SUPPORT = Path(__file__).parents[1] / "support"


def run(root: Path, crash_at: str = "") -> int:
    environment = {"MTC_CRASH_AT": crash_at} if crash_at else {}
    command = [sys.executable, "-c", SCRIPT, str(root), str(SUPPORT)]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for folder in ("stats", "csv")
        for path in (root / folder).rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run makes that nothing interrupts."""
    root = tmp_path_factory.mktemp("whole")
    assert run(root) == 0
    return tree(root)


@pytest.mark.parametrize(
    "point", ["stat.before", "stat.written", "stat.before:2", "stat.written:2", "csv.before", "csv.written"]
)
def test_a_run_after_a_kill_ends_where_an_undisturbed_one_does(
    tmp_path: Path, whole: dict[str, bytes], point: str
) -> None:
    """100 days in two sets: killed at each point, then run again; every byte is the same, and nothing is left over."""
    assert run(tmp_path, point) == -signal.SIGKILL
    for name, data in tree(tmp_path).items():
        assert whole[name] == data, "a file that is there is whole"
    assert run(tmp_path) == 0
    assert tree(tmp_path) == whole
