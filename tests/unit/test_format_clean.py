r"""Cleaning: bytes of any kind become lines that the database reads, line for line."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mtc.formats.line_cleaning import LONGEST, TOO_LONG, clean, tidy, unmarked, whole_lines

MARK = TOO_LONG.encode()
PIECES = st.sampled_from(
    [b"\n", b"\r\n", b"\r", b"a", b'"', b"\x00", b"\x01", b"\x02", b"\xff", b"\xc3", "é☃".encode()]
)
BYTES = st.lists(PIECES | st.binary(max_size=6), max_size=40).map(b"".join)


def count(data: bytes) -> int:
    """How many lines there are: what ends with a line feed, and a last one that may lack it."""
    return len(data.removesuffix(b"\n").split(b"\n")) if data else 0


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """A stream in blocks of `size` bytes."""
    return (data[at : at + size] for at in range(0, len(data), size))


@given(data=BYTES, size=st.integers(1, 9))
@settings(deadline=None)
def test_a_stream_is_cut_at_line_ends_and_nowhere_else(data: bytes, size: int) -> None:
    """However it comes in; only a last line feed may be added."""
    blocks = list(whole_lines(cut(data, size)))
    assert all(block.endswith(b"\n") for block in blocks)
    assert b"".join(blocks) == (data if data.endswith(b"\n") or not data else data + b"\n")


@given(data=BYTES, size=st.integers(1, 9))
@settings(deadline=None)
@example(data=b"\n\n\n\n\n", size=3)
@example(data=b"\r\n\r\r\n\r", size=2)
def test_cleaning_keeps_the_number_of_lines(data: bytes, size: int) -> None:
    """And leaves nothing that the database stumbles over: no empty line, no stray return, no broken UTF-8."""
    cleaned = b"".join(map(clean, whole_lines(unmarked(cut(data, size)))))
    assert count(cleaned) == count(data)
    assert not cleaned.startswith(b"\n")
    assert not any(bad in cleaned for bad in (b"\r", b"\x01", b"\x02", b"\n\n"))
    cleaned.decode()


@given(data=BYTES)
@settings(deadline=None)
def test_a_line_is_cleaned_the_same_whatever_is_around_it(data: bytes) -> None:
    """Its neighbours change nothing in it."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    assert clean(b"".join(lines)) == b"".join(clean(line) for line in lines)


@given(data=BYTES)
@settings(deadline=None)
def test_what_is_tidy_is_left_alone(data: bytes) -> None:
    """To clean twice changes nothing more."""
    once = tidy(data.replace(MARK, b""))
    assert tidy(once) == once


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nb\n", b"a\nb\n"),
        (b"a\rb\n", b"a\\rb\n"),
        (b"caf\xe9 \xc3\xa9\n", "caf\\xe9 é\n".encode()),
        (b"\n", b" \n"),
        (b"a\x01b\n", b"a\\x01b\n"),
        (b"\xef\xbb\xbfa\xef\xbb\xbfb\n", b"a\xef\xbb\xbfb\n"),
        (b"\xef\xbb\xbf\xef\xbb\xbf\n\xef\xbb\xbfb\n", b" \nb\n"),
    ],
)
def test_what_cannot_be_read_is_written_as_apache_writes_it(before: bytes, after: bytes) -> None:
    r"""`\xNN` for a byte, `\r` for a return, a blank for an empty line; a byte order mark before a line goes."""
    assert clean(before) == after


def test_a_mark_from_outside_is_no_mark() -> None:
    """A stranger's byte does not make a line too long."""
    assert b"".join(unmarked([b"\x02a\n", b"b\x02"])) == b"\\x02a\nb\\x02"


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1, LONGEST + LONGEST // 2, 3 * LONGEST, 9 * LONGEST])
@pytest.mark.parametrize("size", [1000, LONGEST // 2 + 1, 4 << 20])
def test_only_a_line_longer_than_the_longest_is_cut_and_marked(length: int, size: int) -> None:
    """Wherever blocks begin and end; the lines around it stay whole."""
    data = b"before\n" + b"x" * length + b"\nafter\n" + b"y" * length
    lines = b"".join(map(clean, whole_lines(unmarked(cut(data, size))))).split(b"\n")
    long = b"x" * length if length <= LONGEST else MARK + b"x" * 2000
    last = b"y" * length if length <= LONGEST else MARK + b"y" * 2000
    assert lines == [b"before", long, b"after", last, b""]


def test_a_stream_without_a_line_end_takes_little_memory() -> None:
    """A gigabyte of anything is one line; it is cut where it gets too long and the rest is passed over."""
    blocks = whole_lines(b"z" * (1 << 20) for _ in range(200))
    assert [len(block) for block in blocks] == [2002]
