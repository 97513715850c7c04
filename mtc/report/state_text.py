"""What the state file knows of steps, as lines for people and as JSON. Nothing here judges."""

import json
from collections.abc import Sequence

from mtc.core.model import Accounting, LoadedObject
from mtc.core.records import StepRecord
from mtc.core.sanitize import one_line
from mtc.report.history import Attempt
from mtc.report.text import document, moment, table


def records_text(records: Sequence[StepRecord]) -> str:
    """A line for each step: its name, status, when it was done, and its error if it has one."""
    rows = [
        [str(one.step), one.status.value, moment(one.finished) if one.finished else "-", one_line(one.error)]
        for one in records
    ]
    return "".join(f"{line.rstrip()}\n" for line in table(rows)) if rows else ""


def records_json(records: Sequence[StepRecord]) -> str:
    """A line of JSON for each step."""
    return "".join(json.dumps(_fields(one)) + "\n" for one in records)


def record_json(record: StepRecord, objects: Sequence[LoadedObject], attempts: Sequence[Attempt]) -> str:
    """One step with its objects and attempts, as one document."""
    tried = [
        {
            "run": one.run,
            "number": one.number,
            "started": one.started.isoformat(),
            "ended": one.ended.isoformat() if one.ended else None,
            "outcome": one.outcome,
            "error": one.error,
        }
        for one in attempts
    ]
    return document({**_fields(record), "objects": [_object(one) for one in objects], "attempts": tried}) + "\n"


def _fields(record: StepRecord) -> dict[str, object]:
    return {
        "step": str(record.step),
        "status": record.status.value,
        "fingerprint": record.fingerprint,
        "finished": record.finished.isoformat() if record.finished else None,
        "checked": record.checked.isoformat() if record.checked else None,
        "error": record.error,
        "accounting": _accounting(record.accounting) if record.accounting else None,
        "figures": dict(record.figures),
        "settings": dict(record.settings),
        "inputs": dict(record.inputs),
        "outputs": [{"path": one.path, "size": one.size, "sha256": one.digest} for one in record.outputs],
        "notes": list(record.notes),
    }


def _accounting(account: Accounting) -> dict[str, object]:
    return {
        "lines": account.lines,
        "hits": account.hits,
        "filtered": dict(account.filtered),
        "rejected": dict(account.rejected),
    }


def _object(item: LoadedObject) -> dict[str, object]:
    return {
        "key": item.object.key,
        "size": item.object.size,
        "version": item.object.version,
        "sha256": item.content,
        "format": item.format,
        **_accounting(item.accounting),
        "archived": item.archived,
        "parts": [{"day": part.day.isoformat(), "file": part.file, "hits": part.hits} for part in item.parts],
    }
