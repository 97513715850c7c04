"""CSV with a header row, such as databases and log viewers export: the names of the columns say which field is which.

Source: RFC 4180. A quoted cell may hold the delimiter, and quotes, which are doubled; in any other cell quotes are
plain characters. The delimiter is a comma, a semicolon or a tab, whichever cuts the header row best. One line is one
record: a line feed within quotes, which the RFC allows, makes lines that cannot be read, as does a line with more or
fewer cells than the header. The header may come again, as in files that were put together; one with other columns does
not change how the lines after it are read.

Detection takes CSV only if the names of the columns say where address, time and request are, and the lines hold such
values. A file without a header is never guessed. If the manifest names the format, or maps columns with `fields`, it is
read whatever the columns are called.
"""

import dataclasses
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from mtc.core.sql import literal
from mtc.formats.field_names import NEEDED, TIME, Keys, derive_of, guess_fields, is_request, normalised_name
from mtc.formats.model import Format, WholeLines
from mtc.formats.sql import cut_outside_quotes

BOM = "\ufeff"

TITLE = "CSV with a header row: fields are recognised by the names of the columns"

_EMPTY_CELLS = ("", "-")
_QUOTED = r'"(?:[^"]|"")*"'
# A cell that is not in quotes: without any, and with such as are characters like others.
_PLAIN, _ANY = '[^",]*', '[^",][^,]*|'


@dataclass(frozen=True)
class Cells(WholeLines):
    """A shape of cells. `places` gives each name the number of its column, from 0, of `count` columns.

    `header` is the header row as the file has it, without a byte order mark; a line that is the same is the header
    again, as in files that were put together. A line of a sample is a request when it has a text for a name in each
    group of `needed`.
    """

    header: str
    delimiter: str
    count: int
    places: tuple[tuple[str, int], ...]
    needed: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that have columns. An address is always asked for."""
        return tuple(dict.fromkeys((*dict(self.places), "ip")))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """What the columns are called."""
        return tuple(name.strip() for name in cut(self.header, self.delimiter))

    def is_header(self, line: str) -> bool:
        """Whether a line is the header."""
        return line.lstrip(BOM) == self.header

    def fits(self, line: str) -> int:
        """How many fields have a value, where the line is a request; a header belongs to the format as well."""
        if self.is_header(line):
            return max(1, len(self.places))
        cells = cut(line, self.delimiter)
        if len(cells) != self.count:
            return 0
        given = [name for name, at in self.places if cells[at] not in _EMPTY_CELLS]
        return len(given) if all(any(name in given for name in group) for group in self.needed) else 0

    def texts(self, line: str) -> dict[str, str]:
        """The text of each name in a line of a sample that fits."""
        cells = cut(line, self.delimiter)
        return {name: cells[at] for name, at in self.places}

    def head(self, *, exact: bool) -> str:  # noqa: ARG002 - lines are read whole all the same
        """The cells of a line as they stand, in their quotes; none where quotes do not end as they should.

        Where quotes are around cells alone, cutting between them is quicker than to look for the cells.
        """
        mark, ended = self.delimiter, f"concat(c0, {literal(self.delimiter)})"
        return f"""CASE
            WHEN NOT contains(c0, '"') THEN string_split(c0, {literal(mark)})
            WHEN regexp_full_match({ended}, {literal(_row(mark, _PLAIN))}) THEN {cut_outside_quotes("c0", mark)}
            WHEN regexp_full_match({ended}, {literal(_row(mark, _ANY))})
            THEN regexp_extract_all({ended}, {literal(_cell(mark, _ANY))}, 1)
            ELSE []
        END"""

    def fields(self, line: str, *, exact: bool) -> str:  # noqa: ARG002 - the head has the cells
        """From the cells, if there is one for each column."""
        texts = {name: _unquoted(f"head[{at + 1}]") for name, at in self.places}
        struct = ", ".join(f"{literal(name)}: {texts.get(name, 'NULL::VARCHAR')}" for name in self.names)
        return f"CASE WHEN len(head) = {self.count} AND NOT {self.header_sql('c0')} THEN {{{struct}}} END"

    def header_sql(self, line: str) -> str:
        """SQL: whether a line is the header. `line` may be a format's `{line}`, which a header may hold too."""
        text = literal(self.header).replace("{line}", "{' || 'line}")
        return f"(ltrim({line}, {literal(BOM)}) = {text})"


def cut(line: str, delimiter: str) -> Sequence[str]:
    """The texts of a line's cells; none where quotes do not end as they should."""
    if '"' not in line:
        return line.split(delimiter)
    row, cell = _expressions(delimiter)
    ended = line + delimiter
    if row.fullmatch(ended) is None:
        return ()
    return [text[1:-1].replace('""', '"') if text.startswith('"') else text for text in cell.findall(ended)]


def _cell(delimiter: str, unquoted: str) -> str:
    """An expression of one cell with the delimiter behind it, RE2 and Python `re` alike."""
    return f"({_QUOTED}|{unquoted.replace(',', delimiter)}){delimiter}"


def _row(delimiter: str, unquoted: str) -> str:
    """The same of all cells of a line."""
    return f"(?:{_cell(delimiter, unquoted).replace('(', '(?:', 1)})+"


@cache
def _expressions(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(_row(delimiter, _ANY)), re.compile(_cell(delimiter, _ANY))


def _unquoted(cell: str) -> str:
    """SQL: a cell's text; NULL where it is empty."""
    inner = f"""replace(substr({cell}, 2, length({cell}) - 2), '""', '"')"""
    return f"nullif(CASE WHEN starts_with({cell}, '\"') THEN {inner} ELSE {cell} END, '')"


Fields = tuple[tuple[str, str], ...]
Places = tuple[tuple[str, int], ...]

MOST_COLUMNS = 200
"""A file with more is not read."""

_DELIMITERS = (",", ";", "\t")
_SAMPLED = 100
_LONGEST = 1 << 14
# A log's first line may be all commas: so many names are looked at.
_LOOKED_AT = 1000
# Names begin with a letter, or a sign that stands for one; a line of a log holds other characters as well.
_NAME = re.compile(r'(?:[^\W\d]|[@$])[^"{}=?<>]*$|$')
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TIME_FIELDS = ("time", "date", "clock")
_ALTERNATIVES = (("request", "target", "path"), _TIME_FIELDS, ("time_taken", "millis", "seconds"))


def bind(sample: Sequence[str]) -> Format | None:
    """The format of a file whose first line is a header row; None where it cannot be one.

    It is detectable only where the columns say enough.
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
    return _made(header, delimiter, _places(names, rows))


def bind_table(sample: Sequence[str]) -> Format | None:
    """The same where nothing else shows that a file is CSV: most lines must have as many cells as the header."""
    log_format = bind(sample)
    if log_format is None or not isinstance(log_format.shape, Cells):
        return None
    counts = [len(cut(line, log_format.shape.delimiter)) for line in sample[:_SAMPLED] if line.strip()]
    return log_format if 2 * counts.count(log_format.shape.count) > len(counts) else None


def _likelihood(names: Sequence[str]) -> tuple[int, int]:
    """How well a header row is cut: how many names mean something, and how many there are."""
    return len(_places(names, ())), len(names)


def _places(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Places:
    """The column of each field. A name that comes again is that of the first, and an empty one none."""
    columns = _numbers(names)
    values = {keys: [row[at] for row in rows if row[at] not in _EMPTY_CELLS] for keys, at in columns.items()}
    return tuple((field, columns[keys]) for field, keys in guess_fields(values).items())


def _numbers(names: Sequence[str]) -> dict[Keys, int]:
    """The column of each name, in which dots stand between a key and those around it."""
    numbers: dict[Keys, int] = {}
    for at, name in enumerate(names[:_LOOKED_AT]):
        if name.strip():
            numbers.setdefault(tuple(name.strip().split(".")), at)
    return numbers


@functools.lru_cache(maxsize=256)
def _made(header: str, delimiter: str, places: Places) -> Format:
    """One object for one header: objects of the same format are bundled."""
    names = cut(header, delimiter)
    fields = dict(places)
    shape = Cells(header, delimiter, len(names), places, NEEDED)
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
    """The format with fields read from columns that it has, whatever their case, in place of what was told of them."""
    shape = log_format.shape
    assert isinstance(shape, Cells)  # noqa: S101 - asked for by the caller
    columns = {name.lower(): at for at, name in reversed(list(enumerate(shape.columns)))}
    given = {field: columns[name.strip().lower()] for field, name in fields}
    replaced = {field for ways in _ALTERNATIVES if given.keys() & set(ways) for field in ways}
    replaced |= {"query"} if given.keys() & {"request", "target"} else set()
    unchanged = {field: at for field, at in shape.places if field not in replaced}
    made = _made(shape.header, shape.delimiter, tuple((unchanged | given).items()))
    return dataclasses.replace(made, prefix=log_format.prefix)
