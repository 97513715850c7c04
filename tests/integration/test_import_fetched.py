"""Objects on their way from the source: what is copied where, and what is left where it lies."""

import gzip
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import ClassVar

import pytest
from import_step import Workshop, line, text
from memory_recorder import MemoryRecorder
from memory_source import MemorySource

from mtc.core.errors import TransientError
from mtc.core.model import SourceObject
from mtc.plan.work import ImportWork
from mtc.sources.folder import FolderSource
from mtc.sources.source import Progress, RemoteObject, ignore
from mtc.sources.url_pattern import SourceUrl
from mtc.stages.import_.prefetch import PREFETCHED, one_by_one, prefetch

PATTERN = SourceUrl.compile("logs/{date:%Y-%m-%d}.log", "docs")


class Watched(FolderSource):
    """A folder that notes which folders it was offered, and whether they were there."""

    offered: ClassVar[dict[Path, bool]] = {}

    def fetch(self, obj: SourceObject, spool: Path, *, progress: Progress = ignore) -> Path:
        self.offered[spool] = spool.exists()
        return FolderSource.fetch(self, obj, spool, progress=progress)


class Far(MemorySource):
    """A source that a service could copy from: it is worth fetching ahead."""

    def remote(self, obj: SourceObject) -> RemoteObject | None:
        return RemoteObject("far", "bucket", obj.key)


def test_objects_that_are_read_where_they_lie_get_no_folder_each(tmp_path: Path) -> None:
    """Thousands of small ones would take longer to make folders for than to read."""
    workshop = Workshop(tmp_path)
    Watched.offered.clear()
    objects = [workshop.write(f"{n}.log.gz", gzip.compress(text(line(f"/{n}")))) for n in range(5)]
    outcome = workshop.run(*objects, stage=workshop.stage(source=Watched(tmp_path / "logs", PATTERN)))
    assert [hit.path for key in outcome.loaded for hit in outcome.hits(key)] == [f"/{n}" for n in range(5)]
    assert list(Watched.offered.values()) == [False] * 5


@pytest.mark.parametrize("kind", [MemorySource, Far])
def test_objects_that_are_copied_are_loaded_in_order_and_leave_nothing(
    tmp_path: Path, kind: type[MemorySource]
) -> None:
    """Whether they are fetched ahead or in turn, and however many there are."""
    workshop = Workshop(tmp_path)
    source = kind(PATTERN)
    source.objects.update({f"{n:02}.log": text(line(f"/{n}")) for n in range(3 * PREFETCHED)})
    objects = [source.look(key) for key in sorted(source.objects)]
    outcome = workshop.run(*objects, stage=workshop.stage(source=source))
    assert list(outcome.loaded) == [obj.key for obj in objects]
    assert [hit.path for key in outcome.loaded for hit in outcome.hits(key)] == [f"/{n}" for n in range(3 * PREFETCHED)]


def test_a_step_without_objects_asks_no_source_for_any(tmp_path: Path) -> None:
    """There is no first object to look at."""
    workshop = Workshop(tmp_path)
    recorder = MemoryRecorder()
    assert workshop.load(workshop.stage(source=Far(PATTERN)), ImportWork(), recorder).loaded == {}


def test_work_in_turn_is_done_when_it_is_asked_for_and_not_before() -> None:
    """Whoever stops early has nothing done that was not wanted."""
    done: list[int] = []
    coming = one_by_one(done.append, [1, 2, 3])
    assert done == []
    assert next(coming) == (1, None)
    coming.close()
    assert done == [1]


def ahead_of_time(work: Callable[[int], int], items: Iterable[int]) -> Generator[tuple[int, int]]:
    """In threads."""
    return prefetch(work, items, name="test")


@pytest.mark.parametrize("how", [one_by_one, ahead_of_time])
def test_an_item_that_fails_fails_in_its_turn(
    how: Callable[[Callable[[int], int], Iterable[int]], Generator[tuple[int, int]]],
) -> None:
    """What comes before it is given out first."""

    def work(item: int) -> int:
        if item == 3:
            raise TransientError("three")
        return item

    coming = how(work, range(6))
    assert [next(coming) for _ in range(3)] == [(0, 0), (1, 1), (2, 2)]
    with pytest.raises(TransientError, match="three"):
        next(coming)
