"""JSON lines of an unknown server: the names and values of its keys say which field is which.

Formats whose keys are known read as much or more, and then win.
"""

import functools
from collections.abc import Iterator, Sequence

from mtc.formats.field_names import NEEDED, TIME, Keys, derive_of, guess_fields, is_request
from mtc.formats.json_lines import JsonLines, Paths, pointer, read_object
from mtc.formats.model import Format
from mtc.formats.server_messages import is_json_message_sql

_DEEPEST = 5
_SAMPLED = 100
_MOST_KEYS = 300


def bind(sample: Sequence[str]) -> Format | None:
    """The format of lines like those of a sample; None where they are no requests in JSON."""
    log_format = bind_any(sample)
    return log_format if log_format and is_request(log_format.shape.names) else None


def bind_any(sample: Sequence[str]) -> Format | None:
    """The same for any JSON objects, of which `fields` must say what cannot be told; None where there are none."""
    values: dict[Keys, list[str]] = {}
    for line in sample[:_SAMPLED]:
        for keys, text in _leaves(read_object(line)) if "{" in line else ():
            if keys in values or len(values) < _MOST_KEYS:
                values.setdefault(keys, []).append(text)
    return _made(tuple((field, (pointer(*keys),)) for field, keys in guess_fields(values).items())) if values else None


def _leaves(value: object, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """The values of an object that are texts or numbers, with the keys that lead to them; of a list the first."""
    if isinstance(value, dict) and len(keys) < _DEEPEST:
        for key, inner in value.items():
            yield from _leaves(inner, (*keys, key))
    elif isinstance(value, list) and value and keys:
        yield from _leaves(value[0], (*keys, 0))
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        yield keys, str(value)


@functools.lru_cache(maxsize=256)
def _made(paths: Paths) -> Format:
    """One object for equal keys: objects of the same format are bundled."""
    return Format(
        name="any_json",
        title="JSON lines, with fields told by what their keys are called",
        shape=JsonLines(paths, needed=NEEDED),
        time=TIME,
        per_millisecond=1,
        derive=derive_of([name for name, _ in paths]),
        other=is_json_message_sql("{line}"),
    )
