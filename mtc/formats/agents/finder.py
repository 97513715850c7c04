"""The first of many expressions that matches a text: thousands of them, a few dozen searches.

An Aho-Corasick automaton says in one pass which expressions can match at all; those are tried in their order. Each is
compiled when it is first tried. Safe in several threads.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from mtc.formats.agents.expressions import Expression, Groups, small
from mtc.formats.agents.literals import literals


class Finder:
    """Expressions in their order."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = tuple(patterns)
        self._expressions: list[Expression | None] = [None] * len(self._patterns)
        words: dict[str, list[int]] = {}
        always = []
        for number, pattern in enumerate(self._patterns):
            needed = literals(pattern)
            for word in needed or ():
                words.setdefault(word, []).append(number)
            if not needed:
                always.append(number)
        self._always = tuple(always)
        self._of_word = tuple(words.values())
        self._automaton = _automaton(tuple(words))

    def first(self, text: str) -> tuple[int, Groups] | None:
        """The number of the first expression that matches, and what its groups hold."""
        return next(self.all(text), None)

    def all(self, text: str) -> Iterator[tuple[int, Groups]]:
        """Every expression that matches, in order."""
        lowered = small(text)
        for number in self._candidates(lowered):
            groups = self._expression(number).find(text, lowered)
            if groups is not None:
                yield number, groups

    def _candidates(self, lowered: str) -> list[int]:
        found = set(self._always)
        if self._automaton is not None:
            for word, _, _ in self._automaton.find_matches_as_indexes(lowered, overlapping=True):
                found.update(self._of_word[word])
        return sorted(found)

    def _expression(self, number: int) -> Expression:
        made = self._expressions[number]
        if made is None:
            made = self._expressions[number] = Expression(self._patterns[number])
        return made


def _automaton(words: tuple[str, ...]) -> Any:  # noqa: ANN401 - the package has no types
    from ahocorasick_rs import AhoCorasick  # noqa: PLC0415 - loaded when the first user agent comes

    return AhoCorasick(words) if words else None
