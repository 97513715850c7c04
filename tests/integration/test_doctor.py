"""The doctor: what it finds on this machine and in its time limits, with real files and locks."""

import dataclasses
import datetime as dt
import json
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from country_file import write_countries
from in_hand import line

from mtc.core.background import run_parallel
from mtc.core.errors import MtcError, PermanentError, TransientError
from mtc.core.findings import Finding, Level, any_problem
from mtc.doctor.doctor import DoctorResult, run_checks
from mtc.doctor.storage import check_disk_space, check_machine
from mtc.engine.selection import Scope
from mtc.manifest.load import load
from mtc.manifest.project import Project
from mtc.state.lock import RunLock, lock_path
from mtc.state.store import Store
from mtc.state.warehouse_owner import claim

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
MANIFEST = """\
version: 1
dates: {from: 2026-05-01, to: 2026-05-02}
source: {url: "logs/{site}/{date:%Y-%m-%d}*.log"}
archive: {url: "archive/{site}/{name}"}
sites:
  docs: {}
  shop: {}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with two sites, and a log of one of them."""
    (tmp_path / "mtc.yaml").write_text(MANIFEST)
    (tmp_path / "logs" / "docs").mkdir(parents=True)
    (tmp_path / "logs" / "docs" / "2026-05-01.log").write_text(f"{line()}\n")
    return load(tmp_path / "mtc.yaml")


def examined(project: Project, *sites: str) -> DoctorResult:
    return run_checks(project, Scope(sites), lambda: NOW, limit=20)


def files(project: Project) -> set[str]:
    return {str(path.relative_to(project.root)) for path in project.root.rglob("*")}


def of(findings: Iterable[Finding], about: str) -> Finding:
    """The one finding of that name."""
    (found,) = [one for one in findings if one.about == about]
    return found


def test_a_project_that_can_run_has_no_problem_and_nothing_is_left_behind(project: Project) -> None:
    """Neither the state file nor a folder is made by looking."""
    before = files(project)
    found = examined(project)
    assert not found.has_problem
    assert {one.level for one in found.findings if one.about != "source of shop"} == {Level.OK}
    assert files(project) == before


def test_a_source_without_objects_is_a_warning_and_one_that_cannot_be_listed_a_problem(project: Project) -> None:
    """Days may be empty; a folder that is not there stops the site."""
    shop = of(examined(project, "docs", "shop").findings, "source of shop")
    assert (shop.level, shop.what) == (Level.WARNING, "no objects from 2026-05-01 to 2026-05-02")
    (project.root / "logs").rename(project.root / "elsewhere")
    gone = of(examined(project, "docs").findings, "source of docs")
    assert gone.level is Level.PROBLEM
    assert gone.hint


def test_only_the_sites_asked_for_are_looked_at(project: Project) -> None:
    """--site."""
    assert not [one for one in examined(project, "docs").findings if "shop" in one.about]


def test_a_damaged_state_file_is_a_problem(project: Project) -> None:
    """A run would end with it."""
    project.state.parent.mkdir()
    project.state.write_bytes(b"no database at all" * 100)
    found = of(check_machine(project), "state")
    assert found.level is Level.PROBLEM
    assert "damaged" in found.what


def test_who_holds_the_lock_is_told_and_the_lock_is_left_alone(project: Project) -> None:
    """Another run may be at work: it passes."""
    with RunLock.acquire(project.state, "mtc apply manifests/backfill.yaml"):
        held = of(check_machine(project), "lock")
        assert held.level is Level.WARNING
        assert "mtc apply manifests/backfill.yaml" in held.what
    assert of(check_machine(project), "lock").level is Level.OK


def test_the_name_that_a_killed_owner_left_is_no_lock(project: Project) -> None:
    """The kernel gave the lock back; the text in the file is for people."""
    lock = lock_path(project.state)
    lock.parent.mkdir()
    name = {"pid": 1, "host": socket.gethostname(), "command": "mtc apply", "since": "2026-05-01"}
    lock.write_text(json.dumps(name))
    assert of(check_machine(project), "lock").level is Level.OK
    assert lock.read_text()


def test_a_name_from_another_machine_is_told_whatever_the_lock_says_here(project: Project) -> None:
    """Its lock may not reach this one; if it was killed there, nothing has to be done."""
    lock = lock_path(project.state)
    lock.parent.mkdir()
    lock.write_text('{"pid": 1, "host": "h", "command": "mtc apply", "since": "2026-05-01"}')
    found = of(check_machine(project), "lock")
    assert (found.level, found.what) == (
        Level.WARNING,
        "another run is active: `mtc apply` (pid 1 on h, since 2026-05-01)",
    )
    assert "if it was killed there, the next run takes its place" in found.hint
    RunLock.acquire(project.state, "mtc apply").release()
    assert of(check_machine(project), "lock").level is Level.OK


def test_a_lock_that_cannot_be_looked_at_is_a_problem(project: Project) -> None:
    """A run could not take it either."""
    lock_path(project.state).mkdir(parents=True)
    found = of(check_machine(project), "lock")
    assert found.level is Level.PROBLEM
    assert found.hint


def test_a_folder_that_cannot_be_written_is_a_problem(project: Project) -> None:
    """Here a file is where the folder should be."""
    project.warehouse.write_text("in the way")
    (project.root / "archive").write_text("in the way")
    found = examined(project).findings
    assert of(found, "warehouse").level is Level.PROBLEM
    assert of(found, "archive of docs").level is Level.PROBLEM
    assert of(found, "stats").level is Level.OK


def test_a_warehouse_of_another_state_file_is_a_problem(project: Project) -> None:
    """Two state files over one folder would delete each other's parts."""
    claim(project.warehouse, "somebody else")
    (project.warehouse / "hits").mkdir()
    assert not any_problem(check_machine(project))
    (project.warehouse / "hits" / "a.parquet").write_text("")
    with Store.open(project.state):
        pass
    assert "belongs to another state file" in next(
        one.what for one in check_machine(project) if one.about == "warehouse"
    )


def test_a_disk_with_less_than_twice_the_largest_object_is_a_warning(project: Project) -> None:
    """An object is fetched, and may be unpacked, beside the parts made of it."""
    assert {one.level for one in check_disk_space(project, 0)} == {Level.OK}
    assert {one.level for one in check_disk_space(project, 1 << 60)} == {Level.WARNING}


def test_a_database_of_countries_has_to_be_readable(project: Project) -> None:
    """One that is not there, or damaged, would fail every stat step."""
    path = project.root / "geo.mmdb"
    asked = dataclasses.replace(project, countries=path)
    assert of(check_machine(asked), "countries").level is Level.PROBLEM
    path.write_bytes(b"not a database")
    assert of(check_machine(asked), "countries").level is Level.PROBLEM
    write_countries(path)
    assert of(check_machine(asked), "countries").level is Level.OK


def test_questions_are_answered_in_order_and_one_that_hangs_holds_up_no_other() -> None:
    """Its place is taken by an error that may pass."""
    never = threading.Event()

    def refuse() -> str:
        raise PermanentError("no")

    def hang() -> str:
        never.wait(30)
        return "late"

    answers = run_parallel([hang, lambda: "a", refuse, hang, lambda: "b"], limit=0.3, at_once=2)
    never.set()
    assert [type(one) for one in answers] == [TransientError, str, PermanentError, TransientError, str]
    assert answers[1::3] == ("a", "b")


def test_questions_are_asked_at_the_same_time() -> None:
    """Each of these waits for the other."""
    both = threading.Barrier(2)

    def meet() -> bool:
        both.wait(10)
        return True

    assert run_parallel([meet, meet], limit=30) == (True, True)


def test_a_mistake_of_ours_is_not_taken_for_an_answer() -> None:
    """It is raised where the answers are waited for."""

    def mistaken() -> MtcError:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_parallel([mistaken, lambda: time.sleep(0)], limit=30)
