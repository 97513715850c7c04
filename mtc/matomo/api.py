"""Requests to Matomo's reporting API: one call or several in a request, answers as parsed JSON, errors with a remedy.

The methods that mtc uses are typed functions: those about sites and the token in `sites`, reports in `reports`, visits
in `lookup`. Nothing is retried here: a caller that only reads may do so, with `mtc.core.retry`. The token is sent in
the body, never in a URL.

Source: https://developer.matomo.org/api-reference/reporting-api
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from mtc.matomo.client import ApiError, MatomoClient, NotMatomoError, Reply, Server, ServerBusyError
from mtc.matomo.http_reply import error_of_reply, error_of_value, is_html

_PATH = "index.php"
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
_CALLS_IN_A_REQUEST = 20
_ENGLISH = ("language", "en")  # so that labels and messages do not depend on the token's owner

Parameter = str | int


@dataclass(frozen=True, slots=True)
class Call:
    """One API call of a bulk request; `params` are sent in this order."""

    method: str
    params: tuple[tuple[str, Parameter], ...] = ()

    @property
    def query(self) -> str:
        """The call as a query string, for `API.getBulkRequest`."""
        return urlencode([("method", self.method), *self.params, _ENGLISH])


def call(client: MatomoClient, method: str, **params: Parameter) -> object:
    """Call an API method; returns its parsed JSON answer.

    Raises:
        ApiError: the server, or a proxy in front of it, answered with an error.
        TransientError: it cannot be reached, or the answer is incomplete.
        PermanentError: its certificate cannot be trusted.
    """
    return parse_reply(fetch(client, method, tuple(params.items())), client.server)


def bulk(client: MatomoClient, calls: Sequence[Call]) -> list[object]:
    """Call several API methods, 20 in a request; returns their parsed answers in order.

    A call that failed has an `ApiError` in place of its answer.

    Raises:
        ApiError: the request as a whole was answered with an error.
        TransientError: the server cannot be reached, or the answer is incomplete.
        PermanentError: its certificate cannot be trusted.
    """
    answers: list[object] = []
    for start in range(0, len(calls), _CALLS_IN_A_REQUEST):
        answers += _bulk_request(client, calls[start : start + _CALLS_IN_A_REQUEST])
    return answers


def fetch(client: MatomoClient, method: str, params: Sequence[tuple[str, Parameter]] = ()) -> Reply:
    """Call an API method; returns the raw reply, which `parse_reply` reads.

    Raises:
        TransientError: the server cannot be reached, or the answer is incomplete.
        PermanentError: its certificate cannot be trusted.
    """
    common = [("module", "API"), ("method", method), ("format", "JSON"), _ENGLISH]
    fields = [*common, *params, ("token_auth", client.server.token.get_secret_value())]
    return client.post(_PATH, urlencode(fields).encode("ascii"), _HEADERS, client.server.timeout)


def parse_reply(reply: Reply, server: Server) -> object:
    """Parse a reply's JSON; `{"value": ...}` around a single value is removed.

    Raises:
        ApiError: it is an error, or not an answer of Matomo's.
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
        shown = server.quote(reply.text)
    if not shown or not is_html(reply.content_type, reply.body):
        raise ServerBusyError(f"the answer is not complete JSON: {shown or 'it is empty'}", where=where)
    raise NotMatomoError(
        f"answered with an HTML page: {shown}", where=where, hint="a proxy or a login page? correct matomo.url"
    )


def _bulk_request(client: MatomoClient, calls: Sequence[Call]) -> list[object]:
    params = [(f"urls[{number}]", item.query) for number, item in enumerate(calls)]
    answers = parse_reply(fetch(client, "API.getBulkRequest", params), client.server)
    if not isinstance(answers, list) or len(answers) != len(calls):
        raise ServerBusyError(f"{len(calls)} calls were not answered one by one", where=f"{client.server.url}/{_PATH}")
    return [_answer_of(answer, item, client.server) for answer, item in zip(answers, calls, strict=True)]


def _answer_of(answer: object, made: Call, server: Server) -> object:
    """The answer to one call, or the error in it."""
    error: ApiError | None = error_of_value(answer, server, f"{server.url}/{_PATH}: {made.method}")
    return answer if error is None else error
