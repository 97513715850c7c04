"""What an HTTP reply says by itself, before it is read as Matomo's: when to ask again, dates, whether it is a web page.

No I/O. Source of the headers: RFC 9110, sections 5.6.7 and 10.2.3.
"""

import datetime as dt
import email.utils
from collections.abc import Mapping

from mtc.core.clock import utc_now

_LONGEST_ASKED = 3600.0


def retry_after(headers: Mapping[str, str], now: dt.datetime | None = None) -> float | None:
    """How many seconds the header `retry-after` asks to wait: a number or a date, at most an hour; None without it."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), _LONGEST_ASKED)
    date = http_date(value)
    if date is None:
        return None
    seconds = (date - (now or utc_now())).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_ASKED)


def http_date(value: str) -> dt.datetime | None:
    """A date as HTTP headers write it, in UTC; None if it is not a date."""
    try:
        date = email.utils.parsedate_to_datetime(value)
        return date.replace(tzinfo=dt.UTC) if date.tzinfo is None else date.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def is_html(content_type: str, body: bytes) -> bool:
    """Whether a reply is a page for people."""
    start = body[:200].lstrip().lower()
    return "html" in content_type.lower() or start.startswith((b"<!doctype", b"<html"))
