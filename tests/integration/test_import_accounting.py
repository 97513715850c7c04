"""Every line is accounted for, and read by itself: whatever bytes a log holds."""

import collections
import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from import_step import AGENT, ALL, BY_DATABASE, IN_SLICES, NATIVE, Outcome, Rejected, Workshop, count_lines, line, text

from mtc.core.errors import PermanentError
from mtc.core.model import Status
from mtc.formats.compression import PLAIN, compression_of_head, refuse
from mtc.formats.line_cleaning import LONGEST
from mtc.stages.import_.bundles import Bundling

# A plain reading of a whole valid line, apart from everything under test.
VALID = re.compile(rb'192\.0\.2\.1 - - \[01/May/2026:10:05:03 \+0000\] "GET (/[0-9]+) HTTP/1\.1" 200 512 "-" "[ -~]*"')
QUOTE = re.compile(rb'(?<!\\)"')
JUNK = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b"", b" ", b'"', b"\x00" * 20, b"\x01", b"\x02", b"\x02" + text(line())[:-1], b"\x03none\x03", b"#x", b"\x1a",
         b"\r", b"\r\r", b"x\r", b"\rx", b"\xff\xfe", b"\xc3", "é☃".encode(), b"\xef\xbb\xbf", b"\\", b'\\"',
         b'"' * 23, b'"' * 24, b'"' * 60, b"x" * 3000, b"a,b;c\td", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf",
         b"\x0b\x0c\x1c\x85"]
    ),
)  # fmt: skip


def _mutated(lines: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """A line with a piece cut out of it and another put in."""
    return st.builds(
        lambda one, at, gone, new: one[: at % len(one)] + new + one[at % len(one) + gone :],
        lines, st.integers(0, 200), st.integers(0, 20), JUNK,
    )  # fmt: skip


OTHERWISE = (b"\xfe\xff", b"\xff\xfe", b"PAR1")  # the beginning of UTF-16 and of Parquet
GOOD = st.integers(0, 999).map(lambda number: line(f"/{number}").encode())
LINES = st.lists(GOOD | GOOD | JUNK | _mutated(GOOD), max_size=25)


# What begins like a compressed file, or ends where it might have begun to, is refused as a damaged one.
def is_text(data: bytes) -> bool:
    """Whether a file may be text: neither compressed nor what is refused by name for how it begins."""
    with contextlib.suppress(PermanentError):
        refuse(data, "")
        return compression_of_head(data) == PLAIN
    return False


FILES = st.builds(
    lambda bom, lines, ends, last: bom + b"".join(one + end for one, end in zip(lines, ends * 25, strict=False)) + last,
    st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    LINES,
    st.lists(st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\n\n"]), min_size=1, max_size=25),
    st.sampled_from([b"", b"x", line("/9").encode()]),
).filter(lambda data: is_text(data) and not data.startswith(OTHERWISE))
ANYTHING = st.binary(max_size=300).filter(is_text)
BUNDLINGS = {"by the database": BY_DATABASE, "native": NATIVE, "in slices": IN_SLICES}
WAYS = pytest.mark.parametrize("bundling", BUNDLINGS.values(), ids=BUNDLINGS.keys())
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


def check(outcome: Outcome, data: bytes) -> None:
    """Hold an object's account, hits and rejected lines against what plain Python finds in its bytes."""
    account = outcome.accounting()
    assert account.lines == count_lines(data)
    assert account.balanced
    kept = outcome.rejected()
    assert sum(account.rejected.values()) == len(kept)
    assert account.rejected == collections.Counter(row.reason for row in kept)
    assert {row.object for row in kept} <= {"a.log"}
    hits = {hit.line: hit.path for hit in outcome.hits()}
    assert len(hits) == account.hits
    assert {hit.ip for hit in outcome.hits() if hit.line in valid_lines(data)} <= {"192.0.2.1"}
    numbers = [*hits, *(row.line for row in kept)]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) <= set(range(1, account.lines + 1))
    wanted = valid_lines(data)
    assert {number: hits.get(number) for number in wanted} == wanted


def valid_lines(data: bytes) -> dict[int, str]:
    """The path of each line that is whole, by its number."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    matches = {number: VALID.fullmatch(one.removesuffix(b"\r")) for number, one in enumerate(lines, start=1)}
    return {
        number: found[1].decode() for number, found in matches.items() if found and len(QUOTE.findall(found[0])) == 6
    }


@WAYS
@given(data=FILES)
@settings(max_examples=15, deadline=None, suppress_health_check=SLOW)
@example(data=b"\xef\xbb\xbf\xef\xbb\xbf\n")
@example(data=b"\xef\xbb\xbf" + text("\ufeff" + line("/1"), line("/2"), "\ufeff\ufeff" + line("/3"), "\ufeff"))
@example(data=b'\n"\rx\n' + text(line("/1")))
@example(data=b"\rx\n" + text(line("/1")))
@example(data=text(line("/1"), "", line("/2")) + b"x\ry\n")
def test_every_line_of_any_file_is_accounted_for(tmp_path: Path, bundling: Bundling, data: bytes) -> None:
    """Lines are hits, filtered or rejected; a line that is whole is a hit, with its number, whatever is around it."""
    check(Workshop(tmp_path).read(data, bundling=bundling), data)


@pytest.mark.slow
@WAYS
@given(data=FILES | ANYTHING)
@settings(max_examples=800, deadline=None, suppress_health_check=SLOW)
def test_every_line_of_very_many_files_is_accounted_for(tmp_path: Path, bundling: Bundling, data: bytes) -> None:
    """The same, for longer."""
    check(Workshop(tmp_path).read(data, bundling=bundling), data)


@given(data=ANYTHING)
@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
def test_arbitrary_bytes_are_accounted_for(tmp_path: Path, data: bytes) -> None:
    """Even where nothing of them is a log."""
    check(Workshop(tmp_path).read(data), data)


@given(data=FILES)
@settings(max_examples=6, deadline=None, suppress_health_check=SLOW)
def test_a_file_reads_the_same_by_the_native_reader_and_by_the_database(tmp_path: Path, data: bytes) -> None:
    """And sliced into many bundles: how it is read changes nothing in what is read."""
    workshop = Workshop(tmp_path)
    written = workshop.write("a.log", data)
    answers = []
    for bundling in (BY_DATABASE, NATIVE, Bundling(200, native=False), Bundling(200)):
        outcome = workshop.run(written, stage=workshop.stage(ALL, form="combined", bundling=bundling))
        agents = [hit.user_agent for hit in outcome.hits()]
        answers.append((outcome.accounting(), outcome.hits(), agents, outcome.rejected()))
    assert answers == [answers[0]] * 4


NEIGHBOURS = {
    "NUL bytes": b"\x00\x00",
    "invalid UTF-8": b"caf\xe9",
    "a lone return": b"x\ry",
    "a return at its start": b"\rx",
    "an open quote": b'192.0.2.1 - - [x] "GET /',
    "a quote alone": b'"',
    "the separator of the exact path": b"\x01",
    "the mark of a long line": b"\x02x",
    "bytes that stand for nothing": b"\x03none\x03",
    "twenty-three quotes": b'"' * 23,
    "twenty-four quotes": b'"' * 24,
    "very many quotes": b'"' * 5000,
    "a byte order mark": b"\xef\xbb\xbfx",
    "one megabyte": b"x" * (1 << 20),
    "a little more": b"x" * (LONGEST + 1),
    "three megabytes": b"y" * (3 << 20),
    "three megabytes of quotes": b'"' * (3 << 20),
    "three megabytes that are no UTF-8": b"\xff" * (3 << 20),
    "a truncated line": line()[:-1].encode(),
    "two lines in one": (line() + line()).encode(),
}


@WAYS
@pytest.mark.parametrize("name", NEIGHBOURS)
def test_no_line_harms_its_neighbours(tmp_path: Path, bundling: Bundling, name: str) -> None:
    """It is rejected, with object, number and reason; the lines before and after it are hits."""
    bad = NEIGHBOURS[name]
    data = text(line("/1")) + bad + b"\n" + text(line("/2")) + bad + b"\r\n" + text(line("/3"))
    outcome = Workshop(tmp_path).read(data, bundling=bundling)
    check(outcome, data)
    assert [(hit.line, hit.path) for hit in outcome.hits()] == [(1, "/1"), (3, "/2"), (5, "/3")]
    reason = "too long" if len(bad) > LONGEST else "malformed"
    assert [(row.object, row.line, row.reason) for row in outcome.rejected()] == [
        ("a.log", 2, reason), ("a.log", 4, reason)
    ]  # fmt: skip
    assert all(len(row.text) <= 2000 for row in outcome.rejected())


@WAYS
@pytest.mark.parametrize("byte", [b"\x00", b"\x03", b"\x1b", b"\x7f", "é".encode(), "\u2028".encode()])
def test_odd_bytes_in_a_user_agent_are_kept(tmp_path: Path, bundling: Bundling, byte: bytes) -> None:
    """What the visitor sent is what is counted."""
    data = text(line(agent="a@b")).replace(b"@", byte)
    (hit,) = Workshop(tmp_path).read(data, bundling=bundling).hits()
    assert hit.user_agent == f"a{byte.decode()}b"


@WAYS
@pytest.mark.parametrize(
    ("byte", "kept"), [(b"\xe9", "\\xe9"), (b"\x01", "\\x01"), (b"\x02", "\\x02"), (b"\r", "\\r"), (b"\xc3", "\\xc3")]
)
def test_bytes_that_cannot_be_kept_are_written_out(tmp_path: Path, bundling: Bundling, byte: bytes, kept: str) -> None:
    """The line is a hit all the same, and the account does not depend on them."""
    data = text(line("/1"), line("/2", agent="a@b")).replace(b"@", byte)
    outcome = Workshop(tmp_path).read(data, bundling=bundling)
    assert [hit.user_agent for hit in outcome.hits()] == [AGENT, f"a{kept}b"]


@WAYS
@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n\n", b" \n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_a_file_without_content_is_loaded_without_hits(tmp_path: Path, bundling: Bundling, data: bytes) -> None:
    """Its blank lines are set aside, and counted."""
    outcome = Workshop(tmp_path).read(data, bundling=bundling)
    account = outcome.accounting()
    assert (account.lines, account.hits, account.rejected) == (count_lines(data), 0, {})
    assert account.balanced
    assert (outcome.only.parts, outcome.receipt.status) == ((), Status.DONE)


@WAYS
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_kinds_of_line_ends_make_no_difference(
    tmp_path: Path, bundling: Bundling, end: bytes, bom: bytes, *, last: bool
) -> None:
    """Unix or Windows, with a byte order mark or without, with a last line end or without."""
    lines = [line(f"/{number}").encode() for number in range(4)]
    outcome = Workshop(tmp_path).read(bom + end.join(lines) + (end if last else b""), bundling=bundling)
    assert [(hit.line, hit.path) for hit in outcome.hits()] == [(1, "/0"), (2, "/1"), (3, "/2"), (4, "/3")]


def test_a_rejected_line_is_kept_as_it_was(tmp_path: Path) -> None:
    """With the object's key and the line's number, for people to look it up."""
    outcome = Workshop(tmp_path).read(text(line(), 'no "log" at <all>\\ ☃', line(time="31/Feb/2026:00:00:00 +0000")))
    late = line(time="31/Feb/2026:00:00:00 +0000")
    assert outcome.rejected() == [
        Rejected("a.log", 2, "malformed", 'no "log" at <all>\\ ☃'),
        Rejected("a.log", 3, "bad time", late),
    ]


def test_lines_keep_their_numbers_and_owners_however_many_threads_read(tmp_path: Path) -> None:
    """A bundle of 150,000 lines of two objects: every hit has the number of its line, in its own object."""
    workshop = Workshop(tmp_path)
    counts = {"a.log": 70_000, "b.log": 80_000}
    objects = [
        workshop.write(key, text(*["junk" if n % 1000 == 7 else line(f"/{key}/{n}") for n in range(1, count + 1)]))
        for key, count in counts.items()
    ]
    outcome = workshop.run(*objects, stage=workshop.stage(ALL))
    for key, count in counts.items():
        assert outcome.accounting(key).hits == count - count // 1000
        assert [hit for hit in outcome.hits(key) if hit.path != f"/{key}/{hit.line}"] == []
        assert [row.line for row in outcome.rejected() if row.object == key] == list(range(7, count, 1000))
