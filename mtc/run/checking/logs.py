"""The sources of the sites: whether they can be listed and read, and what they hold on the manifest's days."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from mtc.errors import ObjectChangedError
from mtc.manifest.project import Project, SiteSettings
from mtc.model import SourceObject
from mtc.run.checking.findings import Finding
from mtc.sources import open_source
from mtc.sources.base import Days, Source
from mtc.sources.s3_client import Tuning

QUICK = Tuning(connect_timeout=5, read_timeout=20, attempts=2)
"""How S3 is used where somebody waits for the answer."""

_NOTES = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to say of a site's source, the size of its largest object, and the newest that is not empty."""

    findings: tuple[Finding, ...]
    largest: int = 0
    newest: SourceObject | None = None


def about(site: str) -> str:
    """What findings of a site's source are about."""
    return f"source of {site}"


def look(project: Project, site: SiteSettings, days: Sequence[dt.date]) -> Seen:
    """List a site's source for these days, and read a byte of its largest object.

    Raises:
        StepError: it cannot be listed or read.
    """
    source = open_source(site, project.credentials, project.root, tuning=QUICK)
    notes: list[str] = []
    listed = source.list_days(days, note=notes.append)
    objects = [item for day in listed.values() for item in day]
    warnings = tuple(_left_out(site, source, note) for note in notes[:_NOTES])
    if not objects:
        hint = "check the source's url, and the manifest's dates"
        none = Finding.warning(about(site.name), source.describe(), f"no objects {_span(days)}", hint)
        return Seen((none, *warnings))
    largest = max(objects, key=lambda item: item.size)
    with suppress(ObjectChangedError):  # a log that is being written to: a run settles that
        source.peek(largest, 1)
    told = f"{len(objects)} object{'s' * (len(objects) != 1)} {_span(days)}, {_on(len(listed), len(days))}"
    return Seen((Finding.ok(about(site.name), source.describe(), told), *warnings), largest.size, _newest(listed))


def _newest(listed: Days) -> SourceObject | None:
    """Of the last day that has one, the object that was changed last."""
    for day in sorted(listed, reverse=True):
        if filled := [item for item in listed[day] if item.size]:
            return max(filled, key=lambda item: (item.modified, item.key))
    return None


def _left_out(site: SiteSettings, source: Source, note: str) -> Finding:
    return Finding.warning(about(site.name), source.describe(), note, "give the object another name")


def _span(days: Sequence[dt.date]) -> str:
    return f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}"


def _on(some: int, every: int) -> str:
    return "on every day" if some == every else f"on {some} of {every} days"
