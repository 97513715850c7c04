"""A manifest's text as a tree in which every key and value knows where it was written, and which may be shown.

Only manifest/ sees these trees; `load` returns frozen models. No files are read here.
"""

import bisect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mtc.core.errors import Problem

KeyPath = tuple[str, ...]
Value = str | int | float | bool | None
PlainData = Value | list["PlainData"] | dict[str, "PlainData"]

_LINE_END = re.compile(r"\r\n|\n|\r")
_SECRET_KEY = re.compile(
    r"""(?ix)
    (?P<key> ["']? [a-z0-9_-]* (?:secret|token|passw|access_key|private)[a-z0-9_-]* ["']? \s* [:=] \s*)
    (?! ["']? (?:\$\{[^{}]*\})+ ["']? \s* (?:[,}\#]|$)) (?P<value> "[^"]*"? | '[^']*'? | [^\s,{}\#][^,}]* )
    """
)
_SECRET_NAME = re.compile(
    r"(?i)(?:secret|token|passw|access_key|credentials)[a-z0-9_-]*[\"']?\s*[:=]"
    r"(?!\s*[\"']?(?:\$\{[^{}]*\})+[\"']?\s*(?:[,}#]|$))"
)
_USER_INFO = re.compile(r"(?<=://)[^@\s\"']+(?=@)")
_PLACEHOLDERS = re.compile(r"(\$\{[^{}]*\})+")
_PUBLIC_CREDENTIAL_KEYS = {"profile", "anonymous", "region", "endpoint_url"}
_PUBLIC_MATOMO_KEYS = {
    *("url", "name", "ca_bundle", "tracker", "jobs", "batch", "settle", "timeout", "dimensions"),
}


@dataclass(slots=True, eq=False)
class Document:
    """One file's text. Lines are counted as editors count them; masked text is never shown.

    Nothing of a `private` document is shown: it is not a manifest, or is outside the project, and may contain anything.
    """

    file: Path
    text: str
    private: bool = False
    _starts: list[int] = field(init=False)
    _masked: list[tuple[int, int]] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def mask(self, start: int, end: int) -> None:
        """Never show the characters from `start` to `end`."""
        self._masked.append((start, end))

    def mark(self, index: int) -> "Mark":
        """The place of the character at `index`."""
        line = bisect.bisect_right(self._starts, index)
        return Mark(self, line, index - self._starts[line - 1] + 1)

    def mask_line(self, line: int) -> None:
        """Never show a line that may hold a secret anywhere."""
        self.mask(*self._span(line))

    def lines_before(self, line: int, count: int) -> list[str]:
        """A line and up to `count` lines before it."""
        return [self.text[slice(*self._span(each))] for each in range(max(1, line - count), line + 1)]

    def _span(self, line: int) -> tuple[int, int]:
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return start, start + len(self.text[start:end].rstrip("\r\n"))

    def masked_line(self, line: int) -> str:
        """A line of the file with every secret masked by stars."""
        if self.private or not 1 <= line <= len(self._starts):
            return ""
        start, end = self._span(line)
        text = self.text[start:end]
        for first, last in self._masked:
            begin, stop = max(first - start, 0), min(last - start, len(text))
            if begin < stop:
                text = text[:begin] + "*" * (stop - begin) + text[stop:]
        return mask_secrets(text)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a document; line and column count from 1."""

    document: Document
    line: int
    column: int

    def problem(self, where: str, what: str, hint: str = "") -> Problem:
        """A problem at this place."""
        return Problem(
            str(self.document.file), self.line, self.column, where, what, hint, self.document.masked_line(self.line)
        )


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `text` is what was written; `value` what it stands for, after substitution.

    `open` says that a `${NAME}` in it has not been resolved, `filled` that one has been.
    """

    mark: Mark
    value: Value
    text: str
    open: bool = False
    filled: bool = False
    weight: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Seq:
    """A list."""

    mark: Mark
    items: tuple["Node", ...]
    weight: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class MapEntry:
    """A key's place, and its value."""

    mark: Mark
    node: "Node"


@dataclass(frozen=True, slots=True)
class Map:
    """A map. `weight` counts the values in it, aliases written out; `depth` how deep they nest."""

    mark: Mark
    entries: Mapping[str, MapEntry]
    weight: int = 1
    depth: int = 1

    def get(self, *path: str) -> "Node | None":
        """The value at a path of keys below this map, if there is one and it is not null."""
        node: Node | None = self
        for key in path:
            entry = node.entries.get(key) if isinstance(node, Map) else None
            node = entry.node if entry else None
        return None if node is None or is_null(node) else node

    def map(self, *path: str) -> "Map | None":
        """The map at a path of keys, if there is one."""
        node = self.get(*path)
        return node if isinstance(node, Map) else None

    def key_mark(self, *path: str) -> Mark:
        """Where the last key of a path was written, or the nearest key above it that exists."""
        mark, node = self.mark, self
        for key in path:
            entry = node.entries.get(key)
            if entry is None:
                return mark
            mark = entry.mark
            if not isinstance(entry.node, Map):
                return mark
            node = entry.node
        return mark

    def without(self, *keys: str) -> "Map":
        """The map without some keys."""
        return replace(self, entries={key: entry for key, entry in self.entries.items() if key not in keys})

    def with_(self, key: str, entry: MapEntry) -> "Map":
        """The map with one entry put in or replaced."""
        return replace(self, entries={**self.entries, key: entry})


Node = Scalar | Seq | Map


def is_null(node: Node) -> bool:
    """Whether a value is `null` or empty."""
    return isinstance(node, Scalar) and node.value is None


def text_of(node: Node | None) -> str | None:
    """The text that a node holds, if it is a text."""
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def plain(node: Node) -> PlainData:
    """Plain data for pydantic, without the keys whose value is null."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Seq):
        return [plain(item) for item in node.items]
    return {key: plain(entry.node) for key, entry in node.entries.items() if not is_null(entry.node)}


def scalars(node: Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Scalar]]:
    """Every single value at or below a node, with its path."""
    if isinstance(node, Scalar):
        yield path, node
    elif isinstance(node, Seq):
        for number, item in enumerate(node.items):
            yield from scalars(item, (*path, str(number)))
    else:
        for key, entry in node.entries.items():
            yield from scalars(entry.node, (*path, key))


def walk(node: Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Mark]]:
    """Every key's path below a node, with its place."""
    if isinstance(node, Map):
        for key, entry in node.entries.items():
            yield (*path, key), entry.mark
            yield from walk(entry.node, (*path, key))


def _stars(text: str) -> str:
    return "*" * len(text)


def mask_secrets(line: str) -> str:
    """Mask what looks like a secret in a line; columns do not move."""
    line = _SECRET_KEY.sub(lambda match: match["key"] + _stars(match["value"]), line)
    return _USER_INFO.sub(lambda match: _stars(match[0]), line)


def may_hold_secret(lines: Sequence[str]) -> bool:
    """Whether the last of these lines may hold a secret, when nothing is known about their structure."""
    return any(_SECRET_NAME.search(line) for line in lines)


def is_secret(path: KeyPath) -> bool:
    """Whether a setting's value may never be shown."""
    path = path[2:] if path[:1] == ("environments",) else path
    if path[:1] == ("credentials",):
        return len(path) < 3 or path[2] not in _PUBLIC_CREDENTIAL_KEYS  # noqa: PLR2004 (credentials.NAME.KEY)
    return path[:1] == ("matomo",) and (len(path) < 2 or path[1] not in _PUBLIC_MATOMO_KEYS)  # noqa: PLR2004 (matomo.KEY)


def is_placeholder(text: str) -> bool:
    """Whether a secret's text holds nothing but `${...}`, which may be shown."""
    return _PLACEHOLDERS.fullmatch(text.strip()) is not None
