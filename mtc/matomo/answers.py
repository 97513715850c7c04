"""What the tracker's answer means for a batch of n hits: the table of measured answers as code. No I/O.

`"status": "success"` does not mean recorded, and an error need not mean that nothing is kept. What is not known here
is in doubt: a look-up costs little, a wrong guess loses or doubles hits.
"""

import json
from dataclasses import dataclass
from typing import TypeGuard

from mtc.matomo.api_errors import lacking_reply
from mtc.matomo.connection import Reply
from mtc.matomo.outcomes import InDoubt, NotRecorded, Outcome, Recorded, Refused, Short
from mtc.matomo.retry import retry_after
from mtc.matomo.server import Server
from mtc.matomo.strangers import obstacle
from mtc.matomo.text import is_html

_OK = 200
_BAD_REQUEST = 400
_NO_LOGIN = 401
_TOO_MANY = 429
_FAILED = 500
_UNAVAILABLE = 503

WRONG_TOKEN = "check that matomo.token has write access to the site and that matomo_id is its number"  # noqa: S105 - a hint
_TOOK_NONE = "Matomo took no hit and named none invalid"
_SWITCHED_OFF = (
    "check that Matomo's statistics are switched on ([Tracker] record_statistics) and no maintenance goes on"
)


@dataclass(frozen=True, slots=True)
class _Counts:
    status: str
    tracked: int
    invalid: int
    indices: tuple[int, ...] | None
    message: str


def outcome(reply: Reply, n: int, server: Server) -> Outcome:
    """What became of a batch of `n` hits."""
    turned_away = obstacle(reply, server)
    if turned_away is not None:
        return Refused(turned_away.reason, turned_away.hint)
    counts = _counts(reply, n)
    if reply.status == _OK:
        return _ok(reply, counts, n, server)
    if reply.status == _NO_LOGIN:
        lacks = lacking_reply(reply, server.url)
        return (
            Refused(lacks.what, lacks.hint) if lacks else Refused("Matomo does not accept the token (401)", WRONG_TOKEN)
        )
    if reply.status == _BAD_REQUEST:
        return _bad_request(counts, server)
    return _later(reply, counts, server)


def _ok(reply: Reply, counts: _Counts | None, n: int, server: Server) -> Outcome:
    if counts is None or counts.status != "success" or counts.tracked + counts.invalid > n:
        return _in_doubt(reply, counts, server)
    if counts.tracked == 0 and counts.invalid == n:
        return Refused(f"Matomo took none of {n} hits: all are invalid to it", WRONG_TOKEN, n)
    if counts.tracked + counts.invalid == 0:
        # Of one hit alone this also is what a lock wait leaves, which may pass.
        return NotRecorded(f"{_TOOK_NONE}: {_SWITCHED_OFF}") if n == 1 else Refused(_TOOK_NONE, _SWITCHED_OFF)
    kind = Recorded if counts.tracked + counts.invalid == n else Short
    return kind(counts.tracked, counts.invalid, counts.indices)


def _bad_request(counts: _Counts | None, server: Server) -> Refused | InDoubt:
    if counts is None:
        return Refused("Matomo did not find the hits in the request (400)", "check what stands between mtc and Matomo")
    reason = f"Matomo refused the batch (400): {_message(counts, server)}"
    if counts.tracked:
        return InDoubt(reason, in_part=True, hint=WRONG_TOKEN)
    return Refused(reason, WRONG_TOKEN)


def _later(reply: Reply, counts: _Counts | None, server: Server) -> Outcome:
    wait = retry_after(reply.headers)
    if reply.status == _TOO_MANY:
        return NotRecorded("the server asks for fewer requests (429)", wait)
    if reply.status == _UNAVAILABLE and wait is not None:
        return NotRecorded("the server is not available (503)", wait)
    return _in_doubt(reply, counts, server)


def _in_doubt(reply: Reply, counts: _Counts | None, server: Server) -> InDoubt:
    """No answer to go by. An error that Matomo itself tells of says nothing of what is kept, `tracked` neither.

    A 500 with these words, or with none at all as PHP leaves it, has come to its end; what a web server or a proxy says
    in a page of its own need not have.
    """
    wait = retry_after(reply.headers)
    if counts is None or counts.status != "error":
        died = reply.status == _FAILED and not reply.body.strip()
        return InDoubt(_not_understood(reply, server), finished=died, retry_after=wait)
    reason = f"Matomo failed over the batch ({reply.status}): {_message(counts, server)}"
    hint = WRONG_TOKEN if _is_about_access(counts.message) else ""
    return InDoubt(reason, in_part=True, finished=reply.status == _FAILED, hint=hint, retry_after=wait)


def _counts(reply: Reply, n: int) -> _Counts | None:
    """The figures of an answer in the tracker's own words; None if it has none."""
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("status"), str):
        return None
    if said["status"] == "success" and not {"tracked", "invalid"} <= set(said):
        return None
    tracked, invalid, message = said.get("tracked", 0), said.get("invalid", 0), said.get("message", "")
    if not _is_count(tracked) or not _is_count(invalid):
        return None
    return _Counts(said["status"], tracked, invalid, _indices(said.get("invalid_indices"), invalid, n), str(message))


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and value >= 0


def _indices(value: object, invalid: int, n: int) -> tuple[int, ...] | None:
    """The places of invalid hits, if each is named, once, and lies within the batch."""
    if not isinstance(value, list) or not all(_is_count(item) and item < n for item in value):
        return None
    places = tuple(sorted(set(value)))
    return places if len(places) == invalid else None


def _is_about_access(message: str) -> bool:
    words = message.lower()
    return "sqlstate" not in words and any(mark in words for mark in ("token", "permission", "authenticat"))


def _message(counts: _Counts, server: Server) -> str:
    return server.quote(counts.message) or "it says no more"


def _not_understood(reply: Reply, server: Server) -> str:
    if not reply.body.strip():
        return f"the answer was empty ({reply.status})"
    if b"SQLSTATE" in reply.body:
        return f"Matomo's database failed ({reply.status}): {server.quote(reply.text)}"
    if reply.status == _OK and is_html(reply.content_type, reply.body):
        return f"answered with an HTML page; a proxy or a login page? {server.quote(reply.text)}"
    return f"the answer was not understood ({reply.status}): {server.quote(reply.text)}"
