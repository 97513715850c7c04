"""Checks of Matomo: the server, and the sites on it.

The server: it can be reached, its version, the token's rights, its clock. Each site: it exists, the token may write to
it, only one site of the manifest uses it, and its days begin at the same time.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from mtc.core.clock import Clock
from mtc.core.errors import MtcError, PermanentError
from mtc.core.findings import Finding
from mtc.manifest.project import Project, SiteSettings
from mtc.matomo import sites
from mtc.matomo.client import MatomoClient, Server
from mtc.matomo.settings import Matomo
from mtc.stages.deliver.tracker import other_days, server_of, zone_of
from mtc.stages.stat.matomo_provider import earlier_start_hint

ABOUT = "matomo"

TIME_LIMIT = 30.0
"""How long a check over the network may take, in seconds."""

_OLDEST = 4
_WARN = dt.timedelta(seconds=5)
_WRONG = dt.timedelta(seconds=60)
_JSON = {"Content-Type": "application/json"}
_NO_HITS = b'{"requests":[]}'
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_OK = 200


@dataclass(frozen=True, slots=True)
class ServerCheck:
    """The findings about a server, and what the token may do there."""

    findings: tuple[Finding, ...]
    rights: sites.Rights


def impatient_server(matomo: Matomo, project: Project) -> Server:
    """The server of the manifest, with a timeout below the time limit of a check."""
    server = server_of(matomo, project.root)
    return replace(server, timeout=min(server.timeout, TIME_LIMIT - 5))


def check_server(matomo: Matomo, project: Project, clock: Clock) -> ServerCheck:
    """Check the server and the token.

    Raises:
        StepError: the server cannot be reached, is not Matomo, or does not accept the token.
    """
    server = impatient_server(matomo, project)
    with MatomoClient(server) as client:
        version = sites.version(client)
        rights = sites.rights(client)
        skew = sites.clock_skew(client, clock)
        tracker = _tracker(client)
    findings = (_version(server, version), _rights(server, rights), _clock(server, skew), tracker)
    return ServerCheck((*findings, *_unsafe(server)), rights)


def _version(server: Server, version: str) -> Finding:
    major = re.match(r"\d+", version)
    if major is None or int(major[0]) < _OLDEST:
        what = f"is of version {version}; mtc is made for {_OLDEST}.0 and later"
        return Finding.warning(ABOUT, server.url, what, "upgrade Matomo")
    return Finding.ok(ABOUT, server.url, f"is reached, and of version {version}")


def _rights(server: Server, rights: sites.Rights) -> Finding:
    if rights.superuser:
        return Finding.ok(ABOUT, server.url, "accepts the token, a super user's")
    what = (
        "accepts the token, which is not a super user's: mtc cannot make Matomo process the reports of delivered days "
        "again, and a report that somebody opens during a delivery may stay incomplete"
    )
    hint = "use a super user's token, or do not open reports of days that are being delivered"
    return Finding.warning(ABOUT, server.url, what, hint)


def _clock(server: Server, skew: dt.timedelta | None) -> Finding:
    about = f"{ABOUT}'s clock"
    if skew is None:
        return Finding.warning(about, server.url, "does not send the time", "see that its clock is right")
    way = "ahead of" if skew > dt.timedelta() else "behind"
    what = f"is {abs(skew).total_seconds():.0f} s {way} this machine's"
    hint = "set both clocks, by NTP: Matomo files hits that it takes for future ones under the time of the request"
    if abs(skew) > _WRONG:
        return Finding.problem(about, server.url, what, hint)
    return Finding.warning(about, server.url, what, hint) if abs(skew) > _WARN else Finding.ok(about, server.url, what)


def _tracker(client: MatomoClient) -> Finding:
    """Check that the tracker script answers, with a request without hits."""
    about, where = f"{ABOUT}'s tracker", f"{client.server.url}/{client.server.tracker}"
    hint = "correct matomo.url or matomo.tracker, or check proxies in between"
    try:
        reply = client.post(client.server.tracker, _NO_HITS, _JSON, client.server.timeout, largest=1 << 20)
    except MtcError as error:
        return Finding.of(error, about, where)
    if reply.status == _OK and b'"success"' in reply.body:
        return Finding.ok(about, where, "answers")
    answer = client.server.quote(reply.text) or "nothing more"
    return Finding.of(PermanentError(f"does not take hits ({reply.status}): {answer}", hint=hint), about, where)


def _unsafe(server: Server) -> tuple[Finding, ...]:
    parts = urlsplit(server.url)
    if parts.scheme == "https" or parts.hostname in _LOCAL:
        return ()
    what = "the token is sent over http, where others can read it"
    return (Finding.warning(ABOUT, server.url, what, "use https in matomo.url"),)


_UNKNOWN = dt.timezone(dt.timedelta(hours=23, minutes=59))  # not the time zone of any place


@dataclass(frozen=True, slots=True)
class SiteCheck:
    """The findings about a site, and its number in Matomo; None if unknown."""

    findings: tuple[Finding, ...]
    number: int | None = None


def about(site: str) -> str:
    """The subject of findings about a site in Matomo."""
    return f"{ABOUT} for {site}"


def check_site(
    matomo: Matomo, project: Project, site: SiteSettings, rights: sites.Rights, days: Sequence[dt.date], today: dt.date
) -> SiteCheck:
    """Check a site on the server.

    Args:
        matomo: the settings of the server.
        project: the project, for its folder.
        site: the site.
        rights: what the token may do.
        days: the days of the manifest.
        today: the current day, for the comparison of time zones.

    Raises:
        StepError: the server did not answer, or the site's address belongs to no site there, or to several.
    """
    server = impatient_server(matomo, project)
    with MatomoClient(server) as client:
        number = site.matomo_id or sites.site_id(client, site.url)
        info = sites.site_info(client, number)
    if info is None:
        what = f"there is no site {number}"
        return SiteCheck((Finding.problem(about(site.name), server.url, what, "correct matomo_id"),))
    where = server.url
    findings = [_right(site, rights, info, where), *_zone(site, info, where, today), *_created(site, info, where, days)]
    return SiteCheck(tuple(findings), number)


def shared(seen: Mapping[str, SiteCheck], url: str) -> Iterator[Finding]:
    """Problems of several sites with the same number: Matomo would count their hits as one site's."""
    owners: dict[int, list[str]] = {}
    for name, check in seen.items():
        if check.number is not None:
            owners.setdefault(check.number, []).append(name)
    for number, names in owners.items():
        if len(names) > 1:
            what = f"site {number} of Matomo is used by several sites: {', '.join(names)}"
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
    """Warn of a site created after the manifest's first day; a hit of that day usually moves its creation date back."""
    first = min(days, default=None)
    if first is None or info.created is None or info.created <= first:
        return
    what = (
        f"was created there on {info.created}, and `dates` begins with {first}: Matomo makes no reports of days before "
        "its creation, unless their hits have moved that date back"
    )
    yield Finding.warning(about(site.name), url, what, f"if `stat` fails then, {earlier_start_hint(info.id, first)}")
