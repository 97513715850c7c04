"""The same lines have one digest, however they end, and wherever the blocks are cut in which they come."""

import hashlib

import pytest

from mtc.stages.import_.object_text import TextDigest

LINES = b"one\ntwo \xc3\xbc\n\nfour\n"
BOM = b"\xef\xbb\xbf"


def digest(data: bytes, cut: int) -> TextDigest:
    """That of data which comes in blocks."""
    made = TextDigest()
    for at in range(0, len(data), cut):
        made.update(data[at : at + cut])
    return made


@pytest.mark.parametrize("cut", [3, 4, 5, 100])
@pytest.mark.parametrize(
    "data",
    [
        LINES,
        LINES[:-1],
        BOM + LINES,
        LINES.replace(b"\n", b"\r\n"),
        LINES.replace(b"\n", b"\r\n")[:-1],
        BOM + LINES.replace(b"\n", b"\r\n")[:-2],
    ],
)
def test_the_same_lines_have_one_digest(data: bytes, cut: int) -> None:
    """A copy by FTP in text mode, one by an editor, one that is not ended yet; the bytes keep a digest of their own."""
    made = digest(data, cut)
    assert made.lines() == hashlib.sha256(LINES).hexdigest()
    assert made.written() == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "data", [b"one\ntwo\rthree\n", b"one\n\ntwo \xc3\xbc\n\nfour\n", LINES + b"\n", LINES[:-2], b""]
)
def test_other_lines_have_another(data: bytes) -> None:
    """Carriage returns within a line, blank lines and what is missing are differences."""
    assert digest(data, 4).lines() != digest(LINES, 4).lines()
