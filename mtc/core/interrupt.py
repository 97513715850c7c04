"""Waiting for work that may never end, such as a call over the network: a stop is heard meanwhile, slowness is told.

The work is done in a thread of its own that nobody has to wait for. Whoever gives up leaves it to itself: it ends when
its connection does, and what it gives then is not looked at.
"""

import contextlib
import functools
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mtc.core.errors import TransientError

Result = TypeVar("Result")
Item = TypeVar("Item")

_TICK = 0.1


class GivenUpError(Exception):
    """Raised in work that nobody waits for any more, when it says that it has moved on."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How slow work may be: in each stretch of so many `seconds` it has to move `least` bytes.

    `clock` tells the seconds, and `tick` is how often one looks; tests have others than the usual ones.
    """

    seconds: float
    least: int
    clock: Callable[[], float] = time.monotonic
    tick: float = _TICK


@dataclass(slots=True)
class Work(Generic[Result]):
    """Work in a thread of its own. It tells `moved` how many more bytes it has moved."""

    do: Callable[[Callable[[int], None]], Result]
    done: threading.Event = field(default_factory=threading.Event)
    bytes: int = 0
    given_up: bool = False
    result: Result | None = None
    error: BaseException | None = None

    def begin(self, name: str) -> None:
        """Begin it."""
        threading.Thread(target=self.run, name=name, daemon=True).start()

    def moved(self, size: int) -> None:
        """So many more bytes have been moved."""
        if self.given_up:
            raise GivenUpError
        self.bytes += size

    def run(self) -> None:
        """Do it, in this thread."""
        try:
            self.result = self.do(self.moved)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to whoever waits
            self.error = error
        finally:
            self.done.set()

    def outcome(self) -> Result:
        """What it has given; raises what it has raised."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value] # it is done


def patiently(
    do: Callable[[Callable[[int], None]], Result], patience: Patience, heard: Callable[[int], None], where: str
) -> Result:
    """Do work and wait for it. `heard` is told now and then how many more bytes it has moved; it may raise to stop.

    Raises:
        TransientError: the work is too slow.
    """
    work = Work(do)
    work.begin("network")
    try:
        _wait(work, patience, heard, where)
    except BaseException:
        work.given_up = True
        raise
    return work.outcome()


def _wait(work: "Work[Result]", patience: Patience, heard: Callable[[int], None], where: str) -> None:
    told = before = 0
    begun = patience.clock()
    while True:
        is_done = work.done.wait(patience.tick)
        moved, now = work.bytes, patience.clock()
        heard(moved - told)
        told = moved
        if is_done and moved == work.bytes:
            return
        if now - begun >= patience.seconds:
            if moved - before < patience.least:
                raise TransientError(f"too slow: {moved - before:,} bytes in {now - begun:,.0f} seconds", where=where)
            begun, before = now, moved


def each(
    do: Callable[[Item], Result], items: Iterable[Item], check: Callable[[], None], *, most: int, name: str
) -> Iterator[tuple[Item, Result]]:
    """Do work for each item, `most` at a time, and give item and result in order. `check` may raise to stop waiting."""
    wanted = [(item, Work[Result](functools.partial(_alone, do, item))) for item in items]
    waiting: queue.SimpleQueue[Work[Result]] = queue.SimpleQueue()
    for _, work in wanted:
        waiting.put(work)
    for _ in range(min(most, len(wanted))):
        threading.Thread(target=_work_off, args=(waiting,), name=name, daemon=True).start()
    for item, work in wanted:
        while not work.done.wait(_TICK):
            check()
        yield item, work.outcome()


def _alone(do: Callable[[Item], Result], item: Item, _: Callable[[int], None]) -> Result:
    return do(item)


def _work_off(waiting: "queue.SimpleQueue[Work[Result]]") -> None:
    with contextlib.suppress(queue.Empty):
        while True:
            waiting.get_nowait().run()
