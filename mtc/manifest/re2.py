"""Whether a regular expression is one that RE2 reads, told without RE2: the manifest's rooms load no database.

An expression passes that Python's `re` reads and that has nothing in it of what RE2 lacks. Source: RE2's syntax page.
"""

import re

_ESCAPED = {
    **dict.fromkeys("123456789", "a backreference"),
    **dict.fromkeys("ZuUN", "an escape that RE2 does not know"),
}
_GROUPS = re.compile(r"\(\?(?::|P<[A-Za-z_][A-Za-z0-9_]*>|[ims]+[:)])")
_REPEATED = re.compile(r"\{(\d*),?(\d*)\}")
_MOST = 1000
_LONGEST = 2000


def check_re2(pattern: str) -> None:
    """Raise ValueError, in plain words, for an expression that RE2 does not read."""
    if len(pattern) > _LONGEST:
        raise ValueError(f"the expression is longer than {_LONGEST} characters")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"the expression cannot be read: {error}") from None
    if (lacking := _lacking(pattern)) is not None:
        raise ValueError(f"{lacking}; expressions are RE2's, without lookaround and backreferences")


def groups(pattern: str) -> int:
    """How many groups the expression has."""
    return re.compile(pattern).groups


def _lacking(pattern: str) -> str | None:
    """What RE2 does not read in an expression that Python reads; None for nothing."""
    at, in_set = 0, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            if pattern[at + 1] in _ESCAPED:
                return f"`{pattern[at : at + 2]}` is {_ESCAPED[pattern[at + 1]]}"
            at += 1
        elif in_set:
            in_set = char != "]"
        elif char == "[":
            in_set, at = True, _past_first(pattern, at)
        elif pattern.startswith("(?", at) and not _GROUPS.match(pattern, at):
            return f"`{pattern[at : at + 4]}` is a group that RE2 does not know"
        elif (what := _repetition(pattern, at)) is not None:
            return what
        at += 1
    return None


def _past_first(pattern: str, at: int) -> int:
    """The place before the second member of a set: a `]` that comes first is a member."""
    after = at + 1 + pattern.startswith("^", at + 1)
    return after if pattern.startswith("]", after) else after - 1


def _repetition(pattern: str, at: int) -> str | None:
    """What is wrong with the repetition that begins here, if one does."""
    repeated = _REPEATED.match(pattern, at)
    if repeated and any(int(bound) > _MOST for bound in repeated.groups() if bound):
        return f"`{repeated[0]}` repeats more than {_MOST} times"
    end = repeated.end() if repeated else at + 1
    quantified = repeated is not None or pattern[at] in "*+?"
    if quantified and at > 0 and pattern.startswith("+", end) and pattern[at - 1] not in "(|":
        return f"`{pattern[at : end + 1]}` is possessive"
    return None
