"""One of Matomo's expressions, tried on a whole user agent, whatever the case.

It counts at the beginning, or behind what is no letter, digit, hyphen or underscore. Both are brought into small
letters first: Python's `re` then skips to where a match can begin, which it does not where it ignores the case.
"""

import re
from typing import Protocol

Groups = tuple[str, ...]
"""What the groups of a match hold, as the user agent has it; empty where a group took no part."""

_SMALL = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}
_ESCAPED = re.compile(r"(\\.)", re.DOTALL)
_PLACE = re.compile(r"\\g<([1-9])>")
_MARK = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", re.DOTALL)
_CAPTURING = re.compile(r"(?<!\\)\((?!\?)|\(\?P?<[A-Za-z_]")
_ANYWHERE = (".", "[", "(.", "(?:.", "([", "(?:[")
_BEHIND = r"(?:(?<![a-z0-9_-])|(?<=[^a-z0-9-]_)|(?<=sprd-)|(?<=mz-))(?:%s)"


class _Compiled(Protocol):
    def search(self, text: str, at: int) -> "re.Match[str] | None": ...


def small(text: str) -> str:
    """A text with the letters A to Z made small; every letter keeps its place."""
    return text.lower() if text.isascii() else text.translate(_SMALL)


def filled(template: str, groups: Groups) -> str:
    r"""A template with the groups that it names (`\g<1>`) filled in; a group that there is not is empty."""
    if "\\" not in template:
        return template.strip()
    return _PLACE.sub(lambda place: "".join(groups[int(place[1]) - 1 : int(place[1])]), template).strip()


def captures(pattern: str) -> bool:
    """Whether a pattern may have groups that hold something."""
    return _CAPTURING.search(pattern) is not None


def alternatives(pattern: str) -> list[str]:
    """The patterns, one of which matches where `a|b|c` does; one that is not understood stays whole."""
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
    """An expression. Hard to search for is what may begin with anything: there the place is asked for first."""

    def __init__(self, pattern: str) -> None:
        made = _in_small(pattern)
        self._placed = made.startswith(_ANYWHERE)
        self._compiled = _compiled(_BEHIND % made if self._placed else made)

    def find(self, text: str, lowered: str) -> Groups | None:
        """What the groups of the first match hold. `lowered` is `small(text)`."""
        search, at, end = self._compiled.search, 0, len(lowered)
        while at <= end:
            match = search(lowered, at)
            if match is None:
                return None
            start = match.start()
            if self._placed or start == 0 or _free(lowered, start):
                return tuple(text[first:last] if first >= 0 else "" for first, last in match.regs[1:])
            at = start + 1
        return None


def _free(text: str, start: int) -> bool:
    before = text[start - 1]
    if before == "_":
        return start > 1 and not (text[start - 2].isascii() and (text[start - 2].isalnum() or text[start - 2] == "-"))
    if before == "-":
        return text.endswith(("sprd-", "mz-"), 0, start)
    return not (before.isascii() and before.isalnum())


def _in_small(pattern: str) -> str:
    pieces = _ESCAPED.split(pattern.replace("A-z", r"\[-z"))
    return "".join(piece if piece.startswith("\\") else piece.translate(_SMALL) for piece in pieces)


def _compiled(pattern: str) -> _Compiled:
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:  # a look behind of several lengths
        import regex  # noqa: PLC0415 - loaded with the first of the few that need it

        made: _Compiled = regex.compile(pattern, regex.ASCII)
        return made
