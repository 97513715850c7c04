"""Opens sources and archives in S3. Loaded where a URL names a bucket."""

from collections.abc import Mapping
from pathlib import Path

from mtc.core.errors import PermanentError
from mtc.manifest.project import SiteSettings
from mtc.sources.s3_archive import S3Archive
from mtc.sources.s3_client import DEFAULT_TUNING, Clients, Login, Tuning
from mtc.sources.s3_source import S3Source
from mtc.sources.settings import Archive, Credentials
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl

_CLIENTS = Clients()
"""One set for the process, so that all sites with the same credentials share connections."""


def bucket_source(
    site: SiteSettings, pattern: SourceUrl, credentials: Mapping[str, Credentials], tuning: Tuning | None
) -> S3Source:
    """A site's source in a bucket. Raises PermanentError if `credentials` lacks the entry that it asks for."""
    login = _login(site.source.credentials, credentials)
    return S3Source(pattern, login, _CLIENTS, tuning or DEFAULT_TUNING)


def bucket_archive(
    archive: Archive, template: ArchiveUrl, credentials: Mapping[str, Credentials], spool: Path, tuning: Tuning | None
) -> S3Archive:
    """A site's archive in a bucket. Raises PermanentError if `credentials` lacks the entry that it asks for."""
    login = _login(archive.credentials, credentials)
    return S3Archive(spool, template, login, _CLIENTS, tuning or DEFAULT_TUNING)


def _login(name: str | None, credentials: Mapping[str, Credentials]) -> Login:
    if name is None:
        return Login("", Credentials())
    if name not in credentials:
        raise PermanentError(f"there is no entry {name!r} in credentials", hint="add it, or correct the name")
    return Login(name, credentials[name])
