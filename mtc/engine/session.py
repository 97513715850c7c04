"""One `apply` from lock to record: recovery before, the coordinator in the middle, an honest end whatever happens."""

import datetime as dt
import os
import secrets
import shlex
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from mtc.core import crash_points
from mtc.core.atomic_files import clear_staging
from mtc.core.clock import Clock, utc_now
from mtc.core.errors import EXIT_BUG, InterruptedRunError, MtcError, StateError, UsageError
from mtc.core.events import Notice, Reporter, RunFinished, RunStarted, Warned
from mtc.core.model import Stage, Status, StepId
from mtc.core.records import History
from mtc.core.signals import ending
from mtc.engine.coordinator import Coordinator
from mtc.engine.observe import look, orphans, stat_sizes
from mtc.engine.task_list import Wanted, select, sites_of
from mtc.engine.wiring import executor_maker, source_opener
from mtc.manifest.dates import is_relative
from mtc.manifest.project import Project
from mtc.plan.duplicates import counted_once
from mtc.plan.freshness import stale_sites
from mtc.plan.planner import make_plan, with_steps_under_way
from mtc.plan.work import Plan
from mtc.plan.world import Selection
from mtc.state.lock import Owner, RunLock, owner_at_work
from mtc.state.run_records import RunRecord, StepOutcome, run_id, write_record
from mtc.state.store import Store
from mtc.state.warehouse_owner import check, claim
from mtc.warehouse.parts import UNLISTED, all_part_files, rename_unlisted

INTERRUPTED = 128
STATUS_DAYS = 30
DEFAULT_MANIFEST = Path("manifests/daily.yaml")


@dataclass(frozen=True, slots=True)
class Order:
    """What to apply, and how. `command` is shown to people and holds no secret; `wait` is in seconds.

    `accepted` are steps, and `accepted_sites` sites, that an operator lets do what is never ordinary work: count hits
    twice in Matomo, or lose what cannot be made again. `remake` imports again what an older mtc has imported.
    """

    project: Project
    wanted: Wanted
    command: str
    wait: float | None = None
    csv_as_found: bool = False
    accepted: frozenset[StepId] = frozenset()
    accepted_sites: frozenset[str] = frozenset()
    remake: bool = False


def plan(order: Order, note: Callable[[str], None], clock: Clock = utc_now) -> Plan:
    """Plan without doing anything, and without the lock."""
    project = order.project
    with Store.open(project.state, readonly=True) as store:
        check(project.warehouse, store.lineage)
        history = counted_once(project, store.history(sites_of(project, order.wanted)))
    now = clock()
    if owner := owner_at_work(project.state):
        note(f"another run is at work: {owner}")
    selection = _selection(order, history, now)
    for text in selection.notes:
        note(text)
    return _looked_at(project, selection, history, note, now)


def plan_step(project: Project, step: StepId, note: Callable[[str], None], clock: Clock = utc_now) -> Plan:
    """Plan what one step's verdict depends on: all stages of its site and day.

    Asking why does not make the day one that is asked for by name: the verdict is the one that `apply` would find.
    """
    wanted = Wanted(sites_of(project, Wanted((step.site,))))
    with Store.open(project.state, readonly=True) as store:
        check(project.warehouse, store.lineage)
        history = counted_once(project, store.history(wanted.sites))
    now = clock()
    named = select(project, wanted, history, now).named
    selection = Selection(tuple(Stage), {step.site: (step.day,)}, named, exact=True)
    return _looked_at(project, selection, history, note, now)


def _looked_at(
    project: Project, selection: Selection, history: History, note: Callable[[str], None], now: dt.datetime
) -> Plan:
    world = look(project, selection, history, source_opener(project), note)
    for found in stale_sites(project, selection, history, world.listings, now):
        note(str(found))
    made = make_plan(project, selection, world, history, now)
    return with_steps_under_way(made, history) if owner_at_work(project.state) else made


@dataclass(frozen=True, slots=True)
class Survey:
    """What `status` shows: the sites and days asked for, what is recorded, and today's verdicts.

    `orphans` are sentences about sites that only the state or the `.stat` files know, or whose logs come no more.
    """

    project: Project
    days: tuple[dt.date, ...]
    history: History
    plan: Plan | None
    orphans: tuple[str, ...] = ()


def command_for(project: Project, *words: str) -> str:
    """A command as somebody would type it here, with the manifest and environment that it means."""
    manifest = os.path.relpath(project.manifest)
    words += ("-m", manifest) if Path(manifest) != DEFAULT_MANIFEST else ()
    words += ("--env", project.environment) if project.environment else ()
    return shlex.join(("mtc", *words))


def survey(
    project: Project, wanted: Wanted, note: Callable[[str], None], *, offline: bool, clock: Clock = utc_now
) -> Survey:
    """Look at everything, change nothing.

    Without dates, the manifest's days; where these move with the calendar, the 30 last ones too.
    """
    names = sites_of(project, wanted)
    now = clock()
    with Store.open(project.state, readonly=True) as store:
        check(project.warehouse, store.lineage)
        history = counted_once(project, store.history(names))
        strays = () if wanted.sites else orphans(project, store)
    selection = select(project, wanted, history, now)
    days = {day for own in selection.days.values() for day in own}
    if wanted.dates is None and is_relative(project.dates):
        days |= {now.date() - dt.timedelta(days=back) for back in range(1, STATUS_DAYS + 1)}
    wide = Selection(project.stages, {name: tuple(sorted(days)) for name in names}, selection.named, exact=True)
    made = None
    if not offline:
        made = _looked_at(project, wide, history, note, now)
    if wanted.dates is None:
        strays += tuple(str(one) for one in stale_sites(project, selection, history, {}, now))
    cut = replace(project, sites={name: project.sites[name] for name in names})
    return Survey(cut, tuple(sorted(days)), history, made, strays)


def forget(project: Project, steps: Sequence[StepId], command: str, clock: Clock = utc_now) -> list[str]:
    """Take steps out of the state, with the lock in hand; gives a line for each.

    Raises:
        UsageError: the state knows one of them not; then none is forgotten.
    """
    with (
        RunLock.acquire(project.state, command, clock=clock),
        Store.open(project.state) as store,
    ):
        claim(project.warehouse, store.lineage)
        if unknown := [str(step) for step in steps if store.record(step) is None]:
            hint = "nothing was forgotten; `mtc state list` shows what it knows"
            raise UsageError(f"the state file does not know {', '.join(unknown)}", hint=hint)
        rename_unlisted(project.warehouse, store.forget(steps))
    return [f"forgotten: {step}" for step in dict.fromkeys(steps)]


def apply(order: Order, reporter: Reporter, clock: Clock = utc_now) -> int:
    """Do it; returns the exit code. The reporter is told of everything, and not closed.

    Raises:
        LockedError: another run is at work.
        StateError: the state file cannot be used.
    """
    sites_of(order.project, order.wanted)

    def waiting(owner: Owner | None) -> None:
        reporter.tell(Notice(f"waiting for {owner or 'another run'}"))

    with (
        RunLock.acquire(order.project.state, order.command, wait=order.wait, clock=clock, on_wait=waiting),
        Store.open(order.project.state) as store,
    ):
        _recover(order.project, store, reporter, clock)
        return _Session(order, store, reporter, clock).run()


def _recover(project: Project, store: Store, reporter: Reporter, clock: Clock) -> None:
    """Put right what a killed run may have left: half-made files go, steps under way count as interrupted."""
    claim(project.warehouse, store.lineage)
    clear_staging(project.warehouse)
    for folder in ("spool", "tmp"):  # fetched objects; what the database had put on disk
        shutil.rmtree(project.work / folder, ignore_errors=True)
    killed = store.open_runs()
    last = store.runs(1)
    if killed or (last and last[0].exit_code):
        listed = store.listed_files()
        unlisted = [file for file in all_part_files(project.warehouse) if file not in listed]
        rename_unlisted(project.warehouse, unlisted)
        if unlisted and not killed:
            reporter.tell(Warned(_unlisted(unlisted)))
    if killed:
        reporter.tell(Notice(f"the run {killed[-1].run} was killed; going on from what it had recorded"))
    crash_points.point("run.recovering")
    store.close_killed(clock())  # last: a recovery that is killed itself is done again


def _unlisted(files: Sequence[str]) -> str:
    """What to say of parts that no killed run explains: the state file may be older than the warehouse."""
    parts = "1 part" if len(files) == 1 else f"{len(files):,} parts"
    return (
        f"the state does not list {parts} of the warehouse, such as {files[0]}: laid aside as {UNLISTED[1:]}; "
        "was an older state file put back?"
    )


def _selection(order: Order, history: History, now: dt.datetime) -> Selection:
    """The steps asked for; `mtc csv` alone asks for a row of each `.stat` file that is there."""
    if not order.csv_as_found:
        return _accepting(select(order.project, order.wanted, history, now), order)
    names = sites_of(order.project, order.wanted)
    days = {name: tuple(sorted(stat_sizes(order.project.stats / name))) for name in names}
    return Selection((Stage.CSV,), days, exact=True)


def _accepting(selection: Selection, order: Order) -> Selection:
    """The selection with what the operator accepts; UsageError for what is not in it.

    Statistics may be of another day than the logs that they are made from.
    """
    hint = "name its site and day with --site and --date"
    for step in sorted(order.accepted):
        days = selection.days.get(step.site, ())
        if step.stage is Stage.CSV or not days or (step.stage is Stage.IMPORT and step.day not in days):
            what = "csv steps lose nothing" if step.stage is Stage.CSV else "it is not in this plan"
            raise UsageError(f"{step} cannot be accepted: {what}", hint=hint)
    for site in sorted(order.accepted_sites - selection.days.keys()):
        raise UsageError(f"site:{site} cannot be accepted: it is not in this plan", hint="name it with --site")
    return replace(selection, accepted=order.accepted, accepted_sites=order.accepted_sites, remake=order.remake)


class _Session:
    """A run with the lock in hand."""

    def __init__(self, order: Order, store: Store, reporter: Reporter, clock: Clock) -> None:
        self._order = order
        self._store = store
        self._reporter = reporter
        self._clock = clock
        self._started = clock()
        self._began = time.monotonic()
        self._run = run_id(self._started, secrets.token_hex(2))
        opener = source_opener(order.project)
        make_executor = executor_maker(order.project, opener)
        self._coordinator = Coordinator(order.project, store, reporter, opener, make_executor, clock, self._run)
        self._errors: list[str] = []

    def run(self) -> int:
        """Do it, and record how it ended, also when it ends badly."""
        manifest = str(self._order.project.manifest)
        self._store.begin_run(self._run, manifest=manifest, command=self._order.command, at=self._started)
        self._reporter.tell(RunStarted(self._run, manifest, self._order.command, self._started))
        exit_code = EXIT_BUG
        try:
            with _signals(self._coordinator):
                known = self._store.history(sites_of(self._order.project, self._order.wanted))
                history = counted_once(self._order.project, known)
                self._coordinator.apply(_selection(self._order, history, self._started), history)
            if self._coordinator.bugs:
                raise self._coordinator.bugs[0]
            exit_code = self._coordinator.tally.exit_code
        except InterruptedRunError as error:
            exit_code = error.exit_code
        except MtcError as error:
            exit_code = error.exit_code
            self._errors.append(str(error))
            raise
        finally:
            self._finish(exit_code)
        return exit_code

    def _finish(self, exit_code: int) -> None:
        ended = self._clock()
        tally = self._coordinator.tally
        with suppress(StateError):  # when the state cannot be written, the error on its way says so
            self._store.end_run(self._run, exit_code=exit_code, counts=tally.counts(), at=ended)
        crash_points.point("run.finished")
        with suppress(StateError):
            write_record(self._order.project.work / "runs", self._record(exit_code, ended))
        self._reporter.tell(
            RunFinished(
                run=self._run,
                exit_code=exit_code,
                seconds=time.monotonic() - self._began,
                **tally.counts(),
                lines=tally.lines,
                hits=tally.hits,
                next=self._next(exit_code),
            )
        )

    def _record(self, exit_code: int, ended: dt.datetime) -> RunRecord:
        tally = self._coordinator.tally
        steps = tuple(
            StepOutcome(step, one.status, one.verdict, one.seconds, one.attempts, one.figures, one.error)
            for step, one in sorted(tally.outcomes.items())
        )
        order = self._order
        manifest = str(order.project.manifest)
        counts = {**tally.counts(), "lines": tally.lines, "hits": tally.hits}
        return RunRecord(
            self._run, manifest, order.command, self._started, ended, exit_code, counts, steps, tuple(self._errors)
        )

    def _next(self, exit_code: int) -> str:
        tally = self._coordinator.tally
        if exit_code > INTERRUPTED:
            return "interrupted; run the same command to go on"
        project = self._order.project
        if failed := [step for step, one in tally.outcomes.items() if one.status is Status.FAILED]:
            why = command_for(project, "why", str(failed[0]))
            return f"`{why}` tells the story of the first; mend it and run the same command"
        if tally.blocked:
            return f"`{command_for(project, 'status')}` shows what is blocked and why"
        return self._results() if tally.counts()["done"] else ""

    def _results(self) -> str:
        """Where the results are, as somebody at the project's folder would name them."""
        project = self._order.project
        shown = {Stage.STAT: project.stats, Stage.CSV: project.csv}
        made = {outcome.stage for outcome in self._coordinator.tally.outcomes}
        places = [f"{os.path.relpath(path)}/" for stage, path in shown.items() if stage in made]
        return f"the results are in {' and '.join(places)}" if places else ""


@contextmanager
def _signals(coordinator: Coordinator) -> Iterator[None]:
    """Signals that end a command ask the run to stop; a second one ends the process at once, which loses nothing."""

    def handle(number: int, _: FrameType | None) -> None:
        if coordinator.stop_signal:
            os._exit(INTERRUPTED + number)
        coordinator.stop(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handle) for number in ending()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
