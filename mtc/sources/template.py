"""Reads URL templates, a source's and an archive's, into pieces. What the pieces match or make is decided elsewhere.

A template is an `s3://` URL or a folder's path with `{fields}` and, for a source, the globs `*`, `?`, `[...]` and
`**`. No I/O.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mtc.errors import PermanentError
from mtc.sources import days

_TOKEN = re.compile(
    r"\{(?P<field>[a-z_]*)(?::(?P<format>[^{}]*))?\}"
    r"|(?P<glob>\*+|\?|\[!?\]?[^\]/]*\])"
    r"|(?P<text>[^{}*?\[]+|\[)"
    r"|(?P<bad>.)",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"%(?P<code>.?)|(?P<text>[^%]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves."""

    text: str


@dataclass(frozen=True, slots=True)
class Dated:
    """One directive of a `{date:...}`, such as `Y` or `m`."""

    code: str


@dataclass(frozen=True, slots=True)
class Wild:
    """A glob: `*`, `?`, `**`, or a class such as `[0-9]`."""

    glob: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field that depends on the object: `name` or `key`."""

    name: str


Atom = Text | Dated | Wild | Field


@dataclass(frozen=True, slots=True)
class Location:
    """Where a template points: the bucket, or the folder that keys start from; and the template of its keys."""

    bucket: str
    root: str
    path: str


def locate(url: str, site: str) -> Location:
    """Split a template into its fixed place and the template of the keys there.

    A folder's fixed place is what stands before the first piece with a field or a glob.
    """
    if url.startswith("s3://"):
        bucket, _, path = url.removeprefix("s3://").partition("/")
        bucket = bucket.replace("{site}", site)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", bucket):
            raise PermanentError("the name of the bucket is not valid", where=url, hint="write s3://BUCKET/PREFIX...")
        return Location(bucket, "", path)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    if scheme is not None and scheme[1] != "file":
        raise PermanentError(f"{scheme[1]}:// is not supported", where=url, hint="use s3:// or a folder's path")
    fixed = re.split(r"[{*?\[]", folder := url.removeprefix("file://"), maxsplit=1)[0]
    head, slash, _ = fixed.rpartition("/")
    return Location("", head or slash or ".", folder[len(head + slash) :])


def parse(url: str, path: str, site: str) -> tuple[tuple[Atom, ...], ...]:
    """Read the template of a key into pieces, split at `/`; raises PermanentError that names `url`."""
    pieces: list[list[Atom]] = [[]]
    for atom in _atoms(url, path, site):
        if not isinstance(atom, Text):
            pieces[-1].append(atom)
            continue
        first, *more = atom.text.split("/")
        pieces[-1].append(Text(first))
        pieces.extend([Text(text)] for text in more)
    joined = tuple(_join(piece) for piece in pieces)
    if any(piece in {(), (Text("."),), (Text(".."),)} for piece in joined):
        raise PermanentError("a piece between two slashes is empty or of dots", where=url)
    return joined


def _atoms(url: str, path: str, site: str) -> Iterator[Atom]:
    for token in _TOKEN.finditer(path):
        if token["text"] is not None:
            yield Text(token["text"])
        elif token["glob"] is not None:
            yield Wild(_glob(url, token["glob"]))
        elif token["bad"] is not None:
            raise PermanentError(f"a {token['bad']} stands alone", where=url, hint="fields are written {name}")
        elif token["field"] == "site" and token["format"] is None:
            yield Text(site)
        elif token["field"] == "date" and token["format"]:
            yield from _directives(url, token["format"])
        elif token["field"] in {"name", "key"} and token["format"] is None:
            yield Field(token["field"])
        else:
            hint = "there are {site}, {date:%Y-%m-%d} and, in an archive, {name} and {key}"
            raise PermanentError(f"{token[0]} is no field", where=url, hint=hint)


def _directives(url: str, text: str) -> Iterator[Atom]:
    for token in _DIRECTIVE.finditer(text.replace("%F", "%Y-%m-%d")):
        if token["text"] is not None:
            yield Text(token["text"])
        elif token["code"] == "%":
            yield Text("%")
        elif token["code"] in days.CODES:
            yield Dated(token["code"])
        else:
            known = ", ".join(f"%{code}" for code in days.CODES)
            raise PermanentError(f"{token[0]} cannot be used in {{date:...}}", where=url, hint=f"there are {known}")


def _glob(url: str, glob: str) -> str:
    if glob.startswith("***") or glob in {"[]", "[!]"}:
        raise PermanentError(f"{glob} is no glob", where=url, hint="there are *, ?, [...] and **")
    return glob


def _join(piece: list[Atom]) -> tuple[Atom, ...]:
    """Put texts that stand side by side together, and leave empty ones out."""
    joined: list[Atom] = []
    for atom in piece:
        last = joined[-1] if joined else None
        if isinstance(atom, Text) and isinstance(last, Text):
            joined[-1] = Text(last.text + atom.text)
        elif atom != Text(""):
            joined.append(atom)
    return tuple(joined)
