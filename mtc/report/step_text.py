"""Steps for people and as JSON: the history of one (`mtc why`), and what the state file holds (`mtc state`)."""

import json
from collections.abc import Iterable, Mapping, Sequence

from mtc.core.deliveries import BatchStatus, Delivery
from mtc.core.model import Accounting, LoadedObject
from mtc.core.quantities import size
from mtc.core.records import StepRecord
from mtc.core.sanitize import one_line
from mtc.report.history import Input, InputState, SettingChange, StepHistory
from mtc.report.terminal import PLAIN, Terminal, Tone
from mtc.report.text import accounting_json, count, duration, json_document, outputs_json, plural, table, utc_time
from mtc.state.rows import AttemptRow

_NOUNS = {"object": "object", "part": "part", "stat": ".stat file"}
_ABSENT = "not set"


def why_text(history: StepHistory, terminal: Terminal = PLAIN) -> str:
    """The history of a step, for people."""
    sections = (
        ("", _verdict(history)),
        (_since(history), _changed(history)),
        (_input_title(history.inputs), _input_rows(history.inputs)),
        ("lines", _accounting(history.accounting)),
        ("hits of other days", [f"{one_line(item.key)}: {item.text}" for item in history.elsewhere]),
        ("delivered", [_delivery(item) for item in history.deliveries]),
        ("outputs", table([[one_line(item.path), size(item.size)] for item in history.outputs])),
        ("notes", [one_line(note) for note in history.record.notes] if history.record else []),
        ("attempts", table([_attempt(item) for item in history.attempts])),
    )
    lines: list[str] = []
    for title, body in sections:
        if title and body:
            lines += ["", terminal.paint(title, Tone.HEAD)]
        lines += [f"  {line}" if title else line for line in body]
    return "\n".join(lines)


def _verdict(history: StepHistory) -> list[str]:
    known = history.verdict.value if history.verdict else "not in the plan"
    if history.verdict is None and history.record is None:
        return [f"{history.step}: in neither the plan nor the state file"]
    recorded = f", recorded as {history.record.status.value}" if history.record else ", not in the state file"
    lines = [f"{history.step}: {known}{recorded}", *(f"  because {one_line(reason)}" for reason in history.reasons)]
    if history.record and history.record.error:
        lines.append(f"  error   {one_line(history.record.error)}")
    return lines


def _since(history: StepHistory) -> str:
    finished = history.record.finished if history.record else None
    return f"changed since it was done on {utc_time(finished)}" if finished else "changed since it was done"


def _changed(history: StepHistory) -> list[str]:
    if not history.compared:
        return []
    settings = [f"setting {_setting(item)}" for item in history.settings]
    inputs = [f"input {one_line(item.name)}: {item.change}" for item in history.changes]
    return [*settings, *inputs] or ["nothing"]


def _setting(item: SettingChange) -> str:
    before = _ABSENT if item.before is None else one_line(item.before)
    after = _ABSENT if item.after is None else one_line(item.after)
    return f"{one_line(item.name)}: {before} -> {after} ({one_line(item.place) or 'by default'})"


def _input_title(inputs: Sequence[Input]) -> str:
    if not inputs:
        return ""
    logs = {item.log for item in inputs if item.log}
    if inputs[0].kind == "object" and logs and all(item.log for item in inputs):
        return f"inputs: {plural(len(inputs), 'slice')} of {plural(len(logs), 'log')}"
    return f"inputs: {plural(len(inputs), _NOUNS[inputs[0].kind])}"


def _input_rows(inputs: Sequence[Input]) -> list[str]:
    """A line for each input; slices of one log that are treated alike share one."""
    together: dict[object, list[Input]] = {}
    for item in inputs:
        alike = (item.kind, item.log, item.state) if item.log else item
        together.setdefault(alike, []).append(item)
    return table([_input(_joined(items)) for items in together.values()], right=frozenset({2, 3, 4}))


def _joined(items: Sequence[Input]) -> Input:
    """Slices of one log, or the parts of them, as one input, under the name of the file that was seen last."""
    if len(items) == 1:
        return items[0]
    last = items[-1]
    formats = " and ".join(dict.fromkeys(item.format for item in items if item.format))
    noun = "slice" if last.kind == "object" else "part"
    return Input(
        last.kind,
        f"{last.file}: {plural(len(items), noun)}",
        last.state,
        _sum(item.size for item in items),
        _sum(item.lines for item in items),
        _sum(item.hits for item in items),
        formats,
        last.archived if all(item.archived for item in items) else "",
        last.log,
        last.file,
    )


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _input(item: Input) -> list[str]:
    if item.kind == "stat":
        return [one_line(item.name)]
    if item.kind == "part":
        return [one_line(item.name), plural(item.hits or 0, "hit")]
    row = [one_line(item.name), item.state.value, size(item.size or 0)]
    if item.state is InputState.TO_LOAD:
        return row
    archived = f"archived as {one_line(item.archived)}" if item.archived else "not archived"
    return [*row, plural(item.lines or 0, "line"), plural(item.hits or 0, "hit"), one_line(item.format), archived]


def _accounting(accounting: Accounting | None) -> list[str]:
    if accounting is None:
        return []
    filtered, rejected = sum(accounting.filtered.values()), sum(accounting.rejected.values())
    total = f"{plural(accounting.lines, 'line')} = {plural(accounting.hits, 'hit')}"
    wrong = "" if accounting.balanced else ", which does not add up: please report it"
    return [
        f"{total} + {count(filtered)} filtered + {count(rejected)} rejected{wrong}",
        *_by_reason("filtered", accounting.filtered),
        *_by_reason("rejected", accounting.rejected),
    ]


def _by_reason(kind: str, counts: Mapping[str, int]) -> list[str]:
    parts = ", ".join(f"{one_line(reason)} {count(number)}" for reason, number in counts.items() if number)
    return [f"{kind}: {parts}"] if parts else []


def _delivery(item: Delivery) -> str:
    """A delivery as one line: `2 to stats.example.org site 1: 120 hits of 1 object, done`."""
    recorded = sum(batch.status is BatchStatus.RECORDED for batch in item.batches)
    doubtful = sum(batch.status in {BatchStatus.SENDING, BatchStatus.IN_DOUBT} for batch in item.batches)
    parts = (
        f"{plural(item.hits, 'hit')} of {plural(len(item.objects), 'object')}",
        f"{count(item.invalid)} refused" if item.invalid else "",
        f"{count(item.unsendable)} not sent" if item.unsendable else "",
        f"{count(recorded)} of {count(len(item.batches))} batches recorded" if item.batches else "",
        f"{count(doubtful)} in doubt" if doubtful else "",
        item.status.value,
    )
    return f"{item.number} to {one_line(item.server)} site {item.site_id}: {', '.join(text for text in parts if text)}"


def _attempt(item: AttemptRow) -> list[str]:
    took = duration((item.ended - item.started).total_seconds()) if item.ended else "no end"
    outcome = one_line(item.outcome) or "under way, or killed"
    return [
        utc_time(item.started),
        f"run {one_line(item.run)}",
        f"attempt {item.number}",
        took,
        outcome,
        one_line(item.error),
    ]


def why_json(history: StepHistory) -> str:
    """The history of a step as one JSON document."""
    record = history.record
    return json_document(
        {
            "step": str(history.step),
            "verdict": history.verdict.value if history.verdict else None,
            "reasons": list(history.reasons),
            "status": record.status.value if record else None,
            "error": record.error if record else "",
            "finished": record.finished.isoformat() if record and record.finished else None,
            "changed": {
                "settings": [
                    {"name": item.name, "before": item.before, "after": item.after, "place": item.place}
                    for item in history.settings
                ],
                "inputs": [{"name": item.name, "change": item.change} for item in history.changes],
            },
            "inputs": [_input_json(item) for item in history.inputs],
            "accounting": accounting_json(history.accounting) if history.accounting else None,
            "outputs": outputs_json(history.outputs),
            "deliveries": [_delivery_json(item) for item in history.deliveries],
            "notes": list(record.notes) if record else [],
            "attempts": [_attempt_json(item) for item in history.attempts],
        }
    )


def _input_json(item: Input) -> dict[str, object]:
    return {
        "kind": item.kind,
        "name": item.name,
        "state": item.state.value,
        "size": item.size,
        "lines": item.lines,
        "hits": item.hits,
        "format": item.format,
        "archived": item.archived,
    }


def _delivery_json(item: Delivery) -> dict[str, object]:
    return {
        "number": item.number,
        "server": item.server,
        "site_id": item.site_id,
        "status": item.status.value,
        "objects": [loaded.key for loaded in item.objects],
        "hits": item.hits,
        "invalid": item.invalid,
        "unsendable": item.unsendable,
    }


def _attempt_json(item: AttemptRow) -> dict[str, object]:
    return {
        "run": item.run,
        "number": item.number,
        "started": item.started.isoformat(),
        "ended": item.ended.isoformat() if item.ended else None,
        "outcome": item.outcome,
        "error": item.error,
    }


def records_text(records: Sequence[StepRecord]) -> str:
    """A line for each step: its name, status, when it was finished, and its error, if any."""
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
    return "".join(json.dumps(_record_fields(record)) + "\n" for record in records)


def record_json(record: StepRecord, objects: Sequence[LoadedObject], attempts: Sequence[AttemptRow]) -> str:
    """One step with its objects and attempts, as one JSON document."""
    return (
        json_document(
            {
                **_record_fields(record),
                "objects": [_object_json(item) for item in objects],
                "attempts": [_attempt_json(item) for item in attempts],
            }
        )
        + "\n"
    )


def _record_fields(record: StepRecord) -> dict[str, object]:
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


def _object_json(item: LoadedObject) -> dict[str, object]:
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
