"""`${NAME}` and `${file:PATH}` in text values. Names are told when they are missing, values never.

Lists that stand in a file of their own: `exclude_paths: {file: lists/paths.txt}`, an entry a line.

Any list of texts in `filters` and `hits` may. The entries take the list's place in the tree, each with its line in
that file, so that whatever looks at the list (models, fingerprint, messages) need not know where it stood.

Which keys a manifest knows at which place, read off the models.
"""

import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel

from mtc.core.errors import Problem
from mtc.formats.settings import Filters, Hits
from mtc.manifest.models import Manifest
from mtc.manifest.nodes import Document, KeyPath, Map, MapEntry, Mark, Node, Scalar, Seq, text_of

_PIECE = re.compile(r"\$\$\{|\$\{(?P<body>[^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE_LIMIT = 1 << 16


class _UnsetError(Exception):
    """A reference cannot be followed: what is wrong, and what to do."""


@dataclass(slots=True)
class Substitution:
    """Fills in a tree. Without `environ` nothing is looked up: references stay as written, as `validate` wants it."""

    environ: Mapping[str, str] | None
    problems: list[Problem] = field(default_factory=list)

    def fill(self, node: Node, path: KeyPath = (), *, needed: Callable[[KeyPath], bool] = lambda _path: True) -> Node:
        """The tree with its references replaced; those below a path that is not `needed` stay."""
        if isinstance(node, Scalar):
            return self._scalar(node, path, needed=needed(path))
        if isinstance(node, Seq):
            items = enumerate(node.items)
            return replace(node, items=tuple(self.fill(item, (*path, str(n)), needed=needed) for n, item in items))
        if _is_layout(path):
            return node
        return self.fill_map(node, path, needed=needed)

    def fill_map(self, node: Map, path: KeyPath = (), *, needed: Callable[[KeyPath], bool] = lambda _path: True) -> Map:
        """The same for a map."""
        filled = {
            key: MapEntry(entry.mark, self.fill(entry.node, (*path, key), needed=needed))
            for key, entry in node.entries.items()
        }
        return replace(node, entries=filled)

    def _scalar(self, node: Scalar, path: KeyPath, *, needed: bool) -> Scalar:
        if not isinstance(node.value, str) or "${" not in node.value:
            return node
        lookup = needed and self.environ is not None
        left: list[str] = []

        def piece(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            try:
                return self._look_up(match, node, lookup=lookup)
            except _UnsetError as error:
                self.problems.append(node.mark.problem(".".join(path), *error.args))
            except LookupError:
                pass
            left.append(match[0])
            return match[0]

        value = _PIECE.sub(piece, node.value)
        return replace(node, value=value, open=bool(left), filled=value != node.value)

    def _look_up(self, match: re.Match[str], node: Scalar, *, lookup: bool) -> str:
        """The text that a reference stands for; LookupError when it is not to be followed."""
        body = match["body"]
        if body is None:
            raise _UnsetError("`${` without `}`", "close it, or write `$${` for the characters themselves")
        is_file = body.startswith("file:") and len(body) > len("file:")
        if not is_file and not _NAME.fullmatch(body):
            raise _UnsetError("`${...}` holds no name", "write ${NAME}, ${file:PATH}, or `$${` for the characters")
        if not lookup or self.environ is None:
            raise LookupError
        return _file(body[len("file:") :], node.mark.document.file.parent) if is_file else self._variable(body)

    def _variable(self, name: str) -> str:
        value = (self.environ or {}).get(name)
        if value is None:
            raise _UnsetError(f"the environment variable {name} is not set", f"set {name}, or use another environment")
        if not value:
            raise _UnsetError(f"the environment variable {name} is empty", f"give {name} a value")
        return _clean(value, f"the environment variable {name}")


def _is_layout(path: KeyPath) -> bool:
    """Whether a map here describes a log format: `${...}` is nginx's there, so texts stand for what they are."""
    own = path[2:] if path[:1] == ("environments",) else path
    return own == ("source", "format") or (own[:1] == ("sites",) and own[2:] in {("format",), ("source", "format")})


def _file(path: str, folder: Path) -> str:
    """The text of a secret's file, less the line end that editors leave."""
    file = folder / path
    try:
        if not file.is_file():
            raise _UnsetError(f"there is no file {path}", "mount the secret, or correct the path")
        with file.open("rb") as stream:
            data = stream.read(_FILE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "a bad path"
        raise _UnsetError(f"the file {path} cannot be read: {reason}", "check its owner and mode") from None
    if len(data) > _FILE_LIMIT:
        raise _UnsetError(f"the file {path} is too large for a secret", "")
    text = data.decode("utf-8", errors="replace").rstrip("\r\n")
    if not text:
        raise _UnsetError(f"the file {path} is empty", "")
    return _clean(text, f"the file {path}")


def _clean(text: str, name: str) -> str:
    """Refuse what no header, path or URL can hold."""
    if not text.isprintable() or "\ufffd" in text:
        raise _UnsetError(f"{name} holds characters that are no text", "look for line ends within it")
    return text


Loc = tuple[int | str, ...]


def keys_at(model: type[BaseModel], loc: Loc) -> tuple[str, ...]:
    """The keys that are known at a place of a model."""
    kind: object = model
    for part in loc:
        kind = _step(kind, part)
    fields = _fields(kind)
    return (*fields, "extends", "environments") if kind is Manifest else tuple(fields)


def model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """The model that is wanted at a place of a model; None where it is none, or may be several."""
    kind: object = model
    for part in loc:
        kind = _step(kind, part)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _fields(kind: object) -> Mapping[str, object]:
    """Name and type of each key of a model."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return {}
    return {field.alias or name: _bare(field.annotation) for name, field in kind.model_fields.items()}


def text_lists(model: type[BaseModel]) -> frozenset[str]:
    """The keys of a model that are lists of texts."""
    kinds = {name: typing.get_args(kind) for name, kind in _fields(model).items() if typing.get_origin(kind) is tuple}
    return frozenset(name for name, items in kinds.items() if _bare(items[0]) is str)


def _step(kind: object, part: int | str) -> object:
    if typing.get_origin(kind) is dict:
        return _bare(typing.get_args(kind)[1])
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        return next((each for each in map(_bare, typing.get_args(kind)) if _is_called(each, str(part))), None)
    return _fields(kind).get(str(part))


def _is_called(kind: object, part: str) -> bool:
    """Whether pydantic means this one of several types; of a model with rules of its own it says that too."""
    name = getattr(kind, "__name__", "")
    return name != "" and (part == name or part.endswith(f", {name}]"))


def _bare(kind: object) -> object:
    """A type without `Annotated` and without `| None`."""
    while typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        rest = [each for each in typing.get_args(kind) if each is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else kind
    return kind


def _homes() -> dict[str, tuple[str, ...]]:
    """Where keys belong that somebody may write in the wrong section."""
    homes: dict[str, tuple[str, ...]] = {}
    for section, kind in _fields(Manifest).items():
        inner = _bare(typing.get_args(kind)[1]) if typing.get_origin(kind) is dict else kind
        name = f"{section}.NAME" if inner is not kind else section
        for key in _fields(inner):
            homes[key] = (*homes.get(key, ()), name)
    return homes


HOMES = _homes()


LISTED: Mapping[str, frozenset[str]] = {"filters": text_lists(Filters), "hits": text_lists(Hits)}
"""The keys of each section that may name a file."""

_FILE = "file"
_MOST_BYTES = 1 << 20
_HINT = "write [one, two], or {file: FILE} with an entry a line"


class _UnreadableError(Exception):
    """A file of a list cannot be read: what is wrong, and what to do."""


@dataclass(slots=True)
class ListFiles:
    """Reads the lists of a tree. `root` is the folder that relative paths start from."""

    root: Path
    problems: list[Problem] = field(default_factory=list)
    _read: dict[str, Seq] = field(default_factory=dict, init=False)

    def fill(self, tree: Map) -> Map:
        """The tree with each `{file: ...}` replaced by what the file holds."""
        filled = self._sections(tree, ())
        sites = tree.map("sites")
        for name, entry in sites.entries.items() if sites else ():
            if sites is not None and isinstance(entry.node, Map):
                sites = sites.with_(name, MapEntry(entry.mark, self._sections(entry.node, ("sites", name))))
        return filled if sites is None else filled.with_("sites", MapEntry(filled.entries["sites"].mark, sites))

    def _sections(self, tree: Map, path: KeyPath) -> Map:
        for name, keys in LISTED.items():
            section = tree.map(name)
            for key in keys & set(section.entries) if section else ():
                if section is not None and isinstance(node := section.entries[key].node, Map):
                    items = self._items(node, (*path, name, key))
                    entry = MapEntry(section.entries[key].mark, items)
                    section = replace(section.with_(key, entry), weight=section.weight + items.weight)
            if section is not None:
                tree = tree.with_(name, MapEntry(tree.entries[name].mark, section))
        return tree

    def _items(self, node: Map, path: KeyPath) -> Seq:
        """The entries of the file that a map names; none where it cannot be read, which is told."""
        named = node.get(_FILE)
        mark = named.mark if isinstance(named, Scalar) else node.mark
        if isinstance(named, Scalar) and named.open:
            return Seq(mark, ())
        name = text_of(named)
        if not name or set(node.entries) != {_FILE}:
            self.problems.append(mark.problem(".".join(path), "a map where a list belongs", _HINT))
            return Seq(mark, ())
        try:
            return self._of_file(name, mark)
        except _UnreadableError as error:
            self.problems.append(mark.problem(".".join((*path, _FILE)), *error.args))
            return Seq(mark, ())

    def _of_file(self, name: str, mark: Mark) -> Seq:
        if name not in self._read:
            path = self.root / name
            private = not path.resolve().is_relative_to(self.root.resolve())  # may be any file of the machine
            self._read[name] = _entries(Document(path, _text(path), private), mark)
        return self._read[name]


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise _UnreadableError("there is no such file", "the path starts from the project's folder")
        if path.stat().st_size > _MOST_BYTES:
            raise _UnreadableError("the file is larger than 1 MB", "that is no list to filter by")
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise _UnreadableError("the file is no UTF-8 text", "save it as UTF-8") from None
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else "its path is not one"
        raise _UnreadableError(f"the file cannot be read: {told}", "check its permissions") from None


def _entries(document: Document, mark: Mark) -> Seq:
    """One for each line that is neither blank nor a comment, without the blanks around it."""
    items: list[Node] = []
    at = 0
    for line in document.text.split("\n"):
        text = line.strip()
        if text and not text.startswith("#"):
            items.append(Scalar(document.mark(at + line.index(text)), text, text))
        at += len(line) + 1
    return Seq(mark, tuple(items), weight=len(items))
