"""Bundles: text files of a bounded size, made from many small objects or from a slice of a large one.

Memory and DuckDB's tables stay bounded by the bundle, in bytes and lines, not by the day. A plain file of fitting size
is used where it lies; everything else is decompressed into the spool. Nothing is parsed here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtc.files import sha256
from mtc.formats.base import Format
from mtc.formats.clean import is_tidy, whole_lines
from mtc.formats.compression import blocks, is_plain
from mtc.formats.decode import UTF8, encoding_of_file
from mtc.formats.headers import Turns
from mtc.model import SourceObject
from mtc.stages.importing.text_digest import TextDigest

_SAMPLE_BYTES = 256 << 10
MOST_LINES = 2_000_000
"""How many lines a bundle may have, about: a row costs memory however short its line is."""

Chooser = Callable[[Sequence[str], str], Format]
"""Gives an object's format from a sample of its lines and its key."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """In bytes of text: when a bundle is full, and from where to where a plain file is read in place."""

    bundle: int = 128 << 20
    in_place: tuple[int, int] = (8 << 20, 256 << 20)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An object and where its text lies on this machine, maybe compressed.

    `origin` is where its bytes lie, if that is another file as it was no text. `encoding` is that of the text where no
    mark in it says another; None is UTF-8.
    """

    object: SourceObject
    path: Path
    origin: Path | None = None
    encoding: str | None = None

    def digest(self) -> str:
        """The digest of its bytes."""
        return sha256(self.origin or self.path)


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive lines of a bundle that belong to one object.

    `first` is the bundle's line (from 0) at which they begin; `offset` is how many lines of the object lie in earlier
    bundles. `last` says that the object ends here; then `content` is the digest of its bytes, and `text` that of its
    lines, decompressed.
    """

    object: SourceObject
    first: int
    lines: int
    offset: int = 0
    last: bool = True
    content: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A text file and whose lines it holds.

    A file that is not `temporary` is somebody else's: never removed, and `tidy` only if it may be read as it is.
    """

    path: Path
    format: Format
    segments: tuple[Segment, ...]
    temporary: bool
    tidy: bool = True

    @property
    def lines(self) -> int:
        """How many lines the file has."""
        return sum(segment.lines for segment in self.segments)

    @property
    def where(self) -> str:
        """The bundle in an error message."""
        first = self.segments[0].object.key
        return first if len(self.segments) == 1 else f"{first} and {len(self.segments) - 1} more"

    def discard(self) -> None:
        """Remove the file if it is ours."""
        if self.temporary:
            self.path.unlink(missing_ok=True)


def fits_in_place(item: Fetched, sizes: Sizes) -> bool:
    """Whether a file is best read where it lies: UTF-8 that is not compressed, and neither small nor large."""
    smallest, largest = sizes.in_place
    if not smallest <= item.path.stat().st_size <= largest or not is_plain(item.path):
        return False
    return encoding_of_file(item.path, item.encoding, where=item.object.key) == UTF8


def in_place(item: Fetched, choose: Chooser) -> Bundle | None:
    """A plain file as a bundle of its own, read once to count its lines.

    None where its format changes in mid-file, or its lines are too many for one bundle.
    """
    digest = TextDigest()
    lines = 0
    tidy = True
    form: Format | None = None
    turns: Turns | None = None
    for block in whole_lines(digested(blocks(item.path, where=item.object.key), digest.update)):
        form = form or choose(sample_lines(block), item.object.key)
        turns = turns or Turns(form)
        if any(after is not form for after, _ in turns.cut(block)):
            return None
        lines += block.count(b"\n")
        if lines > MOST_LINES:
            return None
        tidy = tidy and is_tidy(block)
    content = item.digest() if item.origin else digest.written()
    segment = Segment(item.object, 0, lines, content=content, text=digest.lines())
    return Bundle(item.path, form or choose((), item.object.key), (segment,), temporary=False, tidy=tidy)


def sample_lines(block: bytes) -> Sequence[str]:
    """The first whole lines of a block, decoded so that any byte passes."""
    head = block[:_SAMPLE_BYTES]
    end = head.rfind(b"\n")
    text = head if end < 0 or len(head) == len(block) else head[:end]
    lines = text.decode("utf-8-sig", "backslashreplace").split("\n")
    return [line.rstrip("\r") for line in lines] if b"\r" in text else lines


def digested(stream: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    """The same blocks, each told to a digest."""
    for block in stream:
        update(block)
        yield block
