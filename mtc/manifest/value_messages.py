"""What is wrong with one value of a manifest, and what to write instead, in plain English.

A message quotes the value as it was written, but never a secret, nor what a `${NAME}` stands for.
"""

import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from mtc.core.errors import Problem
from mtc.core.suggest import nearest, suggest
from mtc.formats.layouts.layout import LayoutError
from mtc.manifest.model_keys import keys_at
from mtc.manifest.nodes import KeyPath, Map, Mark, Node, Scalar, Seq, is_null, is_secret, mask_secrets
from mtc.manifest.yaml import scalar_value

_DURATION = "a duration looks like 6h, 90m or 2d"
_EXPECTED = {
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
    r"^[0-9]+(s|m|h|d)$": ("not a duration", _DURATION),
    r"^-?[0-9]+(s|m|h|d)$": ("not a duration", "it looks like 1h or -30m"),
    r"^[0-9]+(MB|GB)$": ("not an amount of memory", "it looks like 800MB or 4GB"),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": ("not a date", "a date looks like 2026-05-01; words are today and yesterday"),
    r"^https?://": ("not a web address", "it begins with https:// or http://"),
    r"^[A-Z]+$": ("not a request method", "write it in capitals, like GET"),
    r"^[A-Za-z0-9_-]+$": ("not an encoding", "one looks like utf-16, latin-1 or cp1252"),
    r"^[A-Za-z0-9_+-]+$": ("not a file extension", "write it without its dot, like pdf"),
    r"^[^&=#\s\[\]]{1,64}$": ("not the name of a query parameter", "write the name alone, like q"),
    r"^(/.*)?$": ("not the beginning of a path", "it begins with /"),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$": (
        "not a day or time",
        "one looks like 2026-05-01 or 2026-05-01T06:00:00+02:00",
    ),
}

_EXAMPLES = {
    **dict.fromkeys(("settle", "shift", "backoff", "timeout", "warn_after", "error_after"), _DURATION),
    "memory": "it looks like 800MB or 4GB",
    "max_rejected": "write a share of all lines, like 0.05",
}
"""Hints for keys whose type alone says too little about the value."""

# Abbreviations of time zones, with a place in each; ambiguous ones are not in the table.
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

_CHOICE = "literal["


@dataclass(frozen=True, slots=True)
class Position:
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
        """Where the value is; for a map or a list, where its key is."""
        return self.node.mark if isinstance(self.node, Scalar) and not is_null(self.node) else self.key

    @property
    def redacted(self) -> bool:
        """Whether the value must not be shown: it is a secret, or in a file that is perhaps no manifest."""
        return is_secret(self.path) or self.node.mark.document.private

    @property
    def quoted(self) -> str:
        """The value as it was written, unless it must not be shown."""
        if self.redacted or not isinstance(self.node, Scalar):
            return "the value"
        text = mask_secrets(self.node.text)
        if isinstance(self.node.value, str) and not isinstance(scalar_value(self.node.text), str):
            text = f"'{text}'"
        return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 (one line on a terminal)


def explain_value(error: ErrorDetails, position: Position) -> tuple[str, str]:  # noqa: PLR0911 (one return a kind of mistake)
    """What is wrong with a value, and a hint, which may be empty."""
    kind, ctx = error["type"], error.get("ctx", {})
    if kind in _EXPECTED:
        expected, hint = _EXPECTED[kind]
        if not (isinstance(position.node, Scalar) or "map" in expected or "list" in expected):
            hint = "write one value"
        elif position.path[-1] in _EXAMPLES:
            hint = _EXAMPLES[position.path[-1]]
        elif "number" in expected and not _reads_as_number(position.node):
            hint = "write a number such as 4"
        return f"expected {expected}, found {_kind(position)}", hint
    if kind == "string_pattern_mismatch":
        what, hint = _PATTERNS.get(ctx["pattern"], ("not allowed here", f"it must fit {ctx['pattern']}"))
        return f"{position.quoted} is {what}", hint
    if kind in {"literal_error", "enum"}:
        hint = suggest(position.quoted, allowed_words(error), otherwise="allowed")
        return f"{position.quoted} is not allowed here", f"{hint}, or a map" if is_choice(error) else hint
    if kind in {"greater_than_equal", "less_than_equal"}:
        bound, side = (ctx.get("ge"), "least") if "ge" in ctx else (ctx.get("le"), "most")
        hint = _EXAMPLES.get(position.path[-1], f"at {side} {bound:g}")
        return f"{position.quoted} is too {'small' if side == 'least' else 'large'}", hint
    if kind in {"string_too_short", "too_short"}:
        return "it is empty", "give it a value, or remove the key"
    if kind == "value_error":
        return _rule_of_model(ctx["error"], position)
    return f"{position.quoted} is not allowed here", ""


def allowed_words(error: ErrorDetails) -> list[str]:
    """The words that a setting allows."""
    return [word.strip("'") for word in re.split(r", | or ", str(error.get("ctx", {})["expected"]))]


def is_choice(error: ErrorDetails) -> bool:
    """Whether the setting is a word or a map."""
    return any(str(part).startswith(_CHOICE) for part in error["loc"][-1:])


def _kind(position: Position) -> str:
    if isinstance(position.node, Map):
        return "a map"
    if isinstance(position.node, Seq):
        return "a list"
    value = position.node.value
    if value is None:
        return "nothing"
    name = "a text" if isinstance(value, str) else "a truth value" if isinstance(value, bool) else "a number"
    return name if position.redacted else f"{name}: {position.quoted}"


def _reads_as_number(node: Node) -> bool:
    """Whether a text would be a number without its quotes."""
    return isinstance(node, Scalar) and isinstance(scalar_value(node.text), int | float)


def _rule_of_model(error: Exception, position: Position) -> tuple[str, str]:
    """The error of a model's own validator, without the value of an environment variable."""
    if isinstance(error, LayoutError):
        return str(error), error.hint
    what = str(error)
    if isinstance(position.node, Scalar) and (position.node.filled or position.node.mark.document.private):
        what = f"the value of {position.quoted} is not valid"
    if position.path[-1:] == ("timezone",):
        return what, _zone_hint(position.quoted)
    return what, ""


def _zone_hint(text: str) -> str:
    """How to write a time zone: an abbreviation or an offset does not say when summer time begins."""
    if place := _ABBREVIATIONS.get(text.strip("'").upper()):
        return f"an abbreviation is not a time zone; did you mean {place}?"
    if re.fullmatch(r"'?(?:(?:UTC|GMT)?[+-]\d{1,2}(?::?\d\d)?|[A-Z]{2,5}|.* .*)'?", text):
        return "a zone is named after a place, like Europe/Paris; one without summer time is UTC"
    like = nearest(text, zoneinfo.available_timezones())
    return f"did you mean {like}?" if like else "one looks like Europe/Paris"


def not_a_map(position: Position, model: type[BaseModel]) -> Problem:
    """The problem of a value that should be a map; often a `:` is missing after its first key."""
    what, hint = f"expected a map, found {_kind(position)}", _EXPECTED["model_type"][1]
    key = position.node.text.split(maxsplit=1)[:1] if isinstance(position.node, Scalar) else []
    if key and key[0] in keys_at(model, ()):
        what, hint = f"a `:` is missing after {key[0]}", f"write `{key[0]}: ...`"
    return position.mark.problem(position.where, what, hint)
