"""Single values of a manifest's filters and hit rules, each with the rule that it must keep. No I/O."""

import codecs
import datetime as dt
import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from mtc.manifest.re2 import check_re2

# Codecs that are no encodings of a text file: they escape, or read a single name.
_NO_ENCODINGS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})


def _address(text: str) -> str:
    if "/" in text:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"{text} is no network; one looks like 10.0.0.0/8 or 2001:db8::/32") from None
    return text


def _moment(text: str) -> str:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is not a time of the calendar") from None
    return text


def _encoding(name: str) -> str:
    try:
        known = codecs.lookup(name).name
        b"a".decode(name, "replace")
    except UnicodeError:
        pass
    except LookupError:
        raise ValueError(f"there is no encoding {name}; one looks like utf-16, latin-1 or cp1252") from None
    if known in _NO_ENCODINGS:
        raise ValueError(f"{name} is no encoding of text files")
    return name


def _regex(pattern: str) -> str:
    check_re2(pattern)
    return pattern


Duration = Annotated[
    str,
    Field(pattern=r"^[0-9]+(s|m|h|d)$", examples=["6h", "90m", "2d"]),
]
Glob = Annotated[str, Field(min_length=1, examples=["/health*"])]
Words = Annotated[str, Field(min_length=1, examples=["curl"])]
"""A text that is contained, or, where it has a `*`, a glob for the whole."""
Address = Annotated[str, Field(min_length=1, examples=["10.0.0.0/8", "192.0.2.*"]), AfterValidator(_address)]
"""A glob for an address, or a network."""
Moment = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$",
        examples=["2026-05-01", "2026-05-01T06:00:00+02:00"],
    ),
    AfterValidator(_moment),
]
"""A day, or a time; one without an offset is in the site's zone."""
Encoding = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", examples=["utf-16", "latin-1"]), AfterValidator(_encoding)]
Extension = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-]+$", examples=["pdf"])]
"""What follows the last dot of a path."""
Regex = Annotated[str, Field(min_length=1, examples=["^/v[0-9]+/"]), AfterValidator(_regex)]
"""An expression that RE2 reads."""
