"""Hits on their way to the tracker, a batch in one request. Nothing here sends a batch twice."""

import json
from collections.abc import Sequence

from mtc.errors import PermanentError
from mtc.matomo.answers import outcome
from mtc.matomo.connection import Connection
from mtc.matomo.errors import NotSentError, UnknownOutcomeError
from mtc.matomo.outcomes import InDoubt, NotRecorded, Outcome, Refused
from mtc.matomo.server import Server

_HEADERS = {"Content-Type": "application/json"}
_ESCAPED_IN_JSON = bytes(range(32)) + b'"\\\x7f'
_LARGEST_ANSWER = 1 << 22
_UNSENT_HINT = "correct matomo.url, or what stands between"


def send(connection: Connection, server: Server, requests: Sequence[str]) -> Outcome:
    """Send a batch of hits, once. Each is a query string that begins with `?`.

    Raises:
        ValueError: there is none, or one does not begin with `?`: Matomo would drop it without a word.
    """
    data = body(requests, server)
    try:
        reply = connection.post(server.tracker, data, _HEADERS, server.timeout, largest=_LARGEST_ANSWER)
    except NotSentError as error:
        return NotRecorded(str(error))
    except UnknownOutcomeError as error:
        return InDoubt(str(error))
    except PermanentError as error:
        return Refused(error.what, error.hint or _UNSENT_HINT)
    return outcome(reply, len(requests), server)


def body(requests: Sequence[str], server: Server) -> bytes:
    """The JSON of a batch. Percent-encoded strings need no escaping, so they are joined, and that is checked."""
    if not requests or not all(request.startswith("?") for request in requests):
        raise ValueError("a batch has at least one hit, and each begins with a question mark")
    joined = '","'.join(requests)
    token = json.dumps(server.token.get_secret_value())
    plain = joined.isascii() and _needs_no_escape(joined.encode("ascii"), len(requests))
    listed = f'["{joined}"]' if plain else json.dumps(list(requests))
    return f'{{"requests":{listed},"token_auth":{token}}}'.encode("ascii")


def _needs_no_escape(joined: bytes, count: int) -> bool:
    return len(joined) - len(joined.translate(None, _ESCAPED_IN_JSON)) == 2 * (count - 1)
