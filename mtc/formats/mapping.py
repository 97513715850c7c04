"""`source.fields`: the manifest says which column, key, label or group of a known format a field is read from.

What is mapped stands for what the format has for the field; so do the ways to say what was asked for (`request`,
`target`, `path`) for each other. A name that the file does not have is told with the nearest that it has.
"""

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence

from mtc.errors import PermanentError
from mtc.formats import any_csv
from mtc.formats.base import Format
from mtc.formats.cells import Cells
from mtc.formats.json_lines import JsonLines, find, pointer, read_object
from mtc.formats.pairs import Pairs
from mtc.formats.peeking import bare_lines
from mtc.formats.texts import host_name, unbracketed
from mtc.formats.w3c import Header, bound
from mtc.manifest.layouts.paths import read_path
from mtc.manifest.near import suggest

Fields = tuple[tuple[str, str], ...]

_ASKED = ("request", "target", "path")
_ESSENTIAL = frozenset({"ip", "time", "clock", *_ASKED})
_MEANING = {"host": host_name, "time": unbracketed}
_DEEPEST = 5


def mapped(form: Format, fields: Fields, sample: Sequence[str], where: str) -> Format:
    """The format with these fields read from what the manifest names.

    Raises:
        PermanentError: the file has nothing of that name.
    """
    if not fields:
        return form
    if isinstance(form.shape, Cells):
        return _of_cells(form, form.shape, fields, where)
    lines = bare_lines(form, sample)
    if isinstance(form.changes, Header):
        known = frozenset(form.changes.fields)
        _check({name: column.lower() for name, column in fields}, known, where, every=bool(known))
        return _of_columns(form, fields)
    if isinstance(form.shape, JsonLines):
        return _of_json(form, _pointers(fields, lines, where))
    known = (
        frozenset(label for line in lines for label, _ in form.shape.pairs(line))
        if isinstance(form.shape, Pairs)
        else frozenset(form.shape.names)
    )
    _check(dict(fields), known, where, every=not isinstance(form.shape, Pairs))
    return _of_pairs(form, fields) if isinstance(form.shape, Pairs) else _of_groups(form, fields)


def _check(fields: Mapping[str, str], known: frozenset[str], where: str, *, every: bool) -> None:
    """Refuse a name that is not there. Of optional ones, which few lines may have, only one that was mistyped."""
    for name, column in fields.items():
        hint = suggest(column, known, otherwise="it has")
        if known and column not in known and (every or name in _ESSENTIAL or hint.startswith("did you")):
            raise PermanentError(
                f"there is no {column} in the file, which `fields` says is the {name}", where=where, hint=hint
            )


def _of_cells(form: Format, shape: Cells, fields: Fields, where: str) -> Format:
    there = {name.lower() for name in shape.columns}
    gone = {name: column for name, column in fields if column.strip().lower() not in there}
    _check(gone, frozenset(filter(None, shape.columns)) or frozenset(there), where, every=True)
    return any_csv.with_fields(form, fields)


@functools.lru_cache(maxsize=256)
def _of_columns(form: Format, fields: Fields) -> Format:
    header = form.changes
    assert isinstance(header, Header)  # noqa: S101 - asked for by the caller
    given = {name: (column.lower(),) for name, column in fields}
    gone = {name for ways in (_ASKED, ("time", "clock")) if given.keys() & set(ways) for name in ways}
    gone |= {"date"} if "time" in given else set()
    columns = tuple((name, names) for name, names in header.dialect.columns if name not in {*gone, *given})
    derive = tuple((name, sql) for name, sql in header.dialect.derive if name not in {*gone, *given})
    dialect = dataclasses.replace(header.dialect, columns=(*columns, *given.items()), derive=derive)
    return dataclasses.replace(bound(dataclasses.replace(header, dialect=dialect)), prefix=form.prefix)


def _pointers(fields: Fields, lines: Sequence[str], where: str) -> Fields:
    """The paths of the fields; a key that has dots in it may be written as it is."""
    values = [value for value in map(read_object, lines) if isinstance(value, dict)]
    known = frozenset(name for value in values for name in _paths(value))
    found = []
    for name, text in fields:
        ways = (pointer(*read_path(text)), pointer(text))
        there = next((way for way in ways if any(find(value, way) is not None for value in values)), "")
        if not there:
            _check({name: text}, known - {text}, where, every=False)
        found.append((name, there or ways[0]))
    return tuple(found)


def _paths(value: object, above: str = "", depth: int = 0) -> Iterator[str]:
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _paths(inner, f"{above}.{key}" if above else str(key), depth + 1)
    elif above:
        yield above


@functools.lru_cache(maxsize=256)
def _of_json(form: Format, pointers: Fields) -> Format:
    shape = form.shape
    assert isinstance(shape, JsonLines)  # noqa: S101 - asked for by the caller
    own = tuple((f"own_{name}", (path,)) for name, path in pointers)
    made = dataclasses.replace(shape, paths=(*shape.paths, *own), needed=_needed(shape.needed, dict(pointers)))
    return dataclasses.replace(form, shape=made, derive=_derived(form, dict(pointers)))


@functools.lru_cache(maxsize=256)
def _of_pairs(form: Format, fields: Fields) -> Format:
    shape = form.shape
    assert isinstance(shape, Pairs)  # noqa: S101 - asked for by the caller
    own = tuple((f"own_{name}", (label,)) for name, label in fields)
    made = dataclasses.replace(shape, labels=(*shape.labels, *own), needed=_needed(shape.needed, dict(fields)))
    return dataclasses.replace(form, shape=made, derive=_derived(form, dict(fields)))


@functools.lru_cache(maxsize=256)
def _of_groups(form: Format, fields: Fields) -> Format:
    meant = {name: _meaning(name, f"z.{group}") for name, group in fields}
    return dataclasses.replace(form, derive=tuple((dict(form.derive) | meant).items()))


def _needed(groups: tuple[tuple[str, ...], ...], fields: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """What a line must have to be a request: what is mapped, in place of what the format has for it."""
    asked = next((name for name in _ASKED if name in fields), "")
    said = {"stamp": "time", "named": "ip"} | {name: asked for name in _ASKED if asked}
    ways = (tuple(said.get(name, name) for name in group) for group in groups)
    return tuple(
        next(((f"own_{name}",) for name in way if name in fields), group)
        for way, group in zip(ways, groups, strict=True)
    )


def _derived(form: Format, fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What the texts mean; a path without a query of its own may have it behind a question mark."""
    meant = {name: _meaning(name, f"z.own_{name}") for name in fields}
    if fields.keys() & set(_ASKED):
        meant = dict.fromkeys(_ASKED, "NULL::VARCHAR") | meant
    if "path" in fields and "query" not in fields:
        meant |= {"target": meant["path"], "path": "NULL::VARCHAR"}
    kept = {name: sql for name, sql in form.derive if name != "time" or "clock" not in fields}
    return tuple((kept | meant).items())


def _meaning(name: str, text: str) -> str:
    return _MEANING[name](text) if name in _MEANING else text
