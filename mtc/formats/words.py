"""Asking in SQL whether a text is one of a list of words, without a join.

`IN` with more than a few words becomes a hash join, and a join gives rows back in any order. Lines are numbered by
the order in which they were read, so reading must stay a chain of projections, whose order the database keeps
(https://duckdb.org/docs/stable/sql/dialect/order_preservation).
"""

from collections.abc import Sequence

from mtc.warehouse.quoting import literal


def one_of(expression: str, words: Sequence[str], mark: str) -> str:
    """SQL: whether `expression` is one of the words. Neither it nor they may ever hold `mark`."""
    listed = f"{mark}{mark.join(words)}{mark}"
    return f"contains({literal(listed)}, {literal(mark)} || {expression} || {literal(mark)})"
