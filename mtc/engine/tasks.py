"""Planned steps as tasks for an executor: an import step each, a site's statistics in sets of days, all CSV as one."""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mtc.core.model import Stage
from mtc.plan.work import PlannedStep, Task

_STAT_SET = 400


@dataclass(slots=True)
class OpenStep:
    """A step that runs, or waits for its next attempt. `looked` is when its source was listed for this plan."""

    planned: PlannedStep
    looked: dt.datetime | None = None
    waits: bool = False
    attempt: int = 0
    began: float = 0.0


def tasks(steps: Iterable[PlannedStep]) -> Iterator[Task]:
    """Group the steps of one stage into tasks."""
    for (stage, site), group in itertools.groupby(steps, key=_group):
        if stage is Stage.IMPORT:
            yield from (Task(stage, (planned,)) for planned in group)
        elif stage is Stage.STAT:
            yield from (Task(stage, some) for some in _chunks(group, _STAT_SET))
        else:
            yield Task(stage, tuple(group))
        del site


def _group(planned: PlannedStep) -> tuple[Stage, str]:
    stage = planned.step.stage
    return stage, "" if stage is Stage.CSV else planned.step.site


def _chunks(steps: Iterable[PlannedStep], size: int) -> Iterator[tuple[PlannedStep, ...]]:
    rest = iter(steps)
    while chunk := tuple(itertools.islice(rest, size)):
        yield chunk
