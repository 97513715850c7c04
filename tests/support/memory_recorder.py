"""The fake of `mtc.stages.stage.FactRecorder`: what a stage records stays in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mtc.core.model import Receipt, StepId
from mtc.stages.stage import Fact, StepDone


@dataclass(slots=True)
class MemoryRecorder:
    """Keeps all facts and adds up the progress."""

    facts: list[Fact] = field(default_factory=list)
    size: int = 0
    lines: int = 0

    def record(self, *facts: Fact) -> None:
        """Keep them."""
        self.facts.extend(facts)

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Add it up."""
        self.size += size
        self.lines += lines

    def check(self) -> None:
        """Never stop."""

    @property
    def receipts(self) -> Mapping[StepId, Receipt]:
        """The receipts recorded, by step."""
        return {fact.receipt.step: fact.receipt for fact in self.facts if isinstance(fact, StepDone)}
