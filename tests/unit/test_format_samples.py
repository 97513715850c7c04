"""Every format against its sample logs: each line read as its documentation says, and each format known by its text."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from format_samples import LAYOUTS, REGEXES, SAMPLES, LayoutSample, RegexSample, Row, SampleFile, hosting, w3c
from reads import database

from mtc.core.errors import PermanentError
from mtc.core.model import SourceObject
from mtc.formats.custom_formats import CustomFormat
from mtc.formats.described_formats import custom
from mtc.formats.detection import detect, named_format
from mtc.formats.line_sql import Reading
from mtc.formats.model import Format
from mtc.formats.registry import BINDERS, FORMATS
from mtc.formats.settings import Filters
from mtc.stages.import_.bundles import Bundling, make_bundles
from mtc.stages.import_.line_table import fill_lines, fill_segments, with_segments
from mtc.stages.import_.object_text import FetchedObject

ALL = Filters(bots=True, static=True, errors=True, redirects=True)
_ROWS = """
SELECT host, ip, "user", strftime(ts, '%Y-%m-%d %H:%M:%S.%f'), method, path, query, protocol, status, bytes, time_ms,
    referrer, user_agent
FROM {hits} ORDER BY n + shift
"""
_COUNTS = "SELECT reason FROM {reasons}"


def read(text: str, form: Format, folder: Path, *, zone: str = "UTC") -> tuple[list[Row], Mapping[str, int]]:
    """The rows of a log, in order of their time where its format changes, and how many other lines have each reason."""
    path = folder / "sample.log"
    path.write_bytes(text.encode())
    fetched = FetchedObject(SourceObject("sample.log", path.stat().st_size), path)
    rows: list[Row] = []
    counts: Counter[str] = Counter()
    with database().cursor() as connection:
        for bundle in make_bundles([fetched], folder / "spool", lambda *_: form, bundling=Bundling()):
            reading = Reading(bundle.format, ALL, zone=zone, zone_given=zone != "UTC")
            found = fill_lines(connection, bundle, reading, folder / "scratch")
            fill_segments(connection, bundle)
            counts.update(why for (why,) in connection.execute(_COUNTS.format(reasons=found.reasons)).fetchall())
            hits = with_segments(found.hits, bundle)
            rows += map(as_row, connection.execute(_ROWS.format(hits=hits)).fetchall())
    return sorted(rows, key=lambda row: row.time) if form.changes else rows, counts


def as_row(values: Sequence[object]) -> Row:
    """A row of the table as the samples write it: no empty fraction, and milliseconds to the nanosecond."""
    names = ("host", "ip", "user", "time", "method", "path", "query", "protocol", "status", "bytes", "time_ms")
    given = dict(zip((*names, "referrer", "user_agent"), values, strict=True))
    given["time"] = str(given["time"]).removesuffix(".000000")
    given["time_ms"] = rounded(given["time_ms"])
    return Row(**given)  # type: ignore[arg-type]


def rounded(time_ms: object) -> float | None:
    return None if time_ms is None else round(float(str(time_ms)), 6)


def sample_lines(sample: SampleFile) -> list[str]:
    return sample.text.removesuffix("\n").split("\n")


def name_of(sample: SampleFile) -> str:
    return f"{sample.format}-{SAMPLES.index(sample)}"


# Lines that say nothing of LiteSpeed are combined lines.
TWINS = {hosting.LITESPEED: "combined", hosting.OVH: "lighttpd"}
# A header that names no fields: no format reads the lines behind it, and none is guessed.
REFUSED = (w3c.NO_FIELDS,)
KNOWN = [sample for sample in SAMPLES if sample.format in {*FORMATS, *BINDERS}]


@pytest.mark.parametrize("sample", KNOWN, ids=name_of)
def test_a_sample_is_read_as_its_documentation_says(sample: SampleFile, tmp_path: Path) -> None:
    """Every field of every request is what was logged; comments are headers; no line is lost."""
    form = named_format(sample.format, sample_lines(sample), where="sample.log")
    rows, counts = read(sample.text, form, tmp_path, zone=sample.zone)
    assert rows == list(sample.rows)
    assert counts.get("header", 0) == sample.headers
    assert sum(counts.values()) == sample.headers + sample.other


@pytest.mark.parametrize("sample", [each for each in KNOWN if each.encoding == "utf-8"], ids=name_of)
def test_a_format_is_known_by_its_own_text(sample: SampleFile) -> None:
    """With every format registered, a log is taken for what it is."""
    if sample in REFUSED:
        with pytest.raises(PermanentError, match="no known format reads this file"):
            detect(sample_lines(sample), where="sample.log")
        return
    if sample.format in FORMATS and not FORMATS[sample.format].detectable:
        pytest.skip("a format that is only taken by name")
    assert detect(sample_lines(sample), where="sample.log").format.name == TWINS.get(sample, sample.format)


@pytest.mark.parametrize("sample", LAYOUTS, ids=lambda sample: f"{sample.server}-{LAYOUTS.index(sample)}")
def test_what_a_server_writes_is_read_by_the_string_that_it_was_given(sample: LayoutSample, tmp_path: Path) -> None:
    """A LogFormat or a log_format, copied from the configuration, reads every line that comes of it."""
    form = custom(CustomFormat.model_validate({sample.server: sample.layout}))
    rows, counts = read(sample.text, form, tmp_path, zone=sample.zone)
    assert rows == list(sample.rows)
    assert sum(counts.values()) == sample.other


@pytest.mark.parametrize("sample", REGEXES, ids=lambda sample: f"regex-{REGEXES.index(sample)}")
def test_a_line_is_read_by_an_expression_of_a_users(sample: RegexSample, tmp_path: Path) -> None:
    """Groups named after fields, by mtc's names or by those of Matomo's importer, are the fields."""
    form = custom(CustomFormat.model_validate({"regex": sample.regex, "time": sample.time or None}))
    rows, counts = read(sample.text, form, tmp_path, zone=sample.zone)
    assert rows == list(sample.rows)
    assert sum(counts.values()) == sample.other
