"""A source and an archive in folders: what is looked at, what is not, and what is said when it cannot be."""

import datetime as dt
import errno
import os
from pathlib import Path

import pytest

from mtc.core.errors import ObjectChangedError, PermanentError, TransientError, explain_read_error
from mtc.core.model import SourceObject
from mtc.sources.folder import FolderArchive, FolderSource
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl

DAY = dt.date(2026, 5, 1)


def source_in(root: Path, url: str = "{site}/**/{date:%F}*") -> FolderSource:
    """The folder as a source."""
    return FolderSource(root, SourceUrl.compile(url, "docs"))


def write(root: Path, key: str, data: bytes = b"x") -> Path:
    """Write a file."""
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def keys(source: FolderSource) -> list[str]:
    """The keys of the day."""
    return [obj.key for obj in source.list_days([DAY]).get(DAY, ())]


def test_files_that_are_not_finished_or_hidden_are_no_logs(tmp_path: Path) -> None:
    """What is still being copied in is not loaded."""
    for name in ("2026-05-01.log", "2026-05-01.log.tmp", "2026-05-01.log.part", ".2026-05-01.log", ".~2026-05-01.log"):
        write(tmp_path, f"docs/{name}")
    write(tmp_path, "docs/.old/2026-05-01.log")
    assert keys(source_in(tmp_path)) == ["docs/2026-05-01.log"]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    """A linked folder is read; one that leads back up is left."""
    write(tmp_path, "elsewhere/2026-05-01.log")
    write(tmp_path, "logs/docs/2026-05-01.a")
    (tmp_path / "logs/docs/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "logs/docs/loop").symlink_to(tmp_path / "logs")
    (tmp_path / "logs/docs/2026-04-30.gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "logs/docs/other").symlink_to(tmp_path / "nowhere")
    assert keys(source_in(tmp_path / "logs")) == ["docs/2026-05-01.a", "docs/linked/2026-05-01.log"]


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("logs/{site}/{date:%Y-%m-%d}*", "docs/2026-05-01.log"),
        ("logs/{site}/{date:%Y-%m-%d}/*.log", "docs/2026-05-01"),
        ("logs/{date:%Y/%m}/*{date:%d}.log", "2026"),
        ("logs/{site}/**/{date:%Y-%m-%d}.log", "docs/2026-05-01.log"),
    ],
)
@pytest.mark.parametrize("target", ["nowhere", "itself"])
def test_a_link_to_what_is_wanted_that_leads_nowhere_is_an_error(
    url: str, link: str, target: str, tmp_path: Path
) -> None:
    """A disk that is not mounted must not look like a day without logs."""
    path = tmp_path / "logs" / link
    path.parent.mkdir(parents=True)
    path.symlink_to(path if target == "itself" else tmp_path / "nowhere")
    pattern = SourceUrl.compile(url, "docs")
    with pytest.raises(TransientError, match="the link is broken"):
        FolderSource(tmp_path / pattern.root, pattern).list_days([DAY])


def test_a_folder_without_any_file_says_so(tmp_path: Path) -> None:
    """As a mount point does whose disk is not there; folders alone make no difference, any file does."""
    (tmp_path / "docs/2026").mkdir(parents=True)
    source = source_in(tmp_path)
    assert source.list_days([DAY]) == {}
    assert "is its disk mounted?" in source.empty_listing_doubt()
    write(tmp_path, "lost+found/.keep")
    assert source.empty_listing_doubt() == ""


def test_a_pipe_is_no_log(tmp_path: Path) -> None:
    """Reading one would never end."""
    (tmp_path / "docs").mkdir()
    os.mkfifo(tmp_path / "docs/2026-05-01.pipe")
    assert keys(source_in(tmp_path)) == []


def test_a_name_that_is_not_utf_8_is_left_out_with_a_note(tmp_path: Path) -> None:
    """Such a key could not be recorded."""
    (tmp_path / "docs").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "docs") + b"/2026-05-01\xff.log")).write_bytes(b"x")
    notes: list[str] = []
    assert source_in(tmp_path).list_days([DAY], note=notes.append) == {}
    assert len(notes) == 1
    notes[0].encode()


def test_a_missing_folder_is_an_error_and_a_missing_day_is_not(tmp_path: Path) -> None:
    """A disk that is not mounted must not look like days without visitors."""
    with pytest.raises(PermanentError, match="does not exist") as caught:
        keys(source_in(tmp_path / "logs"))
    assert "mounted" in caught.value.hint
    write(tmp_path, "file")
    with pytest.raises(PermanentError, match="does not exist"):
        keys(source_in(tmp_path / "file"))
    (tmp_path / "logs").mkdir()
    assert keys(source_in(tmp_path / "logs")) == []


def test_what_the_system_refuses_is_explained() -> None:
    """No permission needs a person; a busy disk may pass."""
    denied = explain_read_error(PermissionError(errno.EACCES, "Permission denied"), "logs/docs")
    assert type(denied) is PermanentError
    assert "logs/docs: no permission to read" in str(denied)
    assert denied.hint
    assert type(explain_read_error(OSError(errno.ESTALE, "Stale file handle"), "x")) is TransientError


def test_a_file_that_changes_while_it_is_read_in_place_is_found_out(tmp_path: Path) -> None:
    """By its size, by its mtime alone, and when it has gone."""
    path = write(tmp_path, "docs/2026-05-01.log", b"first")
    source = source_in(tmp_path)
    (obj,) = source.list_days([DAY])[DAY]
    assert source.fetch(obj, tmp_path) == path
    source.confirm_unchanged(obj)
    os.utime(path, ns=(0, obj.modified + 1))
    with pytest.raises(ObjectChangedError, match="changed"):
        source.confirm_unchanged(obj)
    path.unlink()
    with pytest.raises(ObjectChangedError, match="gone"):
        source.confirm_unchanged(obj)


def test_a_key_that_leads_out_of_the_folder_is_never_read(tmp_path: Path) -> None:
    """Whatever a record says."""
    write(tmp_path, "secret")
    (tmp_path / "logs").mkdir()
    with pytest.raises(PermanentError):
        source_in(tmp_path / "logs").fetch(SourceObject("../secret", 1), tmp_path)


def archive_in(root: Path, url: str = "kept/{name}") -> FolderArchive:
    """The folder as an archive."""
    return FolderArchive(root, root / "spool", ArchiveUrl.compile(url, "docs"))


def test_an_archive_is_never_its_own_source(tmp_path: Path) -> None:
    """Also by way of a link, and even when told to replace."""
    path = write(tmp_path, "logs/docs/2026-05-01.log", b"log")
    source = source_in(tmp_path / "logs")
    (obj,) = source.list_days([DAY])[DAY]
    (tmp_path / "kept").symlink_to(tmp_path / "logs")
    with pytest.raises(PermanentError, match="source's file itself"):
        archive_in(tmp_path, "kept/{key}").push("docs", DAY, obj, path, source, replacing=f"kept/{obj.key}")
    assert path.read_bytes() == b"log"


def test_an_archive_that_is_linked_away_is_refused(tmp_path: Path) -> None:
    """A link inside the archive leads no copy out of it."""
    path = write(tmp_path, "logs/docs/2026-05-01.log")
    source = source_in(tmp_path / "logs")
    (obj,) = source.list_days([DAY])[DAY]
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/docs").symlink_to(tmp_path)
    with pytest.raises(PermanentError, match="out of its folder"):
        archive_in(tmp_path, "kept/{site}/{name}".replace("{site}", "{key}").replace("/{name}", "")).push(
            "docs", DAY, obj, path, source
        )


@pytest.mark.parametrize("data", [b"longer than before", b"other"])
def test_a_copy_of_a_changed_file_leaves_nothing_behind(data: bytes, tmp_path: Path) -> None:
    """Neither a copy nor a temporary file, also where the size is the same."""
    path = write(tmp_path, "logs/docs/2026-05-01.log", b"first")
    source = source_in(tmp_path / "logs")
    (obj,) = source.list_days([DAY])[DAY]
    path.write_bytes(data)
    os.utime(path, ns=(0, obj.modified + 1))
    with pytest.raises(ObjectChangedError):
        archive_in(tmp_path).push("docs", DAY, obj, path, source)
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_folder_where_the_copy_belongs_is_refused(tmp_path: Path) -> None:
    """Even one of that very name, told to be replaced."""
    path = write(tmp_path, "logs/docs/2026-05-01.log", b"first")
    source = source_in(tmp_path / "logs")
    (obj,) = source.list_days([DAY])[DAY]
    (tmp_path / "kept/2026-05-01.log").mkdir(parents=True)
    with pytest.raises(PermanentError, match="another file"):
        archive_in(tmp_path).push("docs", DAY, obj, path, source, replacing="kept/2026-05-01.log")


def test_a_name_that_is_too_long_is_explained(tmp_path: Path) -> None:
    """The system's own words, with the place."""
    path = write(tmp_path, "local", b"x")
    source = source_in(tmp_path)
    with pytest.raises(PermanentError, match="too long"):
        archive_in(tmp_path).push("docs", DAY, SourceObject("a" * 300, 1), path, source)


def test_folders_of_other_days_are_not_read(tmp_path: Path) -> None:
    """Also behind a glob: a folder of another year that may not be read stops nothing."""
    for name in ("a/2025/05", "a/2026/05"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "01.log").write_bytes(b"x\n")
    (tmp_path / "a/2025").chmod(0)
    try:
        source = FolderSource(tmp_path, SourceUrl.compile("*/{date:%Y}/{date:%m}/{date:%d}.log", "docs"))
        days = source.list_days([dt.date(2026, 5, 1)])
    finally:
        (tmp_path / "a/2025").chmod(0o755)
    assert [obj.key for obj in days[dt.date(2026, 5, 1)]] == ["a/2026/05/01.log"]
