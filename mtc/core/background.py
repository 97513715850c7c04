"""Work in background threads, such as network calls, that the caller can abandon.

A call may never end. The thread that waits for it notices a signal to stop at once, and abandons work that is too slow.
Abandoned work runs on until its connection ends, and its result is ignored, so work must be harmless when it ends late.
"""

import contextlib
import functools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mtc.core.errors import MtcError, TransientError

Result = TypeVar("Result")
Item = TypeVar("Item")

_TICK = 0.1
_AT_ONCE = 16


class AbandonedError(Exception):
    """Raised in abandoned work when it reports progress."""


@dataclass(frozen=True, slots=True)
class LowSpeedLimit:
    """The slowest that work may be: at least `min_bytes` in each period of `seconds`.

    `clock` returns seconds, and `tick` is the interval between checks, in seconds; tests set both.
    """

    seconds: float
    min_bytes: int
    clock: Callable[[], float] = time.monotonic
    tick: float = _TICK


@dataclass(slots=True)
class BackgroundWork(Generic[Result]):
    """Work in a background thread. It calls `moved` with the number of bytes transferred since the last call."""

    do: Callable[[Callable[[int], None]], Result]
    done: threading.Event = field(default_factory=threading.Event)
    bytes: int = 0
    abandoned: bool = False
    result: Result | None = None
    error: BaseException | None = None

    def start(self, name: str) -> None:
        """Start the work in a new thread of that name."""
        threading.Thread(target=self.run, name=name, daemon=True).start()

    def moved(self, size: int) -> None:
        """Count transferred bytes.

        Raises:
            AbandonedError: nobody waits for the work any more.
        """
        if self.abandoned:
            raise AbandonedError
        self.bytes += size

    def run(self) -> None:
        """Do the work in the current thread; its result or error is kept."""
        try:
            self.result = self.do(self.moved)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to whoever waits
            self.error = error
        finally:
            self.done.set()

    def outcome(self) -> Result:
        """Return the result, or raise the error that the work raised."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value] # it is done


def run_watched(
    do: Callable[[Callable[[int], None]], Result], limit: LowSpeedLimit, on_progress: Callable[[int], None], where: str
) -> Result:
    """Do work in a background thread and wait for it.

    Args:
        do: the work. Its argument is a function to call with the number of bytes transferred since the last call.
        limit: how slow the work may be.
        on_progress: called each tick with the bytes transferred since the last tick; it may raise to stop waiting.
        where: the place that an error names.

    Raises:
        TransientError: the work is too slow.
    """
    work = BackgroundWork(do)
    work.start("network")
    try:
        _wait(work, limit, on_progress, where)
    except BaseException:
        work.abandoned = True
        raise
    return work.outcome()


def _wait(work: "BackgroundWork[Result]", limit: LowSpeedLimit, on_progress: Callable[[int], None], where: str) -> None:
    reported = before = 0
    begun = limit.clock()
    while True:
        is_done = work.done.wait(limit.tick)
        moved, now = work.bytes, limit.clock()
        on_progress(moved - reported)
        reported = moved
        if is_done and moved == work.bytes:
            return
        if now - begun >= limit.seconds:
            if moved - before < limit.min_bytes:
                raise TransientError(f"too slow: {moved - before:,} bytes in {now - begun:,.0f} seconds", where=where)
            begun, before = now, moved


def map_in_order(
    do: Callable[[Item], Result], items: Iterable[Item], check: Callable[[], None], *, threads: int, name: str
) -> Iterator[tuple[Item, Result]]:
    """Call `do` for each item, in at most `threads` threads, and yield each item with its result, in order.

    `check` is called each tick while waiting for a result; it may raise to stop waiting. An error of the work for an
    item is raised at that item.
    """
    works = [(item, BackgroundWork[Result](functools.partial(_without_progress, do, item))) for item in items]
    waiting: queue.SimpleQueue[BackgroundWork[Result]] = queue.SimpleQueue()
    for _, work in works:
        waiting.put(work)
    for _ in range(min(threads, len(works))):
        threading.Thread(target=_work_off, args=(waiting,), name=name, daemon=True).start()
    for item, work in works:
        while not work.done.wait(_TICK):
            check()
        yield item, work.outcome()


def _without_progress(do: Callable[[Item], Result], item: Item, _: Callable[[int], None]) -> Result:
    return do(item)


def _work_off(waiting: "queue.SimpleQueue[BackgroundWork[Result]]") -> None:
    with contextlib.suppress(queue.Empty):
        while True:
            waiting.get_nowait().run()


def run_parallel(
    jobs: Sequence[Callable[[], Result]], *, limit: float, at_once: int = _AT_ONCE
) -> tuple[Result | MtcError, ...]:
    """Run jobs side by side, `at_once` at a time; return the result of each, or the error that it raised, in order.

    A job that takes longer than `limit` seconds has a TransientError, and its thread is abandoned. An error other than
    mtc's own is a bug, and is raised here.
    """
    ended: queue.SimpleQueue[tuple[int, Result | Exception]] = queue.SimpleQueue()
    waiting = deque(enumerate(jobs))
    deadlines: dict[int, float] = {}
    answers: dict[int, Result | MtcError] = {}
    while waiting or deadlines:
        while waiting and len(deadlines) < at_once:
            number, job = waiting.popleft()
            threading.Thread(target=_run_job, args=(number, job, ended), name="parallel", daemon=True).start()
            deadlines[number] = time.monotonic() + limit
        with contextlib.suppress(queue.Empty):
            number, answer = ended.get(timeout=max(0.0, min(deadlines.values()) - time.monotonic()))
            if deadlines.pop(number, None) is not None:
                answers[number] = _raise_bugs(answer)
        for number in [late for late, deadline in deadlines.items() if deadline <= time.monotonic()]:
            del deadlines[number]
            answers[number] = TransientError(f"no answer within {limit:g} s", hint="check the network, and try again")
    return tuple(answers[number] for number in range(len(jobs)))


def _run_job(
    number: int, job: Callable[[], Result], ended: "queue.SimpleQueue[tuple[int, Result | Exception]]"
) -> None:
    try:
        ended.put((number, job()))
    except Exception as error:  # noqa: BLE001 - it is raised or returned where the answers are collected
        ended.put((number, error))


def _raise_bugs(answer: Result | Exception) -> Result | MtcError:
    if isinstance(answer, Exception) and not isinstance(answer, MtcError):
        raise answer
    return answer
