r"""From the bytes of a log file to UTF-8 text: compression, refusal of what is not a log, encoding.

The content decides, not the name: plain, gzip, zstd, bzip2 or xz. gzip is read by isal, which is as fast as DuckDB's
own reader and, unlike it, checks the CRC of every member. A damaged or cut-off file raises PermanentError; bytes of it
that were read before must not be used. Archives of several files and other compressions are refused by name: as text
they would lose lines, or pass for a wrong format.

Text is decoded block by block, never line by line. A byte order mark at the beginning of a file wins over a given
encoding. Bytes that are not text become `\xNN`, so the number of lines never changes. Marks further on, as in files
that were put together, are dropped.

Sources for the refused formats: POSIX, "ustar Interchange Format" (a header of 512 bytes with a checksum; older ones
lack the word `ustar`); APPNOTE.TXT (zip); 7zFormat.txt; the RAR 5.0 archive format; the frame formats of LZ4, Snappy
and LZOP; lzip; ar(5); cpio(5).
"""

import bz2
import codecs
import contextlib
import io
import itertools
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import zstandard
from isal import igzip, isal_zlib

from mtc.core.errors import DamagedFileError, PermanentError, explain_read_error

HEAD = 512
_TAR = "a tar archive"
_CPIO = (b"070701", b"070702", b"070707", b"\xc7\x71", b"\x71\xc7")
_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive", "unpack it, one log to a file: `unzip`"),
    (b"PK\x05\x06", "an empty zip archive", "leave it out of the source's `url`"),
    (b"PK\x07\x08", "a zip archive in several volumes", "unpack it, one log to a file: `unzip`"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it, one log to a file: `7z x`"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it, one log to a file: `unrar x`"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "compress it with gzip or zstd, or not at all: `lz4 -d`"),
    (b"\x02\x21\x4c\x18", "compressed with lz4 (legacy)", "compress it with gzip or zstd, or not at all: `lz4 -d`"),
    (b"\xff\x06\x00\x00sNaPpY", "compressed with Snappy", "compress it with gzip or zstd, or not at all: `snzip -d`"),
    (b"\x1f\x9d", "compressed with compress (.Z)", "compress it with gzip or zstd, or not at all: `gzip -d` reads it"),
    (b"\x1f\xa0", "compressed with compress (.Z)", "compress it with gzip or zstd, or not at all: `gzip -d` reads it"),
    (b"LZIP\x01", "compressed with lzip", "compress it with gzip or zstd, or not at all: `lzip -d`"),
    (b"\x89LZO\x00\x0d\x0a\x1a\x0a", "compressed with lzop", "compress it with gzip or zstd, or not at all: `lzop -d`"),
    (b"!<arch>\n", "an ar archive", "unpack it, one log to a file: `ar x`"),
    *((magic, "a cpio archive", "unpack it, one log to a file: `cpio -i`") for magic in _CPIO),
    (b"MSCF\0\0\0\0", "a cabinet archive", "unpack it, one log to a file: `cabextract`"),
    (b"xar!", "a xar archive", "unpack it, one log to a file: `xar -xf`"),
    (b"\x5d\x00\x00", "compressed with LZMA (.lzma)", "compress it with gzip or zstd, or not at all: `xz -d` reads it"),
    (b"LPKSHHRH", "a journal of systemd", "export it: `journalctl --file ... -o json`"),
    (b"ElfFile\0", "a Windows event log", "import the server's own log"),
    (b"SQLite format 3\0", "an SQLite database", "export it as JSON lines or CSV"),
    (b"Obj\x01", "an Avro file", "export it as JSON lines or CSV"),
)
"""How a file begins, what it is, and what to do."""

_COMPRESSED_INSIDE: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh91AY&SY", "bzip2"),
)


def refuse(head: bytes, where: str) -> None:
    """Refuse a file that is not text. `head` is its decompressed beginning, of `HEAD` bytes or more.

    Raises:
        PermanentError: the file is an archive, is compressed otherwise or twice, or is another kind of binary file.
    """
    known = next(((what, hint) for magic, what, hint in _REFUSED if head.startswith(magic)), None)
    if head.startswith(_CPIO) and b"\0" not in head[:HEAD]:
        known = None  # the name of a member ends with a NUL: this is a text that begins with these characters
    if known is None and _is_tar(head[:HEAD]):
        known = _TAR, "unpack it, one log to a file: `tar -xf`"
    twice = next((name for magic, name in _COMPRESSED_INSIDE if head.startswith(magic)), None)
    if known is None and twice:
        known = f"compressed twice, within with {twice}", "decompress it once"
    if known is not None:
        what, hint = known
        raise PermanentError(f"the file is {what}, which is not read", where=where, hint=f"nothing was loaded; {hint}")


def _is_tar(head: bytes) -> bool:
    """Whether these bytes are the header of a tar member, with a valid checksum."""
    if len(head) < HEAD or not head[0]:
        return False
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


BLOCK = 256 << 10

PLAIN = "none"

_SMALL = 16 << 10

# A piece of zstd can become 32,768 times as long, so it is fed in small pieces.
_PIECE = 4 << 10
# The dictionary of a stream made with `xz -9` takes 64 MB; a hostile one could ask for 4 GB.
_XZ_MEMORY = 256 << 20

_COMPRESSIONS: dict[str, tuple[bytes, ...]] = {
    "gzip": (b"\x1f\x8b",),
    "zstd": (b"\x28\xb5\x2f\xfd",),
    "bzip2": tuple(
        b"BZh%d" % level + mark for level in range(1, 10) for mark in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
    ),
    "xz": (b"\xfd7zXZ\x00",),
}
COMPRESSIONS = tuple(_COMPRESSIONS)
"""What is decompressed, in the order in which it is looked for."""

_LONGEST_MAGIC = 10
_IGZIP_ERROR = cast("type[Exception]", isal_zlib.error)  # typed as a value in its stubs
_DAMAGES = (zlib.error, _IGZIP_ERROR, zstandard.ZstdError, lzma.LZMAError, ValueError)


def compression(path: Path) -> str:
    """The compression of a file: `none`, `gzip`, `zstd`, `bzip2` or `xz`."""
    with path.open("rb") as stream:
        return compression_of_head(stream.read(_LONGEST_MAGIC))


def is_plain(path: Path) -> bool:
    """Whether the file is not compressed."""
    return compression(path) == PLAIN


def blocks(path: Path, *, where: str) -> Iterator[bytes]:
    """Yield the decompressed text of a file in blocks of `BLOCK` bytes. `where` names the file in errors.

    Raises:
        PermanentError: the file is damaged, cut off, or not text.
        ObjectChangedError: the file no longer exists.
    """
    with _explaining(where), path.open("rb") as raw:
        yield from stream_blocks(raw, where=where)


def stream_blocks(raw: BinaryIO, *, where: str) -> Iterator[bytes]:
    """The same of a file that is open, at its beginning."""
    with _explaining(where):
        stream = _open(raw)
        first = stream.read(BLOCK)
        refuse(first, where)
        if first:
            yield first
        while block := stream.read(BLOCK):
            yield block


def beginning(head: bytes, most: int, *, whole: bool, where: str) -> bytes:
    """Return up to `most` bytes of decompressed text of a file that begins with `head`, or is it if `whole`."""
    with _explaining(where):
        text = b"".join(_until_cut(_open(io.BytesIO(head)), most, whole=whole))
    refuse(text, where)
    return text[:most]


def _until_cut(stream: "_Readable", most: int, *, whole: bool) -> Iterator[bytes]:
    """Yield text in small pieces, as the last read before a stream is cut off is lost."""
    read = 0
    try:
        while read < most and (piece := stream.read(_SMALL)):
            read += len(piece)
            yield piece
    except (EOFError, OSError, *_DAMAGES) as error:
        if whole or not (read or isinstance(error, EOFError)):
            raise


@contextlib.contextmanager
def _explaining(where: str) -> Iterator[None]:
    """Turn errors of reading and decompressing into a StepError that names the file."""
    try:
        yield
    except EOFError:
        raise _damaged("cut off in mid-stream", where) from None
    except _DAMAGES as error:
        raise _damaged(f"damaged ({error})", where) from None
    except OSError as error:
        if error.errno is None:
            raise _damaged(f"damaged ({error})", where) from None
        raise explain_read_error(error, where) from None


def _damaged(how: str, where: str) -> DamagedFileError:
    hint = "nothing of it was loaded; put a complete copy in its place and run the same command"
    return DamagedFileError(f"the file is {how}", where=where, hint=hint)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """Return about `size` bytes; empty at the end."""


def _open(raw: BinaryIO) -> _Readable:
    magic = raw.read(_LONGEST_MAGIC)
    raw.seek(0)
    match compression_of_head(magic):
        case "gzip":
            return cast("_Readable", igzip.IGzipFile(fileobj=raw, mode="rb"))  # type: ignore[no-untyped-call]
        case "zstd":
            return _FrameReader(raw, _ZstdDecompressor)
        case "bzip2":
            return _FrameReader(raw, bz2.BZ2Decompressor)
        case "xz":
            return _FrameReader(raw, _xz_stream, padding=b"\x00")
        case _:
            return raw


def _xz_stream() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def compression_of_head(head: bytes) -> str:
    """The compression of a file that begins so; a file that ends within the magic bytes counts as compressed."""
    for name, magics in _COMPRESSIONS.items():
        if head.startswith(magics) or any(magic.startswith(head) for magic in magics if head):
            return name
    return PLAIN


class _FrameDecompressor(Protocol):
    """Decompresses one frame or stream, fed piece by piece, like the decompressors of `bz2` and `lzma`."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _ZstdDecompressor:
    """A frame of zstd. It returns all text of a piece at once, so pieces are small: `_PIECE` gives 128 MB at worst."""

    needs_input = True

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor().decompressobj()

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, _max_length: int, /) -> bytes:
        return self._frame.decompress(data)


class _FrameReader:
    """Reads concatenated frames, as `zstd -c a b`, pbzip2 and log shippers write them, with `padding` in between.

    The libraries' readers take a cut-off frame (zstd) or what follows a damaged header (bzip2) for the end.
    """

    def __init__(self, raw: BinaryIO, make: Callable[[], _FrameDecompressor], *, padding: bytes = b"") -> None:
        self._raw = raw
        self._padding = padding
        self._make = make
        self._frame = make()
        self._rest = b""
        self._open = False

    def read(self, size: int, /) -> bytes:
        """Return about `size` bytes of text; empty at the end. A cut-off frame raises EOFError."""
        out = io.BytesIO()
        while out.tell() < size:
            data = self._input()
            if data is None:
                break
            out.write(self._decompress(data, size))
        return out.getvalue()

    def _input(self) -> bytes | None:
        """The next input for the frame, empty if it needs none yet; None at the end."""
        if not self._frame.needs_input:
            return b""
        data = self._rest or self._raw.read(_PIECE)
        if not data and self._open:
            raise EOFError
        while data and not self._open and self._padding and not (data := data.lstrip(self._padding)):
            data = self._raw.read(_PIECE)
        return data or None

    def _decompress(self, data: bytes, size: int) -> bytes:
        text = self._frame.decompress(data, size)
        self._open = not self._frame.eof
        self._rest = b"" if self._open else self._frame.unused_data
        if not self._open:
            self._frame = self._make()
        return text


UTF8 = "utf-8"

# UTF-32's marks come first, as they begin like UTF-16's.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What is read as UTF-8 anyway: ASCII is a part of it.
_READ_AS_UTF8 = frozenset({UTF8, "utf-8-sig", "ascii"})
_BOM = "\ufeff"


def bom_encoding(head: bytes) -> str:
    """The encoding that the byte order mark at the beginning names; empty without one."""
    return next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), "")


def encoding_of(head: bytes, given: str | None) -> str:
    """The encoding of a text that begins with `head`: by its byte order mark, else as `given`, else UTF-8."""
    name = bom_encoding(head) or given or UTF8
    if name == "utf-32" and given and codecs.lookup(given).name == "utf-16":
        name = given  # the mark of UTF-16, and a NUL behind it
    return UTF8 if codecs.lookup(name).name in _READ_AS_UTF8 else name


def encoding_of_file(path: Path, given: str | None, *, where: str) -> str:
    """The encoding of a file, which may be compressed, by the rules of `encoding_of`."""
    return encoding_of(next(iter(blocks(path, where=where)), b""), given)


def as_utf8(stream: Iterable[bytes], given: str | None) -> Iterator[bytes]:
    """Convert the blocks of a text to UTF-8. Text in UTF-8 passes unchanged."""
    remaining = iter(stream)
    first = next(remaining, b"")
    rest = itertools.chain([first], remaining)
    name = encoding_of(first, given)
    yield from rest if name == UTF8 else _decoded(rest, name)


def _decoded(stream: Iterable[bytes], name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(name)("backslashreplace")
    for block in stream:
        yield _encoded(decoder.decode(block))
    yield _encoded(decoder.decode(b"", final=True))


def _encoded(text: str) -> bytes:
    return text.replace(_BOM, "").encode(UTF8, "backslashreplace")
