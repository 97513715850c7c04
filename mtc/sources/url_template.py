"""The parser of URL templates, of sources and archives: into tokens, then into pieces. No I/O.

A template is an `s3://` URL or a folder's path with `{site}`, `{date:FORMAT}` and, for a source, the globs `*`, `?`,
`[...]` and `**`; for an archive `{name}` and `{key}`. `url_pattern` matches keys with the pieces,
`url_rules` says which templates are valid, and `url_overlap` which overlap.

FORMAT is a subset of strftime's directives (https://docs.python.org/3/library/datetime.html#format-codes). Names of
months are English whatever the locale, so that a manifest means the same on every machine.
"""

import datetime as dt
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mtc.core.errors import PermanentError

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

CODES: Mapping[str, str] = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "m": "(?:0[1-9]|1[0-2])",
    "d": "(?:0[1-9]|[12][0-9]|3[01])",
    "j": "(?:[0-2][0-9]{2}|3[0-5][0-9]|36[0-6])",
    "B": f"(?:{'|'.join(_MONTHS)})",
    "b": f"(?:{'|'.join(month[:3] for month in _MONTHS)})",
    "H": "(?:[01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
}
"""Each directive and what it matches."""

TIME_CODES = frozenset("HMS")
"""Directives of the time of day: matched, never rendered."""


_TEXTS: Mapping[str, Callable[[dt.date], str]] = {
    "Y": lambda day: f"{day.year:04}",
    "y": lambda day: f"{day.year % 100:02}",
    "m": lambda day: f"{day.month:02}",
    "d": lambda day: f"{day.day:02}",
    "j": lambda day: f"{day.timetuple().tm_yday:03}",
    "B": lambda day: _MONTHS[day.month - 1],
    "b": lambda day: _MONTHS[day.month - 1][:3],
}


@functools.lru_cache(maxsize=8192)
def format_directive(code: str, day: dt.date) -> str:
    """The text of one directive, except those of the time, for a day."""
    return _TEXTS[code](day)


def parse_day(values: Mapping[str, str]) -> dt.date | None:
    """The day that the texts of directives give; None if it does not exist or they disagree."""
    return _day_of(tuple(values.items()))


@functools.lru_cache(maxsize=8192)
def _day_of(texts: tuple[tuple[str, str], ...]) -> dt.date | None:
    try:
        day = _assemble(dict(texts))
    except (ValueError, OverflowError):
        return None
    return day if all(format_directive(code, day) == text for code, text in texts) else None


def names_a_day(codes: frozenset[str]) -> bool:
    """Whether these directives together determine a day."""
    return bool(codes & {"Y", "y"}) and ("j" in codes or (bool(codes & {"m", "b", "B"}) and "d" in codes))


def sort_as_dates(codes: tuple[str, ...]) -> bool:
    """Whether texts written with these directives, in this order, sort as their days do."""
    known = ""
    for code in codes:
        step = {"y": "Y", "b": "m", "B": "m"}.get(code, code)
        if step in known or known in {"Ymd", "Yj"}:
            continue
        if code in "bB" or known + step not in {"Y", "Ym", "Ymd", "Yj"}:
            return False
        known += step
    return True


def _assemble(values: Mapping[str, str]) -> dt.date:
    year = int(values["Y"]) if "Y" in values else 2000 + int(values["y"])
    if "j" in values:
        return dt.date(year, 1, 1) + dt.timedelta(days=int(values["j"]) - 1)
    return dt.date(year, _month(values), int(values["d"]))


def _month(values: Mapping[str, str]) -> int:
    if "m" in values:
        return int(values["m"])
    names = [month[: len(values["b"])] for month in _MONTHS] if "b" in values else list(_MONTHS)
    return names.index(values.get("b") or values["B"]) + 1


_TOKEN = re.compile(
    r"\{(?P<field>[a-z_]*)(?::(?P<format>[^{}]*))?\}"
    r"|(?P<braces>\{[^{}]*\})"
    r"|(?P<glob>\*+|\?|\[!?\]?[^\]/]*\])"
    r"|(?P<text>[^{}*?\[]+|\[)"
    r"|(?P<brace>[{}])",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"%(?P<code>.?)|(?P<text>[^%]+)", re.DOTALL)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_VARIABLE = re.compile(r"[{*?\[]")


@dataclass(frozen=True, slots=True)
class Token:
    """A stretch of a template, valid or not.

    `kind` is `field`, `braces` (without a valid field in them), `glob`, `text`, or `brace` (an unmatched one). A field
    has a name, which may be empty, and the text after its colon; None without a colon.
    """

    kind: str
    text: str
    name: str = ""
    format: str | None = None


def tokens(url: str) -> Iterator[Token]:
    """Split a template into tokens; nothing is skipped and nothing is an error."""
    for match in _TOKEN.finditer(url):
        if match["field"] is not None:
            yield Token("field", match[0], match["field"], match["format"])
        else:
            yield Token(str(match.lastgroup), match[0])


def fields(url: str) -> tuple[tuple[str, str], ...]:
    """Name and format (empty where there is none) of each field."""
    return tuple((token.name, token.format or "") for token in tokens(url) if token.kind == "field")


def directive_codes(date_format: str) -> tuple[str, ...]:
    """The letters after each `%` of a `{date:FORMAT}`, in order: known or not, `%` for `%%`, empty for a last `%`."""
    return tuple(code for code, text in _directives(date_format) if not text)


def _directives(date_format: str) -> Iterator[tuple[str, str]]:
    """Code and text of each stretch of a format; one of both is empty."""
    for match in _DIRECTIVE.finditer(date_format.replace("%F", "%Y-%m-%d")):
        yield match["code"] or "", match["text"] or ""


def split_scheme(url: str) -> tuple[str, str]:
    """The scheme of a URL, empty for a path, and what follows its `://`."""
    match = _SCHEME.match(url)
    return (match[1], url[match.end() :]) if match else ("", url)


def is_bucket_name(text: str) -> bool:
    """Whether a text is a valid name of a bucket."""
    return _BUCKET.fullmatch(text) is not None


def fixed_folder(path: str) -> str:
    """The leading folders of a path that have no field and no glob; may be empty."""
    head, slash, _ = _VARIABLE.split(path, maxsplit=1)[0].rpartition("/")
    return head or slash


def variable_part(path: str) -> str:
    """The part of a path after its fixed folder, without a leading slash."""
    return path[len(fixed_folder(path)) :].removeprefix("/")


def fill(url: str, *, site: str, day: dt.date, name: str = "", key: str = "") -> str:
    """The template with its fields replaced, with midnight for a time of day; globs stay."""
    values = {"site": site, "name": name, "key": key}

    def value(token: Token) -> str:
        if token.kind != "field" or token.name != "date":
            return values.get(token.name, "") if token.kind in {"field", "braces"} else token.text
        return "".join(text or _fill_directive(code, day) for code, text in _directives(token.format or ""))

    return "".join(map(value, tokens(url)))


def _fill_directive(code: str, day: dt.date) -> str:
    if code in TIME_CODES:
        return "00"
    return format_directive(code, day) if code in CODES else code


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves."""

    text: str


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive of a `{date:...}`, such as `Y` or `m`."""

    code: str


@dataclass(frozen=True, slots=True)
class Glob:
    """A glob: `*`, `?`, `**`, or a class such as `[0-9]`."""

    glob: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field that depends on the object: `name` or `key`."""

    name: str


Atom = Text | Directive | Glob | Field


@dataclass(frozen=True, slots=True)
class Location:
    """Where a template points: the bucket, or the folder that keys start from; and the template of its keys."""

    bucket: str
    root: str
    path: str


def locate(url: str, site: str) -> Location:
    """Split a template into its fixed location and the template of the keys there.

    The fixed part of a folder's path ends before the first piece with a field or a glob.

    Raises:
        PermanentError: the scheme or the bucket's name is not valid.
    """
    scheme, rest = split_scheme(url)
    if scheme == "s3":
        bucket, _, path = rest.partition("/")
        bucket = bucket.replace("{site}", site)
        if not is_bucket_name(bucket):
            raise PermanentError("the name of the bucket is not valid", where=url, hint="write s3://BUCKET/PREFIX...")
        return Location(bucket, "", path)
    if scheme:
        raise PermanentError(f"{scheme}:// is not supported", where=url, hint="use s3:// or a folder's path")
    return Location("", fixed_folder(url) or ".", variable_part(url))


def parse(url: str, path: str, site: str) -> tuple[tuple[Atom, ...], ...]:
    """Read the template of a key into pieces, split at `/`; raises PermanentError that names `url`."""
    pieces: list[list[Atom]] = [[]]
    for atom in _atoms(url, path, site):
        if not isinstance(atom, Text):
            pieces[-1].append(atom)
            continue
        first, *rest = atom.text.split("/")
        pieces[-1].append(Text(first))
        pieces.extend([Text(text)] for text in rest)
    joined = tuple(_join(piece) for piece in pieces)
    if any(piece in {(), (Text("."),), (Text(".."),)} for piece in joined):
        raise PermanentError("a piece between two slashes is empty or of dots", where=url)
    return joined


def _atoms(url: str, path: str, site: str) -> Iterator[Atom]:
    for token in tokens(path):
        if token.kind == "text":
            yield Text(token.text)
        elif token.kind == "glob":
            yield Glob(_glob(url, token.text))
        elif token.kind == "brace":
            raise PermanentError(f"a {token.text} has no partner", where=url, hint="fields are written {name}")
        elif token.name == "site" and token.format is None:
            yield Text(site)
        elif token.name == "date" and token.format:
            yield from _date_atoms(url, token.format)
        elif token.name in {"name", "key"} and token.format is None:
            yield Field(token.name)
        else:
            hint = "there are {site}, {date:%Y-%m-%d} and, in an archive, {name} and {key}"
            raise PermanentError(f"{token.text} is not a field", where=url, hint=hint)


def _date_atoms(url: str, date_format: str) -> Iterator[Atom]:
    for code, text in _directives(date_format):
        if text or code == "%":
            yield Text(text or "%")
        elif code in CODES:
            yield Directive(code)
        else:
            known = ", ".join(f"%{code}" for code in CODES)
            raise PermanentError(f"%{code} cannot be used in {{date:...}}", where=url, hint=f"there are {known}")


def _glob(url: str, glob: str) -> str:
    if glob.startswith("***") or glob in {"[]", "[!]"}:
        raise PermanentError(f"{glob} is not a glob", where=url, hint="there are *, ?, [...] and **")
    return glob


def _join(piece: list[Atom]) -> tuple[Atom, ...]:
    """Merge adjacent texts, and drop empty ones."""
    joined: list[Atom] = []
    for atom in piece:
        last = joined[-1] if joined else None
        if isinstance(atom, Text) and isinstance(last, Text):
            joined[-1] = Text(last.text + atom.text)
        elif atom != Text(""):
            joined.append(atom)
    return tuple(joined)
