"""What asks: a browser, an app, a mail program, a library ..., by Matomo's tables in its tracker's order."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from mtc.formats.agents.expressions import Groups, filled
from mtc.formats.agents.finder import Finder
from mtc.formats.agents.tables import Entry, table

BROWSER = "browser"
LIBRARY = "library"

_KINDS = {
    "feed reader": "client/feed_readers",
    "mobile app": "client/mobile_apps",
    "mediaplayer": "client/mediaplayers",
    "pim": "client/pim",
    BROWSER: "client/browsers",
    LIBRARY: "client/libraries",
}
_NO_BROWSERS = ("Cypress", "PhantomJS")
_PARTS = 2


@dataclass(frozen=True, slots=True)
class Client:
    """A client: its kind, name, and version as Matomo keeps it (`124.0`), which may be empty."""

    kind: str
    name: str
    version: str


def client_of(text: str) -> Client | None:
    """The client that a user agent names."""
    return next(_clients(text), None)


def version_of(row: Entry, groups: Groups) -> str:
    """The version that a row's template makes of a match: two parts of it."""
    made = filled(row.get("version") or "", groups).replace("_", ".")
    return ".".join(made.split(".")[:_PARTS]).strip(" .")


def _clients(text: str) -> Iterator[Client]:
    for number, groups in _finder().all(text):
        kind, row = _rows()[number]
        name = filled(row["name"], groups)
        is_browser = kind == BROWSER
        if name and not (is_browser and any(each in text for each in _NO_BROWSERS)):
            yield Client(kind, name, version_of(row, groups))


@functools.cache
def _rows() -> tuple[tuple[str, Entry], ...]:
    return tuple((kind, row) for kind, name in _KINDS.items() for row in table(name))


@functools.cache
def _finder() -> Finder:
    return Finder([row["regex"] for _, row in _rows()])
