"""The server that a project delivers to, and its sites: checked once in a run, before the first hit is sent.

This finds what would make Matomo refuse every hit: a wrong token, a missing right, an unknown site.
"""

import datetime as dt
import re
import threading
import time
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mtc.core.errors import PermanentError
from mtc.core.frozen_model import seconds
from mtc.core.retry import RetryPolicy
from mtc.manifest.project import SiteSettings
from mtc.matomo import sites
from mtc.matomo.client import MatomoClient, Server
from mtc.matomo.settings import Matomo
from mtc.stages.deliver.bisection import FailureEvidence
from mtc.stages.deliver.lanes import SiteDay

_DAYS_COMPARED = 366
_OFFSET = re.compile(r"^UTC(?P<sign>[+-])(?P<hours>\d{1,2}(?:\.\d+)?)$")

Clock = Callable[[], dt.datetime]


def server_of(matomo: Matomo, root: Path) -> Server:
    """Make the server of a manifest's settings; a relative `ca_bundle` is relative to `root`."""
    return Server(
        matomo.url,
        matomo.token,
        matomo.username or "",
        matomo.password,
        root / matomo.ca_bundle if matomo.ca_bundle else None,
        float(seconds(matomo.timeout)),
        matomo.tracker,
    )


def zone_of(name: str, otherwise: dt.tzinfo) -> dt.tzinfo:
    """Find a time zone by Matomo's name: `Europe/Paris`, `UTC`, `UTC+5.5`; `otherwise` if it is unknown here."""
    try:
        if offset := _OFFSET.match(name):
            hours = float(offset["hours"]) * (-1 if offset["sign"] == "-" else 1)
            return dt.timezone(dt.timedelta(hours=hours))
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return otherwise


def other_days(name: str, zone: dt.tzinfo, today: dt.date) -> bool:
    """Whether days in the time zone with Matomo's `name` differ from days in `zone`; False if it is unknown here.

    The offsets at noon of each day of the past year are compared: zones that agree on them change their clocks on the
    same days.
    """
    server_zone = zone_of(name, zone)
    noon = dt.datetime.combine(today, dt.time(12), dt.UTC)
    moments = (noon - dt.timedelta(days=back) for back in range(_DAYS_COMPARED))
    return any(at.astimezone(server_zone).utcoffset() != at.astimezone(zone).utcoffset() for at in moments)


@dataclass(frozen=True, slots=True)
class TrackedSite:
    """A site on its server. `base` is the address that paths are appended to, `zone` its time zone there."""

    id: int
    base: str
    zone: dt.tzinfo


@dataclass(slots=True)
class MatomoTracker:
    """A server and its client, shared by all threads of a run, with what the run has learnt about the server.

    `begun` are the days of sites with recorded hits, `evidence` the failures seen. Both, the checked sites and the
    client's limiter are those of this process: an executor in other processes checks sites in each of them, and has to
    divide `jobs` among them.
    """

    settings: Matomo
    root: Path
    clock: Clock
    sleep: Callable[[float], None] = time.sleep
    client: MatomoClient = field(init=False)
    begun: set[SiteDay] = field(default_factory=set)
    evidence: FailureEvidence = field(default_factory=FailureEvidence)
    _sites: dict[str, TrackedSite] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Make the client, which does not connect yet."""
        self.client = MatomoClient(server_of(self.settings, self.root), jobs=self.settings.jobs)

    @property
    def settle(self) -> dt.timedelta:
        """How long after a request without an answer its hits may still appear."""
        return dt.timedelta(seconds=seconds(self.settings.settle))

    @property
    def timeout(self) -> dt.timedelta:
        """How long an answer is waited for."""
        return dt.timedelta(seconds=seconds(self.settings.timeout))

    def site(self, site: SiteSettings) -> TrackedSite:
        """The site on the server; checked when it is first asked for.

        Raises:
            PermanentError: the server does not know the site, the token may not write to it, or its time zone differs.
            TransientError: the server does not answer.
        """
        with self._lock:
            if site.name not in self._sites:
                self._sites[site.name] = self._look_up(site)
            return self._sites[site.name]

    def recheck(self, site: SiteSettings) -> None:
        """Check the site again; raises as `site` does if the site or the token's access to it is gone."""
        with self._lock:
            self._sites[site.name] = self._look_up(site)

    def _look_up(self, site: SiteSettings) -> TrackedSite:
        return RetryPolicy(self.sleep, first_pause=0.5).run(lambda: self._checked(site))

    def _checked(self, site: SiteSettings) -> TrackedSite:
        server = self.client.server
        number = site.matomo_id or sites.site_id(self.client, site.url)
        rights = sites.rights(self.client)
        if not rights.may_write(number):
            allowed = "may only view" if number in rights.view else "may not even see"
            raise PermanentError(
                f"the token {allowed} site {number}: it lacks 'write' access to it",
                where=server.url,
                hint=f"give its user write access to site {number} in Matomo, or correct `token` or `matomo_id`",
            )
        info = sites.site_info(self.client, number)
        if info is None:
            raise PermanentError(f"Matomo has no site {number}", where=server.url, hint="correct `matomo_id`")
        if other_days(info.timezone, site.tzinfo, self.clock().date()):
            theirs = server.quote(info.timezone)
            raise PermanentError(
                f"the time zone of site {number} is {theirs} in Matomo and {site.zone} in the manifest: "
                "days would not agree",
                where=server.url,
                hint=f"write `timezone: {theirs}` for {site.name}, or change it in Matomo; nothing is sent until then",
            )
        return TrackedSite(number, site.url or info.main_url, zone_of(info.timezone, site.tzinfo))
