"""The table: a row for each thing that was measured, with its aim and whether it is met."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

from measure import Cost


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure that is to be reached: `figure` with its `unit`, and `wanted`, at least or at most; 0 where none is."""

    figure: float
    wanted: float
    unit: str
    at_least: bool = True

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        reached: Callable[[float, float], bool] = operator.ge if self.at_least else operator.le
        return reached(self.figure, self.wanted)

    @property
    def told(self) -> str:
        """The figure, the aim and whether it is met."""
        if not self.wanted:
            return f"{self.figure:,.4g} {self.unit}"
        sign = "≥" if self.at_least else "≤"
        answer = "met" if self.met else "MISSED"
        return f"{self.figure:,.4g} {self.unit} ({sign} {self.wanted:,.4g}: {answer})"


@dataclass(frozen=True, slots=True)
class Row:
    """What was done to `lines` lines of `size` bytes, and what that cost."""

    name: str
    cost: Cost
    lines: int = 0
    size: int = 0
    aims: tuple[Aim, ...] = ()


def show(title: str, rows: list[Row]) -> None:
    """Print the rows under a title."""
    print(f"\n{title}")
    print(f"  {'work':<34}{'seconds':>9}{'lines/s':>12}{'MB/s':>7}{'CPU s':>8}{'peak MB':>9}  aims")
    for row in rows:
        seconds = row.cost.seconds
        lines = f"{row.lines / seconds:,.0f}" if row.lines else "-"
        rate = f"{row.size / 1e6 / seconds:,.0f}" if row.size else "-"
        aims = "; ".join(aim.told for aim in row.aims)
        text = f"  {row.name:<34}{seconds:>9.2f}{lines:>12}{rate:>7}{row.cost.cpu:>8.2f}{row.cost.peak / 1e6:>9,.0f}"
        print(f"{text}  {aims}".rstrip(), flush=True)
