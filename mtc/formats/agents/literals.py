"""What a text must contain for a regular expression to match it: a quick look that spares most searches.

Cautious: where the reading is unsure, nothing is promised. Lookarounds, large classes and what may be absent promise
nothing; a small class (`[45]`) makes a text for each of its letters.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_SHORTEST = 2
_NO_LETTERS = ("",)
_MOST = 16
_LETTERS = "[A-Za-z0-9 _/;,:-]"
_PLAIN = re.compile(rf"{_LETTERS}+(?![?*+{{])")
_PLAIN_GROUP = re.compile(rf"\((?:\?:)?({_LETTERS}+(?:\|{_LETTERS}+)*)\)(?![?*+{{])")

# What stands in most user agents tells next to nothing.
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
"""Texts in small letters, one of which stands in whatever matches."""


def literals(pattern: str) -> Literals | None:
    """Texts one of which, whatever the case, stands in any match of `pattern`; None if there may be none of them."""
    reader = _Reader(pattern)
    found = reader.alternatives()
    return found if reader.at == len(pattern) else None


@dataclass(slots=True)
class _Sequence:
    """One alternative as it is read: the run of letters that is being collected, and the best promise so far."""

    runs: tuple[str, ...] = _NO_LETTERS
    best: Literals | None = None

    def add(self, texts: Sequence[str]) -> None:
        """Go on with one of the texts, or one of the letters."""
        if len(self.runs) * len(texts) > _MOST:
            self.end_run()
        self.runs = tuple(run + text for run in self.runs for text in texts)

    def end_run(self) -> None:
        if self.runs != _NO_LETTERS:
            self.offer(frozenset(self.runs))
            self.runs = _NO_LETTERS

    def offer(self, texts: Literals | None) -> None:
        if texts and _worth(texts) > _worth(self.best):
            self.best = texts


def _spelled(match: re.Match[str]) -> str:
    """The letters of a range."""
    return "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1)))


def _worth(texts: Literals | None) -> tuple[int, int]:
    """Long texts tell more than short ones, few more than many; one that is ordinary spoils all."""
    shortest = min(map(len, texts)) if texts else 0
    if not texts or shortest < _SHORTEST:
        return 0, 0
    return (1 if any(text in _ORDINARY for text in texts) else shortest), -len(texts)


@dataclass(slots=True)
class _Reader:
    """Reads a pattern from left to right; `at` is how far it has come."""

    pattern: str
    at: int = field(default=0)

    def alternatives(self) -> Literals | None:
        """Up to the closing bracket or the end: what one of the alternatives must contain."""
        found: list[Literals | None] = [self._sequence()]
        while self._next() == "|":
            self.at += 1
            found.append(self._sequence())
        if any(texts is None for texts in found):
            return None
        return frozenset(text for texts in found if texts for text in texts)

    def _sequence(self) -> Literals | None:
        sequence = _Sequence()
        while self._next() not in {"", "|", ")"}:
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
        sequence.end_run()  # absent, or what follows may stand further on
        if inner and least:
            sequence.offer(inner)

    def _read(self) -> tuple[str, Literals | None]:
        """One item: letters one of which stands there, or what a group must contain, or neither."""
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
        if match is None or not _SMALL_CLASS.fullmatch(match[0]):
            return ""
        letters = _RANGE.sub(_spelled, match[0][1:-1]).lower()
        return "".join(dict.fromkeys(letters)) if len(letters) <= _MOST else ""

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
        """How often the item before is there: 1 without a sign of repetition, 0 if it may be absent, 2 for more."""
        match = _REPEAT.match(self.pattern, self.at)
        if match is None:
            return 1
        self.at = match.end()
        if match[0][0] == "+":
            return 2
        return 2 if match[0][0] == "{" and int(match[1] or 0) else 0

    def _next(self) -> str:
        return self.pattern[self.at : self.at + 1]
