"""The shape `Columns`: lines of separated fields in a known order.

On the fast path the reader splits lines at the separator. A line without exactly the right number of pieces, or with a
quoted one, is split into words: at any white space, or in quotes, where a quote is doubled. The fast path never reads a
line differently from the exact path.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from mtc.core.sql import literal

BLANK, TAB, QUOTES, MIXED = " ", "\t", '" "', ""

_WORD = r'(?:"(?:[^"]|"")*"|\S+)'
_WORDS = re.compile(_WORD, re.ASCII)
_TAB_QUOTE = '\t"'
_NOTHING = ("", "-", '""', '"-"')
_SLACK = 8
_FEWEST_PIECES = 24


@dataclass(frozen=True)
class Columns:
    """A shape of columns: the field of each one, or an empty text for one that is ignored.

    `separator` is what usually separates them: a blank, a tab, quotes and a blank where every field is quoted, or empty
    where some fields are quoted, so that lines are read whole. In the fields `plus` a plus sign means a blank, unless
    they are quoted. Without columns it reads no line.
    """

    columns: tuple[str, ...]
    separator: str = BLANK
    plus: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields that have a column, and always `ip`."""
        return tuple(dict.fromkeys((*filter(None, self.columns), "ip")))

    @property
    def pieces(self) -> int:
        """Some more than columns, so that comments and a few extra blanks do not stop the reader."""
        return max(_FEWEST_PIECES, len(self.columns) + _SLACK)

    def fits(self, line: str) -> int:
        """How many fields have a value, plus one; 0 for a line without exactly one word per column."""
        words = [] if line.startswith("#") else self._cut(line)
        if not self.columns or len(words) != len(self.columns):
            return 0
        return 1 + sum(name != "" and word not in _NOTHING for name, word in zip(self.columns, words, strict=True))

    def texts(self, line: str) -> dict[str, str]:
        """The text of each field of a sample's line that fits; of two columns of one field the first counts."""
        words = [word[1:-1] if word[:1] == word[-1:] == '"' and len(word) > 1 else word for word in self._cut(line)]
        return dict(reversed(list(zip(self.columns, words, strict=False))))

    def _cut(self, line: str) -> list[str]:
        plain = self.separator in {BLANK, TAB} and f'{self.separator}"' not in line
        pieces = line.removesuffix(self.separator).split(self.separator) if plain else []
        return pieces if len(pieces) == len(self.columns) else _WORDS.findall(line)

    def head(self, names: Collection[str], *, exact: bool) -> str:  # noqa: ARG002 - the words are all fields
        """The words of a line, empty if their number is wrong; NULL where the pieces are sure."""
        line = _line(self.separator, 1 if exact else self.pieces)
        words = f"CASE WHEN {self._has_words(line)} THEN regexp_extract_all({line}, {literal(_WORD)}) ELSE [] END"
        pieces = f"string_split(c0, {literal(self.separator or BLANK)})[1:{len(self.columns)}]" if exact else "NULL"
        sure = self._sure_whole() if exact else self._sure()
        return f"CASE WHEN {sure} THEN {pieces} WHEN starts_with(c0, '#') THEN [] ELSE {words} END"

    def fields(self, line: str, names: Collection[str], *, exact: bool) -> str:  # noqa: ARG002 - the head has the line's words
        """The fields from the pieces where these are sure, else from the words, if there is one per column."""
        if not self.columns:
            return self._struct([], names)
        words = self._struct([self._unquoted(f"head[{n + 1}]", name) for n, name in enumerate(self.columns)], names)
        pieces = self._struct([self._piece(number) for number in range(len(self.columns))], names)
        fast = "" if exact else f"WHEN head IS NULL THEN {pieces}"
        return f"CASE {fast} WHEN len(head) = {len(self.columns)} THEN {words} END"

    def _struct(self, values: Sequence[str], names: Collection[str]) -> str:
        """A struct of these names, from a value for each column; of two columns with one name the first counts."""
        known = dict(zip(reversed(self.columns), reversed(values), strict=True)) if values else {}
        texts = [f"{literal(name)}: {known.get(name, 'NULL::VARCHAR')}" for name in names]
        return f"{{{', '.join(texts)}}}"

    def _piece(self, number: int) -> str:
        piece = f"c{number}"
        if self.separator != QUOTES:
            return f"replace({piece}, '+', ' ')" if self.columns[number] in self.plus else piece
        piece = f"ltrim({piece}, '\"')" if number == 0 else piece
        return f"rtrim({piece}, '\"')" if number == len(self.columns) - 1 else piece

    def _unquoted(self, word: str, name: str) -> str:
        bare = f"replace({word}, '+', ' ')" if name in self.plus else word
        inner = f"replace(substr({word}, 2, length({word}) - 2), '\"\"', '\"')"
        quoted = f"starts_with({word}, '\"') AND ends_with({word}, '\"') AND length({word}) > 1"
        return f"CASE WHEN {quoted} THEN {inner} ELSE {bare} END"

    def _has_words(self, line: str) -> str:
        """SQL: whether there are as many words as columns. Splitting a long line of many words takes much memory."""
        if not self.columns:
            return "false"
        pattern = rf"\s*(?:{_WORD}\s+){{{len(self.columns) - 1}}}{_WORD}\s*"
        return f"regexp_full_match({line}, {literal(pattern)})"

    def _sure(self) -> str:
        """SQL: whether the pieces are the fields. `_sure_whole` must give the same answer."""
        last = len(self.columns)
        if not last:
            return "false"
        if self.separator == QUOTES:
            return f"c{last} IS NULL AND {' AND '.join(map(self._sole_quote, range(last)))}"
        ended = f"(c{last} IS NULL OR (c{last} = '' AND c{last + 1} IS NULL))"
        each = "c{0} >= '#'" if self.separator == BLANK else "NOT starts_with(c{0}, '\"')"
        return " AND ".join(("c0 >= '$'", ended, *(each.format(number) for number in range(1, last))))

    def _sole_quote(self, number: int) -> str:
        """SQL: whether a piece has no quotes but the line's first and last."""
        if number == 0:
            return "starts_with(c0, '\"') AND NOT contains(substr(c0, 2), '\"')"
        if number == len(self.columns) - 1:
            return f"c{number} <> '' AND instr(c{number}, '\"') = length(c{number})"
        return f"NOT contains(c{number}, '\"')"

    def _sure_whole(self) -> str:
        """The same for a whole line. Quoted fields are words in any case."""
        last = len(self.columns)
        if not last or self.separator == QUOTES:
            return "false"
        separator = literal(self.separator or BLANK)
        count = f"length(c0) - length(replace(c0, {separator}, ''))"
        ends = f"ends_with(c0, {separator})"
        if self.separator in {BLANK, MIXED}:
            cut = f"{count} = {last} - if({ends}, 0, 1)"
            return f"c0 >= '$' AND {cut} AND NOT regexp_matches(c0, ' [\\x00-\\x22]')"
        cut = f"({count} = {last - 1} OR ({count} = {last} AND {ends}))"
        return f"c0 >= '$' AND {cut} AND NOT contains(c0, {literal(_TAB_QUOTE)})"


def _line(separator: str, pieces: int) -> str:
    return f"concat_ws({literal(separator)}, {', '.join(f'c{number}' for number in range(pieces))})"
