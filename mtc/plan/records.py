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


def digest_of(record: StepRecord | None, verdict: Verdict) -> str:
    """The fingerprint of a step that is up to date, which is the recorded one; empty for any other."""
    return record.fingerprint if record is not None and verdict is Verdict.UP_TO_DATE else ""


def unfinished(record: StepRecord | None, inputs: tuple[str, ...] = ()) -> Finding | None:
    """The verdict of a step without a success to be judged by, or whose last try failed; None for any other.

    `inputs` are the reasons of a new one.
    """
    if record is None or _never_tried(record):
        return Verdict.NEW, inputs
    if record.status in DONE or _done_and_blocked(record):
        return None
    return Verdict.FAILED, (record.error or "interrupted before it was done",)


def unchanged(record: StepRecord | None, notes: tuple[str, ...] = ()) -> Finding:
    """The verdict of a step that is as it should be: it is done, unless the state has it as blocked since."""
    if record is not None and _done_and_blocked(record):
        return Verdict.FAILED, (f"blocked before: {record.error}" if record.error else "blocked before",)
    return Verdict.UP_TO_DATE, notes


def _never_tried(record: StepRecord) -> bool:
    return record.status in _UNTRIED and not record.attempts and not record.fingerprint


def _done_and_blocked(record: StepRecord) -> bool:
    """A success that a later run could not get to."""
    return record.status is Status.BLOCKED and bool(record.fingerprint) and not record.attempts
