"""The sites on the Matomo server: whether each is there, may be written to, is no other's, and has the same days."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mtc.manifest.matomo import Matomo
from mtc.manifest.project import Project, SiteSettings
from mtc.matomo import sites
from mtc.matomo.connection import Connection
from mtc.run.checking.findings import Finding
from mtc.run.checking.server import ABOUT, quick
from mtc.stages.answering.place import moving_back
from mtc.stages.delivering.target import other_days, zone_of

_UNKNOWN = dt.timezone(dt.timedelta(hours=23, minutes=59))  # no zone of any place


@dataclass(frozen=True, slots=True)
class SeenSite:
    """What there is to say of a site, and its number in Matomo; None where it is not known."""

    findings: tuple[Finding, ...]
    number: int | None = None


def about(site: str) -> str:
    """What findings of a site in Matomo are about."""
    return f"{ABOUT} for {site}"


def look(
    matomo: Matomo, project: Project, site: SiteSettings, rights: sites.Rights, days: Sequence[dt.date], today: dt.date
) -> SeenSite:
    """Ask the server about a site. `days` are those of the manifest.

    Raises:
        StepError: it did not answer, or no site, or several, have the site's address.
    """
    server = quick(matomo, project)
    with Connection(server) as connection:
        number = site.matomo_id or sites.site_id(connection, server, site.url)
        info = sites.site_info(connection, server, number)
    if info is None:
        what = f"there is no site {number}"
        return SeenSite((Finding.problem(about(site.name), server.url, what, "correct matomo_id"),))
    where = server.url
    findings = [_right(site, rights, info, where), *_zone(site, info, where, today), *_created(site, info, where, days)]
    return SeenSite(tuple(findings), number)


def shared(seen: Mapping[str, SeenSite], url: str) -> Iterator[Finding]:
    """Numbers that several sites have: their hits would be counted as one site's."""
    owners: dict[int, list[str]] = {}
    for name, one in seen.items():
        if one.number is not None:
            owners.setdefault(one.number, []).append(name)
    for number, names in owners.items():
        if len(names) > 1:
            what = f"site {number} of Matomo stands for several: {', '.join(names)}"
            yield Finding.problem(ABOUT, url, what, "give each site a matomo_id of its own, or `matomo: false`")


def _right(site: SiteSettings, rights: sites.Rights, info: sites.SiteInfo, url: str) -> Finding:
    if rights.may_write(info.id):
        return Finding.ok(about(site.name), url, f"is site {info.id}, {info.name}, and may be written to")
    what = f"the token may only view site {info.id}, {info.name}: it lacks 'write' access to it"
    return Finding.problem(about(site.name), url, what, f"give its user write access to site {info.id} in Matomo")


def _zone(site: SiteSettings, info: sites.SiteInfo, url: str, today: dt.date) -> Iterator[Finding]:
    zone = zone_of(info.timezone, _UNKNOWN)
    if zone is _UNKNOWN:
        what = f"its time zone in Matomo, {info.timezone}, is not known here"
        yield Finding.warning(about(site.name), url, what, f"see that it is the manifest's, {site.zone}")
    elif other_days(info.timezone, site.tzinfo, today):
        what = f"its time zone is {info.timezone} in Matomo and {site.zone} in the manifest: days would not agree"
        yield Finding.problem(about(site.name), url, what, f"write `timezone: {info.timezone}`, or change it in Matomo")


def _created(site: SiteSettings, info: sites.SiteInfo, url: str, days: Sequence[dt.date]) -> Iterator[Finding]:
    """A site that began after the manifest's first day: a hit of that day usually moves the date back."""
    first = min(days, default=None)
    if first is None or info.created is None or info.created <= first:
        return
    what = (
        f"was created there on {info.created}, and the first of `dates` is {first}: of days before it began Matomo "
        "makes no reports, unless hits of them have moved the date back"
    )
    yield Finding.warning(about(site.name), url, what, f"if `stat` fails then, {moving_back(info.id, first)}")
