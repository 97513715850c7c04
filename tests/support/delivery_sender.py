"""A batch on its way to a fake Matomo: real parts, a server on loopback, and a recorder of every status change.

The clock is that of the test: it advances only when the sender sleeps.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from delivery_parts import NOON, UNTIL, Row, laid, write_parts
from pydantic import SecretStr

from mtc.core.deliveries import Batch, BatchId, BatchStatus, Cut
from mtc.formats.settings import Filters
from mtc.manifest.models import Source
from mtc.manifest.project import SiteSettings
from mtc.matomo.settings import Matomo
from mtc.stages.deliver.batch_sender import BatchSender
from mtc.stages.deliver.batching import Batching
from mtc.stages.deliver.lanes import FirstBatches, LaneStoppedError, SetAsideError
from mtc.stages.deliver.tracker import MatomoTracker, TrackedSite
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, Settings

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
SETTLE = dt.timedelta(seconds=120)
TIMEOUT = dt.timedelta(seconds=30)
BATCH = 12


@dataclass(slots=True)
class BatchRecorder:
    """Records status changes by call, and pauses. The lane ends after `rests_left` pauses, or never if it is None."""

    now: dt.datetime = UNTIL
    moves: list[tuple[Batch, ...]] = field(default_factory=list)
    rests: list[float] = field(default_factory=list)
    rests_left: int | None = None
    at_rest: Callable[[], object] = lambda: None
    at_move: Callable[[Batch], None] = lambda _: None

    def record(self, *batches: Batch) -> None:
        """Record the batches."""
        self.moves.append(batches)
        for batch in batches:
            self.at_move(batch)

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        if self.rests_left == 0:
            raise LaneStoppedError
        if self.rests_left is not None:
            self.rests_left -= 1
        self.rests.append(seconds)
        self.now += dt.timedelta(seconds=seconds)
        self.at_rest()

    @property
    def statuses(self) -> list[BatchStatus]:
        """Return the recorded statuses, in order."""
        return [batch.status for call in self.moves for batch in call]

    @property
    def last(self) -> Batch:
        """Return the last recorded batch."""
        return self.moves[-1][-1]


@dataclass(slots=True)
class Bench:
    """A batch of hits, and the server that receives it."""

    matomo: FakeMatomo
    batching: Batching
    tracker: MatomoTracker
    batch_recorder: BatchRecorder
    sender: BatchSender
    requests: list[str]

    @property
    def batch(self) -> Batch:
        """Return the batch before it was sent."""
        return self.batching.batches()[0]

    def send(self, batch: Batch | None = None, requests: Sequence[str] | None = None) -> Batch:
        """Send the batch until it is recorded, as the only lane does, write everything, and return it."""
        self.sender.firsts = FirstBatches()
        wanted = self.requests if requests is None else requests
        try:
            self.sender.send(batch or self.batch, wanted)
        except SetAsideError as error:
            self.sender.send(error.batch, wanted, last=True)
        finally:
            self.sender.flush()
        return self.batch_recorder.last

    def of_an_earlier_run(self, status: BatchStatus = BatchStatus.SENDING, *, ago: dt.timedelta | None) -> Batch:
        """Return the batch as an earlier run left it, `ago` before now."""
        return dataclasses.replace(
            self.batch, status=status, moved=None if ago is None else self.batch_recorder.now - ago
        )

    def stored(self) -> list[int]:
        """Return the positions of the stored hits, sorted; a hit that is stored twice is listed twice."""
        places = {hit.pv_id: place for place, hit in enumerate(self.batching.hits_of(self.batch))}
        return sorted(places[hit.pv_id] for hit in self.matomo.hits(1))

    def store(self, *places: int) -> None:
        """Store these hits on the server, as if an earlier run had sent them."""
        requests = [self.requests[place] for place in places]
        other = _sender(self.tracker, self.batching, BatchRecorder())
        other.send(Batch(BatchId(0, 0), len(requests)), requests)
        self.matomo.posts.bulks = 0

    def again(self) -> None:
        """Start a later run: a new sender and recorder at the same time."""
        self.batch_recorder = BatchRecorder(self.batch_recorder.now)
        self.tracker.clock = lambda: self.batch_recorder.now
        self.sender = _sender(self.tracker, self.batching, self.batch_recorder)


def hits(count: int = BATCH, visitors: int = 4) -> list[Row]:
    """Return hits of some visitors, one second apart."""
    second = dt.timedelta(seconds=1)
    return [
        Row("o1", at + 1, NOON + at * second, f"192.0.2.{at % visitors}", path=f"/{at}", user_agent=AGENT)
        for at in range(count)
    ]


@contextmanager
def bench(
    folder: Path,
    rows: Sequence[Row] = (),
    *,
    settings: Settings | None = None,
    token: str = SUPER,
    timeout: int = 30,
    size: int = 5000,
) -> Iterator[Bench]:
    """Batches of at most `size` of these hits, or of `hits()`; by default a single batch."""
    with FakeMatomo(settings) as matomo:
        loaded = write_parts(folder, {"a": rows or hits()})
        wanted = Matomo(url=matomo.url, token=SecretStr(token), settle="120s", timeout=f"{timeout}s", jobs=4)
        batch_recorder = BatchRecorder()
        with laid(folder, loaded, Cut("0123456789abcdef", 1, size, UNTIL)) as batching:
            tracker = MatomoTracker(wanted, folder, lambda: batch_recorder.now, sleep=lambda _: None)
            sender = _sender(tracker, batching, batch_recorder)
            made = Bench(matomo, batching, tracker, batch_recorder, sender, batching.requests(BatchId(0, 0), 1)[0])
            with tracker.client:
                yield made
        assert matomo.errors == []
        assert matomo.doubles() == {}
        assert tracker.client.limiter.in_flight == 0


def _sender(tracker: MatomoTracker, batching: Batching, batch_recorder: BatchRecorder) -> BatchSender:
    source = Source.model_validate({"url": "logs/{site}/{date:%Y-%m-%d}*"})
    docs = SiteSettings("docs", "https://docs.example.org", "UTC", source, None, Filters(), 1, matomo=tracker.settings)
    return BatchSender(
        tracker, docs, TrackedSite(1, "https://docs.example.org", dt.UTC), batching, batch_recorder, FirstBatches()
    )
