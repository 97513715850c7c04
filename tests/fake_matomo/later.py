"""What happens after an answer was given: late commits, each in a thread of its own that ends with the server."""

import threading
from collections.abc import Callable


class Later:
    """Does things after a while, unless the server is closed before."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []

    def wait(self, seconds: float) -> bool:
        """Wait; False if the server is being closed."""
        return not self._closed.wait(seconds)

    def do(self, seconds: float, what: Callable[[], object]) -> None:
        """Have something done after so many seconds."""
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
