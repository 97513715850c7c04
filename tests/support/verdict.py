"""What crash tests check at the end: the same command completes, reaches the same state and leaves no file behind."""

from typing import Any

from endstate import State, end_state, leftovers
from trial import Ended, Trial

from mtc.core.model import StepId
from mtc.engine import planning
from mtc.engine.selection import ApplyRequest, Scope
from mtc.manifest.load import load


def completes(trial: Trial, whole: State) -> None:
    """Run the same command to its end, compare the state, and assert that nothing is left to do."""
    ended = trial.apply()
    assert ended.code == 0, ended.err
    is_whole(trial, whole)
    assert work_left(trial) == []


def is_whole(trial: Trial, whole: State) -> None:
    """Assert that a project has the expected state and no leftover files."""
    state = end_state(trial.root)
    for kind, expected in whole.items():
        assert state[kind] == expected, f"{kind}: {_difference(state[kind], expected)}"
    left = leftovers(trial.root)
    assert not left, left


def _difference(found: Any, expected: Any) -> str:
    """Return the differences, short enough for the log of a test run."""
    if not isinstance(found, dict):
        return f"{set(found) ^ set(expected)}"
    names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    return "\n".join(f"{name}: {found.get(name)}, expected {expected.get(name)}" for name in names)


def is_consistent(trial: Trial) -> None:
    """Assert that every part in the state has its hits, each once; this holds at any time, also right after a kill."""
    if (trial.root / ".mtc" / "state.db").exists():
        for day, (listed, found, different, _) in end_state(trial.root)["hits"].items():
            assert listed == found == different, day


def work_left(trial: Trial) -> list[StepId]:
    """Return the steps that another run would do."""
    plan = planning.plan(ApplyRequest(load(trial.root / "mtc.yaml"), Scope(), "mtc plan"), print)
    return [planned.step for planned in plan.work]


def has_nothing_to_do(ended: Ended) -> bool:
    """Return whether the run succeeded and had nothing to do in each stage."""
    return ended.code == 0 and ended.err.count("nothing to do") == 3
