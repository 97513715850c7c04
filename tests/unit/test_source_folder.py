"""A source and an archive in folders: which files are read, and the errors."""

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
    """Return the keys of the day."""
    return [obj.key for obj in source.list_days([DAY]).get(DAY, ())]


def test_unfinished_and_hidden_files_are_ignored(tmp_path: Path) -> None:
    """A file that is still being copied is not loaded."""
    for name in ("2026-05-01.log", "2026-05-01.log.tmp", "2026-05-01.log.part", ".2026-05-01.log", ".~2026-05-01.log"):
        write(tmp_path, f"docs/{name}")
    write(tmp_path, "docs/.old/2026-05-01.log")
    assert keys(source_in(tmp_path)) == ["docs/2026-05-01.log"]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    """A linked folder is read; one that leads to a parent is skipped."""
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
def test_a_dangling_link_to_a_wanted_file_is_an_error(url: str, link: str, target: str, tmp_path: Path) -> None:
    """A disk that is not mounted must not look like a day without logs."""
    path = tmp_path / "logs" / link
    path.parent.mkdir(parents=True)
    path.symlink_to(path if target == "itself" else tmp_path / "nowhere")
    pattern = SourceUrl.compile(url, "docs")
    with pytest.raises(TransientError, match="the link is broken"):
        FolderSource(tmp_path / pattern.root, pattern).list_days([DAY])


def test_a_folder_without_any_file_is_reported(tmp_path: Path) -> None:
    """The mount point of a missing disk has none; empty folders do not count, but any file does."""
    (tmp_path / "docs/2026").mkdir(parents=True)
    source = source_in(tmp_path)
    assert source.list_days([DAY]) == {}
    assert "is its disk mounted?" in source.empty_listing_doubt()
    write(tmp_path, "lost+found/.keep")
    assert source.empty_listing_doubt() == ""


def test_a_pipe_is_ignored(tmp_path: Path) -> None:
    """Reading it would never end."""
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


def test_errors_of_the_system_are_explained() -> None:
    """Missing permission is a permanent error; a busy disk is a transient one."""
    denied = explain_read_error(PermissionError(errno.EACCES, "Permission denied"), "logs/docs")
    assert type(denied) is PermanentError
    assert "logs/docs: no permission to read" in str(denied)
    assert denied.hint
    assert type(explain_read_error(OSError(errno.ESTALE, "Stale file handle"), "x")) is TransientError


def test_a_file_that_changes_while_it_is_read_in_place_is_noticed(tmp_path: Path) -> None:
    """A change of size, a change of mtime alone, and a deletion are noticed."""
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
    """The key may come from a record."""
    write(tmp_path, "secret")
    (tmp_path / "logs").mkdir()
    with pytest.raises(PermanentError):
        source_in(tmp_path / "logs").fetch(SourceObject("../secret", 1), tmp_path)


def archive_in(root: Path, url: str = "kept/{name}") -> FolderArchive:
    """The folder as an archive."""
    return FolderArchive(root, root / "spool", ArchiveUrl.compile(url, "docs"))


def test_an_archive_is_never_its_own_source(tmp_path: Path) -> None:
    """The archive may lead there by a link, and replacing makes no difference."""
    path = write(tmp_path, "logs/docs/2026-05-01.log", b"log")
    source = source_in(tmp_path / "logs")
    (obj,) = source.list_days([DAY])[DAY]
    (tmp_path / "kept").symlink_to(tmp_path / "logs")
    with pytest.raises(PermanentError, match="source's file itself"):
        archive_in(tmp_path, "kept/{key}").push("docs", DAY, obj, path, source, replacing=f"kept/{obj.key}")
    assert path.read_bytes() == b"log"


def test_an_archive_linked_to_another_folder_is_refused(tmp_path: Path) -> None:
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
def test_a_failed_copy_of_a_changed_file_leaves_nothing(data: bytes, tmp_path: Path) -> None:
    """Neither a copy nor a temporary file is left, also if the size is the same."""
    path = write(tmp_path, "logs/docs/2026-05-01.log", b"first")
    source = source_in(tmp_path / "logs")
    (obj,) = source.list_days([DAY])[DAY]
    path.write_bytes(data)
    os.utime(path, ns=(0, obj.modified + 1))
    with pytest.raises(ObjectChangedError):
        archive_in(tmp_path).push("docs", DAY, obj, path, source)
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_folder_in_place_of_the_copy_is_refused(tmp_path: Path) -> None:
    """It is not replaced either."""
    path = write(tmp_path, "logs/docs/2026-05-01.log", b"first")
    source = source_in(tmp_path / "logs")
    (obj,) = source.list_days([DAY])[DAY]
    (tmp_path / "kept/2026-05-01.log").mkdir(parents=True)
    with pytest.raises(PermanentError, match="another file"):
        archive_in(tmp_path).push("docs", DAY, obj, path, source, replacing="kept/2026-05-01.log")


def test_a_name_that_is_too_long_is_explained(tmp_path: Path) -> None:
    """The error has the system's message and the path."""
    path = write(tmp_path, "local", b"x")
    source = source_in(tmp_path)
    with pytest.raises(PermanentError, match="too long"):
        archive_in(tmp_path).push("docs", DAY, SourceObject("a" * 300, 1), path, source)


def test_folders_of_other_days_are_not_read(tmp_path: Path) -> None:
    """An unreadable folder of another year causes no error, also after a glob."""
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
