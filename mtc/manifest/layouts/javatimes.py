"""Formats of times as Java writes them, as `strptime` has them. Source: Java, `SimpleDateFormat`."""

import re

from mtc.manifest.layouts.model import LayoutError

_TOKEN = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>[^A-Za-z'])")
_LETTERS = {
    **dict.fromkeys(("yyyy", "uuuu", "y", "u"), "%Y"),
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    **dict.fromkeys(("MM", "M", "L", "LL"), "%m"),
    **dict.fromkeys(("dd", "d"), "%d"),
    **dict.fromkeys(("HH", "H"), "%H"),
    **dict.fromkeys(("hh", "h"), "%I"),
    **dict.fromkeys(("mm", "m"), "%M"),
    **dict.fromkeys(("ss", "s"), "%S"),
    **dict.fromkeys(("SSS", "SS", "S"), "%g"),
    "SSSSSS": "%f",
    "a": "%p",
    **dict.fromkeys(("DDD", "D"), "%j"),
    "EEEE": "%A",
    **dict.fromkeys(("EEE", "EE", "E"), "%a"),
    **dict.fromkeys(("Z", "ZZ", "ZZZ", "XXX", "XX", "X", "xxx", "xx", "x"), "%z"),
}


def strptime_format(text: str) -> str:
    """The same format for `strptime`; a LayoutError for a letter that has no counterpart."""
    out, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise LayoutError(f"the quote at character {at + 1} of the time does not end", "close it with `'`")
        out.append(_of(found))
        at = found.end()
    return "".join(out)


def _of(found: re.Match[str]) -> str:
    if found["letters"]:
        if found["letters"] not in _LETTERS:
            raise LayoutError(
                f"`{found['letters']}` in the time's format is not known here",
                "use yyyy MM MMM dd HH hh mm ss SSS a Z XXX and texts in single quotes",
            )
        return _LETTERS[found["letters"]]
    text = found["other"] or found["quoted"].replace("''", "'") or "'"
    return text.replace("%", "%%")
