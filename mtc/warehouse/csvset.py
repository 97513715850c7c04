"""Which CSV files there are, what their columns hold, and how `.stat` documents become rows of them.

RFC 4180: commas, CRLF, a header line, quotes where needed; UTF-8 without a mark. Dates are ISO, numbers plain, an empty
cell is a number that is not known. Labels go through `cells.cell`. No file is opened here.
"""

import csv
from collections.abc import Iterator
from typing import IO

from mtc.warehouse.cells import cell
from mtc.warehouse.statfile import LineAccounting, StatDocument, Summary
from mtc.warehouse.tables import ROWS, Tables, metrics

SUMMARY = "summary"

KEY_COLUMNS: tuple[tuple[str, str], ...] = (
    ("site", "The site's name."),
    ("day", "The day, in the site's time zone."),
)

LINE_COLUMNS: tuple[tuple[str, str], ...] = (
    ("lines", "How many lines the day's log files have; empty where no import of that day is known."),
    ("hits", "How many of them are hits."),
    ("filtered", "How many were left out on purpose."),
    ("rejected", "How many could not be read."),
)


def csv_files() -> tuple[str, ...]:
    """The names of all CSV files, in order."""
    return (f"{SUMMARY}.csv", *(f"{table}.csv" for table in ROWS))


def columns(name: str) -> tuple[tuple[str, str], ...]:
    """The columns of a CSV file, `summary` or a table, each with what it holds."""
    if name == SUMMARY:
        fields = tuple((field, _plain(info.description)) for field, info in Summary.model_fields.items())
        zone = (("timezone", _plain(StatDocument.model_fields["timezone"].description)),)
        return (*KEY_COLUMNS, *zone, *fields, *LINE_COLUMNS)
    row = ROWS[name]
    return (*KEY_COLUMNS, *((field, _plain(info.description)) for field, info in row.model_fields.items()))


def describe() -> str:
    """All files and columns as Markdown tables."""
    blocks = []
    for name in (SUMMARY, *ROWS):
        what = "A row for each site and day." if name == SUMMARY else _plain(Tables.model_fields[name].description)
        rows = "\n".join(f"| `{column}` | {text} |" for column, text in columns(name))
        blocks.append(f"**`{name}.csv`** {what}\n\n| column | what it holds |\n|---|---|\n{rows}\n")
    return "\n".join(blocks)


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


class CsvWriters:
    """Writes documents, given in order of site and day, to one open text file for each CSV file."""

    def __init__(self, streams: dict[str, IO[str]]) -> None:
        self._writers = {name: csv.writer(stream, lineterminator="\r\n") for name, stream in streams.items()}
        self._metrics = {name: metrics(name) for name in ROWS}
        for name in (SUMMARY, *ROWS):
            self._writers[f"{name}.csv"].writerow([column for column, _ in columns(name)])

    def write(self, document: StatDocument) -> int:
        """Write a document's rows; returns how many."""
        key = (document.site, document.day.isoformat())
        self._writers[f"{SUMMARY}.csv"].writerow((*key, *_summary(document)))
        count = 1
        for name in ROWS:
            rows = list(self._rows(name, document, key))
            self._writers[f"{name}.csv"].writerows(rows)
            count += len(rows)
        return count

    def _rows(self, name: str, document: StatDocument, key: tuple[str, str]) -> Iterator[tuple[object, ...]]:
        names = self._metrics[name]
        for row in getattr(document.tables, name) or ():
            values = row.__dict__
            yield (*key, cell(values["label"]), *[values[metric] for metric in names])


def _summary(document: StatDocument) -> tuple[object, ...]:
    return (cell(document.timezone), *document.summary.__dict__.values(), *_lines(document.accounting))


def _lines(accounting: LineAccounting | None) -> tuple[object, ...]:
    if accounting is None:
        return ("", "", "", "")
    rejected = sum(accounting.rejected.values())
    return (accounting.lines, accounting.hits, sum(accounting.filtered.values()), rejected)
