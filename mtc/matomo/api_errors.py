"""Matomo's ways to say no, with the cause and the remedy. No I/O.

Errors usually come as 200 with `{"result": "error", "message": ...}`; a token that lacks a site as 401 with the same; a
bad token as 401 with a page. The messages are asked for in English, and are the only thing that tells one error from
another.
"""

import html
import json
import re

from mtc.matomo.connection import Reply
from mtc.matomo.errors import (
    ApiError,
    CallRefusedError,
    NoRightError,
    NotMatomoError,
    ServerBusyError,
    TokenRefusedError,
    UnknownSiteError,
)
from mtc.matomo.retry import retry_after
from mtc.matomo.server import Server
from mtc.matomo.strangers import obstacle

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
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return lacking(str(said.get("message", "")), where) if isinstance(said, dict) else None


def error_of_value(answer: object, server: Server, where: str) -> ApiError | None:
    """The error that a parsed answer is; None if it is none."""
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
        said = f"the server failed ({reply.status}): {server.quote(reply.text)}"
        return ServerBusyError(said, where=where, retry_after=retry_after(reply.headers))
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
