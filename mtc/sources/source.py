"""The seams of this package: where logs are (`LogSource`) and where they are archived (`LogArchive`).

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
"""Called with how many more bytes have been transferred, possibly 0; may raise to stop the transfer."""

Note = Callable[[str], None]
"""Called with what a person should know although it is not an error."""

ObjectsByDay = Mapping[dt.date, tuple[SourceObject, ...]]
"""The objects of each day that has any, sorted by key."""


def ignore(_: object) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """Where an object is, for a service that could copy it itself. `service` identifies the service."""

    service: str
    bucket: str
    key: str


class LogSource(Protocol):
    """Where logs are. Methods raise only `StepError`s."""

    def list_days(self, days: Collection[dt.date], *, note: Note = ignore) -> ObjectsByDay:
        """List the objects of these days. Objects whose keys are not safe paths are skipped, with a note."""

    def empty_listing_doubt(self) -> str:
        """Why an empty listing may be wrong although there were objects before; empty if it can be trusted."""

    def fetch(self, obj: SourceObject, spool: Path, *, progress: Progress = ignore) -> Path:
        """Return a local file with exactly the object's bytes, verified: in `spool`, or the original.

        Raises:
            ObjectChangedError: the object is no longer what was listed.
        """

    def peek(self, obj: SourceObject, size: int) -> bytes:
        """Return the first `size` bytes of the object as it is now, or all of a smaller one. No more is read.

        Raises:
            ObjectChangedError: the object is gone.
        """

    def confirm_unchanged(self, obj: SourceObject) -> None:
        """Raise ObjectChangedError when a file that was read in place is no longer what was listed."""

    def remote(self, obj: SourceObject) -> RemoteObject | None:
        """Where the object is, if its service may be able to copy it; else None."""

    def where(self, obj: SourceObject) -> str:
        """A name of the object for people, safe to show."""

    def describe(self) -> str:
        """A name of the source for people."""


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
        """Put a verified copy into the archive and return its URL; an existing copy is left alone.

        Args:
            site: the site that the object belongs to.
            day: the day of the object, for the copy's name.
            obj: the object as listed.
            local: a file with the object's bytes; None where it has not been fetched.
            source: where the object is.
            replacing: the URL of the copy of an earlier version of the object, which may be overwritten.
            progress: called with how many more bytes have been copied.

        Raises:
            PermanentError: another object's copy has that name.
            ObjectChangedError: the object is no longer what was listed.
        """

    def describe(self) -> str:
        """A name of the archive for people."""


@contextlib.contextmanager
def local_copy(local: Path | None, source: LogSource, obj: SourceObject, spool: Path) -> Iterator[Path]:
    """A local file with the object's bytes; if it has to be fetched, it is removed afterwards."""
    if local is not None:
        yield local
        return
    spool.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="archive-", dir=spool) as folder:
        yield source.fetch(obj, Path(folder))
