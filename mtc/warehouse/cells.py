"""Text for a CSV cell: what strangers wrote, made so that a spreadsheet shows it and never runs it.

Numbers need none of this and never come here, so a negative number stays one.
"""

import re

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
