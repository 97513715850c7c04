"""Whether two URLs overlap: copies that would be read as logs, outputs among logs, two sources with one log.

The keys of a template are the language of an automaton, built of the same pieces as its regex in `url_pattern`. A date
is treated as independent digits: a key whose two dates disagree counts as a key, which errs on the safe side. The disk
is read only to resolve links in a folder's path.
"""

import datetime as dt
import itertools
import os.path
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from mtc.sources import url_template
from mtc.sources.url_pattern import DEEP, ArchiveUrl, SourceUrl, char_class_regex
from mtc.sources.url_template import Atom, Directive, Field, Glob, Text, locate, parse

Chars = frozenset[str]
Pieces = Sequence[tuple[Atom, ...]]

_DIGITS = "0123456789"
_FRESH = "ðÐ"  # letters that no template has, for all characters that are not named
_DAY = dt.date(2001, 2, 3)  # month and day differ, so that a template that swaps them is noticed
_WIDTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3, "H": 2, "M": 2, "S": 2}


@dataclass(frozen=True, slots=True)
class KeySpace:
    """A set of keys: the folder or bucket, with a slash at its end, and the pieces of the keys below it.

    A folder of a source is `walked`: names that begin with a dot are skipped there.
    """

    root: str
    pieces: tuple[tuple[Atom, ...], ...]
    walked: bool = False


def have_common_key(source: KeySpace, other: KeySpace, *, key: Pieces = ()) -> bool:
    """Whether a key of `other` is also a key of the source. `{key}` and `{name}` are taken from `key`."""
    alphabet = _alphabet((source.root, other.root), (*source.pieces, *other.pieces, *key))
    first = _Automaton(alphabet)
    first.text(source.root)
    root = first.at
    first.add(source.pieces, day=None)
    second = _Automaton(alphabet, key)
    second.text(other.root)
    second.add(other.pieces, day=_DAY)
    return _have_common_text(first, second, root if source.walked else None)


@dataclass(slots=True)
class _Automaton:
    """`edges` are the transitions of each state: characters (None for an empty one) and target; `at` is the last."""

    alphabet: Chars
    key: Pieces = ()
    edges: list[list[tuple[Chars | None, int]]] = field(default_factory=lambda: [[]])
    at: int = 0

    def text(self, text: str) -> None:
        """Add these characters."""
        for char in text:
            self.one_of(frozenset(char))

    def one_of(self, chars: Iterable[str]) -> None:
        """Add one of these characters."""
        self._add_edge(self.at, frozenset(chars), self._state())
        self.at = len(self.edges) - 1

    def many(self, chars: Chars) -> None:
        """Add any number of these characters."""
        loop = self._state()
        self._add_edge(self.at, None, loop)
        self._add_edge(loop, chars, loop)
        self.at = loop

    def either(self, texts: Iterable[str]) -> None:
        """Add one of some texts."""
        begin, end = self.at, self._state()
        for text in texts:
            self.at = begin
            self.text(text)
            self._add_edge(self.at, None, end)
        self.at = end

    def add(self, pieces: Pieces, day: dt.date | None) -> None:
        """Add pieces with slashes between them, dated `day`, or any day if None."""
        for index, piece in enumerate(pieces):
            last = index == len(pieces) - 1
            if piece == DEEP:
                self._folders()
            if piece in {DEEP, (Glob("*"),)}:
                if piece != DEEP or last:
                    self.one_of(self._name)
                    self.many(self._name)
            else:
                for atom in piece:
                    self._atom(atom, day)
            if not last and piece != DEEP:
                self.text("/")

    @property
    def _name(self) -> Chars:
        return self.alphabet - {"/"}

    def _folders(self) -> None:
        """Add any number of names, each followed by a slash."""
        begin, inside = self._state(), self._state()
        self._add_edge(self.at, None, begin)
        self._add_edge(begin, self._name, inside)
        self._add_edge(inside, self._name, inside)
        self._add_edge(inside, frozenset("/"), begin)
        self.at = begin

    def _atom(self, atom: Atom, day: dt.date | None) -> None:
        match atom:
            case Text(text):
                self.text(text)
            case Directive(code) if day is not None and code not in url_template.TIME_CODES:
                self.text(url_template.format_directive(code, day))
            case Directive("b" | "B" as code):
                self.either(url_template.format_directive(code, dt.date(2001, month, 1)) for month in range(1, 13))
            case Directive(code):
                for _ in range(_WIDTHS[code]):
                    self.one_of(_DIGITS)
            case Glob("*"):
                self.many(self._name)
            case Glob("?"):
                self.one_of(self._name)
            case Glob(glob):
                self.one_of(char for char in self.alphabet if re.fullmatch(char_class_regex(glob), char, re.DOTALL))
            case Field(name):
                self.add(self.key if name == "key" else self.key[-1:], day)

    def _state(self) -> int:
        self.edges.append([])
        return len(self.edges) - 1

    def _add_edge(self, state: int, chars: Chars | None, to: int) -> None:
        self.edges[state].append((chars, to))


def _have_common_text(first: _Automaton, second: _Automaton, root: int | None) -> bool:
    """Whether both accept a common text. After the state `root` of the first no name begins with a dot."""
    seen = {(0, 0, False)}
    todo = list(seen)
    while todo:
        at, other, fresh = state = todo.pop()
        if (at, other) == (first.at, second.at):
            return True
        hidden = root is not None and (at == root or (at > root and fresh))
        for following in _next(first, second, state, no_dot=hidden):
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return False


def _next(
    first: _Automaton, second: _Automaton, state: tuple[int, int, bool], *, no_dot: bool
) -> Iterable[tuple[int, int, bool]]:
    """The pairs of states after `state`. The last value of each is true where a name begins."""
    at, other, fresh = state
    yield from ((to, other, fresh) for chars, to in first.edges[at] if chars is None)
    yield from ((at, to, fresh) for chars, to in second.edges[other] if chars is None)
    for chars, to in first.edges[at]:
        for other_chars, other_to in second.edges[other]:
            if chars is None or other_chars is None:
                continue
            both = chars & other_chars - ({"."} if no_dot else frozenset())
            if both - {"/"}:
                yield to, other_to, False
            if "/" in both:
                yield to, other_to, True


def _alphabet(roots: Iterable[str], pieces: Pieces) -> Chars:
    """All characters that are named, their neighbours (for the ends of classes), and two that are not named."""
    named = {char for root in roots for char in root}
    for piece in pieces:
        for atom in piece:
            if isinstance(atom, Text):
                named.update(atom.text)
            elif isinstance(atom, Glob):
                named.update(chr(ord(char) + step) for char in atom.glob for step in (-1, 0, 1))
            elif isinstance(atom, Directive) and atom.code in "bB":
                named.update(
                    url_template.format_directive(atom.code, dt.date(2001, month, 1)) for month in range(1, 13)
                )
    letters = {char for text in named for char in text}
    return frozenset((*letters, *_DIGITS, *_FRESH, "/", "."))


def absolute(root: Path, path: str) -> PurePath:
    """A path of a manifest, absolute from the project's root, without reading the disk."""
    return PurePath(os.path.normpath(root / path))


def lies_within(inner: PurePath, outer: PurePath) -> bool:
    """Whether `inner` is `outer`, or a folder in it."""
    return inner.is_relative_to(outer)


def folder_pairs(folders: dict[str, PurePath]) -> Iterator[tuple[str, str]]:
    """The names of each pair of folders that overlap, in the given order."""
    for (name, first), (other, second) in itertools.combinations(folders.items(), 2):
        if lies_within(first, second) or lies_within(second, first):
            yield name, other


def log_folder(url: str, root: Path) -> PurePath | None:
    """The folder of a source or an archive, which nothing else may use; None for S3 and for one above the project."""
    if url_template.split_scheme(url)[0]:
        return None
    folder = absolute(root, url_template.fixed_folder(url))
    return None if lies_within(PurePath(root), folder) else folder


def archive_meets_source(
    source: str, archive: str, site: str, root: Path, owner: tuple[str, str] | None = None
) -> bool:
    """Whether the source would list a copy in the archive, and so read it as a log again.

    `owner` is the source's URL and the name of the site that the archive belongs to, if it is another site.
    """
    source_url = SourceUrl.compile(source, site)
    archive_url = ArchiveUrl.compile(archive, owner[1] if owner else site)
    key = SourceUrl.compile(*owner).pieces if owner else source_url.pieces
    where = _source_keys(source_url, root)
    return any(have_common_key(where, copies, key=key) for copies in _copy_keys(archive_url, root))


def outputs_meet_source(source: str, site: str, root: Path, outputs: Iterable[str]) -> bool:
    """Whether the source would list files that mtc writes. `outputs` are paths with globs."""
    where = _source_keys(SourceUrl.compile(source, site), root)
    for path in outputs:
        place = locate(path, site)
        if not place.bucket and have_common_key(
            where, KeySpace(_folder(root, place.root), parse(path, place.path, site))
        ):
            return True
    return False


@dataclass(frozen=True, slots=True)
class ObjectSet:
    """The objects of a site's source: where they are, their pattern, and sample keys that represent all."""

    base: str
    pattern: SourceUrl
    samples: tuple[str, ...]

    @classmethod
    def of(cls, url: str, site: str, root: Path) -> "ObjectSet":
        """The objects of a source's URL, which must be valid."""
        pattern = SourceUrl.compile(url, site)
        return cls(_source_keys(pattern, root).root, pattern, tuple(_samples(pattern)))

    def contains(self, other: "ObjectSet") -> bool:
        """Whether every object of another source is an object of this one, whatever its globs match."""
        keys = [other.base + key for key in other.samples]
        return bool(keys) and all(
            key.startswith(self.base) and self.pattern.accepts(key.removeprefix(self.base)) for key in keys
        )


def _source_keys(pattern: SourceUrl, root: Path) -> KeySpace:
    if pattern.bucket:
        return KeySpace(f"s3://{pattern.bucket}/", pattern.pieces)
    return KeySpace(_folder(root, pattern.root), pattern.pieces, walked=True)


def _copy_keys(archive: ArchiveUrl, root: Path) -> Iterator[KeySpace]:
    """Where copies go, with links in a folder's path resolved."""
    if archive.bucket:
        yield KeySpace(f"s3://{archive.bucket}/", archive.pieces)
    else:
        yield KeySpace(_folder(root, archive.root), archive.pieces)


def _folder(root: Path, path: str) -> str:
    """A folder's real path, with a slash at its end."""
    return os.path.realpath(root / path).rstrip("/") + "/"


def _samples(pattern: SourceUrl) -> Iterator[str]:
    """Keys of one day whose globs are replaced by nothing, or by texts that no other template has."""
    for text in ("", "\xf0", "\xf0\xd0\xf0"):
        key = "/".join(_sample(piece, text) for piece in pattern.pieces).removeprefix("/").replace("//", "/")
        if pattern.accepts(key):
            yield key


def _sample(piece: tuple[Atom, ...], text: str) -> str:
    if piece == DEEP:
        return "/".join(text)
    return "".join(_written(atom, text) for atom in piece) or "\xf0"


def _written(atom: Atom, text: str) -> str:
    match atom:
        case Text(literal):
            return literal
        case Directive(code):
            return "00" if code in url_template.TIME_CODES else url_template.format_directive(code, _DAY)
        case Glob("*"):
            return text
        case Glob("?"):
            return "\xf0"
        case Glob(glob):
            return next((char for char in map(chr, range(33, 256)) if re.fullmatch(char_class_regex(glob), char)), "")
        case _:
            return ""


def copies_collide(source: str, archive: str, field: str) -> bool:
    """Whether objects that differ in `field` (site or date) could get one name in the archive."""
    if {"key", field} & {name for name, _ in url_template.fields(archive)}:
        return False
    return field not in {name for name, _ in url_template.fields(source.rpartition("/")[2])}
