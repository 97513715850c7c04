"""A Matomo that keeps nothing and answers at once: what is left to measure is the client.

`null_server.py` prints its address and serves on loopback until it is ended. A batch is answered with the count of its
hits, found by counting bytes; the calls that come before the first batch with one site and every right. Connections are
kept open. One thread serves all of them, so that a client's lanes meet a server which costs as little as possible.
"""

import selectors
import socket
from dataclasses import dataclass, field
from urllib.parse import parse_qs

_HIT = b'"?'  # a request string begins so, and nothing else of a body does, as strings are percent-encoded
_BLOCK = 1 << 20
_SITE = b'{"idsite":1,"name":"docs","main_url":"https://docs.example.org","timezone":"UTC"}'
_ANSWERS = {
    "API.getBulkRequest": b"[[1],[1],[1],[" + _SITE + b"]]",
    "API.getMatomoVersion": b'{"value":"5.1.2"}',
    "SitesManager.getSiteFromId": _SITE,
    "SitesManager.getSitesIdFromSiteUrl": b'[{"idsite":1}]',
}


@dataclass(slots=True)
class Client:
    """One connection, and the request that is under way on it: `length` is of head and body, 0 before the head ends."""

    socket: socket.socket
    held: bytearray = field(default_factory=lambda: bytearray(_BLOCK))
    filled: int = 0
    body: int = 0
    length: int = 0
    closes: bool = False

    def read(self) -> bool:
        """Take what has come, and answer if that ends a request; False when the connection is over."""
        if self.filled == len(self.held):
            self.held.extend(bytes(len(self.held)))
        with memoryview(self.held) as view:
            got = self.socket.recv_into(view[self.filled :])
        self.filled += got
        if not self.length:
            self._head()
        if self.length and self.filled >= self.length:
            self._answer()
            return bool(got) and not self.closes
        return bool(got)

    def _head(self) -> None:
        end = self.held.find(b"\r\n\r\n", 0, self.filled)
        if end < 0:
            return
        head = bytes(self.held[:end]).lower()
        size = head.partition(b"content-length:")[2].split(b"\r\n")[0]
        self.closes = b"connection: close" in head
        self.body, self.length = end + 4, end + 4 + int(size or 0)
        if b"100-continue" in head:
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _answer(self) -> None:
        hits = self.held.count(_HIT, self.body, self.length)
        said = b'{"status":"success","tracked":%d,"invalid":0,"invalid_indices":[]}' % hits if hits else self._called()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(said)
        self.socket.sendall(head + said)
        self.filled = self.body = self.length = 0

    def _called(self) -> bytes:
        """The answer to a call of the API, by form or by address."""
        query = bytes(self.held[: self.body]).split(b" ", 2)[1].partition(b"?")[2]
        form = parse_qs((query + b"&" + self.held[self.body : self.length]).decode("ascii", "replace"))
        return _ANSWERS.get(form.get("method", [""])[0], b"[]")


def serve(server: socket.socket) -> None:
    """Serve until the process is ended."""
    chosen = selectors.DefaultSelector()
    chosen.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in chosen.select():
            if key.data is None:
                accepted, _ = server.accept()
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                chosen.register(accepted, selectors.EVENT_READ, Client(accepted))
            elif not _goes_on(key.data):
                chosen.unregister(key.data.socket)
                key.data.socket.close()


def _goes_on(client: Client) -> bool:
    try:
        return client.read()
    except OSError:
        return False


def main() -> None:
    """Say where, and serve."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(f"http://127.0.0.1:{server.getsockname()[1]}", flush=True)
        serve(server)


if __name__ == "__main__":
    main()
