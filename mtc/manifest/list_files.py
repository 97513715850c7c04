"""Lists that stand in a file of their own: `exclude_paths: {file: lists/paths.txt}`, an entry a line.

Any list of texts in `filters` and `hits` may. The entries take the list's place in the tree, each with its line in
that file, so that models, fingerprints and messages need not know where a list was written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mtc.core.errors import Problem
from mtc.formats.settings import Filters, HitSettings
from mtc.manifest.model_keys import text_lists
from mtc.manifest.nodes import Document, KeyPath, Map, MapEntry, Mark, Node, Scalar, Seq, text_of

LIST_KEYS: Mapping[str, frozenset[str]] = {"filters": text_lists(Filters), "hits": text_lists(HitSettings)}
"""The keys of each section that may name a file."""

_FILE = "file"
_MAX_BYTES = 1 << 20
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
        """The entries of the file that a map names; none, and a problem, where it cannot be read."""
        file = node.get(_FILE)
        mark = file.mark if isinstance(file, Scalar) else node.mark
        if isinstance(file, Scalar) and file.open:
            return Seq(mark, ())
        name = text_of(file)
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
        if path.stat().st_size > _MAX_BYTES:
            raise _UnreadableError("the file is larger than 1 MB", "that is no list to filter by")
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise _UnreadableError("the file is no UTF-8 text", "save it as UTF-8") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its path is not one"
        raise _UnreadableError(f"the file cannot be read: {reason}", "check its permissions") from None


def _entries(document: Document, mark: Mark) -> Seq:
    """One entry for each line that is neither blank nor a comment, stripped."""
    items: list[Node] = []
    offset = 0
    for line in document.text.split("\n"):
        text = line.strip()
        if text and not text.startswith("#"):
            items.append(Scalar(document.mark(offset + line.index(text)), text, text))
        offset += len(line) + 1
    return Seq(mark, tuple(items), weight=len(items))
