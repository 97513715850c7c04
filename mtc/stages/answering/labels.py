"""Matomo's words into mtc's, where both mean the same; other words stay as they are. No I/O.

Reports are asked for in English. Matomo writes labels as HTML, with `&amp;` for `&`; addresses it writes as they are.
Browsers and systems have the same names on both sides.
"""

import html
import re
from collections.abc import Mapping

from mtc.matomo.rows import Row
from mtc.warehouse.countries import UNKNOWN
from mtc.warehouse.referrers import IGNORED_PARAMETERS
from mtc.warehouse.tables import LABEL_LENGTH, OTHERS

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_COUNTRY = re.compile(r"[a-z][a-z0-9]")

REFERRER_TYPES: Mapping[str, str] = {
    "Direct Entry": "direct",
    "Search Engines": "search",
    "Social Networks": "social",
    "Websites": "website",
    "Campaigns": "campaign",
    "AI Assistants": "ai",
}
"""Types of referrers."""


def plain(row: Row) -> str:
    """A label as text."""
    return OTHERS if row.rest else html.unescape(row.label).strip()[:LABEL_LENGTH]


def page(row: Row) -> str:
    """The page or file of a row as the warehouse has it: path, and query less what makes no other page.

    The address tells it. Labels of pages may name a folder's front page `index`, those of files have the host.
    """
    origin = _ORIGIN.match(row.url)
    if row.rest or origin is None:
        return plain(row)
    path, _, query = row.url[origin.end() :].partition("?")
    pairs = [pair for pair in query.split("&") if pair.partition("=")[0].lower() not in IGNORED_PARAMETERS]
    kept = "&".join(pairs)
    return f"{path or '/'}{'?' if kept else ''}{kept}"[:LABEL_LENGTH]


def referrer_type(row: Row) -> str:
    """`direct`, `search`, `social`, `ai`, `website` or `campaign`."""
    return _word(row, REFERRER_TYPES)


def device(row: Row) -> str:
    """A type of device, in small letters."""
    return OTHERS if row.rest else plain(row).lower()


def country(row: Row) -> str:
    """Two letters of ISO 3166-1, or `Unknown`."""
    if row.rest:
        return OTHERS
    return row.code.upper() if _COUNTRY.fullmatch(row.code) and row.code != "xx" else UNKNOWN


def _word(row: Row, words: Mapping[str, str]) -> str:
    label = plain(row)
    return label if row.rest else words.get(label, label)
