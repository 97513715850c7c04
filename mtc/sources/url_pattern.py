"""A URL template compiled for one site: the day that a key belongs to, and the key of an object's copy. No I/O.

Keys are untrusted, so the regex is built so that no key makes it slow: stars are matched one after the other, each as
short as possible and without backtracking, as `fnmatch` does.
"""

import datetime as dt
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from mtc.core.errors import PermanentError
from mtc.core.model import SourceObject
from mtc.core.sanitize import key_problem, printable
from mtc.sources import url_template
from mtc.sources.url_template import Atom, Directive, Field, Glob, Text

DEEP = (Glob("**"),)
"""The piece that matches any number of folders."""


@dataclass(frozen=True, slots=True)
class SourceUrl:
    """A source's URL template for one site.

    `bucket` is empty for a folder, and `root` (the folder that keys start from) for S3. `pieces` match the parts of a
    key between slashes.
    """

    url: str
    bucket: str
    root: str
    pieces: tuple[tuple[Atom, ...], ...]
    regex: re.Pattern[str]

    @classmethod
    def compile(cls, url: str, site: str) -> Self:
        """Read a template; raises PermanentError that says what is wrong with it."""
        place = url_template.locate(url, site)
        pieces = url_template.parse(url, place.path, site)
        _check(url, pieces)
        try:
            regex = re.compile(regex_of(pieces), re.DOTALL)
        except re.error as error:
            raise PermanentError(f"a class of characters is not valid: {error.msg}", where=url) from None
        return cls(url, place.bucket, place.root, pieces, regex)

    @property
    def is_dated(self) -> bool:
        """Whether names tell the day: else the lines do, of logs that grow and are rotated."""
        return any(isinstance(atom, Directive) for piece in self.pieces for atom in piece)

    def match(self, key: str) -> dt.date | None:
        """The day that `key` names; None when it does not match, or its dates do not exist or disagree."""
        match = self.regex.fullmatch(key)
        texts = match.groupdict() if match else {}  # empty too where no date is named
        return url_template.parse_day(texts) if texts else None

    def accepts(self, key: str) -> bool:
        """Whether `key` is one of the source: it fits, and the date that it names exists."""
        return self.match(key) is not None if self.is_dated else self.regex.fullmatch(key) is not None

    def names_folder(self, folder: str) -> bool:
        """Whether the URL has a folder at this depth that is a text or a date, not only globs."""
        depth = folder.count("/")
        if depth >= len(self.pieces) - 1 or DEEP in self.pieces[: depth + 1]:
            return False
        return any(isinstance(atom, Text | Directive) for atom in self.pieces[depth])

    def may_enter(self, folder: str) -> bool:
        """Whether a key below `folder` (without a slash at its end) can match."""
        names = folder.split("/")
        for name, piece in itertools.zip_longest(names, self.pieces[:-1]):
            if piece == DEEP or name is None:
                return True
            if piece is None:
                return self.pieces[-1] == DEEP
            if not re.fullmatch(_piece_regex(piece, set()), name, re.DOTALL):
                return False
        return True

    def fixed(self, start: int = 0) -> Iterator[Text | Directive]:
        """The atoms from a piece on up to the first glob, field or time directive: what a day determines."""
        for index, piece in enumerate(self.pieces[start:]):
            if index:
                yield Text("/")
            for atom in piece:
                if isinstance(atom, Glob | Field) or (
                    isinstance(atom, Directive) and atom.code in url_template.TIME_CODES
                ):
                    return
                yield atom


def is_fixed(piece: tuple[Atom, ...]) -> bool:
    """Whether a day determines a piece: it has no glob, and no directive of the time."""
    return not any(
        isinstance(atom, Glob) or (isinstance(atom, Directive) and atom.code in url_template.TIME_CODES)
        for atom in piece
    )


def _check(url: str, pieces: tuple[tuple[Atom, ...], ...]) -> None:
    atoms = [atom for piece in pieces for atom in piece]
    if any(isinstance(atom, Field) for atom in atoms):
        raise PermanentError("{name} and {key} belong into an archive's URL", where=url, hint="use * for a file's name")
    codes = frozenset(atom.code for atom in atoms if isinstance(atom, Directive))
    if codes and not url_template.names_a_day(codes):
        hint = "a source's URL needs a whole date, such as {date:%Y-%m-%d}"
        raise PermanentError("the URL does not say which day a file belongs to", where=url, hint=hint)
    if sum(piece == DEEP for piece in pieces) > 1 or any(Glob("**") in piece and piece != DEEP for piece in pieces):
        raise PermanentError("** is allowed once, alone between slashes", where=url)


def regex_of(pieces: tuple[tuple[Atom, ...], ...]) -> str:
    """The regex of keys with these pieces; each directive of the date is a group of that name."""
    seen: set[str] = set()
    text = ""
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        if piece == DEEP:
            text += "(?:[^/]+/)*" + ("[^/]+" if last else "")
        else:
            text += _piece_regex(piece, seen) + ("" if last else "/")
    return text


def _piece_regex(piece: tuple[Atom, ...], seen: set[str]) -> str:
    """The regex of one piece: its first text, then each star with the text after it; the last must reach the end."""
    if piece == (Glob("*"),):
        return "[^/]+"
    return stars_regex(between_stars(piece, seen))


def stars_regex(parts: Sequence[str]) -> str:
    """The regex of a name: the first part, then a star and the next part, and so on."""
    text, *rest = parts
    for index, part in enumerate(rest):
        text += f"[^/]*{part}" if index == len(rest) - 1 else f"(?>[^/]*?{part})"
    return text


def between_stars(piece: tuple[Atom, ...], seen: set[str]) -> list[str]:
    """The regexes of what is between the stars of a name. Directives in `seen` must match the same text again."""
    parts = [""]
    for atom in piece:
        if atom == Glob("*"):
            parts.append("")
        else:
            parts[-1] += _atom_regex(atom, seen)
    return parts


def _atom_regex(atom: Atom, seen: set[str]) -> str:
    match atom:
        case Text(text):
            return re.escape(text)
        case Directive(code) if code in url_template.TIME_CODES:
            return url_template.CODES[code]
        case Directive(code) if code in seen:
            return f"(?P={code})"
        case Directive(code):
            seen.add(code)
            return f"(?P<{code}>{url_template.CODES[code]})"
        case Glob("?"):
            return "[^/]"
        case Glob(glob):
            return char_class_regex(glob)
    raise ValueError(f"{atom} matches nothing")


def char_class_regex(glob: str) -> str:
    """The regex of a class such as `[!0-9]`."""
    inner = glob[1:-1]
    negated = inner.startswith("!")
    inner = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner.removeprefix("!"))
    return f"(?!/)[{'^' if negated else ''}{inner}]"


@dataclass(frozen=True, slots=True)
class ArchiveUrl:
    """An archive's URL template for one site. `bucket` is empty for a folder, `root` for S3."""

    url: str
    bucket: str
    root: str
    pieces: tuple[tuple[Atom, ...], ...]

    @classmethod
    def compile(cls, url: str, site: str) -> Self:
        """Read a template; raises PermanentError that says what is wrong with it."""
        place = url_template.locate(url, site)
        pieces = url_template.parse(url, place.path, site)
        atoms = [atom for piece in pieces for atom in piece]
        if any(isinstance(atom, Glob) for atom in atoms):
            raise PermanentError("an archive's URL takes no globs", where=url, hint="use {name} for a file's name")
        if not any(isinstance(atom, Field) for atom in atoms):
            raise PermanentError("an archive's URL needs {name} or {key}", where=url, hint="else copies would collide")
        if any(isinstance(atom, Directive) and atom.code in url_template.TIME_CODES for atom in atoms):
            raise PermanentError("an archive's URL has no time of day", where=url, hint="use {name} or {key}")
        return cls(url, place.bucket, place.root, pieces)

    def render(self, day: dt.date, obj: SourceObject) -> str:
        """The key of the copy below `root`; raises PermanentError if a key is not a safe path."""
        key = "/".join("".join(_written(atom, day, obj) for atom in piece) for piece in self.pieces)
        if reason := key_problem(obj.key) or key_problem(key):
            raise PermanentError(f"the object cannot be archived under its key: {reason}", where=printable(obj.key))
        return key

    def copy_url(self, key: str) -> str:
        """The URL of a copy; a folder's is relative if the manifest's is."""
        if self.bucket:
            return f"s3://{self.bucket}/{key}"
        return key if self.root == "." else f"{self.root.rstrip('/')}/{key}"


def _written(atom: Atom, day: dt.date, obj: SourceObject) -> str:
    match atom:
        case Text(text):
            return text
        case Directive(code):
            return url_template.format_directive(code, day)
        case Field("name"):
            return obj.name
        case Field():
            return obj.key
    raise ValueError(f"{atom} is not settled by an object")
