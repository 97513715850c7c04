"""Lines of names and values: the same is read whatever the order, and whatever a visitor sends."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from in_hand import explained, site, values
from reads import Reader

from mtc.formats.ltsv_logfmt import LOGFMT, LTSV, bind_logfmt, bind_ltsv

_LTSV = {
    "time": "[01/May/2026:12:05:03 +0200]",
    "host": "192.0.2.1",
    "req": "GET /a?b=1 HTTP/1.1",
    "status": "200",
    "size": "12",
    "ua": "Agent 1.0",
    "vhost": "www.example.org",
    "reqtime": "0.250",
}
_LOGFMT = {
    "time": "2026-05-01T10:05:03Z",
    "remote_addr": "192.0.2.1:4000",
    "method": "GET",
    "path": "/a?b=1",
    "status": "200",
    "user_agent": '"Agent \\"1.0\\" \\\\"',
    "referer": '"https://www.example.org/ x"',
    "duration": "1.5s",
}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader.make(tmp_path)
    with made.connection:
        yield made


def ltsv(**changed: str) -> str:
    return "\t".join(f"{label}:{value}" for label, value in (_LTSV | changed).items())


def logfmt(**changed: str) -> str:
    return " ".join(f"{label}={value}" for label, value in (_LOGFMT | changed).items())


def shuffled(line: str, cut: str, seed: int) -> str:
    words = line.split(cut)
    random.Random(seed).shuffle(words)
    return cut.join(words)


def test_the_order_of_labels_does_not_matter(reader: Reader) -> None:
    """A line in the file's order is read by place, any other by label, and both the same."""
    lines = [ltsv(), *(shuffled(ltsv(), "\t", seed) for seed in range(5)), ltsv(more="x")]
    form = bind_ltsv(lines)
    assert form is not LTSV
    by_place, *by_label = [line[3:] for line in reader.read(lines, form)]
    assert by_label == [by_place] * 6
    assert [line[3:] for line in reader.read(lines, LTSV)] == [by_place] * 7


def test_a_logfmt_line_is_read_by_place_and_by_label_alike(reader: Reader) -> None:
    """Values in quotes hold blanks, equal signs and escapes."""
    lines = [logfmt(), logfmt(level="info"), logfmt(user_agent='"plain agent"'), logfmt(user_agent="bare")]
    form = bind_logfmt(lines)
    assert [line[3:] for line in reader.read(lines, form)] == [line[3:] for line in reader.read(lines, LOGFMT)]
    assert reader.column("user_agent", lines, form) == ['Agent "1.0" \\', 'Agent "1.0" \\', "plain agent", "bare"]
    assert reader.column("time_ms", lines, form) == [1500.0] * 4


def test_a_visitor_cannot_write_fields_into_a_value(reader: Reader) -> None:
    """What stands within quotes, or behind a tab's label, is the value's."""
    forged = [logfmt(user_agent='"x status=500 remote_addr=10.0.0.9 path=/forged"'), logfmt()]
    assert reader.column("path", forged, bind_logfmt(forged)) == ["/a", "/a"]
    assert reader.column("path", forged, LOGFMT) == ["/a", "/a"]
    assert reader.column("ip", forged, LOGFMT) == ["192.0.2.1", "192.0.2.1"]
    assert reader.column("user_agent", [ltsv(ua="x status:500 host:10.0.0.9")], LTSV) == ["x status:500 host:10.0.0.9"]


def test_of_a_label_that_comes_twice_the_first_counts(reader: Reader) -> None:
    """In the file's order or out of it."""
    lines = [f"{ltsv()}\tstatus:500", f"{ltsv()}\tstatus:500"]
    assert reader.column("status", lines, bind_ltsv(lines)) == [200, 200]
    assert reader.column("status", lines, LTSV) == [200, 200]


def test_a_line_with_many_more_labels_than_the_others_is_read(tmp_path: Path) -> None:
    """The reader cuts a file into as many pieces as its first lines have labels; a line may have any number."""
    lines = [*[ltsv()] * 3, ltsv(**{f"more{number}": "x" for number in range(60)})]
    assert values(explained(tmp_path, lines, site()), "path") == ["/a"] * 4


def test_what_is_no_request_is_filtered_or_rejected(reader: Reader) -> None:
    """Pairs without an address are another message; what has no pairs is no line of the format."""
    assert reader.reasons(["level=info msg=started", "started", logfmt(status="20x")], LOGFMT) == [
        "other",
        "malformed",
        "malformed",
    ]
    assert reader.reasons(["time:x\tmessage:started", "started", ltsv(time="[x]")], LTSV) == [
        "other",
        "malformed",
        "bad time",
    ]


def test_a_file_in_the_same_order_is_in_the_same_format() -> None:
    """Objects of one format are bundled: it must be one object."""
    assert bind_ltsv([ltsv()]) is bind_ltsv(["started", ltsv(host="192.0.2.9")])
    assert bind_ltsv(()) is bind_ltsv(["nothing of it"])
