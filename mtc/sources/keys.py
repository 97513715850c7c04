"""Names that strangers chose: which may be used as a path, and how the others are shown. No I/O."""

import unicodedata

_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
_SHOWN = 200


def hostile(key: str) -> str:
    """Say why a key may not be used as a path; empty when it may.

    A key that passes stays below whatever folder it is joined to, is one line, and can be encoded as UTF-8.
    """
    pieces = key.split("/")
    if not key or "" in pieces:
        return "it has an empty piece"
    if "." in pieces or ".." in pieces:
        return "it has a piece of dots"
    if "\\" in key:
        return "it has a backslash"
    if any(unicodedata.category(char) in _CONTROL for char in key):
        return "it has a control character or is not UTF-8"
    return ""


def printable(text: str) -> str:
    """Give a text that is safe to show: one line, nothing a terminal would obey, cut to 200 characters."""
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
