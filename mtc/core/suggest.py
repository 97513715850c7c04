"""Hints for misspelt names: "did you mean ...?"."""

import difflib
import re
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most similar to `word`; empty when none is similar."""
    words = {each.casefold(): each for each in sorted(known)}
    meant = word.casefold()[:80]
    found = difflib.get_close_matches(meant, words, n=1)
    # `last_days` is far from `last` by its letters, and holds it as a word.
    found = found or [piece for piece in re.split(r"[\W_]+", meant) if piece in words]
    return words[found[0]] if found else ""


def suggest(word: str, known: Iterable[str], *, otherwise: str = "known") -> str:
    """A hint: the most similar known word, else all of them, introduced by `otherwise`."""
    names = sorted(known)
    if match := nearest(word, names):
        return f"did you mean {match}?"
    return f"{otherwise}: {', '.join(names)}" if names else ""
