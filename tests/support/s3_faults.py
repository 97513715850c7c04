"""A small HTTP proxy on loopback in front of a server, with configurable faults."""

import http.client
import re
import socket
import struct
import sys
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self

Kind = Literal["answer", "truncate", "reset", "hang", "etag", "damage", "forge", "stall"]
Headers = list[tuple[str, str]]
Alter = Callable[[Headers, bytes], tuple[Headers, bytes]]
_HOP = {"connection", "transfer-encoding", "expect", "host", "keep-alive"}


@dataclass(slots=True)
class Fault:
    """A fault for requests whose `METHOD path` matches `request`, `times` times.

    `answer` sends a status and an S3 error code instead of the server's answer; `truncate` and `reset` close or reset
    the connection in the middle of the body; `hang` never answers, `stall` stops midway; `etag` and `damage` change the
    answer's ETag and its first byte, `forge` changes that byte and removes the checksums. `before` is called before the
    request is forwarded; `alter` receives the answer's headers and body, and returns changed ones. `ignored` is a
    request header that is removed.
    """

    request: str
    kind: Kind | None = None
    status: int = 503
    code: str = "SlowDown"
    times: int = 1_000
    before: Callable[[], None] | None = None
    alter: Alter | None = None
    ignored: str = ""
    seen: int = 0


@dataclass(slots=True)
class Proxy:
    """The proxy. `faults` may be set at any time; `requests` and the server's `statuses` are recorded."""

    upstream: str
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        proxy: Proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Return the URL of the proxy."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fault_for(self, request: str) -> Fault | None:
        """Return the fault of a request, and count it."""
        self.requests.append(request)
        for fault in self.faults:
            if fault.seen < fault.times and re.search(fault.request, request):
                fault.seen += 1
                return fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore broken connections, which are expected."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # only printed


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Proxy

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Do not log."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.owner.fault_for(f"{self.command} {self.path}")
        if fault is not None and fault.before is not None:
            fault.before()
        match fault.kind if fault is not None else None:
            case "answer":
                assert fault is not None
                self._send(fault.status, [("Content-Type", "application/xml")], _error(fault.code))
            case "hang":
                self.owner.released.wait(30)
                self.close_connection = True
            case kind:
                if fault is not None and fault.ignored:
                    del self.headers[fault.ignored]
                self._pass_on(body, kind, fault.alter if fault is not None else None)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - the base class calls these names

    def _pass_on(self, body: bytes, kind: Kind | None, alter: Alter | None) -> None:
        status, headers, data = self._ask(body)
        if alter is not None:
            headers, data = alter(headers, data)
        self.owner.statuses.append(status)
        if kind == "etag":
            headers = [
                (name, '"0123456789abcdef0123456789abcdef"' if name == "ETag" else text) for name, text in headers
            ]
        if kind in {"damage", "forge"}:
            data = bytes([data[0] ^ 1]) + data[1:]
        if kind == "forge":
            headers = [(name, text) for name, text in headers if not name.lower().startswith("x-amz-checksum")]
        if kind == "stall":
            self._send(status, headers, data, cut=len(data) // 2)
            self.owner.released.wait(30)
            self.close_connection = True
            return
        if kind in {"truncate", "reset"}:
            self._send(status, headers, data, cut=len(data) // 2)
            if kind == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self._send(status, headers, data)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        where = urllib.parse.urlsplit(self.owner.upstream)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        try:
            headers = {name: text for name, text in self.headers.items() if name.lower() not in _HOP}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            kept = [(name, text) for name, text in answer.getheaders() if name.lower() not in _HOP]
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: list[tuple[str, str]], data: bytes, *, cut: int | None = None) -> None:
        self.send_response_only(status)
        for name, text in headers:
            if name == "Transfer-Encoding":
                continue
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, text)
        if ("Transfer-Encoding", "none") in headers:  # the body ends with the connection
            self.close_connection = True
        elif self.command != "HEAD" or status >= 400:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[:cut])
            self.wfile.flush()


def _error(code: str) -> bytes:
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>AKIATESTTESTTEST0001 said no</Message></Error>"
    return text.encode()
