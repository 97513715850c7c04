"""Which state file owns a warehouse folder: two state files with one folder would delete each other's parts."""

from pathlib import Path

from mtc.core.atomic_files import create_once, make_folder, write_atomic
from mtc.core.errors import StateError
from mtc.state import state_errors

MARKER = ".mtc-lineage"


def claim(warehouse: Path, lineage: str) -> None:
    """Mark the folder as owned by the state file with this id; a missing folder is made.

    A folder with the marker of another state file and no other files is taken over.

    Raises:
        StateError: the folder holds files of another state file, or cannot be written.
    """
    try:
        _claim(warehouse, lineage)
    except OSError as error:
        raise state_errors.of_system(error, warehouse, "use the warehouse folder") from error


def check(warehouse: Path, lineage: str) -> None:
    """Raise StateError if the folder holds files of another state file. Writes nothing."""
    try:
        owner = (warehouse / MARKER).read_text("utf-8", "replace").strip()
    except OSError:
        return
    if owner not in {"", lineage} and _holds_files(warehouse):
        raise _owned(warehouse)


def _claim(warehouse: Path, lineage: str) -> None:
    marker = warehouse / MARKER
    make_folder(warehouse)
    if create_once(marker, lambda staged: _write(staged, lineage)):
        return
    owner = marker.read_text("utf-8", "replace").strip()
    if owner == lineage:
        return
    if owner and _holds_files(warehouse):
        raise _owned(warehouse)
    write_atomic(marker, _content(lineage), mode=0o600)


def _write(staged: Path, lineage: str) -> None:
    staged.write_bytes(_content(lineage))


def _content(lineage: str) -> bytes:
    return lineage.encode() + b"\n"


def _holds_files(warehouse: Path) -> bool:
    return any(path.name != MARKER and not path.is_dir() for path in warehouse.rglob("*"))


def _owned(warehouse: Path) -> StateError:
    hint = (
        "put that state file back, or name it (`state:` or `--state`); or give this one a folder of its own "
        "(`warehouse: {path: ...}`): all logs that are still there are imported again"
    )
    return StateError("the warehouse belongs to another state file", where=str(warehouse), hint=hint)
