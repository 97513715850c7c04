"""Doing slow work a few items ahead of whoever needs the results, which come in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

AHEAD = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item], *, name: str) -> Generator[tuple[Item, Result]]:
    """Do `work` for each item in threads called `name`, and give item and result in the order of the items.

    Whoever stops early closes the generator: what has not begun by then is not begun any more.
    """
    pending: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(AHEAD, thread_name_prefix=name) as pool:
        try:
            for item in items:
                pending.append((item, pool.submit(work, item)))
                if len(pending) >= AHEAD:
                    yield _first(pending)
            while pending:
                yield _first(pending)
        finally:
            for _, future in pending:
                future.cancel()


def in_turn(work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[tuple[Item, Result]]:
    """The same for work that is done sooner than it is handed to a thread: each item when it is asked for."""
    for item in items:
        yield item, work(item)


def one_ahead(items: Generator[Item], may: Callable[[Item], bool], *, name: str) -> Generator[Item]:
    """The same items; behind one that `may`, the next is made in a thread called `name` while it is worked on.

    `items` is run in that thread alone, closing included.
    """
    with ThreadPoolExecutor(1, thread_name_prefix=name) as pool:
        try:
            item = pool.submit(next, items, None).result()
            while item is not None:
                coming = pool.submit(next, items, None) if may(item) else None
                yield item
                item = (coming or pool.submit(next, items, None)).result()
        finally:
            pool.submit(items.close).result()


def _first(pending: "deque[tuple[Item, Future[Result]]]") -> tuple[Item, Result]:
    item, future = pending.popleft()
    return item, future.result()
