"""Globs of a manifest as RE2 and SQL: `*` any text, `?` one character, `[...]` one of a set.

A set is read as in a shell: `[!a-c]` and `[^a-c]` are all other characters, a `]` that comes first is a member, and a
reversed range is empty.
"""

import re
from collections.abc import Iterator, Sequence

from mtc.core.sql import is_one_of, literal

_ANY = "[\\x00-\\x{10FFFF}]"
_NONE = "[^\\x00-\\x{10FFFF}]"
_MAGIC = frozenset("*?[")
_PORTION = 8000


def to_regex(glob: str) -> str:
    """The RE2 pattern that fully matches what the glob matches."""
    return "".join(_pieces(glob))


def any_of(globs: Sequence[str]) -> str:
    """One RE2 pattern that fully matches what any of the globs matches."""
    return "(?s)(?:" + "|".join(to_regex(glob) for glob in globs) + ")"


def fits(column: str, globs: Sequence[str], *, any_case: bool = False) -> str:
    """SQL: whether the whole text of a column matches one of the globs, of which there may be thousands."""
    value = f"lower({column})" if any_case else column
    given = [glob.lower() for glob in globs] if any_case else list(globs)
    # No line contains a line feed, so a glob with one matches nothing, and it can separate the others.
    exact = [glob for glob in given if not _MAGIC.intersection(glob) and "\n" not in glob]
    found = [is_one_of(value, exact, "\n")] if exact else []
    some = _portions([glob for glob in given if _MAGIC.intersection(glob)])
    found += [f"regexp_full_match({value}, {literal(any_of(globs))})" for globs in some]
    return f"({' OR '.join(found)})" if found else "false"


def contains_or_fits(column: str, words: Sequence[str]) -> str:
    """SQL: whether a column contains one of the words, or fully matches one with a `*`, in any case."""
    texts = _portions([word for word in words if "*" not in word])
    found = [f"regexp_matches({column}, {literal('(?si)' + '|'.join(map(re.escape, some)))})" for some in texts]
    globs = [word for word in words if "*" in word]
    found += [fits(column, globs, any_case=True)] if globs else []
    return f"({' OR '.join(found)})" if found else "false"


def _portions(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split texts into portions that RE2 matches fast as one expression."""
    some: list[str] = []
    size = 0
    for text in texts:
        if some and size + len(text) > _PORTION:
            yield some
            some, size = [], 0
        some.append(text)
        size += len(text)
    if some:
        yield some


def _pieces(glob: str) -> Iterator[str]:
    at = 0
    while at < len(glob):
        char = glob[at]
        at += 1
        if char == "*":
            yield ".*"
        elif char == "?":
            yield "."
        elif char == "[" and (end := _set_end(glob, at)) > 0:
            yield _set(glob[at:end])
            at = end + 1
        else:
            yield re.escape(char)


def _set_end(glob: str, at: int) -> int:
    """The index of the bracket that closes the set opened before `at`; -1 if none does."""
    start = at + (glob[at : at + 1] in {"!", "^"})
    return glob.find("]", start + 1)


def _set(inner: str) -> str:
    negated = inner[0] in "!^"
    members = "".join(_members(inner[1:] if negated else inner))
    if not members:
        return _ANY if negated else _NONE
    return f"[{'^' if negated else ''}{members}]"


def _members(text: str) -> Iterator[str]:
    """The members of a set, for RE2: single characters, and ranges that are not reversed."""
    at = 0
    while at < len(text):
        low = text[at]
        if at + 2 < len(text) and text[at + 1] == "-":
            high = text[at + 2]
            at += 3
            if low <= high:
                yield f"{_member(low)}-{_member(high)}"
        else:
            at += 1
            yield _member(low)


def _member(char: str) -> str:
    return f"\\x{{{ord(char):x}}}"
