"""Slices of a plain file: together they are the file, line for line, and each line goes through a pipe once."""

import errno
import hashlib
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.errors import ObjectChangedError, StepError
from mtc.core.model import SourceObject
from mtc.formats.line_cleaning import BOM, clean, whole_lines
from mtc.formats.model import Format
from mtc.formats.registry import FORMATS
from mtc.formats.w3c import W3C, binder
from mtc.stages.import_.file_slices import FileSlice, slices
from mtc.stages.import_.object_text import FetchedObject

COMBINED = FORMATS["combined"]
TEXTS = st.lists(
    st.sampled_from([b"a", b"bb", b"\n", b"\r\n", b"\r", b"\x01", b"\x02", b"\xff", b"c" * 40]), max_size=60
)


def item(path: Path) -> FetchedObject:
    return FetchedObject(SourceObject(path.name, path.stat().st_size), path)


def made(path: Path, limit: int, form: Format = COMBINED) -> Iterator[FileSlice]:
    return slices(item(path), limit, lambda *_: form)


def through_pipe(piece: FileSlice) -> bytes:
    """What comes out of a slice's pipe."""
    with piece.opened() as path, path.open("rb") as stream:
        return stream.read()


def cleaned(data: bytes) -> bytes:
    return b"".join(map(clean, whole_lines([data])))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("slices")


@given(TEXTS, st.integers(min_value=1, max_value=80), st.sampled_from([b"", BOM]))
def test_slices_are_the_lines_of_the_file_in_order(folder: Path, texts: list[bytes], limit: int, mark: bytes) -> None:
    """Whatever their size: all lines, cleaned as far as is quick, counted, with the digests of the whole at the end."""
    data = b"".join(texts)
    path = folder / "a.log"
    path.write_bytes(mark + data)
    out, lines, again, last = b"", 0, b"", []
    for piece in made(path, limit):
        out += through_pipe(piece)
        (segment,) = piece.segments
        assert (segment.first, segment.offset) == (0, lines)
        lines += segment.lines
        again += b"".join(piece.text())
        last.append(segment.last)
    text = mark + data
    assert b"".join(map(clean, whole_lines([out]))) == b"".join(
        map(clean, whole_lines([data.replace(b"\x02", b"\\x02")]))
    )
    assert lines == text.count(b"\n") + (text[-1:] not in {b"\n", b""})
    assert again == text.replace(b"\x02", b"\\x02")
    assert last == [False] * (len(last) - 1) + [True]
    assert segment.content == hashlib.sha256(text).hexdigest()


def test_a_slice_that_nobody_reads_to_its_end_is_counted_all_the_same(tmp_path: Path) -> None:
    """The database may refuse a line, or never open the pipe."""
    path = tmp_path / "a.log"
    path.write_bytes(b"x" * 99 + b"\n" + b"y\n" * 1_000_000)
    found = made(path, 1 << 30)
    piece = next(found)
    with piece.opened() as pipe, pipe.open("rb", buffering=0) as stream:
        assert stream.read(10) == b"x" * 10
    assert piece.lines == piece.segments[0].lines == 1_000_001
    found = made(path, 1 << 30)
    piece = next(found)
    with piece.opened():
        pass
    assert piece.lines == 1_000_001


def test_a_file_that_changed_is_not_read_again(tmp_path: Path) -> None:
    """What is cleaned must be what was counted."""
    path = tmp_path / "a.log"
    path.write_bytes(b"one\ntwo\n")
    for change in (b"one\ntwi\n", b"one\n", b"", b"ONE\ntwo\n"):
        path.write_bytes(b"one\ntwo\n")
        found = made(path, 100)
        piece = next(found)
        assert through_pipe(piece) == b"one\ntwo\n"
        path.write_bytes(change)
        with pytest.raises(ObjectChangedError):
            list(piece.text())
    path.write_bytes(b"one\ntwo\n")
    found = made(path, 100)
    piece = next(found)
    through_pipe(piece)
    path.write_bytes(b"one\ntwo\nthree\n")
    assert b"".join(piece.text()) == b"one\ntwo\n"


class BrokenFile(FileIO):
    """A file on a disk that fails; no real one does so on demand."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.EIO, f"input/output error at {size}")


def test_an_error_of_the_file_is_told_where_its_lines_are_read(tmp_path: Path) -> None:
    """A disk that fails in mid-file must not look like the end of the file."""
    path = tmp_path / "a.log"
    path.write_bytes(b"x\n" * 1_000_000)
    found = made(path, 1 << 30)
    piece = next(found)
    with BrokenFile(path) as piece.file.stream, pytest.raises(StepError, match=r"a\.log"):
        through_pipe(piece)


def test_a_format_that_a_header_may_change_has_no_slices(tmp_path: Path) -> None:
    """Its lines are read by the header above them."""
    path = tmp_path / "a.log"
    path.write_bytes(b"#Fields: date time c-ip cs-uri-stem\n2026-05-01 10:00:00 192.0.2.1 /a\n")
    form = binder(W3C)(path.read_text().splitlines())
    assert form
    assert list(made(path, 100, form)) == []
