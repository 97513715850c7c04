"""An HTTP server on loopback with scripted, possibly broken answers, which records its requests."""

import contextlib
import datetime as dt
import ipaddress
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `connection` is the number of its connection."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def form(self) -> dict[str, str]:
        """Return the body as a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. `promised` is a wrong Content-Length; `close` closes the connection afterwards."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    promised: int | None = None
    close: bool = False
    reset: bool = False


def as_json(value: object, status: int = 200, **headers: str) -> Answer:
    """Return a JSON answer."""
    fields = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Answer(json.dumps(value).encode(), status, headers=fields)


def html(text: str, status: int = 200, **headers: str) -> Answer:
    """Return an HTML answer."""
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(text.encode(), status, "text/html; charset=utf-8", fields)


RESET = Answer(reset=True)


def in_turn(*answers: Answer) -> Callable[[Asked], Answer]:
    """Return the answers in order, and repeat the last one."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@dataclass(slots=True)
class Scripted:
    """A running server: its address and the requests so far."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    sockets: list[socket.socket] = field(default_factory=list)

    def drop(self) -> None:
        """Close every connection that clients keep open."""
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.sockets.clear()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect, which is expected."""


@contextlib.contextmanager
def running(answer: Callable[[Asked], Answer], *, tls: tuple[Path, Path] | None = None) -> Iterator[Scripted]:
    """Run a server on a free port during the block; `tls` is a certificate and its key."""
    script = Scripted("")
    server = _Server(("127.0.0.1", 0), _handler(script, answer))
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    script.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        script.drop()
        server.server_close()
        thread.join()


def _handler(script: Scripted, answer: Callable[[Asked], Answer]) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            with lock:
                script.connections += 1
                self.number = script.connections
                script.sockets.append(self.connection)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body, self.number)
            with lock:
                script.asked.append(asked)
                told = answer(asked)
            self._give(told)

        do_CONNECT = do_POST  # noqa: N815 - the name is that of http.server

        def _give(self, told: Answer) -> None:
            time.sleep(told.delay)
            self.close_connection = self.close_connection or told.close or told.promised is not None
            if told.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            self.send_response(told.status)
            self.send_header("Content-Type", told.content_type)
            self.send_header("Content-Length", str(len(told.body) if told.promised is None else told.promised))
            for name, value in told.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: object) -> None:
            """Do not log."""

    return Handler


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return a self-signed certificate for 127.0.0.1 and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mtc test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "server.pem", folder / "server.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    paths[1].write_bytes(secret)
    return paths
