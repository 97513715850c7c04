"""Searches within a site, as the server's code finds them in an address, by the site's settings."""

import functools
import re
from urllib.parse import quote_plus, unquote_to_bytes

_LIST = re.compile(r"(\[|%5b)(\]|%5d)$", re.IGNORECASE)
_BLANKS = " \t\n\r\x00\x0b"


@functools.lru_cache(maxsize=100_000)
def searched_for(url: str, parameters: tuple[str, ...]) -> str:
    """What was searched for; nothing for a page."""
    address, _, fragment = url[:1024].partition("#")
    query = address.partition("?")[2]
    values: dict[str, str | list[str]] = {}
    for pair in f"{query}&{fragment}".split("&"):
        _read(pair, values)
    folded = {name.lower(): value for name, value in values.items()}
    for name in parameters:
        value = folded.get(name.lower(), "")
        if value not in {"", "0"} if isinstance(value, str) else value:
            keyword = _text(value if isinstance(value, str) else value[0])
            return "" if keyword == "0" else keyword
    return ""


def _read(pair: str, values: dict[str, str | list[str]]) -> None:
    name, _, value = pair.partition("=")
    if not name:
        return
    bare = _LIST.sub("", name)
    if bare and bare != name:
        known = values.get(bare)
        if not isinstance(known, list):
            known = values[bare] = []
        known.append(value)
    else:
        values[name] = value


def _text(value: str) -> str:
    data = unquote_to_bytes(value.replace("+", " "))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = quote_plus(data)
    return re.sub(r"[\n\r\x00]", "", text.strip(_BLANKS))[:1024]
