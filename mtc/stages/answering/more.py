"""What the client's reports leave out: what visits did that began with a page, social networks, AI assistants."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtc.errors import StepError
from mtc.matomo.api import Call, bulk
from mtc.matomo.connection import Connection
from mtc.matomo.errors import NoRightError, NotMatomoError
from mtc.matomo.rows import Row, number, row
from mtc.matomo.server import Server

ENTRIES = "Actions.getEntryPageUrls"
SOCIALS = "Referrers.getSocials"
ASSISTANTS = "Referrers.getAIAssistants"

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Entry:
    """A first page: its row, and the actions and the length of the visits that began with it."""

    row: Row
    actions: int
    seconds: int


@dataclass(frozen=True, slots=True)
class More:
    """A day's further tables; `socials` is None where the server does not have that report.

    So is `assistants`: they are a report of their own from Matomo 5.5 on, and other websites or search engines before.
    """

    entries: tuple[Entry, ...] = ()
    socials: tuple[Row, ...] | None = ()
    assistants: tuple[Row, ...] | None = None


def read_more(
    connection: Connection, server: Server, site_id: int, window: Sequence[dt.date]
) -> Mapping[dt.date, More]:
    """The further tables of a range of days, in one request.

    Raises:
        StepError: the server did not answer, with an error, or with what is no report.
    """
    dates = f"{window[0].isoformat()},{window[-1].isoformat()}"
    usual: tuple[tuple[str, str | int], ...] = (
        ("idSite", site_id), ("period", "day"), ("date", dates), ("filter_limit", -1)
    )  # fmt: skip
    calls = [Call(ENTRIES, (*usual, ("flat", 1))), Call(SOCIALS, usual), Call(ASSISTANTS, usual)]
    entries, *others = bulk(connection, server, calls)
    pages = _by_day(entries, window, ENTRIES)
    socials, assistants = (
        None if _is_missing(answer) else _by_day(answer, window, name)
        for answer, name in zip(others, (SOCIALS, ASSISTANTS), strict=True)
    )
    return {day: _more(day.isoformat(), pages, socials, assistants) for day in window}


def _more(
    day: str, pages: Mapping[str, object], socials: Mapping[str, object] | None, assistants: Mapping[str, object] | None
) -> More:
    entries = tuple(_entry(item) for item in _rows(pages.get(day, []), ENTRIES))
    return More(entries, _optional(socials, day, SOCIALS), _optional(assistants, day, ASSISTANTS))


def _optional(table: Mapping[str, object] | None, day: str, name: str) -> tuple[Row, ...] | None:
    return None if table is None else tuple(row(item) for item in _rows(table.get(day, []), name))


def _entry(item: object) -> Entry:
    own = row(item)
    told = item if isinstance(item, dict) else {}
    return Entry(own, round(number(told.get("entry_nb_actions"))), round(number(told.get("entry_sum_visit_length"))))


def _is_missing(answer: object) -> bool:
    """A plugin that is off, and not a site that may not be seen."""
    return isinstance(answer, NoRightError) and "not available" in answer.what


def _by_day(answer: object, window: Sequence[dt.date], name: str) -> Mapping[str, object]:
    """`{"2026-05-01": ...}`, or the bare table where one day was asked for; `[]` is nothing."""
    if isinstance(answer, StepError):
        raise answer
    if isinstance(answer, dict) and all(_DATE.fullmatch(str(key)) for key in answer):
        return answer
    if answer == [] or len(window) == 1:
        return {window[0].isoformat(): answer}
    raise NotMatomoError("Matomo's report does not come by days", where=name)


def _rows(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise NotMatomoError("a day of Matomo's report has no table", where=name)
    return value
