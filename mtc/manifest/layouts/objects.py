"""Formats that write a JSON object a line: where in it each value is."""

import json
import re
from collections.abc import Iterator, Sequence

from mtc.manifest.layouts.model import Clock, JsonLayout, LayoutError, require
from mtc.manifest.layouts.pieces import Piece, Value, choose

Steps = tuple[str | int, ...]
_MARK = "\x01"
_MARKED = re.compile(f"{_MARK}(\\d+){_MARK}")


def looks_like_json(text: str) -> bool:
    """Whether a format writes an object: it is in braces, and names a key first."""
    return re.fullmatch(r"\s*\{\s*\".*\}\s*", text, re.DOTALL) is not None


def json_layout(pieces: Sequence[Piece], what: str) -> JsonLayout:
    """Paths to the values that stand alone in the object that the pieces write."""
    values = [piece for piece in pieces if isinstance(piece, Value)]
    try:
        written = json.loads("".join(_marked(pieces)))
    except ValueError:
        raise LayoutError(f"{what} looks like JSON and is none", "check its commas, quotes and braces") from None
    found = dict(_leaves(written, ()))
    named = {
        index: Value("time", value.kind, value.rank, value.clock) if value.clock else value
        for index, value in enumerate(values)
        if index in found and value.clock != "fraction"
    }
    chosen = choose(named.values())
    require(frozenset(chosen), what, "what writes the {0}")
    places = {id(value): found[index] for index, value in named.items()}
    return JsonLayout(tuple((name, places[id(value)]) for name, value in chosen.items()), _clock(chosen.get("time")))


def _clock(value: Value | None) -> Clock:
    if value is None or not value.clock or value.clock.startswith("epoch:"):
        return Clock()
    return Clock(formats=(value.clock,))


def _marked(pieces: Sequence[Piece]) -> Iterator[str]:
    """The text with each value as a marked string."""
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
    """The numbers of the values that are all of a text, with their paths."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    elif isinstance(value, str) and (marked := _MARKED.fullmatch(value)):
        yield int(marked[1]), path
