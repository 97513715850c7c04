"""The text of a log file, read at any place: of a plain file the bytes asked for, of a compressed one from its start.

Growing logs are known again by their beginning and by what was read last, so that a look at a file costs a few short
reads, however long it is. A compressed file has no such places: it is decompressed as far as is asked for.

No file stays open between two reads. One that was renamed, replaced or cut meanwhile is an ObjectChangedError.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from mtc.core.errors import ObjectChangedError, explain_read_error
from mtc.formats.compression import PLAIN, bom_encoding, compression_of_head, stream_blocks

HEAD = 4096
"""How many bytes at the beginning of a text tell logs apart."""

MAGIC = 16
"""How many bytes tell how a file is compressed."""

_KEPT = 64 << 10
_BLOCK = 1 << 20
_RANGE = 16 << 20


class LogText(Protocol):
    """The text of one file, as it was when it was first looked at. Every method raises `StepError`s only."""

    @property
    def size(self) -> int:
        """How many bytes the text has."""

    @property
    def is_final(self) -> bool:
        """Whether nothing is written behind it any more: it is compressed."""

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to before `stop`, fewer where the text ends."""

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        """The same, block by block."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file on a disk: its path, and what it was. `where` names it in errors."""

    path: Path
    where: str
    identity: tuple[int, int]
    size: int

    @classmethod
    def of(cls, path: Path, where: str) -> "tuple[_File, bytes]":
        """The file at a path, and its first bytes."""
        with _explaining(where), path.open("rb") as stream:
            found = os.fstat(stream.fileno())
            return cls(path, where, (found.st_dev, found.st_ino), found.st_size), stream.read(MAGIC)

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it again."""
        with _explaining(self.where), self.path.open("rb") as stream:
            now = os.fstat(stream.fileno())
            if (now.st_dev, now.st_ino) != self.identity or now.st_size < self.size:
                raise ObjectChangedError("the file was replaced or cut since it was listed", where=self.where)
            yield stream


@contextlib.contextmanager
def _explaining(where: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise ObjectChangedError("the file is gone since it was listed", where=where) from None
    except OSError as error:
        raise explain_read_error(error, where) from error


@dataclass(frozen=True, slots=True)
class PlainFile:
    """A file on a disk that is not compressed. What is written to it later is not seen.

    `skipped` are the NULs at its beginning: a server that does not append writes on behind them when its file was cut.
    """

    file: _File
    skipped: int = 0

    @property
    def size(self) -> int:
        """As it was."""
        return self.file.size - self.skipped

    @property
    def is_final(self) -> bool:
        """It may grow."""
        return False

    def read(self, start: int, stop: int) -> bytes:
        """Read at that place."""
        return b"".join(self.blocks(start, stop))

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        """Read from that place on."""
        end = min(stop, self.size)
        with self.file.open() as stream:
            stream.seek(self.skipped + start)
            while start < end and (block := stream.read(min(_BLOCK, end - start))):
                start += len(block)
                yield block


@dataclass(slots=True)
class CompressedFile:
    """A compressed file on a disk. It is read once for its size; its beginning and its end are kept then.

    Every method raises PermanentError where the file is damaged or cut off.
    """

    file: _File
    _size: int = field(default=-1, init=False)
    _first: bytes = field(default=b"", init=False)
    _last: bytes = field(default=b"", init=False)

    @property
    def size(self) -> int:
        """Of the text, decompressed."""
        if self._size < 0:
            size, first, last = 0, b"", b""
            for block in self._blocks():
                size += len(block)
                first = first if len(first) >= _KEPT else (first + block)[:_KEPT]
                last = (last + block)[-_KEPT:]
            self._size, self._first, self._last = size, first, last
        return self._size

    @property
    def is_final(self) -> bool:
        """Nothing is written behind it."""
        return True

    def read(self, start: int, stop: int) -> bytes:
        """Read from the start of the file, unless the bytes are at its beginning or its end."""
        end = min(stop, self.size)
        if end <= start:
            return b""
        if end <= len(self._first):
            return self._first[start:end]
        if start >= self.size - len(self._last):
            before = self.size - len(self._last)
            return self._last[start - before : end - before]
        return b"".join(self.blocks(start, end))

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        """Decompress as far as is needed."""
        at = 0
        for block in self._blocks():
            if at >= stop:
                return
            if piece := block[max(start - at, 0) : max(stop - at, 0)]:
                yield piece
            at += len(block)

    def confirm_unchanged(self) -> None:
        """Check that the file is there, as it was: what is kept of its text needs no look at it.

        Raises:
            ObjectChangedError: it is gone, or another one.
        """
        with self.file.open():
            pass

    def packed(self) -> Iterator[bytes]:
        """The file's own bytes.

        Raises:
            ObjectChangedError: the file has another size now.
        """
        size = 0
        with self.file.open() as stream:
            while block := stream.read(_BLOCK):
                size += len(block)
                yield block
        if size != self.file.size:
            raise ObjectChangedError("the file has changed since it was listed", where=self.file.where)

    def _blocks(self) -> Iterator[bytes]:
        with self.file.open() as stream:
            yield from stream_blocks(stream, where=self.file.where)


@dataclass(frozen=True, slots=True)
class RangedText:
    """A text of `size` bytes that `get` reads pieces of, such as an object of S3 that is not compressed."""

    size: int
    get: Callable[[int, int], bytes]

    @property
    def is_final(self) -> bool:
        """It may be written again, longer."""
        return False

    def read(self, start: int, stop: int) -> bytes:
        """Ask for that piece."""
        return b"".join(self.blocks(start, stop))

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        """Ask for one piece after the other."""
        end = min(stop, self.size)
        for at in range(start, end, _RANGE):
            yield self.get(at, min(at + _RANGE, end))


def open_text(path: Path, where: str) -> LogText:
    """The text of a file as it is now. `where` names the file in errors.

    Raises:
        ObjectChangedError: the file is gone.
    """
    file, head = _File.of(path, where)
    if compression_of_head(head) != PLAIN:
        return CompressedFile(file)
    return (
        PlainFile(file, _leading_nuls(file)) if head.startswith(b"\0") and not bom_encoding(head) else PlainFile(file)
    )


def _leading_nuls(file: _File) -> int:
    """How many NULs a file begins with."""
    with file.open() as stream:
        with contextlib.suppress(OSError, AttributeError):  # where the file system knows of holes, they cost nothing
            stream.seek(os.lseek(stream.fileno(), 0, os.SEEK_DATA))
        while block := stream.read(_BLOCK):
            if rest := block.lstrip(b"\0"):
                return min(stream.tell() - len(rest), file.size)
    return file.size


def compressed_fingerprint(path: Path, where: str) -> str:
    """A digest of a compressed file's size, beginning and end; empty for a plain one.

    Raises:
        ObjectChangedError: the file is gone.
    """
    with _explaining(where), path.open("rb") as stream:
        head = stream.read(HEAD)
        if compression_of_head(head[:MAGIC]) == PLAIN:
            return ""
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - HEAD, 0))
        return hashlib.sha256(b"%d " % size + head + stream.read()).hexdigest()
