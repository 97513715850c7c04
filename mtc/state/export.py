"""The whole state as JSON lines, for people, other tools and recovery: one object a line, in a stable order.

The state holds no secrets, so an export holds none.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from mtc.core.errors import StateError
from mtc.state import schema, state_errors
from mtc.state.connection import StateConnection
from mtc.state.rows import from_text

_STEP = "s.stage || ':' || s.site || ':' || s.day AS step"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of line: its name, its query, and which of its columns hold JSON."""

    name: str
    sql: str
    json: frozenset[str] = frozenset()


_KINDS = (
    _Kind(
        "run",
        "SELECT id AS run, manifest, command, started, ended, exit_code, counts FROM runs ORDER BY started, id",
        frozenset({"counts"}),
    ),
    _Kind(
        "step",
        f"""
        SELECT {_STEP}, status, fingerprint, settings, inputs, outputs, accounting, figures, notes,
               error, attempts, finished, checked
        FROM steps AS s ORDER BY site, stage, day
        """,  # noqa: S608 - a constant
        frozenset({"settings", "inputs", "outputs", "accounting", "figures", "notes"}),
    ),
    _Kind(
        "attempt",
        f"""
        SELECT {_STEP}, run, number, started, ended, outcome, a.error
        FROM attempts AS a JOIN steps AS s ON s.id = a.step ORDER BY a.id
        """,  # noqa: S608 - a constant
    ),
    _Kind(
        "object",
        f"""
        SELECT {_STEP}, o.key, o.size, etag, modified, object_id, content, format, o.accounting, archived, made_with,
               text, recipe, slice
        FROM objects AS o JOIN steps AS s ON s.id = o.step ORDER BY s.site, s.day, o.key
        """,  # noqa: S608 - a constant
        frozenset({"accounting", "slice"}),
    ),
    _Kind(
        "part",
        f"""
        SELECT {_STEP}, o.key, p.site, p.day, p.file, p.object_id, p.hits, p.digest
        FROM parts AS p JOIN objects AS o ON o.id = p.object JOIN steps AS s ON s.id = o.step
        ORDER BY s.site, s.day, o.key, p.rowid
        """,  # noqa: S608 - a constant
    ),
    _Kind(
        "delivery",
        """
        SELECT 'import:' || site || ':' || day AS step, number, server, site_id, uid, lanes, size, until, hits,
               unsendable, invalid, status, made, ended
        FROM deliveries ORDER BY site, day, number
        """,
    ),
    _Kind(
        "delivered",
        """
        SELECT 'import:' || d.site || ':' || d.day AS step, d.number, o.key, o.version, o.object_id, o.made_with,
               o.account, o.text, o.taken_back
        FROM delivered AS o JOIN deliveries AS d ON d.id = o.delivery ORDER BY d.site, d.day, d.number, o.key
        """,
    ),
    _Kind(
        "batch",
        """
        SELECT 'import:' || d.site || ':' || d.day AS step, d.number AS delivery, b.lane, b.number, b.hits, b.status,
               b.moved, b.places, b.invalid, b.refused
        FROM batches AS b JOIN deliveries AS d ON d.id = b.delivery
        ORDER BY d.site, d.day, d.number, b.lane, b.number
        """,
        frozenset({"places", "refused"}),
    ),
    _Kind(
        "acceptance",
        "SELECT 'import:' || site || ':' || day AS step, run, at, keys FROM acceptances ORDER BY id",
        frozenset({"keys"}),
    ),
    _Kind("csv_output", "SELECT path, size, digest FROM csv_outputs ORDER BY path"),
)


def write(connection: StateConnection, stream: TextIO) -> None:
    """Write every row, all from one snapshot. A table that cannot be read does not stop the next ones.

    Raises StateError at the end if something could not be read.
    """
    with connection.snapshot():
        errors = list(_write_all(connection.sqlite, connection.path, stream))
        if errors:
            raise errors[0]


def _write_all(connection: sqlite3.Connection, path: Path, stream: TextIO) -> Iterator[StateError]:
    try:
        with state_errors.explained(connection, path):
            _head(connection, stream)
    except StateError as error:
        yield error
    for kind in _KINDS:
        try:
            with state_errors.explained(connection, path), state_errors.readable(path):
                _lines(connection, kind, stream)
        except StateError as error:
            yield error


def _head(connection: sqlite3.Connection, stream: TextIO) -> None:
    rows = dict(connection.execute("SELECT name, value FROM meta ORDER BY name"))
    _line(stream, {"kind": "state", "version": schema.version_of(connection), **rows})


def _lines(connection: sqlite3.Connection, kind: _Kind, stream: TextIO) -> None:
    cursor = connection.execute(kind.sql)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        fields = {name: _plain(value, name in kind.json) for name, value in zip(names, row, strict=True)}
        _line(stream, {"kind": kind.name, **fields})


def _plain(value: object, is_json: bool) -> object:  # noqa: FBT001 - private, and clear where it is called
    if isinstance(value, bytes):
        return from_text(value)
    return json.loads(value) if is_json and isinstance(value, str) else value


def _line(stream: TextIO, fields: dict[str, object]) -> None:
    stream.write(json.dumps(fields, ensure_ascii=True) + "\n")
