"""Where requests are sent: a Matomo server's address, its name in the state file, and the proxy on the way. No I/O.

The address of one of Matomo's scripts is reduced to that of its folder. The environment is passed in as an argument.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from mtc.core.errors import PermanentError

_SCHEME = re.compile(r"^https?://", re.IGNORECASE)
_SCRIPT = re.compile(r"/(?:(?:index|matomo|piwik)\.php)?$")
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


def base_url(url: str) -> str:
    """Normalise a server's address: no script, no query, no slash at the end. Script names are appended to it.

    Raises:
        PermanentError: it is not an http(s) URL, or holds a user name.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in {"http", "https"} or not host:
        raise PermanentError("matomo.url is not an http or https URL", hint="write it like https://stats.example.org")
    if "@" in parts.netloc:
        raise PermanentError("matomo.url holds a user name", hint="write matomo.username and matomo.password instead")
    authority = f"[{host}]" if ":" in host else host
    folders = "".join(f"/{folder}" for folder in parts.path.split("/") if folder)
    return f"{parts.scheme}://{authority}{f':{port}' if port else ''}" + folder_of(folders)


def server_name(url: str) -> str:
    """The server's name in the state file: its address without scheme, user and default port.

    It is recorded with every delivery: under another name, everything would be delivered to the same server again.
    """
    scheme = url.partition("://")[0].lower()
    host, slash, path = _SCHEME.sub("", url).partition("/")
    return host.rpartition("@")[2].lower().removesuffix(_DEFAULT_PORT[scheme]) + folder_of(slash + path)


def folder_of(path: str) -> str:
    """A URL's path without one of Matomo's scripts, and without slashes at its end."""
    return _SCRIPT.sub("", path).rstrip("/")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy; `login` is `user:password`, or empty."""

    url: str
    login: str = field(default="", repr=False)


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for a URL: HTTPS_PROXY or HTTP_PROXY, else ALL_PROXY, unless NO_PROXY names its host.

    A variable in lower case takes precedence over the same in upper case.

    Raises:
        PermanentError: the variable does not hold the address of an http(s) proxy.
    """
    parts = urlsplit(url)
    value = _variable(environ, f"{parts.scheme}_proxy") or _variable(environ, "all_proxy")
    if not value or _is_excluded(parts.hostname or "", parts.port, _variable(environ, "no_proxy")):
        return None
    return _parse_proxy(value if "://" in value else f"http://{value}", parts.scheme)


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, environ.get(name.upper(), "")).strip()


def _is_excluded(host: str, port: int | None, no_proxy: str) -> bool:
    """Whether NO_PROXY names the host, or a domain above it, with or without a port; `*` names all."""
    for entry in (piece.strip().lower() for piece in no_proxy.split(",")):
        domain = entry.removesuffix(f":{port}").removeprefix("*").removeprefix(".").strip("[]")
        if entry == "*" or (domain and (host == domain or host.endswith(f".{domain}"))):
            return True
    return False


def _parse_proxy(value: str, scheme: str) -> Proxy:
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        raise PermanentError(
            f"the proxy in {scheme.upper()}_PROXY or ALL_PROXY cannot be used",
            hint="write it like http://proxy.example.org:3128, or name the server in NO_PROXY",
        )
    netloc = f"[{host}]" if ":" in host else host
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else ""
    return Proxy(f"{parts.scheme}://{netloc}{f':{port}' if port else ''}", login)
