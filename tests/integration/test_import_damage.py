"""Damaged files: a step that meets one fails for good, names it, and leaves nothing behind."""

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from import_step import ALL, BY_DATABASE, NATIVE, Workshop, count_lines, line, text

from mtc.core.errors import PermanentError
from mtc.stages.import_.bundles import Bundling

DATA = text(*[line(f"/{number}") for number in range(12)])
HALF = len(text(line("/0"))) * 5

Compress = Callable[[bytes], bytes]
KINDS = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "bzip2": bz2.compress,
}
kinds = pytest.mark.parametrize("compress", KINDS.values(), ids=KINDS)


def refused(workshop: Workshop, data: bytes, bundling: Bundling = BY_DATABASE) -> PermanentError:
    """Load an object with these bytes; the step fails, and nothing of it is there."""
    obj = workshop.write("bad.log", data)
    with pytest.raises(PermanentError) as refusal:
        workshop.run(obj, stage=workshop.stage(bundling=bundling))
    assert workshop.files() == []
    assert refusal.value.where == "bad.log"
    return refusal.value


@kinds
def test_a_file_that_is_cut_off_fails_its_step(tmp_path: Path, compress: Compress) -> None:
    """At any point of it, and nothing of its first lines is counted."""
    workshop = Workshop(tmp_path)
    whole = compress(DATA)
    for end in [*range(1, 14), *range(14, len(whole) - 8, 17), *range(len(whole) - 8, len(whole))]:
        error = refused(workshop, whole[:end])
        assert "put a complete copy in its place" in error.hint


@pytest.mark.slow
@kinds
def test_a_file_that_is_cut_off_at_any_byte_fails_its_step(tmp_path: Path, compress: Compress) -> None:
    """Every byte of it, by the native reader and by the database."""
    whole = compress(DATA)
    for end in range(1, len(whole)):
        for bundling in (BY_DATABASE, NATIVE):
            refused(Workshop(tmp_path), whole[:end], bundling)


def test_a_flipped_bit_anywhere_in_a_gzip_is_never_counted(tmp_path: Path) -> None:
    """The step fails; or the bit says nothing of the text (a date, a system), and every line is there."""
    workshop = Workshop(tmp_path)
    whole = gzip.compress(DATA, mtime=0)
    for bit in [*range(80), *range(80, 8 * len(whole), 37), *range(8 * len(whole) - 64, 8 * len(whole), 5)]:
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        obj = workshop.write("bad.log", bytes(damaged))
        try:
            outcome = workshop.run(obj)
        except PermanentError:
            continue
        assert outcome.accounting("bad.log").hits == 12
        assert 24 <= bit < 80, "only a few bits of the header say nothing"


def test_a_damaged_object_stops_its_step_but_not_what_was_recorded(tmp_path: Path) -> None:
    """An object before it that was complete stays; the ones in its bundle are loaded when the step is tried again."""
    workshop = Workshop(tmp_path)
    good = workshop.write("1.log", DATA)
    bad = workshop.write("2.log", gzip.compress(DATA)[:-1])
    last = workshop.write("3.log", DATA)
    with pytest.raises(PermanentError, match=r"2\.log: the file is cut off"):
        workshop.run(good, bad, last)
    assert workshop.files() == []
    with pytest.raises(PermanentError):
        workshop.run(good, bad, last, stage=workshop.stage(bundling=Bundling(len(DATA))))
    assert len(workshop.files()) == 1


def test_a_large_object_that_turns_out_damaged_leaves_no_slices(tmp_path: Path) -> None:
    """Its first slices had been read by then."""
    workshop = Workshop(tmp_path)
    rows = [line(f"/{number}-{number * 7919}") for number in range(20_000)]
    whole = gzip.compress(text(*rows, *["junk"] * 50))
    refused(workshop, whole[:-2], Bundling(100_000))


@kinds
def test_content_decides_not_the_name(tmp_path: Path, compress: Compress) -> None:
    """Plain text that is named `.gz`, and compressed text without a suffix."""
    workshop = Workshop(tmp_path)
    objects = [workshop.write("plain.gz", DATA), workshop.write("packed", compress(DATA))]
    outcome = workshop.run(*objects)
    assert [outcome.accounting(obj.key).hits for obj in objects] == [12, 12]


@kinds
def test_files_one_behind_the_other_are_read_to_the_last(tmp_path: Path, compress: Compress) -> None:
    """Members, frames, streams: also where a line goes on in the next one."""
    workshop = Workshop(tmp_path)
    data = compress(DATA[:HALF]) + compress(DATA[HALF : HALF + 30]) + compress(DATA[HALF + 30 :])
    outcome = workshop.run(workshop.write("a.log", data))
    assert [hit.path for hit in outcome.hits()] == [f"/{number}" for number in range(12)]


@kinds
@pytest.mark.parametrize("junk", [b"", b"\n\n", b"caf\xe9\n", b"x\ry\n", b'"' * 60 + b"\n", b"\r\n", b"\xef\xbb\xbf\n"])
def test_compressed_text_is_accounted_for_like_plain_text(tmp_path: Path, compress: Compress, junk: bytes) -> None:
    """Whatever stands in it."""
    data = DATA + junk + DATA[:-1]
    outcome = Workshop(tmp_path).read(compress(data), ALL)
    account = outcome.accounting()
    assert (account.lines, account.hits, account.balanced) == (count_lines(data), 24, True)
    assert outcome.hits()[-1].line == count_lines(data)


def test_a_file_in_no_known_format_fails_its_step(tmp_path: Path) -> None:
    """Its first line is shown, and how to go on."""
    error = refused(Workshop(tmp_path), b'{"ip": "192.0.2.1"}\n' * 3)
    assert "the first line that none reads is" in error.what
    assert "name the format with `format:`" in error.hint
    refused(Workshop(tmp_path), "log".encode("utf-16") * 9, NATIVE)
