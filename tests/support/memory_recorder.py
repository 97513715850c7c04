"""A fake `mtc.stages.stage.FactRecorder` that keeps the records of a stage in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mtc.core.model import Receipt, StepId
from mtc.stages.stage import Fact, StepDone


@dataclass(slots=True)
class MemoryRecorder:
    """Keeps all facts, and adds up the progress."""

    facts: list[Fact] = field(default_factory=list)
    size: int = 0
    lines: int = 0

    def record(self, *facts: Fact) -> None:
        """Keep the facts."""
        self.facts.extend(facts)

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Add up the progress."""
        self.size += size
        self.lines += lines

    def check(self) -> None:
        """Do not interrupt."""

    @property
    def receipts(self) -> Mapping[StepId, Receipt]:
        """Return the recorded receipts, by step."""
        return {fact.receipt.step: fact.receipt for fact in self.facts if isinstance(fact, StepDone)}
