"""The types of settings in words that a reader of YAML knows, and values as YAML writes them."""

import datetime as dt
import json
import re
import types
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from docs.generator.markdown import code, listed
from mtc.core import frozen_model
from mtc.formats import custom_formats, settings
from mtc.manifest import dates, models
from mtc.matomo import settings as matomo
from mtc.warehouse import stat_tables

_WORDS: tuple[tuple[object, str, str], ...] = (
    (frozen_model.Duration, "duration such as `6h`", "durations"),
    (models.Zone, "time zone such as `Europe/Paris`", "time zones"),
    (models.Bytes, "size such as `800MB`", "sizes"),
    (models.SiteName, "site's name", "sites' names"),
    (settings.Glob, "glob", "globs"),
    (settings.TextOrGlob, "text or glob", "texts or globs"),
    (settings.Address, "address glob or network", "address globs or networks"),
    (settings.Network, "network, or `private`", "networks, or `private`"),
    (settings.DateOrTime, "date or time", "dates or times"),
    (settings.Encoding, "encoding such as `latin-1`", "encodings"),
    (settings.Extension, "file extension", "file extensions"),
    (settings.SearchParameter, "query parameter", "query parameters"),
    (settings.Regex, "regular expression (RE2)", "regular expressions"),
    (settings.FieldName, "field's name", "fields' names"),
    (matomo.DimensionId, "number of a dimension", "numbers of dimensions"),
    (dates.Dates, "[date selection](#date-selections)", "date selections"),
    (dates.DateText, "date", "dates"),
    (custom_formats.FormatChoice, "[format](formats.md) name, or [a format of your own](#formats-of-your-own)", ""),
    (custom_formats.JsonPath, "path of keys", "paths of keys"),
    (stat_tables.Count, "whole number", "whole numbers"),
)
"""Types with a name, what one value is called, and several."""

_PLAIN: dict[object, tuple[str, str]] = {
    bool: ("true or false", "true or false"),
    int: ("whole number", "whole numbers"),
    float: ("number", "numbers"),
    str: ("text", "texts"),
    dt.date: ("date", "dates"),
    SecretStr: ("secret", "secrets"),
}

LINKS: dict[str, str] = {
    "Source": "source",
    "ClientSettings": "sourceclient",
    "Archive": "archive",
    "Folder": "warehouse-and-csv",
    "Matomo": "matomo",
    "Filters": "filters",
    "HitSettings": "hits",
    "PathRule": "hitsreplace_paths",
    "Stats": "stats",
    "Freshness": "freshness",
    "Site": "sites",
    "Credentials": "credentials",
    "Run": "run",
    "JsonPaths": "json",
    "Inputs": "inputs",
    "Summary": "summary",
    "Tables": "tables",
    "LineAccounting": "accounting",
}
"""The anchor of the section of each model on its page, by the model's name."""


def type_of(model: type[BaseModel], field: str) -> str:
    """The type of a model's field in words, with the limits of a number."""
    return _one(get_type_hints(model, include_extras=True)[field]) + _limits(model.model_fields[field])


def json_type_of(model: type[BaseModel], field: str) -> str:
    """The type of a field of a JSON document in words; `null` counts."""
    hint = get_type_hints(model, include_extras=True)[field]
    return _one(hint) + ", or `null`" * (type(None) in get_args(hint))


def _one(hint: object) -> str:
    if words := _words(hint):
        return words[0]
    if get_origin(hint) is Annotated:
        return _one(get_args(hint)[0])
    return _PLAIN[hint][0] if hint in _PLAIN else _composed(hint)


def _words(hint: object) -> tuple[str, str] | None:
    """What a type with a name is called, also where a field says more about it; None for any other."""
    for known, *words in _WORDS:
        more = get_origin(hint) is Annotated and get_origin(known) is Annotated
        length = len(get_args(known))
        if hint == known or (more and get_args(hint)[:length] == get_args(known)):
            return words[0], words[1]
    return None


def _composed(hint: object) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return listed(map(str, inner), "or")
    if origin in {Union, types.UnionType}:
        return ", or ".join(dict.fromkeys(_one(each) for each in inner if each is not type(None)))
    if origin is tuple:
        return f"list of {_many(inner[0])}"
    if origin is dict:
        return f"map: {_one(inner[0])} to {_one(inner[1])}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return listed([str(each.value) for each in hint], "or")
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        anchor = LINKS.get(hint.__name__, hint.__name__.lower())
        return f"[map](#{anchor})"
    raise TypeError(f"{hint} has no words: add it to docs/generator/types.py")


def _many(hint: object) -> str:
    if words := _words(hint):
        return words[1]
    if get_origin(hint) is Annotated:
        return _many(get_args(hint)[0])
    if hint in _PLAIN:
        return _PLAIN[hint][1]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return listed([str(each.value) for each in hint])
    if get_origin(hint) is Literal:
        return listed(map(str, get_args(hint)))
    return _composed(hint).replace("[map]", "[maps]")


def _limits(info: FieldInfo) -> str:
    """The least and the most that a number may be."""
    low = next((each.ge for each in info.metadata if isinstance(each, annotated_types.Ge)), None)
    high = next((each.le for each in info.metadata if isinstance(each, annotated_types.Le)), None)
    if info.annotation not in {int, float} or (low is None and high is None):
        return ""
    return f", {low} or more" if high is None else f", {low} to {high}"


_PLAIN_TEXT = re.compile(
    r"(?!(?:true|false|null|yes|no|on|off|[0-9.:]+)$)[A-Za-z0-9./](?:[A-Za-z0-9_./@+:-]*[A-Za-z0-9_./@+-])?"
)


def yaml(value: object) -> str:
    """A value in YAML's flow style, on one line."""
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{yaml(key)}: {yaml(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(yaml, value))}]"
    if isinstance(value, Enum):
        return yaml(value.value)
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value)


def _text(value: str) -> str:
    if _PLAIN_TEXT.fullmatch(value):
        return value
    return "'" + value.replace("'", "''") + "'"


def examples_of(model: type[BaseModel], field: str) -> list[Any]:
    """The examples of a field: its own, else those of a value of it."""
    info = model.model_fields[field]
    if info.examples:
        return list(info.examples)
    return _examples_in(get_type_hints(model, include_extras=True)[field])


def shared_examples() -> list[list[Any]]:
    """The examples of the types with a name, which say nothing about one field."""
    return [_examples_in(known) for known, _, _ in _WORDS]


def _examples_in(hint: object) -> list[Any]:
    if get_origin(hint) is Annotated:
        found = [each for each in get_args(hint)[1:] if isinstance(each, FieldInfo) and each.examples]
        if found:
            return list(found[0].examples or ())
        return _examples_in(get_args(hint)[0])
    if get_origin(hint) in {Union, types.UnionType}:
        return next((found for each in get_args(hint) if (found := _examples_in(each))), [])
    if get_origin(hint) is tuple:
        inner = _examples_in(get_args(hint)[0])
        return [inner] if inner else []
    return []


def default_of(info: FieldInfo) -> str:
    """The default of a field as code; **required** if it must be given, a dash if it is not set."""
    if info.is_required():
        return "**required**"
    default = info.get_default(call_default_factory=True)
    if default is None or default in ((), {}, ""):
        return "—"
    if isinstance(default, BaseModel):
        written = yaml(default)
        return code(written) if written != "{}" else "its defaults"
    return code(yaml(default))
