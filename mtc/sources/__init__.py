"""Opens the source and the archive of a site, by what their URLs say. boto3 is loaded when a bucket is first used."""

from collections.abc import Mapping
from pathlib import Path

from mtc.errors import PermanentError
from mtc.manifest.models import Credentials
from mtc.manifest.project import SiteSettings
from mtc.sources.archive_url import ArchiveUrl
from mtc.sources.base import Archive, Source
from mtc.sources.folder import FolderSource
from mtc.sources.folder_archive import FolderArchive
from mtc.sources.pattern import Pattern
from mtc.sources.s3 import S3Source
from mtc.sources.s3_archive import S3Archive
from mtc.sources.s3_client import USUAL, Clients, Login, Tuning

__all__ = ["open_archive", "open_source"]

_CLIENTS = Clients()
"""One set for the process, so that all sites of an entry share its connections."""


def open_source(
    site: SiteSettings, credentials: Mapping[str, Credentials], root: Path, *, tuning: Tuning = USUAL
) -> Source:
    """Open a site's source; a relative folder starts from `root`. Nothing is read yet."""
    pattern = Pattern.compile(site.source.url, site.name)
    if pattern.bucket:
        return S3Source(pattern, _login(site.source.credentials, credentials), _CLIENTS, tuning)
    return FolderSource(root / pattern.root, pattern)


def open_archive(
    site: SiteSettings,
    credentials: Mapping[str, Credentials],
    root: Path,
    *,
    spool: Path | None = None,
    tuning: Tuning = USUAL,
) -> Archive | None:
    """Open a site's archive, if it has one; a relative folder starts from `root`. Nothing is read or written yet.

    `spool` takes objects that must be fetched to be copied, one at a time for each thread.
    """
    if site.archive is None:
        return None
    template = ArchiveUrl.compile(site.archive.url, site.name)
    spool = spool or root / ".mtc" / "spool"
    if template.bucket:
        return S3Archive(spool, template, _login(site.archive.credentials, credentials), _CLIENTS, tuning)
    return FolderArchive(root, spool, template)


def _login(name: str | None, credentials: Mapping[str, Credentials]) -> Login:
    if name is None:
        return Login("", Credentials())
    if name not in credentials:
        raise PermanentError(f"there is no entry {name!r} in credentials", hint="add it, or correct the name")
    return Login(name, credentials[name])
