"""Replies that are errors, with the cause and the remedy: those from in front of Matomo, and Matomo's own. No I/O.

From in front of Matomo come redirects, logins and web servers' refusals, whatever was asked. Its own errors usually
come as 200 with `{"result": "error", "message": ...}`; a token that lacks a site as 401 with the same; a bad token as
401 with a page. The messages are asked for in English, and are the only thing that tells one error from another.
"""

import html
import json
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from mtc.matomo.client import (
    ApiError,
    CallRefusedError,
    NoRightError,
    NotMatomoError,
    Reply,
    Server,
    ServerBusyError,
    TokenRefusedError,
    UnknownSiteError,
)
from mtc.matomo.http_reply import retry_after


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way, and the remedy."""

    reason: str
    hint: str


_BY_STATUS = {
    403: Obstacle(
        "access is denied (403)", "let this machine's address through to Matomo; check matomo.token's rights"
    ),
    404: Obstacle("there is no Matomo at this address (404)", "correct matomo.url: the folder that holds index.php"),
    405: Obstacle("the address takes no POST (405)", "correct matomo.url: the folder that holds index.php"),
    407: Obstacle("the proxy wants a login (407)", "write it into the proxy's variable, or set NO_PROXY"),
    410: Obstacle("there is no Matomo at this address (410)", "correct matomo.url: the folder that holds index.php"),
    413: Obstacle("the request is too large for the server (413)", "make matomo.batch smaller, or raise its limit"),
}


def obstacle(reply: Reply, server: Server) -> Obstacle | None:
    """What in front of Matomo turned the request away; None if nothing did."""
    if 300 <= reply.status < 400:  # noqa: PLR2004 - the statuses of redirects
        return _redirect(reply, server)
    if reply.status == 401 and "www-authenticate" in reply.headers:  # noqa: PLR2004 - HTTP's number
        return Obstacle(
            "the web server in front of Matomo wants a login (401)", "set matomo.username and matomo.password"
        )
    return _BY_STATUS.get(reply.status)


def _redirect(reply: Reply, server: Server) -> Obstacle:
    target = _target(reply.headers.get("location", ""))
    if not target:
        return Obstacle(f"the server redirects ({reply.status}) without a target", "correct matomo.url")
    shown = server.quote(target)
    return Obstacle(
        f"the server redirects ({reply.status}) to {shown}; the token was not sent there",
        f"if that is the right server, set matomo.url to {shown}",
    )


def _target(location: str) -> str:
    """Where a redirect leads, without a login, a query or one of Matomo's scripts."""
    try:
        parts = urlsplit(location.strip())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    path = parts.path.removesuffix("/index.php").removesuffix("/matomo.php").removesuffix("/piwik.php")
    return f"{parts.scheme}://{host}{path}".rstrip("/") if host else path


_OK = 200
_NO_LOGIN = 401
_DENIED = 403
_TOO_MANY = 429
_SERVER_ERRORS = 500

_TOKEN = "make a new token in Matomo (Personal → Security → Auth tokens) and put it where matomo.token reads it"  # noqa: S105 - a hint
_RIGHT = "give the token's user the right in Matomo, or switch the plugin on"
_SITE = "correct matomo_id, or leave it out and have it looked up by the site's url"

# What a message holds, in small letters → what it is, and the remedy. The first that fits counts.
_KINDS: tuple[tuple[tuple[str, ...], type[ApiError], str], ...] = (
    (("sqlstate", "deadlock", "lock wait", "gone away", "execution time"), ServerBusyError, "see Matomo's own log"),
    (("token",), TokenRefusedError, _TOKEN),
    (("does not exist or is not available",), NoRightError, _RIGHT),
    (("can't access this resource", "requires '", "requires superuser"), NoRightError, _RIGHT),
    (("an unexpected website was found", "website id was set to"), UnknownSiteError, _SITE),
)


_LACKS = re.compile(r"requires (?:an? |at least )?'(\w+)' access for the website id = (\d+)", re.IGNORECASE)


def lacking(message: str, where: str) -> NoRightError | None:
    """The error of a token that lacks a right to a site, which the message names; None of any other message."""
    if (found := _LACKS.search(html.unescape(message))) is None:
        return None
    right, site = found[1].lower(), int(found[2])
    return NoRightError(
        f"the token lacks '{right}' access to site {site} of Matomo",
        where=where,
        hint=f"give its user '{right}' access to site {site} in Matomo, or correct matomo_id",
    )


def lacking_reply(reply: Reply, where: str) -> NoRightError | None:
    """The same of an answer that is refused by its status."""
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return lacking(str(answer.get("message", "")), where) if isinstance(answer, dict) else None


def error_of_value(answer: object, server: Server, where: str) -> ApiError | None:
    """The error in a parsed answer; None if it is a good one."""
    if not isinstance(answer, dict) or answer.get("result") != "error":
        return None
    return _error_of_message(str(answer.get("message", "")), server, where)


def error_of_reply(reply: Reply, server: Server, where: str) -> ApiError | None:
    """The error that an answer is by its status or its page; None if it has to be parsed."""
    turned_away = obstacle(reply, server) if reply.status != _DENIED or b"result" not in reply.body else None
    if turned_away is not None:
        return NotMatomoError(turned_away.reason, where=where, hint=turned_away.hint)
    if reply.status == _NO_LOGIN:
        return lacking_reply(reply, where) or TokenRefusedError(
            "Matomo does not accept the token", where=where, hint=_TOKEN
        )
    if reply.status in {_OK, _DENIED}:
        return _database(reply, server, where)
    if reply.status == _TOO_MANY or reply.status >= _SERVER_ERRORS:
        what = f"the server failed ({reply.status}): {server.quote(reply.text)}"
        return ServerBusyError(what, where=where, retry_after=retry_after(reply.headers))
    return CallRefusedError(f"not understood ({reply.status}): {server.quote(reply.text)}", where=where)


def _database(reply: Reply, server: Server, where: str) -> ApiError | None:
    """Matomo's page about its database, which comes with status 200."""
    if reply.body.lstrip()[:1] in {b"{", b"["} or b"SQLSTATE" not in reply.body:
        return None
    return ServerBusyError(f"Matomo's database failed: {server.quote(reply.text)}", where=where)


def _error_of_message(message: str, server: Server, where: str) -> ApiError:
    plain = html.unescape(message)
    words, what = plain.lower(), f"Matomo says: {server.quote(plain) or 'an error, and no more'}"
    if (lacks := lacking(message, where)) is not None:
        return lacks
    for marks, kind, hint in _KINDS:
        if any(mark in words for mark in marks):
            return kind(what, where=where, hint=hint)
    return CallRefusedError(what, where=where)
