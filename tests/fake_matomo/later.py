"""What happens after an answer was given: late commits, each in a thread of its own that ends with the server.

Or, where a test holds them, in their order when the test says so: then no clock decides what is seen when.
"""

import threading
from collections.abc import Callable


class Later:
    """Does things after a while, unless the server is closed before."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._held: list[Callable[[], object]] | None = None

    def hold(self) -> None:
        """Do nothing from now on, until `release` is called."""
        self._held = []

    def release(self) -> bool:
        """Do the next of what is held; says whether there was something."""
        if not self._held:
            return False
        self._held.pop(0)()
        return True

    def wait(self, seconds: float) -> bool:
        """Wait; False if the server is being closed."""
        return not self._closed.wait(seconds)

    def do(self, seconds: float, what: Callable[[], object]) -> None:
        """Have something done after so many seconds."""
        if self._held is not None:
            self._held.append(what)
            return
        thread = threading.Thread(target=self._run, args=(seconds, what), daemon=True)
        self._threads.append(thread)
        thread.start()

    def settle(self) -> None:
        """Wait until all that is to be done is done."""
        for thread in list(self._threads):
            thread.join()

    def close(self) -> None:
        """Do nothing more."""
        self._closed.set()
        self.settle()

    def _run(self, seconds: float, what: Callable[[], object]) -> None:
        if self.wait(seconds):
            what()
