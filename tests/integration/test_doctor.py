"""Doctor checks of the local machine and their time limits, with real files and locks."""

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
    """A project of two sites, with a log for one of them."""
    (tmp_path / "mtc.yaml").write_text(MANIFEST)
    (tmp_path / "logs" / "docs").mkdir(parents=True)
    (tmp_path / "logs" / "docs" / "2026-05-01.log").write_text(f"{line()}\n")
    return load(tmp_path / "mtc.yaml")


def run_doctor(project: Project, *sites: str) -> DoctorResult:
    return run_checks(project, Scope(sites), lambda: NOW, limit=20)


def files(project: Project) -> set[str]:
    return {str(path.relative_to(project.root)) for path in project.root.rglob("*")}


def finding_about(findings: Iterable[Finding], about: str) -> Finding:
    """Return the only finding about a subject."""
    (found,) = [one for one in findings if one.about == about]
    return found


def test_a_working_project_has_no_problem_and_no_new_files(project: Project) -> None:
    """A working project has no problem, and the checks create no file or folder."""
    before = files(project)
    found = run_doctor(project)
    assert not found.has_problem
    assert {one.level for one in found.findings if one.about != "source of shop"} == {Level.OK}
    assert files(project) == before


def test_an_empty_source_is_a_warning_and_an_unlistable_one_a_problem(project: Project) -> None:
    """A source without logs is a warning, as days may be empty; one that cannot be listed is a problem."""
    shop = finding_about(run_doctor(project, "docs", "shop").findings, "source of shop")
    assert (shop.level, shop.what) == (Level.WARNING, "no objects from 2026-05-01 to 2026-05-02")
    (project.root / "logs").rename(project.root / "elsewhere")
    gone = finding_about(run_doctor(project, "docs").findings, "source of docs")
    assert gone.level is Level.PROBLEM
    assert gone.hint


def test_only_the_selected_sites_are_checked(project: Project) -> None:
    """With a selection of sites, there is no finding about the others."""
    assert not [one for one in run_doctor(project, "docs").findings if "shop" in one.about]


def test_a_damaged_state_file_is_a_problem(project: Project) -> None:
    """A damaged state file is a problem, as a run would fail on it."""
    project.state.parent.mkdir()
    project.state.write_bytes(b"no database at all" * 100)
    found = finding_about(check_machine(project), "state")
    assert found.level is Level.PROBLEM
    assert "damaged" in found.what


def test_the_holder_of_the_lock_is_reported(project: Project) -> None:
    """A held lock is a warning that names the owner's command, and the check does not take the lock."""
    with RunLock.acquire(project.state, "mtc apply manifests/backfill.yaml"):
        held = finding_about(check_machine(project), "lock")
        assert held.level is Level.WARNING
        assert "mtc apply manifests/backfill.yaml" in held.what
    assert finding_about(check_machine(project), "lock").level is Level.OK


def test_the_lock_file_of_a_killed_process_is_not_a_held_lock(project: Project) -> None:
    """A lock file of a killed process is not a held lock: the kernel released it."""
    lock = lock_path(project.state)
    lock.parent.mkdir()
    name = {"pid": 1, "host": socket.gethostname(), "command": "mtc apply", "since": "2026-05-01"}
    lock.write_text(json.dumps(name))
    assert finding_about(check_machine(project), "lock").level is Level.OK
    assert lock.read_text()


def test_a_lock_file_from_another_machine_is_a_warning(project: Project) -> None:
    """A lock file written on another machine is a warning, as its lock may not be visible from this one."""
    lock = lock_path(project.state)
    lock.parent.mkdir()
    lock.write_text('{"pid": 1, "host": "h", "command": "mtc apply", "since": "2026-05-01"}')
    found = finding_about(check_machine(project), "lock")
    assert (found.level, found.what) == (
        Level.WARNING,
        "another run is active: `mtc apply` (pid 1 on h, since 2026-05-01)",
    )
    assert "if it was killed there, the next run takes its place" in found.hint
    RunLock.acquire(project.state, "mtc apply").release()
    assert finding_about(check_machine(project), "lock").level is Level.OK


def test_a_lock_that_cannot_be_opened_is_a_problem(project: Project) -> None:
    """A lock that cannot be opened is a problem, as a run could not take it either."""
    lock_path(project.state).mkdir(parents=True)
    found = finding_about(check_machine(project), "lock")
    assert found.level is Level.PROBLEM
    assert found.hint


def test_a_folder_that_cannot_be_written_is_a_problem(project: Project) -> None:
    """A warehouse or archive folder that cannot be created is a problem."""
    project.warehouse.write_text("in the way")
    (project.root / "archive").write_text("in the way")
    found = run_doctor(project).findings
    assert finding_about(found, "warehouse").level is Level.PROBLEM
    assert finding_about(found, "archive of docs").level is Level.PROBLEM
    assert finding_about(found, "stats").level is Level.OK


def test_a_warehouse_of_another_state_file_is_a_problem(project: Project) -> None:
    """A warehouse with parts of another state file is a problem, as both would delete each other's parts."""
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
    """Free space should hold the fetched and the unpacked log beside its parts."""
    assert {one.level for one in check_disk_space(project, 0)} == {Level.OK}
    assert {one.level for one in check_disk_space(project, 1 << 60)} == {Level.WARNING}


def test_an_unreadable_country_database_is_a_problem(project: Project) -> None:
    """A missing or damaged country database is a problem, as it would fail every stat step."""
    path = project.root / "geo.mmdb"
    asked = dataclasses.replace(project, countries=path)
    assert finding_about(check_machine(asked), "countries").level is Level.PROBLEM
    path.write_bytes(b"not a database")
    assert finding_about(check_machine(asked), "countries").level is Level.PROBLEM
    write_countries(path)
    assert finding_about(check_machine(asked), "countries").level is Level.OK


def test_results_keep_their_order_and_a_hanging_check_blocks_no_other() -> None:
    """Results keep the order of the checks; a check that hangs becomes a transient error and blocks no other."""
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


def test_checks_run_in_parallel() -> None:
    """Checks run in parallel: each of the two waits for the other."""
    both = threading.Barrier(2)

    def meet() -> bool:
        both.wait(10)
        return True

    assert run_parallel([meet, meet], limit=30) == (True, True)


def test_an_unexpected_exception_is_raised() -> None:
    """An unexpected exception is raised to the caller, and not returned as a result."""

    def mistaken() -> MtcError:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_parallel([mistaken, lambda: time.sleep(0)], limit=30)
