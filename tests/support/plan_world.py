"""A simulated world for planner tests: sources, a state and files as plain values, and the work on them.

`House.apply` runs the stages like a real run: each is planned after the one before, and every fact is recorded at once,
so that it can be interrupted after any of them. This module reads and writes no files.
"""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from delivery_world import Book, RefusedStepError
from pydantic import SecretStr

from mtc.core.errors import InterruptedRunError
from mtc.core.model import RECIPES, Accounting, LoadedObject, Output, Part, SourceObject, Stage, Status, StepId, Verdict
from mtc.core.records import History, StepRecord
from mtc.formats.settings import Filters
from mtc.manifest.models import Run, Source
from mtc.manifest.project import Project, SettingLocation, SiteSettings
from mtc.matomo.settings import Matomo
from mtc.plan.planner import Steps, make_plan, plan_csv, plan_imports, plan_stats
from mtc.plan.work import ImportWork, Plan, PlannedStep
from mtc.plan.world import Listing, Selection, World
from mtc.sources.settings import Archive
from mtc.sources.url_pattern import ArchiveUrl

DAY = dt.date(2026, 5, 1)
NEXT = dt.date(2026, 5, 2)
LATER = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
ALL = tuple(Stage)

Hits = Mapping[dt.date, int]


def site(  # noqa: PLR0913 - one for each setting of a site
    name: str = "docs",
    *,
    zone: str = "UTC",
    archive: str = "",
    vanished: str = "keep",
    settle: str = "6h",
    form: str = "auto",
    url: str = "",
    filters: Filters | None = None,
    matomo: str = "",
    matomo_id: int | None = 1,
) -> SiteSettings:
    """Return the settings of a site. `matomo` is the URL of the server that it delivers to."""
    source = Source.model_validate(
        {"url": "logs/{site}/{date:%Y-%m-%d}*", "format": form, "vanished": vanished, "settle": settle}
    )
    server = Matomo(url=matomo, token=SecretStr("token")) if matomo else None
    return SiteSettings(
        name,
        url,
        zone,
        source,
        Archive(url=archive) if archive else None,
        filters or Filters(),
        matomo_id=matomo_id if matomo else None,
        matomo=server,
    )


def project(*sites: SiteSettings, places: Mapping[str, SettingLocation] | None = None) -> Project:
    """Return a project of these sites."""
    root = Path("/project")
    return Project(
        name="daily",
        manifest=root / "manifests/daily.yaml",
        root=root,
        dates="yesterday",
        stages=ALL,
        sites={one.name: one for one in sites or (site(),)},
        credentials={},
        warehouse=root / "warehouse",
        stats=root / "stats",
        csv=root / "csv",
        state=root / ".mtc/state.db",
        run=Run(),
        setting_locations=places or {},
    )


def obj(key: str, size: int = 100, *, etag: str = "", modified: int = 1) -> SourceObject:
    """Return an object of a source."""
    return SourceObject(key, size, etag, modified)


def import_step(day: dt.date = DAY, name: str = "docs") -> StepId:
    """Return an import step."""
    return StepId(Stage.IMPORT, name, day)


def stat_step(day: dt.date = DAY, name: str = "docs") -> StepId:
    """Return a stat step."""
    return StepId(Stage.STAT, name, day)


def csv_step(day: dt.date = DAY, name: str = "docs") -> StepId:
    """Return a csv step."""
    return StepId(Stage.CSV, name, day)


def only(plan: Plan, step: StepId) -> PlannedStep:
    """Return the only entry of the plan for this step."""
    found = [planned for planned in plan.steps if planned.step == step]
    assert len(found) == 1, [str(planned.step) for planned in plan.steps]
    return found[0]


def _digest(*values: object) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()


@dataclass(slots=True)
class House:
    """The world and the state. `fuel` is the number of facts to record before the run is interrupted.

    `accepted` are the steps for which the next run may count twice or lose hits. `counted` are the keys of the objects
    that each `.stat` was made from.
    """

    project: Project
    days: tuple[dt.date, ...] = (DAY, NEXT)
    now: dt.datetime = LATER
    source: dict[StepId, dict[str, SourceObject]] = field(default_factory=dict)
    hits: dict[tuple[str, str], Hits] = field(default_factory=dict)
    steps: dict[StepId, StepRecord] = field(default_factory=dict)
    objects: dict[StepId, dict[str, LoadedObject]] = field(default_factory=dict)
    parts: set[str] = field(default_factory=set)
    stats: dict[tuple[str, dt.date], Output] = field(default_factory=dict)
    counted: dict[tuple[str, dt.date], frozenset[str]] = field(default_factory=dict)
    csv: Output | None = None
    csv_outputs: tuple[Output, ...] = ()
    broken: set[StepId] = field(default_factory=set)
    unlisted: dict[str, str] = field(default_factory=dict)
    fuel: int | None = None
    done: list[StepId] = field(default_factory=list)
    book: Book = field(default_factory=Book)
    accepted: frozenset[StepId] = frozenset()
    accepted_sites: frozenset[str] = frozenset()
    remake: bool = False

    def put(
        self, item: SourceObject, hits: Hits | None = None, *, day: dt.date = DAY, name: str = "docs"
    ) -> SourceObject:
        """Put an object, with these hits on these days, into the source of a site."""
        self.source.setdefault(import_step(day, name), {})[item.key] = item
        self.hits[item.key, item.version] = hits if hits is not None else {day: 10}
        return item

    def take(self, key: str, *, day: dt.date = DAY, name: str = "docs") -> None:
        """Remove an object from the source."""
        del self.source[import_step(day, name)][key]

    def lose_part(self, key: str, *, day: dt.date = DAY, name: str = "docs") -> None:
        """Remove the files of an object's hits from the warehouse."""
        self.parts -= {part.file for part in self.objects[import_step(day, name)][key].parts}

    def set_site(self, settings: SiteSettings, places: Mapping[str, SettingLocation] | None = None) -> None:
        """Change the settings of a site."""
        sites = {**self.project.sites, settings.name: settings}
        self.project = dataclasses.replace(
            self.project, sites=sites, setting_locations=places or self.project.setting_locations
        )

    def set_record(self, step: StepId, **changes: object) -> None:
        """Change the record of a step."""
        record = self.steps.get(step) or StepRecord(step, Status.PLANNED)
        self.steps[step] = dataclasses.replace(record, **changes)  # type: ignore[arg-type]

    def history(self) -> History:
        """Return the history in the state."""
        objects = {step: tuple(loaded.values()) for step, loaded in self.objects.items() if loaded}
        deliveries = {step: tuple(made) for step, made in self.book.deliveries.items()}
        return History(dict(self.steps), objects, self.csv_outputs, deliveries)

    def forget(self, step: StepId) -> None:
        """Forget an import step like `mtc state forget`, but keep its deliveries."""
        self.steps.pop(step, None)
        for item in self.objects.pop(step, {}).values():
            self.parts -= {part.file for part in item.parts}

    def world(self) -> World:
        """Return the observed world."""
        listings = {name: self._listing(name) for name in self.project.sites}
        listed = {part.file for loaded in self.objects.values() for item in loaded.values() for part in item.parts}
        stats = {key: str(output.size) for key, output in self.stats.items()}
        lost = tuple(output.path for output in self.csv_outputs if output != self.csv)
        return World(listings, stats, frozenset(listed - self.parts), lost)

    def _listing(self, name: str) -> Listing:
        if name in self.unlisted:
            return Listing(error=self.unlisted[name])
        return Listing({step.day: tuple(found.values()) for step, found in self.source.items() if step.site == name})

    def selection(
        self, stages: tuple[Stage, ...] = ALL, days: Iterable[dt.date] | None = None, named: Iterable[dt.date] = ()
    ) -> Selection:
        """Return a selection of all sites."""
        wanted = tuple(self.days if days is None else days)
        return Selection(
            stages,
            dict.fromkeys(self.project.sites, wanted),
            frozenset(named),
            accepted=self.accepted,
            accepted_sites=self.accepted_sites,
            remake=self.remake,
        )

    def plan(
        self, stages: tuple[Stage, ...] = ALL, days: Iterable[dt.date] | None = None, named: Iterable[dt.date] = ()
    ) -> Plan:
        """Plan all stages at once."""
        return make_plan(self.project, self.selection(stages, days, named), self.world(), self.history(), self.now)

    def verdict(self, step: StepId) -> tuple[Verdict, tuple[str, ...]]:
        """Return the verdict and the reasons of a step in a plan of everything."""
        planned = only(self.plan(), step)
        return planned.verdict, planned.reasons

    def apply(self, stages: tuple[Stage, ...] = ALL) -> list[StepId]:
        """Run the work of each stage, and return the steps that were done.

        Raises:
            InterruptedRunError: the fuel is used up; recorded facts are kept.
        """
        self.done = []
        left: Steps = {}
        for stage in stages:
            steps = self._plan_stage(stage, left)
            self._announce(steps)
            for planned in steps.values():
                if planned.verdict.is_work:
                    self._do(planned)
            left = {s: p for s, p in steps.items() if p.verdict is Verdict.NOT_DUE or p.verdict.is_stuck}
        return self.done

    def settle(self) -> None:
        """Apply without interruption until a run has nothing to do."""
        self.fuel = None
        for _ in range(5):
            if not self.apply():
                return
        raise AssertionError([str(step) for step in self.done])

    def _plan_stage(self, stage: Stage, left: Steps) -> Steps:
        selection, world, history = self.selection(), self.world(), self.history()
        if stage is Stage.IMPORT:
            return plan_imports(self.project, selection, world, history, self.now)
        later: Callable[..., Steps] = plan_stats if stage is Stage.STAT else plan_csv
        return later(self.project, selection, world, history, left)

    def _announce(self, steps: Steps) -> None:
        for step, planned in steps.items():
            self.steps.setdefault(step, StepRecord(step, Status.PLANNED))
            if planned.verdict in {Verdict.BLOCKED, Verdict.WOULD_LOSE}:
                self.set_record(step, status=Status.BLOCKED, error="; ".join(planned.reasons))

    def _do(self, planned: PlannedStep) -> None:
        step = planned.step
        tries = self.steps[step].attempts + 1
        self.set_record(step, status=Status.RUNNING, error="", attempts=tries)
        try:
            made = self._make(planned)
        except InterruptedRunError:
            self.set_record(step, status=Status.FAILED, error="interrupted: the run was asked to stop")
            raise
        except RefusedStepError as error:
            self.set_record(step, status=Status.FAILED, error=str(error))
            return
        if made is None:
            self.set_record(step, status=Status.FAILED, error="it broke")
            return
        self.steps[step] = dataclasses.replace(
            made, fingerprint=planned.fingerprint, settings=planned.settings, inputs=planned.inputs, finished=self.now
        )
        self.done.append(step)

    def _make(self, planned: PlannedStep) -> StepRecord | None:
        self._burn()
        match planned.step.stage:
            case Stage.IMPORT:
                made = self._import(planned)
            case Stage.STAT:
                made = self._stat(planned.step)
            case Stage.CSV:
                made = self._csv(planned.step)
        if planned.step in self.broken:
            return None
        self._burn()
        return made

    def _burn(self) -> None:
        if self.fuel is not None:
            if self.fuel <= 0:
                raise InterruptedRunError(2)
            self.fuel -= 1

    def _import(self, planned: PlannedStep) -> StepRecord:
        step, work = planned.step, planned.work
        assert isinstance(work, ImportWork)
        loaded = self.objects.setdefault(step, {})
        deliver = work.deliver
        listed = (*work.keep, *work.drop, *work.replaced)
        opened = self.book.finish(step, deliver, listed, self.parts) if deliver else ()
        for gone in work.drop:
            loaded.pop(gone.object.key, None)
        for item in work.load:
            self._burn()
            again = self._load(step, item, work.made_with)
            if deliver:
                self.book.loaded(step, deliver, again)
            self.parts |= {part.file for part in again.parts}
            loaded[item.key] = again
        if deliver:
            if self.book.go_on(step, opened, list(loaded.values()), self.parts):
                raise RefusedStepError("a delivery cannot be finished")
            self.book.deliver(self.project.sites[step.site], step, deliver, list(loaded.values()), self._burn)
        self._archive(step, work)
        assert set(loaded) == {item.key for item in work.load} | {item.object.key for item in work.keep}
        accounting = Accounting.total(item.accounting for item in loaded.values())
        status = Status.DONE if loaded else Status.EMPTY
        return StepRecord(step, status, accounting=accounting, checked=self.now)

    def _load(self, step: StepId, item: SourceObject, made_with: str) -> LoadedObject:
        identity = _digest(item.key, item.version)[:20]
        hits = self.hits[item.key, item.version]
        parts = tuple(
            Part(step.site, day, f"hits/site={step.site}/date={day}/{identity}.parquet", identity, count)
            for day, count in sorted(hits.items())
        )
        total = sum(hits.values())
        accounting = Accounting(total + 1, total, {"static": 1})
        return LoadedObject(
            item, identity, identity, "combined", accounting, parts, made_with=made_with, recipe=RECIPES[Stage.IMPORT]
        )

    def _archive(self, step: StepId, work: ImportWork) -> None:
        settings = self.project.sites[step.site]
        if settings.archive is None:
            return
        template = ArchiveUrl.compile(settings.archive.url, settings.name)
        for key in [*(item.object.key for item in work.archive), *(item.key for item in work.load)]:
            self._burn()
            old = self.objects[step][key]
            url = template.copy_url(template.render(step.day, old.object))
            self.objects[step][key] = dataclasses.replace(old, archived=url)

    def _stat(self, step: StepId) -> StepRecord:
        found = [
            (part, item)
            for loaded in self.objects.values()
            for item in loaded.values()
            for part in item.parts
            if (part.site, part.day) == (step.site, step.day)
        ]
        assert {part.file for part, _ in found} <= self.parts, "a part that is gone would be counted as nothing"
        parts = sorted((part, item.made_with, item.recipe) for part, item in found)
        imported = self.steps.get(import_step(step.day, step.site))
        accounting = imported.accounting if imported else None
        if not parts and not (accounting and accounting.lines):
            self.stats.pop((step.site, step.day), None)
            self.counted.pop((step.site, step.day), None)
            return StepRecord(step, Status.EMPTY, accounting=accounting)
        digest = _digest(parts, accounting)
        output = Output(f"stats/{step.site}/{step.day}.stat", int(digest[:6], 16), digest)
        self.stats[step.site, step.day] = output
        self.counted[step.site, step.day] = frozenset(item.object.key for _, item in found)
        return StepRecord(step, Status.DONE, outputs=(output,), accounting=accounting)

    def _csv(self, step: StepId) -> StepRecord:
        digest = _digest(sorted(self.stats.items()))
        self.csv = Output("csv/summary.csv", int(digest[:6], 16), digest)
        self.csv_outputs = (self.csv,)
        return StepRecord(step, Status.DONE if (step.site, step.day) in self.stats else Status.EMPTY)

    def result(self) -> dict[str, object]:
        """Return all that a user can see: what is loaded, archived, counted and recorded, to compare two worlds."""
        return {
            "objects": {step: sorted(loaded.items()) for step, loaded in sorted(self.objects.items()) if loaded},
            "stats": sorted(self.stats.items()),
            "csv": self.csv,
            "steps": {
                step: (record.status, record.fingerprint, record.outputs, record.accounting)
                for step, record in sorted(self.steps.items())
            },
        }


def applied(*sites: SiteSettings, archive: str = "") -> House:
    """Return a world of one site with an object on each of two days, fully applied."""
    house = House(project(*sites or (site(archive=archive),)))
    house.put(obj("2026-05-01.log"), day=DAY)
    house.put(obj("2026-05-02.log"), day=NEXT)
    house.apply()
    return house
