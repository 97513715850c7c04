"""What has come in: counts for tests to look at."""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator


class Traffic:
    """Bulk requests that came in whole, the requests in them, the most at one time, and API calls by method."""

    def __init__(self) -> None:
        self.bulks = 0
        self.requests = 0
        self.peak = 0
        self.calls: Counter[str] = Counter()
        self._open = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def bulk(self, requests: int) -> Iterator[None]:
        """Count a bulk for as long as it is worked on."""
        with self._lock:
            self.bulks += 1
            self.requests += requests
            self._open += 1
            self.peak = max(self.peak, self._open)
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1

    def called(self, method: str) -> None:
        """Count a call of the API."""
        with self._lock:
            self.calls[method] += 1
