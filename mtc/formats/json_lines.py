r"""The shape `JsonLines`: lines that are JSON objects, with one or several paths for each field.

A path is a JSON pointer (RFC 6901, `/request/headers/User-Agent/0`), with `~` in a key written as `~0` and `/` as `~1`.

Without `escape=json`, nginx writes `\xHH` for a quote, a backslash and every byte that is not ASCII, which is not valid
JSON. A line that is invalid only for that reason is repaired: the bytes are UTF-8.
"""

import functools
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mtc.core.sql import literal
from mtc.formats.model import ANY_EPOCH, CLF_TIME, Time, WholeLines

Paths = tuple[tuple[str, tuple[str, ...]], ...]

JSON_TIME = Time((CLF_TIME, "%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S"), epoch=ANY_EPOCH, iso=True)
"""The times of servers that write JSON: the common log format's, nginx's, an epoch in any unit, ISO 8601."""

OBJECT = "(starts_with(ltrim({line}), '{') AND json_valid({line}))"
"""SQL: whether a line is an object. An array may hold many requests, none of which would be read."""

_RARE = ("forwarded_for", "real_ip")
_LONG = 1 << 16
_NOTHING: tuple[object, ...] = (None, "", "-")
_HEX = re.compile(r"\\x([0-9A-Fa-f]{2})")
_CONTROL = r"'\\x([013467][0-9A-Fa-f]|2[013-9A-Fa-f]|5[0-9ABD-Fabd-f])'"
# A line of an array that spans several lines: `[{...},`, `{...},` or `{...}]`.
_ITEM = r"^\s*\[?\s*\{.*\}\s*[,\]]*\s*$"
_AROUND_ITEM = r"^[\s\[]+|[\s,\]]+$"
_HIGH = r"'\\x([89A-Fa-f][0-9A-Fa-f])'"
_BACKSLASH = r"'\\x5[Cc]'"


@dataclass(frozen=True)
class JsonLines(WholeLines):
    """A shape of JSON objects. `paths` maps each name to its pointers, the preferred first.

    A line is a request if it is an object with a value for one of the names in each group of `needed`, and with the
    texts of `equal` at their paths. Names that are not fields may be used by the format's `derive`.
    """

    paths: Paths
    needed: tuple[tuple[str, ...], ...] = (("ip",), ("time",), ("request", "target", "path"))
    equal: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that have paths."""
        return tuple(name for name, _ in self.paths)

    def fits(self, line: str) -> int:
        """How many fields have a value; 0 for a line that is not a request."""
        if "{" not in line:
            return 0
        value = read_object(line)
        if value is None or not all(find(value, path) == text for path, text in self.equal):
            return 0
        if not all(any(_has_text(value, self._by_name.get(name, ())) for name in group) for group in self.needed):
            return 0
        return sum(_has_text(value, paths) for _, paths in self.paths)

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[str, ...]]:
        return dict(self.paths)

    def texts(self, line: str) -> dict[str, str]:
        """The text of each name in a line of a sample; empty if it has none."""
        value = read_object(line)
        found = {name: (find(value, path) for path in paths) for name, paths in self.paths}
        return {name: str(next((value for value in each if value not in _NOTHING), "")) for name, each in found.items()}

    @cached_property
    def _positions(self) -> Mapping[str, int]:
        """The position of each path in the list of texts, from 1. Those that are rarely looked for are the last."""
        often = [path for name, paths in self.paths if name not in _RARE for path in paths]
        rarely = [path for name, paths in self.paths if name in _RARE for path in paths]
        given = [*often, *(path for path, _ in self.equal), *rarely]
        return {path: at for at, path in enumerate(dict.fromkeys(given), start=1)}

    def head(self, names: Collection[str], *, exact: bool) -> str:  # noqa: ARG002 - there is one way to read JSON
        """All texts at once, in the order of their positions; NULL for a line that is not JSON."""
        used = {*names, *(name for group in self.needed for name in group)}
        looked_for = [path for name, paths in self.paths if name in used for path in paths]
        looked_for += [path for path, _ in self.equal]
        paths = list(self._positions)[: max(map(self._positions.__getitem__, looked_for), default=1)]
        repaired = _repaired("c0")
        item = f"regexp_replace(c0, {literal(_AROUND_ITEM)}, '', 'g')"
        valid = f"""CASE
            WHEN json_valid(c0) THEN c0
            WHEN contains(c0, '\\x') THEN CASE WHEN json_valid({repaired}) THEN {repaired} END
            WHEN regexp_matches(c0, {literal(_ITEM)}) THEN CASE WHEN json_valid({item}) THEN {item} END
        END"""
        return f"json_extract_string({valid}, [{', '.join(map(literal, paths))}])"

    def fields(self, line: str, names: Collection[str], *, exact: bool) -> str:  # noqa: ARG002 - the head has them all
        """The first non-empty text for each name; no address for a line that is not a request."""
        texts = {name: self._first(paths) for name, paths in self.paths}
        groups = [[texts[name] for name in group if name in texts] for group in self.needed]
        conditions = [f"coalesce({', '.join(found)}) IS NOT NULL" if found else "false" for found in groups]
        conditions += [f"head[{self._positions[path]}] = {literal(text)}" for path, text in self.equal]
        ip = "mapped_ip" if "mapped_ip" in texts else "ip"  # the manifest may say where the address is
        texts[ip] = f"CASE WHEN {' AND '.join(conditions)} THEN {texts.get(ip, 'NULL::VARCHAR')} END"
        return f"{{{', '.join(f'{literal(name)}: {text}' for name, text in texts.items() if name in names)}}}"

    def _first(self, paths: tuple[str, ...]) -> str:
        found = ", ".join(f"nullif(head[{self._positions[path]}], '')" for path in paths)
        return f"coalesce({found})" if len(paths) > 1 else found


def paths_of(*above: str, **fields: str) -> Paths:
    """Paths for fields below the keys `above`; several keys of a field are separated by blanks."""
    return tuple((name, tuple(pointer(*above, key) for key in keys.split())) for name, keys in fields.items())


def merged(*sets: Paths) -> Paths:
    """The union of several sets of paths; those of a name are tried in the order of the sets."""
    names = dict.fromkeys(name for paths in sets for name, _ in paths)
    return tuple((name, tuple(path for paths in sets for path in dict(paths).get(name, ()))) for name in names)


def pointer(*keys: str | int) -> str:
    """The JSON pointer of these keys and indices."""
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in keys)


def _repaired(line: str) -> str:
    r"""SQL: the line with nginx's `\xHH` as JSON escapes; bytes that are not UTF-8 stay as written."""
    escaped = f"replace({line}, '%', '%25')"
    coded = f"regexp_replace({_ascii(escaped)}, {_HIGH}, '%\\1', 'g')"
    shown = f"regexp_replace({_ascii(line)}, {_HIGH}, '\\\\\\\\x\\1', 'g')"
    return f"regexp_replace(coalesce(TRY(url_decode({coded})), {shown}), {_BACKSLASH}, '\\\\\\\\', 'g')"


def _ascii(line: str) -> str:
    """SQL: quotes and control characters unescaped. Backslashes are done last, as they could begin another escape."""
    quotes = f"""replace({line}, '\\x22', '\\"')"""
    return f"regexp_replace({quotes}, {_CONTROL}, '\\\\u00\\1', 'g')"


def read_object(line: str) -> Any:  # noqa: ANN401 - any JSON
    """The value of a line, which must not be changed; None if it is not JSON. Cached, as each JSON format reads it."""
    return _parsed_cached(line) if len(line) < _LONG else _parsed(line)


def _parsed(line: str) -> Any:  # noqa: ANN401 - any JSON
    for text in (line, _HEX.sub(r"\\u00\1", line), re.sub(_AROUND_ITEM, "", line)):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            continue
    return None


_parsed_cached = functools.lru_cache(maxsize=256)(_parsed)


def _has_text(value: Any, paths: Iterable[str]) -> bool:  # noqa: ANN401 - any JSON
    return any(find(value, path) not in _NOTHING for path in paths)


@functools.lru_cache(maxsize=4096)
def _keys(path: str) -> tuple[str, ...]:
    """The keys and indices of a JSON pointer. Cached, as each is looked for in each line of a sample."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:])


def find(value: Any, path: str) -> Any:  # noqa: ANN401 - any JSON
    """The value at a JSON pointer; None if there is none."""
    at = value
    for key in _keys(path):
        if isinstance(at, dict):
            at = at.get(key)
        elif isinstance(at, list) and key.isdecimal() and int(key) < len(at):
            at = at[int(key)]
        else:
            return None
    return at
