"""CSV with a header row, such as databases and log viewers export: the names of the columns say which field is which.

Source: RFC 4180. A quoted cell may hold the delimiter, and quotes, which are doubled; in any other cell quotes are
plain characters. The delimiter is a comma, a semicolon or a tab, whichever cuts the header row best. One line is one
record: a line feed within quotes, which the RFC allows, makes lines that cannot be read, as does a line with more or
fewer cells than the header. The header may come again, as in files that were put together; one with other columns does
not change how later lines are read.

Detection takes CSV only if the names of the columns say where address, time and request are, and the lines hold such
values. A file without a header is never guessed. If the manifest names the format, or maps columns with `fields`, it is
read whatever the columns are called.
"""

import dataclasses
import functools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from mtc.core.sql import literal
from mtc.formats.field_names import NEEDED, TIME, Keys, derive_of, guess_fields, is_request, normalised_name
from mtc.formats.model import Format, WholeLines
from mtc.formats.sql import CUT, marked_outside_quotes

BOM = "\ufeff"

TITLE = "CSV with a header row: fields are recognised by the names of the columns"

_EMPTY_CELLS = ("", "-")
_QUOTED = r'"(?:[^"]|"")*"'
# A cell that is not in quotes: without a quote, and with quotes as plain characters.
_PLAIN, _ANY = '[^",]*', '[^",][^,]*|'


@dataclass(frozen=True)
class Cells(WholeLines):
    """A shape of cells. `positions` maps each field to its column, from 0, of `count` columns.

    `header` is the header row as in the file, without a byte order mark; an equal line is the header again, as in
    concatenated files. A line of a sample is a request if it has a text for a field of each group of `needed`.
    """

    header: str
    delimiter: str
    count: int
    positions: tuple[tuple[str, int], ...]
    needed: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that have columns, and always `ip`."""
        return tuple(dict.fromkeys((*dict(self.positions), "ip")))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(name.strip() for name in cut(self.header, self.delimiter))

    def is_header(self, line: str) -> bool:
        """Whether a line is the header."""
        return line.lstrip(BOM) == self.header

    def fits(self, line: str) -> int:
        """How many fields have a value; 0 for a line that is not a request. A header belongs to the format as well."""
        if self.is_header(line):
            return max(1, len(self.positions))
        cells = cut(line, self.delimiter)
        if len(cells) != self.count:
            return 0
        given = [name for name, at in self.positions if cells[at] not in _EMPTY_CELLS]
        return len(given) if all(any(name in given for name in group) for group in self.needed) else 0

    def texts(self, line: str) -> dict[str, str]:
        """The text of each field in a line of a sample that fits."""
        cells = cut(line, self.delimiter)
        return {name: cells[at] for name, at in self.positions}

    def head(self, names: Collection[str], *, exact: bool) -> str:  # noqa: ARG002 - lines are read whole all the same
        """The cells of a line, still in their quotes; an empty text if quotes are not balanced.

        If only whole cells are quoted, splitting between them is faster than searching for the cells.
        """
        mark, ended = self.delimiter, f"concat(c0, {literal(self.delimiter)})"
        plain = f"""CASE
            WHEN NOT contains(c0, '"') THEN replace(c0, {literal(mark)}, {CUT})
            WHEN regexp_full_match({ended}, {literal(_row(mark, _PLAIN))}) THEN NULL
            WHEN regexp_full_match({ended}, {literal(_row(mark, _ANY))})
            THEN array_to_string(regexp_extract_all({ended}, {literal(_cell(mark, _ANY))}, 1), {CUT})
            ELSE ''
        END"""
        quoted = "CASE WHEN contains(c0, '\"') THEN c0 END"
        return f"string_split(coalesce({plain}, {marked_outside_quotes(quoted, mark)}), {CUT})"

    def fields(self, line: str, names: Collection[str], *, exact: bool) -> str:  # noqa: ARG002 - the head has the cells
        """The fields from the cells, if there is one per column."""
        texts = {name: _unquoted(f"head[{at + 1}]") for name, at in self.positions}
        struct = ", ".join(f"{literal(name)}: {texts.get(name, 'NULL::VARCHAR')}" for name in names)
        return f"CASE WHEN len(head) = {self.count} AND NOT {self.header_sql('c0')} THEN {{{struct}}} END"

    def header_sql(self, line: str) -> str:
        """SQL: whether a line is the header. `line` may be a format's `{line}`, which a header may hold too."""
        text = literal(self.header).replace("{line}", "{' || 'line}")
        return f"(ltrim({line}, {literal(BOM)}) = {text})"


def cut(line: str, delimiter: str) -> Sequence[str]:
    """The texts of a line's cells; empty if quotes are not balanced."""
    if '"' not in line:
        return line.split(delimiter)
    row, cell = _expressions(delimiter)
    ended = line + delimiter
    if row.fullmatch(ended) is None:
        return ()
    return [text[1:-1].replace('""', '"') if text.startswith('"') else text for text in cell.findall(ended)]


def _cell(delimiter: str, unquoted: str) -> str:
    """An expression for a cell and the delimiter after it, for RE2 and Python `re` alike."""
    return f"({_QUOTED}|{unquoted.replace(',', delimiter)}){delimiter}"


def _row(delimiter: str, unquoted: str) -> str:
    """An expression for all cells of a line, each with a delimiter after it."""
    return f"(?:{_cell(delimiter, unquoted).replace('(', '(?:', 1)})+"


@cache
def _expressions(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(_row(delimiter, _ANY)), re.compile(_cell(delimiter, _ANY))


def _unquoted(cell: str) -> str:
    """SQL: a cell's text; NULL where it is empty."""
    inner = f"""replace(substr({cell}, 2, length({cell}) - 2), '""', '"')"""
    return f"nullif(CASE WHEN starts_with({cell}, '\"') THEN {inner} ELSE {cell} END, '')"


Fields = tuple[tuple[str, str], ...]
Positions = tuple[tuple[str, int], ...]

MOST_COLUMNS = 200
"""A file with more columns is not read."""

_DELIMITERS = (",", ";", "\t")
_SAMPLED = 100
_LONGEST = 1 << 14
# How many names are examined: a log's first line may be all commas.
_MOST_NAMES = 1000
# Names begin with a letter, or a sign that stands for one; a line of a log holds other characters as well.
_NAME = re.compile(r'(?:[^\W\d]|[@$])[^"{}=?<>]*$|$')
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TIME_FIELDS = ("time", "date", "clock")
_ALTERNATIVES = (("request", "target", "path"), _TIME_FIELDS, ("time_taken", "millis", "seconds"))


def bind(sample: Sequence[str]) -> Format | None:
    """The format of a file whose first line is a header row; None if it cannot be one.

    It is detectable only if the names of the columns identify the necessary fields.
    """
    lines = [line for line in sample[: _SAMPLED + 1] if line.strip()]
    header = lines[0].lstrip(BOM) if lines else ""
    if header.startswith("#") or len(header) > _LONGEST or _CONTROL.search(header):
        return None
    delimiter = max(_DELIMITERS, key=lambda delimiter: _likelihood(cut(header, delimiter)))
    names = cut(header, delimiter)
    if len(names) < len(NEEDED):
        return None
    behind = [line for line in lines[1:] if line.lstrip(BOM) != header] if len(names) <= MOST_COLUMNS else []
    rows = [row for row in (cut(line, delimiter) for line in behind) if len(row) == len(names)]
    return _made(header, delimiter, _positions(names, rows))


def bind_table(sample: Sequence[str]) -> Format | None:
    """Like `bind`, if nothing else shows that a file is CSV: most lines must have as many cells as the header."""
    log_format = bind(sample)
    if log_format is None or not isinstance(log_format.shape, Cells):
        return None
    counts = [len(cut(line, log_format.shape.delimiter)) for line in sample[:_SAMPLED] if line.strip()]
    return log_format if 2 * counts.count(log_format.shape.count) > len(counts) else None


def _likelihood(names: Sequence[str]) -> tuple[int, int]:
    """How likely a delimiter is: how many names are known, and how many there are."""
    return len(_positions(names, ())), len(names)


def _positions(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Positions:
    """The column of each field. Of equal names the first counts; empty names are ignored."""
    columns = _numbers(names)
    values = {keys: [row[at] for row in rows if row[at] not in _EMPTY_CELLS] for keys, at in columns.items()}
    return tuple((field, columns[keys]) for field, keys in guess_fields(values).items())


def _numbers(names: Sequence[str]) -> dict[Keys, int]:
    """The column of each name, split at its dots into nested keys."""
    numbers: dict[Keys, int] = {}
    for at, name in enumerate(names[:_MOST_NAMES]):
        if name.strip():
            numbers.setdefault(tuple(name.strip().split(".")), at)
    return numbers


@functools.lru_cache(maxsize=256)
def _made(header: str, delimiter: str, positions: Positions) -> Format:
    """Returns the same object for equal headers: log files of the same format are loaded in one bundle."""
    names = cut(header, delimiter)
    fields = dict(positions)
    shape = Cells(header, delimiter, len(names), positions, NEEDED)
    utc = any(normalised_name(names[fields[name]]).endswith("utc") for name in _TIME_FIELDS if name in fields)
    return Format(
        name="csv",
        title=TITLE,
        shape=shape,
        time=dataclasses.replace(TIME, utc=utc),
        per_millisecond=1,
        derive=derive_of(fields),
        header=shape.header_sql("{line}"),
        detectable=is_request(fields) and all(map(_NAME.match, names)),
    )


@functools.lru_cache(maxsize=256)
def with_fields(log_format: Format, fields: Fields) -> Format:
    """The format with `fields` read from the given columns (in any case) in place of the guessed ones."""
    shape = log_format.shape
    assert isinstance(shape, Cells)  # noqa: S101 - checked by the caller
    columns = {name.lower(): at for at, name in reversed(list(enumerate(shape.columns)))}
    given = {field: columns[name.strip().lower()] for field, name in fields}
    replaced = {field for ways in _ALTERNATIVES if given.keys() & set(ways) for field in ways}
    replaced |= {"query"} if given.keys() & {"request", "target"} else set()
    unchanged = {field: at for field, at in shape.positions if field not in replaced}
    made = _made(shape.header, shape.delimiter, tuple((unchanged | given).items()))
    return dataclasses.replace(made, prefix=log_format.prefix)
