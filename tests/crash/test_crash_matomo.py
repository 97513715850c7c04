"""Deliveries to Matomo with killed runs and a failing server, repeated with the same command until done.

In the end the server has every hit exactly once, and the visits of an undisturbed run; except for hits that the server
stored out of order after keeping a part of a batch. Every day is new to the server; there are 1, 2 or 4 lanes. Random
choices are seeded and printed, so that a failure can be reproduced.
"""

import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from matomo_trial import DAYS, MatomoTrial, Visit
from trial import ended

from mtc.core import crash_points
from tests.fake_matomo.faults import Fault, Place
from tests.fake_matomo.server import FakeMatomo

POINTS = tuple(point for point in crash_points.POINTS if point.startswith("deliver.") and point != "deliver.doubt")
ROUNDS = 30
MORE_ROUNDS = 500
TOGETHER = 25
HITS = 80
EARLY = 6  # of each log, on the day before
TRIES = 25
DISTURBED = 4  # only the first runs meet faults, so that later ones can end

KEEPS_NOTHING = {
    **dict.fromkeys((Fault.DROP, Fault.RESET, Fault.BAD_GATEWAY, Fault.GATEWAY_TIMEOUT, Fault.SQLSTATE), 0.02),
    **dict.fromkeys((Fault.DATABASE_DOWN, Fault.TOO_MANY, Fault.UNAVAILABLE, Fault.PROXY_PAGE), 0.02),
    Fault.DEADLOCK_KEEPS_NONE: 0.02,
}
KEEPS_ALL = dict.fromkeys(
    (Fault.SLOW, Fault.CUT, Fault.COMMIT_THEN_DROP, Fault.COMMIT_THEN_BAD_GATEWAY, Fault.COMMIT_THEN_GATEWAY_TIMEOUT),
    0.03,
)
LATER = dict.fromkeys((Fault.DROP_THEN_COMMIT, Fault.GATEWAY_TIMEOUT_THEN_COMMIT), 0.04)
DEADLOCKS = {
    **dict.fromkeys((Fault.DEADLOCK, Fault.DEADLOCK_KEEPS_ALL, Fault.DEADLOCK_KEEPS_NONE), 0.05),
    **dict.fromkeys((Fault.DEADLOCK_THEN_DROP, Fault.DEADLOCK_THEN_GATEWAY_TIMEOUT), 0.03),
}
KEEP_A_PART = (Fault.DEADLOCK, Fault.DEADLOCK_THEN_DROP, Fault.DEADLOCK_THEN_GATEWAY_TIMEOUT)
OF_REPORTS = dict.fromkeys((Fault.DROP, Fault.BAD_GATEWAY, Fault.SQLSTATE, Fault.DATABASE_DOWN, Fault.SLOW), 0.05)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[MatomoTrial]:
    """A project whose logs were never imported, and a server without hits."""
    with FakeMatomo() as matomo:
        yield MatomoTrial(tmp_path / "project", matomo).write().with_logs(hits=HITS)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Counter[Visit]:
    """The visits of an undisturbed run."""
    with FakeMatomo() as matomo:
        trial = MatomoTrial(tmp_path_factory.mktemp("undisturbed"), matomo).write().with_logs(hits=HITS)
        assert trial.apply(fresh=True).code == 0
        trial.is_exact()
        return trial.visits()


@pytest.mark.parametrize("point", [*POINTS, "deliver.sending:3", "deliver.sent:4", "record.after:5"])
def test_a_killed_delivery_is_completed_by_the_next_run(
    point: str, trial: MatomoTrial, undisturbed: Counter[Visit]
) -> None:
    """The next run finds out which hits were recorded, and sends the rest."""
    assert trial.apply(crash_at=point).code == -signal.SIGKILL
    last = trial.apply()
    assert last.code == 0, last.err
    trial.is_exact()
    assert trial.visits() == undisturbed


def test_a_batch_in_doubt_is_looked_up_after_a_kill(trial: MatomoTrial, undisturbed: Counter[Visit]) -> None:
    """A batch in doubt is looked up again after the run was killed."""
    trial.matomo.faults.next(Fault.COMMIT_THEN_DROP)
    assert trial.apply(crash_at="deliver.doubt", fresh=True).code == -signal.SIGKILL
    assert trial.apply(fresh=True).code == 0
    trial.is_exact()
    assert trial.visits() == undisturbed


@pytest.mark.parametrize("point", ["deliver.doubt:4", "deliver.sent:12"])
def test_a_run_killed_while_it_isolates_hits_that_crash_the_server(point: str, tmp_path: Path) -> None:
    """The search for hits that crash the server starts again; every other hit counts once."""
    poison = 'GET /{0} HTTP/1.1" 200 512 "https://www.google.com/search?q[]=x" "Mozilla/5.0 (X11) Firefox/120.0"'
    good = 'GET /{0} HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11) Firefox/120.0"'
    with FakeMatomo() as matomo:
        trial = MatomoTrial(tmp_path / "project", matomo).write(lanes=1, more=f"dates: {DAYS[0]}\n", span=False)
        lines = [(poison if at in {17, 30} else good).format(at) for at in range(60)]
        trial.log(
            f"docs/{DAYS[0]}-a.log",
            [f'192.0.2.{at % 9} - - [01/May/2026:10:00:{at:02} +0000] "{text}' for at, text in enumerate(lines)],
        )
        assert trial.apply(crash_at=point).code == -signal.SIGKILL
        last = trial.apply()
        assert last.code == 0, last.err
        assert matomo.doubles() == {}
        assert {hit.url.rpartition("/")[2] for hit in matomo.hits()} == {str(at) for at in range(60)} - {"17", "30"}


@pytest.mark.parametrize("number", range(ROUNDS))
def test_each_hit_counts_once_after_random_kills_and_faults(
    number: int, trial: MatomoTrial, undisturbed: Counter[Visit]
) -> None:
    """30 rounds of random kills and faults."""
    run_round(number, trial, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(ROUNDS, ROUNDS + MORE_ROUNDS, TOGETHER))
def test_each_hit_counts_once_in_many_more_rounds(first: int, tmp_path: Path, undisturbed: Counter[Visit]) -> None:
    """500 more rounds."""
    for number in range(first, first + TOGETHER):
        with FakeMatomo() as matomo:
            trial = MatomoTrial(tmp_path / str(number), matomo).write().with_logs(hits=HITS)
            print(f"round {number}")  # noqa: T201 - to reproduce a failure
            run_round(number, trial, undisturbed)


def run_round(number: int, trial: MatomoTrial, undisturbed: Counter[Visit]) -> None:
    """Run one round: a third of them with kills, a third with faults, a third with both."""
    dice = random.Random(f"round {number}")
    trial.write(lanes=dice.choice((1, 2, 4)), batch=dice.choice((20, 40)))
    early = dice.choice(
        (0, EARLY)
    )  # these may be delivered before those of their own day, if the step of that day has failed
    trial.with_logs(hits=HITS, early=early)
    kills, fails = number % 3 != 1, number % 3 != 0
    if fails:
        add_random_faults(trial, dice, number)
    for run in range(TRIES):
        if run == DISTURBED:
            trial.matomo.faults.clear()
        if run_completed(trial, dice.uniform(0.05, 1.0) if kills and run < DISTURBED else None):
            break
        if fails and dice.random() < 0.2:
            trial.matomo.restart()
    else:
        pytest.fail(f"not done after {TRIES} runs")
    trial.matomo.settle()
    print(f"met {dict(trial.matomo.faults.happened)}, {trial.matomo.backend.store.collisions} first batches at once")  # noqa: T201
    trial.is_exact()
    if (
        not early
        and not trial.matomo.backend.store.collisions
        and not any(map(trial.matomo.faults.happened.get, KEEP_A_PART))
    ):
        assert trial.visits() == undisturbed


def add_random_faults(trial: MatomoTrial, dice: random.Random, number: int) -> None:
    """Configure random faults of the server."""
    every = {**KEEPS_NOTHING, **KEEPS_ALL, **LATER, **DEADLOCKS}
    chances: Mapping[Fault, float] = dice.choice([KEEPS_NOTHING, KEEPS_ALL, LATER, DEADLOCKS, every])
    trial.matomo.faults.chance(number, chances, seconds=dice.choice([0.1, 0.4]))
    trial.matomo.faults.chance(number, OF_REPORTS, on=Place.REPORTS, seconds=0.1)


def run_completed(trial: MatomoTrial, kill_after: float | None) -> bool:
    """Run the command, killed after some seconds if it is still running; return whether all is done."""
    process = trial.start("apply")
    print(f"run, killed after {kill_after}")  # noqa: T201 - to reproduce a failure
    try:
        process.wait(kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        ended(process)
        return False
    last = ended(process)
    assert last.code in {0, 3}, last.err
    return last.code == 0
