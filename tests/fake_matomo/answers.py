"""What goes back over the wire: a status, a body, and whether it arrives. Pages are in words of their own."""

import json
from dataclasses import dataclass
from enum import Enum

JSON = "application/json; charset=utf-8"
TRACKING_JSON = "application/json"
HTML = "text/html; charset=UTF-8"


class Fate(Enum):
    """What becomes of the connection."""

    SEND = "the answer is sent"
    DROP = "the connection is closed without an answer"
    CUT = "half the answer is sent, then the connection is closed"
    RESET = "the connection is reset"
    RESTART = "the server restarts"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or the lack of one."""

    status: int
    body: bytes = b""
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
    fate: Fate = Fate.SEND


DROPPED = Answer(0, fate=Fate.DROP)
RESTARTED = Answer(0, fate=Fate.RESTART)
RESET = Answer(0, fate=Fate.RESET)


def page(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    """An HTML page."""
    return Answer(status, f"<!DOCTYPE html>\n<html><body><h1>{text}</h1></body></html>\n".encode(), HTML, headers)


def document(value: object, status: int = 200) -> Answer:
    """What the API answers."""
    return Answer(status, json.dumps(value).encode(), JSON)


def tracked(tracked: int, invalid: list[int], *, indices: bool, ok: bool = True, status: int = 200) -> Answer:
    """What the tracker answers; the places of invalid hits are told to a super user only."""
    told: dict[str, object] = {"status": "success" if ok else "error", "tracked": tracked, "invalid": len(invalid)}
    if indices:
        told["invalid_indices"] = invalid
    return Answer(status, json.dumps(told, separators=(",", ":")).encode(), TRACKING_JSON)


NOTHING = tracked(0, [], indices=False)
"""All is well, and nothing was done: what was sent was not understood, or nothing is recorded at the moment."""

NO_CONTENT = Answer(204, b"", TRACKING_JSON)
NOT_A_BULK = page(400, "This is the address for tracking; there is nothing to track in this request.")
CRASHED = Answer(500)
"""What is left when the server's own code fails: no word."""
NOT_FOUND = page(404, "404 Not Found")
TOO_LARGE = page(413, "413 Request Entity Too Large")
SIGN_IN = page(401, "401 Authorization Required", ("WWW-Authenticate", 'Basic realm="statistics"'))
