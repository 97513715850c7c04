"""What a manifest takes from elsewhere: `${NAME}` and `${file:PATH}` in its texts, and lists in files.

Messages name what is missing, and never show a value.

Any list of texts in `filters` and `hits` may be in a file, an entry a line: `exclude_paths: {file: lists/paths.txt}`.
The entries take the list's place in the tree, each with its line in that file, so models, fingerprints and messages
need not know where a list was written.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mtc.core.errors import Problem
from mtc.formats.settings import Filters, HitSettings
from mtc.manifest.model_keys import text_lists
from mtc.manifest.nodes import Document, KeyPath, Map, MapEntry, Mark, Node, Scalar, Seq, text_of

_PIECE = re.compile(r"\$\$\{|\$\{(?P<body>[^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_SECRET_BYTES = 1 << 16
_MAX_LIST_BYTES = 1 << 20

LIST_KEYS: Mapping[str, frozenset[str]] = {"filters": text_lists(Filters), "hits": text_lists(HitSettings)}
"""The keys of each section whose list may be in a file."""

_FILE_KEY = "file"
_LIST_HINT = "write [one, two], or {file: FILE} with an entry a line"


class _UnresolvedError(Exception):
    """A reference cannot be resolved: what is wrong, and what to do."""


@dataclass(slots=True)
class Substitution:
    """Resolves the references in a tree. Without `environ` they stay as written, as `mtc validate` needs."""

    environ: Mapping[str, str] | None
    problems: list[Problem] = field(default_factory=list)

    def fill(self, node: Node, path: KeyPath = (), *, needed: Callable[[KeyPath], bool] = lambda _path: True) -> Node:
        """The tree with its references replaced; those whose path is not `needed` stay as written."""
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
        unresolved: list[str] = []

        def piece(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            try:
                return self._look_up(match, node, lookup=lookup)
            except _UnresolvedError as error:
                self.problems.append(node.mark.problem(".".join(path), *error.args))
            except LookupError:
                pass
            unresolved.append(match[0])
            return match[0]

        value = _PIECE.sub(piece, node.value)
        return replace(node, value=value, open=bool(unresolved), filled=value != node.value)

    def _look_up(self, match: re.Match[str], node: Scalar, *, lookup: bool) -> str:
        """The text that a reference stands for; raises LookupError when it is to stay as written."""
        body = match["body"]
        if body is None:
            raise _UnresolvedError("`${` without `}`", "close it, or write `$${` for the characters themselves")
        is_file = body.startswith("file:") and len(body) > len("file:")
        if not is_file and not _NAME.fullmatch(body):
            raise _UnresolvedError("`${...}` holds no name", "write ${NAME}, ${file:PATH}, or `$${` for the characters")
        if not lookup or self.environ is None:
            raise LookupError
        return (
            _secret_file_text(body[len("file:") :], node.mark.document.file.parent) if is_file else self._variable(body)
        )

    def _variable(self, name: str) -> str:
        value = (self.environ or {}).get(name)
        if value is None:
            raise _UnresolvedError(
                f"the environment variable {name} is not set", f"set {name}, or use another environment"
            )
        if not value:
            raise _UnresolvedError(f"the environment variable {name} is empty", f"give {name} a value")
        return _checked_text(value, f"the environment variable {name}")


def _is_layout(path: KeyPath) -> bool:
    """Whether the map at this path describes a log format: `${...}` in it is nginx's own, and is not replaced."""
    inner = path[2:] if path[:1] == ("environments",) else path
    return inner == ("source", "format") or (
        inner[:1] == ("sites",) and inner[2:] in {("format",), ("source", "format")}
    )


def _secret_file_text(path: str, folder: Path) -> str:
    """The text of a secret's file, without the line end that editors add."""
    file = folder / path
    try:
        if not file.is_file():
            raise _UnresolvedError(f"there is no file {path}", "mount the secret, or correct the path")
        with file.open("rb") as stream:
            data = stream.read(_MAX_SECRET_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "a bad path"
        raise _UnresolvedError(f"the file {path} cannot be read: {reason}", "check its owner and mode") from None
    if len(data) > _MAX_SECRET_BYTES:
        raise _UnresolvedError(f"the file {path} is too large for a secret", "")
    text = data.decode("utf-8", errors="replace").rstrip("\r\n")
    if not text:
        raise _UnresolvedError(f"the file {path} is empty", "")
    return _checked_text(text, f"the file {path}")


def _checked_text(text: str, name: str) -> str:
    """The text, unless it has characters that no header, path or URL can hold."""
    if not text.isprintable() or "\ufffd" in text:
        raise _UnresolvedError(f"{name} holds characters that are not text", "look for line ends within it")
    return text


@dataclass(slots=True)
class ListFiles:
    """Reads the lists of a tree that are in files. `root` is the folder that relative paths start from."""

    root: Path
    problems: list[Problem] = field(default_factory=list)
    _read: dict[str, Seq] = field(default_factory=dict, init=False)

    def fill(self, tree: Map) -> Map:
        """The tree with each `{file: ...}` replaced by the entries of that file."""
        filled = self._sections(tree, ())
        sites = tree.map("sites")
        for name, entry in sites.entries.items() if sites else ():
            if sites is not None and isinstance(entry.node, Map):
                sites = sites.with_(name, MapEntry(entry.mark, self._sections(entry.node, ("sites", name))))
        return filled if sites is None else filled.with_("sites", MapEntry(filled.entries["sites"].mark, sites))

    def _sections(self, tree: Map, path: KeyPath) -> Map:
        for name, keys in LIST_KEYS.items():
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
        """The entries of the file that a map names; no entries, and a problem, where it cannot be read."""
        file = node.get(_FILE_KEY)
        mark = file.mark if isinstance(file, Scalar) else node.mark
        if isinstance(file, Scalar) and file.open:
            return Seq(mark, ())
        name = text_of(file)
        if not name or set(node.entries) != {_FILE_KEY}:
            self.problems.append(mark.problem(".".join(path), "expected a list, found a map", _LIST_HINT))
            return Seq(mark, ())
        try:
            return self._of_file(name, mark)
        except _UnresolvedError as error:
            self.problems.append(mark.problem(".".join((*path, _FILE_KEY)), *error.args))
            return Seq(mark, ())

    def _of_file(self, name: str, mark: Mark) -> Seq:
        if name not in self._read:
            path = self.root / name
            private = not path.resolve().is_relative_to(self.root.resolve())  # may be any file of the machine
            self._read[name] = _list_entries(Document(path, _list_text(path), private), mark)
        return self._read[name]


def _list_text(path: Path) -> str:
    try:
        if not path.is_file():
            raise _UnresolvedError("there is no such file", "the path starts from the project's folder")
        if path.stat().st_size > _MAX_LIST_BYTES:
            raise _UnresolvedError("the file is larger than 1 MB", "a list to filter by is smaller")
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise _UnresolvedError("the file is not UTF-8 text", "save it as UTF-8") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the path is not valid"
        raise _UnresolvedError(f"the file cannot be read: {reason}", "check its permissions") from None


def _list_entries(document: Document, mark: Mark) -> Seq:
    """One entry for each line that is neither blank nor a comment, stripped."""
    items: list[Node] = []
    offset = 0
    for line in document.text.split("\n"):
        text = line.strip()
        if text and not text.startswith("#"):
            items.append(Scalar(document.mark(offset + line.index(text)), text, text))
        offset += len(line) + 1
    return Seq(mark, tuple(items), weight=len(items))
