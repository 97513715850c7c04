"""Where a site's statistics come from: the warehouse or Matomo, as `stats.from` says for each site.

Nothing is counted here, and there is no I/O.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mtc.core.errors import PermanentError
from mtc.manifest.project import SiteSettings
from mtc.warehouse.stat_document import StatDocument
from mtc.warehouse.statistics import DayFailure, DayWork


@dataclass(frozen=True, slots=True)
class NotedDocument:
    """A document, and notes on how it was made, for the step's receipt."""

    document: StatDocument
    notes: tuple[str, ...]


DayResult = StatDocument | NotedDocument | DayFailure


class StatProvider(Protocol):
    """Gives the statistics of a site's days."""

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterable[DayResult]:
        """Give a result for every day, in order of days.

        Raises:
            StepError: there is no result for the remaining days; the results given before are good.
        """


@dataclass(frozen=True, slots=True)
class ProviderBySite:
    """The provider that `stats.from` names for each site. `matomo` makes that of the server, if there is one."""

    warehouse: StatProvider
    matomo: Callable[[], StatProvider] | None = None

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterable[DayResult]:
        """Give a result for every day, in order of days.

        Raises:
            StepError: the site's provider cannot be asked, or fails.
        """
        return self._provider(site).statistics(site, days)

    def _provider(self, site: SiteSettings) -> StatProvider:
        if site.answers == "warehouse":
            return self.warehouse
        if self.matomo is None:
            raise PermanentError(
                f"the statistics of {site.name} are to come from Matomo, and the manifest names no server",
                hint="write `matomo:` into the manifest, or `stats: {from: warehouse}`",
            )
        return self.matomo()
