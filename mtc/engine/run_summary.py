"""The summary of a run: how each step ended so far, the counts and the exit code."""

from dataclasses import dataclass, field

from mtc.core.errors import EXIT_FAILED, EXIT_OK
from mtc.core.model import Status, StepId, Verdict
from mtc.plan.work import PlannedStep
from mtc.state.run_records import StepOutcome


@dataclass(slots=True)
class RunSummary:
    """The outcomes of one run. A step that is retried counts once, as it ended last.

    `idle` are the steps without work, by verdict. `stale` maps each site whose logs have stopped coming to whether that
    is overdue (`freshness.error_after`).
    """

    outcomes: dict[StepId, StepOutcome] = field(default_factory=dict)
    idle: dict[StepId, Verdict] = field(default_factory=dict)
    lines: int = 0
    hits: int = 0
    stale: dict[str, bool] = field(default_factory=dict)

    def add_idle(self, planned: PlannedStep) -> None:
        """Record a step that has no work."""
        self.idle[planned.step] = planned.verdict

    def add_outcome(self, outcome: StepOutcome) -> None:
        """Record how a step ended."""
        self.outcomes[outcome.step] = outcome

    def count_ended(self, status: Status) -> int:
        """How many steps ended with this status."""
        return sum(outcome.status is status for outcome in self.outcomes.values())

    def count_idle(self, verdict: Verdict) -> int:
        """How many steps had no work, with this verdict."""
        return [*self.idle.values()].count(verdict)

    @property
    def blocked(self) -> int:
        """How many steps could not be tried."""
        return self.count_ended(Status.BLOCKED) + sum(
            self.count_idle(verdict) for verdict in Verdict if verdict.is_stuck
        )

    @property
    def exit_code(self) -> int:
        """0; or 3 if a step failed or is blocked, or a site's logs are overdue."""
        return EXIT_FAILED if self.count_ended(Status.FAILED) or self.blocked or any(self.stale.values()) else EXIT_OK

    def counts(self) -> dict[str, int]:
        """The counts of steps by outcome, as the end of a run reports them."""
        return {
            "done": self.count_ended(Status.DONE),
            "empty": self.count_ended(Status.EMPTY),
            "failed": self.count_ended(Status.FAILED),
            "blocked": self.blocked,
            "up_to_date": self.count_idle(Verdict.UP_TO_DATE),
            "not_due": self.count_idle(Verdict.NOT_DUE),
        }
