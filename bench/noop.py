"""How long mtc takes when there is nothing to do: a year of many sites, all up to date.

The state is fed through the planner and the store, as a run would do it, with a log and a part of a few bytes for
each day, as what is timed looks at names and sizes alone. `python bench/noop.py --sites 20 --days 365`.
"""

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from mtc.core.model import Accounting, LoadedObject, Output, Part, Receipt, SourceObject, Stage, Status, StepId
from mtc.core.records import History
from mtc.engine.observe import observe, observe_files
from mtc.engine.selection import Scope, select
from mtc.engine.wiring import source_opener
from mtc.manifest.load import load
from mtc.manifest.project import Project
from mtc.plan.neighbours import NEIGHBOUR
from mtc.plan.planner import make_plan
from mtc.plan.work import ImportWork, Plan, PlannedStep
from mtc.plan.world import Selection
from mtc.state.rows import StepResult
from mtc.state.store import Store
from mtc.state.warehouse_owner import claim
from mtc.warehouse.csv_files import NAMES, file_name
from mtc.warehouse.parts import object_id, part_file

LAST = dt.date(2025, 12, 31)
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
COUNTS = Accounting(1000, 700, {"bot": 100, "static": 190}, {"malformed": 10})
MANIFEST = """\
version: 1
name: noop
dates: {{from: {first}, to: {last}}}
source: {{url: "logs/{{site}}/{{date:%Y-%m-%d}}.log"}}
sites:
{sites}
"""


def make_project(root: Path, sites: int, days: int) -> Project:
    """A manifest, and a log for every site and day."""
    first = LAST - dt.timedelta(days=days - 1)
    names = [f"site{number:02}" for number in range(sites)]
    lines = "\n".join(f'  {name}: {{url: "https://{name}.example.org", timezone: Europe/Paris}}' for name in names)
    (root / "mtc.yaml").write_text(MANIFEST.format(first=first, last=LAST, sites=lines), "utf-8")
    for name in names:
        (root / "logs" / name).mkdir(parents=True)
        for day in range(days):
            (root / "logs" / name / f"{first + dt.timedelta(days=day)}.log").write_bytes(b"a line\n")
    return load(root / "mtc.yaml")


class Filler:
    """Makes a project look as if a run had done all of it."""

    def __init__(self, project: Project, store: Store) -> None:
        self._project = project
        self._store = store
        self._selection = select(project, Scope(), History(), NOW)

    def fill(self) -> None:
        """Import, statistics and CSV of every step."""
        claim(self._project.warehouse, self._store.lineage)
        self._store.begin_run("filled", manifest="mtc.yaml", command="mtc apply", at=NOW)
        csv = tuple(self._file(self._project.csv / name, 10_000) for name in map(file_name, NAMES))
        self._fill_before()
        for stage in Stage:
            work = [planned for planned in self._plan(stage).steps if planned.step.stage is stage]
            self._store.planned(planned.step for planned in work)
            results = [self._result(planned, csv if number == 0 else ()) for number, planned in enumerate(work)]
            with self._store.transaction():
                for planned in work:
                    self._store.step_started(planned.step, run="filled", attempt=1, at=NOW)
                    for item in planned.work.load if isinstance(planned.work, ImportWork) else ():
                        self._store.object_loaded(planned.step, self._loaded(planned, item))
                self._store.steps_done(results, at=NOW)
        self._store.end_run("filled", exit_code=0, counts={}, at=NOW)

    def _fill_before(self) -> None:
        """The day before the first of each site, of which the logs may hold hits of that: there are none."""
        for name, days in self._selection.days.items():
            step = StepId(Stage.IMPORT, name, days[0] - dt.timedelta(days=1))
            self._store.planned([step])
            self._store.steps_done([StepResult(Receipt(step, Status.EMPTY, figures={NEIGHBOUR: 1}), "none")], at=NOW)

    def _plan(self, stage: Stage) -> Plan:
        history = self._store.history(tuple(self._project.sites))
        selection: Selection = replace(self._selection, stages=(stage,))
        if stage is Stage.IMPORT:
            world = observe(self._project, selection, history, source_opener(self._project), print)
        else:
            world = observe_files(self._project, selection, history, {})
        return make_plan(self._project, selection, world, history, NOW)

    def _result(self, planned: PlannedStep, csv: tuple[Output, ...]) -> StepResult:
        outputs: tuple[Output, ...] = ()
        step = planned.step
        if step.stage is Stage.STAT:
            outputs = (self._file(self._project.stats / step.site / f"{step.day}.stat", 2_000),)
        elif step.stage is Stage.CSV:
            outputs = csv
        counts = None if step.stage is Stage.CSV else COUNTS
        receipt = Receipt(step, Status.DONE, outputs, counts, {"visits": 123, "actions": 700, "bytes": 9_999_999})
        checked = NOW if step.stage is Stage.IMPORT else None
        return StepResult(receipt, planned.fingerprint, planned.settings, planned.inputs, checked)

    def _loaded(self, planned: PlannedStep, item: SourceObject) -> LoadedObject:
        """Hits of the object's own day and of the next, as in every zone but UTC."""
        step, identity = planned.step, object_id(item.key, item.version)
        parts = tuple(
            Part(step.site, day, part_file(step.site, day, identity), identity, 350)
            for day in (step.day, step.day + dt.timedelta(days=1))
        )
        for part in parts:
            self._file(self._project.warehouse / part.file, 1)
        made_with = planned.work.made_with if isinstance(planned.work, ImportWork) else ""
        return LoadedObject(item, identity, "0" * 64, "combined", COUNTS, parts, made_with=made_with)

    def _file(self, path: Path, size: int) -> Output:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        return Output(str(path.relative_to(self._project.root)), size, "0" * 64)


def timed(root: Path, arguments: list[str], rounds: int) -> tuple[float, float, str]:
    """The median wall-clock and processor seconds of a command, and the last line that it said."""
    walls, cpus = [], []
    said = ""
    for _ in range(rounds):
        before, began = os.times(), time.monotonic()
        done = subprocess.run([sys.executable, "-m", "mtc", *arguments], cwd=root, capture_output=True, text=True)  # noqa: PLW1510
        walls.append(time.monotonic() - began)
        after = os.times()
        cpus.append(after.children_user + after.children_system - before.children_user - before.children_system)
        if done.returncode:
            sys.exit(f"mtc {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
        said = (done.stderr or done.stdout).strip().rsplit("\n", 1)[-1]
    return statistics.median(walls), statistics.median(cpus), said


def main() -> None:
    """Build, time, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed; 0 builds only [5]")
    parser.add_argument("--keep", type=Path, help="build in this folder, and leave it there")
    parser.add_argument("--json", action="store_true", help="print the seconds as JSON")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mtc-noop-") as folder:
        root = chosen.keep or Path(folder)
        if not (root / "mtc.yaml").exists():
            root.mkdir(parents=True, exist_ok=True)
            project = make_project(root, chosen.sites, chosen.days)
            with Store.open(project.state) as store:
                Filler(project, store).fill()
        if chosen.rounds:
            report(root, chosen.rounds, as_json=chosen.json)


def report(root: Path, rounds: int, *, as_json: bool) -> None:
    """Time each command and print a line for it."""
    results = {}
    for command in (["apply"], ["plan"], ["status", "--offline"], ["validate"], ["--help"]):
        arguments = command if command == ["--help"] else [*command, "mtc.yaml"]
        wall, cpu, said = timed(root, arguments, rounds)
        results["mtc " + " ".join(command)] = {"wall": round(wall, 3), "processor": round(cpu, 3)}
        if not as_json:
            print(f"mtc {' '.join(command):20} {wall:6.2f} s, {cpu:6.2f} s of processor   {said[:70]}")
    if as_json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
