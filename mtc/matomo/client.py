"""MatomoClient: a server with kept-alive connections to it and its limiter; and what can go wrong on the way.

A failure says whether anything can have reached the server; nothing is sent twice here. urllib3 connects in one place,
`connect`, and sends only afterwards: the connections made here mark what fails in that place, so that any other failure
means that sending had begun. Kept connections that the server has closed are not used again: urllib3 checks whether a
connection is readable before it takes it from the pool.

Secrets stay inside: no repr, message or URL shows them.

NotSentError            nothing can have reached the server: it may be sent again
UnknownOutcomeError     something may have: only a read may be repeated, hits have to be looked up
ApiError                the server answered a call with an error
├── ServerBusyError         it may pass
└── CallRefusedError        it will not
    ├── TokenRefusedError       the token is wrong, expired or missing
    ├── NoRightError            the token may not do that
    ├── UnknownSiteError        there is no such site
    └── NotMatomoError          something else answered: a redirect, a login page, a web server
LookupUnsureError       whether a batch is stored is unknown
"""

import base64
import contextlib
import http.client
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote_plus

import urllib3
from pydantic import SecretStr
from urllib3 import exceptions as failed
from urllib3.connection import HTTPConnection, HTTPSConnection

from mtc import __version__
from mtc.core.errors import PermanentError, StepError, TransientError
from mtc.core.sanitize import plain_text
from mtc.matomo.http_proxy import Proxy, proxy_for
from mtc.matomo.limiter import Limiter
from mtc.matomo.server_address import base_url

_MASK = "***"


@dataclass(frozen=True, slots=True)
class Server:
    """A Matomo server. `url` may end in one of its scripts; it is kept as the address of the folder they lie in.

    `username` and `password` are for HTTP basic authentication in front of Matomo. `ca_bundle` is a PEM file that
    replaces the system's certificate authorities. `timeout` is how long to wait for an answer, in seconds. `tracker`
    is the script that takes hits.

    Raises:
        PermanentError: the URL is no http(s) URL, or holds a password.
    """

    url: str
    token: SecretStr
    username: str = ""
    password: SecretStr | None = None
    ca_bundle: Path | None = None
    timeout: float = 300.0
    tracker: str = "matomo.php"

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", base_url(self.url))
        object.__setattr__(self, "tracker", self.tracker.strip("/"))

    @property
    def authorization(self) -> str:
        """The value of the header that basic authentication asks for; empty without it."""
        if not self.username and self.password is None:
            return ""
        password = self.password.get_secret_value() if self.password else ""
        return "Basic " + base64.b64encode(f"{self.username}:{password}".encode()).decode("ascii")

    def quote(self, text: str) -> str:
        """What the server said, fit for a message: secrets masked, one printable line, cut."""
        for secret in self._secrets():
            text = text.replace(secret, _MASK)
        return plain_text(text)

    def _secrets(self) -> list[str]:
        known = [secret.get_secret_value() for secret in (self.token, self.password) if secret is not None]
        known.append(self.authorization.removeprefix("Basic "))
        forms = {form for secret in known if secret for form in (secret, quote_plus(secret))}
        return sorted(forms, key=len, reverse=True)


class NotSentError(TransientError):
    """Nothing can have reached the server: no name, no connection, no TLS, refused by a proxy."""


class UnknownOutcomeError(TransientError):
    """It broke after sending had begun: the server may have done it or not."""


class ApiError(StepError):
    """The server answered a call with an error."""


class ServerBusyError(ApiError, TransientError):
    """An error that may pass. `retry_after` is how many seconds the server asks to wait, if it does."""

    def __init__(self, what: str, *, where: str = "", hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.retry_after = retry_after


class CallRefusedError(ApiError, PermanentError):
    """The same call would be answered the same way."""


class TokenRefusedError(CallRefusedError):
    """The token is wrong, expired or missing."""


class NoRightError(CallRefusedError):
    """The token may not do that, or the method does not exist there."""


class UnknownSiteError(CallRefusedError):
    """There is no site of that number."""


class NotMatomoError(CallRefusedError):
    """What answered does not look like Matomo."""


class LookupUnsureError(PermanentError):
    """The server lists too few actions of a visit to tell whether a batch is stored."""


_CONNECT_SECONDS = 30.0
_CHUNK = 1 << 18
_LARGEST = 1 << 28
_SPARE = 2


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. The names of `headers` are in small letters."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.body.decode("utf-8", "replace")


class _UnconnectedError(Exception):
    """Connecting failed; none of urllib3's own, so that it lets this one through."""

    def __init__(self, cause: Exception) -> None:
        super().__init__("not connected")
        self.cause = cause


@contextlib.contextmanager
def _connecting() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, failed.HTTPError, http.client.HTTPException) as error:
        raise _UnconnectedError(error) from error


class _PlainConnection(HTTPConnection):
    def connect(self) -> None:
        with _connecting():
            super().connect()


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        with _connecting():
            super().connect()


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class MatomoClient:
    """A client of one server, for many threads: the server, kept-alive connections to it, and what limits requests.

    `jobs` is how many requests may be under way at once. It is kept by those who take a place of the `limiter` for each
    of theirs: `with client.limiter: ...`. `environ` tells the proxy. Redirects are not followed. Close it, or use it as
    a context manager.

    Raises:
        PermanentError: the CA bundle or the proxy's address cannot be used.
    """

    def __init__(self, server: Server, *, jobs: int = 1, environ: Mapping[str, str] | None = None) -> None:
        self.server = server
        self.limiter = Limiter(jobs)
        self._headers = {"User-Agent": f"mtc/{__version__}", "Accept-Encoding": "gzip"}
        if server.authorization:
            self._headers["Authorization"] = server.authorization
        proxy = proxy_for(server.url, os.environ if environ is None else environ)
        self._manager = _manager(proxy, _trust(server), jobs + _SPARE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is kept open."""
        self._manager.clear()

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], read_timeout: float | None = None, *, largest: int = 0
    ) -> Reply:
        """Send a body once, and read the whole answer, of at most `largest` bytes.

        Raises:
            NotSentError: nothing can have reached the server.
            UnknownOutcomeError: it broke after sending had begun, or the answer is cut, or too large.
            PermanentError: the server's certificate cannot be trusted; nothing was sent.
        """
        url = f"{self.server.url}/{path}"
        seconds = read_timeout or self.server.timeout
        try:
            response = self._manager.request(
                "POST",
                url,
                body=body,
                headers={**self._headers, **headers},
                timeout=urllib3.Timeout(connect=min(seconds, _CONNECT_SECONDS), read=seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            return _reply(response, largest or _LARGEST)
        except _UnconnectedError as error:
            raise _not_sent(error.cause, url) from None
        except (failed.HTTPError, http.client.HTTPException, OSError) as error:
            raise UnknownOutcomeError(_broken(error, seconds), where=url) from None


def _manager(proxy: Proxy | None, trust: ssl.SSLContext, size: int) -> urllib3.PoolManager:
    manager: urllib3.PoolManager
    if proxy is None:
        manager = urllib3.PoolManager(num_pools=2, maxsize=size, ssl_context=trust)
    else:
        login = base64.b64encode(proxy.login.encode()).decode("ascii")
        headers = {"Proxy-Authorization": f"Basic {login}"} if proxy.login else {}
        manager = urllib3.ProxyManager(
            proxy.url, num_pools=2, maxsize=size, proxy_headers=headers, ssl_context=trust, proxy_ssl_context=trust
        )
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
    return manager


def _trust(server: Server) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_bundle)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it holds no certificate"
        raise PermanentError(
            f"matomo.ca_bundle cannot be read: {reason}",
            where=str(server.ca_bundle),
            hint="name a PEM file with the certificates of the authorities to trust",
        ) from None


def _reply(response: urllib3.BaseHTTPResponse, largest: int) -> Reply:
    pieces, size = [], 0
    try:
        while piece := response.read(_CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > largest:
                response.close()
                raise failed.ProtocolError(f"the answer is longer than {largest} bytes")
    finally:
        response.release_conn()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status, headers.get("content-type", ""), b"".join(pieces), headers)


def _not_sent(cause: Exception, url: str) -> StepError:
    for error in _chain(cause):
        if isinstance(error, ssl.SSLCertVerificationError):
            return PermanentError(
                f"the server's certificate cannot be trusted: {error.verify_message}",
                where=url,
                hint="if its authority is your own, name its PEM file in matomo.ca_bundle",
            )
    return NotSentError(_unconnected(cause), where=url)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _unconnected(cause: Exception) -> str:
    if isinstance(cause, failed.NameResolutionError):
        return "the server's name is not known"
    if isinstance(cause, ssl.SSLError):
        return f"no TLS connection: {cause.reason or 'the handshake failed'}"
    if isinstance(cause, failed.NewConnectionError):
        reason = next((e.strerror for e in _chain(cause) if isinstance(e, OSError) and e.strerror), "")
        return f"no connection: {reason or 'it was not accepted'}"
    if isinstance(cause, TimeoutError | failed.TimeoutError):
        return "no connection in time"
    if "Tunnel connection failed" in str(cause):
        return f"the proxy refused the connection: {str(cause).rpartition(': ')[2][:80]}"
    return "no connection: it broke while it was made"


def _broken(error: Exception, seconds: float) -> str:
    if isinstance(error, failed.ReadTimeoutError):
        return f"no answer within {seconds:g} s"
    if isinstance(error, failed.ProtocolError) and str(error).startswith("the answer is longer"):
        return str(error)
    if isinstance(error, failed.IncompleteRead | failed.DecodeError):
        return "the answer was cut"
    return "the connection broke before the whole answer had come"
