"""Lines of cells, whose columns a header row names: comma-separated values, and those with semicolons or tabs.

Source: RFC 4180. A cell in quotes may hold the delimiter, and quotes, which are doubled; in a cell that does not begin
with a quote, quotes are characters like others. One line is one record: a line feed within quotes, which the RFC
allows, cuts a record into lines that do not match. So does any line with more or fewer cells than the header.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from mtc.formats.texts import cut_outside_quotes
from mtc.warehouse.quoting import literal

BOM = "\ufeff"

_NOTHING = ("", "-")
_QUOTED = r'"(?:[^"]|"")*"'
# A cell that is not in quotes: without any, and with such as are characters like others.
_PLAIN, _ANY = '[^",]*', '[^",][^,]*|'


@dataclass(frozen=True)
class Cells:
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

    @property
    def separator(self) -> str:
        """Lines are read whole."""
        return ""

    @property
    def pieces(self) -> int:
        """One: the line."""
        return 1

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
        given = [name for name, at in self.places if cells[at] not in _NOTHING]
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
