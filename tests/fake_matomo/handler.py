"""A connection: reads HTTP/1.1 requests, routes them by path, writes the responses unless a fault prevents that."""

import base64
import dataclasses
import email.utils
import http.server
import socket
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl, urlsplit

from tests.fake_matomo import api_endpoint, control
from tests.fake_matomo.backend import Backend
from tests.fake_matomo.faults import Fault, Place, PlannedFault
from tests.fake_matomo.responses import (
    DROPPED,
    NOT_A_BULK,
    NOT_FOUND,
    SIGN_IN,
    TOO_LARGE,
    Response,
    Transmission,
    document,
    failure_response,
)
from tests.fake_matomo.tracking_endpoint import TrackingEndpoint

if TYPE_CHECKING:
    from tests.fake_matomo.server import Listener

TRACKERS = ("/matomo.php", "/piwik.php")


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves a connection until either side ends it."""

    protocol_version = "HTTP/1.1"
    server_version = "Web"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together
    timeout = 60

    def do_GET(self) -> None:
        """Answer a GET request: the API, or a question of a test."""
        path, _ = self._target()
        planned = None if self._is_control(path) or path.endswith(TRACKERS) else self._fault(Place.REPORTS)
        self._respond(self._get(planned))

    def do_POST(self) -> None:
        """Answer a POST request: tracking, the API, or an order of a test."""
        path, _ = self._target()
        place = Place.TRACKING if path.endswith(TRACKERS) else Place.REPORTS
        planned = None if self._is_control(path) else self._fault(place)
        if planned and planned.fault is Fault.RESET:
            self._reset()
            return
        body = self._read()
        if isinstance(body, Response):
            self._respond(body)
        elif self._is_control(path):
            self._respond(control.order(self._backend, path, body))
        else:
            self._respond(self._signed_in() or self._post(path, body, place, planned))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` header, by the server's own clock."""
        return email.utils.formatdate(self._backend.clock.now() if timestamp is None else timestamp, usegmt=True)

    def setup(self) -> None:
        """Remember the connection, so that a restart can end it."""
        super().setup()
        self._listener.connections.add(self.connection)

    def finish(self) -> None:
        """Forget the connection."""
        try:
            super().finish()
        finally:
            self._listener.connections.remove(self.connection)

    @property
    def _listener(self) -> "Listener":
        return cast("Listener", self.server)

    @property
    def _backend(self) -> Backend:
        return self._listener.backend

    def _fault(self, place: Place) -> PlannedFault | None:
        return self._backend.faults.take(place)

    def _is_control(self, path: str) -> bool:
        return self._backend.settings.control and path.startswith("/_")

    def _target(self) -> tuple[str, Mapping[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))

    def _read(self) -> bytes | Response:
        """The body, if it is complete; an incomplete one is not processed."""
        length = int(self.headers.get("Content-Length") or 0)
        limit = self._backend.settings.body_limit
        body = self.rfile.read(length)
        if len(body) < length:
            return DROPPED
        return TOO_LARGE if limit and length > limit else body

    def _signed_in(self) -> Response | None:
        """The response of the proxy in front to an unknown user; None for a known one."""
        login = self._backend.settings.basic_auth
        if login is None:
            return None
        expected = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        return None if self.headers.get("Authorization") == expected else SIGN_IN

    def _get(self, planned: PlannedFault | None) -> Response:
        path, params = self._target()
        if self._is_control(path):
            return control.look(self._backend, path, params)
        if refused := self._signed_in():
            return refused
        if path.endswith(TRACKERS):
            return NOT_A_BULK
        return self._ask(path, params, planned)

    def _post(self, path: str, body: bytes, place: Place, planned: PlannedFault | None) -> Response:
        params = self._target()[1]
        if place is Place.TRACKING:
            sender = str(self.client_address[0]), self.headers.get("User-Agent", "")
            return TrackingEndpoint(self._backend).answer(
                body, params.get("token_auth", ""), sender, planned, self._elsewhere()
            )
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        return self._ask(path, {**params, **form}, planned)

    def _ask(self, path: str, params: Mapping[str, str], planned: PlannedFault | None) -> Response:
        if not path.endswith(("/index.php", "/")):
            return NOT_FOUND
        if planned and planned.fault is Fault.SLOW and not self._backend.scheduler.wait(planned.seconds):
            return DROPPED
        failure = failure_response(planned, self._elsewhere()) if planned else None
        if failure and planned and planned.fault in {Fault.DATABASE_DOWN, Fault.MAINTENANCE}:
            return document({"result": "error", "message": "The database does not answer."}, 500)
        answer = failure or api_endpoint.answer(self._backend, params)
        return (
            dataclasses.replace(answer, transmission=Transmission.CUT)
            if planned and planned.fault is Fault.CUT
            else answer
        )

    def _elsewhere(self) -> str:
        """The same address over https."""
        return f"https://{self.headers.get('Host', '127.0.0.1')}{self.path}"

    def _respond(self, answer: Response) -> None:
        if answer.transmission is Transmission.RESTART:
            self._listener.restart()
        if answer.transmission is Transmission.RESET:
            self._reset()
        elif answer.transmission in {Transmission.DROP, Transmission.RESTART}:
            self.close_connection = True
        else:
            self._write(answer)

    def _write(self, answer: Response) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        if answer.status != http.HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        half = answer.transmission is Transmission.CUT
        self.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
        self.close_connection |= half

    def _reset(self) -> None:
        """End the connection so that the client sees a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
