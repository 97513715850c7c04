"""Checks delivered objects that are loaded again: whether Matomo already has their hits.

With unchanged settings, the same text has the same hits, and another accounting of the lines has others. Otherwise the
hits of both loads are compared: lines may have changed in place; a time zone for lines that have an offset, or a filter
that matches nothing, changes how an object is recorded but none of the hits that were sent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from mtc.core.deliveries import DeliveredObject
from mtc.core.errors import PermanentError
from mtc.core.model import LoadedObject, StepId
from mtc.plan.work import ImportWork
from mtc.stages.stage import Fact, ObjectCarried, ResendAllowed

# Every value of a hit that a request may contain, times in whole seconds. Sums, as neither order nor files matter.
_DIGEST = """
SELECT count(*), sum(md5_number_lower(hit)::HUGEINT), sum(md5_number_upper(hit)::HUGEINT)
FROM (
    SELECT concat_ws(
        chr(31), epoch(ts)::BIGINT, coalesce(ip, ''), coalesce(host, ''), coalesce(method, ''), coalesce(path, ''),
        coalesce(query, ''), coalesce(protocol, ''), coalesce(status, 0), coalesce(bytes, 0), coalesce(time_ms, 0),
        coalesce(referrer, ''), coalesce("user", ''), coalesce(user_agent, ''), coalesce(download, false)
    ) AS hit
    FROM read_parquet($paths, hive_partitioning = false)
    WHERE object = $object
)
"""

PathOf = Callable[[str], Path]
"""Gives the current path of a part's file (staged or published) for its path in the warehouse."""


def sent_digest(connection: duckdb.DuckDBPyConnection, loaded: LoadedObject, path_of: PathOf) -> tuple[int, ...]:
    """A digest of everything that is sent of an object's hits; empty without hits."""
    files = sorted({part.file for part in loaded.parts})
    if not files:
        return ()
    parameters = {"paths": [str(path_of(file)) for file in files], "object": loaded.object_id}
    return tuple(int(value or 0) for value in connection.execute(_DIGEST, parameters).fetchall()[0])


@dataclass(slots=True)
class ReloadCheck:
    """Checks the delivered objects of a step that are loaded again.

    `covered` are those whose hits have not changed, by key; `resent` are the keys of those to be sent again.
    """

    step: StepId
    work: ImportWork
    warehouse: Path
    covered: dict[str, DeliveredObject] = field(default_factory=dict)
    resent: list[str] = field(default_factory=list)

    def check(self, loaded: LoadedObject, connection: duckdb.DuckDBPyConnection, path_of: PathOf) -> None:
        """Check an object that is loaded again, before anything of it is published.

        Raises:
            PermanentError: its hits differ from those delivered, and no operator has accepted that they count twice.
        """
        deliver = self.work.deliver
        before = deliver.carried.get(loaded.object.key) if deliver else None
        if deliver is None or before is None:
            return
        if self._same(before, loaded, connection, path_of):
            self.covered[loaded.object.key] = DeliveredObject.of(loaded)
        elif deliver.accepted:
            self.resent.append(loaded.object.key)
        else:
            raise self._refusal(before, loaded)

    def facts(self, loaded: LoadedObject) -> Iterator[Fact]:
        """The facts about an object's deliveries when it is loaded."""
        deliver = self.work.deliver
        before = deliver.carried.get(loaded.object.key) if deliver else None
        if before is not None and (after := self.covered.get(loaded.object.key)) is not None:
            yield ObjectCarried(self.step, before, after)
        elif before is not None:
            yield ResendAllowed(self.step, (before.key,))

    def _same(
        self, before: DeliveredObject, loaded: LoadedObject, connection: duckdb.DuckDBPyConnection, path_of: PathOf
    ) -> bool:
        same_settings = before.made_with == loaded.made_with
        if same_settings and (not before.has_lines_of(loaded) or (before.text and before.text == loaded.text)):
            return before.has_lines_of(loaded)
        old = next((item for item in self.work.replaced if before.covers(item)), None)
        if same_settings and old is not None and old.content == loaded.content:
            return True  # a newer recipe may read the same text in another way: that sends nothing again
        if old is None or not all((self.warehouse / part.file).exists() for part in old.parts):
            return same_settings  # what was sent is unknown: with the same settings the accounting is all there is
        sent = sent_digest(connection, old, self.warehouse.__truediv__)
        return sent == sent_digest(connection, loaded, path_of)

    def _refusal(self, before: DeliveredObject, loaded: LoadedObject) -> PermanentError:
        what = "its hits were delivered, and it holds other lines now"
        if before.made_with != loaded.made_with:
            what = "delivered with other settings, and by today's its hits are others"
        return PermanentError(
            f"{what}: they would count twice in Matomo",
            where=loaded.object.label,
            hint=f"to count them again: --accept {self.step}",
        )
