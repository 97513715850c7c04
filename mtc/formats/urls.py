"""Request targets that may be whole URLs, as proxies, balancers and CDNs log them.

Each function takes SQL for a text and gives SQL; nothing of a log is in it.
"""

from mtc.formats.texts import host_name

_URL = "^(?i:https?|wss?|ftp)://"


def url_host(url: str) -> str:
    """The host of a URL, without user and port; NULL for a text that is none."""
    found = f"regexp_extract({url}, '{_URL}(?:[^/?#@]*@)?([^/?#]*)', 1)"
    return f"CASE WHEN NOT starts_with({url}, '/') THEN nullif({host_name(found)}, '') END"


def url_target(url: str) -> str:
    """Path and query of a URL; any other text as it is."""
    return f"CASE WHEN starts_with({url}, '/') THEN {url} ELSE regexp_replace({url}, '{_URL}[^/?#]*/?', '/') END"


def is_page(target: str, method: str) -> str:
    """Whether somebody asked for something on a site: not a tunnel, nor what is no request at all."""
    named = f"(starts_with({target}, '/') OR regexp_matches({target}, '{_URL}'))"
    return f"({named} AND coalesce({method}, '') <> 'CONNECT')"


def only_where(value: str, *conditions: str) -> str:
    """A value where all of the conditions hold, else NULL: a line without an address is no request."""
    return f"CASE WHEN {' AND '.join(conditions)} THEN {value} END"
