r"""Formats that write one JSON object per line, and paths into JSON as a manifest has them.

`json_layout` finds the path of each value in the object that a server's format writes. `read_path` parses a path of a
manifest: `client.addr`, `headers.User-Agent[0]`, `labels.app\.name`.
"""

import json
import re
from collections.abc import Iterator, Sequence

from mtc.formats.layouts.layout import JsonLayout, LayoutError, Piece, TimeLayout, Value, choose, require

Steps = tuple[str | int, ...]
_MARK = "\x01"
_MARKED = re.compile(f"{_MARK}(\\d+){_MARK}")


def looks_like_json(text: str) -> bool:
    """Whether a format writes an object: it is in braces and begins with a key."""
    return re.fullmatch(r"\s*\{\s*\".*\}\s*", text, re.DOTALL) is not None


def json_layout(pieces: Sequence[Piece], what: str) -> JsonLayout:
    """Paths to the values that are whole values of the object that the pieces write.

    Raises:
        LayoutError: the pieces are not valid JSON, or no request could be read. `what` names the format.
    """
    values = [piece for piece in pieces if isinstance(piece, Value)]
    try:
        written = json.loads("".join(_marked(pieces)))
    except ValueError:
        raise LayoutError(f"{what} looks like JSON and is not valid", "check its commas, quotes and braces") from None
    found = dict(_leaves(written, ()))
    named = {
        index: Value("time", value.kind, value.rank, value.clock) if value.clock else value
        for index, value in enumerate(values)
        if index in found and value.clock != "fraction"
    }
    chosen = choose(named.values())
    require(frozenset(chosen), what, "what writes the {0}")
    paths = {id(value): found[index] for index, value in named.items()}
    return JsonLayout(tuple((name, paths[id(value)]) for name, value in chosen.items()), _clock(chosen.get("time")))


def _clock(value: Value | None) -> TimeLayout:
    if value is None or not value.clock or value.clock.startswith("epoch:"):
        return TimeLayout()
    return TimeLayout(formats=(value.clock,))


def _marked(pieces: Sequence[Piece]) -> Iterator[str]:
    """The text of the pieces, with each value as a numbered mark in a JSON string."""
    quoted, number = False, 0
    for piece in pieces:
        if isinstance(piece, str):
            quoted ^= piece.count('"') % 2 == 1
            yield piece
        else:
            mark = json.dumps(f"{_MARK}{number}{_MARK}")
            number += 1
            yield mark[1:-1] if quoted else mark


def _leaves(value: object, path: Steps) -> Iterator[tuple[int, Steps]]:
    """Yield the number and the path of each value that is a whole string."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    elif isinstance(value, str) and (marked := _MARKED.fullmatch(value)):
        yield int(marked[1]), path


_HINT = "one looks like client.addr, headers.User-Agent[0] or labels.app\\.name"


def read_path(text: str) -> tuple[str | int, ...]:
    """Parse a path into keys and indices. In a key, dots, brackets and backslashes are escaped with a backslash.

    Raises:
        LayoutError: the text is not a path.
    """
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            index, at = _index(text, at)
            steps.append(index)
        else:
            key, at = _key(text, at)
            steps.append(key)
        if at < len(text) and text[at] == ".":
            at += 1
            if at == len(text):
                raise LayoutError("the path ends with a dot", _HINT)
        elif at < len(text) and text[at] != "[":
            raise LayoutError(f"`{text[at]}` follows an index", _HINT)
    if not steps:
        raise LayoutError("the path is empty", _HINT)
    return tuple(steps)


def _index(text: str, at: int) -> tuple[int, int]:
    end = text.find("]", at)
    digits = text[at + 1 : end]
    if end < 0 or not (digits.isascii() and digits.isdecimal()) or len(digits) > 6:  # noqa: PLR2004 (longer than any list)
        raise LayoutError("the text in brackets is not an index", _HINT)
    return int(digits), end + 1


def _key(text: str, at: int) -> tuple[str, int]:
    key = ""
    while at < len(text) and text[at] not in ".[":
        if text[at] == "\\":
            at += 1
            if at == len(text):
                raise LayoutError("the path ends with a backslash", _HINT)
        key += text[at]
        at += 1
    if not key:
        raise LayoutError("a key of the path is empty", _HINT)
    return key, at
