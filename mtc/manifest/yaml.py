"""YAML text into a tree in which each value knows its place. Malicious text is a problem, and cannot exhaust memory.

The YAML library only splits the text into events. An unquoted value means what YAML 1.2's core schema says, except
that dates stay text and there are no octal numbers.

Source: https://yaml.org/spec/1.2.2/#103-core-schema
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml import events as ev
from ruamel.yaml.error import YAMLError

from mtc.core.errors import Problem
from mtc.manifest.nodes import (
    Document,
    Map,
    MapEntry,
    Mark,
    Node,
    Scalar,
    Seq,
    Value,
    is_null,
    is_placeholder,
    is_secret,
    may_hold_secret,
)

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,3})?")
_EXACT = 1 << 53
MAX_SIZE = 1 << 20
MAX_VALUES = 50_000
MAX_DEPTH = 30
_REACH = 20
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CURLY = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a"
_STRAIGHT = """write ' or " """.rstrip() + ", as a plain keyboard has them"
_UNCLOSED = "close it, look for a missing comma in it, or put a text that has braces in quotes"
_PLAIN_WORDS = (
    ("mapping values are not allowed", "a `:` is not allowed here", "put the value in quotes, or check the indent"),
    ("found character '\\t'", "a tab is used for indentation", "indent with spaces"),
    ("cannot start any token", "a value cannot begin with this character", "put the value in quotes"),
    ("found unexpected end of stream", "a quote is not closed", ""),
    ("while parsing a flow", "a bracket or brace is not closed", _UNCLOSED),
    ("could not find expected ':'", "a key without `:`", "write `key: value`, or check the indent"),
    ("expected <block end>", "the indentation matches no line above", "indent all keys of a map equally"),
)

_LOOKS_SO = re.compile(
    rb"^[{\"']*(?:(?:sites|extends|stages|dates|matomo)[\"']?\s*:|version[\"']?\s*:\s*1\s*(?:[#,]|$))"
    rb"|^#.*\$schema=\S*manifest\.schema",
    re.MULTILINE,
)


def looks_like_manifest(data: bytes) -> bool:
    """Whether a file has a key of manifests. Nothing of any other file is ever shown."""
    return _LOOKS_SO.search(data) is not None


def read_file(file: Path) -> tuple[Map | None, tuple[Problem, ...]]:
    """Read a manifest's file; one that cannot be read is a problem too."""
    try:
        if file.exists() and not file.is_file():
            what = "this is a folder" if file.is_dir() else "this is not a regular file"
            return None, (Problem(str(file), 0, 0, "", what, "name a manifest's file"),)
        with file.open("rb") as stream:
            data = stream.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        return None, (_unreadable(file, error),)
    if len(data) > MAX_SIZE:
        return None, (Problem(str(file), 0, 0, "", f"the file is larger than {MAX_SIZE >> 20} MiB"),)
    private = not looks_like_manifest(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        good = Document(file, data[: error.start].decode("utf-8"), private)
        return None, (good.mark(len(good.text)).problem("", "the file is not UTF-8", "save it as UTF-8"),)
    return read_text(text, file, private=private)


def _unreadable(file: Path, error: OSError | ValueError) -> Problem:
    if isinstance(error, FileNotFoundError):
        return Problem(str(file), 0, 0, "", "there is no such file")
    return Problem(str(file), 0, 0, "", f"cannot be read: {getattr(error, 'strerror', None) or 'a bad path'}")


def read_text(text: str, file: Path, *, private: bool = False) -> tuple[Map | None, tuple[Problem, ...]]:
    """Read a manifest's text; the tree is None if it cannot be used. A `private` text is never shown."""
    document = Document(file, text.removeprefix("\ufeff"), private)
    composer = _Composer(document, _events(document))
    node: Map | None = None
    try:
        node = _top(composer)
    except _StopError as stop:
        composer.problems.append(stop.problem)
        _mask_unread(composer, stop.problem.line)
    return node, tuple(replace(each, source=document.masked_line(each.line)) for each in composer.problems)


class _StopError(Exception):
    """Reading cannot go on."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


@dataclass(slots=True)
class _Composer:
    """Builds the tree from events, and collects the problems that do not stop it."""

    document: Document
    events: Iterator[ev.Event]
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node | None] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    in_key: bool = False

    def compose(self, event: ev.Event) -> Node:
        mark = self.document.mark(event.start_mark.index)
        if isinstance(event, ev.AliasEvent):
            return self._alias(event, mark)
        assert isinstance(event, ev.NodeEvent)  # noqa: S101 (the parser gives nothing else here)
        if event.anchor:
            self.anchors[event.anchor] = None
        if getattr(event, "tag", None):
            self._report(mark, "YAML tags are not supported", "write the value without `!`")
        node = self._checked(self._node(event, mark), mark)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _report(self, mark: Mark, what: str, hint: str = "") -> None:
        self.problems.append(mark.problem(".".join(self.path), what, hint))

    def _stop(self, mark: Mark, what: str, hint: str = "") -> _StopError:
        return _StopError(mark.problem(".".join(self.path[:4]), what, hint))

    def _checked(self, node: Node, mark: Mark) -> Node:
        if node.weight > MAX_VALUES:
            raise self._stop(mark, f"more than {MAX_VALUES} values, aliases written out", "use fewer aliases")
        if node.depth > MAX_DEPTH:
            raise self._stop(mark, f"values nest more than {MAX_DEPTH} deep")
        return node

    def _alias(self, event: ev.AliasEvent, mark: Mark) -> Node:
        if event.anchor not in self.anchors:
            raise self._stop(mark, "an alias (`*`) that no anchor (`&`) defines", "quote a value that begins with `*`")
        node = self.anchors[event.anchor]
        if node is None:
            raise self._stop(mark, "an alias inside its own anchor")
        return node

    def _node(self, event: ev.Event, mark: Mark) -> Node:
        if isinstance(event, ev.ScalarEvent):
            return self._scalar(event, mark)
        if len(self.path) >= MAX_DEPTH:
            raise self._stop(mark, f"values nest more than {MAX_DEPTH} deep")
        return self._seq(mark) if isinstance(event, ev.SequenceStartEvent) else self._map(mark)

    def _scalar(self, event: ev.ScalarEvent, mark: Mark) -> Scalar:
        text = str(event.value)
        if self._may_be_secret() and not is_placeholder(text):
            self.document.mask(event.start_mark.index, event.end_mark.index)
        if _CONTROL.search(text):
            self._report(mark, "a control character in a value", "remove it")
            text = _CONTROL.sub("?", text)
        if event.style is None and len(text) > 1 and {text[0], text[-1]} <= set(_CURLY):
            self._report(mark, "typographic quotes are a part of the text", _STRAIGHT)
            text = text[1:-1]
        return Scalar(mark, scalar_value(text) if event.style is None else text, text)

    def _may_be_secret(self) -> bool:
        """Whether the text here is a secret, or could be one because its key is not a text."""
        if self.in_key:
            return "?" in self.path[:-1]
        return "?" in self.path or is_secret(tuple(self.path))

    def _seq(self, mark: Mark) -> Seq:
        items: list[Node] = []
        weight = depth = 1
        while not isinstance(event := next(self.events), ev.SequenceEndEvent):
            self.path.append(str(len(items)))
            node = self.compose(event)
            self.path.pop()
            weight, depth = weight + node.weight, max(depth, node.depth + 1)
            items.append(node)
            if weight > MAX_VALUES:
                break
        return Seq(mark, tuple(items), weight, depth)

    def _map(self, mark: Mark) -> Map:
        entries: dict[str, MapEntry] = {}
        merged: dict[str, MapEntry] = {}
        weight = depth = 1
        while not isinstance(event := next(self.events), ev.MappingEndEvent):
            key_mark, key = self._key(event)
            self.path.append(key or "?")
            node = self.compose(next(self.events))
            self.path.pop()
            weight, depth = weight + node.weight, max(depth, node.depth + 1)
            if weight > MAX_VALUES:
                break
            if key in entries:
                self._twice(key, key_mark, entries[key].mark)
            elif key is not None:
                entries[key] = MapEntry(key_mark, node)
            if key == "<<":
                merged |= self._merged(node, key_mark)
        entries.pop("<<", None)
        return Map(mark, {**merged, **entries}, weight, depth)

    def _key(self, event: ev.Event) -> tuple[Mark, str | None]:
        """Read a key; None if it is not a text."""
        mark = self.document.mark(event.start_mark.index)
        self.path.append("?")
        self.in_key = True
        node = self.compose(event)
        self.in_key = False
        self.path.pop()
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return mark, node.value
        is_shown = isinstance(node, Scalar) and node.text and not self.document.private
        text = node.text if isinstance(node, Scalar) and is_shown else "a key"
        self._report(mark, f"{text} is not a text, as a key must be", "put it in quotes")
        return mark, None

    def _twice(self, key: str, mark: Mark, first: Mark) -> None:
        self._report(mark, f"{key} is written twice", f"the first is in line {first.line}; keep one")

    def _merged(self, node: Node, mark: Mark) -> dict[str, MapEntry]:
        """The entries that `<<` merges in; of several maps the first that has a key wins."""
        maps = node.items if isinstance(node, Seq) else () if is_null(node) else (node,)
        found: dict[str, MapEntry] = {}
        for each in maps:
            if isinstance(each, Map):
                found = {**each.entries, **found}
            else:
                self._report(mark, "`<<` takes a map, or a list of maps")
        return found


def _mask_unread(composer: _Composer, line: int) -> None:
    """Mask the line where reading stopped if it may hold a secret: its structure is not known."""
    document = composer.document
    if is_secret(tuple(composer.path)) or may_hold_secret(document.lines_before(line, _REACH)):
        document.mask_line(line)


def _top(composer: _Composer) -> Map:
    start = composer.document.mark(0)
    node: Node | None = None
    for event in composer.events:
        if not isinstance(event, ev.NodeEvent):
            continue
        if node is not None:
            mark = composer.document.mark(event.start_mark.index)
            raise _StopError(mark.problem("", "a second document in one file", "keep one manifest a file"))
        node = composer.compose(event)
    if node is None or is_null(node):
        raise _StopError(start.problem("", "the file is empty", "`mtc init` writes a manifest to start from"))
    if not isinstance(node, Map):
        raise _StopError(node.mark.problem("", "a manifest is a map of keys and values", "begin with `version: 1`"))
    return node


def _events(document: Document) -> Iterator[ev.Event]:
    """Split the text into events; whatever the library raises becomes a problem with a place."""
    index = 0
    try:
        for event in YAML(typ="safe", pure=True).parse(document.text):
            yield event
            index = event.end_mark.index
    except GeneratorExit:
        raise
    except Exception as error:  # noqa: BLE001 (malicious text makes the library raise OverflowError and worse)
        mark = document.mark(_index(error, index))
        what, hint = _in_words(error)
        if curly := re.search(f"[{_CURLY}]", document.lines_before(mark.line, 0)[0]):
            mark = replace(mark, column=curly.start() + 1)
            what, hint = "typographic quotes are a part of the text", _STRAIGHT
        problem = mark.problem("", what, hint)
    else:
        return
    raise _StopError(problem)


def _index(error: Exception, index: int) -> int:
    """The position of a YAML error: the start of an unclosed construct or key; `index` if the error has none."""
    mark = getattr(error, "problem_mark", None)
    problem, context = str(getattr(error, "problem", "")), str(getattr(error, "context", ""))
    if "end of stream" in problem or "flow" in context or "simple key" in context:
        mark = getattr(error, "context_mark", None) or mark
    return int(getattr(mark, "index", getattr(error, "position", index)))


def _in_words(error: Exception) -> tuple[str, str]:
    """What a YAML error means, without quoting the file."""
    if not isinstance(error, YAMLError):
        return "this is not YAML", ""
    message = f"{getattr(error, 'problem', '')} {getattr(error, 'context', '')}"
    for piece, what, hint in _PLAIN_WORDS:
        if piece in message:
            return what, hint
    return "this is not YAML", "check quotes, indent and brackets around here"


def scalar_value(text: str) -> Value:
    """What an unquoted scalar means."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            return text
        return int(number) if number.is_integer() and abs(number) < _EXACT else number
    return text
