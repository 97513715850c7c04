"""Reads URL templates, a source's and an archive's, into pieces. What the pieces match or make is decided elsewhere.

A template is an `s3://` URL or a folder's path with `{fields}` and, for a source, the globs `*`, `?`, `[...]` and
`**`. No I/O.

How a day is written in a key: the directives of `{date:...}`, as regex pieces and as text. No I/O.

A subset of strftime's directives (https://docs.python.org/3/library/datetime.html#format-codes). Names of months are
English whatever the locale, so that a manifest means the same on every machine.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
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
"""Directives that a day does not settle: matched, never rendered."""


def format_directive(code: str, day: dt.date) -> str:
    """Write one directive, not of the time, for a day."""
    texts = {
        "Y": f"{day.year:04}",
        "y": f"{day.year % 100:02}",
        "m": f"{day.month:02}",
        "d": f"{day.day:02}",
        "j": f"{day.timetuple().tm_yday:03}",
        "B": _MONTHS[day.month - 1],
        "b": _MONTHS[day.month - 1][:3],
    }
    return texts[code]


def parse_day(values: Mapping[str, str]) -> dt.date | None:
    """Read the day that directives spell together; None when it does not exist or they disagree."""
    try:
        day = _assemble(values)
    except (ValueError, OverflowError):
        return None
    return day if all(format_directive(code, day) == text for code, text in values.items()) else None


def names_a_day(codes: frozenset[str]) -> bool:
    """Whether these directives together name a day."""
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
            yield Glob(_glob(url, token["glob"]))
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
        elif token["code"] in CODES:
            yield Directive(token["code"])
        else:
            known = ", ".join(f"%{code}" for code in CODES)
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
