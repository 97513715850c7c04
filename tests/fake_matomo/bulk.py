"""The body of a bulk request: which of its entries the server looks at, and what it does not understand."""

import json
from dataclasses import dataclass, field

Entry = str | dict[str, str]
"""A request string (with its `?`), or parameters; an empty one is counted and not stored."""

_WORD = b'"requests"'


@dataclass(frozen=True, slots=True)
class Bulk:
    """A body that was understood. `entries` lacks those that the server drops, so that later ones move up."""

    entries: tuple[Entry, ...] = ()
    token: str = field(default="", repr=False)
    image: bool = True


def is_bulk(body: bytes) -> bool:
    """Whether the server takes a body for a bulk: the word is in it, and not at its very start."""
    return body.find(_WORD) > 0


def decode(body: bytes) -> Bulk | None:
    """Read a body; None if it is no JSON that has requests, which the server answers as if all were well."""
    try:
        document = json.loads(body.decode("utf-8"))
    except ValueError:
        return None
    requests = document.get("requests") if isinstance(document, dict) else None
    if isinstance(requests, dict):
        requests = list(requests.values())
    if not isinstance(requests, list) or not requests:
        return None
    token = document.get("token_auth")
    image = str(document.get("send_image", "1")) != "0"
    return Bulk(tuple(_entries(requests)), token if isinstance(token, str) else "", image)


def _entries(requests: list[object]) -> list[Entry]:
    entries: list[Entry] = []
    for request in requests:
        if isinstance(request, str):
            if "?" in request:
                entries.append(request)
        elif isinstance(request, dict):
            entries.append({str(name): str(value) for name, value in request.items()})
        else:
            entries.append({})
    return entries
