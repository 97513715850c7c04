"""HTTP responses: status, body, whether they arrive at all; and those of faults of proxies, databases and limits."""

import json
from dataclasses import dataclass
from enum import Enum

from tests.fake_matomo.faults import Fault, PlannedFault

JSON = "application/json; charset=utf-8"
TRACKING_JSON = "application/json"
HTML = "text/html; charset=UTF-8"


class Transmission(Enum):
    """How a response is sent, and what happens to the connection."""

    SEND = "the answer is sent"
    DROP = "the connection is closed without an answer"
    CUT = "half the answer is sent, then the connection is closed"
    RESET = "the connection is reset"
    RESTART = "the server restarts"


@dataclass(frozen=True, slots=True)
class Response:
    """A response, or a broken connection in its place."""

    status: int
    body: bytes = b""
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
    transmission: Transmission = Transmission.SEND


DROPPED = Response(0, transmission=Transmission.DROP)
RESTARTED = Response(0, transmission=Transmission.RESTART)
RESET = Response(0, transmission=Transmission.RESET)


def page(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """An HTML page."""
    return Response(status, f"<!DOCTYPE html>\n<html><body><h1>{text}</h1></body></html>\n".encode(), HTML, headers)


def document(value: object, status: int = 200) -> Response:
    """A JSON response of the API."""
    return Response(status, json.dumps(value).encode(), JSON)


def tracked(tracked: int, invalid: list[int], *, indices: bool, ok: bool = True, status: int = 200) -> Response:
    """A response of the tracker; only a super user gets the indices of invalid hits."""
    result: dict[str, object] = {"status": "success" if ok else "error", "tracked": tracked, "invalid": len(invalid)}
    if indices:
        result["invalid_indices"] = invalid
    return Response(status, json.dumps(result, separators=(",", ":")).encode(), TRACKING_JSON)


NOTHING = tracked(0, [], indices=False)
"""Success without any hit stored: the body was not understood, or statistics are switched off."""

NO_CONTENT = Response(204, b"", TRACKING_JSON)
NOT_A_BULK = page(400, "This is the address for tracking; there is nothing to track in this request.")
CRASHED = Response(500)
"""The response when the server's own code crashes: an empty body."""
NOT_FOUND = page(404, "404 Not Found")
TOO_LARGE = page(413, "413 Request Entity Too Large")
SIGN_IN = page(401, "401 Authorization Required", ("WWW-Authenticate", 'Basic realm="statistics"'))


BAD_GATEWAY = page(502, "502 Bad Gateway")
GATEWAY_TIMEOUT = page(504, "504 Gateway Time-out")
SQLSTATE = Response(200, b"Error: SQLSTATE[HY000]: General error: 2006 the database connection was lost")
PROXY_PAGE = page(200, "Welcome. Please sign in to use this network.")
DATABASE_DOWN = tracked(0, [], indices=False, ok=False, status=500)


def failure_response(planned: PlannedFault, location: str) -> Response | None:
    """The response to a request that a fault keeps from being processed; None for other kinds of faults.

    `location` is the target of a redirect.
    """
    fault, retry = planned.fault, planned.retry_after
    headers = (("Retry-After", retry),) if retry else ()
    answers = {
        Fault.DROP: DROPPED,
        Fault.RESET: RESET,
        Fault.RESTART: RESTARTED,
        Fault.BAD_GATEWAY: BAD_GATEWAY,
        Fault.GATEWAY_TIMEOUT: GATEWAY_TIMEOUT,
        Fault.SQLSTATE: SQLSTATE,
        Fault.PROXY_PAGE: PROXY_PAGE,
        Fault.DATABASE_DOWN: DATABASE_DOWN,
        Fault.MAINTENANCE: NOTHING,
        Fault.TOO_MANY: page(429, "429 Too Many Requests", *headers),
        Fault.UNAVAILABLE: page(503, "503 Service Unavailable", *headers),
        Fault.REDIRECT: page(301, "301 Moved Permanently", ("Location", location)),
    }
    return answers.get(fault)
