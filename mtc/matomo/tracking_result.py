"""What became of a batch of hits that was sent to the tracker: the values, and how the answer is read. No I/O.

The table of measured answers, as code. `"status": "success"` does not mean recorded, and an error need not mean that
nothing is kept. What is not known here is in doubt: a look-up costs little, a wrong guess loses or doubles hits.
"""

import json
from dataclasses import dataclass
from typing import TypeGuard

from mtc.matomo.client import Reply, Server
from mtc.matomo.http_errors import lacking_reply, obstacle
from mtc.matomo.http_reply import is_html, retry_after


@dataclass(frozen=True, slots=True)
class Recorded:
    """Every hit is accounted for. `invalid_indices` is None where the token has no right to know them."""

    tracked: int
    invalid: int = 0
    invalid_indices: tuple[int, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Short:
    """Recorded, but for some hits that are lost without a word: the database did not get a lock in time."""

    tracked: int
    invalid: int = 0
    invalid_indices: tuple[int, ...] | None = ()


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """Certainly nothing is kept: it may be sent again, after `retry_after` seconds if the server says so."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It may be recorded or not: it has to be looked up before anything is sent again.

    `in_part` says that Matomo itself reported an error: of a batch whose transaction the database has ended, some hits
    may be kept, or all. `finished` says that the answer is that of the server's own code, which is at work no longer.
    `hint` is the remedy if no hit turns out to be stored; `retry_after` as of `NotRecorded`.
    """

    reason: str
    in_part: bool = False
    finished: bool = False
    hint: str = ""
    retry_after: float | None = None

    @property
    def died(self) -> bool:
        """Whether the server's own code came to its end without a word, as over a hit that it cannot bear."""
        return self.finished and not self.in_part


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is recorded, nor would the next batch be: stop, and tell `hint`.

    `invalid` is how many hits Matomo called invalid, where that is the reason. A batch of a few hits that are invalid
    themselves looks the same as a wrong token: who has seen other hits of the site recorded knows better.
    """

    reason: str
    hint: str
    invalid: int = 0


TrackingResult = Recorded | Short | NotRecorded | InDoubt | Refused

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


def read_result(reply: Reply, n: int, server: Server) -> TrackingResult:
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


def _ok(reply: Reply, counts: _Counts | None, n: int, server: Server) -> TrackingResult:
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


def _later(reply: Reply, counts: _Counts | None, server: Server) -> TrackingResult:
    wait = retry_after(reply.headers)
    if reply.status == _TOO_MANY:
        return NotRecorded("the server asks for fewer requests (429)", wait)
    if reply.status == _UNAVAILABLE and wait is not None:
        return NotRecorded("the server is not available (503)", wait)
    return _in_doubt(reply, counts, server)


def _in_doubt(reply: Reply, counts: _Counts | None, server: Server) -> InDoubt:
    """An answer that proves nothing: an error that Matomo reports does not tell what is kept, nor does `tracked`.

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
    """The figures in an answer of the tracker; None if it has no figures."""
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or not isinstance(answer.get("status"), str):
        return None
    if answer["status"] == "success" and not {"tracked", "invalid"} <= set(answer):
        return None
    tracked, invalid, message = answer.get("tracked", 0), answer.get("invalid", 0), answer.get("message", "")
    if not _is_count(tracked) or not _is_count(invalid):
        return None
    return _Counts(
        answer["status"], tracked, invalid, _indices(answer.get("invalid_indices"), invalid, n), str(message)
    )


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
