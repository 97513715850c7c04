"""Checks that the recipes of CONTRIBUTING.md were followed when something is registered.

Each check returns sentences that say what is missing and where to add it, or nothing if the recipe was followed. The
checks take what they inspect as arguments, so that tests can pass something incomplete.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard, get_args, get_origin

from format_samples import SampleFile
from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
GENERATE = "run docs/generate.py"


def pages() -> str:
    """Return the text of the README and every page of docs/."""
    files = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    return "\n".join(file.read_text("utf-8") for file in files)


def sources() -> Mapping[str, str]:
    """Return the source text of every module of mtc, by module name."""
    files = sorted((ROOT / "mtc").rglob("*.py"))
    return {".".join(file.relative_to(ROOT).with_suffix("").parts): file.read_text("utf-8") for file in files}


def missing_of_format(name: str, samples: Iterable[SampleFile], docs: str) -> list[str]:
    """Return what a registered format lacks: a sample log, its expected rows, its name in the table of formats."""
    own = [sample for sample in samples if sample.format == name]
    missing = []
    if not own:
        missing.append(
            f"format {name} has no sample: add SampleFile(format={name!r}, text=..., rows=...) to SAMPLES of a module "
            "in tests/support/format_samples/ (a new module goes into its __init__.py as well)"
        )
    elif not any(sample.rows for sample in own):
        missing.append(
            f"format {name} has no expected rows: give its SampleFile in tests/support/format_samples/ `rows`, a Row "
            "with the fields of each request, in the order of the log"
        )
    if not re.search(rf"^\|.*`{re.escape(name)}`", docs, re.MULTILINE):
        missing.append(
            f"format {name} has no row in the docs: add it to a family of FAMILIES in mtc/formats/registry.py, "
            f"and {GENERATE}"
        )
    return missing


@dataclass(frozen=True, slots=True)
class StatTables:
    """The parts of the statistics tables: models, queries, labels, and the source text of the Matomo provider."""

    optional: Mapping[str, bool]
    queries: Collection[str]
    labels: Collection[str]
    matomo: str


def missing_of_table(name: str, known: StatTables, docs: str) -> list[str]:
    """Return what a statistics table lacks: a field, a query, Matomo's report, a label, its columns in the docs."""
    missing = []
    if name not in known.optional:
        missing.append(f"table {name} has no field: add it to Tables in mtc/warehouse/stat_tables.py, beside its ROWS")
    if name not in known.queries:
        missing.append(f"table {name} is not counted: add its Query to QUERIES in mtc/warehouse/day_tables.py")
    if not re.search(rf"\b{name}=", known.matomo) and not known.optional.get(name, False):
        missing.append(
            f"table {name} is empty where Matomo answers: fill it in tables() of mtc/stages/stat/matomo_tables.py, "
            "or let its default in Tables be None, which means that it is not known"
        )
    if name not in known.labels:
        missing.append(f"table {name} has no column for its label: add it to LABELS in mtc/warehouse/csv_files.py")
    if not re.search(rf"^#+ .*\b{name}\.csv", docs, re.MULTILINE):
        missing.append(f"table {name} is not in the docs: docs/csv.md is generated, {GENERATE}")
    return missing


def missing_of_command(name: str, module: str, docs: str) -> list[str]:
    """Return what a command lacks: a module in mtc/cli/, a place in the docs."""
    missing = []
    if not module.startswith("mtc.cli.") or module == "mtc.cli.main":
        missing.append(
            f"command {name} stands in {module}: write it in another module of mtc/cli/, mtc/cli/main.py only lists it"
        )
    words = re.escape(name).replace(r"\ ", r" (?:[^`]*\b)?")
    if not re.search(rf"`mtc {words}\b", docs):
        missing.append(f"command {name} is not in the docs: {GENERATE}")
    return missing


_EXECUTOR = {"submit", "pump", "stop", "close"}


def missing_of_executors(texts: Mapping[str, str], tested: Collection[str]) -> list[str]:
    """Return the executor classes that no contract test covers. `texts` are modules by name."""
    return [
        f"executor {node.name} of {module} passes no contract test: add it to EXECUTORS in tests/support/executors.py"
        for module, text in texts.items()
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef)
        and {each.name for each in node.body if isinstance(each, ast.FunctionDef)} >= _EXECUTOR
        and not any(ast.unparse(base).startswith("Protocol") for base in node.bases)
        and node.name not in tested
    ]


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the manifest: its model and field, and its path as written in a manifest."""

    model: type[BaseModel]
    field: str
    path: str


def keys_of(model: type[BaseModel]) -> tuple[Key, ...]:
    """Return every key of a model and its nested models, each model at its first occurrence."""
    seen: set[type[BaseModel]] = set()

    def walk(kind: type[BaseModel], path: tuple[str, ...]) -> Iterator[Key]:
        if kind in seen:
            return
        seen.add(kind)
        for name, info in kind.model_fields.items():
            own = (*path, info.alias or name)
            yield Key(kind, name, ".".join(own))
            for inner in _models_in(info.annotation):
                yield from walk(inner, (*own, "NAME") if get_origin(info.annotation) is dict else own)

    return tuple(walk(model, ()))


def _models_in(kind: object) -> Iterator[type[BaseModel]]:
    """Return the models in a type, such as those of a union or of a map's values."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in get_args(kind):
        yield from _models_in(inner)


def unread_keys(keys: Collection[Key], texts: Mapping[str, str]) -> list[str]:
    """Return the keys that nothing outside of the models reads. `texts` are modules by name.

    A key that a method of its model reads counts if the method is called; a method that dumps or iterates over the
    model reads all of its keys. Only names are compared: a key with the name of another attribute counts as read.
    """
    owners = {(key.model.__module__, key.model.__name__) for key in keys}
    outside: set[str] = set()
    methods: dict[tuple[str, str], dict[str, set[str]]] = {}
    for module, text in texts.items():
        tree = ast.parse(text)
        models = [node for node in tree.body if isinstance(node, ast.ClassDef) and (module, node.name) in owners]
        for node in models:
            methods[module, node.name] = {
                each.name: _read_in(each) for each in node.body if isinstance(each, ast.FunctionDef)
            }
        own = {id(inner) for node in models for inner in ast.walk(node)}
        outside |= {node.attr for node in ast.walk(tree) if id(node) not in own and _is_read(node)}
    return [
        f"key {key.path} changes nothing: no module of mtc/ reads `{key.field}` of {key.model.__name__}. "
        "Read it where it takes effect, or remove it from the model"
        for key in keys
        if key.field not in outside
        and not _read_through(key.field, methods.get((key.model.__module__, key.model.__name__), {}), outside)
    ]


_WHOLE = "model_dump"


def _is_read(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)


def _read_in(node: ast.AST) -> set[str]:
    """Return the attributes that a method reads, or `_WHOLE` if it iterates over its model."""
    through = {each.iter for each in ast.walk(node) if isinstance(each, ast.For | ast.comprehension)}
    whole = {_WHOLE} if any(isinstance(each, ast.Name) and each.id == "self" for each in through) else set()
    return whole | {each.attr for each in ast.walk(node) if _is_read(each)}


def _read_through(field: str, methods: Mapping[str, Collection[str]], outside: Collection[str]) -> bool:
    """Return whether called methods read the field, directly or through one another."""
    used = {name for name in methods if name in outside}
    while more := {name for name in methods if any(name in methods[each] for each in used)} - used:
        used |= more
    return any(field in methods[name] or _WHOLE in methods[name] for name in used)
