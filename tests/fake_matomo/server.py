"""A real HTTP server on loopback that behaves as a Matomo does, for tests.

    with FakeMatomo() as matomo:
        matomo.faults.next(Fault.COMMIT_THEN_DROP)
        ...
        assert not matomo.doubles()

It keeps all in memory. A restart drops every connection and loses the open transactions; port and data stay.
"""

import http.server
import socket
import threading
import time
from types import TracebackType
from typing import Self

from mtc.formats.agents import load_table_reader
from tests.fake_matomo.backend import Backend, RequestCounts
from tests.fake_matomo.clock import Clock
from tests.fake_matomo.faults import Faults
from tests.fake_matomo.handler import Handler
from tests.fake_matomo.scheduler import Scheduler
from tests.fake_matomo.settings import Settings
from tests.fake_matomo.store import SeenVisit, StoredHit

_POLL = 0.02


class Connections:
    """The sockets of the connections that are open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    def add(self, connection: socket.socket) -> None:
        """Add a connection."""
        with self._lock:
            self._open.add(connection)

    def remove(self, connection: socket.socket) -> None:
        """Remove a connection."""
        with self._lock:
            self._open.discard(connection)

    def drop(self) -> None:
        """Close all connections."""
        with self._lock:
            for connection in self._open:
                _shut(connection)

    def wait(self, seconds: float) -> None:
        """Wait until all have ended, for `seconds` at most."""
        end = time.monotonic() + seconds
        while self._open and time.monotonic() < end:
            time.sleep(_POLL / 4)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was quicker


class Listener(http.server.ThreadingHTTPServer):
    """The port, and the thread of each connection."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, backend: Backend, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.backend = backend
        self.connections = Connections()
        self.errors: list[BaseException] = []

    def restart(self) -> None:
        """Lose open transactions and connections; the port stays open."""
        self.backend.store.restart()
        self.connections.drop()

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep errors of the server for the test; a client that disconnects is not one."""
        del request, client_address
        error = _current_error()
        if error and not isinstance(error, OSError):
            self.errors.append(error)


def _current_error() -> BaseException | None:
    import sys  # noqa: PLC0415 - the library passes the error in no other way

    return sys.exc_info()[1]


class FakeMatomo:
    """The server, as tests see it."""

    def __init__(self, settings: Settings | None = None, *, port: int = 0) -> None:
        self.backend = Backend(settings or Settings())
        self._listener = Listener(self.backend, port)
        self.port = int(self._listener.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        load_table_reader()  # the thread of a connection ends before others begin
        self._thread = self._serve()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def faults(self) -> Faults:
        """The faults to come."""
        return self.backend.faults

    @property
    def clock(self) -> Clock:
        """The server's clock; set `skew` or `frozen`."""
        return self.backend.clock

    @property
    def scheduler(self) -> Scheduler:
        """The actions that run after a response was sent."""
        return self.backend.scheduler

    @property
    def posts(self) -> RequestCounts:
        """The counts of requests."""
        return self.backend.traffic

    @property
    def errors(self) -> list[BaseException]:
        """The errors of the server itself."""
        return self._listener.errors

    def hits(self, site: int | None = None) -> list[StoredHit]:
        """Every stored action."""
        return self.backend.store.hits(site)

    def visits(self, site: int | None = None) -> list[SeenVisit]:
        """Every committed visit."""
        return self.backend.store.visits(site)

    def doubles(self) -> dict[tuple[int, str], int]:
        """Every `pv_id` that a site has more than once, and how often."""
        return self.backend.store.doubles()

    def settle(self) -> None:
        """Wait for late commits."""
        self.backend.scheduler.settle()

    def restart(self, down: float = 0) -> None:
        """Restart: connections and open transactions are lost. The port is closed for `down` seconds."""
        if down <= 0:
            self._listener.restart()
            return
        self._stop()
        self.backend.store.restart()
        time.sleep(down)
        self._listener = Listener(self.backend, self.port)
        self._thread = self._serve()

    def close(self) -> None:
        """Stop serving."""
        self.backend.scheduler.close()
        self._stop()

    def _serve(self) -> threading.Thread:
        thread = threading.Thread(target=self._listener.serve_forever, args=(_POLL,), daemon=True)
        thread.start()
        return thread

    def _stop(self) -> None:
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
        self._listener.connections.drop()
        self._listener.connections.wait(2)
