"""Formats of times, as `strptime` has them, in the dialect that the database reads."""

import re
from itertools import zip_longest

from mtc.manifest.layouts.model import LayoutError

_LONG = {"%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%R": "%H:%M", "%h": "%b", "%e": "%d"}
_DIRECTIVE = re.compile(r"%(-?[A-Za-z%]|.?)")
_KNOWN = frozenset("aAbBdjmyYHIMSfgpz%")
CLF = "%d/%b/%Y:%H:%M:%S %z"
_WRITTEN = {
    "Y": r"\d{4}",
    "y": r"\d\d",
    "j": r"\d{1,3}",
    **dict.fromkeys("fg", r"\d+"),
    **dict.fromkeys("mdHIMS", r"\d{1,2}"),
    "p": r"[AaPp]\.?[Mm]\.?",
    "z": r"(?:[+-]\d\d:?(?:\d\d)?|Z)",
    "%": "%",
}


def spelled_out(text: str) -> str:
    """The format with only such directives as the database has; a LayoutError for one that it has not."""
    written = re.sub(r"%[TFDRhe]", lambda match: _LONG[match[0]], text)
    for found in _DIRECTIVE.findall(written):
        if found.removeprefix("-") not in _KNOWN:
            raise LayoutError(
                f"%{found} is no directive of a time's format", "use %Y %m %b %d %H %M %S %f %p %z and the like"
            )
    return written


def expression_of(form: str) -> str:
    """An expression, RE2 and Python `re` alike, for what a format writes; names of days and months are one word."""
    pieces = _DIRECTIVE.split(form)
    literals = (re.escape(piece) if at % 2 == 0 else "" for at, piece in enumerate(pieces))
    found = (_WRITTEN.get(each.removeprefix("-"), r"[^\s\d/]+") for each in pieces[1::2])
    return "".join(text for both in zip_longest([*literals][::2], found, fillvalue="") for text in both)


def directives(text: str) -> frozenset[str]:
    """The letters of the directives."""
    return frozenset(found.removeprefix("-") for found in _DIRECTIVE.findall(text))


def has_date(letters: frozenset[str]) -> bool:
    """Whether these say a day."""
    return bool(letters & set("yY")) and ("j" in letters or ("d" in letters and bool(letters & set("mbB"))))


def has_clock(letters: frozenset[str]) -> bool:
    """Whether these say a time of day."""
    return bool(letters & set("HI"))


def check_time(text: str) -> str:
    """A time's format of a user's, spelled out."""
    written = spelled_out(text)
    letters = directives(written)
    if not has_date(letters) or not has_clock(letters):
        raise LayoutError(
            "the format of the time has no whole date and time of day", "one looks like %Y-%m-%d %H:%M:%S %z"
        )
    return written
