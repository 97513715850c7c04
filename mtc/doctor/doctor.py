"""`mtc doctor`: checks what a run needs: this machine, sources, archives, Matomo. Changes nothing that stays.

Network checks run in parallel, each with a time limit, so that a service that hangs does not delay the others.
"""

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mtc.core.background import run_parallel
from mtc.core.clock import Clock, utc_now
from mtc.core.errors import MtcError
from mtc.core.findings import Finding, any_problem
from mtc.doctor import matomo_checks, newest_logs, storage
from mtc.doctor.matomo_checks import TIME_LIMIT
from mtc.doctor.storage import check_disk_space, check_machine
from mtc.engine.selection import Scope, sites_of
from mtc.manifest.dates import days as days_of
from mtc.manifest.project import Project, SiteSettings


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """The findings, in the order in which a run needs what they are about."""

    findings: tuple[Finding, ...]

    @property
    def has_problem(self) -> bool:
        """Whether any finding would stop a run."""
        return any_problem(self.findings)


def run_checks(project: Project, scope: Scope, clock: Clock = utc_now, *, limit: float = TIME_LIMIT) -> DoctorResult:
    """Run all checks for the selected sites. `limit` is the time limit of each network check, in seconds."""
    chosen = tuple(project.sites[name] for name in sites_of(project, scope))
    checks = _NetworkChecks(project, chosen, clock, limit)
    found = [*check_machine(project), *checks.services()]
    return DoctorResult((*found, *check_disk_space(project, checks.largest)))


class _NetworkChecks:
    """The network checks, in two rounds: the second needs the listed logs and the rights of the token."""

    def __init__(self, project: Project, chosen: tuple[SiteSettings, ...], clock: Clock, limit: float) -> None:
        self._project = project
        self._sites = chosen
        self._clock = clock
        self._limit = limit
        self.largest = 0

    def services(self) -> Iterator[Finding]:
        """Check sources, newest logs and archives of all sites, then the Matomo server and its sites."""
        archived = [site for site in self._sites if site.archive is not None]
        matomo = self._project.matomo if any(site.matomo for site in self._sites) else None
        sources: list[Callable[[], _Answer]] = [functools.partial(self._check_source, site) for site in self._sites]
        archives: list[Callable[[], _Answer]] = [functools.partial(self._check_archive, site) for site in archived]
        server: list[Callable[[], _Answer]] = [self._check_server] if matomo else []
        answers = iter(run_parallel([*sources, *archives, *server], limit=self._limit))
        listed = [(site, next(answers)) for site in self._sites]
        for site, seen in listed:
            self.largest = max(self.largest, seen.largest if isinstance(seen, storage.SourceCheck) else 0)
            yield from _findings_of(seen, storage.about_source(site.name), site.source.url)
        found = {
            site.name: seen.newest for site, seen in listed if isinstance(seen, storage.SourceCheck) and seen.newest
        }
        yield from newest_logs.check_newest_logs(self._project, found, self._limit)
        for site in archived:
            yield from _findings_of(
                next(answers), storage.about_archive(site.name), site.archive.url if site.archive else ""
            )
        if matomo:
            seen = next(answers)
            yield from _findings_of(seen, matomo_checks.ABOUT, matomo.server)
            if isinstance(seen, matomo_checks.ServerCheck):
                yield from self._check_sites(seen)

    def _check_sites(self, seen: matomo_checks.ServerCheck) -> Iterator[Finding]:
        matomo = self._project.matomo
        assert matomo is not None  # noqa: S101 - its server was seen
        delivered = [site for site in self._sites if site.matomo is not None]
        today = self._clock().date()
        jobs = [
            functools.partial(
                matomo_checks.check_site, matomo, self._project, site, seen.rights, self._days(site), today
            )
            for site in delivered
        ]
        answers = dict(zip((site.name for site in delivered), run_parallel(jobs, limit=self._limit), strict=True))
        for name, answer in answers.items():
            yield from _findings_of(answer, matomo_checks.about(name), matomo.server)
        seen_sites = {name: check for name, check in answers.items() if isinstance(check, matomo_checks.SiteCheck)}
        yield from matomo_checks.shared(seen_sites, matomo.server)

    def _check_source(self, site: SiteSettings) -> storage.SourceCheck:
        return storage.check_source(self._project, site, self._days(site))

    def _check_archive(self, site: SiteSettings) -> "_Answer":
        return DoctorResult(storage.check_archive(self._project, site, self._days(site)[0]))

    def _check_server(self) -> matomo_checks.ServerCheck:
        assert self._project.matomo is not None  # noqa: S101 - called only then
        return matomo_checks.check_server(self._project.matomo, self._project, self._clock)

    def _days(self, site: SiteSettings) -> tuple[dt.date, ...]:
        return days_of(self._project.dates, self._clock().astimezone(site.tzinfo).date())


_Answer = storage.SourceCheck | matomo_checks.ServerCheck | DoctorResult


def _findings_of(answer: "_Answer | matomo_checks.SiteCheck | MtcError", about: str, where: str) -> tuple[Finding, ...]:
    return (Finding.of(answer, about, where),) if isinstance(answer, MtcError) else answer.findings
