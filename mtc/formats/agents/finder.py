"""The first of many expressions that matches a text: thousands of them, a few dozen searches.

An Aho-Corasick automaton says in one pass which expressions can match at all; those are tried in their order. One that
is a list of alternatives is taken apart, so that of hundreds only those are tried that can match. Each is compiled when
it is first tried. Safe in several threads.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from mtc.formats.agents.expressions import Expression, Groups, alternatives, captures, small
from mtc.formats.agents.literals import literals


class Finder:
    """Expressions in their order. Without `groups` nobody asks what the groups of a match hold."""

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
        """The number of the first expression that matches, and what its groups hold."""
        return next(self.all(text), None)

    def all(self, text: str) -> Iterator[tuple[int, Groups]]:
        """Every expression that matches, in order."""
        lowered, last = small(text), -1
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
