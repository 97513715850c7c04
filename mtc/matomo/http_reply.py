"""Reads an HTTP reply: whether it is an error, with cause and remedy; when to retry, its date, its kind. No I/O.

Redirects, logins and refusals come from web servers and proxies in front of Matomo, for any request. Matomo's own
errors usually come with status 200 and `{"result": "error", "message": ...}`; a token that lacks access to a site gets
401 with the same body; an invalid token gets 401 with a page. Messages are requested in English: errors differ in
nothing but their text.

Source of the headers: RFC 9110, sections 5.6.7 and 10.2.3.
"""

import datetime as dt
import email.utils
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mtc.core.clock import utc_now
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

_LONGEST_ASKED = 3600.0


def retry_after(headers: Mapping[str, str], now: dt.datetime | None = None) -> float | None:
    """The seconds that the header `retry-after` asks to wait, given as a number or a date; at most an hour.

    None without the header.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), _LONGEST_ASKED)
    date = http_date(value)
    if date is None:
        return None
    seconds = (date - (now or utc_now())).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_ASKED)


def http_date(value: str) -> dt.datetime | None:
    """Parse the date of an HTTP header, in UTC; None if it is not a date."""
    try:
        date = email.utils.parsedate_to_datetime(value)
        return date.replace(tzinfo=dt.UTC) if date.tzinfo is None else date.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def is_html(content_type: str, body: bytes) -> bool:
    """Whether a reply is a web page."""
    start = body[:200].lstrip().lower()
    return "html" in content_type.lower() or start.startswith((b"<!doctype", b"<html"))


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a request did not reach Matomo, and the remedy."""

    reason: str
    hint: str


_BY_STATUS = {
    403: Obstacle(
        "access is denied (403)", "let this machine's address through to Matomo; check matomo.token's rights"
    ),
    404: Obstacle("there is no Matomo at this address (404)", "correct matomo.url: the folder that holds index.php"),
    405: Obstacle("the address does not accept POST (405)", "correct matomo.url: the folder that holds index.php"),
    407: Obstacle("the proxy requires a login (407)", "add it to the address in the proxy's variable, or set NO_PROXY"),
    410: Obstacle("there is no Matomo at this address (410)", "correct matomo.url: the folder that holds index.php"),
    413: Obstacle(
        "the request is too large for the server (413)", "make matomo.batch smaller, or raise the server's limit"
    ),
}


def obstacle(reply: Reply, server: Server) -> Obstacle | None:
    """The refusal by a web server or proxy in front of Matomo; None if there is none."""
    if 300 <= reply.status < 400:  # noqa: PLR2004 - the statuses of redirects
        return _redirect(reply, server)
    if reply.status == 401 and "www-authenticate" in reply.headers:  # noqa: PLR2004 - HTTP's number
        return Obstacle(
            "the web server in front of Matomo requires a login (401)", "set matomo.username and matomo.password"
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
    """The target of a redirect, without a login, a query or one of Matomo's scripts."""
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

# Text in a message, in lower case → its error and the remedy. The first match counts.
_KINDS: tuple[tuple[tuple[str, ...], type[ApiError], str], ...] = (
    (("sqlstate", "deadlock", "lock wait", "gone away", "execution time"), ServerBusyError, "see Matomo's own log"),
    (("token",), TokenRefusedError, _TOKEN),
    (("does not exist or is not available",), NoRightError, _RIGHT),
    (("can't access this resource", "requires '", "requires superuser"), NoRightError, _RIGHT),
    (("an unexpected website was found", "website id was set to"), UnknownSiteError, _SITE),
)


_LACKS_ACCESS = re.compile(r"requires (?:an? |at least )?'(\w+)' access for the website id = (\d+)", re.IGNORECASE)


def access_error(message: str, where: str) -> NoRightError | None:
    """The error of a token that lacks access to the site in the message; None for any other message."""
    if (found := _LACKS_ACCESS.search(html.unescape(message))) is None:
        return None
    right, site = found[1].lower(), int(found[2])
    return NoRightError(
        f"the token lacks '{right}' access to site {site} of Matomo",
        where=where,
        hint=f"give its user '{right}' access to site {site} in Matomo, or correct matomo_id",
    )


def access_error_of_reply(reply: Reply, where: str) -> NoRightError | None:
    """The same for a reply with an error status: None unless it says that the token lacks access to a site."""
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return access_error(str(answer.get("message", "")), where) if isinstance(answer, dict) else None


def error_of_value(answer: object, server: Server, where: str) -> ApiError | None:
    """The error in a parsed answer; None if it is not an error."""
    if not isinstance(answer, dict) or answer.get("result") != "error":
        return None
    return _error_of_message(str(answer.get("message", "")), server, where)


def error_of_reply(reply: Reply, server: Server, where: str) -> ApiError | None:
    """The error that a reply is by its status or its page; None if its body has to be parsed."""
    refused = obstacle(reply, server) if reply.status != _DENIED or b"result" not in reply.body else None
    if refused is not None:
        return NotMatomoError(refused.reason, where=where, hint=refused.hint)
    if reply.status == _NO_LOGIN:
        return access_error_of_reply(reply, where) or TokenRefusedError(
            "Matomo does not accept the token", where=where, hint=_TOKEN
        )
    if reply.status in {_OK, _DENIED}:
        return _database_error(reply, server, where)
    if reply.status == _TOO_MANY or reply.status >= _SERVER_ERRORS:
        what = f"the server failed ({reply.status}): {server.quote(reply.text)}"
        return ServerBusyError(what, where=where, retry_after=retry_after(reply.headers))
    return CallRefusedError(f"not understood ({reply.status}): {server.quote(reply.text)}", where=where)


def _database_error(reply: Reply, server: Server, where: str) -> ApiError | None:
    """The error in Matomo's page about its database, which comes with status 200."""
    if reply.body.lstrip()[:1] in {b"{", b"["} or b"SQLSTATE" not in reply.body:
        return None
    return ServerBusyError(f"Matomo's database failed: {server.quote(reply.text)}", where=where)


def _error_of_message(message: str, server: Server, where: str) -> ApiError:
    plain = html.unescape(message)
    words, what = plain.lower(), f"Matomo says: {server.quote(plain) or 'an error without a message'}"
    if (denied := access_error(message, where)) is not None:
        return denied
    for marks, kind, hint in _KINDS:
        if any(mark in words for mark in marks):
            return kind(what, where=where, hint=hint)
    return CallRefusedError(what, where=where)
