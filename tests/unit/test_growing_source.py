"""The cost of listing growing logs is proportional to new data: each file is listed and decompressed once."""

import datetime as dt
import gzip
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mtc.core.errors import ObjectChangedError
from mtc.core.model import Accounting, LoadedObject, SourceObject
from mtc.sources.folder import FolderSource
from mtc.sources.growing_source import GrowingSource
from mtc.sources.log_text import LogText
from mtc.sources.source import Note, ignore
from mtc.sources.url_pattern import SourceUrl

NOW = dt.datetime(2026, 5, 2, 12, tzinfo=dt.UTC)
DAY = NOW.date()


@dataclass
class CountedFiles:
    """The files of a folder, and the calls for them."""

    folder: FolderSource
    calls: list[str] = field(default_factory=list)

    def list_files(self, *, note: Note = ignore) -> tuple[SourceObject, ...]:
        """List the files."""
        self.calls.append("list")
        return self.folder.list_files(note=note)

    def text(self, file: SourceObject, spool: Path) -> LogText:
        """Open a file."""
        self.calls.append(f"text {file.key}")
        return self.folder.text(file, spool)

    def fetch(self, obj: SourceObject, spool: Path) -> Path:
        """Delegate to the folder."""
        return self.folder.fetch(obj, spool)

    def peek(self, file: SourceObject, size: int) -> bytes:
        """Delegate to the folder."""
        return self.folder.peek(file, size)

    def fingerprint(self, file: SourceObject) -> str:
        """Delegate to the folder."""
        return self.folder.fingerprint(file)

    def empty_listing_doubt(self) -> str:
        """Delegate to the folder."""
        return self.folder.empty_listing_doubt()

    def where(self, file: SourceObject) -> str:
        """Delegate to the folder."""
        return self.folder.where(file)

    def describe(self) -> str:
        """Delegate to the folder."""
        return self.folder.describe()


@dataclass
class Logs:
    """A folder with logs, and the source that reads it."""

    root: Path
    files: CountedFiles = field(init=False)
    source: GrowingSource = field(init=False)

    def __post_init__(self) -> None:
        pattern = SourceUrl.compile("access.log*", "docs")
        self.files = CountedFiles(FolderSource(self.root / "logs", pattern))
        memory, spool = self.root / "memory.json", self.root / "spool"
        self.source = GrowingSource(self.files, dt.UTC, dt.timedelta(hours=6), memory, spool, clock=lambda: NOW)
        (self.root / "logs").mkdir()

    def write(self, name: str, text: bytes) -> None:
        """Write a log with a modification time of an hour ago."""
        path = self.root / "logs" / name
        path.write_bytes(gzip.compress(text, mtime=0) if name.endswith(".gz") else text)
        os.utime(path, (NOW.timestamp() - 3600,) * 2)

    def look(self, *loaded: SourceObject) -> list[SourceObject]:
        """Return the slices that exist."""
        items = [LoadedObject(item, item.key, "", "combined", Accounting(), ()) for item in loaded]
        return [item for items_of_day in self.source.look({DAY: items}, DAY).days.values() for item in items_of_day]

    def fetch(self, item: SourceObject) -> bytes:
        """Return the content of the slice."""
        return self.source.fetch(item, self.root / "step" / item.etag).read_bytes()


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    """An empty folder of logs."""
    return Logs(tmp_path)


def lines(name: str, count: int = 500) -> bytes:
    """The text of a log."""
    return b"".join(b"%s line %d\n" % (name.encode(), number) for number in range(count))


def test_listed_slices_are_fetched_without_another_listing(logs: Logs) -> None:
    """The number of files and slices does not matter."""
    for number in range(5):
        logs.write(f"access.log.{number}", lines(f"log {number}"))
    found = logs.look()
    assert [logs.fetch(item) for item in found] == [lines(f"log {number}") for number in range(5)]
    assert logs.files.calls == ["list", *(f"text access.log.{number}" for number in range(5))]


def test_a_whole_compressed_log_is_fetched_unchanged(logs: Logs) -> None:
    """It needs no more space in the spool than in its folder; only the rest after a slice is decompressed."""
    logs.write("access.log", lines("a", 10))
    [begun] = logs.look()
    (logs.root / "logs" / "access.log").unlink()
    logs.write("access.log.2.gz", lines("a"))
    logs.write("access.log.3.gz", lines("b"))
    rest, whole = sorted((item for item in logs.look(begun) if item.key != begun.key), key=lambda item: item.key)
    assert logs.fetch(whole) == gzip.compress(lines("b"), mtime=0)
    assert logs.fetch(rest) == lines("a").removeprefix(lines("a", 10))


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_slice_is_found_after_a_rotation(logs: Logs, ending: str) -> None:
    """The log was renamed between listing and fetching, and another log may have its name."""
    logs.write(f"access.log{ending}", lines("a"))
    [found] = logs.look()
    (logs.root / "logs" / f"access.log{ending}").rename(logs.root / "logs" / f"access.log.1{ending}")
    logs.write(f"access.log{ending}", lines("b", 5000))
    assert logs.fetch(found) == (gzip.compress(lines("a"), mtime=0) if ending else lines("a"))


@pytest.mark.parametrize("name", ["access.log", "access.log.2.gz"])
def test_a_slice_that_no_file_contains_any_more_is_not_read(logs: Logs, name: str) -> None:
    """The file was rewritten in place, and is longer."""
    logs.write(name, lines("a"))
    [found] = logs.look()
    logs.write(name, lines("b", 5000))
    with pytest.raises(ObjectChangedError):
        logs.fetch(found)


def test_nothing_is_decompressed_or_written_without_new_data(logs: Logs) -> None:
    """This holds even if all files are renamed: a compressed file is recognised by its size, start and end."""
    logs.write("access.log", lines("a"))
    logs.write("access.log.1.gz", lines("b"))
    found = logs.look()
    memory = logs.source.memory.stat().st_mtime_ns
    (logs.root / "logs" / "access.log.1.gz").rename(logs.root / "logs" / "access.log.2.gz")
    (logs.root / "logs" / "access.log").rename(logs.root / "logs" / "access.log.1")
    logs.files.calls.clear()
    assert sorted(logs.look(*found)) == sorted(found)
    assert logs.files.calls == ["list", "text access.log.1"]
    assert logs.source.memory.stat().st_mtime_ns == memory
