"""Logs in other encodings than UTF-8, with byte order marks, or compressed with xz are read as they were written."""

import codecs
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_hand import explained, line, reasons, site, values

from mtc.core.errors import PermanentError
from mtc.formats.compression import as_utf8, blocks, compression, encoding_of
from mtc.stages.import_.preview import Explained

LINES = [line("/café", agent="Bücher-Leser/1.0 €"), line("/b"), "no line", line("/c")]
TEXT = "".join(f"{each}\r\n" for each in LINES)
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "utf-7", "utf-8-sig")


def in_blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Explained:
    """The result of reading the lines in UTF-8."""
    return explained(tmp_path_factory.mktemp("plain"), TEXT.encode())


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_log_in_any_encoding_is_read_as_its_text(tmp_path: Path, encoding: str, plain: Explained) -> None:
    """Hits and accounting are the same as in UTF-8."""
    found = explained(tmp_path, TEXT.encode(encoding), site(encoding=encoding))
    assert found.accounting == plain.accounting
    assert values(found, "path") == values(plain, "path") == ["/café", "/b", "/c"]
    assert values(found, "user_agent")[0] == "Bücher-Leser/1.0 €"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig", "utf-32-be"])
def test_a_byte_order_mark_determines_the_encoding(tmp_path: Path, encoding: str) -> None:
    """It takes precedence over the manifest, as the objects of a source may differ."""
    marks = {"utf-16-be": codecs.BOM_UTF16_BE, "utf-32-be": codecs.BOM_UTF32_BE}
    data = marks.get(encoding, b"") + TEXT.encode(encoding)
    for given_one in (None, "latin-1", "utf-16-le"):
        assert values(explained(tmp_path, data, site(encoding=given_one)), "path") == ["/café", "/b", "/c"]


def test_concatenated_files_may_have_several_byte_order_marks(tmp_path: Path) -> None:
    """A mark in the middle is dropped, so that the line after it can be read."""
    data = TEXT.encode("utf-16") * 2
    assert values(explained(tmp_path, data), "path") == ["/café", "/b", "/c"] * 2


def test_bytes_that_are_invalid_in_the_encoding_are_escaped(tmp_path: Path) -> None:
    r"""Such bytes become `\xNN`, and the line is kept."""
    data = line("/a?X").encode("cp1252").replace(b"X", b"\x81") + b"\n"
    assert values(explained(tmp_path, data, site(encoding="cp1252")), "query") == ["\\x81"]
    cut = "".join(f"{each}\n" for each in (line("/a"), line("/b"))).encode("utf-16-le")[:-1]
    assert reasons(explained(tmp_path, cut, site(encoding="utf-16-le"))) == [None, "malformed"]


@given(
    st.binary(max_size=300), st.integers(1, 40), st.sampled_from(["utf-16-le", "utf-16-be", "cp1252", "gbk", "cp932"])
)
@settings(deadline=None, max_examples=100)
def test_blocks_may_end_anywhere(data: bytes, size: int, encoding: str) -> None:
    """The text is the same wherever the stream is split, and always valid UTF-8."""
    whole = b"".join(as_utf8([data], encoding))
    pieces = [data[:4], *in_blocks(data[4:], size)]
    assert b"".join(as_utf8(pieces, encoding)) == whole
    whole.decode("utf-8")


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\ufeff"), max_size=20), max_size=9),
    st.sampled_from(["utf-16", "utf-16-be", "utf-32", "utf-7", "utf-8", "gb18030"]),
    st.integers(4, 40),
)
@settings(deadline=None, max_examples=100)
def test_decoding_keeps_the_number_of_lines(lines: list[str], encoding: str, size: int) -> None:
    """A line ends with a line feed before and after decoding."""
    text = "".join(f"{each}\n" for each in lines)
    assert b"".join(as_utf8(in_blocks(text.encode(encoding), size), encoding)).decode() == text


@pytest.mark.parametrize(
    ("head", "given_one", "wanted"),
    [
        (b"", None, "utf-8"),
        (b"plain", "ascii", "utf-8"),
        (b"plain", "UTF8", "utf-8"),
        (b"plain", "latin-1", "latin-1"),
        (b"\xef\xbb\xbfx", "latin-1", "utf-8"),
        (b"\xff\xfea\x00", None, "utf-16"),
        (b"\xff\xfe\x00\x00", None, "utf-32"),
        (b"\xff\xfe\x00\x00", "utf-16", "utf-16"),
        (b"\xff\xfe\x00\x00", "latin-1", "utf-32"),
    ],
)
def test_the_encoding_comes_from_the_mark_or_else_from_the_manifest(
    head: bytes, given_one: str | None, wanted: str
) -> None:
    """Other names of UTF-8 need no decoding."""
    assert encoding_of(head, given_one) == wanted


def test_xz_is_read_stream_by_stream(tmp_path: Path) -> None:
    """Streams may be concatenated, with padding between and after them, whatever the file's name."""
    data = TEXT.encode()
    pressed = lzma.compress(data)
    path = tmp_path / "a.log"
    path.write_bytes(pressed + bytes(8) + lzma.compress(b"") + pressed + bytes(4))
    assert compression(path) == "xz"
    assert b"".join(blocks(path, where="a.log")) == data * 2
    assert explained(tmp_path, pressed).accounting == explained(tmp_path, data).accounting


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda pressed: pressed[:-10], "cut off"),
        (lambda pressed: pressed[:3], "cut off"),
        (lambda pressed: pressed[: len(pressed) // 2], "cut off"),
        (lambda pressed: pressed[:40] + bytes([pressed[40] ^ 0xFF]) + pressed[41:], "damaged"),
        (lambda pressed: pressed + b"more" * 9, "damaged"),
        (lambda pressed: pressed + bytes(4) + pressed[:20], "cut off"),
    ],
)
def test_damaged_xz_is_an_error(tmp_path: Path, damage: object, told: str) -> None:
    """Half a file, or one with a wrong byte, must not look like a day with few visitors."""
    pressed = lzma.compress("".join(f"{line(f'/{number}')}\n" for number in range(500)).encode())
    path = tmp_path / "a.xz"
    path.write_bytes(damage(pressed))  # type: ignore[operator]
    with pytest.raises(PermanentError, match=told):
        list(blocks(path, where="a.xz"))


def test_an_xz_stream_that_needs_gigabytes_is_refused(tmp_path: Path) -> None:
    """The block header has the dictionary's size, here 4 GB, and a CRC at its end."""
    pressed = lzma.compress(b"x" * 100)
    header = pressed[12:16] + b"\x28" + pressed[17:20]
    path = tmp_path / "a.xz"
    path.write_bytes(pressed[:12] + header + zlib.crc32(header).to_bytes(4, "little") + pressed[24:])
    with pytest.raises(PermanentError, match="Memory usage limit"):
        list(blocks(path, where="a.xz"))
