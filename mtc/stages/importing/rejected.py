"""The lines that could not be read: kept where an operator finds them, with object, line number and reason."""

from collections.abc import Mapping

import duckdb

from mtc.sources.keys import printable
from mtc.stages.importing.bundle import Bundle
from mtc.stages.importing.owners import owned_lines
from mtc.warehouse.database import literal

SAMPLES = 3
_SHOWN = 120
_ANY = "SELECT count(*) FROM lines WHERE rejected"


def any_rejected(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a line of `lines` could not be read."""
    ((count,),) = connection.execute(_ANY).fetchall()
    return bool(count)


def write_rejected(connection: duckdb.DuckDBPyConnection, bundle: Bundle, target: str) -> None:
    """Write the rejected lines to a file, a JSON object each."""
    connection.execute(
        f"COPY (SELECT key AS object, n + shift AS line, reason, text FROM {owned_lines(bundle)} WHERE rejected"
        f" ORDER BY n) TO {literal(target)} (FORMAT json)"
    )


def sample_rejected(connection: duckdb.DuckDBPyConnection, bundle: Bundle) -> Mapping[int, list[str]]:
    """The first rejected lines of each segment, by its number, for a message."""
    query = (
        f"SELECT number, n + shift, reason, text FROM {owned_lines(bundle)} WHERE rejected"  # noqa: S608 - own pieces
        f" QUALIFY row_number() OVER (PARTITION BY number ORDER BY n) <= {SAMPLES} ORDER BY n"
    )
    samples: dict[int, list[str]] = {}
    for number, line, reason, text in connection.execute(query).fetchall():
        samples.setdefault(number, []).append(f"line {line} ({reason}): {printable(text[:_SHOWN])}")
    return samples
