"""Planned steps as tasks, and the order in which the executor gets them.

Import steps with little to read and the same settings are tasks of several, all others a task each; statistics are done
in sets of days, small ones of several sites together, all CSV rows as one. The days of a site are delivered to Matomo
one after the other: a visitor's hits around midnight may lie in the logs of two days, and Matomo joins hits into visits
only in order. No worker waits for another. An import task whose turn has not come is handed out to load only; what it
loaded comes back to the queue and is handed out again, to be delivered, when no earlier day of its site is open.
Meanwhile the executor does other tasks.

The queue knows tasks alone: no state, no threads, no clock. Only the coordinator's thread calls it.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mtc.core.model import Stage, StepId
from mtc.core.sets import limited_sets
from mtc.plan.work import ImportWork, LoadedStep, PlannedStep, StatWork, Task

_IMPORT_SET = 50
_IMPORT_BYTES = (4 << 20, 32 << 20)
"""How many bytes of text a small import step has to read at most, and how many a task of several."""

_FEW_BYTES = 1 << 20
_MANY_OBJECTS = 100
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".parquet")
_GROWTH = 12  # when it is unpacked

_STAT_SET = 400
_FEW_DAYS = 50
"""How many days a task of statistics has at least if there are enough to do: each task costs much itself."""

_STAT_HITS = 100_000
"""How many hits a task with several sites has at most: larger sites are counted side by side."""


@dataclass(slots=True)
class _SiteDays:
    """The import steps of one site whose hits are delivered.

    `new` is a heap, by day, of the tasks that were not handed out yet. `begun` are the steps that were handed out and
    have not ended. `delivering` is the one of them that may be delivering now.
    """

    new: list[tuple[StepId, Task]] = field(default_factory=list)
    begun: set[StepId] = field(default_factory=set)
    delivering: StepId | None = None

    def may_deliver(self, step: StepId) -> bool:
        """Whether no earlier day is open, and no other day is being delivered."""
        if self.delivering is not None or (self.new and self.new[0][0] < step):
            return False
        return all(step <= other for other in self.begun)


@dataclass(slots=True)
class TaskQueue:
    """Tasks that the executor does not have yet. `slots` is how many it runs at a time.

    At most `slots` days are loaded ahead of their turn, so that fetched objects waiting to be archived do not fill the
    disk. The earliest open day of a site is not limited, so that there is always a task to hand out.
    """

    slots: int
    _free: deque[Task] = field(default_factory=deque)
    _loaded: list[Task] = field(default_factory=list)
    _sites: dict[str, _SiteDays] = field(default_factory=dict)
    _handed_out: dict[StepId, bool] = field(default_factory=dict)
    _kept: dict[StepId, LoadedStep] = field(default_factory=dict)
    _is_stopped: bool = False

    def __bool__(self) -> bool:
        """Whether any task is still to be handed out."""
        if self._is_stopped:
            return False
        return bool(self._free or self._loaded or any(days.new for days in self._sites.values()))

    def put(self, task: Task) -> None:
        """Add a task."""
        if not _delivers(task):
            self._free.append(task)
            return
        step = task.steps[0].step
        days = self._sites.setdefault(step.site, _SiteDays())
        heapq.heappush(days.new, (step, task))

    def loaded(self, step: StepId, loaded: LoadedStep) -> None:
        """Keep what a step has loaded until its task ends."""
        self._kept[step] = loaded

    def ended(self, task: Task, error: Exception | None) -> bool:
        """Note that a task has ended; returns whether it is queued again, to deliver what it loaded.

        Otherwise the later days of its site may go on, however it ended. A retry is a new task.
        """
        step = task.steps[0].step
        loaded = self._kept.pop(step, None)
        if self._handed_out.pop(step, None) is None:
            return False
        if loaded is not None and error is None:
            self._loaded.append(replace(task, may_deliver=True, loaded=loaded))
            return True
        days = self._sites[step.site]
        days.begun.discard(step)
        if days.delivering == step:
            days.delivering = None
        return False

    def stop(self) -> None:
        """Hand out no further task."""
        self._is_stopped = True

    def ready(self) -> Iterator[Task]:
        """Remove and yield the tasks that the executor can take now."""
        if self._is_stopped:
            return
        while self._free:
            yield self._free.popleft()
        while len(self._handed_out) < self.slots and (task := self._next()):
            step = task.steps[0].step
            self._handed_out[step] = task.may_deliver
            if task.may_deliver:
                self._sites[step.site].delivering = step
            yield task

    def _next(self) -> Task | None:
        """The next task that delivers: first those that are loaded, then each site's earliest day."""
        for place, task in enumerate(self._loaded):
            step = task.steps[0].step
            if self._sites[step.site].may_deliver(step):
                return self._loaded.pop(place)
        has_room = len(self._loaded) + sum(not may for may in self._handed_out.values()) < self.slots
        for days in self._sites.values():
            if not days.new:
                continue
            step, task = days.new[0]
            may_deliver = days.may_deliver(step)
            if may_deliver or (has_room and not _has_open_delivery(task)):
                heapq.heappop(days.new)
                days.begun.add(step)
                return replace(task, may_deliver=may_deliver)
        return None


def _delivers(task: Task) -> bool:
    """Whether the task is an import step of a site whose hits are delivered."""
    work = task.steps[0].work
    return isinstance(work, ImportWork) and work.deliver is not None


def _has_open_delivery(task: Task) -> bool:
    """Whether the task first has to finish a delivery that an earlier run began."""
    work = task.steps[0].work
    return isinstance(work, ImportWork) and work.deliver is not None and bool(work.deliver.opened)


def tasks(
    steps: Iterable[PlannedStep],
    alone: Collection[str] = (),
    *,
    archived: Collection[str] = (),
    remote: Collection[str] = (),
    slots: int = 1,
) -> Iterator[Task]:
    """Group the steps of one stage into tasks.

    The sites `alone` share no task of statistics with others. Each import step of the sites `archived` is a task, and
    those of the sites `remote` share none with other sites, as these would wait for a server that does not answer.
    `slots` is how many tasks run at a time.
    """
    for stage, group in itertools.groupby(steps, key=lambda planned: planned.step.stage):
        if stage is Stage.IMPORT:
            yield from (Task(stage, tuple(some)) for some in _import_sets(list(group), archived, remote, slots))
        elif stage is Stage.STAT:
            yield from (Task(stage, tuple(some)) for some in _stat_sets(list(group), alone, slots))
        else:
            yield Task(stage, tuple(group))


def _import_sets(
    steps: Sequence[PlannedStep], archived: Collection[str], remote: Collection[str], slots: int
) -> Iterator[Sequence[PlannedStep]]:
    """Sets of small import steps with the same settings, and the others alone.

    The sets are no larger than needed to keep all slots busy.
    """
    sizes = {each.step: _size(each) for each in steps if each.step.site not in archived and _only_loads_few(each)}
    sizes = {step: size for step, size in sizes.items() if size <= _IMPORT_BYTES[0]}
    most = min(_IMPORT_BYTES[1], max(_FEW_BYTES, sum(sizes.values()) // slots))
    filling: dict[tuple[str, str], tuple[list[PlannedStep], int]] = {}
    for planned in steps:
        size = sizes.get(planned.step)
        if size is None:
            yield (planned,)
            continue
        key = (_made_with(planned), planned.step.site if planned.step.site in remote else "")
        some, so_far = filling.get(key, ([], 0))
        if some and (len(some) >= _IMPORT_SET or so_far + size > most):
            yield some
            some, so_far = [], 0
        filling[key] = ([*some, planned], so_far + size)
    yield from (some for some, _ in filling.values())


def _made_with(planned: PlannedStep) -> str:
    return planned.work.made_with if isinstance(planned.work, ImportWork) else ""


def _only_loads_few(planned: PlannedStep) -> bool:
    """Whether an import step only has to load objects, and not many."""
    work = planned.work
    return isinstance(work, ImportWork) and work.only_loads and len(work.load) <= _MANY_OBJECTS


def _size(planned: PlannedStep) -> int:
    """About how many bytes of text an import step has to read."""
    work = planned.work
    load = work.load if isinstance(work, ImportWork) else ()
    return sum(item.size * (_GROWTH if item.key.endswith(_PACKED) else 1) for item in load)


def _stat_sets(steps: Sequence[PlannedStep], alone: Collection[str], slots: int) -> Iterator[Sequence[PlannedStep]]:
    """Sets of days of a site; sets of several sites are joined while they are small, as each set costs much itself.

    They are no larger than needed to keep all slots busy.
    """
    days, hits = _most_in_set(steps, slots)
    joined: list[PlannedStep] = []
    for site, group in itertools.groupby(steps, key=lambda planned: planned.step.site):
        for some in limited_sets(group, lambda planned: _hits((planned,)), most=days, limit=hits):
            if joined and not _fit(joined, some, days):
                yield joined
                joined = []
            if site in alone:
                yield some
            else:
                joined = [*joined, *some]
    if joined:
        yield joined


def _most_in_set(steps: Sequence[PlannedStep], slots: int) -> tuple[int, int]:
    """How many days a set has at most, and how many hits unless it is one day."""
    if slots == 1:
        return _STAT_SET, _hits(steps)
    sets = -(-len(steps) // _STAT_SET)
    sets = min(-(-sets // slots) * slots, max(sets, len(steps) // _FEW_DAYS))
    return -(-len(steps) // sets), max(_STAT_HITS, -(-_hits(steps) // slots))


def _fit(some: Sequence[PlannedStep], others: Sequence[PlannedStep], days: int) -> bool:
    return len(some) + len(others) <= days and _hits(some) + _hits(others) <= _STAT_HITS


def _hits(steps: Iterable[PlannedStep]) -> int:
    return sum(part.hits for planned in steps if isinstance(planned.work, StatWork) for part in planned.work.parts)
