"""What a step's record says by itself, whatever its inputs are now: done, never tried, or failed."""

from mtc.model import Status, Verdict
from mtc.plan.model import StepRecord

DONE = frozenset({Status.DONE, Status.EMPTY})
_UNTRIED = frozenset({Status.PLANNED, Status.BLOCKED})

Finding = tuple[Verdict, tuple[str, ...]]
"""A verdict and its reasons."""


def is_done(record: StepRecord | None) -> bool:
    """Whether the last thing that is known of the step is its success."""
    return record is not None and record.status in DONE


def unfinished(record: StepRecord | None, inputs: tuple[str, ...] = ()) -> Finding | None:
    """The verdict of a step that is not done; None for one that is. `inputs` are the reasons of a new one."""
    if record is None or _never_tried(record):
        return Verdict.NEW, inputs
    if record.status in DONE:
        return None
    if record.status is Status.BLOCKED:
        return Verdict.FAILED, (f"blocked before: {record.error}" if record.error else "blocked before",)
    return Verdict.FAILED, (record.error or "interrupted before it was done",)


def _never_tried(record: StepRecord) -> bool:
    return record.status in _UNTRIED and not record.attempts and not record.fingerprint
