"""From lines to hits to Matomo to `.stat` to CSV: every imported day looked at anew, and what disagrees. Only reads.

No lock is taken: a run may be at work meanwhile, which is told, as its days are in between. Matomo is not asked then: a
report that is read during a delivery would stay short.
"""

import datetime as dt
from collections.abc import Iterator

from mtc.manifest.dates import days as days_of
from mtc.manifest.models import Dates
from mtc.manifest.project import Project, SiteSettings
from mtc.model import Stage
from mtc.plan.copies import counted_once
from mtc.plan.freshness import stale_sites
from mtc.plan.model import History, Selection
from mtc.plan.neighbours import Neighbours
from mtc.run.clock import Clock, utc_now
from mtc.run.orphans import orphans
from mtc.run.select import Wanted, sites_of
from mtc.run.verifying.chain import compare
from mtc.run.verifying.looking import Looking
from mtc.run.verifying.values import Verified
from mtc.state.lineage import check
from mtc.state.owner import Owner, owner_at_work
from mtc.state.store import Store


def verify(project: Project, wanted: Wanted, clock: Clock = utc_now) -> Verified:
    """Compare all links of every day: the days asked for, else each that the state has an import of."""
    names = sites_of(project, wanted)
    with Store.open(project.state, readonly=True) as store:
        check(project.warehouse, store.lineage)
        history = counted_once(project, store.history(names))
        owner = owner_at_work(project.state)
        notes = (*_runs(store, owner), *(() if wanted.sites else orphans(project, store)))
    now = clock()
    if wanted.dates is None:
        asked = Selection(project.stages, dict.fromkeys(names, ()))
        notes += tuple(str(one) for one in stale_sites(project, asked, history, {}, now))
    days = {name: _days(project.sites[name], wanted.dates, history, now) for name in names}
    looking = Looking(project, history, days, asks=owner is None)
    found = tuple(compare(evidence) for name in names for evidence in looking.site(project.sites[name]))
    return Verified(found, tuple(looking.errors), notes)


def _runs(store: Store, owner: Owner | None) -> Iterator[str]:
    """Why days may be in between."""
    if owner is not None:
        yield f"another run is at work, and its days are in between; Matomo is not asked meanwhile: {owner}"
    elif killed := store.open_runs():
        yield f"the run {killed[-1].run} was killed: the next apply goes on with what it left"


def _days(site: SiteSettings, dates: Dates | None, history: History, now: dt.datetime) -> tuple[dt.date, ...]:
    if dates is not None:
        return days_of(dates, now.astimezone(site.tzinfo).date())
    beside = Neighbours(site.name, history)
    imported = {step.day for step in history.steps if step.stage is Stage.IMPORT and step.site == site.name}
    return tuple(sorted(day for day in imported if not beside.only_for_others(day)))
