"""The word that somebody may have meant."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`, or empty when none is like it."""
    words = {each.casefold(): each for each in sorted(known)}
    found = difflib.get_close_matches(word.casefold()[:80], words, n=1)
    return words[found[0]] if found else ""


def suggest(word: str, known: Iterable[str], *, otherwise: str = "known") -> str:
    """A hint: the nearest known word, else all of them."""
    names = sorted(known)
    if match := nearest(word, names):
        return f"did you mean {match}?"
    return f"{otherwise}: {', '.join(names)}" if names else ""
