"""Logs that grow: which days may get more hits yet. Pure.

Lines come in order of time, near enough. So a day is whole when a log was read that goes on behind its end; or when the
source was looked at after it had settled, and there was nothing more.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mtc.core.frozen_model import seconds
from mtc.core.model import SourceObject, Stage, StepId
from mtc.core.quantities import size
from mtc.core.records import History, StepRecord
from mtc.manifest.project import SiteSettings
from mtc.plan.neighbours import NOT_WHOLE
from mtc.plan.world import Selection

GROWING = f"{NOT_WHOLE}: its logs may still grow"
"""Why a day is not whole."""

LACKING = "lacking"
"""The input of a stat step that says why its day may not be whole."""


@dataclass(frozen=True, slots=True)
class GrowingLogs:
    """How far the growing logs of a site were read.

    `last_day` is the last day with hits from slices of logs, None where there are none; `looked_at` is when the source
    was last listed.
    """

    site: SiteSettings
    last_day: dt.date | None = None
    looked_at: dt.datetime | None = None

    @classmethod
    def of(cls, site: SiteSettings, history: History) -> "GrowingLogs":
        """From what the state says."""
        days = days_with_hits(site.name, history)
        records = map(history.steps.get, history.imports_of(site.name))
        looks = [record.checked for record in records if record and record.checked]
        return cls(site, max(days, default=None), max(looks, default=None))

    def lacking(self, day: dt.date) -> tuple[str, ...]:
        """Why a day may not be whole; empty for one that is, and where no log grows."""
        if self.last_day is None or day < self.last_day:
            return ()
        settled = self.site.day_end(day) + dt.timedelta(seconds=seconds(self.site.source.settle))
        return () if self.looked_at is not None and self.looked_at >= settled else (GROWING,)


def days_with_hits(site: str, history: History) -> frozenset[dt.date]:
    """The days of which a site's growing logs have hits, whatever day their slices were loaded for."""
    return frozenset(
        part.day
        for step in history.imports_of(site)
        for item in history.objects[step]
        if history.is_of_growing_log(site, item)
        for part in item.parts
        if part.hits
    )


def new_in_logs(slices: Iterable[SourceObject], zone: dt.tzinfo, day: dt.date) -> Iterator[str]:
    """What is new of each log, `access.log: 1.2 MB new since 10:20`: one line for all of its slices.

    Times are in `zone`; the date is left out where it is `day`.
    """
    logs: dict[str, list[SourceObject]] = {}
    for item in slices:
        if item.slice is not None:
            logs.setdefault(item.slice.log, []).append(item)
    sizes = {log: sum(item.size for item in items) for log, items in logs.items()}
    firsts = [min((item.slice for item in items if item.slice), key=lambda part: part.start) for items in logs.values()]
    for first in sorted(firsts, key=lambda part: (part.file, part.log)):
        since, text = first.since, f"{first.file}: {size(sizes[first.log])}"
        yield f"{text} new since {_moment(since, zone, day)}" if since else f"{text}, a new log"


def _moment(nanoseconds: int, zone: dt.tzinfo, day: dt.date) -> str:
    at = dt.datetime.fromtimestamp(nanoseconds / 1e9, zone)
    return f"{at:%H:%M}" if at.date() == day else f"{at:%Y-%m-%d %H:%M}"


def uncounted(site: str, history: History, asked: Collection[dt.date]) -> Mapping[dt.date, int]:
    """The hits that growing logs have of days without statistics, by day. `asked` are about to be counted."""
    found: Counter[dt.date] = Counter()
    for step in history.imports_of(site):
        for item in history.objects[step]:
            for part in item.parts if history.is_of_growing_log(site, item) else ():
                record = history.steps.get(StepId(Stage.STAT, site, part.day))
                if part.day not in asked and (record is None or not record.fingerprint):
                    found[part.day] += part.hits
    return dict(sorted(found.items()))


def uncounted_notes(selection: Selection, history: History, sites: Collection[str]) -> Iterator[str]:
    """A sentence for each of these sites whose growing logs have hits of days without statistics."""
    for site in sorted(sites):
        asked = selection.days.get(site, ()) if Stage.STAT in selection.stages else ()
        if days := uncounted(site, history, asked):
            first, last = min(days), max(days)
            span = f"{first}" if first == last else f"{first} to {last}"
            command = f"mtc stat {site} {first}" + ("" if first == last else f" {last}")
            hits = f"{sum(days.values()):,} hits of other days"
            yield f"{site}: {hits} ({span}) are in no statistics: `{command}` counts them"


def growing_days(records: Mapping[StepId, StepRecord]) -> Iterator[dt.date]:
    """The days that were counted while their logs might still grow."""
    for step, record in records.items():
        if step.stage is Stage.STAT and record.inputs.get(LACKING, "").startswith(GROWING):
            yield step.day
