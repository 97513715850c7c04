"""Untrusted text made harmless: keys, log lines, server responses, lines of a manifest. Only this module does so.

An attacker may choose the text of a log line or of a file name: one that leads out of a folder, that holds control
sequences of a terminal, or that a spreadsheet runs as a formula. No I/O. Secrets are masked elsewhere, in
`mtc.manifest.redaction` and by `Server.quote`.

- a key that becomes a path: `key_problem`
- a key, a path or a URL in a message: `printable`
- a field of the report or an event, cut in its middle: `one_line`, `text_block`
- a server's HTML page in a message: `plain_text`; its JSON: `valid_unicode`
- a line of a manifest, in full: `escape_invisible`
- a name in a file that mtc writes: `replace_unprintable`
- a label in a CSV file: `csv_cell`
"""

import re
import unicodedata

ONE_LINE_LIMIT = 300
_MESSAGE_LIMIT = 200
_GAP = "..."
_LONGEST_ESCAPE = len("\\U0001f600")

_FORBIDDEN_IN_KEYS = {"Cc", "Cs", "Zl", "Zp"}
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_TAG = re.compile(r"<[^<>]{0,2000}>")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def key_problem(key: str) -> str:
    """Return why a key may not be used as a path; empty when it may.

    A key that passes stays below whatever folder it is joined to, is one line, and can be encoded as UTF-8.
    """
    pieces = key.split("/")
    if not key or "" in pieces:
        return "it has an empty piece"
    if "." in pieces or ".." in pieces:
        return "it has a piece of dots"
    if "\\" in key:
        return "it has a backslash"
    if not key.isprintable() and any(unicodedata.category(char) in _FORBIDDEN_IN_KEYS for char in key):
        return "it has a control character or is not UTF-8"
    return ""


def printable(text: str) -> str:
    """Return a key, a path or a URL as one line that is safe on a terminal, cut to 200 characters."""
    shown = _escaped(text)
    return shown if len(shown) <= _MESSAGE_LIMIT else f"{shown[:_MESSAGE_LIMIT]}{_GAP}"


def plain_text(text: str) -> str:
    """Return a server's text as one line without HTML tags that is safe on a terminal, cut to 200 characters."""
    words = " ".join(_TAG.sub(" ", text).split())
    plain = _escaped(words[: _MESSAGE_LIMIT + 1])
    return plain if len(plain) <= _MESSAGE_LIMIT else f"{plain[: _MESSAGE_LIMIT - len(_GAP)]}{_GAP}"


def shorten(text: str, limit: int) -> str:
    """Shorten `text` to `limit` characters by cutting its middle: both ends of a key or a message say most."""
    if len(text) <= limit:
        return text
    if limit <= len(_GAP):
        return text[:limit]
    keep = limit - len(_GAP)
    tail = keep // 3
    return f"{text[: keep - tail]}{_GAP}{text[len(text) - tail :]}"


def one_line(text: str, limit: int = ONE_LINE_LIMIT) -> str:
    r"""Make `text` safe for a terminal: one line, of at most `limit` characters.

    Control characters, escape sequences, line ends, bidirectional overrides, invisible characters, odd spaces and
    lone surrogates become visible (`\x1b`, `\n`, `\u202e`), so that a key cannot recolour, reorder or forge a line.
    """
    # a value of many megabytes need not be escaped to be cut
    return shorten(_escaped(shorten(text, limit * _LONGEST_ESCAPE)), limit)


def text_block(text: str, limit: int = ONE_LINE_LIMIT) -> str:
    """Make text of several lines harmless line by line, each of at most `limit` characters; its line ends stay."""
    return "\n".join(one_line(line, limit) for line in text.split("\n"))


def escape_invisible(text: str) -> str:
    r"""Escape every character that a terminal acts on or does not show, also line ends: `\x0a`. Spaces stay."""
    return "".join(_escape(char) if unicodedata.category(char) in _INVISIBLE else char for char in text)


def replace_unprintable(text: str) -> str:
    """Replace every character that cannot be printed with a question mark."""
    return "".join(char if char.isprintable() else "?" for char in text)


def valid_unicode(text: str) -> str:
    """Replace what UTF-8 cannot encode: JSON may contain lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")


# A spreadsheet skips leading space and takes full-width signs for the plain ones.
_BLANK = r"\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3000\ufeff"
_FORMULA = re.compile(rf"[{_BLANK}]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212]|[\t\r\n]")
_MAY_BEGIN_FORMULA = frozenset(" =+-@")
# Controls, and marks that hide text or turn its direction.
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def csv_cell(text: str) -> str:
    r"""Return a label as a cell of a CSV file that a spreadsheet shows and does not run.

    A formula gets a leading apostrophe, a control character becomes `\x00`. Numbers are not passed through this
    function, so a negative number stays one. Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    if text.isascii() and text.isprintable() and text[:1] not in _MAY_BEGIN_FORMULA:
        return text
    guarded = "'" + text if _FORMULA.match(text) else text
    return _HIDDEN.sub(lambda found: _escape(found[0]), guarded)


def _escaped(text: str) -> str:
    return text if text.isprintable() else "".join(map(_escape_unprintable, text))


def _escape_unprintable(char: str) -> str:
    return char if char.isprintable() else _SHORT.get(char) or _escape(char)


def _escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004 - the widest code that \xNN can hold
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the same for \uNNNN
