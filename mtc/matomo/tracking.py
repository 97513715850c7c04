"""Sends a batch of hits to the tracker, in one request. Nothing here sends a batch twice.

Source: Matomo's bulk tracking, https://developer.matomo.org/api-reference/tracking-api#bulk-tracking.
"""

import json
from collections.abc import Sequence

from mtc.core.errors import PermanentError
from mtc.matomo.client import MatomoClient, NotSentError, Server, UnknownOutcomeError
from mtc.matomo.tracking_result import InDoubt, NotRecorded, Refused, TrackingResult, read_result

_HEADERS = {"Content-Type": "application/json"}
_NO_QUEUE = "?queuedtracking=0"  # a plug-in of that name would answer before it has recorded anything
_ESCAPED_IN_JSON = (*map(chr, range(32)), "\\", "\x7f")
_BEGIN = '{"requests":["'
_LARGEST_ANSWER = 1 << 22
_UNSENT_HINT = "correct matomo.url, or what stands between"


def send(client: MatomoClient, requests: Sequence[str]) -> TrackingResult:
    """Send a batch of hits, once. Each is a query string that begins with `?`.

    Raises:
        ValueError: there is no hit, or one does not begin with `?`: Matomo would drop it without a word.
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
    """The JSON of a batch. Percent-encoded strings need no escaping, so they are joined, and that is checked.

    All is joined at once: what costs here is memory for each further copy of a batch.
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
    """Whether no quotes but ours are there, and nothing else to escape. A search for each character is quickest."""
    return whole.count('"') == quotes and not any(escaped in whole for escaped in _ESCAPED_IN_JSON)
