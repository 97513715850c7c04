"""CSV with a header row: whatever its delimiter and its quotes, every line is read as what its columns are called."""

import csv
import io
import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from format_lines import combined
from hypothesis import given, settings
from hypothesis import strategies as st
from in_hand import explained, hits, reasons, site, values
from reads import Reader

from mtc.core.database import query_texts
from mtc.core.errors import PermanentError
from mtc.formats.csv_lines import MOST_COLUMNS, Cells, bind, cut
from mtc.formats.detection import detect, named_format
from mtc.formats.model import FIELDS
from mtc.stages.import_.format_choice import SourceFormat, choose, format_chooser

NAMES = ("ip", "time", "request", "status", "bytes", "user_agent", "note")
AGENT = 'Mozilla/5.0 (X11; "x", y)\tFirefox'
MARK = "\ufeff"


def row(path: str = "/a?b=1", status: str = "200", *, ip: str = "192.0.2.7", note: str = "") -> tuple[str, ...]:
    return (ip, "2026-05-01T10:05:03Z", f"GET {path} HTTP/1.1", status, "512", AGENT, note)


ROWS = (row(), row("/gone", "404", note="; a,\tb"), row('/say?"hi",;', note='"'))


def written(rows: Sequence[Sequence[str]], delimiter: str = ",", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """Rows as Python's own writer has them, each on a line."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


def simple(**columns: str) -> list[str]:
    """A log of one request: a header of these columns, and a line."""
    return [",".join(columns), ",".join(columns.values())]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader.make(tmp_path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("mark", ["", MARK])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_row_is_read_and_every_header_accounted_for(
    tmp_path: Path, delimiter: str, quoting: int, mark: str, ends: str
) -> None:
    """Of files that were put together too, whose marks and headers then stand in the middle."""
    one = mark + written((NAMES, *ROWS), delimiter, quoting)
    found = explained(tmp_path, (one * 2 + "junk\n").replace("\n", ends).encode())
    account = found.accounting
    assert (account.lines, account.hits, account.filtered) == (9, 6, {"header": 2})
    assert account.rejected == {"malformed": 1}
    assert found.choices[0].why == "csv reads 8 of 9 sampled lines"
    assert values(found, "path") == ["/a", "/gone", "/say"] * 2
    assert values(found, "query") == ["b=1", None, '"hi",;'] * 2
    assert values(found, "status") == [200, 404, 200] * 2
    assert set(values(found, "user_agent")) == {AGENT}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_file_as_spreadsheets_write_it_is_read(tmp_path: Path, encoding: str) -> None:
    """UTF-16 and tabs, or UTF-8 with a mark."""
    found = explained(tmp_path, written((NAMES, *ROWS), "\t").encode(encoding))
    assert reasons(found) == ["header", None, None, None]


def test_a_header_need_not_be_utf_8(tmp_path: Path) -> None:
    """What is none is written as escapes, in the header as everywhere."""
    found = explained(tmp_path, b"ip,time,path,status,n\xe4me\n192.0.2.7,2026-05-01 10:05:03,/\xe4,200,\xff\n")
    assert (reasons(found), values(found, "path")) == (["header", None], ["/\\xe4"])


CHARACTERS = st.text(st.sampled_from("\",;\t -aé☃\\'\x7f"), max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CHARACTERS, min_size=3, max_size=4), min_size=1, max_size=20), st.sampled_from(",;\t"))
def test_what_was_written_by_the_book_is_cut_as_it_was(rows: list[list[str]], delimiter: str) -> None:
    """By Python for a sample and by the database, whatever of a row is in quotes."""
    texts = [written(rows, delimiter, quoting) for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)]
    lines = "".join(texts).removesuffix("\n").split("\n")
    assert [list(cut(line, delimiter)) for line in lines] == [*rows, *rows]
    assert in_sql(lines, delimiter, 3) == [each[:3] if len(each) == 3 else None for each in [*rows, *rows]]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.sampled_from('",a '), max_size=12), min_size=1, max_size=50))
def test_any_line_is_cut_in_one_way(lines: list[str]) -> None:
    """Quotes may stand anywhere, and lines break off."""
    found = [list(cut(line, ",")) for line in lines]
    assert in_sql(lines, ",", 3) == [each if len(each) == 3 else None for each in found]


def in_sql(lines: Sequence[str], delimiter: str, count: int) -> list[list[str] | None]:
    """The cells of lines that have so many, as the database has them."""
    names = FIELDS[:count]
    shape = Cells("ip", delimiter, count, tuple((name, at) for at, name in enumerate(names)))
    texts = ", ".join(f"coalesce(z.{name}, '')" for name in names)
    query = (
        f"SELECT CASE WHEN z IS NOT NULL THEN [{texts}] END FROM"
        f" (SELECT {shape.fields('c0', shape.names, exact=False)} AS z FROM"
        f" (SELECT *, {shape.head(shape.names, exact=False)} AS head FROM (SELECT text AS c0 FROM given)))"
    )
    return [found for (found,) in query_texts(query, list(lines))]  # type: ignore[misc]


def test_a_line_that_is_cut_off_or_goes_on_is_rejected(tmp_path: Path) -> None:
    """One line is one record: a line feed in a cell makes two lines that cannot be read."""
    lines = written((NAMES, row(), row(note="two\nlines"), row())).removesuffix("\n").split("\n")
    assert reasons(explained(tmp_path, lines)) == ["header", None, "malformed", "malformed", None]
    more = [*lines[:2], lines[1] + ",", lines[1].removesuffix(","), f'{lines[1]}"', lines[0] + "x", " "]
    told = ["malformed", "malformed", "malformed", "bad time", "blank"]
    assert reasons(explained(tmp_path, more)) == ["header", None, *told]


def test_names_that_come_twice_or_are_missing_do_no_harm(tmp_path: Path) -> None:
    """Of two columns with one name the first counts, also for `fields`; pandas gives its index no name."""
    lines = [",ip,time,path,ip,status,,time,status", "7,192.0.2.7,2026-05-01 10:05:03,/a,10.0.0.1,200,x,y,404"]
    for settings_ in (site(), site(fields={"ip": "IP", "status": "status"})):
        found = explained(tmp_path, lines, settings_)
        assert (values(found, "ip"), values(found, "status")) == (["192.0.2.7"], [200])
    assert reasons(explained(tmp_path, [",,,", "a,b,c,d"], site(format="csv", fields={"ip": " "})))[0] == "header"


@pytest.mark.parametrize(
    ("column", "text", "taken"),
    [
        ("duration_ms", "12.5", 12.5),
        ("latency.ms", "12ms", 12.0),
        ("request_time", "0.25", 250.0),
        ("Elapsed_S", "2", 2000.0),
        ("x", "2", None),
    ],
)
def test_the_time_taken_has_the_unit_that_its_column_says(
    tmp_path: Path, column: str, text: str, taken: float | None
) -> None:
    """As keys of JSON do."""
    log = simple(ip="192.0.2.7", time="1777629903", path="/a", status="200")
    found = explained(tmp_path, [f"{log[0]},{column}", f"{log[1]},{text}"])
    assert values(found, "time_ms") == [taken]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
@pytest.mark.parametrize(("column", "hour"), [("Time [UTC]", 10), ("time", None), ("time utc", 10)])
def test_a_column_may_say_that_its_times_are_in_utc(tmp_path: Path, zone: str, column: str, hour: int | None) -> None:
    """Else they are in the site's zone."""
    log = ["ip,path,status," + column, "192.0.2.7,/a,200,2026-05-01 10:05:03"]
    found = explained(tmp_path, log, site(fields={"time": column}, timezone=None, zone=zone))
    expected = hour or {"UTC": 10, "Europe/Paris": 8}[zone]
    assert values(found, "ts") == [f"2026-05-01 {expected:02}:05:03"]


GERMAN = ("wer", "Wann", "was", 'Wie\'s "war"', "{line}", "'; DROP TABLE lines; --")
TOLD = {"ip": "wer", "time": "wann", "target": "WAS", "status": 'wie\'s "WAR"', "host": "{LINE}", "user": GERMAN[5]}


@pytest.mark.parametrize("form", ["auto", "csv"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_fields_may_name_any_columns(tmp_path: Path, form: str, delimiter: str) -> None:
    """Whatever they are called: no name becomes SQL or a pattern, and case does not count."""
    request = ("192.0.2.7", "2026-05-01 10:05:03", "http://x.example/a?b=1", "404", "docs.example", "ada")
    text = written((GERMAN, request, GERMAN, request), delimiter)
    found = explained(tmp_path, text.encode(), site(format=form, fields=TOLD))
    assert reasons(found) == ["header", None, "header", None]
    for hit in hits(found):
        told = {name: hit.fields.get(name) for name in ("ip", "host", "path", "query", "status", "user")}
        assert told == {
            "ip": "192.0.2.7", "host": "docs.example", "path": "/a", "query": "b=1", "status": 404, "user": "ada"
        }  # fmt: skip


@pytest.mark.parametrize("form", ["auto", "csv"])
def test_a_column_that_is_not_there_comes_with_the_nearest(tmp_path: Path, form: str) -> None:
    """Nothing is read in place of it."""
    text = written((GERMAN, ("192.0.2.7", "2026-05-01", "/a", "200", "", "")))
    error = explained(tmp_path, text.encode(), site(format=form, fields=TOLD | {"time": "wan"})).error
    assert error is not None
    assert "there is no wan in the file, which `fields` says is the time" in error.what
    assert error.hint == "did you mean Wann?"


def test_fields_stand_for_what_was_told(tmp_path: Path) -> None:
    """For all ways to say the same; what is not named is told."""
    log = simple(
        ip="10.0.0.1", date="2026-05-01", time="10:05:03", request="GET /old HTTP/1.1", query="old=1", status="200",
        duration_ms="7", xip="192.0.2.7", when="2026-05-02T10:00:00Z", to="/new?b=1", took="1.5s",
    )  # fmt: skip
    found = explained(tmp_path, log, site(fields={"ip": "xip", "time": "when", "target": "to", "time_taken": "took"}))
    (hit,) = hits(found)
    told = [hit.fields.get(name) for name in ("ip", "ts", "path", "query", "status", "time_ms", "method")]
    assert told == ["192.0.2.7", "2026-05-02 10:00:00", "/new", "b=1", 200, 1500.0, None]
    apart = explained(tmp_path, log, site(fields={"path": "to"}))
    assert (values(apart, "path"), values(apart, "query")) == (["/new?b=1"], ["old=1"])


@pytest.mark.parametrize("form", ["auto", "csv"])
def test_what_a_file_lacks_is_said_with_its_columns(tmp_path: Path, form: str) -> None:
    """A format that is named needs no status, but it cannot do without the rest."""
    found = explained(tmp_path, simple(ip="192.0.2.7", when="2026", path="/a"), site(format=form, fields={"ip": "IP"}))
    assert found.verdict is not None
    assert found.verdict.what == "csv finds no time in this file: no line would have a day"
    assert "its columns are ip, when, path" in found.verdict.hint
    bare = explained(tmp_path, simple(ip="192.0.2.7", time="2026-05-01 10:05:03", path="/a"), site(format=form))
    assert (bare.verdict is None) == (form == "csv")
    assert form == "csv" or "csv finds no status in this file" in str(bare.verdict)


@pytest.mark.parametrize("count", [MOST_COLUMNS, MOST_COLUMNS + 1, 900])
def test_a_row_of_too_many_columns_is_refused_in_words(tmp_path: Path, count: int) -> None:
    """However many they are, nothing is made of them."""
    log = [line + f",{'x' * 5}" * (count - 4) for line in simple(ip="::1", time="1777629903", path="/a", status="200")]
    found = explained(tmp_path, log)
    if count == MOST_COLUMNS:
        assert reasons(found) == ["header", None]
        return
    assert found.verdict is not None
    assert found.verdict.what == f"the header row has {count} columns, and csv reads {MOST_COLUMNS} at most"
    with pytest.raises(PermanentError, match="columns"):
        format_chooser("csv")(log, "a.log")


PLAIN = ("192.0.2.7,2026-05-01 10:05:03,/a,200", "192.0.2.7,2026-05-01 10:05:04,/b,404")
COMMAS = combined("GET /?a,ip,time,request,status HTTP/1.1", agent="Mozilla/5.0 (X11, ip, time, request, path)")


@pytest.mark.parametrize("lines", [[COMMAS], [COMMAS] * 3, [COMMAS, combined()], [combined(), COMMAS]])
def test_a_log_with_commas_in_its_first_line_is_what_it_is(lines: Sequence[str]) -> None:
    """Whatever stands between them: who asks chooses what is logged of it."""
    assert detect(lines, where="a.log").format.name == "combined"


@pytest.mark.parametrize(
    "lines",
    [
        PLAIN,
        ["GET ip,time,request", *PLAIN],
        ["ip,time", "192.0.2.7,2026-05-01"],
        ["ip,wann,path,status", *PLAIN],
        ["192.0.2.7,time,path,status,ip", *(f"{line},192.0.2.7" for line in PLAIN)],
        ["ip,time,path,status", *(line.replace("192.", "x") for line in PLAIN)],
        ["ip,time,path,status", *(line.replace("2026", "x") for line in PLAIN)],
        ["ip,time,path,status\x00", *PLAIN],
        ['{"log":"x",ip,time,request', *PLAIN],
    ],
)
def test_what_has_no_header_is_not_taken_for_csv(lines: Sequence[str]) -> None:
    """Nor what has one that says too little, or says what is not so."""
    with pytest.raises(PermanentError, match="no known format reads this file"):
        detect(lines, where="a.log")


def test_a_file_of_a_header_alone_has_no_lines_to_read(tmp_path: Path) -> None:
    """An export of a day without requests."""
    for form in ("auto", "csv"):
        found = explained(tmp_path, [",".join(NAMES)], site(format=form))
        assert (found.verdict, reasons(found)) == (None, ["header"])


def test_some_odd_values_do_not_hide_what_a_column_is(tmp_path: Path) -> None:
    """Scanners send what is no request, and not every row has all values."""
    lines = written((NAMES, *[row()] * 20, row(ip="-"), (*row()[:2], "\\x16\\x03", *row()[3:]))).splitlines()
    account = explained(tmp_path, lines).accounting
    assert (account.hits, account.rejected) == (20, {"bad address": 1, "no request": 1})


def test_objects_with_the_same_header_have_the_same_format() -> None:
    """So that they are read together; another header is another format."""
    lines = written((NAMES, *[row()] * 9)).splitlines()
    other = written((NAMES[::-1], *[row()[::-1]] * 9)).splitlines()
    for wanted in ("auto", "csv", SourceFormat(fields=(("ip", "IP"),)), SourceFormat("csv", fields=(("ip", "ip"),))):
        choose_ = format_chooser(wanted)
        first = choose_(lines, "a.log")
        assert first is choose_([*lines, *lines], "b.log") is choose_(lines[:2], "c.log")
        assert choose_(other, "d.log") is not first
        assert choose_(lines, "e.log") is first


def test_formats_by_name_go_before_columns_by_name() -> None:
    """What reads as many lines and is known wins; what is asked for by name is taken."""
    lines = ["#Fields: date time c-ip cs-method cs-uri-stem sc-status", "2026-05-01 10:05:03 192.0.2.1 GET /a 200"]
    assert bind(lines) is None
    exported = [lines[0].removeprefix("#Fields: ").replace(" ", ","), lines[1].replace(" ", ",")]
    choice = choose("auto", exported, "a.csv")
    assert (choice.format.name, choice.why) == ("csv", "csv reads 2 of 2 sampled lines")


@pytest.mark.parametrize(
    "cell", ["'; DROP TABLE lines; --", "=cmd|' /C calc'!A0", "{line}", "\\1 \\d+ (?P<ip>x)", "$1"]
)
def test_a_hostile_cell_is_kept_as_it_is(reader: Reader, cell: str) -> None:
    """Nothing in it means anything."""
    lines = written((NAMES, (*row()[:5], cell, cell))).splitlines()
    form = named_format("csv", lines, where="a.log")
    assert reader.column("user_agent", lines, form) == [None, cell]


def test_a_line_that_would_be_cut_in_very_many_ways_is_cut_at_once() -> None:
    """Python reads samples, and tries one way after the other."""
    parts = ('"a""', '"a",', '"a"b,', 'a"', '""', '" ",', ",")
    for part, end in itertools.product(parts, ("", '"', '",x')):
        assert len(cut("x," + part * 50_000 + end, ",")) >= 0


def test_a_header_is_known_whatever_stands_in_it(reader: Reader) -> None:
    """Also behind a prefix, whose SQL is put into that of the header."""
    lines = written((("ip", "time", "path", "{line}'"), ("192.0.2.7", "2026-05-01 10:05:03", "/a", ""))).splitlines()
    wrapped = [f"<190>May  1 10:05:03 web1 app: {line}" for line in lines]
    for log in (lines, wrapped):
        assert reader.reasons([*log, *log], named_format("csv", log, where="a.log")) == ["header", None] * 2
