"""Matomo as a source of statistics: its reports in, documents out, a month of days in two requests.

The reports of the days are invalidated before they are read: one that somebody read while hits came in stays wrong
until then. Nothing is tried again here; that is the coordinator's.
"""

import datetime as dt
import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mtc import __version__
from mtc.errors import TransientError
from mtc.manifest.project import SiteSettings
from mtc.matomo.errors import ApiError, NoRightError, ServerBusyError, TokenRefusedError, UnknownSiteError
from mtc.matomo.reports import DayReports, invalidate, reports
from mtc.model import Stage
from mtc.recipes import RECIPES
from mtc.stages.answering.base import Answer, Noted
from mtc.stages.answering.more import SOCIALS, More, read_more
from mtc.stages.answering.place import Place, find_place, uncounted, zone_note
from mtc.stages.answering.tables import READ, summary, tables
from mtc.stages.answering.windows import Window, halves, windows
from mtc.stages.delivering.target import Target
from mtc.warehouse.statfile import Inputs, LineAccounting, StatDocument
from mtc.warehouse.statistics import DayFailure, DayWork
from mtc.warehouse.tables import ROW_LIMIT

LONGEST_WAIT = 30.0
"""For how many seconds a server that asks for a pause is waited for; a longer one is the coordinator's to wait."""

_OF_ALL = (TokenRefusedError, NoRightError, UnknownSiteError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MatomoStatistics:
    """Reads the reports of `target`'s server. `limit` is how many rows a table keeps."""

    target: Target
    limit: int = ROW_LIMIT

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterator[Answer]:
        """Give a document or a failure for every day, in order of days.

        Raises:
            TransientError: the server does not answer, or not now; the answers given before hold.
            PermanentError: it refuses whatever is asked: the token, the site.
        """
        target = self.target
        place = self._ask(lambda: find_place(target, site))
        note = self._ask(lambda: invalidate(target.connection, target.server, place.id, tuple(days)))
        notes = (*((note,) if note else ()), *zone_note(target, place, site, days))
        yield from _Reading(self, site, place, days, notes).run()

    def read(self, place: Place, window: Window) -> Sequence[tuple[DayReports, More]]:
        """Read the reports of a range of days."""
        target, first, last = self.target, window[0], window[-1]
        found = self._ask(lambda: reports(target.connection, target.server, place.id, first, last, READ))
        further = self._ask(lambda: read_more(target.connection, target.server, place.id, window))
        return [(found[day], further[day]) for day in window]

    def _ask(self, read: Callable[[], T]) -> T:
        """Do a read through the gate that all who ask this server share."""
        gate = self.target.gate
        if (shut := gate.shut_for()) > LONGEST_WAIT:
            raise ServerBusyError(
                f"the server wants to be left alone for {shut:.0f} s more", where=self.target.server.url
            )
        try:
            with gate:
                answer = read()
        except ServerBusyError as error:
            gate.slowed(error.retry_after)
            raise
        gate.well()
        return answer


@dataclass(frozen=True, slots=True)
class _Reading:
    """The reading of one site's days."""

    source: MatomoStatistics
    site: SiteSettings
    place: Place
    days: Mapping[dt.date, DayWork]
    notes: tuple[str, ...]

    def run(self) -> Iterator[Answer]:
        """Read window by window; one that fails is cut until it is known which day it is that fails."""
        waiting = deque(windows(self.days))
        while waiting:
            window = waiting.popleft()
            try:
                found = self.source.read(self.place, window)
            except _OF_ALL:
                raise
            except ApiError as error:
                if len(window) > 1:
                    waiting.extendleft(reversed(halves(window)))
                elif isinstance(error, TransientError):
                    raise
                else:
                    yield DayFailure(window[0], error)
                continue
            yield from (self._answer(day, more) for day, more in found)

    def _answer(self, day: DayReports, more: More) -> Answer:
        hits = self.days[day.day].delivered
        if hits and not day.summary.actions:
            first = min(one for one, work in self.days.items() if work.delivered)
            return DayFailure(day.day, uncounted(self.place, day.day, hits, first))
        document = self._document(day, more)
        notes = (*self.notes, *_missing(day, more))
        return Noted(document, notes) if notes else document

    def _document(self, day: DayReports, more: More) -> StatDocument:
        work = self.days[day.day]
        return StatDocument(
            site=self.site.name,
            day=day.day,
            timezone=self.site.zone,
            source="matomo",
            generator=f"mtc {__version__}",
            inputs=self._inputs(work),
            summary=summary(day),
            tables=tables(day, more, self.source.limit),
            accounting=LineAccounting.of(work.accounting) if work.accounting else None,
        )

    def _inputs(self, work: DayWork) -> Inputs:
        """A digest of what was delivered and of who was asked; what else Matomo was sent nobody here knows."""
        objects: Counter[str] = Counter()
        for part in set(work.parts):
            objects[part.object_id] += part.hits
        server, number = self.source.target.settings.server, self.place.id
        told = json.dumps(
            [RECIPES[Stage.STAT], server, number, self.site.zone, self.source.limit, sorted(objects.items())]
        )
        digest = hashlib.sha256(told.encode()).hexdigest()
        return Inputs(objects=len(objects), fingerprint=digest, server=server, server_site=number)


def _missing(day: DayReports, more: More) -> tuple[str, ...]:
    """Which reports the server does not have."""
    names = [*(report.value for report in day.missing), *([SOCIALS] if more.socials is None else [])]
    return (f"Matomo does not have {', '.join(sorted(names))}: a plugin is off",) if names else ()
