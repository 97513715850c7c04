"""The seams of a place where logs lie and of a place where they are archived.

A source is only ever read. Both are used from several threads at once.
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
"""Hears how many more bytes have been moved, which may be none; it may raise to stop what moves them."""

Note = Callable[[str], None]
"""Hears what a person should know that stops nothing."""

ObjectsByDay = Mapping[dt.date, tuple[SourceObject, ...]]
"""The objects of each day that has any, in order of their keys."""


def ignore(_: object) -> None:
    """Hear nothing."""


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """Where an object lies for a service that could copy it by itself. `service` tells services apart."""

    service: str
    bucket: str
    key: str


class LogSource(Protocol):
    """Where logs lie. Every method raises `StepError`s only."""

    def list_days(self, days: Collection[dt.date], *, note: Note = ignore) -> ObjectsByDay:
        """List the objects of these days. Objects with keys that lead astray are left out, with a note."""

    def empty_listing_doubt(self) -> str:
        """Why a listing without any object is in doubt where there were some before; empty where it is not."""

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
        """Put a verified copy into the archive and give its URL; a copy that is there already is left as it is.

        `local` holds the object's bytes where they have been fetched; `replacing` is the URL of the copy of an
        earlier version of the object, which may be overwritten.

        Raises:
            PermanentError: another object's copy has that name.
            ObjectChangedError: the object is no longer what was listed.
        """

    def describe(self) -> str:
        """Name the archive for people."""


@contextlib.contextmanager
def local_copy(local: Path | None, source: LogSource, obj: SourceObject, spool: Path) -> Iterator[Path]:
    """Give a local file with the object's bytes; one that had to be fetched is gone afterwards."""
    if local is not None:
        yield local
        return
    spool.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="archive-", dir=spool) as folder:
        yield source.fetch(obj, Path(folder))
