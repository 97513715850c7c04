"""Why a step is as it is, as JSON: the same `Story` that `why` puts into words."""

from mtc.delivery import Delivery
from mtc.model import Accounting
from mtc.report.inputs import Input
from mtc.report.story import Attempt, Story
from mtc.report.text import document


def why_json(story: Story) -> str:
    """The story as one JSON document."""
    record = story.record
    return document(
        {
            "step": str(story.step),
            "verdict": story.verdict.value if story.verdict else None,
            "reasons": list(story.reasons),
            "status": record.status.value if record else None,
            "error": record.error if record else "",
            "finished": record.finished.isoformat() if record and record.finished else None,
            "changed": {
                "settings": [
                    {"name": item.name, "before": item.before, "after": item.after, "place": item.place}
                    for item in story.settings
                ],
                "inputs": [{"name": item.name, "change": item.change} for item in story.changes],
            },
            "inputs": [_input_json(item) for item in story.inputs],
            "accounting": _accounting_json(story.accounting),
            "outputs": [{"path": item.path, "size": item.size, "sha256": item.digest} for item in story.outputs],
            "deliveries": [_delivery_json(item) for item in story.deliveries],
            "notes": list(record.notes) if record else [],
            "attempts": [_attempt_json(item) for item in story.attempts],
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


def _accounting_json(accounting: Accounting | None) -> dict[str, object] | None:
    if accounting is None:
        return None
    return {
        "lines": accounting.lines,
        "hits": accounting.hits,
        "filtered": dict(accounting.filtered),
        "rejected": dict(accounting.rejected),
    }


def _delivery_json(item: Delivery) -> dict[str, object]:
    return {
        "number": item.number,
        "server": item.server,
        "site_id": item.site_id,
        "status": item.status.value,
        "objects": [one.key for one in item.objects],
        "hits": item.hits,
        "invalid": item.invalid,
        "unsendable": item.unsendable,
    }


def _attempt_json(item: Attempt) -> dict[str, object]:
    return {
        "run": item.run,
        "number": item.number,
        "started": item.started.isoformat(),
        "ended": item.ended.isoformat() if item.ended else None,
        "outcome": item.outcome,
        "error": item.error,
    }
