"""Run records for other programs: a JSON file for each run, in `runs/` of the work folder.

The last 100 are kept, and those of the last 14 days up to 5,000 files and 64 MiB: with a run every ten minutes these
are 2,016.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mtc.core.atomic_files import PRIVATE, make_folder, write_atomic
from mtc.core.model import Status, StepId, Verdict
from mtc.state import state_errors

VERSION = 1
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Retention:
    """Which records are kept: the newest `fewest`, and of the last `days` up to `most` records and `size` bytes."""

    fewest: int = 100
    days: int = 14
    most: int = 5000
    size: int = 64 << 20


_RETENTION = Retention()


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How one step of a run ended. `error` holds no secret; `verdict` is why the step was in the plan."""

    step: StepId
    status: Status
    verdict: Verdict
    seconds: float = 0.0
    attempts: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. `errors` are those of the run itself, such as a state file that cannot be written."""

    run: str
    manifest: str
    command: str
    started: dt.datetime
    ended: dt.datetime
    exit_code: int
    counts: Mapping[str, int] = field(default_factory=dict)
    steps: tuple[StepOutcome, ...] = ()
    errors: tuple[str, ...] = ()


def run_id(now: dt.datetime, token: str) -> str:
    """An id that sorts by time: `20260501T120000Z-` and `token`, which distinguishes runs of the same second."""
    return f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}-{token}"


def write_record(folder: Path, record: RunRecord, *, retention: Retention = _RETENTION) -> Path:
    """Write `RUN.json` atomically into `folder`, and remove old records. Raises StateError."""
    if not _RUN_ID.fullmatch(record.run):
        raise ValueError(f"{record.run!r} is not a run id")
    target = folder / f"{record.run}.json"
    text = json.dumps(_fields(record), ensure_ascii=True, indent=1) + "\n"
    try:
        make_folder(folder, 0o700)
        write_atomic(target, text.encode(), mode=PRIVATE)
        _remove_oldest(folder, target, record.ended, retention)
    except OSError as error:
        raise state_errors.of_system(error, target, "write the run record") from error
    return target


def _fields(record: RunRecord) -> dict[str, object]:
    return {
        "version": VERSION,
        "run": record.run,
        "manifest": record.manifest,
        "command": record.command,
        "started": record.started.isoformat(),
        "ended": record.ended.isoformat(),
        "exit_code": record.exit_code,
        "counts": dict(record.counts),
        "errors": list(record.errors),
        "steps": [_outcome_fields(outcome) for outcome in record.steps],
    }


def _outcome_fields(outcome: StepOutcome) -> dict[str, object]:
    return {
        "step": str(outcome.step),
        "status": outcome.status.value,
        "verdict": outcome.verdict.value,
        "seconds": round(outcome.seconds, 3),
        "attempts": outcome.attempts,
        "figures": dict(outcome.figures),
        "error": outcome.error,
    }


def _remove_oldest(folder: Path, newest: Path, now: dt.datetime, retention: Retention) -> None:
    """Remove the oldest records, and unfinished ones; the one just written stays, whatever its time is."""
    for unfinished in folder.glob(".*.json.*.tmp"):  # of killed runs: none is at work now
        unfinished.unlink(missing_ok=True)
    others = [(path, path.stat()) for path in folder.glob("*.json") if path != newest]
    others.sort(key=lambda item: (item[1].st_mtime_ns, item[0].name), reverse=True)
    since = now.timestamp() - dt.timedelta(days=retention.days).total_seconds()
    size = newest.stat().st_size
    for number, (path, stat) in enumerate(others, start=1):
        size += stat.st_size
        is_recent = stat.st_mtime >= since and number < retention.most and size <= retention.size
        if number >= retention.fewest and not is_recent:
            path.unlink(missing_ok=True)
