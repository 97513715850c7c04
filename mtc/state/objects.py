"""The transitions of loaded objects and of the parts made from them. What no row lists any more may be deleted."""

from collections.abc import Iterable, Mapping

from mtc.model import LoadedObject, Part, Stage, StepId
from mtc.state.codec import from_text, step_columns, to_accounting, to_text
from mtc.state.reader import Reader

ENSURE_STEP = "INSERT INTO steps (site, stage, day, status) VALUES (?, ?, ?, 'planned') ON CONFLICT DO NOTHING"

_STEP_ROW = "SELECT id FROM steps WHERE site = ? AND stage = ? AND day = ?"
_FILES_OF_OBJECT = """
    SELECT DISTINCT p.file FROM parts AS p JOIN objects AS o ON o.id = p.object WHERE o.step = ? AND o.key = ?
"""
_FILES_OF_STEP = "SELECT DISTINCT p.file FROM parts AS p JOIN objects AS o ON o.id = p.object WHERE o.step = ?"
_LISTED = "SELECT 1 FROM parts WHERE file = ? LIMIT 1"
_ADD_OBJECT = """
    INSERT INTO objects
        (step, key, size, etag, modified, object_id, content, format, accounting, archived, made_with, text, recipe)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_PART = "INSERT INTO parts (object, site, day, file, object_id, hits, digest) VALUES (?, ?, ?, ?, ?, ?, ?)"
_DIGESTED = "UPDATE parts SET digest = ? WHERE file = ? AND digest IS NULL"
_DROP_OBJECT = "DELETE FROM objects WHERE step = ? AND key = ?"  # its parts go with it
_ARCHIVED = "UPDATE objects SET archived = ? WHERE step = ? AND key = ?"


class ObjectTransitions(Reader):
    """What happens to loaded objects. Each method is one transaction, and raises StateError when it fails."""

    def object_loaded(self, step: StepId, loaded: LoadedObject) -> tuple[str, ...]:
        """Record an object and its parts, instead of what was loaded under the same key for this step.

        Returns the part files that no row lists any more, sorted: they can be deleted.
        """
        if step.stage is not Stage.IMPORT:
            raise ValueError(f"{step} loads no objects")
        with self.transaction():
            row = self._step_row(step)
            key = to_text(loaded.object.key)
            before = self._files(_FILES_OF_OBJECT, row, key)
            self._connection.execute(_DROP_OBJECT, (row, key))
            self._add(row, loaded)
            return self._unlisted(before)

    def object_dropped(self, step: StepId, key: str) -> tuple[str, ...]:
        """Take an object and its parts out; nothing happens when it is not there. Returns files to delete."""
        with self.transaction():
            row = self._step_row(step)
            before = self._files(_FILES_OF_OBJECT, row, to_text(key))
            self._connection.execute(_DROP_OBJECT, (row, to_text(key)))
            return self._unlisted(before)

    def object_archived(self, step: StepId, key: str, url: str) -> None:
        """Record where an object's verified copy is. An object that is not loaded is a ValueError."""
        with self.transaction():
            row = self._step_row(step)
            if not self._connection.execute(_ARCHIVED, (to_text(url), row, to_text(key))).rowcount:
                raise ValueError(f"{step}: {key!r} is archived but was not loaded")

    def parts_digested(self, digests: Mapping[str, str]) -> None:
        """Record the digests of part files that were read for the first time; those that are known stay."""
        with self.transaction():
            rows = [(digest, to_text(file)) for file, digest in sorted(digests.items())]
            self._connection.executemany(_DIGESTED, rows)

    def _add(self, row: int, loaded: LoadedObject) -> None:
        found = loaded.object
        columns = (to_text(found.key), found.size, to_text(found.etag), found.modified)
        made = (loaded.object_id, loaded.content, loaded.format, to_accounting(loaded.accounting))
        owner = self._connection.execute(
            _ADD_OBJECT, (row, *columns, *made, to_text(loaded.archived), loaded.made_with, loaded.text, loaded.recipe)
        ).lastrowid
        self._connection.executemany(_ADD_PART, ((owner, *_part_columns(part)) for part in loaded.parts))

    def _step_row(self, step: StepId) -> int:
        """The row of a step, which is made when the step is new to the state."""
        columns = step_columns(step)
        self._connection.execute(ENSURE_STEP, columns)
        row: tuple[int] = self._connection.execute(_STEP_ROW, columns).fetchone()
        return row[0]

    def _give_up(self, row: int) -> set[str]:
        """Take out every object of a step; returns the files that it had, listed elsewhere or not."""
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
