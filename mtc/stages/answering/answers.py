"""The choice between the warehouse and Matomo, site by site, as the manifest says. Nothing is counted here."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mtc.errors import PermanentError
from mtc.manifest.project import SiteSettings
from mtc.stages.answering.base import Answer, AnswerSource
from mtc.warehouse.statistics import DayWork


@dataclass(frozen=True, slots=True)
class Answers:
    """Lets whom `site.answers` names answer. `matomo` gives who speaks to the server; None without a server."""

    warehouse: AnswerSource
    matomo: Callable[[], AnswerSource] | None = None

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterable[Answer]:
        """Give an answer for every day, in order of days.

        Raises:
            StepError: who should answer cannot be asked, or does not answer.
        """
        return self._source(site).statistics(site, days)

    def _source(self, site: SiteSettings) -> AnswerSource:
        if site.answers == "warehouse":
            return self.warehouse
        if self.matomo is None:
            raise PermanentError(
                f"the statistics of {site.name} are to come from Matomo, and the manifest names no server",
                hint="write `matomo:` into the manifest, or `stats: {from: warehouse}`",
            )
        return self.matomo()
