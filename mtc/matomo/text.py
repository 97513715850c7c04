"""Text that a server sent, made fit for a message. No I/O, and nothing here knows a secret: see `Server.quote`."""

import re

_SHOWN = 200
_TAG = re.compile(r"<[^<>]{0,2000}>")


def shown(text: str) -> str:
    """One line without tags, nothing a terminal would obey, cut to 200 characters."""
    words = " ".join(_TAG.sub(" ", text).split())
    cut = words[: _SHOWN + 1]
    plain = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 3]}..."


def valid(text: str) -> str:
    """The text with what UTF-8 cannot hold replaced: JSON may carry halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode("utf-8")


def is_html(content_type: str, body: bytes) -> bool:
    """Whether a reply is a page for people."""
    start = body[:200].lstrip().lower()
    return "html" in content_type.lower() or start.startswith((b"<!doctype", b"<html"))
