"""The Matomo server: whether it is reached, what version it is, what the token may do, what its clock says."""

import datetime as dt
import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from mtc.errors import MtcError, PermanentError
from mtc.manifest.matomo import Matomo
from mtc.manifest.project import Project
from mtc.matomo import sites
from mtc.matomo.connection import Connection
from mtc.matomo.server import Server
from mtc.run.checking.findings import Finding
from mtc.run.checking.together import LIMIT
from mtc.run.clock import Clock
from mtc.stages.delivering.target import server_of

ABOUT = "matomo"

_OLDEST = 4
_WARN = dt.timedelta(seconds=5)
_WRONG = dt.timedelta(seconds=60)
_JSON = {"Content-Type": "application/json"}
_NO_HITS = b'{"requests":[]}'
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_OK = 200


@dataclass(frozen=True, slots=True)
class SeenServer:
    """What there is to say of a server, and what the token may do there."""

    findings: tuple[Finding, ...]
    rights: sites.Rights


def quick(matomo: Matomo, project: Project) -> Server:
    """The server of the manifest, waited for no longer than a check may take."""
    server = server_of(matomo, project.root)
    return replace(server, timeout=min(server.timeout, LIMIT - 5))


def look(matomo: Matomo, project: Project, clock: Clock) -> SeenServer:
    """Ask the server about itself and the token.

    Raises:
        StepError: it cannot be reached, is no Matomo, or does not accept the token.
    """
    server = quick(matomo, project)
    with Connection(server) as connection:
        version = sites.version(connection, server)
        rights = sites.rights(connection, server)
        skew = sites.clock_skew(connection, server, clock)
        tracker = _tracker(connection, server)
    findings = (_version(server, version), _rights(server, rights), _clock(server, skew), tracker)
    return SeenServer((*findings, *_unsafe(server)), rights)


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
        "accepts the token, which is no super user's: Matomo cannot be asked to make the reports of delivered days "
        "again, and one that somebody reads during a delivery may stay short"
    )
    hint = "use a super user's token, or let nobody look at the days that are being delivered"
    return Finding.warning(ABOUT, server.url, what, hint)


def _clock(server: Server, skew: dt.timedelta | None) -> Finding:
    about = f"{ABOUT}'s clock"
    if skew is None:
        return Finding.warning(about, server.url, "does not tell the time", "see that its clock is right")
    way = "ahead of" if skew > dt.timedelta() else "behind"
    what = f"is {abs(skew).total_seconds():.0f} s {way} this machine's"
    hint = "set both clocks, by NTP: Matomo files hits that it takes for future ones under the time of the request"
    if abs(skew) > _WRONG:
        return Finding.problem(about, server.url, what, hint)
    return Finding.warning(about, server.url, what, hint) if abs(skew) > _WARN else Finding.ok(about, server.url, what)


def _tracker(connection: Connection, server: Server) -> Finding:
    """Whether the script that takes hits is there: it is given none."""
    about, where = f"{ABOUT}'s tracker", f"{server.url}/{server.tracker}"
    hint = "correct matomo.url or matomo.tracker, or what stands between"
    try:
        reply = connection.post(server.tracker, _NO_HITS, _JSON, server.timeout, largest=1 << 20)
    except MtcError as error:
        return Finding.of(error, about, where)
    if reply.status == _OK and b'"success"' in reply.body:
        return Finding.ok(about, where, "answers")
    said = server.quote(reply.text) or "nothing more"
    return Finding.of(PermanentError(f"does not take hits ({reply.status}): {said}", hint=hint), about, where)


def _unsafe(server: Server) -> tuple[Finding, ...]:
    parts = urlsplit(server.url)
    if parts.scheme == "https" or parts.hostname in _LOCAL:
        return ()
    what = "the token is sent over http, for anybody on the way to read"
    return (Finding.warning(ABOUT, server.url, what, "use https in matomo.url"),)
