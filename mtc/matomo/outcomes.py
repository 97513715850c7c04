"""What may have become of a batch that was sent: values only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recorded:
    """Every hit is accounted for. `invalid_indices` is None where the token has no right to know them."""

    tracked: int
    invalid: int = 0
    invalid_indices: tuple[int, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Short:
    """Recorded, but for some hits that are lost without a word: the database did not get a lock in time."""

    tracked: int
    invalid: int = 0
    invalid_indices: tuple[int, ...] | None = ()


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """Certainly nothing is kept: it may be sent again, after `retry_after` seconds if the server says so."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It may be recorded or not: it has to be looked up before anything is sent again.

    `in_part` says that Matomo itself told of an error: of a batch whose transaction the database has ended, some hits
    may be kept, or all. `finished` says that the answer is that of the server's own code, which is at work no longer.
    `hint` is the remedy for it if none turns out to be there; `retry_after` as of `NotRecorded`.
    """

    reason: str
    in_part: bool = False
    finished: bool = False
    hint: str = ""
    retry_after: float | None = None

    @property
    def died(self) -> bool:
        """Whether the server's own code came to its end without a word, as over a hit that it cannot bear."""
        return self.finished and not self.in_part


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is recorded, nor would the next batch be: stop, and tell `hint`.

    `invalid` is how many hits Matomo called invalid, where that is the reason. A batch of a few hits that are invalid
    themselves looks the same as a wrong token: who has seen other hits of the site recorded knows better.
    """

    reason: str
    hint: str
    invalid: int = 0


Outcome = Recorded | Short | NotRecorded | InDoubt | Refused
