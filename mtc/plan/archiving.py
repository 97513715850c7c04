"""Which loaded objects are still to be archived, and which copies in the archive may be overwritten. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mtc.core.errors import StepError
from mtc.core.model import LoadedObject, SourceObject
from mtc.core.records import StepRecord
from mtc.manifest.project import SiteSettings
from mtc.plan.verdicts import is_done
from mtc.sources.url_pattern import ArchiveUrl


@dataclass(frozen=True, slots=True)
class StepArchive:
    """The archive of one import step. `record` is what is known of the step."""

    site: SiteSettings
    day: dt.date
    record: StepRecord | None

    def missing(self, loaded: Iterable[LoadedObject]) -> tuple[LoadedObject, ...]:
        """Those without a copy where the manifest has the archive now."""
        if self.site.archive is None:
            return ()
        if is_done(self.record) and self._same_archive():
            return tuple(item for item in loaded if not item.archived)
        return tuple(item for item in loaded if item.archived != self._copy_url(item.object) or not item.archived)

    def earlier(self, replaced: Iterable[LoadedObject], missing: Iterable[LoadedObject]) -> Iterator[LoadedObject]:
        """What was archived before of objects that are to be archived (again).

        An object whose new version was loaded before a run was killed is recorded without a copy; the copy of the
        version before, which the last success recorded, is still where the new one belongs.
        """
        for item in replaced:
            yield item if item.archived or not self._has_earlier_copy(item) else self._with_copy(item)
        for item in missing:
            if not item.archived and self._has_earlier_copy(item):
                yield self._with_copy(item)

    def _with_copy(self, item: LoadedObject) -> LoadedObject:
        return replace(item, archived=self._copy_url(item.object))

    def _has_earlier_copy(self, item: LoadedObject) -> bool:
        before = self.record.inputs.get(item.object.key) if self.record else None
        return before not in {None, item.object.version} and self._same_archive()

    def _same_archive(self) -> bool:
        """Whether the last success archived to where the manifest says now."""
        archive = self.site.archive
        return (
            archive is not None and self.record is not None and self.record.settings.get("archive.url") == archive.url
        )

    def _copy_url(self, item: SourceObject) -> str:
        """The URL of the object's copy; empty for a key that cannot be archived: the stage reports that."""
        if self.site.archive is None:
            return ""
        try:
            template = ArchiveUrl.compile(self.site.archive.url, self.site.name)
            return template.copy_url(template.render(self.day, item))
        except StepError:
            return ""
