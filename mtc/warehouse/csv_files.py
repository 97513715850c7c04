"""The CSV files: their names, their columns, and how `.stat` documents become their rows.

RFC 4180: commas, CRLF, a header line, quotes where needed; UTF-8 without a byte order mark. Dates are ISO, numbers
plain, an empty cell is an unknown number. Labels go through `mtc.core.sanitize.csv_cell`.
`docs/csv.md` is made from `description` and `column_descriptions`. No file is opened here.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO

from mtc.core.frozen_model import descriptions
from mtc.core.sanitize import csv_cell
from mtc.warehouse.stat_document import LineAccounting, StatDocument, Summary
from mtc.warehouse.stat_tables import ROWS, Tables, metrics

SUMMARY = "summary"
ACCOUNTING = "accounting"
NAMES = (SUMMARY, ACCOUNTING, *ROWS)
"""The names of the CSV files, without their extension, in order."""

_ZONE = "timezone"

Cells = tuple[object, ...]

KEY_COLUMNS: tuple[tuple[str, str], ...] = (
    ("site", "The site's name."),
    ("day", "The day, in the site's time zone."),
)

LINE_COLUMNS: tuple[tuple[str, str], ...] = (
    ("lines", "The number of lines in the day's log files."),
    ("hits", "The number of lines that are hits, including hits of the day before or after."),
    ("filtered", "The number of lines that were filtered out."),
    ("rejected", "The number of lines that could not be read."),
)

LABELS: dict[str, tuple[str, str]] = {
    "pages": ("page", "The page: its path and query, without the query parameters that Matomo ignores."),
    "entry_pages": ("page", "The page, as in `pages.csv`."),
    "exit_pages": ("page", "The page, as in `pages.csv`."),
    "downloads": ("file", "The file: its path and query, as in `pages.csv`."),
    "site_searches": ("keyword", "The search keyword, as it was typed."),
    "referrer_types": ("referrer_type", "`direct`, `search`, `social`, `ai`, `website` or `campaign`."),
    "websites": ("website", "The website's host name."),
    "search_engines": ("search_engine", "The search engine's name."),
    "social_networks": ("social_network", "The social network's name."),
    "ai_assistants": ("ai_assistant", "The AI assistant's name."),
    "browsers": ("browser", "The browser's family."),
    "operating_systems": ("operating_system", "The operating system's family."),
    "device_types": ("device_type", "`desktop`, `smartphone`, `tablet` and so on, or `unknown`."),
    "countries": ("country", "The country's two-letter ISO 3166-1 code, or `Unknown`."),
    "hours": ("hour", "The hour in the site's time zone, 00 to 23."),
    "status_codes": ("status", "The response's status, or `unknown`."),
}
"""The label column of each table: its name, and what it holds."""

_ABOUT = {
    SUMMARY: "The day in a few numbers: a row for each site and day.",
    ACCOUNTING: "Where the lines of the day's log files went, `lines = hits + filtered + rejected`: a row for each "
    "site and day whose import is known. A log file may contain hits of the day before or after, so `hits` can differ "
    "from the `actions` of `summary.csv`.",
}


def file_name(name: str) -> str:
    """The name of the file of `summary`, `accounting` or a table."""
    return f"{name}.csv"


def columns(name: str) -> tuple[str, ...]:
    """The columns of a CSV file, `summary`, `accounting` or a table."""
    keys = tuple(key for key, _ in KEY_COLUMNS)
    if name == SUMMARY:
        return (*keys, _ZONE, *Summary.model_fields)
    if name == ACCOUNTING:
        return (*keys, *(column for column, _ in LINE_COLUMNS))
    return (*keys, LABELS[name][0], *metrics(name))


def column_descriptions(name: str) -> Mapping[str, str]:
    """What each column of a CSV file holds."""
    known = dict((*KEY_COLUMNS, *LINE_COLUMNS)) | {_ZONE: descriptions(StatDocument)[_ZONE]}
    if model := Summary if name == SUMMARY else ROWS.get(name):
        known |= descriptions(model)
    if name in LABELS:
        known |= dict([LABELS[name]])
    return {column: _plain(known[column]) for column in columns(name)}


def is_ours(name: str, header: str) -> bool:
    """Whether this or an earlier mtc wrote a file of this name with this first line.

    Earlier versions named the column of labels `label`. The summary is always written, so it is never in question.
    """
    if name not in NAMES:
        return False
    names = [*columns(name)]
    return header.rstrip("\r\n").split(",") in (names, ["site", "day", "label", *names[3:]])


def description(name: str) -> str:
    """What a CSV file holds, `summary`, `accounting` or a table."""
    return _ABOUT.get(name) or _plain(descriptions(Tables)[name])


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


class CsvWriters:
    """Writes documents, given in order of site and day.

    `open_file` opens the file of a name: the summary at once, another when it gets its first row.
    """

    def __init__(self, open_file: Callable[[str], IO[str]]) -> None:
        self._open_file = open_file
        self._writers: dict[str, Callable[[Iterable[Cells]], None]] = {}
        self._metrics = {name: metrics(name) for name in ROWS}
        self._begin(SUMMARY)

    def write(self, document: StatDocument) -> int:
        """Write a document's rows; returns how many."""
        key = (document.site, document.day.isoformat())
        return sum(self._add(name, [(*key, *row) for row in self._rows(name, document)]) for name in NAMES)

    def _add(self, name: str, rows: list[Cells]) -> int:
        if rows and name not in self._writers:
            self._begin(name)
        if rows:
            self._writers[name](rows)
        return len(rows)

    def _begin(self, name: str) -> None:
        self._writers[name] = csv.writer(self._open_file(file_name(name)), lineterminator="\r\n").writerows
        self._writers[name]([columns(name)])

    def _rows(self, name: str, document: StatDocument) -> Iterator[Cells]:
        if name == SUMMARY:
            yield (csv_cell(document.timezone), *document.summary.__dict__.values())
        elif name == ACCOUNTING:
            yield from [_lines(document.accounting)] if document.accounting else ()
        else:
            names = self._metrics[name]
            for row in getattr(document.tables, name) or ():
                values = row.__dict__
                yield (csv_cell(values["label"]), *[values[metric] for metric in names])


def _lines(accounting: LineAccounting) -> Cells:
    rejected = sum(accounting.rejected.values())
    return (accounting.lines, accounting.hits, sum(accounting.filtered.values()), rejected)
