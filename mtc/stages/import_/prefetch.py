"""Does slow work ahead of time in threads: a few items before their results are needed. Knows nothing of logs."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

PREFETCHED = 8
"""How many items are worked on before their results are needed."""


def prefetch(work: Callable[[Item], Result], items: Iterable[Item], *, name: str) -> Generator[tuple[Item, Result]]:
    """Call `work` for each item in threads called `name`; yields items with their results, in the order of the items.

    A caller that stops early has to close the generator: items whose work has not begun are then skipped.
    """
    pending: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(PREFETCHED, thread_name_prefix=name) as pool:
        try:
            for item in items:
                pending.append((item, pool.submit(work, item)))
                if len(pending) >= PREFETCHED:
                    yield _first(pending)
            while pending:
                yield _first(pending)
        finally:
            for _, future in pending:
                future.cancel()


def one_by_one(work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[tuple[Item, Result]]:
    """The same without threads, for work that is faster than handing it over to one."""
    for item in items:
        yield item, work(item)


def prefetch_one(items: Generator[Item], *, name: str) -> Generator[Item]:
    """Yield the same items; the next one is made in a thread called `name` while the caller works on an item.

    `items` runs in that thread alone, also when it is closed.
    """
    with ThreadPoolExecutor(1, thread_name_prefix=name) as pool:
        try:
            item = pool.submit(next, items, None).result()
            while item is not None:
                upcoming = pool.submit(next, items, None)
                yield item
                item = upcoming.result()
        finally:
            pool.submit(items.close).result()


def _first(pending: "deque[tuple[Item, Future[Result]]]") -> tuple[Item, Result]:
    item, future = pending.popleft()
    return item, future.result()
