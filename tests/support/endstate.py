"""The state of a project in a form that can be compared, without times, runs and attempts."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from mtc.state.store import Store

_OF_A_RUN = {"attempts", "finished", "checked"}
_LEFTOVERS = ("*.tmp", "*.new", "*.part")

State = dict[str, Any]


def end_state(root: Path) -> State:
    """Return everything that runs have made: hits, files and records."""
    rows = _export(root / ".mtc" / "state.db")
    return {
        "hits": dict(_hits(root / "warehouse", [row for row in rows if row["kind"] == "part"])),
        "steps": {row["step"]: _step(row) for row in rows if row["kind"] == "step"},
        "objects": {f"{row['step']} {row['key']}": row for row in rows if row["kind"] == "object"},
        "parts": sorted(json.dumps({**row, "digest": ""}, sort_keys=True) for row in rows if row["kind"] == "part"),
        "csv outputs": {row["path"]: row for row in rows if row["kind"] == "csv_output"},
        "files": {name: digest for folder in ("stats", "csv", "archive") for name, digest in _files(root, folder)},
    }


def leftovers(root: Path) -> list[str]:
    """Return the files that a finished run must not leave behind."""
    listed = {row["file"] for row in _export(root / ".mtc" / "state.db") if row["kind"] == "part"}
    there = {str(path.relative_to(root / "warehouse")) for path in (root / "warehouse").rglob("*.parquet")}
    half_made = {path for ending in _LEFTOVERS for path in root.rglob(ending)}
    for folder in (root / "warehouse" / ".staging", root / ".mtc" / "spool", root / ".mtc" / "tmp"):
        half_made |= {path for path in folder.rglob("*") if not path.is_dir()}
    return sorted([*(there - listed), *(str(path.relative_to(root)) for path in half_made)])


def _export(path: Path) -> list[dict[str, Any]]:
    """Return the rows of `mtc state export`."""
    stream = io.StringIO()
    with Store.open(path, readonly=True) as store:
        store.export(stream)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def _step(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in _OF_A_RUN}
    figures = {name: value for name, value in row["figures"].items() if name != "archived"}  # of the last attempt only
    return {**kept, "figures": figures}


def _hits(warehouse: Path, parts: list[dict[str, Any]]) -> Iterator[tuple[str, tuple[int, int, int, str]]]:
    """Yield for each site and day: recorded hits, hits found, distinct hits by object and line, and a digest of all.

    A row counts if its file is recorded for its object: files may be shared, and an object may be removed from one.
    """
    with duckdb.connect() as connection:
        for day in sorted({(part["site"], part["day"]) for part in parts}):
            mine = [part for part in parts if (part["site"], part["day"]) == day]
            rows: list[tuple[Any, ...]] = []
            for part in mine:
                query = "SELECT * FROM read_parquet(?) WHERE object = ?"
                rows += connection.execute(query, [str(warehouse / part["file"]), part["object_id"]]).fetchall()
            digest = hashlib.sha256(repr(sorted(rows, key=repr)).encode()).hexdigest()
            listed = sum(part["hits"] for part in mine)
            yield " ".join(day), (listed, len(rows), len({row[:2] for row in rows}), digest)


def _files(root: Path, folder: str) -> Iterator[tuple[str, str]]:
    for path in sorted((root / folder).rglob("*")):
        if path.is_file():
            yield str(path.relative_to(root)), hashlib.sha256(path.read_bytes()).hexdigest()
