"""How rows become records. Made for reading tens of thousands at once: what repeats is decoded once.

A row that does not decode raises ValueError, KeyError or TypeError.
"""

import contextlib
import datetime as dt
import gc
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mtc.model import Accounting, LoadedObject, Part, SourceObject, Stage, Status, StepId
from mtc.plan.model import StepRecord
from mtc.state.codec import from_accounting, from_json, from_moment, from_outputs, from_text
from mtc.state.rows import AttemptRow, RunRow

Row = tuple[Any, ...]

_STAGES = {stage.value: stage for stage in Stage}
_STATUSES = {status.value: status for status in Status}


@contextlib.contextmanager
def no_collecting() -> Iterator[None]:
    """While very many records are made, all of which live, looking for garbage takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Decoder:
    """Decodes the rows of one look at the state. The maps that it gives may be shared: they are never changed."""

    __slots__ = ("_days", "_maps", "_steps")

    def __init__(self) -> None:
        self._days: dict[str, dt.date] = {}
        self._maps: dict[str, dict[str, Any]] = {}
        self._steps: dict[tuple[str, str, str], StepId] = {}

    def day(self, text: str) -> dt.date:
        """A date."""
        found = self._days.get(text)
        if found is None:
            found = self._days[text] = dt.date.fromisoformat(text)
        return found

    def mapping(self, text: str) -> Mapping[str, Any]:
        """A JSON map."""
        found = self._maps.get(text)
        if found is None:
            found = self._maps[text] = from_json(text, dict)
        return found

    def step(self, site: str, stage: str, day: str) -> StepId:
        """A step's name."""
        columns = (site, stage, day)
        found = self._steps.get(columns)
        if found is None:
            found = self._steps[columns] = StepId(_STAGES[stage], site, self.day(day))
        return found

    def record(self, row: Row) -> StepRecord:
        """A step, from the columns of `reader.STEPS`."""
        site, stage, day, status, fingerprint, settings, inputs, outputs, accounting, figures, notes, *rest = row
        error, attempts, finished, checked = rest
        return StepRecord(
            self.step(site, stage, day),
            _STATUSES[status],
            fingerprint,
            self.mapping(settings),
            from_json(inputs, dict) if inputs != "{}" else self.mapping(inputs),
            from_outputs(outputs) if outputs != "[]" else (),
            from_accounting(accounting),
            self.mapping(figures),
            tuple(from_json(notes, list)) if notes != "[]" else (),
            from_text(error),
            attempts,
            from_moment(finished),
            from_moment(checked),
        )

    def part(self, row: Row) -> Part:
        """A part, from site, day, file, object id, hits and digest."""
        site, day, file, object_id, hits, digest = row
        return Part(site, self.day(day), from_text(file), object_id, hits, digest or "")

    def loaded(self, row: Row, parts: Iterable[Part]) -> LoadedObject:
        """A loaded object, from the columns of `reader.OBJECTS` after those that name its step."""
        key, size, etag, modified, object_id, content, form, accounting, archived, made_with, text, recipe = row
        source = SourceObject(from_text(key), size, from_text(etag), modified)
        lines = from_accounting(accounting) or Accounting()
        made = (from_text(archived), made_with, text, recipe)
        return LoadedObject(source, object_id, content, form, lines, tuple(parts), *made)

    def attempt(self, row: Row) -> AttemptRow:
        """An attempt, from the columns of `reader.ATTEMPTS`."""
        site, stage, day, run, number, started, ended, outcome, error = row
        begun = dt.datetime.fromisoformat(started)
        step = self.step(site, stage, day)
        return AttemptRow(step, run, number, begun, from_moment(ended), outcome, from_text(error))

    def run(self, row: Row) -> RunRow:
        """A run, from the columns of `reader.RUNS`."""
        run, manifest, command, started, ended, exit_code, counts = row
        begun = dt.datetime.fromisoformat(started)
        texts = (from_text(manifest), from_text(command))
        return RunRow(run, *texts, begun, from_moment(ended), exit_code, self.mapping(counts))
