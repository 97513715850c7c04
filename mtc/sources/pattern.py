"""Which keys of a source belong to a site, and to which day: a source's URL template, compiled. No I/O.

Every key is a stranger's: the regex is built so that no key makes it slow. Stars are matched one after the other,
each as short as can be, without going back, as `fnmatch` does.
"""

import datetime as dt
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from mtc.errors import PermanentError
from mtc.sources import days, listing, template
from mtc.sources.listing import ListRange
from mtc.sources.template import Atom, Dated, Field, Text, Wild

DEEP = (Wild("**"),)
"""The piece that stands for any number of folders."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A source's URL template for one site.

    `bucket` is empty for a folder, and `root` (the folder that keys start from) for S3. `pieces` are what the parts
    of a key between slashes look like.
    """

    url: str
    bucket: str
    root: str
    pieces: tuple[tuple[Atom, ...], ...]
    regex: re.Pattern[str]

    @classmethod
    def compile(cls, url: str, site: str) -> Self:
        """Read a template; raises PermanentError that says what is wrong with it."""
        place = template.locate(url, site)
        pieces = template.parse(url, place.path, site)
        _check(url, pieces)
        try:
            regex = re.compile(regex_of(pieces), re.DOTALL)
        except re.error as error:
            raise PermanentError(f"a class of characters is not valid: {error.msg}", where=url) from None
        return cls(url, place.bucket, place.root, pieces, regex)

    def match(self, key: str) -> dt.date | None:
        """The day that `key` belongs to; None when it does not fit, or its dates do not exist or disagree."""
        match = self.regex.fullmatch(key)
        return None if match is None else days.read(match.groupdict())

    def prefix_for(self, day: dt.date) -> str:
        """The longest text with which every key of `day` begins."""
        return "".join(atom.text if isinstance(atom, Text) else days.write(atom.code, day) for atom in self.fixed())

    def prefixes(self, wanted: Collection[dt.date]) -> tuple[ListRange, ...]:
        """Plan which stretches of keys to list for these days."""
        codes = tuple(atom.code for atom in self.fixed() if isinstance(atom, Dated))
        return listing.plan({day: self.prefix_for(day) for day in wanted}, sorts=days.sort_as_dates(codes))

    def names_folder(self, folder: str) -> bool:
        """Whether the URL has a folder of this name, as a text or a date: not by globs alone."""
        depth = folder.count("/")
        if depth >= len(self.pieces) - 1 or DEEP in self.pieces[: depth + 1]:
            return False
        return any(isinstance(atom, Text | Dated) for atom in self.pieces[depth])

    def may_enter(self, folder: str) -> bool:
        """Whether a key below `folder` (without a slash at its end) can fit."""
        names = folder.split("/")
        for name, piece in itertools.zip_longest(names, self.pieces[:-1]):
            if piece == DEEP or name is None:
                return True
            if piece is None:
                return self.pieces[-1] == DEEP
            if not re.fullmatch(_piece_regex(piece, set()), name, re.DOTALL):
                return False
        return True

    def fixed(self, start: int = 0) -> Iterator[Text | Dated]:
        """What stands from a piece on before the first glob, or the first directive that a day does not settle."""
        for index, piece in enumerate(self.pieces[start:]):
            if index:
                yield Text("/")
            for atom in piece:
                if isinstance(atom, Wild | Field) or (isinstance(atom, Dated) and atom.code in days.TIME_CODES):
                    return
                yield atom


def is_settled(piece: tuple[Atom, ...]) -> bool:
    """Whether a day settles what a piece is: it has no glob, and no directive of the time."""
    return not any(
        isinstance(atom, Wild) or (isinstance(atom, Dated) and atom.code in days.TIME_CODES) for atom in piece
    )


def _check(url: str, pieces: tuple[tuple[Atom, ...], ...]) -> None:
    atoms = [atom for piece in pieces for atom in piece]
    if any(isinstance(atom, Field) for atom in atoms):
        raise PermanentError("{name} and {key} belong into an archive's URL", where=url, hint="use * for a file's name")
    if not days.settle(frozenset(atom.code for atom in atoms if isinstance(atom, Dated))):
        hint = "a source's URL needs a whole date, such as {date:%Y-%m-%d}"
        raise PermanentError("the URL does not say which day a file belongs to", where=url, hint=hint)
    if sum(piece == DEEP for piece in pieces) > 1 or any(Wild("**") in piece and piece != DEEP for piece in pieces):
        raise PermanentError("** stands once, alone between slashes", where=url)


def regex_of(pieces: tuple[tuple[Atom, ...], ...]) -> str:
    """What keys of these pieces look like; each directive of the date is a group of its name."""
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
    """One piece: its first text, then each star with the text after it; the last must reach the piece's end."""
    if piece == (Wild("*"),):
        return "[^/]+"
    return stars_regex(between_stars(piece, seen))


def stars_regex(parts: Sequence[str]) -> str:
    """A regex of a name: the first part, then a star and the next part, and so on."""
    text, *rest = parts
    for index, part in enumerate(rest):
        text += f"[^/]*{part}" if index == len(rest) - 1 else f"(?>[^/]*?{part})"
    return text


def between_stars(piece: tuple[Atom, ...], seen: set[str]) -> list[str]:
    """The regexes of what stands between the stars of a name. Directives in `seen` must be what they were before."""
    parts = [""]
    for atom in piece:
        if atom == Wild("*"):
            parts.append("")
        else:
            parts[-1] += _atom_regex(atom, seen)
    return parts


def _atom_regex(atom: Atom, seen: set[str]) -> str:
    match atom:
        case Text(text):
            return re.escape(text)
        case Dated(code) if code in days.TIME_CODES:
            return days.CODES[code]
        case Dated(code) if code in seen:
            return f"(?P={code})"
        case Dated(code):
            seen.add(code)
            return f"(?P<{code}>{days.CODES[code]})"
        case Wild("?"):
            return "[^/]"
        case Wild(glob):
            return class_regex(glob)
    raise ValueError(f"{atom} matches nothing")


def class_regex(glob: str) -> str:
    """The regex of a class such as `[!0-9]`."""
    inner = glob[1:-1]
    negated = inner.startswith("!")
    inner = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner.removeprefix("!"))
    return f"(?!/)[{'^' if negated else ''}{inner}]"
