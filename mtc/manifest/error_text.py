"""What pydantic found, in plain words, at the place where it was written. No secret's value is ever quoted.

A problem as people read it: its place, what to do, the line it is in and a caret. Nothing here runs a terminal.

A manifest is somebody's text: control, direction and private characters are spelled out, never sent.
"""

import json
import os.path
import re
import unicodedata
import zoneinfo
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mtc.core.errors import Problem
from mtc.core.sanitize import escape_invisible
from mtc.core.suggest import nearest, suggest
from mtc.formats.layouts.layout import LayoutError
from mtc.manifest.nodes import KeyPath, Map, Mark, Node, Scalar, Seq, is_null, plain
from mtc.manifest.redaction import hide_secrets, is_secret
from mtc.manifest.references import HOMES, Loc, keys_at, model_at
from mtc.manifest.yaml import scalar_value

M = TypeVar("M", bound=BaseModel)

_WANTED = {
    "string_type": ("a text", "put it in quotes"),
    "int_type": ("a whole number", "write it without quotes"),
    "int_from_float": ("a whole number", ""),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "float_type": ("a number", "write it without quotes"),
    "tuple_type": ("a list", "write [one, two], or lines that begin with `- `"),
    "dict_type": ("a map", "write `key: value` lines below it"),
    "model_type": ("a map", "write `key: value` lines below it"),
}
_PATTERNS = {
    r"^[0-9]+(s|m|h|d)$": ("no duration", "a duration looks like 6h, 90m or 2d"),
    r"^[0-9]+(MB|GB)$": ("no amount of memory", "it looks like 800MB or 4GB"),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": ("no date", "a date looks like 2026-05-01; words are today and yesterday"),
    r"^https?://": ("no web address", "it begins with https:// or http://"),
    r"^[A-Z]+$": ("no request method", "write it in capitals, like GET"),
    r"^[A-Za-z0-9_-]+$": ("no encoding", "one looks like utf-16, latin-1 or cp1252"),
    r"^[A-Za-z0-9_+-]+$": ("no file extension", "write it without its dot, like pdf"),
    r"^[^&=#\s\[\]]{1,64}$": ("no name of a query parameter", "write the name alone, like q"),
    r"^(/.*)?$": ("no beginning of a path", "it begins with /"),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$": (
        "no day or time",
        "one looks like 2026-05-01 or 2026-05-01T06:00:00+02:00",
    ),
}
# Abbreviations of zones with summer time, and a place of each; those that mean several zones are left out.
_ABBREVIATIONS: Mapping[str, str] = {
    **dict.fromkeys(("WEST",), "Europe/Lisbon"),
    **dict.fromkeys(("BST",), "Europe/London"),
    **dict.fromkeys(("CEST", "MEZ", "MESZ"), "Europe/Paris"),
    **dict.fromkeys(("EEST",), "Europe/Athens"),
    **dict.fromkeys(("MSK",), "Europe/Moscow"),
    **dict.fromkeys(("EDT", "ET"), "America/New_York"),
    **dict.fromkeys(("CDT", "CT"), "America/Chicago"),
    **dict.fromkeys(("MDT", "MT"), "America/Denver"),
    **dict.fromkeys(("PST", "PDT", "PT"), "America/Los_Angeles"),
    **dict.fromkeys(("AKST", "AKDT"), "America/Anchorage"),
    **dict.fromkeys(("ADT",), "America/Halifax"),
    **dict.fromkeys(("BRT",), "America/Sao_Paulo"),
    **dict.fromkeys(("JST",), "Asia/Tokyo"),
    **dict.fromkeys(("KST",), "Asia/Seoul"),
    **dict.fromkeys(("HKT",), "Asia/Hong_Kong"),
    **dict.fromkeys(("SGT",), "Asia/Singapore"),
    **dict.fromkeys(("AEST", "AEDT"), "Australia/Sydney"),
    **dict.fromkeys(("ACST", "ACDT"), "Australia/Adelaide"),
    **dict.fromkeys(("AWST",), "Australia/Perth"),
    **dict.fromkeys(("NZST", "NZDT"), "Pacific/Auckland"),
    **dict.fromkeys(("SAST",), "Africa/Johannesburg"),
}
_DURATION = "a duration looks like 6h, 90m or 2d"
_LIKE = {
    **dict.fromkeys(("settle", "shift", "backoff", "timeout", "warn_after", "error_after"), _DURATION),
    "memory": "it looks like 800MB or 4GB",
    "max_rejected": "write a share of all lines, like 0.05",
}
"""What the values of some keys look like, where their kind alone says too little."""
_MEANT = {"start": "from", "begin": "from", "since": "from", "end": "to", "until": "to"}
"""Keys of other tools, and what is meant by them where that is known."""
_OFF = "literal["
_SITE = "use small letters, digits, dots, dashes and underscores; begin with a letter or digit"
_NAME = "use letters, digits, dashes and underscores"
_OPEN_ENDED = {"string_pattern_mismatch", "value_error", "string_too_short", "literal_error", "enum"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A node of the tree that a message is about: its own place, its key's, and its dotted path."""

    key: Mark
    node: Node
    path: KeyPath

    @property
    def where(self) -> str:
        """The dotted path."""
        return ".".join(self.path)

    @property
    def mark(self) -> Mark:
        """Where the value is; where a map or list begins is better said by its key."""
        return self.node.mark if isinstance(self.node, Scalar) and not is_null(self.node) else self.key

    @property
    def hidden(self) -> bool:
        """Whether the value may not be shown: a secret, or of a file that may be anything."""
        return is_secret(self.path) or self.node.mark.document.private

    @property
    def quoted(self) -> str:
        """The value as it was written, unless it may not be shown."""
        if self.hidden or not isinstance(self.node, Scalar):
            return "the value"
        text = hide_secrets(self.node.text)
        if isinstance(self.node.value, str) and not isinstance(scalar_value(self.node.text), str):
            text = f"'{text}'"
        return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 (one line on a terminal)


def check(model: type[M], node: Map, path: KeyPath = (), *, partial: bool = False) -> M | list[Problem]:
    """Read a map into a model, or say all that is wrong with it. `partial` asks for no key that is missing."""
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
    """Where a word or a map may stand, what is wrong with the one that was written."""
    words = {each["loc"][:-1] for each in errors if _is_choice(each)}
    for each in errors:
        loc = each["loc"]
        is_map = isinstance(_spot(node, loc, ()).node, Map)
        of_map = each["type"] == "model_type" and loc[:-1] in words
        if not ((_is_choice(each) and is_map) or (of_map and not is_map)):
            yield each


def _misspelt(model: type[BaseModel], errors: Sequence[ErrorDetails]) -> set[Loc]:
    """The keys that unknown ones probably stand for: that they are missing need not be told as well."""
    unknown = [each["loc"] for each in errors if each["type"] == "extra_forbidden"]
    return {(*loc[:-1], _meant(str(loc[-1]), keys_at(model, loc[:-1]))) for loc in unknown}


def _meant(key: str, known: Collection[str]) -> str:
    """The known key that an unknown one stands for, or empty."""
    return next((word for word in (_MEANT.get(key),) if word in known), None) or nearest(key, known)


def _spot(node: Map, loc: Loc, path: KeyPath) -> Spot:
    """The deepest node on the way to `loc`."""
    spot = Spot(node.mark, node, path)
    for part in loc:
        if isinstance(spot.node, Map) and part in spot.node.entries:
            entry = spot.node.entries[str(part)]
            spot = Spot(entry.mark, entry.node, (*spot.path, str(part)))
        elif isinstance(spot.node, Seq) and isinstance(part, int) and part < len(spot.node.items):
            item = spot.node.items[part]
            spot = Spot(item.mark, item, (*spot.path, str(part)))
    return spot


def _problem(model: type[BaseModel], error: ErrorDetails, node: Map, path: KeyPath) -> Problem | None:
    kind, loc = error["type"], error["loc"]
    spot = _spot(node, loc, path)
    if isinstance(spot.node, Scalar) and spot.node.open and kind in _OPEN_ENDED:
        return None
    if kind == "too_short" and (
        spot.node.items if isinstance(spot.node, Seq) else isinstance(spot.node, Map) and spot.node.entries
    ):
        return None  # pydantic counts only the items that are right; the wrong ones are told
    if kind == "extra_forbidden":
        return _unknown_key(model, loc, spot)
    if kind == "missing":
        value = "1" if loc == ("version",) else "..."
        return spot.key.problem(spot.where, f"{loc[-1]} is missing", f"add `{loc[-1]}: {value}`")
    if loc[-1:] == ("[key]",):
        return _wrong_name(error, spot)
    wanted = model_at(model, loc) if kind == "model_type" else None
    return not_a_map(spot, wanted) if wanted else spot.mark.problem(spot.where, *_in_words(error, spot))


def _wrong_name(error: ErrorDetails, spot: Spot) -> Problem:
    """A key that is a name: one of some, or one of your own choice."""
    name = spot.path[-1]
    if error["type"] == "literal_error":
        return spot.key.problem(spot.where, f"{name} is not known here", suggest(name, _allowed(error)))
    return spot.key.problem(spot.where, f"{name} cannot be a name", _SITE if spot.path[0] == "sites" else _NAME)


def _unknown_key(model: type[BaseModel], loc: Loc, spot: Spot) -> Problem:
    key, known = str(loc[-1]), keys_at(model, loc[:-1])
    where = ".".join(spot.path[:-1])
    if not (hint := _meant(key, known)) and (homes := HOMES.get(key)):
        hint = f"it belongs to {' or '.join(homes)}"
    else:
        hint = suggest(hint or key, known)
    return spot.key.problem(where, f"{key} is not a known key", hint)


def _in_words(error: ErrorDetails, spot: Spot) -> tuple[str, str]:  # noqa: PLR0911 (one return a kind of mistake)
    kind, ctx = error["type"], error.get("ctx", {})
    if kind in _WANTED:
        wanted, hint = _WANTED[kind]
        if not (isinstance(spot.node, Scalar) or "map" in wanted or "list" in wanted):
            hint = "write one value"
        elif spot.path[-1] in _LIKE:
            hint = _LIKE[spot.path[-1]]
        elif "number" in wanted and not _reads_as_number(spot.node):
            hint = "write one like 4"
        return f"{_kind(spot)} where {wanted} belongs", hint
    if kind == "string_pattern_mismatch":
        what, hint = _PATTERNS.get(ctx["pattern"], ("not allowed here", f"it must fit {ctx['pattern']}"))
        return f"{spot.quoted} is {what}", hint
    if kind in {"literal_error", "enum"}:
        hint = suggest(spot.quoted, _allowed(error), otherwise="allowed")
        return f"{spot.quoted} is not allowed here", f"{hint}, or a map" if _is_choice(error) else hint
    if kind in {"greater_than_equal", "less_than_equal"}:
        bound, side = (ctx.get("ge"), "least") if "ge" in ctx else (ctx.get("le"), "most")
        hint = _LIKE.get(spot.path[-1], f"at {side} {bound:g}")
        return f"{spot.quoted} is too {'small' if side == 'least' else 'large'}", hint
    if kind in {"string_too_short", "too_short"}:
        return "there is nothing in it", "give it a value, or remove the key"
    if kind == "value_error":
        return _own_words(ctx["error"], spot)
    return f"{spot.quoted} is not allowed here", ""


def _allowed(error: ErrorDetails) -> list[str]:
    """The words that may stand there."""
    return [word.strip("'") for word in re.split(r", | or ", str(error.get("ctx", {})["expected"]))]


def _is_choice(error: ErrorDetails) -> bool:
    """Whether a map may stand in place of the word."""
    return any(str(part).startswith(_OFF) for part in error["loc"][-1:])


def _own_words(error: Exception, spot: Spot) -> tuple[str, str]:
    """A rule of a model's own; what an environment variable holds is not repeated."""
    if isinstance(error, LayoutError):
        return str(error), error.hint
    said = str(error)
    if isinstance(spot.node, Scalar) and (spot.node.filled or spot.node.mark.document.private):
        said = f"what {spot.quoted} stands for is not valid"
    if spot.path[-1:] == ("timezone",):
        return said, _zone_hint(spot.quoted)
    return said, ""


def not_a_map(spot: Spot, model: type[BaseModel]) -> Problem:
    """That something else stands where a model's map belongs; often a `:` is missing behind its first key."""
    what, hint = f"{_kind(spot)} where a map belongs", _WANTED["model_type"][1]
    key = spot.node.text.split(maxsplit=1)[:1] if isinstance(spot.node, Scalar) else []
    if key and key[0] in keys_at(model, ()):
        what, hint = f"a `:` is missing behind {key[0]}", f"write `{key[0]}: ...`"
    return spot.mark.problem(spot.where, what, hint)


def _reads_as_number(node: Node) -> bool:
    """Whether a text would be a number without its quotes."""
    return isinstance(node, Scalar) and isinstance(scalar_value(node.text), int | float)


def _zone_hint(text: str) -> str:
    """How a zone is named: an abbreviation or an offset says nothing of summer time."""
    if place := _ABBREVIATIONS.get(text.strip("'").upper()):
        return f"an abbreviation is no zone; did you mean {place}?"
    if re.fullmatch(r"'?(?:(?:UTC|GMT)?[+-]\d{1,2}(?::?\d\d)?|[A-Z]{2,5}|.* .*)'?", text):
        return "a zone is named for a place, like Europe/Paris; one without summer time is UTC"
    like = nearest(text, zoneinfo.available_timezones())
    return f"did you mean {like}?" if like else "one looks like Europe/Paris"


def _kind(spot: Spot) -> str:
    if isinstance(spot.node, Map):
        return "a map"
    if isinstance(spot.node, Seq):
        return "a list"
    value = spot.node.value
    if value is None:
        return "nothing"
    name = "a text" if isinstance(value, str) else "true or false" if isinstance(value, bool) else "a number"
    return name if spot.hidden else f"{name}, {spot.quoted},"


_TAB = 4
_WIDTH = 110


def render(problem: Problem, cwd: Path | None = None) -> str:
    """`file:line:column: where: what. hint`, then the source line with a caret under the column, if there is one."""
    place = ":".join([_relative(problem.file, cwd or Path.cwd()), *_numbers(problem)])
    where = f"{problem.where}: " if problem.where else ""
    text = f"{problem.what}. {problem.hint}" if problem.hint else problem.what
    head = escape_invisible(f"{place}: {where}{text}")
    return f"{head}\n{_excerpt(problem)}" if problem.source.strip() else head


def _numbers(problem: Problem) -> list[str]:
    return [str(problem.line), str(problem.column)] if problem.line else []


def _relative(file: str, cwd: Path) -> str:
    path = Path(file)
    if not path.is_absolute() or not path.is_relative_to(cwd):
        return file
    return os.path.relpath(path, cwd)


def _cells(character: str) -> int:
    """How many cells of a terminal a visible character takes."""
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _excerpt(problem: Problem) -> str:
    """The source line and the caret; of a long line the piece around the caret."""
    column = max(problem.column - 1, 0)
    start = max(0, column - _WIDTH // 2) if len(problem.source) > _WIDTH else 0
    piece = problem.source[start : start + _WIDTH]
    shown = [" " * _TAB if character == "\t" else escape_invisible(character) for character in piece]
    before = "".join(shown[: column - start])
    left, right = "..." if start else "", "..." if start + _WIDTH < len(problem.source) else ""
    indent = sum(_cells(character) for character in left + before)
    margin = f"{problem.line:>5} | "
    return f"{margin}{left}{''.join(shown)}{right}\n{' ' * (len(margin) - 2)}| {' ' * indent}^"
