"""Matomo's tables and figures as values: numbers that come as 4, 4.0, "4" or "20%" become numbers. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

from mtc.matomo.errors import NotMatomoError
from mtc.matomo.text import valid

_MOST = 1 << 53
_REST = {"Others", "-1"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; what a table does not tell is 0. `rest` marks the row that sums up those that were cut.

    `entries`, `exits` and `bounces` of pages are visits that began, ended, or stayed there; `bounces` and `seconds` of
    other tables are of the visits. `code` is a country's.
    """

    label: str
    url: str = ""
    code: str = ""
    visits: int = 0
    unique_visitors: int = 0
    hits: int = 0
    actions: int = 0
    entries: int = 0
    exits: int = 0
    bounces: int = 0
    seconds: int = 0
    max_actions: int = 0
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """A day in a few numbers: those of VisitsSummary.get and Actions.get. `seconds` is how long all visits lasted."""

    visits: int = 0
    unique_visitors: int = 0
    actions: int = 0
    bounces: int = 0
    seconds: int = 0
    max_actions: int = 0
    pageviews: int = 0
    unique_pageviews: int = 0
    downloads: int = 0
    unique_downloads: int = 0
    searches: int = 0


def number(value: object) -> float:
    """A figure of Matomo's as a number: 4, 4.0, "4", "20%", "4s"; nothing is 0.

    Raises:
        NotMatomoError: it is none.
    """
    if value is None or value == "" or value is False:
        return 0.0
    text = value.strip().removesuffix("%").removesuffix("s").strip() if isinstance(value, str) else value
    try:
        found = float(text) if isinstance(text, int | float | str) else -1.0
    except (ValueError, OverflowError):
        found = -1.0
    if not 0 <= found <= _MOST:
        raise NotMatomoError("a figure in Matomo's report is no number")
    return found


def row(item: object) -> Row:
    """A row of any table.

    Raises:
        NotMatomoError: it is none.
    """
    if not isinstance(item, dict):
        raise NotMatomoError("a row of Matomo's report is none")
    label, url = _text(item, "label"), _text(item, "url")
    return Row(
        label=label,
        url=url,
        code=_text(item, "code"),
        visits=_count(item, "nb_visits"),
        unique_visitors=_count(item, "nb_uniq_visitors"),
        hits=_count(item, "nb_hits"),
        actions=_count(item, "nb_actions"),
        entries=_count(item, "entry_nb_visits"),
        exits=_count(item, "exit_nb_visits"),
        bounces=_count(item, "bounce_count", "entry_bounce_count"),
        seconds=_count(item, "sum_visit_length", "sum_time_spent"),
        max_actions=_count(item, "max_actions"),
        rest=bool(item.get("is_summary")) or (label in _REST and not url and "segment" not in item),
    )


def summary(visits: Mapping[str, object], actions: Mapping[str, object]) -> Summary:
    """A day's figures; nothing at all is a day without visits.

    Raises:
        NotMatomoError: one of them is no number.
    """
    return Summary(
        visits=_count(visits, "nb_visits"),
        unique_visitors=_count(visits, "nb_uniq_visitors"),
        actions=_count(visits, "nb_actions"),
        bounces=_count(visits, "bounce_count"),
        seconds=_count(visits, "sum_visit_length"),
        max_actions=_count(visits, "max_actions"),
        pageviews=_count(actions, "nb_pageviews"),
        unique_pageviews=_count(actions, "nb_uniq_pageviews"),
        downloads=_count(actions, "nb_downloads"),
        unique_downloads=_count(actions, "nb_uniq_downloads"),
        searches=_count(actions, "nb_searches"),
    )


def _count(item: Mapping[str, object], *names: str) -> int:
    return next((round(number(item[name])) for name in names if name in item), 0)


def _text(item: Mapping[str, object], name: str) -> str:
    value = item.get(name)
    return valid(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
