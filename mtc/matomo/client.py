"""MatomoClient: an HTTP client of one Matomo server, with kept-alive connections and a limiter; and the tree of errors.

Every error says whether anything can have reached the server; nothing is sent twice here. urllib3 connects in one
method, `connect`, and sends only afterwards: the connection classes here mark errors in that method, so that any other
error means that sending had begun. Connections that the server has closed are not reused: urllib3 checks whether a
connection is readable before it takes it from the pool.

No repr, message or URL shows a secret.

NotSentError            nothing can have reached the server: the request may be sent again
UnknownOutcomeError     something may have: only a read may be repeated, hits have to be looked up
ApiError                the server answered a call with an error
├── ServerBusyError         temporary
└── CallRefusedError        permanent
    ├── TokenRefusedError       the token is wrong, expired or missing
    ├── NoRightError            the token may not do that
    ├── UnknownSiteError        there is no such site
    └── NotMatomoError          something else answered: a redirect, a login page, a web server
LookupUnsureError       whether a batch is stored is unknown
"""

import base64
import contextlib
import functools
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
from mtc.matomo.limiter import Limiter
from mtc.matomo.server_address import Proxy, base_url, proxy_for

_MASK = "***"


@dataclass(frozen=True, slots=True)
class Server:
    """A Matomo server. `url` may end in one of its scripts; it is normalised to the address of their folder.

    `username` and `password` are for HTTP basic authentication in front of Matomo. `ca_bundle` is a PEM file that
    replaces the system's certificate authorities. `timeout` is the seconds to wait for an answer. `tracker` is the
    script that takes hits.

    Raises:
        PermanentError: the URL is not an http(s) URL, or holds a user name.
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
        """The value of the `Authorization` header for basic authentication; empty without a user."""
        if not self.username and self.password is None:
            return ""
        password = self.password.get_secret_value() if self.password else ""
        return "Basic " + base64.b64encode(f"{self.username}:{password}".encode()).decode("ascii")

    def quote(self, text: str) -> str:
        """Text from the server, safe for a message: secrets masked, one printable line, cut off."""
        for secret in self._secrets():
            text = text.replace(secret, _MASK)
        return plain_text(text)

    def _secrets(self) -> list[str]:
        secrets = [secret.get_secret_value() for secret in (self.token, self.password) if secret is not None]
        secrets.append(self.authorization.removeprefix("Basic "))
        spellings = {text for secret in secrets if secret for text in (secret, quote_plus(secret))}
        return sorted(spellings, key=len, reverse=True)


class NotSentError(TransientError):
    """Nothing can have reached the server: unknown name, no connection, no TLS, refused by a proxy."""


class UnknownOutcomeError(TransientError):
    """The request failed after sending had begun: the server may have processed it or not."""


class ApiError(StepError):
    """The server answered a call with an error."""


class ServerBusyError(ApiError, TransientError):
    """A temporary error. `retry_after` is how many seconds the server asks to wait, if it does."""

    def __init__(self, what: str, *, where: str = "", hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.retry_after = retry_after


class CallRefusedError(ApiError, PermanentError):
    """The same call would be answered the same way."""


class TokenRefusedError(CallRefusedError):
    """The token is wrong, expired or missing."""


class NoRightError(CallRefusedError):
    """The token may not do that, or the server does not have the method."""


class UnknownSiteError(CallRefusedError):
    """There is no site with that number."""


class NotMatomoError(CallRefusedError):
    """The answer does not look like Matomo's."""


class LookupUnsureError(PermanentError):
    """The server lists too few actions of a visit to tell whether a batch is stored."""


_CONNECT_SECONDS = 30.0
_READ_BYTES = 1 << 18
_LARGEST_REPLY = 1 << 28
_SPARE_CONNECTIONS = 2


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete HTTP reply. The names of `headers` are in lower case."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        """The body as text; invalid UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


class _UnconnectedError(Exception):
    """Connecting failed. Not one of urllib3's exceptions, so that urllib3 passes it on."""

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
    """A client of one server, shared by threads: the server, kept-alive connections to it, and a limiter.

    `jobs` is how many requests may be in flight at once. Callers have to hold the limiter for each request:
    `with client.limiter: ...`. The proxy comes from the variables in `environ`. Redirects are not followed. Close the
    client, or use it as a context manager.

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
        self._manager = _manager(proxy, _tls_context(server), jobs + _SPARE_CONNECTIONS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._manager.clear()

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], read_timeout: float | None = None, *, largest: int = 0
    ) -> Reply:
        """Send a POST request once, and read the complete reply.

        Args:
            path: the script, relative to the server's address, with a query if there is one.
            body: the body as it is sent.
            headers: headers besides those of every request.
            read_timeout: seconds to wait for the reply; by default the server's `timeout`.
            largest: how many bytes the reply may have; by default 256 MiB.

        Raises:
            NotSentError: nothing can have reached the server.
            UnknownOutcomeError: it failed after sending had begun, or the reply is cut off or too large.
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
            return _reply(response, largest or _LARGEST_REPLY)
        except _UnconnectedError as error:
            raise _not_sent(error.cause, url) from None
        except (failed.HTTPError, http.client.HTTPException, OSError) as error:
            raise UnknownOutcomeError(_failure_text(error, seconds), where=url) from None


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


@functools.cache
def _system_trust() -> ssl.SSLContext:
    """Trust in the authorities of the system: to read their certificates takes longer than many requests."""
    return ssl.create_default_context()


def _tls_context(server: Server) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_bundle) if server.ca_bundle else _system_trust()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it holds no certificate"
        raise PermanentError(
            f"matomo.ca_bundle cannot be read: {reason}",
            where=str(server.ca_bundle),
            hint="it must be a PEM file with the certificates of the authorities to trust",
        ) from None


def _reply(response: urllib3.BaseHTTPResponse, largest: int) -> Reply:
    pieces, size = [], 0
    try:
        while piece := response.read(_READ_BYTES):
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
    return NotSentError(_no_connection_text(cause), where=url)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _no_connection_text(cause: Exception) -> str:
    if isinstance(cause, failed.NameResolutionError):
        return "the server's name is not known"
    if isinstance(cause, ssl.SSLError):
        return f"no TLS connection: {cause.reason or 'the handshake failed'}"
    if isinstance(cause, failed.NewConnectionError):
        reason = next((e.strerror for e in _chain(cause) if isinstance(e, OSError) and e.strerror), "")
        return f"no connection: {reason or 'it was not accepted'}"
    if isinstance(cause, TimeoutError | failed.TimeoutError):
        return "no connection within the time limit"
    if "Tunnel connection failed" in str(cause):
        return f"the proxy refused the connection: {str(cause).rpartition(': ')[2][:80]}"
    return "no connection: it failed while it was being made"


def _failure_text(error: Exception, seconds: float) -> str:
    if isinstance(error, failed.ReadTimeoutError):
        return f"no answer within {seconds:g} s"
    if isinstance(error, failed.ProtocolError) and str(error).startswith("the answer is longer"):
        return str(error)
    if isinstance(error, failed.IncompleteRead | failed.DecodeError):
        return "the answer was cut off"
    return "the connection broke before the answer was complete"
