"""What `plan` and `apply` are asked for, and the selection of steps that follows from it."""

import datetime as dt
from dataclasses import dataclass, replace

from mtc.core.errors import UsageError
from mtc.core.model import Stage, StepId
from mtc.core.records import History
from mtc.engine.observe import stat_sizes
from mtc.engine.selection import Scope, select, sites_of
from mtc.manifest.project import Project
from mtc.plan.world import Selection


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """What to apply, and how. `command` is shown to people and holds no secret; `wait` is in seconds.

    `csv_as_found` asks for a CSV row of each `.stat` file there is, whatever the manifest's dates. `accepted` steps and
    `accepted_sites` may do what a run never does by itself: count hits twice in Matomo, or lose what cannot be made
    again. `remake` imports again what an older mtc has imported.
    """

    project: Project
    scope: Scope
    command: str
    wait: float | None = None
    csv_as_found: bool = False
    accepted: frozenset[StepId] = frozenset()
    accepted_sites: frozenset[str] = frozenset()
    remake: bool = False


def selection_for(request: ApplyRequest, history: History, now: dt.datetime) -> Selection:
    """The steps that a request selects. `now` has a zone."""
    if not request.csv_as_found:
        return _with_accepted(select(request.project, request.scope, history, now), request)
    names = sites_of(request.project, request.scope)
    days = {name: tuple(sorted(stat_sizes(request.project.stats / name))) for name in names}
    return Selection((Stage.CSV,), days, exact=True)


def _with_accepted(selection: Selection, request: ApplyRequest) -> Selection:
    """The selection with what the operator accepts.

    Statistics may be of another day than the logs that they are made from.

    Raises:
        UsageError: an accepted step or site is not in the selection.
    """
    hint = "name its site and day with --site and --date"
    for step in sorted(request.accepted):
        days = selection.days.get(step.site, ())
        if step.stage is Stage.CSV or not days or (step.stage is Stage.IMPORT and step.day not in days):
            what = "csv steps lose nothing" if step.stage is Stage.CSV else "it is not in this plan"
            raise UsageError(f"{step} cannot be accepted: {what}", hint=hint)
    for site in sorted(request.accepted_sites - selection.days.keys()):
        raise UsageError(f"site:{site} cannot be accepted: it is not in this plan", hint="name it with --site")
    return replace(selection, accepted=request.accepted, accepted_sites=request.accepted_sites, remake=request.remake)
