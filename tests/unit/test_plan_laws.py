"""Laws of the planner, on random worlds: whatever happens in between, the same end is reached, and then all is done.

A plan is applied by `plan_world.House`, a small interpreter without files, which can be stopped after any fact.
"""

import contextlib
import datetime as dt
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from plan_world import House, csv_step, import_step, obj, project, site, stat_step

from mtc.core.errors import InterruptedRunError
from mtc.core.model import SourceObject, Stage, StepId, Verdict
from mtc.formats.settings import Filters
from mtc.plan.fingerprint import Fingerprint, digest, load_settings
from mtc.plan.planner import make_plan
from mtc.plan.world import Listing, Selection
from mtc.sources.settings import Archive

FIRST = dt.date(2026, 5, 1)
DAYS = tuple(FIRST + dt.timedelta(days=n) for n in range(3))
SITES = ("docs", "shop")
ARCHIVES = ("", "archive/{site}/{date:%Y-%m-%d}/{key}", "elsewhere/{site}/{date:%Y-%m-%d}/{key}")


@dataclass(frozen=True, slots=True)
class Log:
    """An object of a random world: hits on its own day and on the days beside it."""

    site: str
    day: dt.date
    number: int
    version: int
    hits: tuple[int, int, int]

    def lay(self, house: House) -> None:
        """Put it into the source, unless it lies there compressed."""
        key = f"{self.site}/{self.day}-{self.number}.log"
        if f"{key}.gz" in house.source.get(import_step(self.day, self.site), ()):
            return
        around = (self.day + dt.timedelta(days=n) for n in (-1, 0, 1))
        counted = {day: hits for day, hits in zip(around, self.hits, strict=True) if hits}
        house.put(obj(key, 100 + self.number, modified=self.version), counted, day=self.day, name=self.site)


few_hits = st.integers(0, 2)
logs = st.builds(
    Log,
    st.sampled_from(SITES),
    st.sampled_from(DAYS),
    st.integers(0, 2),
    st.integers(1, 2),
    st.tuples(few_hits, few_hits, few_hits),
)
worlds = st.lists(logs, min_size=1, max_size=8)
fuels = st.lists(st.integers(0, 12), max_size=6)


def built(world: Iterable[Log], archive: str = "", vanished: str = "keep") -> House:
    """A house with these logs in its sources, and nothing done yet."""
    sites = (site(name, archive=archive, vanished=vanished) for name in SITES)
    house = House(project(*sites), days=DAYS)
    for log in world:
        log.lay(house)
    return house


def stumble(house: House, fuel: int) -> None:
    """A run that is stopped after so many facts, if it lasts that long."""
    house.fuel = fuel
    with contextlib.suppress(InterruptedRunError):
        house.apply()
    house.fuel = None


law = settings(deadline=None, derandomize=True, max_examples=60)
Item = TypeVar("Item")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a house. `pick` chooses among what is there, or how many facts a run may record."""

    kind: str
    log: Log
    pick: int

    def happen(self, house: House) -> None:
        """Have it happen."""
        if self.kind == "log":
            self.log.lay(house)
        elif self.kind == "stop":
            stumble(house, self.pick)
        else:
            HAPPENINGS[self.kind](house, random.Random(self.pick))


def _steps() -> list[StepId]:
    return [step(day, name) for step in (import_step, stat_step, csv_step) for day in DAYS for name in SITES]


def _without_one(items: Iterable[Item], dice: random.Random) -> list[Item]:
    kept = sorted(items, key=str)
    if kept:
        kept.remove(dice.choice(kept))
    return kept


def _vanish(house: House, dice: random.Random, ending: str = "") -> SourceObject | None:
    there = sorted((step, key) for step, found in house.source.items() for key in found if key.endswith(ending))
    if not there:
        return None
    step, key = dice.choice(there)
    return house.source[step].pop(key)


def _compress(house: House, dice: random.Random) -> None:
    where = {item.key: step for step, found in house.source.items() for item in found.values()}
    old = _vanish(house, dice, ".log")
    if old is not None:
        step = where[old.key]
        fresh = obj(f"{old.key}.gz", old.size // 2, modified=old.modified)
        house.put(fresh, house.hits[old.key, old.version], day=step.day, name=step.site)


def _empty(house: House, dice: random.Random) -> None:
    """A listing without any object of a site: a mount point without its disk."""
    name = dice.choice(SITES)
    for step, found in house.source.items():
        if step.site == name:
            found.clear()


def _cut(house: House, dice: random.Random) -> None:
    """A log is cut to nothing under its own key."""
    where = {item.key: step for step, found in house.source.items() for item in found.values()}
    old = _vanish(house, dice)
    if old is not None:
        house.put(obj(old.key, 0, modified=9), {}, day=where[old.key].day, name=where[old.key].site)


def _lose_part(house: House, dice: random.Random) -> None:
    house.parts = set(_without_one(house.parts, dice))


def _lose_log(house: House, dice: random.Random) -> None:
    """A log and the parts made of it, both at once."""
    loaded = sorted((str(step), key, step) for step, items in house.objects.items() for key in items)
    if loaded:
        _, key, step = dice.choice(loaded)
        house.source.get(step, {}).pop(key, None)
        house.parts -= {part.file for part in house.objects[step][key].parts}


def _lose_stat(house: House, dice: random.Random) -> None:
    house.stats = dict(_without_one(house.stats.items(), dice))


def _lose_csv(house: House, _: random.Random) -> None:
    house.csv = None


def _lose_warehouse(house: House, _: random.Random) -> None:
    house.parts.clear()


def _break(house: House, dice: random.Random) -> None:
    house.broken = set(dice.sample(_steps(), 2))


def _run(house: House, _: random.Random) -> None:
    house.apply()


def _filters(house: House, dice: random.Random) -> None:
    before = house.project.sites[dice.choice(SITES)]
    house.set_site(replace(before, filters=Filters(static=dice.random() < 0.5)))


def _archive(house: House, dice: random.Random) -> None:
    before = house.project.sites[dice.choice(SITES)]
    url = dice.choice(ARCHIVES)
    house.set_site(replace(before, archive=Archive(url=url) if url else None))


HAPPENINGS: Mapping[str, Callable[[House, random.Random], object]] = {
    "vanish": _vanish,
    "compress": _compress,
    "empty source": _empty,
    "cut": _cut,
    "lose part": _lose_part,
    "lose log": _lose_log,
    "lose warehouse": _lose_warehouse,
    "lose stat": _lose_stat,
    "lose csv": _lose_csv,
    "filters": _filters,
    "archive": _archive,
    "break": _break,
    "run": _run,
}
KINDS = ("log", "stop", *HAPPENINGS, "run")
events = st.lists(st.builds(Event, st.sampled_from(KINDS), logs, st.integers(0, 12)), max_size=10)


def finish(house: House) -> None:
    """One run that nothing stops and in which nothing breaks, and whose losses the operator accepts."""
    house.broken.clear()
    house.fuel = None
    house.accepted_sites = frozenset(SITES)
    house.apply()
    house.accepted_sites = frozenset()


@law
@given(worlds, st.sampled_from(ARCHIVES))
def test_the_second_plan_is_empty(world: list[Log], archive: str) -> None:
    """What is made true once stays true: one run does it all."""
    house = built(world, archive)
    finish(house)
    assert house.plan().work == ()
    assert house.apply() == []


@law
@given(worlds, st.sampled_from(ARCHIVES), fuels)
def test_any_order_of_interruptions_ends_in_the_same_state(world: list[Log], archive: str, stops: list[int]) -> None:
    """Runs that are stopped after any fact, however often, end where one that is not stopped ends."""
    whole, stopped = built(world, archive), built(world, archive)
    for fuel in stops:
        stumble(stopped, fuel)
    finish(whole)
    finish(stopped)
    assert stopped.result() == whole.result()
    assert stopped.plan().work == ()


@law
@given(worlds, fuels, st.lists(st.sampled_from(_steps()), max_size=4))
def test_failures_in_between_end_in_the_same_state(world: list[Log], stops: list[int], broken: list[StepId]) -> None:
    """Steps that fail and are mended leave no trace in the result."""
    whole, hurt = built(world), built(world)
    hurt.broken = set(broken)
    for fuel in (*stops, 10_000):
        stumble(hurt, fuel)
    finish(whole)
    finish(hurt)
    assert hurt.result() == whole.result()
    assert hurt.plan().work == ()


@law
@given(worlds, events, st.sampled_from(["keep", "drop"]))
def test_whatever_happens_one_more_run_makes_everything_true(
    world: list[Log], happenings: list[Event], vanished: str
) -> None:
    """After it all sources are loaded as they are, counted once, archived and in the results; no work is left."""
    house = built(world, vanished=vanished)
    for event in happenings:
        event.happen(house)
    finish(house)
    assert house.plan().work == ()
    for step in _steps():
        if step in house.source:
            assert_loaded(house, step)
    assert_results_current(house)


@law
@given(worlds, events, st.sampled_from(["keep", "drop"]))
def test_no_run_removes_what_cannot_be_made_again(world: list[Log], happenings: list[Event], vanished: str) -> None:
    """No sequence of vanished logs, lost parts, empty listings and runs removes a `.stat` or takes a log out of it.

    A log that is gone may leave a day's statistics only where the manifest says so, and never the last one of a day.
    """
    house = built(world, vanished=vanished)
    house.apply()
    for event in happenings:
        event.happen(house)
        before, there = dict(house.counted), set(house.stats)
        house.broken.clear()
        house.apply()
        assert there <= set(house.stats)
        for place, keys in before.items():
            if place in there:
                assert_still_counted(house, place, keys)


def assert_still_counted(house: House, place: tuple[str, dt.date], keys: frozenset[str]) -> None:
    """Every log is counted still, under its key or compressed; or it is there to be read, and says otherwise now."""
    there = (item for step, found in house.source.items() for item in found.values() if step.site == place[0])
    listed = {item.key for item in there if item.size}
    names = {key.removesuffix(".gz") for key in (*house.counted[place], *listed)}
    lost = {key for key in keys if key.removesuffix(".gz") not in names}
    drops = house.project.sites[place[0]].source.vanished == "drop"
    assert drops or not lost


def assert_loaded(house: House, step: StepId) -> None:
    """What the source has is loaded in that version, with today's settings, and archived; no log is loaded twice."""
    asked = house.project.sites[step.site]
    loaded = house.objects.get(step, {})
    for key, item in house.source[step].items():
        if not item.size and key in loaded and loaded[key].object.size:
            continue  # cut to nothing: what it held stays
        assert loaded[key].object == item
        assert loaded[key].made_with == digest(load_settings(asked))
        if asked.archive is not None:
            assert loaded[key].archived.split("/")[0] == asked.archive.url.split("/")[0]
    kept = set(loaded) - set(house.source[step])
    assert not kept or asked.source.vanished == "keep"
    assert not kept & {key.removesuffix(".gz") for key in house.source[step]}


def assert_results_current(house: House) -> None:
    """Statistics and CSV are what they would be if they were made now; every fingerprint is today's."""
    for planned in house.plan().steps:
        assert planned.verdict is Verdict.UP_TO_DATE, str(planned)
        record = house.steps[planned.step]
        stage, inputs = planned.step.stage, planned.inputs
        assert record.fingerprint == Fingerprint.of(stage, planned.settings, inputs).digest or (
            stage is Stage.IMPORT and not inputs  # no setting matters to a day without objects
        )
    before = (dict(house.stats), house.csv)
    for step in _steps():
        if step.stage is Stage.STAT:
            house._stat(step)
    house._csv(csv_step(FIRST, "docs"))
    assert (house.stats, house.csv) == before


@law
@given(worlds, logs, st.sampled_from(DAYS))
def test_a_late_object_makes_exactly_the_right_steps_stale(world: list[Log], late: Log, only_day: dt.date) -> None:
    """Its import; the statistics of its day, and of imported days that it has lines of; and their rows."""
    house = built(world)
    finish(house)
    late = replace(late, number=9, day=only_day)
    late.lay(house)
    item = house.source[import_step(late.day, late.site)][f"{late.site}/{late.day}-9.log"]
    days = sorted({late.day, *house.hits[item.key, item.version]}.intersection(DAYS))
    house.days = (only_day,)
    done = house.apply()
    assert done == [
        import_step(late.day, late.site),
        *(stat_step(day, late.site) for day in days),
        *(csv_step(day, late.site) for day in days),
    ]


@law
@given(worlds, st.integers(0, 8))
def test_a_log_that_changes_or_goes_renews_the_days_that_it_held_before(world: list[Log], pick: int) -> None:
    """Asked for its own day alone, a run still renews statistics and rows of every day whose lines it held."""
    house = built(world, vanished="drop")
    finish(house)
    where = {item.key: step.day for step, found in house.source.items() for item in found.values()}
    gone = _vanish(house, random.Random(pick))
    if gone is not None:
        house.days = (where[gone.key],)
        finish(house)
        house.days = DAYS
        assert house.plan().work == ()


@law
@given(worlds, events, st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_of_what_it_is_made_from(
    world: list[Log], happenings: list[Event], dice: random.Random
) -> None:
    """The same facts in another order give the same plan, to the last reason."""
    house = built(world)
    for event in happenings:
        event.happen(house)
    history, there, selection = house.history(), house.world(), house.selection()
    plan = make_plan(house.project, selection, there, history, house.now)
    again = make_plan(
        house.project,
        Selection(selection.stages, _shuffled(selection.days, dice), selection.named),
        replace(there, listings={n: _mixed(one, dice) for n, one in _shuffled(there.listings, dice).items()}),
        replace(
            history,
            steps=_shuffled(history.steps, dice),
            objects={s: _order(items, dice) for s, items in _shuffled(history.objects, dice).items()},
        ),
        house.now,
    )
    assert again == plan


def _order(items: Iterable[Item], dice: random.Random) -> tuple[Item, ...]:
    listed = list(items)
    dice.shuffle(listed)
    return tuple(listed)


def _shuffled(items: Mapping[Key, Item], dice: random.Random) -> dict[Key, Item]:
    return dict(_order(items.items(), dice))


def _mixed(listing: Listing, dice: random.Random) -> Listing:
    return Listing({day: _order(items, dice) for day, items in _shuffled(listing.days, dice).items()}, listing.error)


@law
@given(worlds, events)
def test_planning_changes_nothing(world: list[Log], happenings: list[Event]) -> None:
    """The planner is a pure function: made twice, a plan is the same, and so is what it was made from."""
    house = built(world)
    for event in happenings:
        event.happen(house)
    before = house.result()
    assert house.plan() == house.plan()
    assert house.result() == before


@law
@given(worlds, events)
def test_every_step_that_is_to_be_done_says_why_and_how(world: list[Log], happenings: list[Event]) -> None:
    """Work comes with work to do, or with the step that it comes after; what is not to be done comes without."""
    house = built(world)
    for event in happenings:
        event.happen(house)
    for planned in house.plan().steps:
        after = any(reason.startswith("after ") for reason in planned.reasons)
        assert planned.verdict.is_work == (planned.work is not None or after)
