"""Opening a log file by what is in it, not by its name: plain, gzip, zstd, bzip2 or xz.

gzip goes through isal, which is as fast as DuckDB's own and, unlike it, checks the CRC of every member. A damaged or
cut-off file raises PermanentError; a byte of it that was read before that must not be used. Archives of several files,
and what is compressed in another way, are refused by name: as text they would lose lines, or be a wrong format.
"""

import bz2
import contextlib
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import zstandard
from isal import igzip, isal_zlib

from mtc.errors import PermanentError, explain_reading
from mtc.formats.archives import refuse

BLOCK = 4 << 20

PLAIN = "none"

_SMALL = 16 << 10

# A piece of zstd can become 32,768 times as long, so it is fed in small pieces.
_PIECE = 4 << 10
# The dictionary of a stream made with `xz -9` takes 64 MB; a hostile one could ask for 4 GB.
_XZ_MEMORY = 256 << 20

_MAGIC: dict[str, tuple[bytes, ...]] = {
    "gzip": (b"\x1f\x8b",),
    "zstd": (b"\x28\xb5\x2f\xfd",),
    "bzip2": tuple(
        b"BZh%d" % level + mark for level in range(1, 10) for mark in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
    ),
    "xz": (b"\xfd7zXZ\x00",),
}
_LONGEST_MAGIC = 10
_IGZIP_ERROR = cast("type[Exception]", isal_zlib.error)  # typed as a value in its stubs
_DAMAGES = (zlib.error, _IGZIP_ERROR, zstandard.ZstdError, lzma.LZMAError, ValueError)


def compression(path: Path) -> str:
    """How the file is compressed: `none`, `gzip`, `zstd`, `bzip2` or `xz`."""
    with path.open("rb") as stream:
        return _told(stream.read(_LONGEST_MAGIC))


def is_plain(path: Path) -> bool:
    """Whether the file is not compressed."""
    return compression(path) == PLAIN


def blocks(path: Path, *, where: str) -> Iterator[bytes]:
    """The file's text, decompressed, a block at a time. `where` names the file in an error."""
    with _explaining(where), path.open("rb") as raw:
        stream = _open(raw)
        first = stream.read(BLOCK)
        refuse(first, where)
        if first:
            yield first
        while block := stream.read(BLOCK):
            yield block


def beginning(head: bytes, most: int, *, whole: bool, where: str) -> bytes:
    """Up to `most` bytes of the text of a file that begins with `head`, or that is no more than it (`whole`)."""
    with _explaining(where):
        text = b"".join(_until_cut(_open(io.BytesIO(head)), most, whole=whole))
    refuse(text, where)
    return text[:most]


def _until_cut(stream: "_Readable", most: int, *, whole: bool) -> Iterator[bytes]:
    """Some text, in small pieces, as what is read last of a stream that is cut off is lost."""
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
    """What goes wrong while a file is read, in words."""
    try:
        yield
    except EOFError:
        raise _damaged("cut off in mid-stream", where) from None
    except _DAMAGES as error:
        raise _damaged(f"damaged ({error})", where) from None
    except OSError as error:
        if error.errno is None:
            raise _damaged(f"damaged ({error})", where) from None
        raise explain_reading(error, where) from None


def _damaged(how: str, where: str) -> PermanentError:
    hint = "nothing of it was loaded; put a whole copy in its place and run the same command"
    return PermanentError(f"the file is {how}", where=where, hint=hint)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """Some bytes, about `size` of them; empty at the end."""


def _open(raw: BinaryIO) -> _Readable:
    magic = raw.read(_LONGEST_MAGIC)
    raw.seek(0)
    match _told(magic):
        case "gzip":
            return cast("_Readable", igzip.IGzipFile(fileobj=raw, mode="rb"))  # type: ignore[no-untyped-call]
        case "zstd":
            return _Frames(raw, _ZstdFrame)
        case "bzip2":
            return _Frames(raw, bz2.BZ2Decompressor)
        case "xz":
            return _Frames(raw, _xz_stream, padding=b"\x00")
        case _:
            return raw


def _xz_stream() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def _told(head: bytes) -> str:
    """How a file with this head is compressed; one that ends within the magic bytes was cut off there."""
    for name, magics in _MAGIC.items():
        if head.startswith(magics) or any(magic.startswith(head) for magic in magics if head):
            return name
    return PLAIN


class _Frame(Protocol):
    """What reads one frame or stream, fed piece by piece. Those of `bz2` and `lzma` are such."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _ZstdFrame:
    """A frame of zstd. Its text cannot be had in parts, so it takes small pieces: `_PIECE` is 128 MB at worst."""

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


class _Frames:
    """Frames one behind the other, as `zstd -c a b`, pbzip2 and log shippers write them, with `padding` in between.

    The libraries' own readers take a cut-off frame (zstd) or what follows a damaged header (bzip2) for the end.
    """

    def __init__(self, raw: BinaryIO, make: Callable[[], _Frame], *, padding: bytes = b"") -> None:
        self._raw = raw
        self._padding = padding
        self._make = make
        self._frame = make()
        self._rest = b""
        self._open = False

    def read(self, size: int, /) -> bytes:
        """Some text, about `size` bytes; empty at the end. A cut-off frame is an EOFError."""
        out = io.BytesIO()
        while out.tell() < size:
            data = self._input()
            if data is None:
                break
            out.write(self._decompress(data, size))
        return out.getvalue()

    def _input(self) -> bytes | None:
        """The next piece for the frame, which may be none yet; None at the end."""
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
