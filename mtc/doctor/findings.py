"""What a check has to say: a value for each thing looked at. No I/O.

Questions asked beside one another, each with a time limit of its own. A thread that hangs is left to its fate.
"""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from mtc.core.errors import MtcError, TransientError

_PASSING = "see that it can be reached from here, by the proxy if there is one, and look again"
_STAYING = "mend that, and look again"


class Level(StrEnum):
    """How bad it is: a problem would stop a run, a warning would not."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is `about`, `where` that lies, `what` was found, and the remedy (`hint`)."""

    level: Level
    about: str
    where: str
    what: str
    hint: str = ""

    @classmethod
    def ok(cls, about: str, where: str, what: str) -> Self:
        """All is well."""
        return cls(Level.OK, about, where, what)

    @classmethod
    def warning(cls, about: str, where: str, what: str, hint: str) -> Self:
        """Stops nothing."""
        return cls(Level.WARNING, about, where, what, hint)

    @classmethod
    def problem(cls, about: str, where: str, what: str, hint: str) -> Self:
        """Would stop a run, or make its numbers wrong."""
        return cls(Level.PROBLEM, about, where, what, hint)

    @classmethod
    def of(cls, error: MtcError, about: str, where: str) -> Self:
        """An error that a run would end with; `where` where it does not say it itself."""
        usual = _PASSING if isinstance(error, TransientError) else _STAYING
        return cls(Level.PROBLEM, about, error.where or where, error.what, error.hint or usual)


def any_problem(findings: Iterable[Finding]) -> bool:
    """Whether a run would be stopped."""
    return any(finding.level is Level.PROBLEM for finding in findings)


LIMIT = 30.0
"""How many seconds a question over a network may take."""

_AT_ONCE = 16

T = TypeVar("T")


def together(
    jobs: Sequence[Callable[[], T]], *, limit: float = LIMIT, at_once: int = _AT_ONCE
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
            threading.Thread(target=_do, args=(number, job, ended), name="check", daemon=True).start()
            deadlines[number] = time.monotonic() + limit
        with contextlib.suppress(queue.Empty):
            number, answer = ended.get(timeout=max(0.0, min(deadlines.values()) - time.monotonic()))
            if deadlines.pop(number, None) is not None:
                answers[number] = _own(answer)
        for number in [late for late, deadline in deadlines.items() if deadline <= time.monotonic()]:
            del deadlines[number]
            answers[number] = TransientError(f"no answer within {limit:g} s", hint="check the network, and try again")
    return tuple(answers[number] for number in range(len(jobs)))


def _do(number: int, job: Callable[[], T], ended: "queue.SimpleQueue[tuple[int, T | Exception]]") -> None:
    try:
        ended.put((number, job()))
    except Exception as error:  # noqa: BLE001 - it is raised, or told, where the answers are waited for
        ended.put((number, error))


def _own(answer: T | Exception) -> T | MtcError:
    if isinstance(answer, Exception) and not isinstance(answer, MtcError):
        raise answer
    return answer
