"""What a run has seen of a server that tells its own failure from that of a hit. Shared by the lanes of all steps."""

import threading
from collections import Counter

from mtc.delivery import Batch, BatchId, Cut
from mtc.stages.delivering.bisecting import Bisection

_Key = tuple[str, BatchId]


class Evidence:
    """Counts the requests that a site's hits were taken with, and keeps the batches that could not be settled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[int] = Counter()
        self._aside: dict[_Key, tuple[int, int, Bisection]] = {}
        self.failing: set[str] = set()
        """The ids of the hits that Matomo fails over."""

    def took(self, site: int) -> None:
        """Hits of a site were stored."""
        with self._lock:
            self._taken[site] += 1

    def set_aside(self, site: int, cut: Cut, batch: BatchId, pieces: Bisection) -> None:
        """Keep what is known of a batch that cannot be settled before others are taken."""
        with self._lock:
            self._aside[(cut.uid, batch)] = site, self._taken[site], pieces

    def back(self, cut: Cut, batch: Batch, *, last: bool) -> Bisection | None:
        """Go on with what was set aside, if others were taken since, or if this is the `last` that can be done."""
        with self._lock:
            site, taken, pieces = self._aside.pop((cut.uid, batch.id), (0, 0, None))
            if pieces is None or pieces.left != batch.places:
                return None
            pieces.elsewhere = self._taken[site] > taken
            return pieces if pieces.elsewhere or last else None

    def waiting(self, site: int) -> int:
        """How many batches of a site are set aside, with nothing of it taken since."""
        with self._lock:
            return sum(own == site and self._taken[own] == taken for own, taken, _ in self._aside.values())
