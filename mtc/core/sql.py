"""The only way in which a value may become part of a statement. It loads no database: a declaration needs none.

Asking in SQL whether a text is one of a list of words, without a join.

`IN` with more than a few words becomes a hash join, and a join gives rows back in any order. Lines are numbered by
the order in which they were read, so reading must stay a chain of projections, whose order the database keeps
(https://duckdb.org/docs/stable/sql/dialect/order_preservation).
"""

from collections.abc import Sequence


def literal(value: str) -> str:
    """Quote text for SQL."""
    return "'" + value.replace("'", "''") + "'"


def one_of(expression: str, words: Sequence[str], mark: str) -> str:
    """SQL: whether `expression` is one of the words. Neither it nor they may ever hold `mark`."""
    listed = f"{mark}{mark.join(words)}{mark}"
    return f"contains({literal(listed)}, {literal(mark)} || {expression} || {literal(mark)})"
