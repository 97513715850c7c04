"""Which lines of a bundle are whose: a small table of segments beside `lines`, and the SQL that joins the two."""

import duckdb

from mtc.sources.keys import printable
from mtc.stages.importing.bundle import Bundle, Segment
from mtc.warehouse.parts import object_id

_SEGMENTS = """
CREATE OR REPLACE TEMP TABLE segments (number INTEGER, first BIGINT, shift BIGINT, object VARCHAR, key VARCHAR)
"""
_FILL = "INSERT INTO segments SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?)"

_ONE_OWNER = "(SELECT lines.rowid AS n, * FROM lines CROSS JOIN segments) AS l"
_MANY_OWNERS = "(SELECT * FROM (SELECT rowid AS n, * FROM lines) AS a ASOF JOIN segments AS b ON a.n >= b.first) AS l"


def fill_segments(connection: duckdb.DuckDBPyConnection, bundle: Bundle) -> None:
    """Fill the table `segments`, a row for each one that has lines; `n + shift` is a line's number in its object."""
    connection.execute(_SEGMENTS)
    filled = [(number, segment) for number, segment in enumerate(bundle.segments) if segment.lines]
    if filled:
        connection.execute(
            _FILL,
            [
                [number for number, _ in filled],
                [segment.first for _, segment in filled],
                [segment.offset - segment.first + 1 for _, segment in filled],
                [owner(segment) for _, segment in filled],
                [printable(segment.object.key) for _, segment in filled],
            ],
        )


def owned_lines(bundle: Bundle) -> str:
    """SQL: `lines` as `l`, each with `n`, its number in the bundle from 0, and the columns of its segment."""
    return _ONE_OWNER if sum(segment.lines > 0 for segment in bundle.segments) <= 1 else _MANY_OWNERS


def owner(segment: Segment) -> str:
    """The id of the object that a segment belongs to."""
    return object_id(segment.object.key, segment.object.version)
