"""Compressed files: opened by what is in them, whole or not at all."""

import bz2
import functools
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from format_lines import combined

from mtc.core.errors import ObjectChangedError, PermanentError
from mtc.formats.compression import BLOCK, beginning, blocks, is_plain

TEXT = "".join(f"{combined(f'GET /{number} HTTP/1.1')}\n" for number in range(40)).encode()
HALF = len(TEXT) // 2

Compress = Callable[[bytes], bytes]


def zstd(data: bytes) -> bytes:
    """With a checksum, as the zstd program writes it."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def gz(data: bytes) -> bytes:
    """With a name in its header, as the gzip program writes it."""
    out = io.BytesIO()
    with gzip.GzipFile("access.log", "wb", fileobj=out, mtime=1) as stream:
        stream.write(data)
    return out.getvalue()


KINDS = {"gzip": gz, "zstd": zstd, "bzip2": bz2.compress}


@pytest.fixture(params=KINDS)
def compress(request: pytest.FixtureRequest) -> Compress:
    """Each way of compressing."""
    return KINDS[request.param]


def text(path: Path, data: bytes) -> bytes:
    """What is read of a file with these bytes."""
    path.write_bytes(data)
    return b"".join(blocks(path, where="a.log"))


def test_a_compressed_file_is_read_whatever_its_name(tmp_path: Path, compress: Compress) -> None:
    """The suffix says nothing."""
    for name in ("a.log", "a.gz", "a.zst", "a"):
        assert text(tmp_path / name, compress(TEXT)) == TEXT
        assert not is_plain(tmp_path / name)


@pytest.mark.parametrize("data", [TEXT, b"", b"BZh9 is a host\n", b"\n", b"\x1e\x8b", b"BZ\n"])
def test_plain_text_is_read_whatever_its_name(tmp_path: Path, data: bytes) -> None:
    """A plain file that was named `.gz` is plain; so is one that begins almost like a compressed one."""
    assert text(tmp_path / "a.gz", data) == data
    assert is_plain(tmp_path / "a.gz")


def test_files_one_behind_the_other_are_one_text(tmp_path: Path, compress: Compress) -> None:
    """Members, frames and streams, as `cat` and log shippers make them; an empty one among them, too."""
    data = compress(TEXT[:HALF]) + compress(b"") + compress(TEXT[HALF:])
    assert text(tmp_path / "a", data) == TEXT
    with pytest.raises(PermanentError):
        text(tmp_path / "a", data[:-1])


def test_zeros_behind_a_gzip_are_padding(tmp_path: Path) -> None:
    """Tapes and block devices pad."""
    assert text(tmp_path / "a", gz(TEXT) + b"\0" * 512) == TEXT


def test_garbage_behind_a_compressed_file_is_damage(tmp_path: Path, compress: Compress) -> None:
    """Lines may have been there."""
    with pytest.raises(PermanentError, match=r"the file is (damaged|cut off)"):
        text(tmp_path / "a", compress(TEXT) + b"garbage")


def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path: Path, compress: Compress) -> None:
    """At every byte, the first ones included; nothing at all is an empty file."""
    whole = compress(TEXT)
    for end in range(1, len(whole)):
        with pytest.raises(PermanentError, match=r"the file is (cut off in mid-stream|damaged)") as refusal:
            text(tmp_path / "a", whole[:end])
        assert (refusal.value.where, refusal.value.hint[:22]) == ("a.log", "nothing of it was load")


def test_a_damaged_second_file_is_not_passed_over(tmp_path: Path, compress: Compress) -> None:
    """Whatever bit of its first bytes is wrong."""
    first, second = compress(TEXT[:HALF]), compress(TEXT[HALF:])
    for bit in range(8 * 3):
        damaged = bytearray(second)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(PermanentError):
            text(tmp_path / "a", first + damaged)


def test_a_flipped_bit_anywhere_is_noticed_or_harmless(tmp_path: Path, compress: Compress) -> None:
    """Either the file is refused, or its text is right (a header's date), or its magic is gone: then it is plain."""
    whole = compress(TEXT)
    for bit in range(0, 8 * len(whole), 1 if len(whole) < 500 else 3):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            found = text(tmp_path / "a", bytes(damaged))
        except PermanentError:
            continue
        assert found in {TEXT, bytes(damaged)}, bit


def test_a_small_file_that_becomes_large_is_read_in_bounded_blocks(tmp_path: Path, compress: Compress) -> None:
    """A bomb does not take the memory of the machine."""
    once = compress(b"\n" * (32 << 20))
    (tmp_path / "a").write_bytes(once * 8)
    lengths = [len(block) for block in blocks(tmp_path / "a", where="a.log")]
    assert sum(lengths) == 256 << 20
    assert max(lengths) <= BLOCK + (128 << 20)


def test_a_file_that_is_gone_has_changed(tmp_path: Path) -> None:
    """It may come back; the step is tried again after a new look."""
    with pytest.raises(ObjectChangedError, match="the file is gone"):
        list(blocks(tmp_path / "none", where="a.log"))


MANY = "".join(f"{combined(f'GET /{number * 7_919 % 99_991} HTTP/1.1')}\n" for number in range(24_000)).encode()


@functools.cache
def many(compress: Compress) -> bytes:
    """A log of several megabytes, which takes a while to compress."""
    return compress(MANY)


def test_of_the_beginning_of_a_file_the_beginning_of_its_text_is_read(compress: Compress) -> None:
    """Wherever it is cut off; that is told only of a file of which there is no more."""
    packed = many(compress)
    assert beginning(packed, 1000, whole=True, where="a.log") == MANY[:1000]
    for head in (packed[: len(packed) // 3], packed[: len(packed) // 2 + 1], packed[:-1]):
        found = beginning(head, len(MANY), whole=False, where="a.log")
        assert len(found) > 100_000
        assert MANY.startswith(found)
        with pytest.raises(PermanentError, match=r"a\.log: the file is cut off in mid-stream"):
            beginning(head, len(MANY) + 1, whole=True, where="a.log")


def test_plain_text_is_its_own_beginning() -> None:
    """As it is."""
    assert beginning(TEXT, 100, whole=False, where="a.log") == TEXT[:100]
    assert beginning(TEXT, 1 << 20, whole=True, where="a.log") == TEXT
    assert beginning(b"", 100, whole=True, where="a.log") == b""


def test_a_cut_anywhere_is_no_damage(compress: Compress) -> None:
    """What could be read before it is right; a damage is told where nothing could be read."""
    packed = compress(TEXT[:HALF]) + compress(TEXT[HALF:])
    for end in range(24, len(packed)):
        assert TEXT.startswith(beginning(packed[:end], 1 << 20, whole=False, where="a.log"))


def test_damage_from_the_first_byte_of_text_on_is_told(compress: Compress) -> None:
    """There is no text before it to look at."""
    packed = bytearray(many(compress))
    packed[40:400] = b"\x5a" * 360
    with pytest.raises(PermanentError, match="the file is damaged"):
        beginning(bytes(packed), 1 << 20, whole=False, where="a.log")


def test_the_beginning_of_a_bomb_is_small(compress: Compress) -> None:
    """No more is read than is asked for."""
    assert beginning(compress(b"\n" * (32 << 20)), 1000, whole=True, where="a.log") == b"\n" * 1000


def archive(kind: str) -> bytes:
    """A log in an archive, or compressed in a way that is not read."""
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as files:
            files.writestr("access.log", TEXT)
    elif kind.startswith("tar"):
        form = tarfile.GNU_FORMAT if kind == "tar of GNU" else tarfile.USTAR_FORMAT
        with tarfile.open(fileobj=out, mode="w", format=form) as members:
            member = tarfile.TarInfo("access.log")
            member.size = len(TEXT)
            members.addfile(member, io.BytesIO(TEXT))
    else:
        out.write(MAGIC[kind] + TEXT)
    return out.getvalue()


MAGIC = {
    "cpio": b"070701" + b"0" * 104 + b"access.log\0",
    "cpio of old": b"q\xc7" + b"\x12\x34" * 12 + b"access.log\0",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "RAR": b"Rar!\x1a\x07\x01\x00",
    "lz4": b"\x04\x22\x4d\x18",
    "Snappy": b"\xff\x06\x00\x00sNaPpY",
    "compress": b"\x1f\x9d\x90",
    "lzip": b"LZIP\x01",
    "lzop": b"\x89LZO\x00\r\n\x1a\n",
    "Avro": b"Obj\x01",
}


@pytest.mark.parametrize("kind", ["tar", "tar of GNU", "zip", *MAGIC])
def test_what_is_no_log_and_no_compressed_log_is_refused_by_name(tmp_path: Path, kind: str, compress: Compress) -> None:
    """As it is, and compressed: as text it would lose lines, or be in a wrong format."""
    for data in (archive(kind), compress(archive(kind))):
        with pytest.raises(
            PermanentError, match=rf"^a\.log: the file is .*{kind.split(maxsplit=1)[0]}.*, which is not read"
        ) as refusal:
            text(tmp_path / "a.log", data)
        assert refusal.value.hint.startswith("nothing was loaded; ")
        with pytest.raises(PermanentError, match="which is not read"):
            beginning(data, 1 << 20, whole=True, where="a.log")


@pytest.mark.parametrize("begin", [b"070701", b"070707 ", b"q\xc7", b"\xc7q"])
def test_a_text_that_begins_like_a_cpio_archive_is_read(tmp_path: Path, begin: bytes) -> None:
    """Its first line may be anything; an archive has the NUL behind a member's name."""
    assert text(tmp_path / "a.log", begin + TEXT) == begin + TEXT


def test_what_is_compressed_twice_is_refused_by_name(tmp_path: Path, compress: Compress) -> None:
    """One layer is taken off, and what is within is no text."""
    for again in KINDS.values():
        with pytest.raises(PermanentError, match="the file is compressed twice, within with "):
            text(tmp_path / "a.log", compress(again(TEXT)))
