"""Makes a project as a year of ten-minute runs leaves it, of one log that is rotated daily, in a process of its own.

It is fed through the planner and the store. `growing_year.py FOLDER DAYS merged|never-merged` prints how many slices
there are.
"""

import datetime as dt
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from noop import COUNTS, LAST, Filler

from mtc.core.model import LoadedObject, Part, Slice, SourceObject, Stage, StepId
from mtc.manifest.load import load
from mtc.manifest.project import Project
from mtc.plan.fingerprint import digest as digest_of
from mtc.plan.fingerprint import load_settings
from mtc.sources.log_identity import digest
from mtc.sources.log_text import HEAD
from mtc.sources.merged_slices import merged_slice, slice_etag
from mtc.state.store import Store
from mtc.warehouse.parts import object_id, part_file

_RUNS = 144
"""How many ten-minute runs a day has."""

_KEPT = 15
"""How many files the rotation keeps."""

_LINE = '192.0.2.{run} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET /{run} HTTP/1.1" 200 512 "-" "curl/8.5.0"\n'
_MANIFEST = """\
version: 1
name: year
dates: {{from: {first}, to: {last}}}
source: {{url: logs/access.log*}}
sites: {{docs: {{timezone: UTC}}}}
"""


def make_year(root: Path, days: int, *, merged: bool) -> int:
    """Make the project, with the slices of all days but the last `merged`. Returns how many slices there are.

    The manifest that is left asks for the last day alone.
    """
    (root / "logs").mkdir(parents=True)
    dates = [LAST - dt.timedelta(days=age) for age in reversed(range(days))]
    manifest = root / "mtc.yaml"
    manifest.write_text(_MANIFEST.format(first=dates[0], last=LAST), "utf-8")
    project = load(manifest)
    with Store.open(project.state) as store:
        year = _Year(project, store, dates, merged=merged)
        year.fill()
    manifest.write_text(_MANIFEST.format(first=LAST, last=LAST), "utf-8")
    return year.count


class _Year(Filler):
    """Loads the slices, before the steps are recorded as done."""

    def __init__(self, project: Project, store: Store, dates: Sequence[dt.date], *, merged: bool) -> None:
        super().__init__(project, store)
        self._dates = dates
        self._merged = merged
        self.count = 0

    def _fill_before(self) -> None:
        for day in self._dates:
            step = StepId(Stage.IMPORT, "docs", day)
            self._store.planned([step])
            with self._store.transaction():
                for item in self._loaded_slices(step):
                    self._store.object_loaded(step, item)
                    self.count += 1

    def _loaded_slices(self, step: StepId) -> Iterator[LoadedObject]:
        items = list(self._slices(step))
        if self._merged and step.day < LAST:
            items = [merged_slice(items)]
        return (self._loaded_slice(step, item) for item in items)

    def _slices(self, step: StepId) -> Iterator[SourceObject]:
        """The slices of the log of a day; the log itself is written if rotation keeps it."""
        begin = dt.datetime.combine(step.day, dt.time(), dt.UTC)
        lines = [_LINE.format(run=run, at=begin + dt.timedelta(minutes=10 * run)).encode() for run in range(_RUNS)]
        text = b"".join(lines)
        age = (LAST - step.day).days
        if age < _KEPT:
            path = self._project.root / "logs" / (f"access.log.{age}" if age else "access.log")
            path.write_bytes(text)
            os.utime(path, (begin.timestamp() + 86_000,) * 2)
        log, stop = digest(text[:HEAD])[:8], 0
        for run, line in enumerate(lines):
            start, stop = stop, stop + len(line)
            size = min(stop, HEAD)
            head, tail = digest(text[:size]), digest(text[stop - size : stop])
            part = Slice(log, "access.log", start, stop, head, size, tail, size, "combined")
            written = int(begin.timestamp() + 600 * run) * 10**9
            yield SourceObject(f"access.log@{log}+{start}", len(line), slice_etag(part), written, part)

    def _loaded_slice(self, step: StepId, item: SourceObject) -> LoadedObject:
        """A slice, with a part; one that is not merged has a copy in an archive, so that it never is."""
        identity = object_id(item.key, item.version)
        file = part_file(step.site, step.day, identity)
        self._file(self._project.warehouse / file, 1)
        part = Part(step.site, step.day, file, identity, 1)
        made, archived = digest_of(load_settings(self._project.sites[step.site])), "" if self._merged else "kept"
        return LoadedObject(item, identity, "0" * 64, "combined", COUNTS, (part,), archived=archived, made_with=made)


if __name__ == "__main__":
    print(make_year(Path(sys.argv[1]), int(sys.argv[2]), merged=sys.argv[3] == "merged"))
