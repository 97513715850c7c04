"""The engine observes what exists before it plans."""

import datetime as dt
import os
import threading
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest
from memory_source import MemorySource
from trial import DAYS, Trial

from mtc.core.errors import InterruptedRunError, PermanentError
from mtc.core.model import Accounting, LoadedObject, Output, Part, SourceObject, Stage, StepId
from mtc.core.records import History
from mtc.engine.observe import list_sources, missing_outputs, missing_parts, observe, stat_sizes
from mtc.manifest.load import load
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.world import Selection
from mtc.sources.folder import FolderSource
from mtc.sources.source import LogSource, Note, ObjectsByDay, ignore
from mtc.sources.url_pattern import SourceUrl

KEY = "docs/2025-05-01.log"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two sites without logs."""
    return load(Trial.make(tmp_path).root / "mtc.yaml")


def source(site: SiteSettings) -> MemorySource:
    """A source with one object, or one that cannot be listed for the shop."""
    made = MemorySource(SourceUrl.compile("logs/{site}/{date:%Y-%m-%d}*.log", site.name))
    made.objects[f"{site.name}/{DAYS[0]}.log"] = b"one line\n"
    if site.name == "shop":
        made.fail = PermanentError("access denied", where="credentials.pull", hint="grant s3:ListBucket")
    return made


def selection(*stages: Stage) -> Selection:
    return Selection(stages, {"docs": DAYS, "shop": DAYS})


def test_every_site_is_listed_and_an_error_affects_only_its_site(project: Project) -> None:
    """The error has a message and a hint."""
    found = list_sources(project, selection(Stage.IMPORT), source, print)
    assert [one.key for one in found["docs"].days[DAYS[0]]] == [KEY]
    assert (found["docs"].error, dict(found["shop"].days)) == ("", {})
    assert (found["shop"].error, found["shop"].hint) == ("credentials.pull: access denied", "grant s3:ListBucket")


def test_no_source_is_listed_for_stages_that_need_none(project: Project) -> None:
    """`mtc stat` works without a network."""

    def never(site: SiteSettings) -> LogSource:
        raise AssertionError(site)

    assert observe(project, selection(Stage.STAT, Stage.CSV), History(), never, print).listings == {}


def test_notes_of_a_source_are_reported(project: Project) -> None:
    """An object with a hostile key is left out, with a note."""
    heard: list[str] = []

    def hostile(site: SiteSettings) -> MemorySource:
        made = replace(source(site), fail=None)
        made.objects[f"{site.name}/{DAYS[0]}\x1b[2J.log"] = b""
        return made

    list_sources(project, selection(Stage.IMPORT), hostile, heard.append)
    assert len(heard) == 2
    assert not any("\x1b" in note for note in heard)


def test_a_missing_folder_is_an_error_of_the_listing(project: Project, tmp_path: Path) -> None:
    """A disk that is not mounted must not look like an empty day."""

    def nowhere(site: SiteSettings) -> FolderSource:
        return FolderSource(tmp_path / "nowhere", SourceUrl.compile("nowhere/{date:%Y-%m-%d}.log", site.name))

    found = list_sources(project, selection(Stage.IMPORT), nowhere, print)
    assert all("does not exist" in one.error for one in found.values())


def history(*files: str) -> History:
    """An object with these part files."""
    parts = tuple(Part("docs", DAYS[0], file, "id", 1) for file in files)
    loaded = LoadedObject(SourceObject(KEY, 1), "id", "c", "combined", Accounting(), parts)
    return History(objects={StepId(Stage.IMPORT, "docs", DAYS[0]): (loaded,)})


def test_recorded_part_files_that_do_not_exist_are_reported_missing(tmp_path: Path) -> None:
    """One file, a whole day, or a folder that was replaced by a file may be missing."""
    files = ("hits/a/1.parquet", "hits/a/2.parquet", "hits/b/1.parquet", "hits/c/1.parquet")
    (tmp_path / "hits" / "a").mkdir(parents=True)
    (tmp_path / "hits" / "c").write_text("in the way")
    (tmp_path / files[0]).touch()
    assert missing_parts(tmp_path, history(*files)) == set(files[1:])


def test_missing_or_resized_outputs_are_reported(tmp_path: Path) -> None:
    """Unchanged outputs are not reported."""
    (tmp_path / "same.csv").write_bytes(b"12345")
    (tmp_path / "other.csv").write_bytes(b"1234")
    outputs = tuple(Output(name, 5, "digest") for name in ("same.csv", "other.csv", "gone.csv"))
    assert missing_outputs(tmp_path, outputs) == ("other.csv", "gone.csv")


def test_stat_files_are_found_by_their_days(tmp_path: Path) -> None:
    """Only file names that are days count; a site may have no files."""
    for name in ("2025-05-01.stat", "2025-02-30.stat", "notes.stat", "2025-05-02.txt", ".2025-05-03.stat.0a.tmp"):
        (tmp_path / name).write_bytes(b"{}")
    assert stat_sizes(tmp_path) == {dt.date(2025, 5, 1): 2}
    assert stat_sizes(tmp_path / "nowhere") == {}


def test_sites_are_listed_concurrently(project: Project) -> None:
    """Listing a bucket is mostly waiting, so all sites wait at the same time."""
    started: list[str] = []

    class Waiting(MemorySource):
        def list_days(self, days: Collection[dt.date], *, note: Note = ignore) -> ObjectsByDay:  # noqa: ARG002 - has none
            started.append(self.pattern.url)
            while len(started) < 2:
                os.sched_yield()
            return {}

    def waiting(site: SiteSettings) -> Waiting:
        return Waiting(SourceUrl.compile("logs/{site}/{date:%Y-%m-%d}.log", site.name))

    list_sources(project, selection(Stage.IMPORT), waiting, print)
    assert len(started) == 2


def test_objects_left_out_for_their_names_share_one_line_for_a_site(tmp_path: Path, project: Project) -> None:
    """The line names and counts unsafe keys, and logs of the day whose names do not match."""
    for name in (f"{DAYS[0]}\x07.log", f"{DAYS[0]:%Y%m%d}.log", f"{DAYS[0]}.txt", "readme.txt", f"{DAYS[0]}.log"):
        (tmp_path / name).write_bytes(b"x\n")
    heard: list[str] = []

    def folder(site: SiteSettings) -> FolderSource:
        return FolderSource(tmp_path, SourceUrl.compile("{date:%Y-%m-%d}*.log", site.name))

    list_sources(project, Selection((Stage.IMPORT,), {"docs": (DAYS[0],)}), folder, heard.append)
    (line,) = heard
    assert line.startswith("docs: ")
    assert line.endswith("(and 2 more skipped)")


@pytest.mark.parametrize("accepted", [True, False])
def test_an_empty_folder_is_an_error_for_a_site_that_had_logs(project: Project, *, accepted: bool) -> None:
    """Its disk may not be mounted: all steps of the site wait until the operator confirms that the logs are gone."""
    folder = project.root / "logs/docs"
    folder.mkdir(parents=True)
    site = project.sites["docs"]
    there = FolderSource(folder.parent, SourceUrl.compile("logs/{site}/{date:%Y-%m-%d}*.log", "docs"))
    loaded = LoadedObject(SourceObject(KEY, 1), "id", "c", "combined", Accounting(), ())
    history = History(objects={StepId(Stage.IMPORT, "docs", DAYS[0]): (loaded,)})
    asked = Selection((Stage.IMPORT,), {site.name: DAYS[1:]}, accepted_sites=frozenset({"docs"} if accepted else ()))
    listing = observe(project, asked, history, lambda _: there, print).listings["docs"]
    assert bool(listing.error) is not accepted
    if not accepted:
        assert "is its disk mounted?" in listing.error
        assert "--accept site:docs" in listing.hint
    assert observe(project, asked, History(), lambda _: there, print).listings["docs"].error == ""


def test_a_stop_request_ends_the_run_while_a_source_is_listed(project: Project) -> None:
    """The source may be a mount that hangs or a service that does not answer."""
    never = threading.Event()

    class Stuck(MemorySource):
        def list_days(self, days: Collection[dt.date], *, note: Note = ignore) -> ObjectsByDay:
            never.wait(30)
            return super().list_days(days, note=note)

    def stop() -> None:
        raise InterruptedRunError(15)

    try:
        with pytest.raises(InterruptedRunError):
            list_sources(project, selection(Stage.IMPORT), lambda site: Stuck(source(site).pattern), print, check=stop)
    finally:
        never.set()
