"""Deliveries to Matomo that are killed and whose server fails, over and over, with the same command until it is done.

At the end the server has every hit exactly once, and every visit as an undisturbed run makes it; but for visits of hits
that the server itself stored out of order, when it kept a part of a batch. Every day is new to the server; there are 1,
2 or 4 lanes. What is drawn is seeded, and printed, so that a failure can be looked into.
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
EARLY = 6  # of each log, of the day before
TRIES = 25
DISTURBED = 4  # so many runs meet faults; the next ones may end

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
    """A project whose logs were never imported, and a server that has nothing."""
    with FakeMatomo() as matomo:
        yield MatomoTrial(tmp_path / "project", matomo).write().with_logs(hits=HITS)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Counter[Visit]:
    """The visits that one run makes which nothing disturbs."""
    with FakeMatomo() as matomo:
        trial = MatomoTrial(tmp_path_factory.mktemp("undisturbed"), matomo).write().with_logs(hits=HITS)
        assert trial.apply(fresh=True).code == 0
        trial.is_exact()
        return trial.visits()


@pytest.mark.parametrize("point", [*POINTS, "deliver.sending:3", "deliver.sent:4", "record.after:5"])
def test_a_delivery_killed_anywhere_is_completed_by_the_next_run(
    point: str, trial: MatomoTrial, undisturbed: Counter[Visit]
) -> None:
    """What was sent and what was not: the next run finds out, and sends what is left."""
    assert trial.apply(crash_at=point).code == -signal.SIGKILL
    last = trial.apply()
    assert last.code == 0, last.err
    trial.is_exact()
    assert trial.visits() == undisturbed


def test_a_run_killed_while_a_batch_is_in_doubt_looks_for_it_again(
    trial: MatomoTrial, undisturbed: Counter[Visit]
) -> None:
    """An answer was lost, and then the run."""
    trial.matomo.faults.next(Fault.COMMIT_THEN_DROP)
    assert trial.apply(crash_at="deliver.doubt", fresh=True).code == -signal.SIGKILL
    assert trial.apply(fresh=True).code == 0
    trial.is_exact()
    assert trial.visits() == undisturbed


@pytest.mark.parametrize("point", ["deliver.doubt:4", "deliver.sent:12"])
def test_killed_while_hits_are_found_that_the_server_fails_over(point: str, tmp_path: Path) -> None:
    """They are found anew; every other hit counts once."""
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
def test_whatever_is_killed_and_fails_each_hit_counts_once(
    number: int, trial: MatomoTrial, undisturbed: Counter[Visit]
) -> None:
    """30 rounds of random kills and random faults."""
    survive(number, trial, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(ROUNDS, ROUNDS + MORE_ROUNDS, TOGETHER))
def test_hundreds_of_times_each_hit_counts_once(first: int, tmp_path: Path, undisturbed: Counter[Visit]) -> None:
    """500 rounds more."""
    for number in range(first, first + TOGETHER):
        with FakeMatomo() as matomo:
            trial = MatomoTrial(tmp_path / str(number), matomo).write().with_logs(hits=HITS)
            print(f"round {number}")  # noqa: T201 - for who looks into it
            survive(number, trial, undisturbed)


def survive(number: int, trial: MatomoTrial, undisturbed: Counter[Visit]) -> None:
    """One round: a third of them with kills alone, a third with faults alone, a third with both."""
    dice = random.Random(f"round {number}")
    trial.write(lanes=dice.choice((1, 2, 4)), batch=dice.choice((20, 40)))
    early = dice.choice((0, EARLY))  # those may be delivered before the day's own, when that day's step has failed
    trial.with_logs(hits=HITS, early=early)
    kills, fails = number % 3 != 1, number % 3 != 0
    if fails:
        disturb(trial, dice, number)
    for run in range(TRIES):
        if run == DISTURBED:
            trial.matomo.faults.clear()
        if ran_to_its_end(trial, dice.uniform(0.05, 1.0) if kills and run < DISTURBED else None):
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


def disturb(trial: MatomoTrial, dice: random.Random, number: int) -> None:
    """Let the server fail in some of its ways."""
    every = {**KEEPS_NOTHING, **KEEPS_ALL, **LATER, **DEADLOCKS}
    chances: Mapping[Fault, float] = dice.choice([KEEPS_NOTHING, KEEPS_ALL, LATER, DEADLOCKS, every])
    trial.matomo.faults.chance(number, chances, seconds=dice.choice([0.1, 0.4]))
    trial.matomo.faults.chance(number, OF_REPORTS, on=Place.REPORTS, seconds=0.1)


def ran_to_its_end(trial: MatomoTrial, kill_after: float | None) -> bool:
    """Run the command, killed after so many seconds if it is still there; says whether all is done."""
    process = trial.start("apply")
    print(f"run, killed after {kill_after}")  # noqa: T201 - for who looks into it
    try:
        process.wait(kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        ended(process)
        return False
    last = ended(process)
    assert last.code in {0, 3}, last.err
    return last.code == 0
