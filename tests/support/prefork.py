"""`mtc` as a real process without the second that Python takes to import it: forked from a process that has.

There is one such process for each set of variables that Python reads at its start (locale, PYTHON*), so that a child
differs from a fresh process only in its imports. Tests of the start itself use `start(..., fresh=True)`, as does every
test on a system without the required functions.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_SERVER = Path(__file__).with_name("prefork_server.py")
_AT_START = ("PYTHON", "LC_", "LANG")
_AVAILABLE = sys.platform == "linux" and hasattr(os, "pidfd_open")

Key = tuple[tuple[str, str], ...]


class _Server:
    """A process to fork from."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, str(_SERVER), str(theirs.fileno())]
            self._process = subprocess.Popen(
                command,
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def fork(self, words: bytes, streams: Sequence[int]) -> tuple[socket.socket, int, int]:
        """Fork a child; return the socket that receives its exit code, its process id and its handle."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"f"], [theirs.fileno(), *streams])
        ours.sendall(words)
        ours.shutdown(socket.SHUT_WR)
        pid, handles, _, _ = socket.recv_fds(ours, 32, 1)
        assert pid, "the process to fork from has ended"
        return ours, int(pid), handles[0]

    def stop(self) -> None:
        """End the process; its children continue."""
        self._control.close()
        self._process.wait()


_servers: dict[Key, _Server] = {}


class Forked:
    """A forked child, with a part of `subprocess.Popen`: stdin is empty, stdout and stderr are text pipes."""

    def __init__(self, module: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.args = [sys.executable, "-m", module, *arguments]
        self.returncode: int | None = None
        request = {
            "module": module, "arguments": arguments, "folder": str(folder), "environment": dict(environment)
        }  # fmt: skip
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            server = _server(environment)
            self._ended, self.pid, self._handle = server.fork(json.dumps(request).encode(), (nothing, out_end, err_end))
        finally:
            for handle in (nothing, out_end, err_end):
                os.close(handle)
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = os.fdopen(out)
        self.stderr: IO[str] | None = os.fdopen(err)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()

    def poll(self) -> int | None:
        """Return the exit code, or None while the child runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; return the exit code, or the negative number of the signal that ended it."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                assert timeout is not None
                raise subprocess.TimeoutExpired(self.args, timeout)
            code = self._ended.recv(32)
            assert code, "the process that was forked from has ended"
            self.returncode = int(code)
            self._ended.close()
            os.close(self._handle)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read stdout and stderr to their ends, and wait."""
        assert self.stdout is not None
        assert self.stderr is not None
        end = None if timeout is None else time.monotonic() + timeout
        read = _Reading(self.stdout), _Reading(self.stderr)  # a stream that was read to its end before is empty
        for reading in read:
            reading.join(_left(end))
            if reading.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
        self.wait(_left(end))
        return read[0].text, read[1].text

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the child has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)


class _Reading(threading.Thread):
    """Reads a stream to its end, and closes it."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self.text = ""
        self.start()

    def run(self) -> None:
        if not self._stream.closed:
            with self._stream:
                self.text = self._stream.read()


def _left(end: float | None) -> float | None:
    return None if end is None else max(0.0, end - time.monotonic())


Process = subprocess.Popen[str] | Forked


def start(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], *, fresh: bool = False, module: str = "mtc"
) -> Process:
    """Start `python -m mtc ARGUMENTS` in a folder, with only these variables; `fresh` imports everything again."""
    if _AVAILABLE and not fresh:
        return Forked(module, arguments, folder, environment)
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stop() -> None:
    """End the processes to fork from."""
    while _servers:
        _servers.popitem()[1].stop()


def _server(environment: Mapping[str, str]) -> _Server:
    key = tuple(sorted((name, value) for name, value in environment.items() if name.startswith(_AT_START)))
    if key not in _servers:
        _servers[key] = _Server(environment)
    return _servers[key]
