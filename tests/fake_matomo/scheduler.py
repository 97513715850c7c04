"""Runs actions after a response was sent, such as late commits: each in a thread that ends with the server.

A test can hold them and release them one by one, in order: then the result does not depend on a clock.
"""

import threading
from collections.abc import Callable


class Scheduler:
    """Runs actions after a delay, unless the server is closed before."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._held: list[Callable[[], object]] | None = None

    def hold(self) -> None:
        """Hold all actions from now on, until `release` is called."""
        self._held = []

    def release(self) -> bool:
        """Run the next action that is held; returns whether there was one."""
        if not self._held:
            return False
        self._held.pop(0)()
        return True

    def wait(self, seconds: float) -> bool:
        """Wait; False if the server is being closed."""
        return not self._closed.wait(seconds)

    def do(self, seconds: float, what: Callable[[], object]) -> None:
        """Run `what` after a delay in seconds."""
        if self._held is not None:
            self._held.append(what)
            return
        thread = threading.Thread(target=self._run, args=(seconds, what), daemon=True)
        self._threads.append(thread)
        thread.start()

    def settle(self) -> None:
        """Wait until all actions have run."""
        for thread in list(self._threads):
            thread.join()

    def close(self) -> None:
        """Cancel the remaining actions."""
        self._closed.set()
        self.settle()

    def _run(self, seconds: float, what: Callable[[], object]) -> None:
        if self.wait(seconds):
            what()
