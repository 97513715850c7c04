"""The seams of this package: where logs lie (`LogSource`) and where they are archived (`LogArchive`).

A source is only read, never written. Both are used from several threads at once.
"""

import contextlib
import datetime as dt
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mtc.core.model import SourceObject

Progress = Callable[[int], None]
"""Is called with how many more bytes have been moved, which may be none; it may raise to stop the transfer."""

Note = Callable[[str], None]
"""Is called with what a person should know that stops nothing."""

ObjectsByDay = Mapping[dt.date, tuple[SourceObject, ...]]
"""The objects of each day that has any, in order of their keys."""


def ignore(_: object) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """Where an object lies for a service that could copy it by itself. `service` tells services apart."""

    service: str
    bucket: str
    key: str


class LogSource(Protocol):
    """Where logs lie. Every method raises `StepError`s only."""

    def list_days(self, days: Collection[dt.date], *, note: Note = ignore) -> ObjectsByDay:
        """List the objects of these days. Objects with keys that are no safe path are skipped, with a note."""

    def empty_listing_doubt(self) -> str:
        """Why an empty listing may be wrong where there were objects before; empty where it is right."""

    def fetch(self, obj: SourceObject, spool: Path, *, progress: Progress = ignore) -> Path:
        """Give a local file with exactly the object's bytes, verified, in `spool` or where it lies.

        Raises:
            ObjectChangedError: the object is no longer what was listed.
        """

    def peek(self, obj: SourceObject, size: int) -> bytes:
        """Give the first `size` bytes of the object, as it is now, or all that it has. No more of it is read.

        Raises:
            ObjectChangedError: the object is gone.
        """

    def confirm_unchanged(self, obj: SourceObject) -> None:
        """Raise ObjectChangedError when a file that was read in place is no longer what was listed."""

    def remote(self, obj: SourceObject) -> RemoteObject | None:
        """Where the object lies, when its service may copy it without us."""

    def where(self, obj: SourceObject) -> str:
        """Name the object for people; harmless to show."""

    def describe(self) -> str:
        """Name the source for people."""


class LogArchive(Protocol):
    """Where imported objects are copied to."""

    def push(
        self,
        site: str,
        day: dt.date,
        obj: SourceObject,
        local: Path | None,
        source: LogSource,
        *,
        replacing: str = "",
        progress: Progress = ignore,
    ) -> str:
        """Put a verified copy into the archive and give its URL; a copy that exists already is not touched.

        Args:
            site: whose object it is.
            day: the day of the object, for the copy's name.
            obj: the object as it was listed.
            local: a file with the object's bytes; None where it has not been fetched.
            source: where the object lies.
            replacing: the URL of the copy of an earlier version of the object, which may be overwritten.
            progress: is called with how many more bytes have been copied.

        Raises:
            PermanentError: another object's copy has that name.
            ObjectChangedError: the object is no longer what was listed.
        """

    def describe(self) -> str:
        """Name the archive for people."""


@contextlib.contextmanager
def local_copy(local: Path | None, source: LogSource, obj: SourceObject, spool: Path) -> Iterator[Path]:
    """Give a local file with the object's bytes; one that has to be fetched is removed afterwards."""
    if local is not None:
        yield local
        return
    spool.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="archive-", dir=spool) as folder:
        yield source.fetch(obj, Path(folder))
