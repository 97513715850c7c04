"""What an answer for a day is, and who may give one. No I/O."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mtc.manifest.project import SiteSettings
from mtc.warehouse.statfile import StatDocument
from mtc.warehouse.statistics import DayFailure, DayWork


@dataclass(frozen=True, slots=True)
class Noted:
    """A document, and what there is to say of how it came about, for the step's receipt."""

    document: StatDocument
    notes: tuple[str, ...]


Answer = StatDocument | Noted | DayFailure


class AnswerSource(Protocol):
    """Who answers for a site's days; every `StatisticsSource` does."""

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterable[Answer]:
        """Give an answer for every day, in order of days.

        Raises:
            StepError: nobody answers for the days that are left; the answers given before hold.
        """
