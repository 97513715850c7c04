"""Every named transition of the state, and its result."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from stored import is_unclean, parts_of

from mtc.core.model import Accounting, LoadedObject, Output, Part, Receipt, SourceObject, Stage, Status, StepId
from mtc.core.records import StepRecord
from mtc.state.rows import AttemptRow, RunRow, StepResult
from mtc.state.store import Store

DAY = dt.date(2026, 5, 1)
NEXT = dt.date(2026, 5, 2)
AT = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
LATER = AT + dt.timedelta(minutes=5)
IMPORT = StepId(Stage.IMPORT, "docs", DAY)
STAT = StepId(Stage.STAT, "docs", DAY)
CSV = StepId(Stage.CSV, "docs", DAY)
LINES = Accounting(10, 7, {"bot": 2}, {"time": 1})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new state with a run in progress."""
    with Store.open(tmp_path / ".mtc" / "state.db") as opened:
        opened.begin_run("r1", manifest="daily", command="mtc apply", at=AT)
        yield opened


def part(file: str, object_id: str = "o1", day: dt.date = DAY) -> Part:
    return Part("docs", day, file, object_id, 7)


def loaded(key: str, *parts: Part, etag: str = "e1") -> LoadedObject:
    return LoadedObject(SourceObject(key, 100, etag, 5), "o1", "c1", "combined", LINES, parts)


def result(step: StepId, status: Status = Status.DONE, *outputs: Output) -> StepResult:
    receipt = Receipt(step, status, outputs, LINES, {"hits": 7, "share": 0.5}, ("a note",))
    return StepResult(receipt, "f1", {"sites.docs.zone": "UTC"}, {"a.log": "e1"}, AT)


def status(store: Store, step: StepId) -> Status:
    record = store.record(step)
    assert record is not None
    return record.status


def test_every_planned_step_is_listed_even_if_never_tried(store: Store) -> None:
    """Planning makes a record; the known facts of a step are kept."""
    store.step_failed(STAT, "no", at=AT)
    store.planned([IMPORT, STAT, CSV])
    assert store.record(IMPORT) == StepRecord(IMPORT, Status.PLANNED)
    assert status(store, STAT) is Status.FAILED
    assert store.record(StepId(Stage.STAT, "shop", DAY)) is None


def test_a_done_step_keeps_everything_that_its_verdict_depends_on(store: Store) -> None:
    """The record has the content of the receipt and of the plan."""
    output = Output("stats/docs/2026-05-01.stat", 9, "ab")
    store.step_started(STAT, run="r1", attempt=1, at=AT)
    store.steps_done((result(STAT, Status.DONE, output),), at=LATER)
    assert store.record(STAT) == StepRecord(
        STAT,
        Status.DONE,
        "f1",
        {"sites.docs.zone": "UTC"},
        {"a.log": "e1"},
        (output,),
        LINES,
        {"hits": 7, "share": 0.5},
        ("a note",),
        finished=LATER,
        checked=AT,
    )
    assert store.attempts(STAT) == (AttemptRow(STAT, "r1", 1, AT, LATER, "done"),)


def test_a_step_ends_only_as_done_or_empty(store: Store) -> None:
    """A day without objects is empty; no other status is a success."""
    store.steps_done((result(IMPORT, Status.EMPTY),), at=AT)
    assert status(store, IMPORT) is Status.EMPTY
    with pytest.raises(ValueError, match="is not done but failed"):
        store.steps_done((result(IMPORT, Status.FAILED),), at=AT)


def test_attempts_are_counted_from_the_last_success(store: Store) -> None:
    """Each attempt is listed with its end; a success resets the count."""
    for attempt in (1, 2):
        store.step_started(STAT, run="r1", attempt=attempt, at=AT)
        store.step_failed(STAT, f"error {attempt}", at=LATER)
    record = store.record(STAT)
    assert record is not None
    assert (record.attempts, record.error, record.status) == (2, "error 2", Status.FAILED)
    assert [(row.number, row.outcome, row.error) for row in store.attempts(STAT)] == [
        (1, "failed", "error 1"),
        (2, "failed", "error 2"),
    ]
    store.step_started(STAT, run="r1", attempt=3, at=AT)
    store.steps_done((result(STAT),), at=LATER)
    record = store.record(STAT)
    assert record is not None
    assert (record.attempts, record.error) == (0, "")


@pytest.mark.parametrize("end", ["started", "failed", "blocked"])
def test_the_last_success_is_kept_whatever_comes_after(store: Store, end: str) -> None:
    """Attempts, failures and blocks change the status; the fingerprint and the outputs are kept."""
    store.steps_done((result(STAT, Status.DONE, Output("a.stat", 1, "d")),), at=AT)
    if end == "started":
        store.step_started(STAT, run="r1", attempt=1, at=LATER)
    elif end == "failed":
        store.step_failed(STAT, "why", at=LATER)
    else:
        store.step_blocked(STAT, "why", at=LATER)
    record = store.record(STAT)
    assert record is not None
    assert (record.fingerprint, record.outputs, record.finished) == ("f1", (Output("a.stat", 1, "d"),), AT)
    assert record.error == ("" if end == "started" else "why")
    assert record.status == {"started": "running"}.get(end, end)


def test_a_listing_without_changes_updates_only_the_time_of_the_check(store: Store) -> None:
    """Steps that are up to date are marked as checked."""
    store.steps_done((result(IMPORT),), at=AT)
    before = store.record(IMPORT)
    store.checked([IMPORT], LATER)
    after = store.record(IMPORT)
    assert before is not None
    assert after is not None
    assert after.checked == LATER
    assert after.finished == before.finished == AT
    store.steps_done((StepResult(Receipt(IMPORT, Status.DONE), "f2"),), at=LATER)
    kept = store.record(IMPORT)
    assert kept is not None
    assert kept.checked == LATER, "a result without a check keeps the one on record"


def test_an_object_replaces_the_one_loaded_with_its_key(store: Store) -> None:
    """The files of the previous version are returned, except those that are still listed."""
    assert store.object_loaded(IMPORT, loaded("a.log", part("p1"), part("p2", day=NEXT), part("p3"))) == ()
    again = loaded("a.log", part("p2"), part("p4"), etag="e2")
    assert store.object_loaded(IMPORT, again) == ("p1", "p3")
    assert store.objects_of(IMPORT) == (again,)
    assert store.listed_files() == {"p2", "p4"}
    assert parts_of(store, "docs", NEXT) == ()


def test_loading_the_same_object_again_returns_no_files(store: Store) -> None:
    """After a crash an object is loaded again into the same file, which is kept."""
    store.object_loaded(IMPORT, loaded("a.log", part("p1")))
    assert store.object_loaded(IMPORT, loaded("a.log", part("p1"))) == ()
    assert parts_of(store, "docs", DAY) == (part("p1"),)


def test_a_file_that_objects_share_is_removed_with_the_last_of_them(store: Store) -> None:
    """Small objects share a part file; it is returned when no row lists it any more."""
    store.object_loaded(IMPORT, loaded("a.log", part("shared", "o1")))
    store.object_loaded(IMPORT, loaded("b.log", part("shared", "o2")))
    assert parts_of(store, "docs", DAY) == (part("shared", "o1"), part("shared", "o2"))
    assert store.object_dropped(IMPORT, "a.log") == ()
    assert store.object_dropped(IMPORT, "b.log") == ("shared",)
    assert store.objects_of(IMPORT) == ()


def test_the_same_key_of_two_steps_is_two_objects(store: Store) -> None:
    """An object that matches the patterns of two days is loaded for each."""
    other = StepId(Stage.IMPORT, "docs", NEXT)
    store.object_loaded(IMPORT, loaded("a.log", part("p1")))
    store.object_loaded(other, loaded("a.log", part("p2")))
    assert store.object_dropped(other, "a.log") == ("p2",)
    assert store.objects_of(IMPORT) == (loaded("a.log", part("p1")),)


def test_dropping_a_missing_object_does_nothing(store: Store) -> None:
    """A second drop after a crash does no harm."""
    assert store.object_dropped(IMPORT, "a.log") == ()


def test_an_archived_object_names_its_copy(store: Store) -> None:
    """The URL is recorded with the object; archiving an object that was not loaded is an error."""
    store.object_loaded(IMPORT, loaded("a.log"))
    store.object_archived(IMPORT, "a.log", "s3://archive/a.log")
    assert [one.archived for one in store.objects_of(IMPORT)] == ["s3://archive/a.log"]
    with pytest.raises(ValueError, match="was not loaded"):
        store.object_archived(IMPORT, "b.log", "s3://archive/b.log")


def test_only_import_steps_load_objects(store: Store) -> None:
    """Only they have parts to delete later."""
    with pytest.raises(ValueError, match="loads no objects"):
        store.object_loaded(STAT, loaded("a.log"))


@pytest.mark.parametrize("text", ["caf\udce9.log", "a\x00b", "=1+1\x1b[2J", "'; DROP TABLE steps; --"])
def test_hostile_keys_and_errors_are_stored_unchanged(store: Store, text: str) -> None:
    """File names that are not UTF-8, control characters and SQL are data."""
    store.object_loaded(IMPORT, loaded(text, part(text)))
    store.object_archived(IMPORT, text, text)
    store.step_started(IMPORT, run="r1", attempt=1, at=AT)
    store.step_failed(IMPORT, text, at=AT)
    assert [(one.object.key, one.archived) for one in store.objects_of(IMPORT)] == [(text, text)]
    assert [row.error for row in store.attempts(IMPORT)] == [text]
    assert store.listed_files() == {text}
    assert store.object_dropped(IMPORT, text) == (text,)


def test_csv_steps_share_their_files(store: Store) -> None:
    """The CSV files are recorded once and not with each row's step; only the last set is kept."""
    store.steps_done(
        [
            result(CSV, Status.DONE, Output("csv/summary.csv", 1, "a"), Output("csv/pages.csv", 1, "a")),
            result(StepId(Stage.CSV, "docs", NEXT), Status.DONE, Output("csv/summary.csv", 2, "b")),
        ],
        at=AT,
    )
    assert store.csv_outputs() == (Output("csv/pages.csv", 1, "a"), Output("csv/summary.csv", 2, "b"))
    record = store.record(CSV)
    assert record is not None
    assert record.outputs == ()
    store.steps_done([result(CSV, Status.DONE), result(IMPORT, Status.DONE)], at=AT)
    assert len(store.csv_outputs()) == 2, "steps that tell of no file leave them"
    store.steps_done([result(CSV, Status.DONE, Output("csv/summary.csv", 2, "b"))], at=AT)
    assert store.csv_outputs() == (Output("csv/summary.csv", 2, "b"),), "pages.csv was not written again: it is gone"
    store.steps_done([result(CSV, Status.DONE, Output("csv/summary.csv", 3, "c"))], at=AT)
    assert store.csv_outputs() == (Output("csv/summary.csv", 3, "c"),)
    store.forget([CSV])
    assert store.csv_outputs() != (), "rows are left in the files"
    store.forget([StepId(Stage.CSV, "docs", NEXT)])
    assert store.csv_outputs() == ()


def test_a_forgotten_step_leaves_no_rows(store: Store) -> None:
    """An import step loses its objects and parts too; other steps keep theirs."""
    other = StepId(Stage.IMPORT, "docs", NEXT)
    store.step_started(IMPORT, run="r1", attempt=1, at=AT)
    store.object_loaded(IMPORT, loaded("a.log", part("p1"), part("shared")))
    store.object_loaded(other, loaded("b.log", part("shared"), part("p2")))
    store.steps_done((result(IMPORT),), at=LATER)
    assert store.forget([IMPORT, STAT]) == ("p1",)
    assert store.record(IMPORT) is None
    assert store.record(STAT) is None
    assert store.attempts(IMPORT) == ()
    assert store.listed_files() == {"shared", "p2"}
    store.check()


def test_a_run_has_a_start_and_an_end(store: Store) -> None:
    """The last runs are listed, the latest first."""
    assert is_unclean(store)
    store.end_run("r1", exit_code=3, counts={"done": 2, "failed": 1}, at=LATER)
    assert not is_unclean(store)
    store.begin_run("r2", manifest="daily", command="mtc apply", at=LATER)
    first, second = store.runs()
    assert (first.run, second.run) == ("r2", "r1")
    assert second == RunRow("r1", "daily", "mtc apply", AT, LATER, 3, {"done": 2, "failed": 1})
    assert [row.run for row in store.open_runs()] == ["r2"]
    assert not second.killed
    with pytest.raises(ValueError, match="never began"):
        store.end_run("r9", exit_code=0, counts={}, at=LATER)


def test_a_killed_run_is_closed_and_its_steps_fail_as_interrupted(store: Store) -> None:
    """The next run, which holds the lock, closes it."""
    store.steps_done((result(STAT),), at=AT)
    store.step_started(STAT, run="r1", attempt=1, at=AT)
    assert [row.run for row in store.close_killed(LATER)] == ["r1"]
    record = store.record(STAT)
    assert record is not None
    assert (record.status, record.error, record.fingerprint) == (
        Status.FAILED,
        "interrupted: the run was killed",
        "f1",
    )
    assert [(row.outcome, row.ended) for row in store.attempts(STAT)] == [("interrupted", LATER)]
    assert [row.killed for row in store.runs()] == [True]
    assert not is_unclean(store)
    assert store.close_killed(LATER) == ()


def test_a_run_that_stops_on_request_leaves_no_step_running(store: Store) -> None:
    """Running steps fail as interrupted; finished steps stay done."""
    store.step_started(STAT, run="r1", attempt=1, at=AT)
    store.step_started(CSV, run="r1", attempt=1, at=AT)
    store.steps_done((result(CSV),), at=AT)
    store.end_run("r1", exit_code=130, counts={}, at=LATER)
    assert status(store, STAT) is Status.FAILED
    assert status(store, CSV) is Status.DONE
    assert not is_unclean(store)


def test_a_transaction_is_recorded_completely_or_not_at_all(store: Store) -> None:
    """An error inside undoes everything; an error that is caught inside undoes only its own part."""

    def plan_and_fail(step: StepId) -> None:
        with store.transaction():
            store.planned([step])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        plan_and_fail(IMPORT)
    assert store.record(IMPORT) is None
    with store.transaction():
        store.planned([STAT])
        with pytest.raises(RuntimeError):
            plan_and_fail(CSV)
    assert store.record(STAT) is not None
    assert store.record(CSV) is None


def test_an_attempt_belongs_to_a_run_that_started(store: Store) -> None:
    """References are enforced: no row points to a missing one."""
    with pytest.raises(Exception, match="FOREIGN KEY"):
        store.step_started(STAT, run="never", attempt=1, at=AT)
    assert store.record(STAT) is None


@pytest.mark.parametrize("end", ["blocked", "failed", "started again"])
def test_a_step_that_is_not_tried_again_leaves_no_attempt_open(end: str, store: Store) -> None:
    """A step that waits for a retry may be blocked or fail instead; its previous attempt then has an end."""
    store.step_started(STAT, run="r1", attempt=1, at=AT)
    if end == "blocked":
        store.step_blocked(STAT, "its source cannot be listed", at=LATER)
        assert store.attempts(STAT) == (
            AttemptRow(STAT, "r1", 1, AT, LATER, "interrupted", "its source cannot be listed"),
        )
    elif end == "failed":
        store.step_failed(STAT, "no", at=LATER)
    else:
        store.step_started(STAT, run="r1", attempt=2, at=LATER)
    assert [row.ended for row in store.attempts(STAT)][:1] == [LATER]
