"""Planned steps as tasks for an executor: an import step each, a site's statistics in sets of days, all CSV as one."""

import itertools
from collections.abc import Iterable, Iterator

from mtc.core.model import Stage
from mtc.plan.work import PlannedStep, Task

_STAT_SET = 400


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
