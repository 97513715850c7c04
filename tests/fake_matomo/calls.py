"""One call of the API: its parameters, and whose it is."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from tests.fake_matomo.clock import day_of
from tests.fake_matomo.dates import Days, read_days
from tests.fake_matomo.failures import missing, no_access, no_site
from tests.fake_matomo.settings import Site
from tests.fake_matomo.world import World

T = TypeVar("T")

DEFAULT_LIMIT = 100
"""How many rows are given unless `filter_limit` says otherwise; -1 for all."""


@dataclass(frozen=True, slots=True)
class Call:
    """A method with its parameters."""

    world: World
    method: str
    params: Mapping[str, str] = field(repr=False)
    token: str = field(repr=False)

    def need(self, name: str) -> str:
        """A parameter that must be there; raises ApiError."""
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
        """The site that is asked about, if the token may see it; raises ApiError."""
        text = self.need("idSite")
        site = self.world.site(int(text)) if text.isascii() and text.isdigit() else None
        if site and self.world.rights.may_view(self.token, site.id):
            return site
        if text.isascii() and text.isdigit() and not self.world.rights.is_super(self.token):
            raise no_access("view", int(text))
        raise no_site(text)

    def today(self, site: Site) -> dt.date:
        """The site's day at the moment."""
        return day_of(site.timezone, int(self.world.clock.now()))

    def days(self, site: Site) -> Days:
        """The days that are asked for; raises ApiError."""
        return read_days(self.need("date"), self.need("period"), self.today(site))

    def cut(self, rows: list[T]) -> list[T]:
        """The rows that `filter_offset` and `filter_limit` leave."""
        offset, limit = max(0, self.number("filter_offset", 0)), self.number("filter_limit", DEFAULT_LIMIT)
        return rows[offset:] if limit < 0 else rows[offset : offset + limit]
