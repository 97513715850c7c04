"""Objects as text: Parquet turned into lines of JSON, any encoding into UTF-8, and the digests of the text.

The rest of the import reads text alone. The database streams a Parquet file into a text file; memory does not grow with
the object. Of CloudFront's logs only the columns that the format `cloudfront_parquet` reads are written, under its
names for them; of other files every column, under its own name.
"""

import glob
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from mtc.core.atomic_files import sha256
from mtc.core.database import Connect, explain_database_error
from mtc.core.errors import PermanentError, StepError
from mtc.core.model import SourceObject
from mtc.core.sql import literal
from mtc.formats.aws import CLOUDFRONT_COLUMNS, parquet_column
from mtc.formats.compression import as_utf8, blocks
from mtc.formats.line_cleaning import BOM, tidy, unmarked, whole_lines
from mtc.formats.model import Format
from mtc.formats.w3c import HeaderLines

_MAGIC = b"PAR1"
_WHITE = (b"\t", b"\n", b"\r")
_BLOCK = 4 << 20  # bytes
_SAMPLE_BYTES = 256 << 10


class ChooseFormat(Protocol):
    """Chooses the format of objects."""

    def __call__(self, sample: Sequence[str], where: str, before: str = "") -> Format:
        """The format of an object that begins with these lines. `before` is that of the lines before a slice."""


@dataclass(frozen=True, slots=True)
class FetchedObject:
    """An object and the local file with its text, which may be compressed.

    `origin` is the file that the text was made from, if the object is not text. `encoding` is that of the text unless
    it has a byte order mark; None is UTF-8.
    """

    object: SourceObject
    path: Path
    origin: Path | None = None
    encoding: str | None = None

    def format(self, block: bytes, choose: ChooseFormat) -> Format:
        """The format of an object whose text begins with `block`."""
        if (part := self.object.slice) is None:
            return choose(sample_lines(block) if block else (), self.object.label)
        header = part.header.encode()
        return choose(sample_lines(header + block) if header or block else (), self.object.label, part.format)

    def headers(self) -> HeaderLines:
        """What keeps the headers of the text, for what follows a slice."""
        part = self.object.slice
        return HeaderLines(part.header.encode() if part else b"", is_kept=part is not None)

    def digest(self) -> str:
        """Compute the digest of the object's bytes."""
        return sha256(self.origin or self.path)


def as_text(item: FetchedObject, connect: Connect, target: Path) -> FetchedObject:
    """Turn a Parquet object into text in the file `target`; any other object is returned unchanged.

    Raises:
        PermanentError: the Parquet file is damaged, or needs more memory or disk than there is.
    """
    with item.path.open("rb") as stream:
        if not _is_parquet(stream.read(len(_MAGIC) + 1)):
            return item
    try:
        with connect() as connection:
            connection.execute(_copy(connection, item.path, target))
    except duckdb.Error as error:
        target.unlink(missing_ok=True)
        raise _explain(error, item.object.label) from None
    return FetchedObject(item.object, target, origin=item.path)


def _is_parquet(head: bytes) -> bool:
    """Whether a file that begins with these bytes is Parquet; a text may begin with the same four letters."""
    behind = head[len(_MAGIC) :]
    return head.startswith(_MAGIC) and behind < b" " and behind not in _WHITE


def _copy(connection: duckdb.DuckDBPyConnection, path: Path, target: Path) -> str:
    rows = f"read_parquet({literal(glob.escape(str(path)))}, hive_partitioning = false, binary_as_string = true)"
    names = [name for name, *_ in connection.execute(f"SELECT * FROM {rows} LIMIT 0").description or ()]  # noqa: S608 - quoted
    known = {parquet_column(name): name for name in names if parquet_column(name) in CLOUDFRONT_COLUMNS}
    chosen = ", ".join(f"{_identifier(name)} AS {_identifier(read)}" for read, name in known.items()) or "*"
    return f"COPY (SELECT {chosen} FROM {rows}) TO {literal(str(target))} (FORMAT json)"  # noqa: S608 - quoted


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _explain(error: duckdb.Error, where: str) -> StepError:
    explained = explain_database_error(error, where)
    if isinstance(error, duckdb.OutOfMemoryException) and "memory" in explained.what:
        hint = "its row groups are large: raise `run.memory`, or have it written with smaller ones"
        return PermanentError("the Parquet file needs more memory to be read", where=where, hint=hint)
    if isinstance(error, duckdb.OutOfMemoryException) or "space" in str(error):
        return explained
    hint = "nothing of it was loaded; put a complete copy in its place and run the same command"
    return PermanentError(f"the Parquet file is damaged ({str(error).splitlines()[0]})", where=where, hint=hint)


def sample_lines(block: bytes) -> Sequence[str]:
    """The first whole lines of a block, decoded; bytes that are not UTF-8 are escaped."""
    head = block[:_SAMPLE_BYTES]
    end = head.rfind(b"\n")
    text = head if end < 0 or len(head) == len(block) else head[:end]
    lines = text.decode("utf-8-sig", "backslashreplace").split("\n")
    return [line.rstrip("\r") for line in lines] if b"\r" in text else lines


def text_blocks(item: FetchedObject, limit: int, digest: Callable[[bytes], None]) -> Iterator[bytes]:
    """An object's text as cleaned whole lines, in blocks of about `limit` bytes at most; `digest` gets the raw text."""
    text = as_utf8(digested(blocks(item.path, where=item.object.label), digest), item.encoding)
    return map(tidy, whole_lines(unmarked(_pieces(text, min(limit, _BLOCK)))))


def _pieces(stream: Iterable[bytes], size: int) -> Iterator[bytes]:
    for block in stream:
        for at in range(0, len(block), size):
            yield block[at : at + size]


class TextDigest:
    """Two digests of an object's text in one pass: of its bytes, and of its lines whatever their line ends are.

    The second one costs nothing as long as it equals the first.
    """

    def __init__(self) -> None:
        self._written = hashlib.sha256()
        self._lines: hashlib._Hash | None = None
        self._begun = False
        self._carried = b""
        self._ended = True

    def update(self, block: bytes) -> None:
        """Add the next block."""
        if not block:
            return
        lines = self._carried + (block if self._begun else block.removeprefix(BOM))
        self._begun = True
        if b"\r" in lines:  # to look for two bytes takes longer
            self._carried = b"\r" if lines.endswith(b"\r") else b""
            lines = lines.removesuffix(self._carried).replace(b"\r\n", b"\n")
        else:
            self._carried = b""
        if self._lines is None and lines != block:
            self._lines = self._written.copy()
        self._written.update(block)
        if self._lines is not None:
            self._lines.update(lines)
        self._ended = block.endswith(b"\n")

    def written(self) -> str:
        """The digest of all bytes, in hex."""
        return self._written.hexdigest()

    def lines(self) -> str:
        """The digest of the lines, in hex; it ignores a byte order mark, CR LF for LF and a missing last line end."""
        lines = (self._lines or self._written).copy()
        if not self._ended:
            lines.update(b"\n")
        return lines.hexdigest()


def digested(stream: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    """Yield the same blocks, and call `update` with each."""
    for block in stream:
        update(block)
        yield block
