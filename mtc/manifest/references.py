"""`${NAME}` and `${file:PATH}` in the texts of a manifest. Messages name what is missing, and never show a value."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mtc.core.errors import Problem
from mtc.manifest.nodes import KeyPath, Map, MapEntry, Node, Scalar, Seq

_PIECE = re.compile(r"\$\$\{|\$\{(?P<body>[^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_SECRET_BYTES = 1 << 16


class _UnresolvedError(Exception):
    """A reference cannot be followed: what is wrong, and what to do."""


@dataclass(slots=True)
class Substitution:
    """Fills in a tree. Without `environ` nothing is looked up: references stay as written, as `mtc validate` needs."""

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
        """The text that a reference stands for; LookupError when it is not to be followed."""
        body = match["body"]
        if body is None:
            raise _UnresolvedError("`${` without `}`", "close it, or write `$${` for the characters themselves")
        is_file = body.startswith("file:") and len(body) > len("file:")
        if not is_file and not _NAME.fullmatch(body):
            raise _UnresolvedError("`${...}` holds no name", "write ${NAME}, ${file:PATH}, or `$${` for the characters")
        if not lookup or self.environ is None:
            raise LookupError
        return _secret_file(body[len("file:") :], node.mark.document.file.parent) if is_file else self._variable(body)

    def _variable(self, name: str) -> str:
        value = (self.environ or {}).get(name)
        if value is None:
            raise _UnresolvedError(
                f"the environment variable {name} is not set", f"set {name}, or use another environment"
            )
        if not value:
            raise _UnresolvedError(f"the environment variable {name} is empty", f"give {name} a value")
        return _clean(value, f"the environment variable {name}")


def _is_layout(path: KeyPath) -> bool:
    """Whether a map here describes a log format: `${...}` is nginx's there, so texts stand for what they are."""
    inner = path[2:] if path[:1] == ("environments",) else path
    return inner == ("source", "format") or (
        inner[:1] == ("sites",) and inner[2:] in {("format",), ("source", "format")}
    )


def _secret_file(path: str, folder: Path) -> str:
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
    return _clean(text, f"the file {path}")


def _clean(text: str, name: str) -> str:
    """Refuse what no header, path or URL can hold."""
    if not text.isprintable() or "\ufffd" in text:
        raise _UnresolvedError(f"{name} holds characters that are no text", "look for line ends within it")
    return text
