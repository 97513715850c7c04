"""The archives: whether copies can be put there. An empty probe is put there and deleted again, and nothing else.

The probe goes the way of a copy, so that each permission of a push is seen.
"""

import datetime as dt
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtc.errors import ObjectChangedError, StepError
from mtc.manifest.project import Project, SiteSettings
from mtc.model import SourceObject
from mtc.run.checking.findings import Finding
from mtc.run.checking.logs import QUICK
from mtc.run.checking.places import writable
from mtc.sources import open_archive
from mtc.sources.folder_archive import FolderArchive
from mtc.sources.keys import printable
from mtc.sources.s3_archive import S3Archive
from mtc.sources.s3_errors import Access, explaining

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROBE = ".mtc-probe"
"""The name of the object that is put into an archive and deleted again."""


def about(site: str) -> str:
    """What findings of a site's archive are about."""
    return f"archive of {site}"


def check(project: Project, site: SiteSettings, day: dt.date) -> tuple[Finding, ...]:
    """Whether an object of that day could be archived.

    Raises:
        StepError: it could not.
    """
    archive = open_archive(site, project.credentials, project.root, tuning=QUICK)
    if isinstance(archive, S3Archive):
        return (_Probe(archive, archive.template.render(day, SourceObject(PROBE, 0))).run(site.name),)
    if isinstance(archive, FolderArchive):
        return (writable(about(site.name), archive.project / archive.template.root),)
    return ()


@dataclass(frozen=True, slots=True)
class _Probe:
    """A probe for one archive."""

    archive: S3Archive
    key: str

    def run(self, site: str) -> Finding:
        """Look for it, put it there, delete it."""
        self._head()
        with self._explaining("s3:PutObject"):
            self._client.put_object(Bucket=self._bucket, Key=self.key, Body=b"")
        try:
            with self._explaining("s3:DeleteObject"):
                self._client.delete_object(Bucket=self._bucket, Key=self.key)
        except StepError:
            what = f"can be written; the empty object {self._where} stays, as deleting it is refused"
            return Finding.warning(about(site), self.archive.describe(), what, "delete it, if it is in the way")
        return Finding.ok(about(site), self.archive.describe(), "can be written")

    def _head(self) -> None:
        """Without the right to list, a service says of what is not there that it is forbidden."""
        with suppress(ObjectChangedError), self._explaining("s3:GetObject and s3:ListBucket"):
            self._client.head_object(Bucket=self._bucket, Key=self.key)

    @property
    def _client(self) -> "S3Client":
        return self.archive.clients.get(self.archive.login, self.archive.tuning)

    @property
    def _bucket(self) -> str:
        return self.archive.template.bucket

    @property
    def _where(self) -> str:
        return printable(self.archive.template.full(self.key))

    def _explaining(self, permission: str) -> AbstractContextManager[None]:
        return explaining(Access(str(self.archive.login), self._where, permission))
