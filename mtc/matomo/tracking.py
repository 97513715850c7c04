"""Sends a batch of hits to Matomo's tracker in one request, once, and reads from the answer whether it is recorded.

`send` does the request, `read_result` reads the answer without I/O: a table of answers that were measured, as code.
`"status": "success"` does not mean recorded, and an error does not mean that nothing is stored. Unknown answers are in
doubt: a look-up costs little, a wrong guess loses hits or stores them twice.

Source: Matomo's bulk tracking, https://developer.matomo.org/api-reference/tracking-api#bulk-tracking.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from mtc.core.errors import PermanentError
from mtc.matomo.client import MatomoClient, NotSentError, Reply, Server, UnknownOutcomeError
from mtc.matomo.http_reply import access_error_of_reply, is_html, obstacle, retry_after


@dataclass(frozen=True, slots=True)
class Recorded:
    """Every hit is accounted for. `invalid_indices` is None where the token may not see them."""

    tracked: int
    invalid: int = 0
    invalid_indices: tuple[int, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Short:
    """Recorded, except for some hits that Matomo has silently lost: its database did not get a lock in time."""

    tracked: int
    invalid: int = 0
    invalid_indices: tuple[int, ...] | None = ()


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """No hit is stored for certain: it may be sent again, after `retry_after` seconds if the server asks for that."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It may be recorded or not: it has to be looked up before anything is sent again.

    `in_part` is whether Matomo itself reported an error: if the database rolled the transaction back, some or all of
    the hits may be stored. `finished` is whether the answer comes from the server's own code, which then processes the
    request no longer. `hint` is the remedy if no hit turns out to be stored; `retry_after` is as in `NotRecorded`.
    """

    reason: str
    in_part: bool = False
    finished: bool = False
    hint: str = ""
    retry_after: float | None = None

    @property
    def died(self) -> bool:
        """Whether the server's own code ended without a message, as it does when a hit makes it crash."""
        return self.finished and not self.in_part


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is recorded, and the next batch would not be either: stop, and show `hint`.

    `invalid` is how many hits Matomo called invalid, where that is the reason. A wrong token looks the same as a batch
    in which every hit is invalid: a caller that has seen other hits of the site recorded can tell them apart.
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
    "check that Matomo's statistics are switched on ([Tracker] record_statistics) and that it is not in maintenance"
)


@dataclass(frozen=True, slots=True)
class _Counts:
    status: str
    tracked: int
    invalid: int
    indices: tuple[int, ...] | None
    message: str


def read_result(reply: Reply, n: int, server: Server) -> TrackingResult:
    """Read whether a batch of `n` hits is recorded."""
    in_front = obstacle(reply, server)
    if in_front is not None:
        return Refused(in_front.reason, in_front.hint)
    counts = _counts(reply, n)
    if reply.status == _OK:
        return _success(reply, counts, n, server)
    if reply.status == _NO_LOGIN:
        denied = access_error_of_reply(reply, server.url)
        if denied is not None:
            return Refused(denied.what, denied.hint)
        return Refused("Matomo does not accept the token (401)", WRONG_TOKEN)
    if reply.status == _BAD_REQUEST:
        return _bad_request(counts, server)
    return _other_status(reply, counts, server)


def _success(reply: Reply, counts: _Counts | None, n: int, server: Server) -> TrackingResult:
    if counts is None or counts.status != "success" or counts.tracked + counts.invalid > n:
        return _in_doubt(reply, counts, server)
    if counts.tracked == 0 and counts.invalid == n:
        return Refused(f"Matomo took none of {n} hits: all are invalid to it", WRONG_TOKEN, n)
    if counts.tracked + counts.invalid == 0:
        # For a single hit a lock wait gives the same answer, and that may pass.
        return NotRecorded(f"{_TOOK_NONE}: {_SWITCHED_OFF}") if n == 1 else Refused(_TOOK_NONE, _SWITCHED_OFF)
    kind = Recorded if counts.tracked + counts.invalid == n else Short
    return kind(counts.tracked, counts.invalid, counts.indices)


def _bad_request(counts: _Counts | None, server: Server) -> Refused | InDoubt:
    if counts is None:
        return Refused("Matomo did not find the hits in the request (400)", "check the proxy between mtc and Matomo")
    reason = f"Matomo refused the batch (400): {_message(counts, server)}"
    if counts.tracked:
        return InDoubt(reason, in_part=True, hint=WRONG_TOKEN)
    return Refused(reason, WRONG_TOKEN)


def _other_status(reply: Reply, counts: _Counts | None, server: Server) -> TrackingResult:
    wait = retry_after(reply.headers)
    if reply.status == _TOO_MANY:
        return NotRecorded("the server asks for fewer requests (429)", wait)
    if reply.status == _UNAVAILABLE and wait is not None:
        return NotRecorded("the server is not available (503)", wait)
    return _in_doubt(reply, counts, server)


def _in_doubt(reply: Reply, counts: _Counts | None, server: Server) -> InDoubt:
    """An answer that proves nothing: neither an error that Matomo reports nor its `tracked` says what is stored.

    After Matomo's own 500, or an empty one as PHP leaves it, the request is over; behind the error page of a web server
    or proxy it may still be processed.
    """
    wait = retry_after(reply.headers)
    if counts is None or counts.status != "error":
        died = reply.status == _FAILED and not reply.body.strip()
        return InDoubt(_not_understood(reply, server), finished=died, retry_after=wait)
    reason = f"Matomo failed over the batch ({reply.status}): {_message(counts, server)}"
    hint = WRONG_TOKEN if _is_about_access(counts.message) else ""
    return InDoubt(reason, in_part=True, finished=reply.status == _FAILED, hint=hint, retry_after=wait)


def _counts(reply: Reply, n: int) -> _Counts | None:
    """The counts in an answer of the tracker; None if it has none."""
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
    """The indices of invalid hits, if each is listed once and is within the batch; None otherwise."""
    if not isinstance(value, list) or not all(_is_count(item) and item < n for item in value):
        return None
    indices = tuple(sorted(set(value)))
    return indices if len(indices) == invalid else None


def _is_about_access(message: str) -> bool:
    words = message.lower()
    return "sqlstate" not in words and any(mark in words for mark in ("token", "permission", "authenticat"))


def _message(counts: _Counts, server: Server) -> str:
    return server.quote(counts.message) or "no message"


def _not_understood(reply: Reply, server: Server) -> str:
    if not reply.body.strip():
        return f"the answer was empty ({reply.status})"
    if b"SQLSTATE" in reply.body:
        return f"Matomo's database failed ({reply.status}): {server.quote(reply.text)}"
    if reply.status == _OK and is_html(reply.content_type, reply.body):
        return f"answered with an HTML page; a proxy or a login page? {server.quote(reply.text)}"
    return f"the answer was not understood ({reply.status}): {server.quote(reply.text)}"


_HEADERS = {"Content-Type": "application/json"}
_NO_QUEUE = "?queuedtracking=0"  # the plugin QueuedTracking would answer before anything is recorded
_ESCAPED_IN_JSON = (*map(chr, range(32)), "\\", "\x7f")
_BEGIN = '{"requests":["'
_LARGEST_ANSWER = 1 << 22
_UNSENT_HINT = "correct matomo.url, or the proxy on the way"


def send(client: MatomoClient, requests: Sequence[str]) -> TrackingResult:
    """Send a batch of hits, once. Each is a query string that begins with `?`. Errors are returned as results.

    Raises:
        ValueError: there is no hit, or one does not begin with `?`: Matomo would silently drop it.
    """
    server = client.server
    data = body(requests, server)
    try:
        reply = client.post(server.tracker + _NO_QUEUE, data, _HEADERS, server.timeout, largest=_LARGEST_ANSWER)
    except NotSentError as error:
        return NotRecorded(str(error))
    except UnknownOutcomeError as error:
        return InDoubt(str(error))
    except PermanentError as error:
        return Refused(error.what, error.hint or _UNSENT_HINT)
    return read_result(reply, len(requests), server)


def body(requests: Sequence[str], server: Server) -> bytes:
    """The JSON body of a batch. Percent-encoded strings need no escaping, so they are joined, and that is checked.

    All are joined at once: every further copy of a batch would cost memory.
    """
    if not requests or [request for request in requests if request[:1] != "?"]:
        raise ValueError("a batch has at least one hit, and each begins with a question mark")
    end = f'"],"token_auth":{json.dumps(server.token.get_secret_value())}}}'
    pieces = list(requests)
    pieces[0] = _BEGIN + pieces[0]
    pieces[-1] += end
    whole = '","'.join(pieces)
    if whole.isascii() and _needs_no_escape(whole, (_BEGIN + end).count('"') + 2 * (len(requests) - 1)):
        return whole.encode("ascii")
    return f"{_BEGIN[:-1]}{json.dumps(list(requests))[1:-1]}{end[1:]}".encode("ascii")


def _needs_no_escape(whole: str, quotes: int) -> bool:
    """Whether `whole` has no other quotes than ours, and nothing to escape. One search per character is fastest."""
    return whole.count('"') == quotes and not any(escaped in whole for escaped in _ESCAPED_IN_JSON)
