"""Everything that a run needs, looked at before it: this machine, sources, archives, Matomo. Changes nothing.

What goes over a network is asked at once, with a time limit each, so that one service that hangs holds up nothing else.
"""

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mtc.core.clock import Clock, utc_now
from mtc.core.errors import MtcError
from mtc.core.findings import Finding, any_problem
from mtc.doctor import matomo_checks, newest_logs, storage
from mtc.doctor.matomo_checks import SeenSite
from mtc.doctor.parallel_checks import LIMIT, together
from mtc.doctor.storage import places, space
from mtc.engine.selection import Scope, sites_of
from mtc.manifest.dates import days as days_of
from mtc.manifest.project import Project, SiteSettings


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found, in the order in which a run needs it."""

    findings: tuple[Finding, ...]

    @property
    def stopped(self) -> bool:
        """Whether one would stop a run."""
        return any_problem(self.findings)


def examine(project: Project, scope: Scope, clock: Clock = utc_now, *, limit: float = LIMIT) -> Examined:
    """Look at all of it, for the sites asked for. `limit` is for each question over a network, in seconds."""
    chosen = tuple(project.sites[name] for name in sites_of(project, scope))
    asked = _Asked(project, chosen, clock, limit)
    found = [*places(project), *asked.services()]
    return Examined((*found, *space(project, asked.largest)))


class _Asked:
    """The questions over a network, in rounds: which logs there are, and what a token may do, is asked first."""

    def __init__(self, project: Project, chosen: tuple[SiteSettings, ...], clock: Clock, limit: float) -> None:
        self._project = project
        self._sites = chosen
        self._clock = clock
        self._limit = limit
        self.largest = 0

    def services(self) -> Iterator[Finding]:
        """Sources, newest logs and archives of all sites, then the Matomo server and the sites there."""
        archived = [site for site in self._sites if site.archive is not None]
        matomo = self._project.matomo if any(site.matomo for site in self._sites) else None
        listing: list[Callable[[], _Answer]] = [functools.partial(self._list, site) for site in self._sites]
        pushing: list[Callable[[], _Answer]] = [functools.partial(self._push, site) for site in archived]
        asking: list[Callable[[], _Answer]] = [self._ask] if matomo else []
        answers = iter(together([*listing, *pushing, *asking], limit=self._limit))
        listed = [(site, next(answers)) for site in self._sites]
        for site, seen in listed:
            self.largest = max(self.largest, seen.largest if isinstance(seen, storage.Seen) else 0)
            yield from _told(seen, storage.about_source(site.name), site.source.url)
        found = {site.name: seen.newest for site, seen in listed if isinstance(seen, storage.Seen) and seen.newest}
        yield from newest_logs.look(self._project, found, self._limit)
        for site in archived:
            yield from _told(next(answers), storage.about_archive(site.name), site.archive.url if site.archive else "")
        if matomo:
            seen = next(answers)
            yield from _told(seen, matomo_checks.ABOUT, matomo.server)
            if isinstance(seen, matomo_checks.SeenServer):
                yield from self._in_matomo(seen)

    def _in_matomo(self, seen: matomo_checks.SeenServer) -> Iterator[Finding]:
        matomo = self._project.matomo
        assert matomo is not None  # noqa: S101 - its server was seen
        delivered = [site for site in self._sites if site.matomo is not None]
        today = self._clock().date()
        jobs = [
            functools.partial(
                matomo_checks.look_at_sites, matomo, self._project, site, seen.rights, self._days(site), today
            )
            for site in delivered
        ]
        answers = dict(zip((site.name for site in delivered), together(jobs, limit=self._limit), strict=True))
        for name, answer in answers.items():
            yield from _told(answer, matomo_checks.about(name), matomo.server)
        seen_sites = {name: one for name, one in answers.items() if isinstance(one, matomo_checks.SeenSite)}
        yield from matomo_checks.shared(seen_sites, matomo.server)

    def _list(self, site: SiteSettings) -> storage.Seen:
        return storage.look(self._project, site, self._days(site))

    def _push(self, site: SiteSettings) -> "_Answer":
        return Examined(storage.check(self._project, site, self._days(site)[0]))

    def _ask(self) -> matomo_checks.SeenServer:
        assert self._project.matomo is not None  # noqa: S101 - it is asked only then
        return matomo_checks.look_at_server(self._project.matomo, self._project, self._clock)

    def _days(self, site: SiteSettings) -> tuple[dt.date, ...]:
        return days_of(self._project.dates, self._clock().astimezone(site.tzinfo).date())


_Answer = storage.Seen | matomo_checks.SeenServer | Examined


def _told(answer: "_Answer | SeenSite | MtcError", about: str, where: str) -> tuple[Finding, ...]:
    return (Finding.of(answer, about, where),) if isinstance(answer, MtcError) else answer.findings
