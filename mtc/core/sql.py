"""Values in SQL text: the only module that quotes them. It loads no database, as declarations of formats need none.

`is_one_of` tests whether a text is one of a list of words without a join. `IN` with more than a few words becomes a
hash join, which returns rows in any order. Lines are numbered in the order in which they are read, so reading must stay
a chain of projections, whose order the database preserves
(https://duckdb.org/docs/stable/sql/dialect/order_preservation).
"""

from collections.abc import Sequence


def literal(value: str) -> str:
    """Quote a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def is_one_of(expression: str, words: Sequence[str], mark: str) -> str:
    """SQL: whether `expression` is one of the words. Neither may contain `mark`."""
    joined = f"{mark}{mark.join(words)}{mark}"
    return f"contains({literal(joined)}, {literal(mark)} || {expression} || {literal(mark)})"
