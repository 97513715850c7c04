"""Which proxy stands between, by the usual variables. No I/O: the environment comes in as an argument."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from mtc.core.errors import PermanentError


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy; `login` is `user:password`, or empty."""

    url: str
    login: str = field(default="", repr=False)


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for a URL: HTTPS_PROXY or HTTP_PROXY, else ALL_PROXY, unless NO_PROXY names its host.

    A variable in small letters comes before the same in capitals.

    Raises:
        PermanentError: the variable holds something that is no proxy of the http or https kind.
    """
    parts = urlsplit(url)
    value = _read(environ, f"{parts.scheme}_proxy") or _read(environ, "all_proxy")
    if not value or _is_spared(parts.hostname or "", parts.port, _read(environ, "no_proxy")):
        return None
    return _parse(value if "://" in value else f"http://{value}", parts.scheme)


def _read(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, environ.get(name.upper(), "")).strip()


def _is_spared(host: str, port: int | None, no_proxy: str) -> bool:
    """Whether NO_PROXY names the host, or a domain above it, with or without a port; `*` names all."""
    for entry in (piece.strip().lower() for piece in no_proxy.split(",")):
        domain = entry.removesuffix(f":{port}").removeprefix("*").removeprefix(".").strip("[]")
        if entry == "*" or (domain and (host == domain or host.endswith(f".{domain}"))):
            return True
    return False


def _parse(value: str, scheme: str) -> Proxy:
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
