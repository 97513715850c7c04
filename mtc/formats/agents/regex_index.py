"""Finds which of many expressions match a text: thousands of expressions, a few dozen searches.

`literals` derives from an expression the texts of which any match must contain one. It is conservative: lookarounds,
large classes, optional items and syntax that it does not know yield none. An Aho-Corasick automaton then finds in one
pass which expressions of a `Finder` can match; only those are tried, in their order. An expression that is a list of
alternatives is split. Each is compiled when it is first tried. Safe in several threads.

An `Expression` is one of Matomo's, tried on a whole user agent in any case. A match counts at the beginning, or after
anything but a letter, digit, hyphen or underscore. Both texts are lower-cased first: Python's `re` then skips to where
a match can begin, which it does not with IGNORECASE.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

_SHORTEST = 2
_NO_LETTERS = ("",)
_WORTHLESS = (0, 0)
_MOST = 16
_LETTERS = "[A-Za-z0-9 _/;,:-]"
_ONLY_PLAIN = re.compile(rf"{_LETTERS}+")
_BEGINNING = re.compile(rf"\^?({_LETTERS}{{6,}})(?![?*+{{])[^|]*")
"""An expression that begins with a text, and has no alternatives."""

_END = "(?:[);/ ]|$)"
"""How most expressions of devices end; no text is required by it."""

_PLAIN = re.compile(rf"{_LETTERS}+(?![?*+{{])")
_PLAIN_GROUP = re.compile(rf"\((?:\?:)?({_LETTERS}+(?:\|{_LETTERS}+)*)\)(?![?*+{{])")

# Texts that most user agents contain exclude next to nothing.
_ORDINARY = (
    "mozilla/5.0 (linux; u; android 10; k build/) applewebkit/537.36 (khtml, like gecko) version/4.0 chrome/120.0.0.0"
    " mobile safari/537.36 (windows nt 10.0; win64; x64) (macintosh; intel mac os x 10_15_7) (x11; linux x86_64; rv:"
    " (iphone; cpu iphone os 17_1 like mac os x) android 11; android 12; android 13; android 14; android 15; build/"
)
_SMALL_CLASS = re.compile(r"\[[a-zA-Z0-9_ -]{1,8}\]")
_RANGE = re.compile(r"(.)-(.)")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_REPEAT = re.compile(r"(?:[?*+]|\{(\d*)(?:,\d*)?\})[?+]?")
_GROUP = re.compile(r"\?(?::|P?<[A-Za-z_]\w*>|[aimsux]+(?:-[imsx]+)?:)?")
_AROUND = ("?=", "?!", "?<=", "?<!")

Literals = frozenset[str]
"""Texts in lower case; any match contains one of them."""


def literals(pattern: str) -> Literals | None:
    """Texts in lower case of which any match of `pattern`, in lower case, contains one; None if none are known."""
    read = pattern.removesuffix(_END)
    if _ONLY_PLAIN.fullmatch(read):
        return frozenset((read.lower(),)) if len(read) >= _SHORTEST else None
    begins = _BEGINNING.fullmatch(read)
    if begins is not None and begins[1].lower() not in _ORDINARY:
        return frozenset((begins[1].lower(),))
    reader = _PatternReader(read)
    found = reader.alternatives()
    return found if reader.at == len(read) else None


@dataclass(slots=True)
class _Sequence:
    """One alternative as it is read: the literal runs being collected, and the best required texts so far."""

    runs: tuple[str, ...] = _NO_LETTERS
    best: Literals | None = None
    worth: tuple[int, int] | None = None

    def add(self, texts: Sequence[str]) -> None:
        """Extend each run by each of the texts (or letters)."""
        if len(self.runs) * len(texts) > _MOST:
            self.end_run()
        if self.runs is _NO_LETTERS:
            self.runs = tuple(texts)
        else:
            self.runs = tuple([run + text for run in self.runs for text in texts])

    def end_run(self) -> None:
        if self.runs is not _NO_LETTERS:
            self.offer(frozenset(self.runs))
            self.runs = _NO_LETTERS

    def offer(self, texts: Literals | None) -> None:
        if not texts:
            return
        if self.best is None:  # most have one, whose worth does not matter
            self.best = texts if min(map(len, texts)) >= _SHORTEST else None
        elif (worth := _worth(texts)) > (self.worth or _worth(self.best)):
            self.best, self.worth = texts, worth


@functools.lru_cache(maxsize=1024)
def _letters(text: str) -> str:
    """The letters of a small class such as `[0-3]`; empty for any other."""
    if not _SMALL_CLASS.fullmatch(text):
        return ""
    letters = _RANGE.sub(_spelled, text[1:-1]).lower()
    return "".join(dict.fromkeys(letters)) if len(letters) <= _MOST else ""


def _spelled(match: re.Match[str]) -> str:
    """The letters of a range, `a-c` for one."""
    return "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1)))


def _worth(texts: Literals) -> tuple[int, int]:
    """How selective required texts are: long ones and few are best; one common text makes all useless."""
    shortest = min(map(len, texts))
    if shortest < _SHORTEST:
        return _WORTHLESS
    for text in texts:
        if text in _ORDINARY:
            return 1, -len(texts)
    return shortest, -len(texts)


@dataclass(slots=True)
class _PatternReader:
    """Reads a pattern from left to right; `at` is how far it has come."""

    pattern: str
    at: int = field(default=0)

    def alternatives(self) -> Literals | None:
        """Read up to the closing bracket or the end: texts of which any of the alternatives contains one."""
        found: list[Literals | None] = [self._sequence()]
        while self._next() == "|":
            self.at += 1
            found.append(self._sequence())
        if len(found) == 1:
            return found[0]
        return None if None in found else frozenset().union(*filter(None, found))

    def _sequence(self) -> Literals | None:
        sequence = _Sequence()
        pattern, end = self.pattern, len(self.pattern)
        while self.at < end and pattern[self.at] not in "|)":
            self._item(sequence)
        sequence.end_run()
        return sequence.best

    def _item(self, sequence: _Sequence) -> None:
        plain = _PLAIN.match(self.pattern, self.at)
        if plain is not None:
            self.at = plain.end()
            sequence.add((plain[0].lower(),))
            return
        group = _PLAIN_GROUP.match(self.pattern, self.at)
        if group is not None and group[1].count("|") < _MOST:
            self.at = group.end()
            sequence.add(group[1].lower().split("|"))
            return
        letters, inner = self._read()
        least = self._least()
        if letters and least:
            sequence.add(letters)
        if letters and least == 1:
            return
        sequence.end_run()  # the item may be absent, or repeat before what follows
        if inner and least:
            sequence.offer(inner)

    def _read(self) -> tuple[str, Literals | None]:
        """Read one item: the letters that it may be, or the texts that a group requires, or neither."""
        character = self._next()
        if character == "(":
            return "", self._group()
        if character == "[":
            return self._class(), None
        if character == "\\":
            self.at += 2
            escaped = self.pattern[self.at - 1 : self.at]
            return ("" if escaped.isalnum() else escaped), None
        self.at += 1
        return ("" if character in ".^$" else character.lower()), None

    def _class(self) -> str:
        match = _CLASS.match(self.pattern, self.at)
        self.at = match.end() if match else len(self.pattern) + 1
        return "" if match is None else _letters(match[0])

    def _group(self) -> Literals | None:
        self.at += 1
        around = self.pattern.startswith(_AROUND, self.at)
        if around:
            self.at += 3 if self.pattern[self.at + 1] == "<" else 2
        elif self._next() == "?":
            match = _GROUP.match(self.pattern, self.at)
            self.at = match.end() if match and match.end() > self.at + 1 else len(self.pattern) + 1
        found = self.alternatives()
        self.at += 1
        return None if around else found

    def _least(self) -> int:
        """Read a quantifier: 1 if there is none, 0 if the item may be absent, 2 if it may repeat."""
        match = _REPEAT.match(self.pattern, self.at)
        if match is None:
            return 1
        self.at = match.end()
        if match[0][0] == "+":
            return 2
        return 2 if match[0][0] == "{" and int(match[1] or 0) else 0

    def _next(self) -> str:
        return self.pattern[self.at : self.at + 1]


Groups = tuple[str, ...]
"""The texts of a match's groups, in the case of the user agent; empty for a group that did not take part."""

_SMALL = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}
_ESCAPED = re.compile(r"(\\.)", re.DOTALL)
_PLACE = re.compile(r"\\g<([1-9])>")
_MARK = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", re.DOTALL)
_CAPTURING = re.compile(r"(?<!\\)\((?!\?)|\(\?P?<[A-Za-z_]")
_ANYWHERE = (".", "[", "(.", "(?:.", "([", "(?:[")
_BEHIND = r"(?:(?<![a-z0-9_-])|(?<=[^a-z0-9-]_)|(?<=sprd-)|(?<=mz-))(?:%s)"


class _Compiled(Protocol):
    def search(self, text: str, at: int) -> "re.Match[str] | None": ...


def lower_ascii(text: str) -> str:
    """The text with A to Z in lower case; every character keeps its position."""
    return text.lower() if text.isascii() else text.translate(_SMALL)


def fill_template(template: str, groups: Groups) -> str:
    r"""Fill in the groups that a template names (`\g<1>`); a missing group is empty."""
    if "\\" not in template:
        return template.strip()
    return _PLACE.sub(lambda place: "".join(groups[int(place[1]) - 1 : int(place[1])]), template).strip()


def captures(pattern: str) -> bool:
    """Whether a pattern has capturing groups."""
    return "(" in pattern and _CAPTURING.search(pattern) is not None


def alternatives(pattern: str) -> list[str]:
    """Split `a|b|c` into its alternatives; a pattern with unbalanced brackets stays whole."""
    if "|" not in pattern:
        return [pattern]
    depth, begins, found = 0, 0, []
    for mark in _MARK.finditer(pattern):
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if depth < 0:
            return [pattern]
        if mark[0] == "|" and depth == 0:
            found.append(pattern[begins : mark.start()])
            begins = mark.end()
    return [pattern] if depth else [*found, pattern[begins:]]


class Expression:
    """A compiled expression. If it may begin with anything, a look-behind tests the position first, which is faster."""

    def __init__(self, pattern: str) -> None:
        made = _lowered(pattern)
        self._placed = made.startswith(_ANYWHERE)
        self._compiled = _compiled(_BEHIND % made if self._placed else made)

    def find(self, text: str, lowered: str) -> Groups | None:
        """The groups of the first match; None without one. `lowered` is `lower_ascii(text)`."""
        search, at, end = self._compiled.search, 0, len(lowered)
        while at <= end:
            match = search(lowered, at)
            if match is None:
                return None
            start = match.start()
            if self._placed or start == 0 or _at_word_start(lowered, start):
                return tuple(text[first:last] if first >= 0 else "" for first, last in match.regs[1:])
            at = start + 1
        return None


def _at_word_start(text: str, start: int) -> bool:
    before = text[start - 1]
    if before == "_":
        return start > 1 and not (text[start - 2].isascii() and (text[start - 2].isalnum() or text[start - 2] == "-"))
    if before == "-":
        return text.endswith(("sprd-", "mz-"), 0, start)
    return not (before.isascii() and before.isalnum())


def _lowered(pattern: str) -> str:
    pieces = _ESCAPED.split(pattern.replace("A-z", r"\[-z"))
    return "".join(piece if piece.startswith("\\") else piece.translate(_SMALL) for piece in pieces)


def _compiled(pattern: str) -> _Compiled:
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:  # a look-behind of variable length
        import regex  # noqa: PLC0415 - loaded with the first of the few that need it

        made: _Compiled = regex.compile(pattern, regex.ASCII)
        return made


class Finder:
    """Finds which of `patterns` match, in order. Without `groups`, the texts of a match's groups are not needed."""

    def __init__(self, patterns: Sequence[str], *, groups: bool = True) -> None:
        parts = [
            (number, part)
            for number, pattern in enumerate(patterns)
            for part in ([pattern] if groups and captures(pattern) else alternatives(pattern))
        ]
        words: dict[str, list[int]] = {}
        always = []
        for at, (_, part) in enumerate(parts):
            needed = literals(part)
            for word in needed or ():
                words.setdefault(word, []).append(at)
            if not needed:
                always.append(at)
        self._parts = parts
        self._expressions: list[Expression | None] = [None] * len(parts)
        self._always = tuple(always)
        self._of_word = tuple(words.values())
        self._automaton = _automaton(tuple(words))

    def first(self, text: str) -> tuple[int, Groups] | None:
        """The index of the first expression that matches, and its groups; None if none does."""
        return next(self.all(text), None)

    def all(self, text: str) -> Iterator[tuple[int, Groups]]:
        """The index and groups of every expression that matches, in order."""
        lowered, last = lower_ascii(text), -1
        for at in self._candidates(lowered):
            number = self._parts[at][0]
            groups = None if number == last else self._expression(at).find(text, lowered)
            if groups is not None:
                last = number
                yield number, groups

    def _candidates(self, lowered: str) -> list[int]:
        found = set(self._always)
        if self._automaton is not None:
            for word, _, _ in self._automaton.find_matches_as_indexes(lowered, overlapping=True):
                found.update(self._of_word[word])
        return sorted(found)

    def _expression(self, at: int) -> Expression:
        made = self._expressions[at]
        if made is None:
            made = self._expressions[at] = Expression(self._parts[at][1])
        return made


def _automaton(words: tuple[str, ...]) -> Any:  # noqa: ANN401 - the package has no types
    from ahocorasick_rs import AhoCorasick  # noqa: PLC0415 - loaded when the first user agent comes

    return AhoCorasick(words) if words else None
