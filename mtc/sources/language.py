"""All keys that a URL template stands for, as an automaton: whether two templates have a key in common. No I/O.

What a source's template matches is built of the same pieces as its regex in `pattern.py`. Dates are taken apart into
digits, each for itself: two of one key that disagree count as a key, which is on the safe side.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mtc.sources import days
from mtc.sources.pattern import DEEP, class_regex
from mtc.sources.template import Atom, Dated, Field, Text, Wild

Chars = frozenset[str]
Pieces = Sequence[tuple[Atom, ...]]

_DIGITS = "0123456789"
_FRESH = "ðÐ"  # letters that no template has: for all that it does not name
_DAY = dt.date(2001, 2, 3)  # as its month and its day may change places
_WIDTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3, "H": 2, "M": 2, "S": 2}


@dataclass(frozen=True, slots=True)
class Place:
    """Where keys lie and what they look like: the folder or bucket, with a slash at its end, and the pieces below it.

    A `walked` place is a folder that is looked through: what begins with a dot is not seen there.
    """

    root: str
    pieces: tuple[tuple[Atom, ...], ...]
    walked: bool = False


def meet(source: Place, other: Place, *, key: Pieces = ()) -> bool:
    """Whether an object of the other place would be one of the source. `{key}` and `{name}` are taken from `key`."""
    alphabet = _alphabet((source.root, other.root), (*source.pieces, *other.pieces, *key))
    one = _Automaton(alphabet)
    one.text(source.root)
    root = one.at
    one.add(source.pieces, day=None)
    two = _Automaton(alphabet, key)
    two.text(other.root)
    two.add(other.pieces, day=_DAY)
    return _meet(one, two, root if source.walked else None)


@dataclass(slots=True)
class _Automaton:
    """`edges` of each state are the characters that lead on (None: it takes none) and where to; `at` is the last."""

    alphabet: Chars
    key: Pieces = ()
    edges: list[list[tuple[Chars | None, int]]] = field(default_factory=lambda: [[]])
    at: int = 0

    def text(self, text: str) -> None:
        """These characters."""
        for char in text:
            self.one(frozenset(char))

    def one(self, chars: Iterable[str]) -> None:
        """One of these characters."""
        self._lead(self.at, frozenset(chars), self._state())
        self.at = len(self.edges) - 1

    def many(self, chars: Chars) -> None:
        """Any number of these characters."""
        loop = self._state()
        self._lead(self.at, None, loop)
        self._lead(loop, chars, loop)
        self.at = loop

    def either(self, texts: Iterable[str]) -> None:
        """One of some texts."""
        begin, end = self.at, self._state()
        for text in texts:
            self.at = begin
            self.text(text)
            self._lead(self.at, None, end)
        self.at = end

    def add(self, pieces: Pieces, day: dt.date | None) -> None:
        """Pieces with slashes between them; of `day`, or of any."""
        for index, piece in enumerate(pieces):
            last = index == len(pieces) - 1
            if piece == DEEP:
                self._folders()
            if piece in {DEEP, (Wild("*"),)}:
                if piece != DEEP or last:
                    self.one(self._name)
                    self.many(self._name)
            else:
                for atom in piece:
                    self._atom(atom, day)
            if not last and piece != DEEP:
                self.text("/")

    @property
    def _name(self) -> Chars:
        return self.alphabet - {"/"}

    def _folders(self) -> None:
        """Any number of names, each with a slash behind it."""
        begin, inside = self._state(), self._state()
        self._lead(self.at, None, begin)
        self._lead(begin, self._name, inside)
        self._lead(inside, self._name, inside)
        self._lead(inside, frozenset("/"), begin)
        self.at = begin

    def _atom(self, atom: Atom, day: dt.date | None) -> None:
        match atom:
            case Text(text):
                self.text(text)
            case Dated(code) if day is not None and code not in days.TIME_CODES:
                self.text(days.write(code, day))
            case Dated("b" | "B" as code):
                self.either(days.write(code, dt.date(2001, month, 1)) for month in range(1, 13))
            case Dated(code):
                for _ in range(_WIDTHS[code]):
                    self.one(_DIGITS)
            case Wild("*"):
                self.many(self._name)
            case Wild("?"):
                self.one(self._name)
            case Wild(glob):
                self.one(char for char in self.alphabet if re.fullmatch(class_regex(glob), char, re.DOTALL))
            case Field(name):
                self.add(self.key if name == "key" else self.key[-1:], day)

    def _state(self) -> int:
        self.edges.append([])
        return len(self.edges) - 1

    def _lead(self, state: int, chars: Chars | None, to: int) -> None:
        self.edges[state].append((chars, to))


def _meet(one: _Automaton, two: _Automaton, root: int | None) -> bool:
    """Whether both can be gone through by one text. Behind the state `root` of the first no name begins with a dot."""
    seen = {(0, 0, False)}
    todo = list(seen)
    while todo:
        first, second, fresh = state = todo.pop()
        if (first, second) == (one.at, two.at):
            return True
        hidden = root is not None and (first == root or (first > root and fresh))
        for more in _next(one, two, state, no_dot=hidden):
            if more not in seen:
                seen.add(more)
                todo.append(more)
    return False


def _next(
    one: _Automaton, two: _Automaton, at: tuple[int, int, bool], *, no_dot: bool
) -> Iterable[tuple[int, int, bool]]:
    """The states after `at`. The last value of each says that a name begins there."""
    first, second, fresh = at
    yield from ((to, second, fresh) for chars, to in one.edges[first] if chars is None)
    yield from ((first, to, fresh) for chars, to in two.edges[second] if chars is None)
    for mine, to in one.edges[first]:
        for other, onwards in two.edges[second]:
            if mine is None or other is None:
                continue
            both = mine & other - ({"."} if no_dot else frozenset())
            if both - {"/"}:
                yield to, onwards, False
            if "/" in both:
                yield to, onwards, True


def _alphabet(roots: Iterable[str], pieces: Pieces) -> Chars:
    """Every character that is named, those beside it (for the ends of classes), and two that are not."""
    named = {char for root in roots for char in root}
    for piece in pieces:
        for atom in piece:
            if isinstance(atom, Text):
                named.update(atom.text)
            elif isinstance(atom, Wild):
                named.update(chr(ord(char) + step) for char in atom.glob for step in (-1, 0, 1))
            elif isinstance(atom, Dated) and atom.code in "bB":
                named.update(days.write(atom.code, dt.date(2001, month, 1)) for month in range(1, 13))
    letters = {char for text in named for char in text}
    return frozenset((*letters, *_DIGITS, *_FRESH, "/", "."))
