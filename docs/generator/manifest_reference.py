"""The page `docs/manifest-reference.md`: every key of a manifest, from the models that read it."""

import json
import re
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from docs.generator.markdown import NOTICE, code, fenced, prose, table
from docs.generator.types import default_of, examples_of, shared_examples, type_of, yaml
from mtc.core.frozen_model import descriptions
from mtc.formats.custom_formats import CustomFormat, JsonPaths
from mtc.formats.settings import ClientSettings, Filters, HitSettings, PathRule
from mtc.manifest import deprecations
from mtc.manifest.dates import DateRange, LastDays
from mtc.manifest.json_schema import build
from mtc.manifest.models import Folder, Freshness, Manifest, Run, Site, Source, Stats
from mtc.manifest.references import LIST_KEYS
from mtc.matomo.settings import Matomo
from mtc.sources.settings import Archive, Credentials

_HEAD = f"""# Manifest reference

{NOTICE}
Every key of a manifest, with its type and its default. [The manifest by example](manifest.md) explains how they work
together. `mtc schema` prints the same as a JSON Schema, with which editors complete keys and show their descriptions.

- A key that is not listed is an error, and `mtc validate` suggests the nearest one.
- A dash as the default means that the key is not set.
- `null` removes a key that a base file, the manifest or its site inherits.
- Any text may contain `${{NAME}}`, an environment variable, or `${{file:PATH}}`, the content of a file. Secrets should
  be written in no other way: mtc warns about one in plain text.
- A duration is a whole number and a unit: `s`, `m`, `h` or `d`.
- A glob has `*` (any characters), `?` (one character) and `[...]` (one of several).

"""

_EXAMPLE_IN_TYPE = re.compile("such as|path of keys|date|format")


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page. `key` is what its example is shown under, `beside` what the example needs elsewhere."""

    title: str
    model: type[BaseModel]
    key: tuple[str, ...]
    more: str = ""
    beside: str = ""


SECTIONS: tuple[Section, ...] = (
    Section("source", Source, ("source",), "A site's `source` overrides single keys of it."),
    Section("source.client", ClientSettings, ("source", "client"), "See [Clients and fields](clients.md)."),
    Section("archive", Archive, ("archive",)),
    Section(
        "warehouse and csv",
        Folder,
        ("warehouse",),
        "`warehouse` is for the hits, `csv` for the CSV files.",
    ),
    Section("matomo", Matomo, ("matomo",), "See [Matomo](matomo.md).", "sites:\n  docs: {matomo_id: 1}"),
    Section("filters", Filters, ("filters",), "See [Filters and hit rules](filters.md)."),
    Section("hits", HitSettings, ("hits",), "See [Hit rules](filters.md#hit-rules)."),
    Section("hits.replace_paths", PathRule, ("hits", "replace_paths"), "An entry of the list:"),
    Section("stats", Stats, ("stats",)),
    Section("freshness", Freshness, ("freshness",)),
    Section("run", Run, ("run",)),
    Section("sites", Site, ("sites", "docs"), "`sites` maps the sites' names to these keys."),
    Section("credentials", Credentials, ("credentials", "pull"), "`credentials` maps names to these keys."),
)

_OWN_FORMATS = (
    "Give exactly one of these, in place of a format's name. "
    "See [Describe your own format](formats.md#describe-your-own-format)."
)


def page() -> str:
    """The whole page."""
    blocks = [_HEAD + "## Top level\n\n" + prose(Manifest.__doc__) + "\n\n" + _top()]
    blocks += ["## Blocks\n", *map(_section, SECTIONS), _environments()]
    blocks += ["## Values\n", _dates(), _own_formats(), *_old_names()]
    return "\n".join(blocks)


def _top() -> str:
    schema = json.loads(build())["properties"]
    rows = list(key_rows(Manifest))
    rows.insert(1, (code("extends"), "path of a file", "—", prose(schema["extends"]["description"])))
    rows.append((code("environments"), "[map](#environments)", "—", prose(schema["environments"]["description"])))
    return keys_table(rows)


def keys_table(rows: list[tuple[str, ...]]) -> str:
    """The table of a section's keys."""
    return table(("key", "type", "default", "meaning"), rows)


def key_rows(model: type[BaseModel]) -> list[tuple[str, ...]]:
    """A row for each key of a model: key, type, default, meaning with an example."""
    return [
        (code(info.alias or name), _type(model, name), default_of(info), meaning_of(model, name))
        for name, info in model.model_fields.items()
    ]


def _type(model: type[BaseModel], name: str) -> str:
    section = {Filters: "filters", HitSettings: "hits"}.get(model, "")
    in_file = ", or `{file: PATH}`" if name in LIST_KEYS.get(section, ()) else ""
    return type_of(model, name) + in_file


def meaning_of(model: type[BaseModel], name: str) -> str:
    """What a key does, with an example where its default shows none."""
    info = model.model_fields[name]
    text = prose(descriptions(model)[name])
    known = examples_of(model, name)
    in_type = _EXAMPLE_IN_TYPE.search(type_of(model, name)) and known in shared_examples()
    examples = [] if in_type else [each for each in known if each not in ([], info.default)]
    shown = not info.is_required() and isinstance(info.default, bool | int | float)
    return text if shown or not examples else f"{text} Example: {code(yaml(examples[0]))}"


def example_of(model: type[BaseModel]) -> Any:  # noqa: ANN401 - whatever a model's keys hold
    """The example of a whole model; None where it has none."""
    extra = model.model_config.get("json_schema_extra")
    examples = extra.get("examples") if isinstance(extra, dict) else None
    return examples[0] if isinstance(examples, list) and examples else None


def _section(section: Section) -> str:
    about = " ".join(filter(None, (prose(section.model.__doc__), section.more)))
    example = example_of(section.model)
    shown = "\n" + fenced(f"{_block(section.key, example)}\n{section.beside}", "yaml") if example else ""
    return f"### {section.title}\n\n{about}\n\n{keys_table(key_rows(section.model))}{shown}"


def _block(path: tuple[str, ...], value: dict[str, Any] | list[Any]) -> str:
    """A value in YAML's block style, under the keys that lead to it."""
    lines = [f"{'  ' * depth}{key}:" for depth, key in enumerate(path)]
    inner = "  " * len(path)
    lines += [f"{inner}{yaml(key)}: {yaml(each)}" for key, each in dict(value).items()]
    return "\n".join(lines)


def _environments() -> str:
    known = json.loads(build())["properties"]["environments"]
    name, keys = next(iter(known["examples"][0].items()))
    return (
        f"### environments\n\n{prose(known['description'])} Each may contain all keys of the manifest except `extends` "
        f"and `environments`.\n\n{fenced(_block(('environments', name), keys), 'yaml')}"
    )


def _dates() -> str:
    forms = [
        ("`yesterday`", "The last day that has ended, in each site's time zone. The default."),
        ("`today`", "The current day."),
        ("`2026-05-01`", "One day."),
    ]
    forms += [
        (code(form), prose(model.__doc__))
        for form, model in (("{last: 7}", LastDays), ("{from: 2026-01-01, to: 2026-03-31}", DateRange))
    ]
    return "\n".join(
        (
            f"### Date selections\n\nWhat `dates` may be.\n\n{table(('dates', 'days'), forms)}",
            keys_table([*key_rows(LastDays), *key_rows(DateRange)]),
        )
    )


def _own_formats() -> str:
    return (
        f"### Formats of your own\n\n{prose(CustomFormat.__doc__)} {_OWN_FORMATS}\n\n"
        f"{keys_table(key_rows(CustomFormat))}\n"
        f"### json\n\n{prose(JsonPaths.__doc__)}\n\n{keys_table(key_rows(JsonPaths))}"
    )


def _old_names() -> list[str]:
    """The old names of renamed keys, where there are any."""
    rows = [
        (code(".".join((*each.section, each.old))), code(".".join((*each.section, each.new))), code(each.since))
        for each in deprecations.RENAMED
    ]
    about = "Still read, with a warning. The new name means the same."
    return [f"## Old names\n\n{about}\n\n{table(('old name', 'write', 'since mtc'), rows)}"] if rows else []
