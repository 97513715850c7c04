"""The address of a Matomo server: what requests are sent to, and what the state file calls the server. No I/O.

The address of one of Matomo's scripts is that of the folder in which they lie.
"""

import re
from urllib.parse import urlsplit

from mtc.core.errors import PermanentError

_SCHEME = re.compile(r"^https?://", re.IGNORECASE)
_SCRIPT = re.compile(r"/(?:(?:index|matomo|piwik)\.php)?$")
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


def base_url(url: str) -> str:
    """The address that the names of scripts are put behind: no script, no query, no slash at its end.

    Raises:
        PermanentError: it is no http(s) URL, or holds a user name.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in {"http", "https"} or not host:
        raise PermanentError("matomo.url is no http or https URL", hint="write it like https://stats.example.org")
    if "@" in parts.netloc:
        raise PermanentError("matomo.url holds a user name", hint="write matomo.username and matomo.password instead")
    authority = f"[{host}]" if ":" in host else host
    folders = [piece for piece in parts.path.split("/") if piece]
    return f"{parts.scheme}://{authority}{f':{port}' if port else ''}" + folder_of(
        "".join(f"/{one}" for one in folders)
    )


def server_name(url: str) -> str:
    """The server's name in the state file: its address without scheme, user and default port.

    It is recorded with every delivery: another name for the same server would deliver everything again.
    """
    scheme = url.partition("://")[0].lower()
    host, slash, path = _SCHEME.sub("", url).partition("/")
    return host.rpartition("@")[2].lower().removesuffix(_DEFAULT_PORT[scheme]) + folder_of(slash + path)


def folder_of(path: str) -> str:
    """A URL's path without one of Matomo's scripts, and without slashes at its end."""
    return _SCRIPT.sub("", path).rstrip("/")
