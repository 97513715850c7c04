"""The files of rejected lines, when slices of a growing log are merged into one.

Such a file has a JSON object for each line: the key of its object, its number there, the reason and the text. The state
does not list these files.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtc.core.atomic_files import fsync_dir, write_atomic
from mtc.core.errors import PermanentError
from mtc.core.model import LoadedObject, StepId
from mtc.core.sanitize import printable
from mtc.warehouse.parts import bundle_name, rejected_file


def merged_lines(warehouse: Path, step: StepId, slices: Sequence[LoadedObject], key: str) -> Iterator[bytes]:
    """The lines of a file for the merged slice of this key: what is kept of the slices' lines, in order.

    Raises:
        PermanentError: a file cannot be read.
    """
    before: dict[str, int] = {}
    lines = 0
    for item in slices:
        before[printable(item.object.key)] = lines
        lines += item.accounting.lines
    if not any(sum(item.accounting.rejected.values()) for item in slices):
        return
    found: dict[int, Mapping[str, Any]] = {}
    for path in _files(warehouse, step):
        for row in _rows(path):
            if row["object"] in before:
                number = row["line"] + before[row["object"]]
                found[number] = {**row, "object": printable(key), "line": number}
    for _, row in sorted(found.items()):
        yield _line(row)


def remove_merged(warehouse: Path, step: StepId, objects: Sequence[LoadedObject]) -> None:
    """Remove the lines of slices that were merged from the older files; `objects` are those loaded for the step.

    Raises:
        PermanentError: a file cannot be read.
    """
    keys = {printable(item.object.key) for item in objects}
    merged = {
        printable(item.object.key): bundle_name([item.object_id], 0)
        for item in objects
        if item.object.slice is not None and item.object.slice.pieces
    }
    for path in _files(warehouse, step) if merged else ():
        rows = list(_rows(path))
        kept = [row for row in rows if row["object"] in keys and merged.get(row["object"], path.stem) == path.stem]
        if not kept:
            path.unlink()
            fsync_dir(path.parent)
        elif len(kept) < len(rows):
            write_atomic(path, b"".join(map(_line, kept)))


def _files(warehouse: Path, step: StepId) -> list[Path]:
    folder = (warehouse / rejected_file(step.site, step.day, "any")).parent
    return sorted(folder.glob("*.jsonl"))


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                yield {**row, "object": str(row["object"]), "line": int(row["line"])}
    except (OSError, ValueError, KeyError, TypeError):
        raise PermanentError("the rejected lines cannot be read", where=str(path)) from None


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(row), separators=(",", ":")).encode() + b"\n"
