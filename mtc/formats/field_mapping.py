"""Fields of a sample's lines, and `source.fields`: the column, key, label or group that a field is read from.

The first half reads the fields of a sample in Python, to see which fields a format lacks and who its clients are.

The second half applies `source.fields`. A mapped field replaces the format's own; `request`, `target` and `path`
replace each other. A name that the file does not have is an error that suggests the nearest name that it has.
"""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence

from mtc.core.errors import PermanentError
from mtc.core.suggest import suggest
from mtc.formats import csv_lines, layers
from mtc.formats.columns import Columns
from mtc.formats.csv_lines import Cells
from mtc.formats.json_lines import JsonLines, find, pointer, read_object
from mtc.formats.layouts.json_paths import read_path
from mtc.formats.ltsv_logfmt import Pairs
from mtc.formats.model import Format
from mtc.formats.pattern import CustomPattern, LinePattern, overlooks_agent
from mtc.formats.sql import host_name, unbracketed
from mtc.formats.w3c import Header, bound

Texts = Mapping[str, str]

_STATUSES = ("status", "mapped_status", "background")
_TIMES = ("time", "mapped_time", "clock", "mapped_clock", "stamp")
_AGENTS = ("user_agent",)
_TARGETS = ("request", "target", "path", "mapped_request", "mapped_target", "mapped_path", "uri", "url")
# Formats that are defined without a status.
_FORMATS_WITHOUT_STATUS = ("cloudfront_rtmp",)
_EMPTY = ("", "-")
_SAMPLED = 100


def data_lines(log_format: Format, sample: Sequence[str]) -> list[str]:
    """The first lines of a sample without their layers, neither blank nor headers."""
    chain = log_format.prefix.layers if log_format.prefix else ()
    lines = (layers.without_layers(line, chain) for line in sample) if chain else iter(sample)
    headed = log_format.shape.is_header if isinstance(log_format.shape, Cells) else None
    counting = (line for line in lines if line.strip() and not line.startswith("#") and not (headed and headed(line)))
    return list(itertools.islice(counting, _SAMPLED))


def texts_of(log_format: Format, sample: Sequence[str]) -> Iterator[Texts]:
    """The texts of each line that the format reads, by the names of its shape; none for a user's expression."""
    return _texts(log_format, data_lines(log_format, sample))


def _texts(log_format: Format, lines: Sequence[str]) -> Iterator[Texts]:
    shape = log_format.shape
    for line in lines:
        if isinstance(shape, CustomPattern) or not shape.fits(line):
            continue
        if isinstance(shape, JsonLines | Columns | Cells):
            yield shape.texts(line)
        elif isinstance(shape, Pairs):
            read = shape.read(line)
            yield {name: next(filter(None, map(read.get, labels)), "") for name, labels in shape.labels}
        elif isinstance(shape, LinePattern) and (match := shape.regex.match(line)):
            yield {name: text or "" for name, text in match.groupdict().items()}


def unread_fields(log_format: Format, sample: Sequence[str]) -> tuple[str, ...]:
    """Which of status, time, path, client and user agent the format reads from no line of a sample.

    Text formats have all of them; with a header, JSON and pairs it depends on the file. A user agent counts as unread
    only if most lines have one.
    """
    shape = log_format.shape
    if isinstance(shape, JsonLines | Cells) and (unread := _unread(shape)):
        return unread
    if isinstance(shape, Columns):
        fitting = any(map(shape.fits, data_lines(log_format, sample)))
        read: list[Texts] = [dict.fromkeys(shape.columns, "x")] if fitting else []
    elif isinstance(shape, JsonLines | Pairs | Cells):
        read = list(texts_of(log_format, sample))
    else:
        return ()
    ways = {"status": _STATUSES, "time": _TIMES, "path": _TARGETS}
    checked = ways if isinstance(shape, Columns) else ("status",)  # other shapes require the rest
    expected = [name for name in checked if name != "status" or log_format.name not in _FORMATS_WITHOUT_STATUS]
    missing = [name for name in expected if read and not any(_has(texts, ways[name]) for texts in read)]
    return (*missing, *(["user_agent"] if _overlooks_agents(log_format, sample) else []))


def _overlooks_agents(log_format: Format, sample: Sequence[str]) -> bool:
    """Whether most of the lines that a format reads contain a user agent that it does not read."""
    lines = [line for line in data_lines(log_format, sample) if log_format.shape.fits(line)]
    read = ([text for name, text in texts.items() if name] for texts in _texts(log_format, lines))
    overlooked = sum(overlooks_agent(line, texts) for line, texts in zip(lines, read, strict=False))
    return overlooked > len(lines) / 2


def reads_more(log_format: Format, other: Format, lines: Sequence[str]) -> bool:
    """Whether a format reads a status or a user agent from lines from which the other reads none."""
    texts, other_texts = list(_texts(log_format, lines)), list(_texts(other, lines))
    unread = [names for names in (_STATUSES, _AGENTS) if not any(_has(found, names) for found in other_texts)]
    return any(_has(found, names) for names in unread for found in texts)


def _unread(shape: JsonLines | Cells) -> tuple[str, ...]:
    """The fields that a request must have and the shape has no path or column for."""
    known_names = dict(shape.paths if isinstance(shape, JsonLines) else shape.positions)
    missing = [group for group in shape.needed if not set(group) & known_names.keys()]
    return tuple("path" if "path" in group else group[0] for group in missing)


def _has(texts: Texts, names: Sequence[str]) -> bool:
    return any(texts.get(name, "") not in _EMPTY for name in names)


Fields = tuple[tuple[str, str], ...]

_REQUEST_FIELDS = ("request", "target", "path")
_ESSENTIAL = frozenset({"ip", "time", "clock", *_REQUEST_FIELDS})
_MEANING = {"host": host_name, "time": unbracketed}
_DEEPEST = 5


def with_mapped_fields(log_format: Format, fields: Fields, sample: Sequence[str], where: str) -> Format:
    """The format with these fields read from the columns, keys, labels or groups that the manifest names.

    Raises:
        PermanentError: the file has no such name.
    """
    if not fields:
        return log_format
    if isinstance(log_format.shape, Cells):
        return _of_cells(log_format, log_format.shape, fields, where)
    lines = data_lines(log_format, sample)
    if isinstance(log_format.changes, Header):
        known = frozenset(log_format.changes.fields)
        _check({name: column.lower() for name, column in fields}, known, where, every=bool(known))
        return _of_columns(log_format, fields)
    if isinstance(log_format.shape, JsonLines):
        return _of_json(log_format, _pointers(fields, lines, where))
    known = (
        frozenset(label for line in lines for label, _ in log_format.shape.pairs(line))
        if isinstance(log_format.shape, Pairs)
        else frozenset(log_format.shape.names)
    )
    _check(dict(fields), known, where, every=not isinstance(log_format.shape, Pairs))
    return _of_pairs(log_format, fields) if isinstance(log_format.shape, Pairs) else _of_groups(log_format, fields)


def _check(fields: Mapping[str, str], known: frozenset[str], where: str, *, every: bool) -> None:
    """Refuse a name that the file does not have; an optional one, which may be rare, only if it looks mistyped."""
    for name, column in fields.items():
        hint = suggest(column, known, otherwise="it has")
        if known and column not in known and (every or name in _ESSENTIAL or hint.startswith("did you")):
            raise PermanentError(
                f"there is no {column} in the file, which `fields` says is the {name}", where=where, hint=hint
            )


def _of_cells(log_format: Format, shape: Cells, fields: Fields, where: str) -> Format:
    known_names = {name.lower() for name in shape.columns}
    unmapped = {name: column for name, column in fields if column.strip().lower() not in known_names}
    _check(unmapped, frozenset(filter(None, shape.columns)) or frozenset(known_names), where, every=True)
    return csv_lines.with_fields(log_format, fields)


@functools.lru_cache(maxsize=256)
def _of_columns(log_format: Format, fields: Fields) -> Format:
    header = log_format.changes
    assert isinstance(header, Header)  # noqa: S101 - checked by the caller
    given = {name: (column.lower(),) for name, column in fields}
    unmapped = {name for ways in (_REQUEST_FIELDS, ("time", "clock")) if given.keys() & set(ways) for name in ways}
    unmapped |= {"date"} if "time" in given else set()
    columns = tuple((name, names) for name, names in header.dialect.columns if name not in {*unmapped, *given})
    derive = tuple((name, sql) for name, sql in header.dialect.derive if name not in {*unmapped, *given})
    dialect = dataclasses.replace(header.dialect, columns=(*columns, *given.items()), derive=derive)
    return dataclasses.replace(bound(dataclasses.replace(header, dialect=dialect)), prefix=log_format.prefix)


def _pointers(fields: Fields, lines: Sequence[str], where: str) -> Fields:
    """The JSON pointers of the fields; a key that contains dots may be written as it is."""
    values = [value for value in map(read_object, lines) if isinstance(value, dict)]
    known = frozenset(name for value in values for name in _paths(value))
    found = []
    for name, text in fields:
        ways = (pointer(*read_path(text)), pointer(text))
        found_at = next((way for way in ways if any(find(value, way) is not None for value in values)), "")
        if not found_at:
            _check({name: text}, known - {text}, where, every=False)
        found.append((name, found_at or ways[0]))
    return tuple(found)


def _paths(value: object, above: str = "", depth: int = 0) -> Iterator[str]:
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _paths(inner, f"{above}.{key}" if above else str(key), depth + 1)
    elif above:
        yield above


@functools.lru_cache(maxsize=256)
def _of_json(log_format: Format, pointers: Fields) -> Format:
    shape = log_format.shape
    assert isinstance(shape, JsonLines)  # noqa: S101 - checked by the caller
    mapped_paths = tuple((f"mapped_{name}", (path,)) for name, path in pointers)
    made = dataclasses.replace(shape, paths=(*shape.paths, *mapped_paths), needed=_needed(shape.needed, dict(pointers)))
    return dataclasses.replace(log_format, shape=made, derive=_derived(log_format, dict(pointers)))


@functools.lru_cache(maxsize=256)
def _of_pairs(log_format: Format, fields: Fields) -> Format:
    shape = log_format.shape
    assert isinstance(shape, Pairs)  # noqa: S101 - checked by the caller
    mapped_paths = tuple((f"mapped_{name}", (label,)) for name, label in fields)
    made = dataclasses.replace(shape, labels=(*shape.labels, *mapped_paths), needed=_needed(shape.needed, dict(fields)))
    return dataclasses.replace(log_format, shape=made, derive=_derived(log_format, dict(fields)))


@functools.lru_cache(maxsize=256)
def _of_groups(log_format: Format, fields: Fields) -> Format:
    meant = {name: _meaning(name, f"z.{group}") for name, group in fields}
    return dataclasses.replace(log_format, derive=tuple((dict(log_format.derive) | meant).items()))


def _needed(groups: tuple[tuple[str, ...], ...], fields: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """The groups of fields that a request must have, with mapped fields in place of the format's own."""
    asked = next((name for name in _REQUEST_FIELDS if name in fields), "")
    replaced = {"stamp": "time", "named": "ip"} | {name: asked for name in _REQUEST_FIELDS if asked}
    ways = (tuple(replaced.get(name, name) for name in group) for group in groups)
    return tuple(
        next(((f"mapped_{name}",) for name in way if name in fields), group)
        for way, group in zip(ways, groups, strict=True)
    )


def _derived(log_format: Format, fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The SQL of the derived fields; a path may contain the query if that is not mapped separately."""
    meant = {name: _meaning(name, f"z.mapped_{name}") for name in fields}
    if fields.keys() & set(_REQUEST_FIELDS):
        meant = dict.fromkeys(_REQUEST_FIELDS, "NULL::VARCHAR") | meant
    if "path" in fields and "query" not in fields:
        meant |= {"target": meant["path"], "path": "NULL::VARCHAR"}
    unchanged = {name: sql for name, sql in log_format.derive if name != "time" or "clock" not in fields}
    return tuple((unchanged | meant).items())


def _meaning(name: str, text: str) -> str:
    return _MEANING[name](text) if name in _MEANING else text
