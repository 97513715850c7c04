"""Read-only questions: what a run would do, a step's verdict, how all steps stand, what an import makes of log files.

Takes no lock.
"""

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.core.clock import Clock, utc_now
from mtc.core.model import Stage, Status, StepId
from mtc.core.records import History
from mtc.engine.observe import observe, unknown_site_notes
from mtc.engine.selection import ApplyRequest, Scope, select, selection_for, sites_of
from mtc.engine.wiring import source_opener
from mtc.formats.settings import Filters
from mtc.manifest.dates import is_relative
from mtc.manifest.models import Run, Source
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.duplicates import counted_once
from mtc.plan.freshness import stale_sites
from mtc.plan.growing import days_with_hits
from mtc.plan.planner import make_plan, with_steps_under_way
from mtc.plan.work import Plan
from mtc.plan.world import Selection
from mtc.state.lock import owner_at_work
from mtc.state.store import Store
from mtc.state.warehouse_owner import check

if TYPE_CHECKING:
    from mtc.stages.import_.preview import Explained

NO_SITE = SiteSettings("log", "", "UTC", Source(url="."), None, Filters())
"""The settings without a manifest: every default."""

STATUS_DAYS = 30


def plan(request: ApplyRequest, note: Callable[[str], None], clock: Clock = utc_now) -> Plan:
    """Make the plan of a request; nothing is changed. `note` is called with each remark for the user.

    Raises:
        UsageError: the request names an unknown site or step.
        StateError: the state file cannot be read, or the warehouse belongs to another one.
    """
    project = request.project
    with Store.open(project.state, readonly=True) as store:
        check(project.warehouse, store.lineage)
        history = counted_once(project, store.history(sites_of(project, request.scope)))
    now = clock()
    if owner := owner_at_work(project.state):
        note(f"another run is active: {owner}")
    selection = selection_for(request, history, now)
    for text in selection.notes:
        note(text)
    return _make_plan(project, selection, history, note, now)


def plan_step(project: Project, step: StepId, note: Callable[[str], None], clock: Clock = utc_now) -> Plan:
    """Plan everything that one step's verdict depends on: all stages of its site and day.

    The day does not count as named on the command line: the verdict is the one that `apply` would find.
    """
    scope = Scope(sites_of(project, Scope((step.site,))))
    with Store.open(project.state, readonly=True) as store:
        check(project.warehouse, store.lineage)
        history = counted_once(project, store.history(scope.sites))
    now = clock()
    of_run = select(project, scope, history, now)
    days = {step.site: (step.day,)}
    selection = Selection(tuple(Stage), days, of_run.named, exact=True, last=of_run.last)
    return _make_plan(project, selection, history, note, now)


def _make_plan(
    project: Project, selection: Selection, history: History, note: Callable[[str], None], now: dt.datetime
) -> Plan:
    world = observe(project, selection, history, source_opener(project, lambda: now), note)
    for found in stale_sites(project, selection, history, world.listings, now):
        note(str(found))
    made = make_plan(project, selection.with_added(world.listings), world, history, now)
    return with_steps_under_way(made, history) if owner_at_work(project.state) else made


@dataclass(frozen=True, slots=True)
class StatusData:
    """What `status` shows: the sites and days asked for, what is recorded, and today's verdicts.

    `notes` are about sites that the manifest does not have, and sites whose logs have stopped coming.
    """

    project: Project
    days: tuple[dt.date, ...]
    history: History
    plan: Plan | None
    notes: tuple[str, ...] = ()


def status_data(
    project: Project, scope: Scope, note: Callable[[str], None], *, offline: bool, clock: Clock = utc_now
) -> StatusData:
    """Collect what `status` shows; changes nothing. Offline, no source is listed and there is no plan.

    Without dates in `scope`, it covers the manifest's days, and if these are relative also the last 30 days; where all
    logs grow, from the first day that is known of them.
    """
    names = sites_of(project, scope)
    now = clock()
    with Store.open(project.state, readonly=True) as store:
        check(project.warehouse, store.lineage)
        history = counted_once(project, store.history(names))
        notes = () if scope.sites else unknown_site_notes(project, store)
    selection = select(project, scope, history, now)
    days = {day for site_days in selection.days.values() for day in site_days}
    if scope.dates is None and is_relative(project.dates):
        days |= _last_days(project, names, history, now.date())
    last = select(project, replace(scope, dates=None), history, now).last
    shown = {name: tuple(sorted(days)) for name in names}
    wide = Selection(project.stages, shown, selection.named, exact=True, last=last)
    made = None
    if not offline:
        made = _make_plan(project, wide, history, note, now)
    if scope.dates is None:
        notes += tuple(str(found) for found in stale_sites(project, selection, history, {}, now))
    narrowed = replace(project, sites={name: project.sites[name] for name in names})
    return StatusData(narrowed, tuple(sorted(days)), history, made, notes)


def _last_days(project: Project, names: Sequence[str], history: History, today: dt.date) -> set[dt.date]:
    """The last 30 days. Days before the first one that is known do not count where nothing could be loaded of them."""
    days = {today - dt.timedelta(days=back) for back in range(1, STATUS_DAYS + 1)}
    if not all(project.sites[name].grows for name in names):
        return days
    known = {day for name in names for day in days_with_hits(name, history)}
    known |= {step.day for step, record in history.steps.items() if record.status is not Status.PLANNED}
    return {day for day in days if day >= min(known, default=today)}


def as_format(site: SiteSettings, format_name: str | None) -> SiteSettings:
    """The site with another format, if one is given."""
    return replace(site, source=site.source.model_copy(update={"format": format_name})) if format_name else site


def explain(
    files: Sequence[Path], site: SiteSettings = NO_SITE, *, limit: int, memory: str = Run().memory
) -> Iterator["Explained"]:
    """Yield what an import would make of each file, with at most `limit` sample lines of each kind.

    Writes only to a temporary folder, which is removed at the end. `memory` limits the database, such as `2GB`.
    """
    from mtc.core.database import connect  # noqa: PLC0415 - loads duckdb
    from mtc.stages.import_.preview import Explainer  # noqa: PLC0415 - loads duckdb

    with tempfile.TemporaryDirectory(prefix="mtc-explain-") as name:
        folder = Path(name)
        explainer = Explainer(site, lambda: connect(memory, folder / "tmp"), folder, limit)
        for file in files:
            yield explainer.explain(file)
