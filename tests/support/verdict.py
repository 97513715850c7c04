"""What every crash test ends with: the same command completes, to the same end, and leaves nothing behind."""

from typing import Any

from endstate import State, end_state, leftovers
from trial import Ended, Trial

from mtc.core.model import StepId
from mtc.engine import planning
from mtc.engine.selection import ApplyRequest, Scope
from mtc.manifest.load import load


def completes(trial: Trial, whole: State) -> None:
    """Run the same command to its end and compare; what is planned after that is nothing."""
    ended = trial.apply()
    assert ended.code == 0, ended.err
    is_whole(trial, whole)
    assert work_left(trial) == []


def is_whole(trial: Trial, whole: State) -> None:
    """A project has come to this end, with nothing left over."""
    state = end_state(trial.root)
    for kind, expected in whole.items():
        assert state[kind] == expected, f"{kind}: {_difference(state[kind], expected)}"
    left = leftovers(trial.root)
    assert not left, left


def _difference(found: Any, expected: Any) -> str:
    """What is other than expected, short enough to be read in a log of a test run."""
    if not isinstance(found, dict):
        return f"{set(found) ^ set(expected)}"
    names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    return "\n".join(f"{name}: {found.get(name)}, expected {expected.get(name)}" for name in names)


def is_consistent(trial: Trial) -> None:
    """At any moment, also right after a kill, what the state lists is what a reader finds, each hit once."""
    if (trial.root / ".mtc" / "state.db").exists():
        for day, (listed, found, different, _) in end_state(trial.root)["hits"].items():
            assert listed == found == different, day


def work_left(trial: Trial) -> list[StepId]:
    """The steps that a further run would do."""
    plan = planning.plan(ApplyRequest(load(trial.root / "mtc.yaml"), Scope(), "mtc plan"), print)
    return [planned.step for planned in plan.work]


def has_nothing_to_do(ended: Ended) -> bool:
    """Whether a run said so for each stage, and ended well."""
    return ended.code == 0 and ended.err.count("nothing to do") == 3
