r"""Lines of names and values: LTSV (`name:value`, between tabs) and logfmt (`name=value`, between blanks).

The order of the names is free. A file's lines mostly have the names in one order all the same, so a format that is
made for a file knows the order of its first lines, and looks a value up at its place; a line in another order is taken
apart by all of its names. In logfmt a value in quotes has the escapes of JSON.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from mtc.formats.texts import cut_outside_quotes
from mtc.warehouse.quoting import literal

Labels = tuple[tuple[str, tuple[str, ...]], ...]

# A word is looked for where one can begin only: a line without a sign would else be read once for each character.
_WORD = re.compile(r'(?<![^\s="])[^\s="]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)')
_WORDS = literal(r'[^\s="]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)')
_NOTHING = (None, "", "-")
# A time that stands in front of the pairs, as one word.
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d|\[?\d\d/[A-Z][a-z]{2}/\d{4}:|\d{10,19}(?:\.\d+)? ", re.ASCII)

LEAD = "lead"
"""The name of the line's first word."""


@dataclass(frozen=True)
class Pairs:
    """A shape of pairs. `labels` gives each name its labels in the line, the preferred first.

    A line is a request when it has a text for one of the names in each group of `needed` (in SQL: `whole`). `order` is
    that of a file's labels. The struct's `lead` is the line's first word, which may be a time that a shipper of logs
    puts in front: where it is needed, a line of a sample must begin with one.
    """

    syntax: Literal["ltsv", "logfmt"]
    labels: Labels
    needed: tuple[tuple[str, ...], ...]
    order: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that have labels."""
        return tuple(name for name, _ in self.labels)

    @property
    def separator(self) -> str:
        """Lines are read whole."""
        return ""

    @property
    def pieces(self) -> int:
        """One: the line."""
        return 1

    @property
    def _sign(self) -> str:
        return ":" if self.syntax == "ltsv" else "="

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """Where each label is in a line of the file's order, from 1; of a label that comes twice the first counts."""
        return {label: at for at, label in reversed(list(enumerate(self.order, start=1)))}

    def fits(self, line: str) -> int:
        """How many fields have a value, where the line is a request."""
        if line.count(self._sign) < len(self.needed) or (self.syntax == "ltsv" and "\t" not in line):
            return 0  # most lines of other formats, at a glance
        found = self.read(line)
        given = [name for name, labels in self.labels if any(found.get(label) not in _NOTHING for label in labels)]
        given += [LEAD] if _STAMP.match(line) else []
        return len(given) if all(any(name in given for name in group) for group in self.needed) else 0

    def read(self, line: str) -> dict[str, str]:
        """The pairs of a line; of a label that comes twice the first counts."""
        return {label: _unquoted(value) for label, value in reversed(self.pairs(line))}

    def pairs(self, line: str) -> list[tuple[str, str]]:
        """The pairs as they stand; a word without a sign is none."""
        words = line.split("\t") if self.syntax == "ltsv" else _WORD.findall(line)
        cut = (word.partition(self._sign) for word in words)
        return [(label, value) for label, sign, value in cut if sign]

    def head(self, *, exact: bool) -> str:  # noqa: ARG002 - lines are read whole all the same
        """The words of the line."""
        if self.syntax == "ltsv":
            return "string_split(c0, '\t')"
        quick = cut_outside_quotes("c0", " ")
        return f"CASE WHEN contains(c0, '\\') THEN regexp_extract_all(c0, {_WORDS}) ELSE {quick} END"

    def fields(self, line: str, *, exact: bool) -> str:  # noqa: ARG002 - the head has the words
        """The text of the first label that is there for each name, by its place in the order or by its label."""
        searched = f"list_transform([{self._taken_apart()}], lambda line: {self._struct(self._found)})[1]"
        if not self.order:
            return searched
        return f"CASE WHEN {self._sure()} THEN {self._struct(self._placed)} ELSE {searched} END"

    def _sure(self) -> str:
        """SQL: whether the labels of a line are those of the file, in its order."""
        there = [f"starts_with(head[{at}], {literal(label + self._sign)})" for at, label in enumerate(self.order, 1)]
        return " AND ".join([f"len(head) = {len(self.order)}", *there])

    def _struct(self, value: Callable[[Sequence[str]], str]) -> str:
        named = ", ".join(f"{literal(name)}: {value(labels)}" for name, labels in self.labels)
        return f"{{{named}, 'lead': head[1]}}"

    def _placed(self, labels: Sequence[str]) -> str:
        """SQL: the value of the first of these labels in a line of the file's order."""
        label = next((label for label in labels if label in self._places), None)
        return "NULL::VARCHAR" if label is None else self._value(f"head[{self._places[label]}]", str(len(label) + 2))

    def _found(self, labels: Sequence[str]) -> str:
        """SQL: the value of the first of these labels in a line that was taken apart."""
        places = ", ".join(f"list_position(line.labels, {literal(label)})" for label in labels)
        return f"line.texts[coalesce({places})]"

    def _taken_apart(self) -> str:
        """SQL: the labels and the values of all words."""
        sign = f"instr(word, {literal(self._sign)})"
        labels = f"list_transform(head, lambda word: left(word, {sign} - 1))"
        texts = f"list_transform(head, lambda word: {self._value('word', f'{sign} + 1')})"
        return f"{{'labels': {labels}, 'texts': {texts}}}"

    def _value(self, word: str, start: str) -> str:
        """SQL: the text of a word from there on, without its quotes."""
        text = f"substr({word}, {start})"
        if self.syntax == "ltsv":
            return text
        escaped = f"CASE WHEN json_valid({text}) THEN json_extract_string({text}, '$') ELSE {text} END"
        plain = f"CASE WHEN contains({word}, '\\') THEN {escaped} ELSE replace({text}, '\"', '') END"
        return f"CASE WHEN contains({word}, '\"') THEN {plain} ELSE {text} END"


def whole(*needed: Sequence[str]) -> str:
    """SQL over `z`: whether there is a text for one of the names in each group."""
    return " AND ".join(f"coalesce({', '.join(f'z.{name}' for name in group)}, '') <> ''" for group in needed)


def order_of(shape: Pairs, sample: Sequence[str]) -> tuple[str, ...]:
    """The order of labels in the first line that is a request; empty when none is."""
    first = next((line for line in sample if shape.fits(line)), None)
    return () if first is None else tuple(label for label, _ in shape.pairs(first))


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return text.strip('"')
