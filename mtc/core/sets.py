"""Splits a sequence into sets of a limited size."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def limited_sets(items: Iterable[Item], size: Callable[[Item], int], *, most: int, limit: int) -> Iterator[list[Item]]:
    """Yield items in order, at most `most` at a time, whose sizes add up to `limit` at most or which are one item."""
    some: list[Item] = []
    total = 0
    for item in items:
        more = size(item)
        if some and (len(some) >= most or total + more > limit):
            yield some
            some, total = [], 0
        some.append(item)
        total += more
    if some:
        yield some
