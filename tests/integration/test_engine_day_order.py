"""The coordinator keeps the order in which a site's days are delivered to Matomo, with one worker and with several."""

import dataclasses
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr
from rig import Rig, ScriptedStage, step
from trial import DAYS

from mtc.core.errors import InterruptedRunError, PermanentError, TransientError
from mtc.core.events import StepFinished, StepStarted
from mtc.core.model import Accounting, LoadedObject, Receipt, SourceObject, Stage, Status, StepId
from mtc.matomo.settings import Matomo
from mtc.plan.work import ImportWork, LoadedStep, Task
from mtc.stages.stage import FactRecorder, ObjectLoaded, StepDone, StepLoaded

MATOMO = Matomo(url="https://stats.example.org", token=SecretStr("secret"))
DOCS = [step(Stage.IMPORT, "docs", day) for day in range(len(DAYS))]
SHOP = [step(Stage.IMPORT, "shop", day) for day in range(len(DAYS))]
BUSY = TransientError("503")
DENIED = PermanentError("access denied")


@dataclass(slots=True)
class DeliveringStage(ScriptedStage):
    """An import stage that loads, then delivers. `at` is called with `load`, `deliver` or `end` and the step.

    `log` is what it did, in order.
    """

    log: list[tuple[str, StepId]] = field(default_factory=list)
    at: Callable[[str, StepId], None] = lambda _what, _step: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, task: Task, recorder: FactRecorder) -> None:
        (planned,) = task.steps
        assert isinstance(planned.work, ImportWork)
        recorder.check()
        loaded = task.loaded
        if loaded is None:
            self._note("load", planned.step)
            made = planned.work.made_with
            loaded = LoadedStep(tuple(_loaded(item, made) for item in planned.work.load))
            recorder.record(*(ObjectLoaded(planned.step, item) for item in loaded.objects))
            if not task.may_deliver:
                recorder.record(StepLoaded(planned.step, loaded))
                return
        self._note("deliver", planned.step)
        recorder.check()
        self._note("end", planned.step)
        recorder.record(StepDone(Receipt(planned.step, Status.DONE, figures={"objects": len(loaded.objects)})))

    def _note(self, what: str, current: StepId) -> None:
        with self.lock:
            self.log.append((what, current))
        self.at(what, current)

    def did(self, what: str, site: str) -> list[int]:
        """The days of a site with which it did this, in order, from 0."""
        return [DAYS.index(one.day) for word, one in self.log if word == what and one.site == site]


def _loaded(item: SourceObject, made_with: str) -> LoadedObject:
    return LoadedObject(item, item.version[:20], item.version, "combined", Accounting(), (), made_with=made_with)


@dataclass(slots=True)
class Deliveries:
    """A rig whose sites deliver, and its stage."""

    rig: Rig
    stage: DeliveringStage

    @classmethod
    def make(cls, root: Path, jobs: int) -> "Deliveries":
        rig = Rig.make(root, jobs)
        sites = {
            name: dataclasses.replace(site, matomo=MATOMO, matomo_id=number)
            for number, (name, site) in enumerate(rig.project.sites.items(), 1)
        }
        rig.project = dataclasses.replace(rig.project, matomo=MATOMO, sites=sites)
        rig.stage = stage = DeliveringStage()
        return cls(rig, stage)


@pytest.fixture(params=[1, 2, 4], ids=["inline", "pool of 2", "pool of 4"])
def deliveries(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deliveries]:
    """They must behave alike."""
    made = Deliveries.make(tmp_path / "project", request.param)
    with made.rig.store:
        yield made


def is_in_order(stage: DeliveringStage, site: str) -> bool:
    """Whether a site's days were delivered one after the other."""
    days = [(word, one.day) for word, one in stage.log if word != "load" and one.site == site]
    return days == [(word, day) for day in DAYS for word in ("deliver", "end")]


def test_days_are_delivered_in_order(deliveries: Deliveries) -> None:
    """A day's delivery begins when that of the day before has ended. Each step is begun once, and once over."""
    assert deliveries.rig.apply(Stage.IMPORT).summary.exit_code == 0
    assert all(is_in_order(deliveries.stage, site) for site in ("docs", "shop"))
    assert sorted(deliveries.stage.did("load", "docs")) == [0, 1, 2]
    listener = deliveries.rig.listener
    assert sorted(event.step for event in listener.heard(StepStarted)) == [*DOCS, *SHOP]
    assert sorted(event.step for event in listener.heard(StepFinished)) == [*DOCS, *SHOP]
    assert {deliveries.rig.status(one) for one in (*DOCS, *SHOP)} == {Status.DONE}


def test_later_days_load_while_the_first_is_delivered(tmp_path: Path) -> None:
    """Two workers: the first day's delivery lasts until every other day of its site, and another site, is loaded."""
    made = Deliveries.make(tmp_path / "project", 2)
    everything = threading.Event()

    def at(what: str, current: StepId) -> None:
        if {one for word, one in made.stage.log if word == "load"} >= {*DOCS, SHOP[0]}:
            everything.set()
        if (what, current) == ("deliver", DOCS[0]):
            assert everything.wait(20)

    made.stage.at = at
    with made.rig.store:
        assert made.rig.apply(Stage.IMPORT).summary.exit_code == 0
    assert all(is_in_order(made.stage, site) for site in ("docs", "shop"))


@pytest.mark.parametrize("where", ["load", "deliver"])
def test_a_day_that_fails_does_not_keep_the_later_ones_back(deliveries: Deliveries, where: str) -> None:
    """They are delivered without it."""

    def at(what: str, current: StepId) -> None:
        if (what, current) == (where, DOCS[0]):
            raise DENIED

    deliveries.stage.at = at
    assert deliveries.rig.apply(Stage.IMPORT).summary.exit_code == 3
    assert deliveries.rig.status(DOCS[0]) is Status.FAILED
    assert deliveries.stage.did("end", "docs") == [1, 2]


def test_a_day_that_fails_once_is_tried_again_and_delivered_alone(deliveries: Deliveries) -> None:
    """No two days of a site are delivered at the same time, whichever of them is at its second try."""
    failed: set[StepId] = set()

    def at(what: str, current: StepId) -> None:
        if what == "deliver" and current not in failed:
            failed.add(current)
            raise BUSY

    deliveries.stage.at = at
    assert deliveries.rig.apply(Stage.IMPORT).summary.exit_code == 0
    for site in ("docs", "shop"):
        words = [(word, one.day) for word, one in deliveries.stage.log if word != "load" and one.site == site]
        assert sorted(deliveries.stage.did("end", site)) == [0, 1, 2]
        ends = [place for place, (word, _) in enumerate(words) if word == "end"]
        assert all(words[place - 1] == ("deliver", words[place][1]) for place in ends)
    assert deliveries.rig.outcomes(DOCS[0]) == ["failed", "done"]


def test_an_interrupted_run_ends_although_days_wait_for_their_turn(deliveries: Deliveries) -> None:
    """What is loaded and was not delivered is delivered by the next run, in order."""
    run = deliveries.rig.coordinator()

    def at(what: str, current: StepId) -> None:
        if (what, current) == ("deliver", DOCS[0]):
            run.stop(signal.SIGINT)

    deliveries.stage.at = at
    with pytest.raises(InterruptedRunError):
        run.apply(deliveries.rig.selection(Stage.IMPORT))
    deliveries.stage.at = lambda _what, _step: None
    deliveries.stage.log.clear()
    assert deliveries.rig.apply(Stage.IMPORT).summary.exit_code == 0
    assert deliveries.stage.did("end", "docs") in ([0, 1, 2], [1, 2])
    assert {deliveries.rig.status(one) for one in (*DOCS, *SHOP)} == {Status.DONE}
