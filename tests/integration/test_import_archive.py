"""What a step records, and when: what goes is taken out, what is loaded is archived, and the source stays as it is."""

import gzip
from pathlib import Path

import pytest
from import_step import DAY, STEP, Workshop, line, text
from memory_recorder import MemoryRecorder
from memory_source import MemoryArchive, MemorySource

from mtc.core.errors import PermanentError, TransientError
from mtc.core.model import Status
from mtc.plan.work import ImportWork
from mtc.sources.settings import Archive as ArchiveSettings
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl
from mtc.stages.import_.import_step import ImportStage
from mtc.stages.stage import ObjectArchived, ObjectDropped, ObjectLoaded, StepDone

URL = "copies/{site}/{date:%Y-%m-%d}/{name}"


def archiving(workshop: Workshop, objects: dict[str, bytes]) -> tuple[ImportStage, MemorySource, MemoryArchive]:
    """A stage that archives, its source and its archive, in memory."""
    source = MemorySource(SourceUrl.compile("logs/{date:%Y-%m-%d}", "docs"), objects)
    archive = MemoryArchive(ArchiveUrl.compile(URL, "docs"), workshop.root / "spool")
    stage = workshop.stage(source=source, archive=archive, archived=ArchiveSettings(url=URL))
    return stage, source, archive


def kinds(recorder: MemoryRecorder) -> list[str]:
    """The names of the facts, in the order of their recording."""
    return [type(fact).__name__ for fact in recorder.facts]


def test_what_is_loaded_is_archived_byte_for_byte_and_then_the_step_is_done(tmp_path: Path) -> None:
    """The copy is of the object, not of its text; each is recorded by itself."""
    objects = {"1.log.gz": gzip.compress(text(line("/1"))), "2.log": text(line("/2"))}
    stage, source, archive = archiving(Workshop(tmp_path), objects)
    outcome = Workshop(tmp_path).load(stage, ImportWork(load=tuple(source.look(key) for key in objects)))
    assert archive.copies == {f"copies/docs/{DAY}/{key}": data for key, data in objects.items()}
    assert kinds(outcome.recorder) == ["ObjectLoaded"] * 2 + ["ObjectArchived"] * 2 + ["StepDone"]
    assert [fact for fact in outcome.recorder.facts if isinstance(fact, ObjectArchived)] == [
        ObjectArchived(STEP, key, f"copies/docs/{DAY}/{key}") for key in objects
    ]
    size = sum(map(len, objects.values()))
    assert outcome.receipt.figures == {"objects": 2, "bytes": size, "lines": 2, "hits": 2, "rejected": 0, "archived": 2}


def test_what_was_loaded_before_is_archived_without_loading_it_again(tmp_path: Path) -> None:
    """A step that was interrupted after loading goes on there."""
    workshop = Workshop(tmp_path)
    stage, source, archive = archiving(workshop, {"1.log": text(line("/1"))})
    loaded = workshop.load(stage, ImportWork(load=(source.look("1.log"),))).only
    archive.copies.clear()
    again = workshop.load(stage, ImportWork(archive=(loaded,), keep=(loaded,)))
    assert kinds(again.recorder) == ["ObjectArchived", "StepDone"]
    assert list(archive.copies.values()) == [text(line("/1"))]
    assert again.receipt.accounting == loaded.accounting


def test_what_must_go_is_taken_out_before_anything_is_loaded(tmp_path: Path) -> None:
    """So that a failure later does not leave it counted."""
    workshop = Workshop(tmp_path)
    old = workshop.run(workshop.write("old.log", text(line()))).only
    outcome = workshop.load(
        workshop.stage(), ImportWork(load=(workshop.write("new.log", text(line(), line())),), drop=(old,))
    )
    assert kinds(outcome.recorder) == ["ObjectDropped", "ObjectLoaded", "StepDone"]
    assert outcome.recorder.facts[0] == ObjectDropped(STEP, "old.log")
    assert outcome.receipt.figures["lines"] == 2


def test_a_step_whose_objects_all_went_is_empty(tmp_path: Path) -> None:
    """Its receipt counts what is left."""
    workshop = Workshop(tmp_path)
    old = workshop.run(workshop.write("old.log", text(line()))).only
    outcome = workshop.load(workshop.stage(), ImportWork(drop=(old,)))
    assert kinds(outcome.recorder) == ["ObjectDropped", "StepDone"]
    assert (outcome.receipt.status, outcome.receipt.figures["objects"]) == (Status.EMPTY, 0)


def test_an_archive_that_fails_leaves_what_is_loaded_recorded(tmp_path: Path) -> None:
    """The next try archives; it need not load again."""
    workshop = Workshop(tmp_path)
    stage, source, archive = archiving(workshop, {"1.log": text(line("/1"))})
    archive.fail = TransientError("the archive is away")
    recorder = MemoryRecorder()
    with pytest.raises(TransientError, match="the archive is away"):
        workshop.load(stage, ImportWork(load=(source.look("1.log"),)), recorder)
    assert kinds(recorder) == ["ObjectLoaded"]


def test_nothing_is_archived_of_a_step_that_cannot_be_loaded(tmp_path: Path) -> None:
    """Neither what was damaged nor the rest of its step."""
    workshop = Workshop(tmp_path)
    stage, source, archive = archiving(workshop, {"1.log": text(line()), "2.log": gzip.compress(text(line()))[:-2]})
    with pytest.raises(PermanentError):
        workshop.load(stage, ImportWork(load=(source.look("1.log"), source.look("2.log"))))
    assert archive.copies == {}


def test_the_source_is_never_changed(tmp_path: Path) -> None:
    """No file of it is moved, written or touched."""
    workshop = Workshop(tmp_path)
    objects = [workshop.write("a.log", text(line())), workshop.write("sub/b.log", gzip.compress(text(line())))]
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "logs").rglob("*.log")}
    workshop.run(*objects)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "logs").rglob("*.log")} == before


def test_a_loaded_object_remembers_the_settings_it_was_made_with(tmp_path: Path) -> None:
    """The planner compares them with today's."""
    workshop = Workshop(tmp_path)
    work = ImportWork(load=(workshop.write("a.log", text(line())),), made_with="digest")
    (loaded, done) = workshop.load(workshop.stage(), work).recorder.facts
    assert isinstance(loaded, ObjectLoaded)
    assert isinstance(done, StepDone)
    assert loaded.loaded.made_with == "digest"
