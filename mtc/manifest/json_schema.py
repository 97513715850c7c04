"""The JSON Schema of a manifest's file, made from the models, for editors and for CI.

It describes one file on its own. A file may leave settings to its base, and a site or an environment may give part of a
section, so no key is required except `version`, and that only without `extends`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import cast

from mtc.formats.settings import Filters, HitSettings
from mtc.manifest import deprecations
from mtc.manifest.models import Manifest
from mtc.manifest.nodes import KeyPath
from mtc.manifest.references import LIST_KEYS

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Object = dict[str, Json]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = "urn:mtc:schema:manifest:1"
_WHOLE = {"DateRange", "JsonPaths", "LastDays"}
_MODELS = {"filters": Filters.__name__, "hits": HitSettings.__name__}
_NEVER_NULL = {"version", "last", "from", "to", "file"}
_NOISE = {"title", "minProperties"}
_REFERENCE = r"\$\{[^{}]+\}"
_SHOWN = ("description", "deprecated", "default", "examples")
_REFERRED = re.compile(r'"#/\$defs/(\w+)"')
_LIST_FILE: Object = {
    "additionalProperties": False,
    "properties": {
        "file": {
            "description": "A text file with an entry a line, its path relative to the project; `#` begins a comment.",
            "examples": ["lists/paths.txt"],
            "minLength": 1,
            "type": "string",
        }
    },
    "required": ["file"],
    "type": "object",
}
_EXTENDS: Object = {
    "description": "A base file; the path is relative to this file. This file's keys win, maps are merged, and null "
    "removes a key.",
    "examples": ["sites.yaml"],
    "minLength": 1,
    "type": "string",
}


def build() -> str:
    """The schema as text, the same for the same models."""
    made = cast("Object", Manifest.model_json_schema(by_alias=True, mode="validation"))
    definitions = cast("dict[str, Object]", made.pop("$defs"))
    for name, definition in definitions.items():
        if name not in _WHOLE:
            definition.pop("required", None)
    for section, keys in LIST_KEYS.items():
        _allow_files(definitions[_MODELS[section]], keys)
    _add_old_names(made, definitions)
    made.pop("required")
    definitions["Environment"] = {**made, "description": "Settings laid over the manifest's."}
    defined: Object = {name: _relax(definition) for name, definition in sorted(definitions.items())}
    return json.dumps({**_top(made), "$defs": defined}, indent=2, ensure_ascii=False) + "\n"


def _allow_files(definition: Object, keys: Iterable[str]) -> None:
    """Allow these lists to be a file with their entries."""
    properties = cast("dict[str, Object]", definition["properties"])
    for key in keys:
        shown: Object = {each: value for each, value in properties[key].items() if each in _SHOWN}
        rest: Object = {each: value for each, value in properties[key].items() if each not in _SHOWN}
        properties[key] = {**shown, "anyOf": [*cast("list[Json]", rest.pop("anyOf", [rest])), _LIST_FILE]}


def _add_old_names(made: Object, definitions: Mapping[str, Object]) -> None:
    """List the old names of renamed keys as deprecated, so that an editor strikes them through and explains."""
    for each in deprecations.RENAMED:
        sections = [found for found in _sections(made, definitions, each.section) if each.new in found]
        if not sections:
            where = ".".join((*each.section, each.new))
            raise ValueError(f"no key is called {where}: see RENAMED in mtc/manifest/deprecations.py")
        description = f"Deprecated since mtc {each.since}: write `{each.new}`, which means the same."
        for properties in sections:
            properties[each.old] = {**properties[each.new], "description": description, "deprecated": True}


def _sections(made: Object, definitions: Mapping[str, Object], path: KeyPath) -> list[dict[str, Object]]:
    """The properties of every object that is allowed at the path of a section."""
    found = [made]
    for key in path:
        if key != deprecations.ANY:  # a map of named entries refers to the schema of an entry
            inner = [properties[key] for properties in map(_properties, found) if key in properties]
            found = [definitions[name] for name in _REFERRED.findall(json.dumps(inner))]
    return [_properties(each) for each in found]


def _properties(definition: Object) -> dict[str, Object]:
    return cast("dict[str, Object]", definition.get("properties", {}))


def _top(made: Object) -> Object:
    """The file: a manifest's settings, `extends` and `environments`."""
    properties = {**cast("Object", made["properties"]), "extends": _EXTENDS, "environments": _environments()}
    return {
        "$schema": DIALECT,
        "$id": IDENTITY,
        "title": "mtc manifest",
        **_relax({**made, "properties": cast("Json", properties)}),
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": ["version"]},
    }


def _environments() -> Object:
    return {
        "description": "Named sets of keys. `--env NAME` applies one of them on top of the manifest.",
        "examples": [{"staging": {"archive": None, "warehouse": {"path": "staging/warehouse"}}}],
        "patternProperties": {"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$": {"$ref": "#/$defs/Environment"}},
        "type": "object",
    }


def _relax(schema: Object) -> Object:
    """Allow every key to be null, as null removes it, and every text with a pattern to be a `${NAME}`."""
    relaxed: Object = {}
    for key, value in schema.items():
        if key in _NOISE or (key == "default" and value is None):
            continue
        if key in {"properties", "patternProperties"}:
            inner = cast("dict[str, Object]", value)
            relaxed[key] = {name: _or_null(name, _relax(each)) for name, each in inner.items()}
        elif key == "items":
            relaxed[key] = _relax(cast("Object", value))
        elif key in {"anyOf", "oneOf"}:
            relaxed["anyOf"] = [_relax(each) for each in cast("list[Object]", value)]
        elif key == "pattern":
            relaxed[key] = f"(?:{value})|{_REFERENCE}"
        else:
            relaxed[key] = value
    if "patternProperties" in relaxed:
        relaxed["additionalProperties"] = False
    return relaxed


def _or_null(name: str, schema: Object) -> Object:
    """The schema or null. What editors show, such as descriptions, stays at the top level."""
    options = schema.get("anyOf")
    if name in _NEVER_NULL or (isinstance(options, list) and {"type": "null"} in options):
        return schema
    shown: Object = {key: schema[key] for key in _SHOWN if key in schema}
    rest: Object = {key: value for key, value in schema.items() if key not in shown}
    kinds = options if isinstance(options, list) else [rest]
    return {**shown, "anyOf": [*kinds, {"type": "null"}]}
