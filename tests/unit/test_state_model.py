"""The state file against a model of it in plain Python: after any operations in any order both agree."""

import dataclasses
import datetime as dt
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mtc.core.model import Accounting, LoadedObject, Output, Part, Receipt, SourceObject, Stage, Status, StepId
from mtc.core.records import StepRecord
from mtc.state.rows import StepResult
from mtc.state.store import Store

DAYS = (dt.date(2026, 5, 1), dt.date(2026, 5, 2))
SITES = ("docs", "shop")
IMPORTS = [StepId(Stage.IMPORT, "docs", DAYS[0]), StepId(Stage.IMPORT, "docs", DAYS[1])]
OTHERS = [
    StepId(Stage.IMPORT, "shop", DAYS[0]),
    StepId(Stage.STAT, "docs", DAYS[0]),
    StepId(Stage.CSV, "docs", DAYS[0]),
]
START = dt.datetime(2026, 5, 2, tzinfo=dt.UTC)

steps = st.sampled_from(IMPORTS + OTHERS)  # few, so that operations meet the same ones
imports = st.sampled_from(IMPORTS)
keys = st.sampled_from(["a.log", "b.log", "caf\udce9.log", "\x00"])
texts = st.text(st.characters(), max_size=8)
maps = st.dictionaries(texts, texts, max_size=2)
counts = st.dictionaries(st.sampled_from(["bot", "static"]), st.integers(0, 9), max_size=2)
lines = st.builds(Accounting, st.integers(0, 99), st.integers(0, 99), counts, counts)
outputs = st.lists(
    st.builds(Output, st.sampled_from(["x", "y", "z"]), st.integers(0, 9), texts.filter(str.isascii)), max_size=2
)
part_keys = st.sets(st.tuples(st.sampled_from(DAYS), st.sampled_from(["p1", "p2", "p3"])), max_size=3)
results = st.builds(
    StepResult,
    st.builds(
        Receipt,
        steps,
        st.sampled_from([Status.DONE, Status.EMPTY]),
        outputs.map(tuple),
        st.none() | lines,
        st.dictionaries(texts, st.floats(allow_nan=False) | st.integers(0, 9), max_size=2),
        st.lists(texts, max_size=2).map(tuple),
    ),
    st.sampled_from(["f1", "f2"]),
    maps,
    maps,
    st.none() | st.just(START),
)


class StateMachine(RuleBasedStateMachine):
    """Does every operation on a state file and on dicts."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "state.db")
        self.store = Store.open(self.path)
        self.records: dict[StepId, StepRecord] = {}
        self.objects: dict[tuple[StepId, str], LoadedObject] = {}
        self.csv: dict[str, Output] = {}
        self.run = 0
        self.now = START

    def tick(self) -> dt.datetime:
        self.now += dt.timedelta(seconds=1)
        return self.now

    def known(self, step: StepId) -> StepRecord:
        return self.records.setdefault(step, StepRecord(step, Status.PLANNED))

    def change(self, step: StepId, **changes: object) -> None:
        self.records[step] = dataclasses.replace(self.known(step), **changes)  # type: ignore[arg-type]

    def files(self) -> set[str]:
        return {part.file for one in self.objects.values() for part in one.parts}

    def interrupt(self, why: str) -> None:
        for step, record in list(self.records.items()):
            if record.status is Status.RUNNING:
                self.change(step, status=Status.FAILED, error=why)

    @initialize()
    def begin(self) -> None:
        self.run += 1
        self.store.begin_run(f"r{self.run}", manifest="daily", command="mtc apply", at=self.tick())

    @rule(exit_code=st.sampled_from([0, 3, 130]))
    def end_and_start_again(self, exit_code: int) -> None:
        self.store.end_run(f"r{self.run}", exit_code=exit_code, counts={}, at=self.tick())
        self.interrupt("interrupted: the run was asked to stop")
        self.begin()

    @rule()
    def kill_and_start_again(self) -> None:
        self.store.close()
        self.store = Store.open(self.path)
        assert [row.run for row in self.store.close_killed(self.tick())] == [f"r{self.run}"]
        self.interrupt("interrupted: the run was killed")
        self.begin()

    @rule(chosen=st.sets(steps, max_size=3))
    def plan(self, chosen: set[StepId]) -> None:
        self.store.planned(chosen)
        for step in chosen:
            self.known(step)

    @rule(step=steps)
    def start(self, step: StepId) -> None:
        self.store.step_started(step, run=f"r{self.run}", attempt=1, at=self.tick())
        self.change(step, status=Status.RUNNING, error="", attempts=self.known(step).attempts + 1)

    @rule(step=steps, why=texts)
    def fail(self, step: StepId, why: str) -> None:
        self.store.step_failed(step, why, at=self.tick())
        self.change(step, status=Status.FAILED, error=why)

    @rule(step=steps, why=texts)
    def block(self, step: StepId, why: str) -> None:
        self.store.step_blocked(step, why, at=self.tick())
        self.change(step, status=Status.BLOCKED, error=why)

    @rule(done=st.lists(results, max_size=3))
    def finish(self, done: list[StepResult]) -> None:
        at = self.tick()
        self.store.steps_done(done, at=at)
        files = [output for one in done if one.receipt.step.stage is Stage.CSV for output in one.receipt.outputs]
        self.csv = {output.path: output for output in files} if files else self.csv
        for one in done:
            receipt = one.receipt
            self.records[receipt.step] = StepRecord(
                receipt.step,
                receipt.status,
                one.fingerprint,
                one.settings,
                one.inputs,
                () if receipt.step.stage is Stage.CSV else receipt.outputs,
                receipt.accounting,
                receipt.figures,
                receipt.notes,
                finished=at,
                checked=one.checked or self.known(receipt.step).checked,
            )

    @rule(chosen=st.sets(steps, max_size=3))
    def check(self, chosen: set[StepId]) -> None:
        at = self.tick()
        self.store.checked(chosen, at)
        for step in chosen & self.records.keys():
            self.change(step, checked=at)

    @rule(step=imports, key=keys, parts=part_keys, accounting=lines, number=st.integers(1, 3))
    def load(
        self, step: StepId, key: str, parts: set[tuple[dt.date, str]], accounting: Accounting, number: int
    ) -> None:
        made = tuple(Part(step.site, day, file, f"o{number}", number) for day, file in parts)
        one = LoadedObject(SourceObject(key, number, "e"), f"o{number}", "c", "combined", accounting, made)
        before = {part.file for part in self.objects[step, key].parts} if (step, key) in self.objects else set()
        given_up = self.store.object_loaded(step, one)
        self.known(step)
        self.objects[step, key] = one
        assert given_up == tuple(sorted(before - self.files()))

    @rule(step=imports, key=keys)
    def drop(self, step: StepId, key: str) -> None:
        given_up = self.store.object_dropped(step, key)
        self.known(step)
        gone = self.objects.pop((step, key), None)
        before = {part.file for part in gone.parts} if gone else set()
        assert given_up == tuple(sorted(before - self.files()))

    @rule(step=imports, key=keys, url=texts)
    def archive(self, step: StepId, key: str, url: str) -> None:
        if (step, key) in self.objects:
            self.store.object_archived(step, key, url)
            self.objects[step, key] = dataclasses.replace(self.objects[step, key], archived=url)

    @rule(chosen=st.sets(steps, max_size=3))
    def forget(self, chosen: set[StepId]) -> None:
        before = self.files()
        given_up = self.store.forget(chosen)
        for step in chosen:
            self.records.pop(step, None)
        self.objects = {name: one for name, one in self.objects.items() if name[0] not in chosen}
        csv_left = any(step.stage is Stage.CSV for step in self.records)
        if any(step.stage is Stage.CSV for step in chosen) and not csv_left:
            self.csv = {}
        assert given_up == tuple(sorted(before - self.files()))

    @invariant()
    def both_agree(self) -> None:
        with Store.open(self.path, readonly=True) as reader:  # the view of another process
            history = reader.history(SITES)
            listed = reader.listed_files()
        assert history.steps == self.records
        found = {(step, one.object.key): one for step, objects in history.objects.items() for one in objects}
        assert found == self.objects
        assert list(history.csv_outputs) == sorted(self.csv.values(), key=lambda output: output.path)
        assert listed == self.files()

    def teardown(self) -> None:
        self.store.check()
        running = {record.step for record in self.records.values() if record.status is Status.RUNNING}
        tried = {step for step in self.records if any(not row.ended for row in self.store.attempts(step))}
        assert tried == running
        self.store.close()
        self.folder.cleanup()


TestStateMachine = StateMachine.TestCase
TestStateMachine.settings = settings(
    max_examples=20, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
