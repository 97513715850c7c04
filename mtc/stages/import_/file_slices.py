"""A plain file as bundles: slices of it that the database reads from a pipe, while a thread reads the file.

The file is read once: the bytes that are counted and that its digest is made of are the bytes that the database gets,
whatever happens to the file meanwhile. Nothing of it is copied to a disk, and no slice is held in memory. A slice ends
at the end of a line; its lines are cleaned on their way, as far as that is quick. If the database refuses a slice, its
bytes are read again to be cleaned whole, and must be the same bytes then.
"""

import contextlib
import fcntl
import os
import select
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from isal import isal_zlib

from mtc.core.errors import ObjectChangedError, explain_read_error
from mtc.formats.compression import BLOCK, refuse
from mtc.formats.line_cleaning import BOM, tidy, unmarked, whole_lines
from mtc.formats.model import Format
from mtc.formats.w3c import HeaderLines
from mtc.stages.import_.object_text import ChooseFormat, FetchedObject, TextDigest
from mtc.stages.import_.segments import MOST_LINES, Segment

_BLOCK = 128 << 10  # bytes; a block is looked at several times while it is in the processor's cache
_BEGINNING = 512 << 10  # bytes
_PIPE = 1 << 20  # bytes
_TICK = 0.2  # seconds
_SET_PIPE_SIZE = getattr(fcntl, "F_SETPIPE_SZ", None)  # of Linux


@dataclass(slots=True)
class SlicedFile:
    """A plain file that is read slice by slice, each of about `limit` bytes."""

    item: FetchedObject
    stream: FileIO
    limit: int
    headers: HeaderLines
    digest: TextDigest = field(default_factory=TextDigest)
    at: int = 0
    lines: int = 0
    _carried: bytes = b""

    @property
    def label(self) -> str:
        """The file's name in an error message."""
        return self.item.object.label

    def beginning(self) -> bytes:
        """The first block, which is read again as part of the first slice.

        Raises:
            PermanentError: the file is not text.
        """
        self._carried = self._read(_BEGINNING)
        refuse(self._carried, self.label)
        return self._carried

    @property
    def ended(self) -> bool:
        """Whether nothing is left for another slice."""
        self._carried = self._carried or self._read()
        return not self._carried

    def blocks(self) -> Iterator[tuple[bytes, int]]:
        """The bytes of the next slice in blocks, each with the number of its line ends."""
        size = lines = 0
        while block := self._next():
            count = block.count(b"\n")
            end = 0
            if size + len(block) >= self.limit:
                end = block.find(b"\n", max(self.limit - size - 1, 0)) + 1
            elif lines + count >= MOST_LINES:
                end = block.rfind(b"\n") + 1
            if end:
                self._carried = block[end:]
                self.at += end
                yield block[:end], count - self._carried.count(b"\n")
                return
            size += len(block)
            lines += count
            self.at += len(block)
            yield block, count

    def _next(self) -> bytes:
        block, self._carried = self._carried or self._read(), b""
        return block

    def _read(self, size: int = _BLOCK) -> bytes:
        try:
            block = self.stream.read(size) or b""
        except OSError as error:
            raise explain_read_error(error, self.label) from error
        self.digest.update(block)
        return block


@dataclass(slots=True)
class FileSlice:
    """A slice of a file, from the byte `start`. It has no lines, and no `stop`, before it is read."""

    file: SlicedFile
    format: Format
    start: int
    offset: int
    lines: int = 0
    temporary: bool = False
    tidy: bool = True
    stop: int = -1
    _checksum: int = 0
    _segment: Segment | None = None

    @property
    def path(self) -> Path:
        """The file that it is a slice of."""
        return self.file.item.path

    @property
    def segments(self) -> tuple[Segment, ...]:
        """One."""
        return (self._segment or Segment(self.file.item.object, 0, 0, self.offset, last=False),)

    def discard(self) -> None:
        """The file is not mtc's."""

    @contextlib.contextmanager
    def opened(self) -> Iterator[Path]:
        """Yield the path of a pipe with the lines of the slice, to be read once; then all of them are counted.

        Raises:
            PermanentError: the file cannot be read.
        """
        reader, writer = os.pipe()
        feed = _Feed(self, writer)
        try:
            if _SET_PIPE_SIZE is not None:
                with contextlib.suppress(OSError):  # more than is allowed: it stays small
                    fcntl.fcntl(writer, _SET_PIPE_SIZE, _PIPE)
            feed.start()
            yield Path(f"/dev/fd/{reader}")
        finally:
            os.close(reader)
            feed.finish()
        feed.check()

    def read(self) -> Iterator[bytes]:
        """Read the slice from the file; yields its cleaned lines in blocks. At the end its segment is known."""
        for text in map(tidy, whole_lines(unmarked(self._counted()))):
            self.file.headers.add(text)
            yield text
        self._segment = self._read_segment()

    def _counted(self) -> Iterator[bytes]:
        has_end, is_first = True, self.start == 0
        for block, count in self.file.blocks():
            self.lines += count
            self._checksum = isal_zlib.crc32(block, self._checksum)
            has_end = block.endswith(b"\n")
            yield block.removeprefix(BOM) if is_first else block
            is_first = False
        self.lines += not has_end
        self.stop = self.file.at

    def _read_segment(self) -> Segment:
        item, digest = self.file.item, self.file.digest
        if not self.file.ended:
            return Segment(item.object, 0, self.lines, self.offset, last=False)
        content = item.digest() if item.origin else digest.written()
        header = self.file.headers.text
        return Segment(item.object, 0, self.lines, self.offset, content=content, text=digest.lines(), header=header)

    def text(self) -> Iterator[bytes]:
        """Read the slice again.

        Raises:
            ObjectChangedError: the file has other bytes there now.
        """
        return unmarked(self._again())

    def _again(self) -> Iterator[bytes]:
        checksum, left = 0, self.stop - self.start
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.start)
                while left > 0 and (block := stream.read(min(BLOCK, left))):
                    left -= len(block)
                    checksum = isal_zlib.crc32(block, checksum)
                    yield block
        except OSError as error:
            raise explain_read_error(error, self.file.label) from error
        if left or checksum != self._checksum:
            raise ObjectChangedError("the file has changed while it was read", where=self.file.label)


@dataclass(slots=True)
class _Feed:
    """Writes a slice into a pipe, in a thread. What nobody reads is read from the file all the same."""

    piece: FileSlice
    pipe: int
    left: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def start(self) -> None:
        """Begin to write."""
        os.set_blocking(self.pipe, False)
        self.thread = threading.Thread(target=self._run, name="slice", daemon=True)
        self.thread.start()

    def finish(self) -> None:
        """Wait until the slice is read. Nobody reads the pipe any more."""
        self.left.set()
        self.thread.join()

    def check(self) -> None:
        """Raise the error of the thread."""
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            for block in self.piece.read():
                self._write(block)
        except BaseException as error:  # noqa: BLE001 - it is raised where the slice is awaited
            self.error = error
        finally:
            os.close(self.pipe)

    def _write(self, block: bytes) -> None:
        rest = memoryview(block)
        while rest and not self.left.is_set():
            try:
                rest = rest[os.write(self.pipe, rest) :]
            except BlockingIOError:
                select.select((), (self.pipe,), (), _TICK)
            except BrokenPipeError:
                self.left.set()


def slices(item: FetchedObject, limit: int, choose: ChooseFormat) -> Generator[FileSlice]:
    """Yield the slices of a plain file, each of about `limit` bytes; none if a header may change its format.

    A slice that nobody has read is read before the next.

    Raises:
        StepError: the file is not text, or cannot be read, or no format reads its beginning.
    """
    try:
        stream = item.path.open("rb", buffering=0)
    except OSError as error:
        raise explain_read_error(error, item.object.label) from error
    with stream:
        file = SlicedFile(item, stream, limit, item.headers())
        format_ = item.format(file.beginning().removeprefix(BOM), choose)
        is_first = format_.changes is None
        while is_first or (format_.changes is None and not file.ended):
            piece = FileSlice(file, format_, file.at, file.lines)
            yield piece
            if piece.stop < 0:
                for _ in piece.read():
                    pass
            file.lines += piece.lines
            is_first = False
