"""Names that strangers chose: which may be used as a path, and how the others are shown. No I/O.

Text that a server sent, made fit for a message. No I/O, and nothing here knows a secret: see `Server.quote`.

Text for a CSV cell: what strangers wrote, made so that a spreadsheet shows it and never runs it.

Numbers need none of this and never come here, so a negative number stays one.
"""

import re
import unicodedata

_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
_KEY_SHOWN = 200


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
    return shown if len(shown) <= _KEY_SHOWN else f"{shown[:_KEY_SHOWN]}..."


_WORDS_SHOWN = 200
_TAG = re.compile(r"<[^<>]{0,2000}>")


def shown(text: str) -> str:
    """One line without tags, nothing a terminal would obey, cut to 200 characters."""
    words = " ".join(_TAG.sub(" ", text).split())
    cut = words[: _WORDS_SHOWN + 1]
    plain = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)
    return plain if len(plain) <= _WORDS_SHOWN else f"{plain[: _WORDS_SHOWN - 3]}..."


def valid(text: str) -> str:
    """The text with what UTF-8 cannot hold replaced: JSON may carry halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode("utf-8")


def is_html(content_type: str, body: bytes) -> bool:
    """Whether a reply is a page for people."""
    start = body[:200].lstrip().lower()
    return "html" in content_type.lower() or start.startswith((b"<!doctype", b"<html"))


# A spreadsheet skips leading space and takes full-width signs for the plain ones.
_BLANK = r"\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3000\ufeff"
_FORMULA = re.compile(rf"[{_BLANK}]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212]|[\t\r\n]")
# Controls, and marks that hide text or turn its direction.
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - two digits or four


def cell(text: str) -> str:
    r"""A label as a cell: an apostrophe before what would be a formula, `\x00` for a control character."""
    if text.isascii() and text.isprintable() and text[:1] not in _SUSPECT:
        return text
    guarded = "'" + text if _FORMULA.match(text) else text
    return _HIDDEN.sub(_visible, guarded)


_SUSPECT = frozenset(" =+-@")
