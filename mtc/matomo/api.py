"""Calls of Matomo's reporting API, one or several in a request, and the rows and figures in their answers as values.

A call is never repeated here: whoever reads may do so, with `mtc.core.retry`. The token goes in the body, not in a URL.
Numbers that come as 4, 4.0, "4" or "20%" become numbers. Errors come with their cause and a remedy.

Source: https://developer.matomo.org/api-reference/reporting-api
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from mtc.core.sanitize import valid_unicode
from mtc.matomo.client import ApiError, MatomoClient, NotMatomoError, Reply, Server, ServerBusyError
from mtc.matomo.http_errors import error_of_reply, error_of_value
from mtc.matomo.http_reply import is_html

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


def call(client: MatomoClient, method: str, **params: Parameter) -> object:
    """Call a method; returns its answer as JSON gives it.

    Raises:
        ApiError: the server, or what stands in front of it, answered with an error.
        TransientError: it cannot be reached, or the answer is not whole.
        PermanentError: its certificate cannot be trusted.
    """
    return parse_reply(fetch(client, method, tuple(params.items())), client.server)


def bulk(client: MatomoClient, calls: Sequence[Call]) -> list[object]:
    """Make several calls, 20 in a request.

    The answers come in order; a call that failed has an `ApiError` in its place.

    Raises:
        ApiError: the request as a whole was answered with an error.
        TransientError: the server cannot be reached, or the answer is not whole.
        PermanentError: its certificate cannot be trusted.
    """
    answers: list[object] = []
    for start in range(0, len(calls), _CHUNK):
        answers += _several(client, calls[start : start + _CHUNK])
    return answers


def fetch(client: MatomoClient, method: str, params: Sequence[tuple[str, Parameter]] = ()) -> Reply:
    """Call a method; returns the raw answer."""
    head = [("module", "API"), ("method", method), ("format", "JSON"), _ENGLISH]
    fields = [*head, *params, ("token_auth", client.server.token.get_secret_value())]
    return client.post(_PATH, urlencode(fields).encode("ascii"), _HEADERS, client.server.timeout)


def parse_reply(reply: Reply, server: Server) -> object:
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
        shown = server.quote(reply.text)
    if not shown or not is_html(reply.content_type, reply.body):
        raise ServerBusyError(f"the answer is no whole JSON: {shown or 'it is empty'}", where=where)
    raise NotMatomoError(
        f"answered with an HTML page: {shown}", where=where, hint="a proxy or a login page? correct matomo.url"
    )


def _several(client: MatomoClient, calls: Sequence[Call]) -> list[object]:
    params = [(f"urls[{number}]", each.query) for number, each in enumerate(calls)]
    answers = parse_reply(fetch(client, "API.getBulkRequest", params), client.server)
    if not isinstance(answers, list) or len(answers) != len(calls):
        raise ServerBusyError(f"{len(calls)} calls were not answered one by one", where=f"{client.server.url}/{_PATH}")
    return [_answer_of(answer, each, client.server) for answer, each in zip(answers, calls, strict=True)]


def _answer_of(answer: object, made: Call, server: Server) -> object:
    """The answer of one call, or the error in its place."""
    error: ApiError | None = error_of_value(answer, server, f"{server.url}/{_PATH}: {made.method}")
    return answer if error is None else error


_MOST = 1 << 53
_REST = {"Others", "-1"}


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row of a table; what a table does not have is 0. `rest` marks the row that sums up those that were cut.

    `entries`, `exits` and `bounces` of pages are visits that began, ended, or stayed there; `bounces` and `seconds` of
    other tables are of the visits. `code` is a country's.
    """

    label: str
    url: str = ""
    code: str = ""
    visits: int = 0
    unique_visitors: int = 0
    hits: int = 0
    actions: int = 0
    entries: int = 0
    exits: int = 0
    bounces: int = 0
    seconds: int = 0
    max_actions: int = 0
    rest: bool = False


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """A day in a few numbers: those of VisitsSummary.get and Actions.get. `seconds` is how long all visits lasted."""

    visits: int = 0
    unique_visitors: int = 0
    actions: int = 0
    bounces: int = 0
    seconds: int = 0
    max_actions: int = 0
    pageviews: int = 0
    unique_pageviews: int = 0
    downloads: int = 0
    unique_downloads: int = 0
    searches: int = 0


def number(value: object) -> float:
    """A figure of Matomo's as a number: 4, 4.0, "4", "20%", "4s"; nothing is 0.

    Raises:
        NotMatomoError: it is not a number.
    """
    if value is None or value == "" or value is False:
        return 0.0
    text = value.strip().removesuffix("%").removesuffix("s").strip() if isinstance(value, str) else value
    try:
        found = float(text) if isinstance(text, int | float | str) else -1.0
    except (ValueError, OverflowError):
        found = -1.0
    if not 0 <= found <= _MOST:
        raise NotMatomoError("a figure in Matomo's report is no number")
    return found


def row(item: object) -> ReportRow:
    """A row of any table.

    Raises:
        NotMatomoError: it is not a row.
    """
    if not isinstance(item, dict):
        raise NotMatomoError("a row of Matomo's report is none")
    label, url = _text(item, "label"), _text(item, "url")
    return ReportRow(
        label=label,
        url=url,
        code=_text(item, "code"),
        visits=_count(item, "nb_visits"),
        unique_visitors=_count(item, "nb_uniq_visitors"),
        hits=_count(item, "nb_hits"),
        actions=_count(item, "nb_actions"),
        entries=_count(item, "entry_nb_visits"),
        exits=_count(item, "exit_nb_visits"),
        bounces=_count(item, "bounce_count", "entry_bounce_count"),
        seconds=_count(item, "sum_visit_length", "sum_time_spent"),
        max_actions=_count(item, "max_actions"),
        rest=bool(item.get("is_summary")) or (label in _REST and not url and "segment" not in item),
    )


def summary(visits: Mapping[str, object], actions: Mapping[str, object]) -> ReportSummary:
    """A day's figures; nothing at all is a day without visits.

    Raises:
        NotMatomoError: one of them is no number.
    """
    return ReportSummary(
        visits=_count(visits, "nb_visits"),
        unique_visitors=_count(visits, "nb_uniq_visitors"),
        actions=_count(visits, "nb_actions"),
        bounces=_count(visits, "bounce_count"),
        seconds=_count(visits, "sum_visit_length"),
        max_actions=_count(visits, "max_actions"),
        pageviews=_count(actions, "nb_pageviews"),
        unique_pageviews=_count(actions, "nb_uniq_pageviews"),
        downloads=_count(actions, "nb_downloads"),
        unique_downloads=_count(actions, "nb_uniq_downloads"),
        searches=_count(actions, "nb_searches"),
    )


def _count(item: Mapping[str, object], *names: str) -> int:
    return next((round(number(item[name])) for name in names if name in item), 0)


def _text(item: Mapping[str, object], name: str) -> str:
    value = item.get(name)
    return valid_unicode(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
