"""One request string or object into the parameters of a hit, and times and ids read as the server reads them."""

import calendar
import datetime as dt
import functools
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_plus

PV_ID_LENGTH = 6
TWENTY_YEARS = 20 * 365 * 86400
VISITOR_ID = re.compile(r"[0-9a-fA-F]{16}")
_STAMP_LENGTH = 19


class Hit(NamedTuple):
    """A stored action. `time` is when it counts, in seconds; `visitor` is empty unless the request names one.

    `forced` says that `visitor` alone decides (`cid`, `uid`), and is not only tried first (`_id`). `place` is the
    hit's place in its bulk, `query` all that was sent for it.
    """

    site: int
    time: int
    url: str
    referrer: str
    kind: str
    pv_id: str
    ip: str
    agent: str
    config: tuple[str, ...]
    visitor: str
    forced: bool
    title: str
    country: str
    place: int
    query: str


def parameters(text: str) -> dict[str, str] | None:
    """The parameters of a request string; None for one without `?`, which the server drops without a word."""
    _, mark, query = text.partition("?")
    if not mark:
        return None
    found: dict[str, str] = {}
    for pair in query.partition("#")[0].split("&"):
        name, _, value = pair.partition("=")
        found[name] = unquote_plus(value) if "%" in value or "+" in value else value
    return found


def number(text: str) -> int:
    """A positive whole number; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def moment(text: str) -> int | None:
    """A `cdt` in seconds; None if it cannot be read. Numbers are seconds, texts are UTC unless they say otherwise."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        if len(text) == _STAMP_LENGTH:
            return _midnight(text[:10]) + _second(text[11:])
        stamp = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((stamp if stamp.tzinfo else stamp.replace(tzinfo=dt.UTC)).timestamp())


@functools.lru_cache(maxsize=20_000)
def _midnight(text: str) -> int:
    return calendar.timegm(dt.date.fromisoformat(text).timetuple())


@functools.lru_cache(maxsize=90_000)
def _second(text: str) -> int:
    clock = dt.time.fromisoformat(text)
    return clock.hour * 3600 + clock.minute * 60 + clock.second


def counted_at(text: str, now: float) -> int:
    """When a hit with this `cdt` counts: now, where the text is missing, unreadable, in the future or too old."""
    stamp = moment(text) if text else None
    return int(now) if stamp is None or not now - TWENTY_YEARS < stamp <= now else stamp


def visitor_of(params: Mapping[str, str]) -> tuple[str, bool]:
    """The visitor that a request names, and whether that alone decides."""
    if forced := params.get("cid"):
        return forced.lower(), True
    if user := params.get("uid"):
        return f"user:{user}", True
    asked = params.get("_id", "")
    return (asked.lower(), False) if VISITOR_ID.fullmatch(asked) else ("", False)
