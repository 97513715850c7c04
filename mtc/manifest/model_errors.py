"""A map of the manifest into a model, or every error that pydantic finds in it, each at its place in the file."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mtc.core.errors import Problem
from mtc.core.suggest import nearest, suggest
from mtc.manifest.model_keys import HOMES, Loc, keys_at, model_at
from mtc.manifest.nodes import KeyPath, Map, Scalar, Seq, plain
from mtc.manifest.value_messages import Position, allowed_words, explain_value, is_choice, not_a_map

M = TypeVar("M", bound=BaseModel)

_SYNONYMS = {"start": "from", "begin": "from", "since": "from", "end": "to", "until": "to"}
"""Keys of other tools, and the keys of a manifest that they mean."""

_SITE_HINT = "use small letters, digits, dots, dashes and underscores; begin with a letter or digit"
_NAME_HINT = "use letters, digits, dashes and underscores"
_OPEN_ENDED = {"string_pattern_mismatch", "value_error", "string_too_short", "literal_error", "enum"}


def parse_model(model: type[M], node: Map, path: KeyPath = (), *, partial: bool = False) -> M | list[Problem]:
    """Read a map into a model, or return everything that is wrong with it.

    Args:
        model: The model to read into.
        node: The map.
        path: The keys that lead to the map, for messages.
        partial: Whether the map is incomplete on purpose, so that missing keys are no errors.
    """
    try:
        return model.model_validate_json(json.dumps(plain(node)), strict=True)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    misspelt = _misspelt(model, errors)
    found = (
        _problem(model, each, node, path)
        for each in _of_one_choice(errors, node)
        if each["type"] != "missing" or not (partial or each["loc"] in misspelt)
    )
    return [problem for problem in found if problem is not None]


def _of_one_choice(errors: Sequence[ErrorDetails], node: Map) -> Iterator[ErrorDetails]:
    """The errors; where a setting may be a word or a map, only those of the one that was written."""
    words = {each["loc"][:-1] for each in errors if is_choice(each)}
    for each in errors:
        loc = each["loc"]
        is_map = isinstance(_position(node, loc, ()).node, Map)
        of_map = each["type"] == "model_type" and loc[:-1] in words
        if not ((is_choice(each) and is_map) or (of_map and not is_map)):
            yield each


def _misspelt(model: type[BaseModel], errors: Sequence[ErrorDetails]) -> set[Loc]:
    """The known keys that misspelt ones probably stand for: they are not reported as missing as well."""
    unknown = [each["loc"] for each in errors if each["type"] == "extra_forbidden"]
    return {(*loc[:-1], _meant(str(loc[-1]), keys_at(model, loc[:-1]))) for loc in unknown}


def _meant(key: str, known: Collection[str]) -> str:
    """The known key that an unknown one probably stands for; empty if none is similar."""
    return next((word for word in (_SYNONYMS.get(key),) if word in known), None) or nearest(key, known)


def _problem(model: type[BaseModel], error: ErrorDetails, node: Map, path: KeyPath) -> Problem | None:
    kind, loc = error["type"], error["loc"]
    position = _position(node, loc, path)
    if isinstance(position.node, Scalar) and position.node.open and kind in _OPEN_ENDED:
        return None
    if kind == "too_short" and (
        position.node.items
        if isinstance(position.node, Seq)
        else isinstance(position.node, Map) and position.node.entries
    ):
        return None  # pydantic counts valid items only; the invalid ones are reported already
    if kind == "extra_forbidden":
        return _unknown_key(model, loc, position)
    if kind == "missing":
        value = "1" if loc == ("version",) else "..."
        return position.key.problem(position.where, f"{loc[-1]} is missing", f"add `{loc[-1]}: {value}`")
    if loc[-1:] == ("[key]",):
        return _wrong_name(error, position)
    expected = model_at(model, loc) if kind == "model_type" else None
    return (
        not_a_map(position, expected)
        if expected
        else position.mark.problem(position.where, *explain_value(error, position))
    )


def _unknown_key(model: type[BaseModel], loc: Loc, position: Position) -> Problem:
    key, known = str(loc[-1]), keys_at(model, loc[:-1])
    where = ".".join(position.path[:-1])
    if not (hint := _meant(key, known)) and (homes := HOMES.get(key)):
        hint = f"it belongs to {' or '.join(homes)}"
    else:
        hint = suggest(hint or key, known)
    return position.key.problem(where, f"{key} is not a known key", hint)


def _wrong_name(error: ErrorDetails, position: Position) -> Problem:
    """The problem of a name used as a key: one of a fixed list, or chosen by the user."""
    name = position.path[-1]
    if error["type"] == "literal_error":
        return position.key.problem(position.where, f"{name} is not known here", suggest(name, allowed_words(error)))
    return position.key.problem(
        position.where, f"{name} cannot be a name", _SITE_HINT if position.path[0] == "sites" else _NAME_HINT
    )


def _position(node: Map, loc: Loc, path: KeyPath) -> Position:
    """The deepest node on the path of a pydantic error."""
    position = Position(node.mark, node, path)
    for part in loc:
        if isinstance(position.node, Map) and part in position.node.entries:
            entry = position.node.entries[str(part)]
            position = Position(entry.mark, entry.node, (*position.path, str(part)))
        elif isinstance(position.node, Seq) and isinstance(part, int) and part < len(position.node.items):
            item = position.node.items[part]
            position = Position(item.mark, item, (*position.path, str(part)))
    return position
