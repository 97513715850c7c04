"""What an import would make of log files, as text or JSON. Judges nothing; lines are untrusted."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mtc.core.errors import StepError
from mtc.core.model import Accounting
from mtc.core.quantities import size
from mtc.core.sanitize import one_line
from mtc.report.terminal import PLAIN, Terminal, Tone
from mtc.report.text import accounting_json, count, json_document, plural, table

if TYPE_CHECKING:
    from mtc.stages.import_.preview import Explained, Sample

_HIT = "hit"


def explain_text(explained: "Explained", terminal: Terminal = PLAIN) -> str:
    """One file, for people."""
    lines = [terminal.paint(f"{one_line(str(explained.path))} ({size(explained.size)})", Tone.HEAD)]
    lines += [f"  {line}" for line in table(list(_facts(explained)))]
    if explained.error is not None:
        return "\n".join(
            [*lines, f"  {terminal.paint('cannot be imported:', Tone.BAD)} {_reason_text(explained.error)}"]
        )
    if explained.verdict is not None:
        lines.append(f"  {terminal.paint('would not be imported:', Tone.BAD)} {_reason_text(explained.verdict)}")
    for name, kind, number in _kinds(explained.accounting):
        lines += ["", terminal.paint(f"  {kind}: {plural(number, 'line')}", Tone.HEAD)]
        for sample in explained.samples.get(name, []):
            lines += _sample(sample) if sample.rejected is (kind.startswith("rejected")) else []
    return "\n".join(lines)


def _facts(explained: "Explained") -> Iterator[list[str]]:
    yield ["compression", explained.compression or "unknown"]
    yield ["encoding", explained.encoding or "unknown"]
    for choice in explained.choices:
        yield ["format", f"{choice.format.name}: {choice.format.title}"]
        yield ["", one_line(choice.why)]
        yield from (["note", one_line(str(note))] for note in choice.notes)
        if choice.format.prefix:
            yield ["prefix", f"{one_line(choice.format.prefix.title)}: taken off before a line is read"]
    if explained.error is None:
        accounting = explained.accounting
        filtered, rejected = sum(accounting.filtered.values()), sum(accounting.rejected.values())
        total = f"{plural(accounting.lines, 'line')} = {plural(accounting.hits, 'hit')}"
        yield ["lines", f"{total} + {count(filtered)} filtered + {count(rejected)} rejected"]


def _reason_text(error: StepError) -> str:
    return one_line(f"{error.what} ({error.hint})" if error.hint else error.what, limit=2_000)


def _kinds(accounting: Accounting) -> Iterator[tuple[str, str, int]]:
    """Hits, then each reason: its name, its title, and its number of lines."""
    if accounting.hits:
        yield _HIT, "hits", accounting.hits
    for kind, counts in (("filtered", accounting.filtered), ("rejected", accounting.rejected)):
        for name, number in counts.items():
            yield name, f"{kind} ({one_line(name)})", number


def _sample(sample: "Sample") -> Iterable[str]:
    yield f"    line {count(sample.line)}: {one_line(sample.text)}".rstrip()
    fields = ", ".join(f"{name} {one_line(_shown(value))}" for name, value in sample.fields.items())
    if fields:
        yield f"      {fields}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def explain_json(files: Iterable["Explained"]) -> str:
    """All files as one JSON document."""
    return json_document({"files": [_file(explained) for explained in files]})


def _file(explained: "Explained") -> dict[str, object]:
    return {
        "file": str(explained.path),
        "size": explained.size,
        "compression": explained.compression,
        "encoding": explained.encoding,
        "formats": [
            {
                "name": choice.format.name,
                "title": choice.format.title,
                "why": choice.why,
                "notes": [str(note) for note in choice.notes],
                "prefix": [layer.name for layer in choice.format.prefix.layers] if choice.format.prefix else [],
            }
            for choice in explained.choices
        ],
        "error": _error(explained.error),
        "refused": _error(explained.verdict),
        **accounting_json(explained.accounting),
        "samples": {name: [_line(sample) for sample in samples] for name, samples in explained.samples.items()},
    }


def _error(error: StepError | None) -> Mapping[str, str] | None:
    return None if error is None else {"what": error.what, "hint": error.hint}


def _line(sample: "Sample") -> dict[str, object]:
    return {"line": sample.line, "text": sample.text, "fields": dict(sample.fields)}
