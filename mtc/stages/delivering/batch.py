"""The life of one batch: planned, sending, recorded; or in doubt, and looked up before anything is sent again.

Matomo's answers are read by `mtc.matomo.tracking`; here is decided what follows from them. Nothing is sent that may
already be recorded: a batch without an answer is looked for until the server can no longer be at work on it.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mtc import faults
from mtc.delivery import Batch, BatchStatus
from mtc.errors import PermanentError, StepError, TransientError
from mtc.manifest.project import SiteSettings
from mtc.matomo.errors import LookupUnsureError
from mtc.matomo.lookup import Stored, Witness, find, stored
from mtc.matomo.outcomes import InDoubt, NotRecorded, Outcome, Recorded, Refused, Short
from mtc.matomo.retry import Patience, retrying
from mtc.matomo.tracking import send
from mtc.stages.delivering.layout import Layout, Sent
from mtc.stages.delivering.target import Target, TargetSite
from mtc.stages.delivering.witness import witnesses

_TRIES = 8
_PAUSE = 0.5
_LONGEST_PAUSE = 10.0

Read = TypeVar("Read")


class Ledger(Protocol):
    """Where moves of batches are recorded, and how a lane waits."""

    def moved(self, *batches: Batch) -> None:
        """Record for good how far batches have come."""

    def rest(self, seconds: float) -> None:
        """Wait; raises when the lane should end instead."""


@dataclass(slots=True)
class Courier:
    """Brings a lane's batches to a site, one at a time."""

    target: Target
    settings: SiteSettings
    site: TargetSite
    layout: Layout
    ledger: Ledger
    _told: tuple[Batch, ...] = ()

    def bring(self, batch: Batch, requests: Sequence[str]) -> None:
        """See a batch recorded. `requests` are those of all its hits.

        Raises:
            TransientError: the server does not take it now.
            PermanentError: it will not take it as things are.
        """
        if batch.status in {BatchStatus.SENDING, BatchStatus.IN_DOUBT}:  # an earlier run does not know
            batch = self._resolved(batch, self._may_be_at_work_until(batch))
        tries = 0
        while batch.status is not BatchStatus.RECORDED:
            batch, outcome = self._sent(batch, [requests[place] for place in batch.places])
            if isinstance(outcome, NotRecorded):
                tries += 1
                self._pause(outcome, tries)

    def flush(self) -> None:
        """Record what has been held back to be recorded together with the next move."""
        if self._told:
            told, self._told = self._told, ()
            self.ledger.moved(*told)

    def _sent(self, batch: Batch, requests: Sequence[str]) -> tuple[Batch, Outcome]:
        """Send what is left of a batch, once."""
        gate = self.target.gate
        while (shut := gate.shut_for()) > 0:
            self.flush()
            self.ledger.rest(shut)
        if not gate.free:
            self.flush()
        with gate:
            told, self._told = self._told, ()
            self.ledger.moved(*told, self._now(batch, BatchStatus.SENDING))
            faults.point("deliver.sending")
            outcome = send(self.target.connection, self.target.server, requests)
        faults.point("deliver.sent")
        return self._after(batch, outcome), outcome

    def _after(self, batch: Batch, outcome: Outcome) -> Batch:
        match outcome:
            case Recorded():
                self.target.gate.well()
                return self._recorded(batch, outcome.invalid, self._refused_places(batch, outcome))
            case Short():
                return self._completed(batch, outcome)
            case NotRecorded():
                self.target.gate.slowed(outcome.retry_after)
                return self._move(batch, BatchStatus.PLANNED)
            case InDoubt():
                self.target.gate.slowed()
                batch = self._move(batch, BatchStatus.IN_DOUBT)
                faults.point("deliver.doubt")
                return self._resolved(batch, self.target.clock() + self.target.settle)
            case Refused():
                return self._refused(batch, outcome)

    def _refused_places(self, batch: Batch, outcome: Recorded) -> tuple[int, ...]:
        """The hits that Matomo called invalid. A token with few rights is not told which: those that are not there."""
        if not outcome.invalid or outcome.invalid_indices is not None:
            return _places(batch, outcome.invalid_indices)
        hits = self.layout.sent(batch)
        found = self._stored([hits[place] for place in batch.places])
        missing = tuple(place for place in batch.places if hits[place].pv_id not in found.found)
        return missing if len(missing) == outcome.invalid else ()

    def _pause(self, outcome: NotRecorded, tries: int) -> None:
        """Let the server recover; give up for this try of the step when it does not."""
        if tries >= _TRIES:
            raise TransientError(outcome.reason, where=self.target.server.url)
        self.ledger.rest(min(_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE))

    def _refused(self, batch: Batch, outcome: Refused) -> Batch:
        """No hit was taken. Where site and token are well, the hits themselves are what Matomo does not want."""
        if outcome.invalid and outcome.invalid == len(batch.places):
            try:
                self.target.look_again(self.settings)
            except StepError:  # it is the token's or the site's fault, or nobody can tell: in either case none is kept
                self._move(batch, BatchStatus.PLANNED)
                raise
            return self._recorded(batch, outcome.invalid, batch.places)
        self._move(batch, BatchStatus.PLANNED)
        raise PermanentError(outcome.reason, where=self.target.server.url, hint=outcome.hint)

    def _may_be_at_work_until(self, batch: Batch) -> dt.datetime:
        """When the server can be at work no longer on a request that a run which is gone had sent.

        The request was sent right after its mark, and given up by `timeout` at the latest; or when that run died.
        """
        now = self.target.clock()
        begun = batch.moved or now
        return min(now, begun + self.target.timeout) + self.target.settle

    def _resolved(self, batch: Batch, until: dt.datetime) -> Batch:
        """Look for a batch in doubt until it is found, or can no longer appear; then what is left of it is planned."""
        hits = self.layout.sent(batch)
        asked = witnesses(batch, hits, self.layout.visitors(batch))
        pause = _PAUSE
        while True:
            over = self.target.clock() >= until
            if self._found(asked, quick=not over):
                return self._completed(batch, None, hits)
            if over:
                return self._move(batch, BatchStatus.PLANNED)
            left = (until - self.target.clock()).total_seconds()
            self.ledger.rest(max(0.0, min(pause, left)))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _found(self, asked: Sequence[Witness], *, quick: bool) -> bool:
        target, site = self.target, self.site
        return self._patiently(lambda: find(target.connection, target.server, site.id, site.zone, asked, quick=quick))

    def _stored(self, hits: Sequence[Sent]) -> Stored:
        target, site, times = self.target, self.site, [hit.time for hit in hits]
        ids = frozenset(hit.pv_id for hit in hits)
        return self._patiently(
            lambda: stored(target.connection, target.server, site.id, site.zone, min(times), max(times), ids)
        )

    def _patiently(self, read: Callable[[], Read]) -> Read:
        """Ask until there is an answer; a question may always be asked again."""
        return retrying(read, Patience(self.ledger.rest, first=_PAUSE))

    def _completed(self, batch: Batch, outcome: Short | None, hits: Sequence[Sent] = ()) -> Batch:
        """Some hits of a recorded batch may be lost: plan those that are not there, and no others.

        `outcome` is the answer that said how many are lost; None when there was no answer.
        """
        hits = hits or self.layout.sent(batch)
        refused = _places(batch, outcome.invalid_indices) if outcome and outcome.invalid_indices else ()
        wanted = {place: hits[place] for place in batch.places if place not in refused}
        found = self._stored(tuple(wanted.values()))
        lost = tuple(place for place, hit in wanted.items() if hit.pv_id not in found.found)
        if outcome is None and found.unsure:
            lost = ()  # in visits of which not all actions are listed; the batch as a whole is there
        short = outcome is not None and len(lost) > len(batch.places) - outcome.tracked - len(refused)
        batch = dataclasses.replace(batch, invalid=batch.invalid + len(refused), refused=(*batch.refused, *refused))
        if short and found.unsure:
            # Some of these are there and some are not: a later run has to find that out, and not to forget it.
            self._move(dataclasses.replace(batch, left=lost), BatchStatus.IN_DOUBT)
            raise LookupUnsureError(
                "which hits of a batch are lost cannot be told: Matomo lists only some actions of their visits",
                where=self.target.server.url,
                hint="set a higher visitor_log_maximum_actions_per_visit in [General] of Matomo's config.ini.php",
            )
        if not lost:
            return self._recorded(batch, 0, ())
        return self._move(dataclasses.replace(batch, left=lost), BatchStatus.PLANNED)

    def _recorded(self, batch: Batch, invalid: int, refused: Iterable[int]) -> Batch:
        """Done; recorded together with the next move, or by `flush`."""
        batch = dataclasses.replace(
            batch, left=None, invalid=batch.invalid + invalid, refused=(*batch.refused, *refused)
        )
        batch = self._now(batch, BatchStatus.RECORDED)
        self._told = (*self._told, batch)
        return batch

    def _move(self, batch: Batch, status: BatchStatus) -> Batch:
        batch = self._now(batch, status)
        self.flush()
        self.ledger.moved(batch)
        return batch

    def _now(self, batch: Batch, status: BatchStatus) -> Batch:
        return dataclasses.replace(batch, status=status, moved=self.target.clock())


def _places(batch: Batch, indices: Sequence[int] | None) -> tuple[int, ...]:
    """The places in the batch of what was sent at these indices."""
    sent = batch.places
    return tuple(sent[index] for index in indices or () if 0 <= index < len(sent))
