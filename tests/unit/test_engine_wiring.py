"""A site's URLs determine its source and archive, and which libraries are loaded."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from mtc.core.errors import PermanentError
from mtc.engine.wiring import open_archive, open_source
from mtc.formats.settings import Filters
from mtc.manifest.models import Source
from mtc.manifest.project import SiteSettings
from mtc.sources.dated_source import DatedSource
from mtc.sources.folder import FolderArchive, FolderSource
from mtc.sources.s3_archive import S3Archive
from mtc.sources.s3_client import Login
from mtc.sources.s3_source import S3Source
from mtc.sources.settings import Archive, Credentials
from mtc.sources.source import LogSource

ENTRIES = {"pull": Credentials(anonymous=True), "push": Credentials(profile="kept")}


def site(source: str, archive: Archive | None = None, entry: str | None = None) -> SiteSettings:
    """A site."""
    return SiteSettings("docs", "", "UTC", Source(url=source, credentials=entry), archive, Filters())


def files(source: LogSource) -> object:
    """The folder or bucket of a source with days in its URL."""
    assert isinstance(source, DatedSource)
    return source.files


def test_a_path_opens_a_folder_relative_to_the_project(tmp_path: Path) -> None:
    """An absolute path does not start at the project."""
    relative = files(open_source(site("logs/{site}/{date:%F}.log"), {}, tmp_path))
    absolute = files(open_source(site("/var/log/{site}/{date:%F}.log"), {}, tmp_path))
    assert isinstance(relative, FolderSource)
    assert isinstance(absolute, FolderSource)
    assert (relative.root, absolute.root) == (tmp_path / "logs", Path("/var/log"))
    assert isinstance(open_archive(site("{date:%F}", Archive(url="kept/{name}")), {}, tmp_path), FolderArchive)


def test_an_s3_url_opens_a_bucket_with_its_own_credentials(tmp_path: Path) -> None:
    """Source and archive use separate entries; without an entry boto3 searches for credentials."""
    settings = site("s3://a/{date:%F}", Archive(url="s3://b/{name}", credentials="push"), "pull")
    source, archive = files(open_source(settings, ENTRIES, tmp_path)), open_archive(settings, ENTRIES, tmp_path)
    assert isinstance(source, S3Source)
    assert isinstance(archive, S3Archive)
    assert (source.login.name, archive.login.name) == ("pull", "push")
    plain = files(open_source(site("s3://a/{date:%F}"), ENTRIES, tmp_path))
    assert isinstance(plain, S3Source)
    assert str(plain.login) == "boto3's own search for credentials"


def test_a_site_without_an_archive_opens_none(tmp_path: Path) -> None:
    """Archiving is optional."""
    assert open_archive(site("{date:%F}"), {}, tmp_path) is None


def test_missing_credentials_are_named(tmp_path: Path) -> None:
    """A misspelt entry fails before any request is sent."""
    with pytest.raises(PermanentError, match="'pul'"):
        open_source(site("s3://a/{date:%F}", None, "pul"), ENTRIES, tmp_path)


def test_the_repr_of_a_source_shows_no_secret_key(tmp_path: Path) -> None:
    """A log or a traceback may contain it."""
    entry = Credentials(access_key_id=SecretStr("AKIAVISIBLE"), secret_access_key=SecretStr("visible"))
    source = open_source(site("s3://a/{date:%F}", None, "pull"), {"pull": entry}, tmp_path)
    assert "visible" not in f"{source!r} {source.describe()} {Login('pull', entry)!r}".lower()


def test_opening_a_folder_loads_no_heavy_library() -> None:
    """`mtc --help` and a plan over folders do not wait for boto3."""
    code = "import sys, mtc.engine.wiring; sys.exit(any(name.startswith(('boto', 'urllib3')) for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
