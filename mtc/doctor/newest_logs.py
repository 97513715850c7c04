"""Checks of the newest logs of each site: what an import would make of their first lines. Nothing is kept.

The first block of one object of each site, or of one of each name of its growing logs, is read and examined as
`mtc explain` examines a file.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.core.atomic_files import explain_write_error
from mtc.core.background import run_parallel
from mtc.core.errors import MtcError, ObjectChangedError, StepError
from mtc.core.findings import Finding, Level
from mtc.core.model import SourceObject
from mtc.doctor.storage import QUICK
from mtc.engine.wiring import open_source
from mtc.formats.agents import load_table_reader
from mtc.formats.compression import as_utf8, beginning
from mtc.manifest.project import Project, SiteSettings

if TYPE_CHECKING:
    from mtc.stages.import_.preview import Explained

_BLOCK = 256 << 10
_PARQUET = b"PAR1"
_MOST = 20
"""How many logs of a site are read at most: a folder may have one for each of hundreds of hosts."""


def about(site: str) -> str:
    """The subject of findings about a site's newest log."""
    return f"newest log of {site}"


def check_newest_logs(project: Project, found: Mapping[str, Sequence[SourceObject]], limit: float) -> Iterator[Finding]:
    """Check these objects of each site, the newest first. `limit` is the time limit of each check, in seconds."""
    load_table_reader()  # the thread of a check ends before others begin
    try:
        with tempfile.TemporaryDirectory(prefix="mtc-doctor-", ignore_cleanup_errors=True) as name:
            checks = [
                _LogCheck(project, project.sites[site], item, Path(name), number)
                for site, items in found.items()
                for number, item in enumerate(items[:_MOST])
            ]
            answers = run_parallel([check.run for check in checks], limit=limit)
    except OSError as error:
        yield Finding.of(explain_write_error(error, "the folder for temporary files"), "newest logs", "")
        return
    results: dict[str, list[tuple[Finding, ...]]] = {}
    for check, answer in zip(checks, answers, strict=True):
        site = check.site
        findings = (Finding.of(answer, about(site.name), site.source.url),) if isinstance(answer, MtcError) else answer
        results.setdefault(site.name, []).append(findings)
    for name, items in found.items():
        yield from _site_findings(project.sites[name], results[name], len(items))


def _site_findings(site: SiteSettings, results: Sequence[tuple[Finding, ...]], names: int) -> Iterator[Finding]:
    """The findings of a site's newest log; of its other logs what is wrong, and how many were looked into."""
    first, *others = results
    yield from first
    for findings in others:
        yield from (finding for finding in findings if finding.level is not Level.OK)
    if others:
        skipped = f"; of {names - len(results):,} more it was not" if names > len(results) else ""
        refused = sum(any(finding.level is not Level.OK for finding in findings) for findings in others)
        what = f"the newest log of {len(others):,} other name{'s' * (len(others) != 1)} was looked into"
        outcome = f"{refused:,} with warnings, see above" if refused else "nothing is wrong"
        yield Finding.ok(f"other logs of {site.name}", site.source.url, f"{what}: {outcome}{skipped}")


@dataclass(frozen=True, slots=True)
class _LogCheck:
    """A check of one object, the `number`-th of its site. `folder` is for temporary files of all sites."""

    project: Project
    site: SiteSettings
    item: SourceObject
    folder: Path
    number: int

    def run(self) -> tuple[Finding, ...]:
        """Read and examine the beginning of the object.

        Raises:
            MtcError: it cannot be read, or a temporary file cannot be written.
        """
        source = open_source(self.site, self.project.credentials, self.project.root, tuning=QUICK)
        where = source.where(self.item)
        try:
            return tuple(self._findings(source.peek(self.item, _BLOCK), where))
        except ObjectChangedError as error:
            hint = "run the check again: the object was moved or replaced meanwhile"
            return (Finding.warning(about(self.site.name), where, error.what, hint),)
        except OSError as error:
            raise explain_write_error(error, str(self.folder)) from error

    def _findings(self, head: bytes, where: str) -> Iterator[Finding]:
        whole = len(head) < _BLOCK
        if head.startswith(_PARQUET) and not whole:
            what = "is a Parquet file, whose columns are seen when it is imported"
            yield Finding.ok(about(self.site.name), where, what)
            return
        try:
            text = head if head.startswith(_PARQUET) else _text(head, self.site, where, whole=whole)
        except StepError as error:
            yield _refused(error, self.site, where)
        else:
            yield from _findings_of(self._explained(text, where), self.site, where)

    def _explained(self, text: bytes, where: str) -> "Explained":
        from mtc.core.database import connect  # noqa: PLC0415 - loads duckdb
        from mtc.stages.import_.preview import Explainer  # noqa: PLC0415 - loads duckdb

        folder = self.folder / f"{self.site.name}+{self.number}"
        folder.mkdir()
        path = folder / "beginning"
        path.write_bytes(text)
        decoded = replace(self.site, source=self.site.source.model_copy(update={"encoding": None}))
        memory, scratch = self.project.run.memory, self.folder / ".tmp"
        return Explainer(decoded, lambda: connect(memory, scratch), folder, 0).explain(path, where)


def _text(head: bytes, site: SiteSettings, where: str, *, whole: bool) -> bytes:
    """The lines of the beginning as UTF-8, without the last one, which may be incomplete."""
    text = beginning(head, _BLOCK, whole=whole, where=where)
    decoded = b"".join(as_utf8([text], site.source.encoding))
    return decoded[: decoded.rfind(b"\n") + 1] or decoded


def _findings_of(explained: "Explained", site: SiteSettings, where: str) -> Iterator[Finding]:
    if error := explained.error or explained.verdict:
        yield _refused(error, site, where)
        return
    yield Finding.ok(about(site.name), where, _reading(explained))
    for choice in explained.choices:
        for note in choice.notes:
            yield Finding.warning(about(site.name), where, note.what, f"write {note.remedy} if they are proxies")


def _refused(error: StepError, site: SiteSettings, where: str) -> Finding:
    """A warning, not a problem: only the beginning of one object was read."""
    return replace(Finding.of(error, about(site.name), where), level=Level.WARNING)


def _reading(explained: "Explained") -> str:
    accounting = explained.accounting
    if not accounting.lines:
        return "has no line to look at"
    formats = dict.fromkeys(choice.format for choice in explained.choices)
    named = " and ".join(
        log_format.name + (f" behind {log_format.prefix.title}" if log_format.prefix else "") for log_format in formats
    )
    filtered, rejected = sum(accounting.filtered.values()), sum(accounting.rejected.values())
    return (
        f"is read as {named}; its first lines: {accounting.hits:,} hits, {filtered:,} filtered, {rejected:,} rejected"
    )
