"""Opening a log file by what is in it, not by its name: plain, gzip, zstd or bzip2.

gzip goes through isal, which is as fast as DuckDB's own and, unlike it, checks the CRC of every member. A damaged or
cut-off file raises PermanentError; a byte of it that was read before that must not be used.
"""

import bz2
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import zstandard
from isal import igzip, isal_zlib

from mtc.errors import PermanentError, explain_reading

BLOCK = 4 << 20

# A piece of zstd can become 32,768 times as long, so it is fed in small pieces.
_PIECE = 4 << 10

_GZIP = (b"\x1f\x8b",)
_ZSTD = (b"\x28\xb5\x2f\xfd",)
_BZIP2 = tuple(b"BZh%d" % level + mark for level in range(1, 10) for mark in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"))
_MAGIC = (*_GZIP, *_ZSTD, *_BZIP2)
_LONGEST_MAGIC = 10
_IGZIP_ERROR = cast("type[Exception]", isal_zlib.error)  # typed as a value in its stubs
_DAMAGES = (zlib.error, _IGZIP_ERROR, zstandard.ZstdError, ValueError)


def is_plain(path: Path) -> bool:
    """Whether the file is not compressed."""
    with path.open("rb") as stream:
        return not _begins(stream.read(_LONGEST_MAGIC), _MAGIC)


def blocks(path: Path, *, where: str) -> Iterator[bytes]:
    """The file's text, decompressed, a block at a time. `where` names the file in an error."""
    try:
        with path.open("rb") as raw:
            stream = _open(raw)
            while block := stream.read(BLOCK):
                yield block
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
    if _begins(magic, _GZIP):
        return cast("_Readable", igzip.IGzipFile(fileobj=raw, mode="rb"))  # type: ignore[no-untyped-call]
    if _begins(magic, _ZSTD):
        return _Frames(raw, _ZstdFrame)
    if _begins(magic, _BZIP2):
        return _Frames(raw, bz2.BZ2Decompressor)
    return raw


def _begins(head: bytes, magics: tuple[bytes, ...]) -> bool:
    """Whether a file with this head is compressed so; a file that ends within the magic bytes was cut off there."""
    return head.startswith(magics) or any(magic.startswith(head) for magic in magics if head)


class _Frame(Protocol):
    """What reads one frame or stream, fed piece by piece. `bz2.BZ2Decompressor` is one."""

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
    """Frames one behind the other, as `zstd -c a b`, pbzip2 and log shippers write them.

    The libraries' own readers take a cut-off frame (zstd) or what follows a damaged header (bzip2) for the end.
    """

    def __init__(self, raw: BinaryIO, make: Callable[[], _Frame]) -> None:
        self._raw = raw
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
        return data or None

    def _decompress(self, data: bytes, size: int) -> bytes:
        text = self._frame.decompress(data, size)
        self._open = not self._frame.eof
        self._rest = b"" if self._open else self._frame.unused_data
        if not self._open:
            self._frame = self._make()
        return text
