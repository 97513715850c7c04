"""A call of the API: its parameters, its token, the days it is about; and the errors that refuse it.

Errors are sent with status 200 and `result: error`, sometimes with 401.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from tests.fake_matomo.backend import Backend
from tests.fake_matomo.clock import day_of
from tests.fake_matomo.settings import Site


class ApiError(Exception):
    """A call that is refused; the message goes to the client."""


class NoAccessError(ApiError):
    """The token lacks the right to the call; the status is 401 unless it is one of several calls."""


def no_access(kind: str, site: int) -> ApiError:
    """A token without the right to a site."""
    return NoAccessError(f"You can't access this resource as it requires '{kind}' access for the website id = {site}.")


def no_method(module: str, method: str) -> ApiError:
    """A method that does not exist, or that the token may not call: the message is the same."""
    return ApiError(f"The method '{method[:60]}' does not exist or is not available in the module '{module[:60]}'.")


def no_site(text: str) -> ApiError:
    """A site that does not exist."""
    return ApiError(f"An unexpected website was found in the request: website id was set to '{text[:20]}' .")


def missing(name: str) -> ApiError:
    """A required parameter that is missing."""
    return ApiError(f"Please specify a value for '{name}'.")


LONGEST = 4000
"""How many days a range may have here."""


@dataclass(frozen=True, slots=True)
class Days:
    """The requested days, and whether they were given as a range, which is answered day by day."""

    days: tuple[dt.date, ...]
    is_range: bool


def read_days(text: str, period: str, today: dt.date) -> Days:
    """Read `date` and `period`; raises ApiError."""
    if period != "day":
        raise ApiError(f"The period '{period[:20]}' is not supported.")
    first, comma, last = text.partition(",")
    if not comma:
        return Days((read_day(first, today),), is_range=False)
    begin, end = read_day(first, today), read_day(last, today)
    count = (end - begin).days + 1
    if not 0 < count <= LONGEST:
        raise ApiError("The specified date range is invalid.")
    return Days(tuple(begin + dt.timedelta(days=number) for number in range(count)), is_range=True)


def read_day(text: str, today: dt.date) -> dt.date:
    """Read one date; raises ApiError."""
    if text == "today":
        return today
    if text == "yesterday":
        return today - dt.timedelta(days=1)
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ApiError(f"Date format must be: YYYY-MM-DD, or 'today' or 'yesterday': {text[:20]!r}.") from None


T = TypeVar("T")

DEFAULT_LIMIT = 100
"""How many rows are given unless `filter_limit` says otherwise; -1 for all."""


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A method with its parameters and token, on a server."""

    backend: Backend
    method: str
    params: Mapping[str, str] = field(repr=False)
    token: str = field(repr=False)

    def need(self, name: str) -> str:
        """A required parameter; raises ApiError."""
        value = self.params.get(name, "")
        if not value:
            raise missing(name)
        return value

    def number(self, name: str, otherwise: int) -> int:
        """A whole number."""
        try:
            return int(self.params.get(name, otherwise))
        except ValueError:
            return otherwise

    def site(self) -> Site:
        """The site of the call, if the token may view it; raises ApiError."""
        text = self.need("idSite")
        site = self.backend.site(int(text)) if text.isascii() and text.isdigit() else None
        if site and self.backend.rights.may_view(self.token, site.id):
            return site
        if text.isascii() and text.isdigit() and not self.backend.rights.is_super(self.token):
            raise no_access("view", int(text))
        raise no_site(text)

    def today(self, site: Site) -> dt.date:
        """The current day in the site's time zone."""
        return day_of(site.timezone, int(self.backend.clock.now()))

    def days(self, site: Site) -> Days:
        """The requested days; raises ApiError."""
        return read_days(self.need("date"), self.need("period"), self.today(site))

    def cut(self, rows: list[T]) -> list[T]:
        """The rows selected by `filter_offset` and `filter_limit`."""
        offset, limit = max(0, self.number("filter_offset", 0)), self.number("filter_limit", DEFAULT_LIMIT)
        return rows[offset:] if limit < 0 else rows[offset : offset + limit]
