"""Text that becomes part of a statement: no other room quotes a value. It loads no database: declarations need none.

`is_one_of` asks whether a text is one of a list of words without a join. `IN` with more than a few words becomes a hash
join, and a join gives rows back in any order. Lines are numbered by the order in which they were read, so reading must
stay a chain of projections, whose order the database keeps
(https://duckdb.org/docs/stable/sql/dialect/order_preservation).
"""

from collections.abc import Sequence


def literal(value: str) -> str:
    """Quote text for SQL."""
    return "'" + value.replace("'", "''") + "'"


def is_one_of(expression: str, words: Sequence[str], mark: str) -> str:
    """SQL: whether `expression` is one of the words. Neither may contain `mark`."""
    joined = f"{mark}{mark.join(words)}{mark}"
    return f"contains({literal(joined)}, {literal(mark)} || {expression} || {literal(mark)})"
