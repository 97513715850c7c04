"""Layers around lines: which ones a sample has, and lines without them, in Python for a sample and in SQL for all.

Relays stand behind each other (syslog into docker, docker into fluentd), so layers nest. An unmistakable layer is taken
at once; of other kinds each is tried, and taken only where it makes more lines readable.
"""

import dataclasses
import functools
import json
import re
from collections.abc import Callable, Iterator, Sequence

from mtc.core.sql import literal
from mtc.formats.header_changes import fits_of
from mtc.formats.model import Format, Layer, Prefix
from mtc.formats.pattern import unnamed
from mtc.formats.prefixes import KINDS
from mtc.formats.server_messages import is_message

Layers = tuple[Layer, ...]

_SAMPLED = 100
_DEEPEST = 3
_ENOUGH = 0.5
# A piece of a longer line, as docker cuts them, does not end.
_CUT_FROM = 16_000
_CONTROLS = "\x00\x01\x02\n\r"
_NO_CONTROLS = str.maketrans(dict.fromkeys(_CONTROLS, " "))
_PROGRAM_GROUPS = ("tag", "app")

_compiled = functools.cache(functools.partial(re.compile, flags=re.DOTALL | re.ASCII))


def chains(lines: Sequence[str], depth: int = _DEEPEST) -> Iterator[Layers]:
    """The layers that lines of a sample may have around them, from the outside in."""
    if depth == 0:
        return
    for layer in _layers_of(lines):
        inner = [without_layer(line, layer) for line in lines]
        yield (layer,)
        yield from ((layer, *deeper) for deeper in chains(inner, depth - 1))


def _layers_of(lines: Sequence[str]) -> Iterator[Layer]:
    """The kinds that lines begin with. Where a sure one has most of them there is no other."""
    for layer in KINDS:
        found = sum(has_layer(line, layer) for line in lines)
        if found:
            yield layer
        if layer.sure and found > _ENOUGH * len(lines):
            return


def has_layer(line: str, layer: Layer) -> bool:
    """Whether a line has this layer around it."""
    if not layer.key:
        return _compiled(layer.pattern).match(line) is not None
    return _object(line, layer) is not None


def without_layer(line: str, layer: Layer) -> str:
    """A line without the layer."""
    if not layer.key:
        return _compiled(layer.pattern).sub(layer.instead, line, count=1)
    value = _object(line, layer)
    return line if value is None else _text(value)


def without_layers(line: str, layers: Layers) -> str:
    """A line without all of the layers."""
    return functools.reduce(without_layer, layers, line)


def program_of(line: str, layers: Layers) -> str:
    """The program that wrote a line; empty where the line does not say."""
    programs = []
    for layer in layers:
        programs.append(_program(line, layer))
        line = without_layer(line, layer)
    return "".join(programs)


def may_be_of_format(line: str, prefix: Prefix) -> bool:
    """Whether a line may come from a program that writes the format."""
    return not is_of_relay(line, prefix.layers) and program_of(line, prefix.layers) in {"", *prefix.programs}


def is_of_relay(line: str, layers: Layers) -> bool:
    """Whether a line is a message of the relay itself."""
    for layer in layers:
        if layer.foreign and not has_layer(line, layer) and _compiled(layer.foreign).match(line):
            return True
        line = without_layer(line, layer)
    return False


def fit_layers(make: Callable[[Sequence[str]], Format | None], sample: Sequence[str]) -> Format | None:
    """A named format as a file has it that begins with `sample`: within the layers with which it reads most lines.

    `make` gives the format for lines without layers, None where they do not begin as it does.
    """
    lines = sample[:_SAMPLED]
    best = make(lines)
    most = len(_lines_read(best, lines, lines)), sum(map(is_message, lines))
    for layers in chains(lines) if most[0] < len(_data_lines(lines)) else ():
        inner = [without_layers(line, layers) for line in lines]
        log_format = make(inner)
        fitting = _lines_read(log_format, inner, lines)
        found = (
            len(fitting),
            sum(is_message(line) or is_of_relay(raw, layers) for line, raw in zip(inner, lines, strict=True)),
        )
        if log_format is not None and found > most:
            best, most = with_layers(log_format, layers, fitting or lines), found
        if most[0] == len(_data_lines(inner)):
            break
    return best


def _data_lines(lines: Sequence[str]) -> Sequence[int]:
    """Which lines are neither blank nor headers."""
    return [at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")]


def _lines_read(log_format: Format | None, inner: Sequence[str], lines: Sequence[str]) -> list[str]:
    """The lines that a format reads without their layers."""
    places = _data_lines(inner)
    fits = fits_of(log_format, inner, [inner[at] for at in places]) if log_format else []
    return [lines[at] for at, fit in zip(places, fits, strict=False) if fit]


def with_layers(log_format: Format, layers: Layers, fitting: Sequence[str]) -> Format:
    """The format within these layers. `fitting` are lines that it reads: their programs are those that write it."""
    return _with_prefix(log_format, layers, tuple(sorted({program_of(line, layers) for line in fitting})))


@functools.lru_cache(maxsize=256)
def _with_prefix(log_format: Format, layers: Layers, programs: tuple[str, ...]) -> Format:
    return dataclasses.replace(log_format, prefix=Prefix(layers, programs))


def _object(line: str, layer: Layer) -> object:
    """The value under the layer's key, where the line is an object that has one."""
    if f'"{layer.key}"' not in line:
        return None
    value = _parsed(line)
    found = value.get(layer.key) if isinstance(value, dict) else None
    if not layer.pieces:
        return found
    whole = isinstance(found, str) and (len(found) < _CUT_FROM or found.endswith("\n"))
    return found if whole else None


@functools.lru_cache(maxsize=512)
def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.rstrip("\r\n").translate(_NO_CONTROLS)


def _program(line: str, layer: Layer) -> str:
    if not layer.key:
        match = _compiled(layer.pattern).match(line)
        named = match.groupdict() if match else {}
        return next((named[name] for name in _PROGRAM_GROUPS if named.get(name)), "")
    value = _parsed(line)
    texts = [value.get(name) for name in layer.programs] if isinstance(value, dict) else []
    return next((text for text in texts if isinstance(text, str) and text), "")


def is_simple(prefix: Prefix) -> bool:
    """Whether it only stands in front of a line, so that it can be removed from the first piece of a cut line."""
    return len(prefix.layers) == 1 and not prefix.layers[0].key and not prefix.layers[0].instead


def without_prefix_sql(text: str, prefix: Prefix) -> str:
    """SQL: a text without the prefix."""
    return functools.reduce(_without_layer_sql, prefix.layers, text)


def _without_layer_sql(text: str, layer: Layer) -> str:
    if not layer.key:
        return f"regexp_replace({text}, {literal(unnamed(layer.pattern))}, {literal(layer.instead)})"
    found = f"json_extract_string(t, {literal('/' + layer.key)})"
    plain = rf"regexp_replace(regexp_replace({found}, '[\r\n]+$', ''), '[\x00-\x02\n\r]', ' ', 'g')"
    is_text = f"json_type(t, {literal('/' + layer.key)}) = 'VARCHAR'"
    cut = f"AND {is_text} AND (length({found}) < {_CUT_FROM} OR ends_with({found}, chr(10)))" if layer.pieces else ""
    return _computed_once(text, f"CASE WHEN {_is_object('t')} {cut} THEN coalesce({plain}, t) ELSE t END")


def is_foreign_sql(text: str, prefix: Prefix) -> str:
    """SQL: whether a line with its prefix was written by another program, or by the relay."""
    format_programs = ", ".join(map(literal, ("", *prefix.programs)))
    programs: list[str] = []
    relays: list[str] = []
    inner = text
    for layer in prefix.layers:
        programs += [_program_sql(inner, layer)]
        if layer.foreign:
            relays.append(f"regexp_matches({inner}, {literal(layer.foreign)})")
        inner = _without_layer_sql(inner, layer)
    return f"({' OR '.join((*relays, f'''concat({', '.join(programs)}) NOT IN ({format_programs})'''))})"


def _program_sql(text: str, layer: Layer) -> str:
    """SQL: the program that a layer names; empty where it does not."""
    if layer.key:
        found = ", ".join(f"nullif(json_extract_string(t, {literal('/' + name)}), '')" for name in layer.programs)
        known = f"CASE WHEN {_is_object('t')} THEN coalesce({found}, '') ELSE '' END"
        return _computed_once(text, known) if found else "''"
    groups = re.compile(layer.pattern)
    named = {at: name for name, at in groups.groupindex.items() if name in _PROGRAM_GROUPS}
    if not named:
        return "''"
    names = [named.get(at, f"g{at}") for at in range(1, max(named) + 1)]
    listed = ", ".join(map(literal, names))
    found = f"regexp_extract(t, {literal(unnamed(layer.pattern))}, [{listed}])"
    return _computed_once(text, f"concat({', '.join(f'({found}).{name}' for name in named.values())})")


def _is_object(text: str) -> str:
    return f"starts_with(ltrim({text}), '{{') AND json_valid({text})"


def _computed_once(text: str, expression: str) -> str:
    """SQL: an expression over `t`, which stands for `text`, so that `text` is computed, and written, once."""
    return f"list_transform([{text}], lambda t: {expression})[1]"
