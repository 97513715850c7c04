"""The transitions of loaded objects and of the parts made from them. Each method is one transaction.

A part file that no row lists may be deleted: the methods that remove parts return such files.
"""

from collections.abc import Iterable, Mapping

from mtc.core.model import LoadedObject, Part, Stage, StepId
from mtc.state.connection import StateConnection
from mtc.state.rows import from_text, to_accounting, to_slice, to_text
from mtc.state.step_transitions import step_row

_FILES_OF_OBJECT = """
    SELECT DISTINCT p.file FROM parts AS p JOIN objects AS o ON o.id = p.object WHERE o.step = ? AND o.key = ?
"""
_FILES_OF_STEP = "SELECT DISTINCT p.file FROM parts AS p JOIN objects AS o ON o.id = p.object WHERE o.step = ?"
_LISTED = "SELECT 1 FROM parts WHERE file = ? LIMIT 1"
_ADD_OBJECT = """
    INSERT INTO objects
        (step, key, size, etag, modified, object_id, content, format, accounting, archived, made_with, text, recipe,
         slice)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_PART = "INSERT INTO parts (object, site, day, file, object_id, hits, digest) VALUES (?, ?, ?, ?, ?, ?, ?)"
_DIGESTED = "UPDATE parts SET digest = ? WHERE file = ? AND digest IS NULL"
_DROP_OBJECT = "DELETE FROM objects WHERE step = ? AND key = ?"  # its parts go with it
_ARCHIVED = "UPDATE objects SET archived = ? WHERE step = ? AND key = ?"
_FORGET_CSV = "DELETE FROM csv_outputs WHERE NOT EXISTS (SELECT 1 FROM steps WHERE stage = 'csv')"


class ObjectTransitions:
    """Changes of loaded objects. Every method is one transaction, and raises StateError when it fails."""

    def __init__(self, connection: StateConnection) -> None:
        self._connection = connection

    def loaded(self, step: StepId, loaded: LoadedObject) -> tuple[str, ...]:
        """Record an object and its parts, replacing what was loaded under the same key for this step.

        Returns the part files to delete, sorted: those that no row lists any more.
        """
        if step.stage is not Stage.IMPORT:
            raise ValueError(f"{step} loads no objects")
        with self._connection.transaction():
            row = step_row(self._connection, step)
            key = to_text(loaded.object.key)
            before = self._files(_FILES_OF_OBJECT, row, key)
            self._connection.execute(_DROP_OBJECT, (row, key))
            self._add(row, loaded)
            return self._unlisted(before)

    def dropped(self, step: StepId, key: str) -> tuple[str, ...]:
        """Remove an object and its parts, if it is recorded. Returns the part files to delete."""
        with self._connection.transaction():
            row = step_row(self._connection, step)
            before = self._files(_FILES_OF_OBJECT, row, to_text(key))
            self._connection.execute(_DROP_OBJECT, (row, to_text(key)))
            return self._unlisted(before)

    def merged(self, step: StepId, keys: Iterable[str], merged: LoadedObject) -> tuple[str, ...]:
        """Replace several objects by one with the same hits. Returns the part files to delete."""
        with self._connection.transaction():
            row = step_row(self._connection, step)
            before: set[str] = set()
            for key in keys:
                before |= self._files(_FILES_OF_OBJECT, row, to_text(key))
                if not self._connection.execute(_DROP_OBJECT, (row, to_text(key))).rowcount:
                    raise ValueError(f"{step}: {key!r} is merged but was not loaded")
            self._add(row, merged)
            return self._unlisted(before)

    def archived(self, step: StepId, key: str, url: str) -> None:
        """Record the URL of an object's verified copy. Raises ValueError for an object that is not loaded."""
        with self._connection.transaction():
            row = step_row(self._connection, step)
            if not self._connection.execute(_ARCHIVED, (to_text(url), row, to_text(key))).rowcount:
                raise ValueError(f"{step}: {key!r} is archived but was not loaded")

    def digested(self, digests: Mapping[str, str]) -> None:
        """Record the digests, by part file, of parts that have none yet."""
        with self._connection.transaction():
            rows = [(digest, to_text(file)) for file, digest in sorted(digests.items())]
            self._connection.execute_many(_DIGESTED, rows)

    def forget(self, steps: Iterable[StepId]) -> tuple[str, ...]:
        """Remove steps from the state, with their objects. Returns the part files to delete."""
        files: set[str] = set()
        forgotten = tuple(steps)
        with self._connection.transaction():
            for step in forgotten:
                row = step_row(self._connection, step)
                files |= self._drop_all(row)
                self._connection.execute("DELETE FROM steps WHERE id = ?", (row,))  # its attempts go with it
            if any(step.stage is Stage.CSV for step in forgotten):
                self._connection.execute(_FORGET_CSV)
            return self._unlisted(files)

    def _add(self, row: int, loaded: LoadedObject) -> None:
        source = loaded.object
        columns = (to_text(source.key), source.size, to_text(source.etag), source.modified)
        made = (loaded.object_id, loaded.content, loaded.format, to_accounting(loaded.accounting))
        how = (to_text(loaded.archived), loaded.made_with, loaded.text, loaded.recipe, to_slice(source.slice))
        object_row = self._connection.execute(_ADD_OBJECT, (row, *columns, *made, *how)).lastrowid
        self._connection.execute_many(_ADD_PART, ((object_row, *_part_columns(part)) for part in loaded.parts))

    def _drop_all(self, row: int) -> set[str]:
        """Remove every object of a step; returns all of its part files, also those listed elsewhere."""
        files = self._files(_FILES_OF_STEP, row)
        self._connection.execute("DELETE FROM objects WHERE step = ?", (row,))
        return files

    def _files(self, sql: str, *parameters: object) -> set[str]:
        return {from_text(file) for (file,) in self._connection.execute(sql, parameters)}

    def _unlisted(self, files: Iterable[str]) -> tuple[str, ...]:
        listed = self._connection.execute
        return tuple(sorted(file for file in files if listed(_LISTED, (to_text(file),)).fetchone() is None))


def _part_columns(part: Part) -> tuple[str | bytes | int | None, ...]:
    """The columns of a part after that of its object."""
    where = (part.site, part.day.isoformat(), to_text(part.file))
    return *where, part.object_id, part.hits, part.digest or None
