"""The transitions of loaded objects and of the parts made from them. What no row lists any more may be deleted.

The transitions of deliveries: what was sent to Matomo, and how far each batch has come.

They belong to a site and a day, not to a step's row: what the state forgets of a step, Matomo does not.
"""

import datetime as dt
from collections.abc import Iterable, Mapping

from mtc.core.deliveries import Batch, DeliveredObject, Delivery, DeliveryStatus
from mtc.core.model import LoadedObject, Part, Stage, StepId
from mtc.state.queries import Reader
from mtc.state.rows import from_text, step_columns, to_accounting, to_json, to_moment, to_text

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


_CUT = """
    INSERT INTO deliveries
        (site, day, number, server, site_id, uid, lanes, size, until, hits, unsendable, status, made)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)
"""
_COVER = """
    INSERT INTO delivered (delivery, key, version, object_id, made_with, account, text) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_BATCH = "INSERT INTO batches (delivery, lane, number, hits, status) VALUES (?, ?, ?, ?, ?)"
_FIND = "SELECT id FROM deliveries WHERE site = ? AND day = ? AND number = ? AND status = 'open'"
_MOVE = """
    UPDATE batches SET status = ?, moved = ?, places = ?, invalid = ?, refused = ?
    WHERE delivery = ? AND lane = ? AND number = ?
"""
_UNRECORDED = "SELECT count(*) FROM batches WHERE delivery = ? AND status <> 'recorded'"
_END = """
    UPDATE deliveries
    SET status = 'done', ended = ?, invalid = (SELECT coalesce(sum(invalid), 0) FROM batches WHERE delivery = id)
    WHERE id = ?
"""
_DROP_BATCHES = "DELETE FROM batches WHERE delivery = ?"
# Hits are looked up by ids made from those of their objects: in an open delivery these stay as they were cut.
_CARRY = """
    UPDATE delivered SET key = ?1, version = ?2, object_id = ?3, made_with = ?4, account = ?5, text = ?6
    WHERE key = ?7 AND object_id = ?8 AND taken_back IS NULL
      AND delivery IN (SELECT id FROM deliveries WHERE site = ?9 AND day = ?10 AND (status <> 'open' OR ?8 = ?3))
"""
# A name that was taken back in the same delivery makes way; that it was taken back stays among the acceptances.
_MAKE_WAY = """
    DELETE FROM delivered
    WHERE key = ? AND taken_back IS NOT NULL
      AND delivery IN (
          SELECT o.delivery FROM delivered AS o JOIN deliveries AS d ON d.id = o.delivery
          WHERE o.key = ? AND o.object_id = ? AND o.taken_back IS NULL AND d.site = ? AND d.day = ?
      )
"""
_OPEN = "SELECT id FROM deliveries WHERE site = ? AND day = ? AND status = 'open'"
_GIVE_UP = "UPDATE deliveries SET status = ?, ended = ? WHERE id = ?"
_TAKE_BACK_ALL = "UPDATE delivered SET taken_back = ? WHERE delivery = ? AND taken_back IS NULL"
_TAKE_BACK = """
    UPDATE delivered SET taken_back = ?
    WHERE key = ? AND taken_back IS NULL AND delivery IN (SELECT id FROM deliveries WHERE site = ? AND day = ?)
"""
_ACCEPT = "INSERT INTO acceptances (site, day, run, at, keys) VALUES (?, ?, ?, ?, ?)"


class DeliveryTransitions(ObjectTransitions):
    """What happens to deliveries. Each method is one transaction, and raises StateError when it fails."""

    def delivery_cut(self, step: StepId, delivery: Delivery, *, at: dt.datetime) -> None:
        """Record a delivery with its cut, before its first hit is sent."""
        cut = delivery.cut
        laid_out = (cut.uid, cut.lanes, cut.size, to_moment(cut.until), delivery.hits, delivery.unsendable)
        columns = (*_day(step), delivery.number, to_text(delivery.server), delivery.site_id, *laid_out, to_moment(at))
        with self.transaction():
            row = self._connection.execute(_CUT, columns).lastrowid
            self._connection.executemany(_COVER, ((row, *_object(one)) for one in delivery.objects))
            self._connection.executemany(
                _BATCH, ((row, one.id.lane, one.id.number, one.hits, one.status.value) for one in delivery.batches)
            )

    def batches_moved(self, step: StepId, number: int, batches: Iterable[Batch]) -> None:
        """Record how far batches of an open delivery have come."""
        with self.transaction():
            row = self._delivery_row(step, number)
            for one in batches:
                left = None if one.left is None else to_json(one.left)
                moved = (one.status.value, to_moment(one.moved), left, one.invalid, to_json(one.refused))
                if not self._connection.execute(_MOVE, (*moved, row, one.id.lane, one.id.number)).rowcount:
                    raise ValueError(f"{step}: delivery {number} has no batch {one.id}")

    def delivery_ended(self, step: StepId, number: int, *, at: dt.datetime) -> None:
        """All batches of a delivery are recorded; a ValueError when they are not."""
        with self.transaction():
            row = self._delivery_row(step, number)
            (unrecorded,) = self._connection.execute(_UNRECORDED, (row,)).fetchone()
            if unrecorded:
                raise ValueError(f"{step}: {unrecorded} batches of delivery {number} are not recorded")
            self._connection.execute(_END, (to_moment(at), row))
            self._connection.execute(_DROP_BATCHES, (row,))

    def object_carried(self, step: StepId, before: DeliveredObject, after: DeliveredObject) -> None:
        """An object was loaded again, with the same hits: the delivery that covered it before covers it now.

        A delivery that is still open does so only under the same object id.
        """
        covering = (to_text(before.key), before.object_id, *_day(step))
        with self.transaction():
            self._connection.execute(_MAKE_WAY, (to_text(after.key), *covering))
            self._connection.execute(_CARRY, (*_object(after), *covering))

    def taken_back(self, step: StepId, keys: Iterable[str], *, run: str, at: dt.datetime) -> None:
        """An operator lets the hits of these objects be sent again. A delivery that is still open is given up."""
        named = tuple(keys)
        moment = to_moment(at)
        with self.transaction():
            for (row,) in self._connection.execute(_OPEN, _day(step)).fetchall():
                self._connection.execute(_GIVE_UP, (DeliveryStatus.GIVEN_UP.value, moment, row))
                self._connection.execute(_TAKE_BACK_ALL, (moment, row))
                self._connection.execute(_DROP_BATCHES, (row,))
            for key in named:
                self._connection.execute(_TAKE_BACK, (moment, to_text(key), *_day(step)))
            self._connection.execute(_ACCEPT, (*_day(step), run, moment, to_json(named)))

    def _delivery_row(self, step: StepId, number: int) -> int:
        found: tuple[int] | None = self._connection.execute(_FIND, (*_day(step), number)).fetchone()
        if found is None:
            raise ValueError(f"{step} has no open delivery {number}")
        return found[0]


def _day(step: StepId) -> tuple[str, str]:
    if step.stage is not Stage.IMPORT:
        raise ValueError(f"{step} delivers nothing")
    return step.site, step.day.isoformat()


def _object(one: DeliveredObject) -> tuple[str | bytes, ...]:
    return to_text(one.key), to_text(one.version), one.object_id, one.made_with, one.account, one.text
