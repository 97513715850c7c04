"""What lies on this machine: the state file and its lock, folders, disks, the database of countries.

Nothing is made that stays: a folder that is not there yet is looked for where it would be made. No run is kept out.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mtc.errors import StateError, StepError
from mtc.files import explain_os_error
from mtc.manifest.project import Project
from mtc.run.checking.findings import Finding
from mtc.state.lineage import MARKER
from mtc.state.owner import lock_path, owner_at_work
from mtc.state.store import Store
from mtc.warehouse.countries import open_countries

_GB = 1_000_000_000
_LEAST = 10_000_000


def places(project: Project) -> Iterator[Finding]:
    """All that lies on this machine, but for the space on its disks."""
    yield from _state(project)
    yield from _lock(project.state)
    for about, folder in _folders(project).items():
        yield _writable(about, folder)
    if project.countries:
        yield _countries(project.countries)


def space(project: Project, largest: int) -> Iterator[Finding]:
    """Whether there is room for parts, and for an object of `largest` bytes fetched and unpacked aside."""
    for about, folder in (("warehouse", project.warehouse), ("spool", project.work)):
        free = shutil.disk_usage(_nearest(folder)).free
        told, wanted = f"{free / _GB:.1f} GB free", max(_GB, 2 * largest)
        hint = "free some space, or give it a place on a larger disk in the manifest"
        if free < _LEAST:
            yield Finding.problem(f"{about}'s disk", str(folder), f"no space left: {free:,} bytes free", hint)
        elif free < wanted:
            yield Finding.warning(f"{about}'s disk", str(folder), f"{told}, of {wanted / _GB:.1f} GB wanted", hint)
        else:
            yield Finding.ok(f"{about}'s disk", str(folder), told)


def writable(about: str, folder: Path) -> Finding:
    """Whether files can be made in a folder, or where it would be made."""
    return _writable(about, folder)


def _folders(project: Project) -> dict[str, Path]:
    return {
        "state's folder": project.work,
        "warehouse": project.warehouse,
        "stats": project.stats,
        "csv": project.csv,
    }


def _state(project: Project) -> Iterator[Finding]:
    state = project.state
    lineage, what = "", "none yet: the first run makes it"
    if os.path.lexists(state):
        try:
            with Store.open(state, readonly=True) as store:
                store.check()
                lineage = store.lineage
        except StateError as error:
            yield Finding.of(error, "state", str(state))
            return
        what = "can be read and written, and is sound"
        if not os.access(state, os.W_OK):
            yield Finding.problem("state", str(state), "cannot be written", "check its permissions and its owner")
            return
    yield Finding.ok("state", str(state), what)
    yield from _lineage(project.warehouse, lineage)


def _lineage(warehouse: Path, lineage: str) -> Iterator[Finding]:
    """Another state file's parts in the warehouse: a run would refuse to touch them."""
    try:
        owner = (warehouse / MARKER).read_text("utf-8", "replace").strip()
    except OSError:
        return
    if owner and owner != lineage and any(path.name != MARKER and path.is_file() for path in warehouse.rglob("*")):
        hint = "use that state file (`state:`), or give this one a folder of its own (`warehouse: {path: ...}`)"
        yield Finding.problem("warehouse", str(warehouse), "it belongs to another state file", hint)


def _lock(state: Path) -> Iterator[Finding]:
    path = lock_path(state)
    try:
        owner = owner_at_work(state)
    except StateError as error:
        yield Finding.of(error, "lock", str(path))
        return
    if owner is not None:
        hint = "let it end, or have a run wait for it with --wait 10m"
        hint += "" if owner.is_here else "; if it was killed there, the next run takes its place"
        yield Finding.warning("lock", str(path), f"another run is at work: {owner}", hint)
    else:
        yield Finding.ok("lock", str(path), "free")


def _writable(about: str, folder: Path) -> Finding:
    there = os.path.exists(folder)  # noqa: PTH110 - Path.exists raises where a folder above may not be looked into
    try:
        with tempfile.TemporaryFile(prefix=".mtc-probe-", dir=_nearest(folder)):
            pass
    except OSError as error:
        return Finding.of(explain_os_error(error, str(folder)), about, str(folder))
    return Finding.ok(about, str(folder), "can be written" if there else "is made when it is needed")


def _nearest(path: Path) -> Path:
    """The path, or the nearest one above it that is there."""
    return next((at for at in (path, *path.parents) if os.path.exists(at)), path)  # noqa: PTH110 - as above


def _countries(path: Path) -> Finding:
    try:
        with open_countries(path) as countries:
            return Finding.ok("countries", str(path), f"can be read ({countries.kind})")
    except StepError as error:
        return Finding.of(error, "countries", str(path))
