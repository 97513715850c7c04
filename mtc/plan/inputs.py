"""How the inputs of stat and csv steps are called, and which version of them is there."""

import datetime as dt
from collections.abc import Mapping

from mtc.model import Stage, Status, StepId
from mtc.plan.model import History, StepRecord, World

_OF = " of "


def input_name(key: str, file: str, step: StepId | None) -> str:
    """The name of a part among the inputs of a stat step; `step` is the import that made it if it is another day's."""
    return f"{key} {file}{_OF}{step}" if step else f"{key} {file}"


def import_named(name: str) -> str:
    """The import of another day that an input's name ends with, as text; else something that is no step."""
    return name.rpartition(_OF)[2]


def stat_version(site: str, day: dt.date, world: World, history: History) -> str:
    """The recorded digest of a `.stat` file if its size is the recorded one, else its size; empty for none."""
    size = world.stat_files.get((site, day))
    if size is None:
        return ""
    record = history.steps.get(StepId(Stage.STAT, site, day))
    outputs = record.outputs if record else ()
    return next((output.digest for output in outputs if str(output.size) == size), f"{size} bytes")


def recorded_digests(records: Mapping[StepId, StepRecord]) -> dict[dt.date, str]:
    """The digest of each `.stat` file of a site that a step has made, by day."""
    return {
        step.day: output.digest
        for step, record in records.items()
        if step.stage is Stage.STAT and record.status is Status.DONE
        for output in record.outputs
    }
