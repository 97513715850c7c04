"""Checks of storage: this machine (state file, lock, folders, disks, country database), sources, archives.

Nothing that stays is created: for a folder that does not exist, the nearest existing one above it is checked, and an
archive gets an empty probe that is deleted again. The probe is written like a copy, so that each permission of an
upload is checked. The lock is not taken, so that no run has to wait.
"""

import datetime as dt
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.core.atomic_files import explain_write_error
from mtc.core.errors import ObjectChangedError, StateError, StepError
from mtc.core.findings import Finding
from mtc.core.model import SourceObject
from mtc.core.sanitize import printable
from mtc.engine.wiring import open_archive, open_source
from mtc.formats.native.library import why_not
from mtc.manifest.project import Project, SiteSettings
from mtc.sources.adopted import without_compression
from mtc.sources.folder import FolderArchive, FolderSource
from mtc.sources.growing_source import GrowingSource
from mtc.sources.log_slices import MOST
from mtc.sources.s3_archive import S3Archive
from mtc.sources.s3_client import Access, Tuning, explaining
from mtc.sources.source import LogSource, ObjectsByDay
from mtc.state.lock import lock_path, owner_at_work
from mtc.state.store import Store
from mtc.state.warehouse_owner import MARKER
from mtc.warehouse.countries import open_countries

QUICK = Tuning(connect_timeout=5, read_timeout=20, attempts=2)
"""How S3 is used while somebody waits for the answer."""

_NOTES = 3


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """The findings about a site's source, the size of its largest object, and its newest objects that are not empty.

    There is one of these, and of growing logs one for each name that the logs had before they were rotated.
    """

    findings: tuple[Finding, ...]
    largest: int = 0
    newest: tuple[SourceObject, ...] = ()


def about_source(site: str) -> str:
    """The subject of findings about a site's source."""
    return f"source of {site}"


def check_source(project: Project, site: SiteSettings, days: Sequence[dt.date]) -> SourceCheck:
    """List a site's source for these days, and read a byte of its largest object.

    Raises:
        StepError: it cannot be listed or read.
    """
    source = open_source(site, project.credentials, project.root, tuning=QUICK)
    if isinstance(source, GrowingSource):
        return _check_growing(site, source)
    notes: list[str] = []
    listed = source.list_days(days, note=notes.append)
    objects = [item for day in listed.values() for item in day]
    warnings = tuple(_skipped(site, source, note) for note in notes[:_NOTES])
    if not objects:
        hint = "check the source's url, and the manifest's dates"
        none = Finding.warning(about_source(site.name), source.describe(), f"no objects {_span(days)}", hint)
        return SourceCheck((none, *warnings))
    largest = max(objects, key=lambda item: item.size)
    with suppress(ObjectChangedError):  # a log that is being written to, which a run handles
        source.peek(largest, 1)
    text = f"{len(objects)} object{'s' * (len(objects) != 1)} {_span(days)}, {_on(len(listed), len(days))}"
    return SourceCheck(
        (Finding.ok(about_source(site.name), source.describe(), text), *warnings), largest.size, _newest(listed)
    )


def _check_growing(site: SiteSettings, source: GrowingSource) -> SourceCheck:
    """List logs that grow; read a byte of the largest one, and in a folder of each."""
    notes: list[str] = []
    files = source.files.list_files(note=notes.append)
    about, where = about_source(site.name), source.describe()
    warnings = [_skipped(site, source, note) for note in notes[:_NOTES]]
    if not files:
        return SourceCheck((Finding.warning(about, where, "no log fits the URL", "check the source's url"), *warnings))
    largest = max(files, key=lambda item: item.size)
    if isinstance(source.files, FolderSource):
        refused = [error for item in files if (error := _refusal(source, item))]
        if len(refused) == len(files):
            raise refused[0]
        if refused:
            what = f"{len(refused)} of {len(files)} logs cannot be read, such as {refused[0].where}: {refused[0].what}"
            warnings.append(Finding.problem(about, where, what, refused[0].hint))
    else:
        with suppress(ObjectChangedError):
            source.peek(largest, 1)
    written = max(item.modified_at for item in files).astimezone(site.tzinfo)
    number = f"{len(files)} log{'s' * (len(files) != 1)}"
    text = f"{number} that may grow, last written to on {written:%Y-%m-%d at %H:%M}"
    return SourceCheck((Finding.ok(about, where, text), *warnings), min(largest.size, MOST), _newest_by_name(files))


def _refusal(source: LogSource, item: SourceObject) -> StepError | None:
    """The error that a file cannot be read; None if it can, or is gone since it was listed."""
    try:
        source.peek(item, 1)
    except ObjectChangedError:
        return None
    except StepError as error:
        return error
    return None


def _newest(listed: ObjectsByDay) -> tuple[SourceObject, ...]:
    """The object changed last, of the last day with one that is not empty."""
    for day in sorted(listed, reverse=True):
        if filled := [item for item in listed[day] if item.size]:
            return (max(filled, key=lambda item: (item.modified, item.key)),)
    return ()


_ROTATED = re.compile(r"[-_.]?\d{4}[-_.]?\d{2}[-_.]?\d{2}(?:[-_.T]?\d{2,10})*|(?:[-_.]\d+)+$")


def _newest_by_name(files: Sequence[SourceObject]) -> tuple[SourceObject, ...]:
    """The growing logs changed last, one of each name without date, number and compression; the newest first."""
    found: dict[str, SourceObject] = {}
    for item in sorted(files, key=lambda item: (item.modified, item.key), reverse=True):
        if item.size:
            found.setdefault(_ROTATED.sub("", without_compression(item.key)), item)
    return tuple(found.values())


def _skipped(site: SiteSettings, source: LogSource, note: str) -> Finding:
    return Finding.warning(about_source(site.name), source.describe(), note, "give the object another name")


def _span(days: Sequence[dt.date]) -> str:
    return f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}"


def _on(some: int, every: int) -> str:
    return "on every day" if some == every else f"on {some} of {every} days"


_GB = 1_000_000_000
_MIN_FREE = 10_000_000


def check_machine(project: Project) -> Iterator[Finding]:
    """Check everything on this machine, except for the space on its disks."""
    yield from _state(project)
    yield from _lock(project.state)
    for about, folder in _folders(project).items():
        yield _writable(about, folder)
    if project.countries:
        yield _countries(project.countries)
    reason = why_not()
    what = f"the database reads every line; the native reader is {reason}" if reason else "the native reader is used"
    yield Finding.ok("reading", "", what)


def check_disk_space(project: Project, largest: int) -> Iterator[Finding]:
    """Check the space for parts, and for an object of `largest` bytes, fetched and unpacked."""
    for about, folder in (("warehouse", project.warehouse), ("spool", project.work)):
        free = shutil.disk_usage(_nearest(folder)).free
        text, required = f"{free / _GB:.1f} GB free", max(_GB, 2 * largest)
        hint = "free some space, or move it to a larger disk in the manifest"
        if free < _MIN_FREE:
            yield Finding.problem(f"{about}'s disk", str(folder), f"no space left: {free:,} bytes free", hint)
        elif free < required:
            yield Finding.warning(f"{about}'s disk", str(folder), f"{text}, of {required / _GB:.1f} GB needed", hint)
        else:
            yield Finding.ok(f"{about}'s disk", str(folder), text)


def _folders(project: Project) -> dict[str, Path]:
    return {
        "state's folder": project.work,
        "warehouse": project.warehouse,
        "stats": project.stats,
        "csv": project.csv,
    }


def _state(project: Project) -> Iterator[Finding]:
    state = project.state
    lineage, what = "", "none yet: the first run creates it"
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
    """The problem of a warehouse with parts of another state file: a run would refuse it."""
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
        hint += "" if owner.is_local else "; if it was killed there, the next run takes its place"
        yield Finding.warning("lock", str(path), f"another run is active: {owner}", hint)
    else:
        yield Finding.ok("lock", str(path), "free")


def _writable(about: str, folder: Path) -> Finding:
    """Whether files can be created in a folder, or where it would be created."""
    exists = os.path.exists(folder)  # noqa: PTH110 - Path.exists raises if a folder above may not be read
    try:
        with tempfile.TemporaryFile(prefix=".mtc-probe-", dir=_nearest(folder)):
            pass
    except OSError as error:
        return Finding.of(explain_write_error(error, str(folder)), about, str(folder))
    return Finding.ok(about, str(folder), "can be written" if exists else "will be created when it is needed")


def _nearest(path: Path) -> Path:
    """The path, or the nearest existing folder above it."""
    return next((at for at in (path, *path.parents) if os.path.exists(at)), path)  # noqa: PTH110 - as above


def _countries(path: Path) -> Finding:
    try:
        with open_countries(path) as countries:
            return Finding.ok("countries", str(path), f"can be read ({countries.kind})")
    except StepError as error:
        return Finding.of(error, "countries", str(path))


if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROBE = ".mtc-probe"
"""The name of the object that is written to an archive and deleted again."""


def about_archive(site: str) -> str:
    """The subject of findings about a site's archive."""
    return f"archive of {site}"


def check_archive(project: Project, site: SiteSettings, day: dt.date) -> tuple[Finding, ...]:
    """Check that an object of that day could be archived.

    Raises:
        StepError: it could not.
    """
    archive = open_archive(site, project.credentials, project.root, tuning=QUICK)
    if isinstance(archive, S3Archive):
        return (_Probe(archive, archive.template.render(day, SourceObject(PROBE, 0))).run(site.name),)
    if isinstance(archive, FolderArchive):
        return (_writable(about_archive(site.name), archive.project / archive.template.root),)
    return ()


@dataclass(frozen=True, slots=True)
class _Probe:
    """Writes and deletes a probe in one archive."""

    archive: S3Archive
    key: str

    def run(self, site: str) -> Finding:
        """Look up, write and delete the probe."""
        self._head()
        with self._explaining("s3:PutObject"):
            self._client.put_object(Bucket=self._bucket, Key=self.key, Body=b"")
        try:
            with self._explaining("s3:DeleteObject"):
                self._client.delete_object(Bucket=self._bucket, Key=self.key)
        except StepError:
            what = f"can be written; the empty object {self._where} stays, as deleting it is refused"
            return Finding.warning(about_archive(site), self.archive.describe(), what, "delete it, if it is in the way")
        return Finding.ok(about_archive(site), self.archive.describe(), "can be written")

    def _head(self) -> None:
        """Look it up. Without the right to list, a service answers that a missing object is forbidden."""
        with suppress(ObjectChangedError), self._explaining("s3:GetObject and s3:ListBucket"):
            self._client.head_object(Bucket=self._bucket, Key=self.key)

    @property
    def _client(self) -> "S3Client":
        return self.archive.clients.get(self.archive.login, self.archive.tuning)

    @property
    def _bucket(self) -> str:
        return self.archive.template.bucket

    @property
    def _where(self) -> str:
        return printable(self.archive.template.copy_url(self.key))

    def _explaining(self, permission: str) -> AbstractContextManager[None]:
        return explaining(Access(str(self.archive.login), self._where, permission))
