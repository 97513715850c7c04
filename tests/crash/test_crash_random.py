"""Runs killed at random moments until one of them ends: the result is always the same.

The moments are seeded and printed, so that a failure can be reproduced.
"""

import random
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from endstate import State
from trial import Trial, ended
from verdict import is_whole, work_left

KILLS = 5
MORE_KILLS = 125
TRIES = 40


@dataclass(frozen=True, slots=True)
class Scenario:
    """The state in which a run starts, the state it must reach, and its duration without interruption."""

    start: Trial
    end: State
    seconds: float


def kill_until_it_ends(trial: Trial, dice: random.Random, seconds: float) -> int:
    """Repeat the same command, killed at random moments, until it ends; return the number of kills."""
    for kills in range(TRIES):
        process = trial.start("apply", fresh=kills % 4 == 3)  # some are killed while they import modules
        delay = dice.uniform(0, seconds * (1 + kills / 10) ** 2)  # ends even if the machine becomes slower
        print(f"try {kills + 1}: killed after {delay:.3f} s, if it is still there")  # noqa: T201 - to reproduce a failure
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
            ended(process)
        else:
            last = ended(process)
            assert last.code == 0, last.err
            return kills
    pytest.fail(f"the run was still not done after {TRIES} tries")


def run_rounds(course: Scenario, jobs: int, dice: random.Random, kills: int, folder: Path) -> None:
    """Repeat the scenario until runs were killed that many times."""
    suffered, round_ = 0, 0
    while suffered < kills:
        round_ += 1
        trial = course.start.copy(folder / str(round_)).with_jobs(jobs)
        suffered += kill_until_it_ends(trial, dice, course.seconds)
        is_whole(trial, course.end)
        assert work_left(trial) == []


@pytest.fixture(scope="module")
def seconds(fresh: Trial, whole: State, tmp_path_factory: pytest.TempPathFactory) -> float:
    """The duration in seconds of an uninterrupted run, measured on the second one."""
    for _ in range(2):
        trial = fresh.copy(tmp_path_factory.mktemp("timed") / "project")
        began = time.monotonic()
        assert trial.apply().code == 0
        took = time.monotonic() - began
        is_whole(trial, whole)
    return took


@pytest.fixture(params=["first run", "after a change"])
def course(request: pytest.FixtureRequest, seconds: float) -> Scenario:
    """Each scenario: a first run, and a run after a change."""
    names = {"first run": ("fresh", "whole"), "after a change": ("changed", "whole_changed")}
    start, end = (request.getfixturevalue(name) for name in names[request.param])
    return Scenario(start, end, seconds)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_killed_at_random_moments_reaches_the_same_state(jobs: int, course: Scenario, tmp_path: Path) -> None:
    """20 kills in all, with one task at a time and with two."""
    run_rounds(course, jobs, random.Random(f"kill {jobs}"), KILLS, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_killed_hundreds_of_times_reaches_the_same_state(jobs: int, course: Scenario, tmp_path: Path) -> None:
    """500 kills in all."""
    run_rounds(course, jobs, random.Random(f"many {jobs}"), MORE_KILLS, tmp_path)
