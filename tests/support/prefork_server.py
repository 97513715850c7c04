"""The process that `prefork` forks from: it imports mtc, and each child runs `python -m MODULE ARGUMENTS`.

Run as a script with the number of a socket. A request is one byte with four handles: a socket for this request, stdin,
stdout and stderr. That socket carries the request, then the child's handle and process id, and finally its exit code.
This process starts no thread and opens no database, as neither would survive a fork.
"""

import contextlib
import dataclasses
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; SM-G960F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile",
    "curl/8.0.1",
)
"""User agents whose classification loads the tables for most logs; the result depends on the text only."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to run, and its three streams."""

    module: str
    arguments: list[str]
    folder: str
    environment: dict[str, str]
    streams: tuple[int, int, int] = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Child:
    """A forked child, and the socket of its request."""

    pid: int
    handle: int
    waiting: socket.socket

    def report(self) -> None:
        """Send the exit code."""
        _, status = os.waitpid(self.pid, 0)
        with contextlib.suppress(OSError):  # the other side has closed the socket
            self.waiting.sendall(f"{os.waitstatus_to_exitcode(status)}".encode())
        self.forget()

    def forget(self) -> None:
        """Close the handle and the socket."""
        os.close(self.handle)
        self.waiting.close()


def load() -> None:
    """Import all of mtc, including late imports, and read the user agent tables."""
    mtc = importlib.import_module("mtc")
    for found in pkgutil.walk_packages(mtc.__path__, "mtc."):
        if not found.name.endswith(".__main__"):
            importlib.import_module(found.name)
    importlib.import_module("mtc.formats.agents").classify(AGENTS)
    importlib.import_module("mtc.warehouse.referrers").referrer_list()
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a thread would not survive a fork"
    gc.collect()
    gc.freeze()


def serve(control: socket.socket) -> Request | None:
    """Fork at each request; return the request in the child, and None when the other side has closed the socket."""
    children: dict[int, Child] = {}
    while True:
        ready, _, _ = select.select([control.fileno(), *children], [], [])
        for handle in ready:
            if handle in children:
                children.pop(handle).report()
        if control.fileno() not in ready:
            continue
        word, handles, _, _ = socket.recv_fds(control, 1, 4)
        if not word:
            return None
        waiting = socket.socket(fileno=handles[0])
        request = _read(waiting, (handles[1], handles[2], handles[3]))
        pid = os.fork()
        if not pid:
            for other in children.values():
                other.forget()
            waiting.close()
            control.close()
            return request
        for stream in request.streams:
            os.close(stream)
        child = Child(pid, os.pidfd_open(pid), waiting)
        socket.send_fds(waiting, [f"{pid}".encode()], [child.handle])
        children[child.handle] = child


def _read(waiting: socket.socket, streams: tuple[int, int, int]) -> Request:
    text = b"".join(iter(lambda: waiting.recv(1 << 16), b""))
    return dataclasses.replace(Request(**json.loads(text)), streams=streams)


def become(request: Request) -> None:
    """Run like `python -m MODULE ARGUMENTS` in this folder, with these variables and streams."""
    for number, handle in enumerate(request.streams):
        os.dup2(handle, number)
        os.close(handle)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _open_streams()
    sys.argv = ["-m", *request.arguments]
    sys.path[0] = str(Path.cwd())


def _open_streams() -> None:
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        made = _stream(number, getattr(sys, name))
        setattr(sys, name, made)
        setattr(sys, f"__{name}__", made)


def _stream(number: int, like: Any) -> Any:
    """Return a stream as Python opens it at its start, by the variables of this process."""
    buffering = 0 if isinstance(like.buffer, io.RawIOBase) else -1
    buffer: Any = open(number, "wb" if number else "rb", buffering, closefd=False)  # noqa: SIM115 - stays open
    getattr(buffer, "raw", buffer).name = like.name
    by_lines = like.line_buffering or (os.isatty(number) and not like.write_through)
    made: Any = io.TextIOWrapper(buffer, like.encoding, like.errors, "\n", by_lines, like.write_through)
    made.mode = "w" if number else "r"
    return made


def main() -> None:
    """Load, and serve until the other side ends; in a child, run the module as `__main__`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the process that waits for the children
    control = socket.socket(fileno=int(sys.argv[1]))
    load()
    request = serve(control)
    control.close()
    if request is not None:
        become(request)
        runpy.run_module(request.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
