"""Checks that wait for a network, run side by side, each with a time limit of its own.

A check that hangs is reported as not answered; its thread is abandoned.
"""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from mtc.core.errors import MtcError, TransientError

TIME_LIMIT = 30.0
"""How many seconds a question over a network may take."""

_AT_ONCE = 16

T = TypeVar("T")


def run_parallel(
    jobs: Sequence[Callable[[], T]], *, limit: float = TIME_LIMIT, at_once: int = _AT_ONCE
) -> tuple[T | MtcError, ...]:
    """Do all jobs; what each gives, or the error that it raised, in their order. One too slow has a TransientError.

    An error that is none of mtc's own is raised here.
    """
    ended: queue.SimpleQueue[tuple[int, T | Exception]] = queue.SimpleQueue()
    waiting = deque(enumerate(jobs))
    deadlines: dict[int, float] = {}
    answers: dict[int, T | MtcError] = {}
    while waiting or deadlines:
        while waiting and len(deadlines) < at_once:
            number, job = waiting.popleft()
            threading.Thread(target=_run_job, args=(number, job, ended), name="check", daemon=True).start()
            deadlines[number] = time.monotonic() + limit
        with contextlib.suppress(queue.Empty):
            number, answer = ended.get(timeout=max(0.0, min(deadlines.values()) - time.monotonic()))
            if deadlines.pop(number, None) is not None:
                answers[number] = _raise_bugs(answer)
        for number in [late for late, deadline in deadlines.items() if deadline <= time.monotonic()]:
            del deadlines[number]
            answers[number] = TransientError(f"no answer within {limit:g} s", hint="check the network, and try again")
    return tuple(answers[number] for number in range(len(jobs)))


def _run_job(number: int, job: Callable[[], T], ended: "queue.SimpleQueue[tuple[int, T | Exception]]") -> None:
    try:
        ended.put((number, job()))
    except Exception as error:  # noqa: BLE001 - it is raised, or told, where the answers are waited for
        ended.put((number, error))


def _raise_bugs(answer: T | Exception) -> T | MtcError:
    if isinstance(answer, Exception) and not isinstance(answer, MtcError):
        raise answer
    return answer
