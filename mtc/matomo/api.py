"""Calls of Matomo's reporting API: one, or several in one request. Errors come with their cause and a remedy.

A call is never repeated here; reads may be, with `mtc.matomo.retry.retrying`. The token goes in the body, not in a URL.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from mtc.matomo.api_errors import error_of_reply, error_of_value
from mtc.matomo.connection import Connection, Reply
from mtc.matomo.errors import ApiError, NotMatomoError, ServerBusyError
from mtc.matomo.server import Server
from mtc.matomo.text import is_html

_PATH = "index.php"
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
_CHUNK = 20
_ENGLISH = ("language", "en")  # labels and messages that do not depend on who owns the token

Parameter = str | int


@dataclass(frozen=True, slots=True)
class Call:
    """One call among several; `params` in the order in which they are sent."""

    method: str
    params: tuple[tuple[str, Parameter], ...] = ()

    @property
    def query(self) -> str:
        """The call as `API.getBulkRequest` takes it."""
        return urlencode([("method", self.method), *self.params, _ENGLISH])


def call(connection: Connection, server: Server, method: str, **params: Parameter) -> object:
    """Call a method; what it answers, as JSON gives it.

    Raises:
        ApiError: the server, or what stands in front of it, answered with an error.
        TransientError: it cannot be reached, or the answer is not whole.
        PermanentError: its certificate cannot be trusted.
    """
    return value(fetch(connection, server, method, tuple(params.items())), server)


def bulk(connection: Connection, server: Server, calls: Sequence[Call]) -> list[object]:
    """Make several calls, 20 in a request.

    The answers come in order; a call that failed has an `ApiError` in its place.

    Raises:
        ApiError: the request as a whole was answered with an error.
        TransientError: the server cannot be reached, or the answer is not whole.
        PermanentError: its certificate cannot be trusted.
    """
    answers: list[object] = []
    for start in range(0, len(calls), _CHUNK):
        answers += _several(connection, server, calls[start : start + _CHUNK])
    return answers


def fetch(connection: Connection, server: Server, method: str, params: Sequence[tuple[str, Parameter]] = ()) -> Reply:
    """Call a method; the raw answer."""
    head = [("module", "API"), ("method", method), ("format", "JSON"), _ENGLISH]
    form = [*head, *params, ("token_auth", server.token.get_secret_value())]
    return connection.post(_PATH, urlencode(form).encode("ascii"), _HEADERS, server.timeout)


def value(reply: Reply, server: Server) -> object:
    """What an answer holds; `{"value": ...}` around a single value is taken off.

    Raises:
        ApiError: it is an error, or no answer of Matomo's.
    """
    where = f"{server.url}/{_PATH}"
    refusal = error_of_reply(reply, server, where)
    if refusal is not None:
        raise refusal
    answer = _parse(reply, server, where)
    error = error_of_value(answer, server, where)
    if error is not None:
        raise error
    return answer["value"] if isinstance(answer, dict) and set(answer) == {"value"} else answer


def _parse(reply: Reply, server: Server, where: str) -> object:
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        said = server.quote(reply.text)
    if not said or not is_html(reply.content_type, reply.body):
        raise ServerBusyError(f"the answer is no whole JSON: {said or 'it is empty'}", where=where)
    raise NotMatomoError(
        f"answered with an HTML page: {said}", where=where, hint="a proxy or a login page? correct matomo.url"
    )


def _several(connection: Connection, server: Server, calls: Sequence[Call]) -> list[object]:
    params = [(f"urls[{place}]", one.query) for place, one in enumerate(calls)]
    answers = value(fetch(connection, server, "API.getBulkRequest", params), server)
    if not isinstance(answers, list) or len(answers) != len(calls):
        raise ServerBusyError(f"{len(calls)} calls were not answered one by one", where=f"{server.url}/{_PATH}")
    return [_place(answer, one, server) for answer, one in zip(answers, calls, strict=True)]


def _place(answer: object, one: Call, server: Server) -> object:
    error: ApiError | None = error_of_value(answer, server, f"{server.url}/{_PATH}: {one.method}")
    return answer if error is None else error
