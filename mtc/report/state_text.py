"""What the state file knows of steps, as lines for people and as JSON. Nothing here judges."""

import json
from collections.abc import Sequence

from mtc.core.model import LoadedObject
from mtc.core.records import StepRecord
from mtc.core.sanitize import one_line
from mtc.report.text import accounting_json, json_document, outputs_json, table, utc_time
from mtc.state.rows import AttemptRow


def records_text(records: Sequence[StepRecord]) -> str:
    """A line for each step: its name, status, when it was done, and its error if it has one."""
    rows = [
        [
            str(record.step),
            record.status.value,
            utc_time(record.finished) if record.finished else "-",
            one_line(record.error),
        ]
        for record in records
    ]
    return "".join(f"{line.rstrip()}\n" for line in table(rows)) if rows else ""


def records_json(records: Sequence[StepRecord]) -> str:
    """A line of JSON for each step."""
    return "".join(json.dumps(_fields(record)) + "\n" for record in records)


def record_json(record: StepRecord, objects: Sequence[LoadedObject], attempts: Sequence[AttemptRow]) -> str:
    """One step with its objects and attempts, as one JSON document."""
    tried = [
        {
            "run": record.run,
            "number": record.number,
            "started": record.started.isoformat(),
            "ended": record.ended.isoformat() if record.ended else None,
            "outcome": record.outcome,
            "error": record.error,
        }
        for record in attempts
    ]
    return (
        json_document({**_fields(record), "objects": [_object(record) for record in objects], "attempts": tried}) + "\n"
    )


def _fields(record: StepRecord) -> dict[str, object]:
    return {
        "step": str(record.step),
        "status": record.status.value,
        "fingerprint": record.fingerprint,
        "finished": record.finished.isoformat() if record.finished else None,
        "checked": record.checked.isoformat() if record.checked else None,
        "error": record.error,
        "accounting": accounting_json(record.accounting) if record.accounting else None,
        "figures": dict(record.figures),
        "settings": dict(record.settings),
        "inputs": dict(record.inputs),
        "outputs": outputs_json(record.outputs),
        "notes": list(record.notes),
    }


def _object(item: LoadedObject) -> dict[str, object]:
    return {
        "key": item.object.key,
        "size": item.object.size,
        "version": item.object.version,
        "sha256": item.content,
        "format": item.format,
        **accounting_json(item.accounting),
        "archived": item.archived,
        "parts": [{"day": part.day.isoformat(), "file": part.file, "hits": part.hits} for part in item.parts],
    }
