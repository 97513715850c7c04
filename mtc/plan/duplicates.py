"""Logs that are copies of one another: the same lines under several keys, of which one counts. Pure.

`gzip -k`, rsync, a rotation that copies, or a run while a log is being compressed leave `x.log` beside `x.log.gz`, in
one folder or in two, under one day or two. All of them are loaded, so that the hits are there whichever of them is
removed; one of them counts.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from mtc.core.deliveries import DeliveryStatus
from mtc.core.model import Accounting, LoadedObject, StepId
from mtc.core.records import DUPLICATE, History, copy_note, counted_accounting, is_copy_note
from mtc.manifest.project import Project, SiteSettings
from mtc.sources.url_pattern import SourceUrl

Copies = Mapping[StepId, Mapping[str, str]]
"""The copies of each import step by key, and the name of what each is a copy of."""


def find_copies(history: History, sites: Collection[str]) -> Copies:
    """The objects of these sites that do not count, because another object of the site has the same lines.

    Of a group of copies, one that was delivered counts, as Matomo cannot remove hits; else the first key of the
    earliest day.
    """
    alike: dict[tuple[str, str], list[tuple[StepId, LoadedObject]]] = {}
    for step, objects in history.objects.items():
        if step.site in sites:
            for item in objects:
                if item.text:
                    alike.setdefault((step.site, item.text), []).append((step, item))
    found: dict[StepId, dict[str, str]] = {}
    for group in alike.values():
        if len(group) > 1:
            (first, original), *others = sorted(group, key=lambda pair: _order(pair[0], pair[1], history))
            for step, item in others:
                found.setdefault(step, {})[item.object.key] = _name(original, first, step)
    return found


def counted_once(project: Project, history: History) -> History:
    """The history with the copies found, for the sites whose copies do not count (`duplicates: skip`).

    It says as well which sites have a day in the URL of their source.
    """
    skipping = {name for name, site in project.sites.items() if site.source.duplicates == "skip"}
    sliced = {step.site for step, objects in history.objects.items() if any(item.object.slice for item in objects)}
    urls = {name: project.sites[name].source.url for name in sliced if name in project.sites}
    dated = frozenset(name for name, url in urls.items() if SourceUrl.compile(url, name).is_dated)
    return replace(history, copies=find_copies(history, skipping), dated=dated)


def sent_texts(site: SiteSettings, history: History) -> frozenset[str]:
    """The digests of the logs whose lines were sent to Matomo; empty for a site whose copies count."""
    if site.matomo is None or site.source.duplicates != "skip":
        return frozenset()
    server, number = site.matomo.server, site.matomo_id
    return frozenset(
        item.text
        for step, deliveries in history.deliveries.items()
        if step.site == site.name
        for delivery in deliveries
        if delivery.server == server and number in {None, delivery.site_id}
        for item in delivery.objects
        if item.text
    )


def recounted(history: History) -> Iterator[tuple[StepId, Accounting, tuple[str, ...]]]:
    """The import steps whose accounting changes because of copies, with the new accounting and notes."""
    for step, record in history.steps.items():
        recorded = record.accounting
        if recorded is not None and (DUPLICATE in recorded.filtered or step in history.copies):
            copies = history.copies.get(step, {})
            objects = history.objects.get(step, ())
            accounting = Accounting.total(counted_accounting(item, copies) for item in objects)
            if accounting != recorded and accounting.lines == recorded.lines:
                lines = {item.object.key: item.accounting.lines for item in objects}
                notes = (copy_note(key, copies[key], lines[key]) for key in sorted(copies))
                yield step, accounting, (*(note for note in record.notes if not is_copy_note(note)), *notes)


def _order(step: StepId, item: LoadedObject, history: History) -> tuple[bool, StepId, str]:
    covered = any(
        sent.covers(item)
        for delivery in history.deliveries.get(step, ())
        if delivery.status is not DeliveryStatus.GIVEN_UP
        for sent in delivery.objects
    )
    return not covered, step, item.object.key


def _name(original: LoadedObject, first: StepId, step: StepId) -> str:
    return original.object.key if first == step else f"{original.object.key} of {first}"
