"""A project as a year of ten-minute runs leaves it, of one log that is rotated daily.

It is fed through the planner and the store.
"""

import datetime as dt
import os
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


def make_year(root: Path, days: int, files: int) -> int:
    """Make the project, with so many part files for each day. Returns how many slices there are.

    The manifest that is left asks for the last day alone.
    """
    (root / "logs").mkdir(parents=True)
    dates = [LAST - dt.timedelta(days=age) for age in reversed(range(days))]
    manifest = root / "mtc.yaml"
    manifest.write_text(_MANIFEST.format(first=dates[0], last=LAST), "utf-8")
    project = load(manifest)
    with Store.open(project.state) as store:
        _Year(project, store, dates, files).fill()
    manifest.write_text(_MANIFEST.format(first=LAST, last=LAST), "utf-8")
    return days * _RUNS


class _Year(Filler):
    """Loads the slices, before the steps are recorded as done."""

    def __init__(self, project: Project, store: Store, dates: Sequence[dt.date], files: int) -> None:
        super().__init__(project, store)
        self._dates = dates
        self._files = files

    def _fill_before(self) -> None:
        for day in self._dates:
            step = StepId(Stage.IMPORT, "docs", day)
            self._store.planned([step])
            with self._store.transaction():
                for item in self._slices(step):
                    self._store.object_loaded(step, item)

    def _slices(self, step: StepId) -> Iterator[LoadedObject]:
        """What was loaded of the log of a day; the log itself is written if rotation keeps it."""
        begin = dt.datetime.combine(step.day, dt.time(), dt.UTC)
        lines = [_LINE.format(run=run, at=begin + dt.timedelta(minutes=10 * run)).encode() for run in range(_RUNS)]
        text = b"".join(lines)
        age = (LAST - step.day).days
        if age < _KEPT:
            path = self._project.root / "logs" / (f"access.log.{age}" if age else "access.log")
            path.write_bytes(text)
            written = begin.timestamp() + 86_000
            os.utime(path, (written, written))
        log, stop = digest(text[:HEAD])[:8], 0
        for run, line in enumerate(lines):
            start, stop = stop, stop + len(line)
            size = min(stop, HEAD)
            tail = digest(text[stop - size : stop])
            part = Slice(log, "access.log", start, stop, digest(text[:size]), size, tail, size, "combined")
            etag = f"slice-{digest(f'{log} {start} {stop} {tail}'.encode())[:32]}"
            modified = int(begin.timestamp() + 600 * run) * 10**9
            item = SourceObject(f"access.log@{log}+{start}", len(line), etag, modified, part)
            identity = object_id(item.key, item.version)
            file = part_file("docs", step.day, identity if run < self._files - 1 else f"{step.day}-rest")
            yield self._with_part(step, item, identity, file)

    def _with_part(self, step: StepId, item: SourceObject, identity: str, file: str) -> LoadedObject:
        self._file(self._project.warehouse / file, 1)
        part = Part(step.site, step.day, file, identity, 1)
        made = digest_of(load_settings(self._project.sites[step.site]))
        return LoadedObject(item, identity, "0" * 64, "combined", COUNTS, (part,), made_with=made)
