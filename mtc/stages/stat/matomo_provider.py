"""The provider that reads statistics from Matomo: the reports of a window of days in two requests.

The reports are invalidated before they are read: one that was read while hits came in would stay wrong. No request is
retried here; the coordinator retries the step.
"""

import datetime as dt
import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mtc import __version__
from mtc.core.errors import PermanentError, TransientError
from mtc.core.model import RECIPES, Stage
from mtc.manifest.project import SiteSettings
from mtc.matomo import sites
from mtc.matomo.client import ApiError, NoRightError, ServerBusyError, TokenRefusedError, UnknownSiteError
from mtc.matomo.reports import SOCIALS, DayReports, ExtraReports, Report, invalidate, read_extra_reports, reports
from mtc.stages.deliver.tracker import MatomoTracker, zone_of
from mtc.stages.stat.matomo_tables import summary, tables
from mtc.stages.stat.stat_stage import DayResult, NotedDocument
from mtc.warehouse.stat_document import Inputs, LineAccounting, StatDocument
from mtc.warehouse.stat_tables import ROW_LIMIT
from mtc.warehouse.statistics import DayFailure, DayWork

READ_REPORTS = tuple(report for report in Report if report not in {Report.ENTRY_PAGES, Report.EXIT_PAGES})
"""The reports that are read. Entry pages come with `read_extra_reports`, exit pages with the report of pages."""

LONGEST_WAIT = 30.0
"""The longest pause of the limiter to wait for, in seconds. For a longer one the coordinator retries the step."""

WINDOW_DAYS = 30
"""How many days a window has at most."""

WINDOW_HITS = 500_000
"""How many hits a window has at most, unless a single day has more: the first read of a day takes the server about one
second for 16,000 hits."""

Window = tuple[dt.date, ...]

_FATAL = (TokenRefusedError, NoRightError, UnknownSiteError)

T = TypeVar("T")

_NOON = dt.time(12)


@dataclass(frozen=True, slots=True)
class ServerSite:
    """A site's settings in Matomo. `zone` is Matomo's name of its time zone.

    There are no reports of days before it was `created`; None if the date is unknown.
    """

    id: int
    zone: str
    created: dt.date | None = None


@dataclass(frozen=True, slots=True)
class MatomoStatistics:
    """Reads statistics from a server's reports. `limit` is how many rows a table has at most."""

    tracker: MatomoTracker
    limit: int = ROW_LIMIT

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterator[DayResult]:
        """Yield a document or a failure for each day, in order of days.

        Raises:
            TransientError: the server does not answer, or is busy; the results yielded before are valid.
            PermanentError: it refuses every request: the token or the site is wrong.
        """
        tracker = self.tracker
        server_site = self._request(lambda: find_site(tracker, site))
        note = self._request(lambda: invalidate(tracker.client, server_site.id, tuple(days)))
        notes = (*((note,) if note else ()), *zone_note(tracker, server_site, site, days))
        yield from _SiteReader(self, site, server_site, days, notes).run()

    def read(self, server_site: ServerSite, window: Window) -> Sequence[tuple[DayReports, ExtraReports]]:
        """Read the reports of a window of days; raises as `statistics` does."""
        tracker, first, last = self.tracker, window[0], window[-1]
        found = self._request(lambda: reports(tracker.client, server_site.id, first, last, READ_REPORTS))
        extra = self._request(lambda: read_extra_reports(tracker.client, server_site.id, window))
        return [(found[day], extra[day]) for day in window]

    def _request(self, read: Callable[[], T]) -> T:
        """Make a request through the limiter that all requests to this server share."""
        limiter = self.tracker.client.limiter
        if (pause := limiter.pause_left()) > LONGEST_WAIT:
            raise ServerBusyError(
                f"the server asks for no requests for another {pause:.0f} s", where=self.tracker.client.server.url
            )
        try:
            with limiter:
                answer = read()
        except ServerBusyError as error:
            limiter.slow_down(error.retry_after)
            raise
        limiter.succeeded()
        return answer


@dataclass(frozen=True, slots=True)
class _SiteReader:
    """Reads the reports of one site's days."""

    provider: MatomoStatistics
    site: SiteSettings
    server_site: ServerSite
    days: Mapping[dt.date, DayWork]
    notes: tuple[str, ...]

    def run(self) -> Iterator[DayResult]:
        """Read window by window; a window that fails is halved until the day that fails is found."""
        waiting = deque(windows(self.days))
        while waiting:
            window = waiting.popleft()
            try:
                found = self.provider.read(self.server_site, window)
            except _FATAL:
                raise
            except ApiError as error:
                if len(window) > 1:
                    waiting.extendleft(reversed(halve(window)))
                elif isinstance(error, TransientError):
                    raise
                else:
                    yield DayFailure(window[0], error)
                continue
            yield from (self._result(day, extra) for day, extra in found)

    def _result(self, day: DayReports, extra: ExtraReports) -> DayResult:
        hits = self.days[day.day].delivered
        if hits and not day.summary.actions:
            first = min(other for other, work in self.days.items() if work.delivered)
            return DayFailure(day.day, _not_counted(self.server_site, day.day, hits, first))
        document = self._document(day, extra)
        notes = (*self.notes, *_missing(day, extra))
        return NotedDocument(document, notes) if notes else document

    def _document(self, day: DayReports, extra: ExtraReports) -> StatDocument:
        work = self.days[day.day]
        return StatDocument(
            site=self.site.name,
            day=day.day,
            timezone=self.site.zone,
            source="matomo",
            generator=f"mtc {__version__}",
            inputs=self._inputs(work),
            summary=summary(day),
            tables=tables(day, extra, self.provider.limit),
            accounting=LineAccounting.of(work.accounting) if work.accounting else None,
        )

    def _inputs(self, work: DayWork) -> Inputs:
        """The fingerprint: of the delivered hits, the server and the site. Hits that mtc did not send are not in it."""
        objects: Counter[str] = Counter()
        for part in set(work.parts):
            objects[part.object_id] += part.hits
        server, number = self.provider.tracker.settings.server, self.server_site.id
        basis = json.dumps(
            [RECIPES[Stage.STAT], server, number, self.site.zone, self.provider.limit, sorted(objects.items())]
        )
        digest = hashlib.sha256(basis.encode()).hexdigest()
        return Inputs(objects=len(objects), fingerprint=digest, server=server, server_site=number)


def _missing(day: DayReports, extra: ExtraReports) -> tuple[str, ...]:
    """A note on the reports that the server does not have."""
    names = [*(report.value for report in day.missing), *([SOCIALS] if extra.socials is None else [])]
    return (f"Matomo does not have {', '.join(sorted(names))}: a plugin is off",) if names else ()


def windows(days: Mapping[dt.date, DayWork]) -> Iterator[Window]:
    """Divide days into windows: ranges of consecutive days that are read with one request.

    A window never contains a day that was not asked for: Matomo makes a report when it is read, and that of a day that
    is still being delivered would stay incomplete.
    """
    window: Window = ()
    hits = 0
    for day in sorted(days):
        day_hits = sum(part.hits for part in days[day].parts)
        if window and (
            len(window) >= WINDOW_DAYS or day - window[-1] > dt.timedelta(days=1) or hits + day_hits > WINDOW_HITS
        ):
            yield window
            window, hits = (), 0
        window, hits = (*window, day), hits + day_hits
    if window:
        yield window


def halve(window: Sequence[dt.date]) -> tuple[Window, Window]:
    """Divide a window of several days into two."""
    middle = len(window) // 2
    return tuple(window[:middle]), tuple(window[middle:])


def find_site(tracker: MatomoTracker, site: SiteSettings) -> ServerSite:
    """Find the site on the server; view access is enough.

    Raises:
        PermanentError: the server does not know the site, or the token may not view it.
        TransientError: the server does not answer.
    """
    number = site.matomo_id or sites.site_id(tracker.client, site.url)
    info = sites.site_info(tracker.client, number)
    if info is None:
        raise PermanentError(
            f"Matomo has no site {number}", where=tracker.client.server.url, hint="correct `matomo_id`"
        )
    return ServerSite(number, info.timezone, info.created)


def _not_counted(server_site: ServerSite, day: dt.date, hits: int, first: dt.date) -> PermanentError:
    """The error for a day whose delivered hits Matomo does not count. `first` is the first day with delivered hits."""
    what = f"Matomo counts none of the {hits:,} hits of {day} that were delivered to its site {server_site.id}"
    created = server_site.created or "an unknown date"
    if server_site.created is not None and day >= server_site.created:
        hint = (
            f"the site was created on {created}, which is not why: check Matomo's log, and whether its archiving fails"
        )
        return PermanentError(what, hint=hint)
    return PermanentError(
        f"{what}: the site was created there on {created}, and of days before that Matomo makes no reports",
        hint=f"{earlier_start_hint(server_site.id, first)}; then run again",
    )


def earlier_start_hint(number: int, first: dt.date) -> str:
    """A hint on how to change a site's creation date in Matomo."""
    return f"let a super user move the date back: SitesManager.updateSite with idSite={number} and startDate={first}"


def zone_note(
    tracker: MatomoTracker, server_site: ServerSite, site: SiteSettings, days: Iterable[dt.date]
) -> tuple[str, ...]:
    """A note if the site has another time zone on the server, so that its days are other hours."""
    manifest_zone, server_zone = site.tzinfo, zone_of(server_site.zone, site.tzinfo)
    if all(_offset(day, manifest_zone) == _offset(day, server_zone) for day in days):
        return ()
    zone = tracker.client.server.quote(server_site.zone)
    return (f"Matomo's days are those of {zone}, not of {site.zone}: correct the site's time zone in one of the two",)


def _offset(day: dt.date, zone: dt.tzinfo) -> dt.timedelta | None:
    return dt.datetime.combine(day, _NOON, zone).utcoffset()
