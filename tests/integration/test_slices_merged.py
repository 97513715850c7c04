"""Slices of a day that is over are merged: fewer objects and files, the same hits, numbers and lines."""

import copy
import dataclasses
import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from applied import Applied
from growing_server import Server

from mtc.core.events import Warned
from mtc.core.model import LoadedObject, Stage, StepId, Verdict
from mtc.core.records import History
from mtc.engine.slice_merging import SliceMerger
from mtc.plan import slice_merging
from mtc.state.store import Store

DAY = dt.date(2026, 5, 1)
NEXT = dt.date(2026, 5, 2)
MORE = "filters: {max_rejected: 0.9}\n"


def history(root: Path) -> History:
    """What the state holds."""
    with Store.open(root / ".mtc" / "state.db", readonly=True) as store:
        return store.history(("docs",))


def objects(root: Path, day: dt.date = DAY) -> tuple[LoadedObject, ...]:
    """What was loaded by the import step of a day."""
    return history(root).objects.get(StepId(Stage.IMPORT, "docs", day), ())


def parts(root: Path) -> list[str]:
    """The part files, by their names."""
    return sorted(path.name for path in (root / "warehouse").rglob("*.parquet*"))


def results(root: Path) -> dict[str, bytes]:
    """The statistics and CSV files."""
    files = (path for folder in ("stats", "csv") for path in (root / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def day_of_runs(server: Server, count: int = 9, day: str = "2026-05-01") -> None:
    """A run after each of some writes of two lines."""
    for number in range(count):
        server.write(f"{day}T{8 + number:02}:00", f"{day}T{8 + number:02}:20")
        server.apply()


def is_settled(server: Server) -> None:
    """There is nothing to do, every hit is there once, and the chain of numbers holds."""
    plan = server.applied.plan(now=server.now)
    assert {step.verdict for step in plan.steps} == {Verdict.UP_TO_DATE}
    server.expect_all()
    assert [str(each) for day in server.applied.verified(now=server.now) for each in day.disagreements] == []


@pytest.fixture
def new(tmp_path: Path) -> Server:
    """A server that nothing was loaded of yet."""
    return Server(tmp_path, more=MORE)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server after a day of runs. Copy it, do not run it."""
    server = Server(tmp_path_factory.mktemp("evening"), more=MORE)
    day_of_runs(server)
    return server


@pytest.fixture
def server(evening: Server, tmp_path: Path) -> Server:
    """A server after a day of runs."""
    shutil.copytree(evening.applied.root, tmp_path, dirs_exist_ok=True)
    made = copy.copy(evening)
    made.applied = Applied(tmp_path)
    return made


def test_the_slices_of_a_day_become_one_when_the_next_day_has_begun(server: Server) -> None:
    """As long as the day goes on they stay; then there is one object and one file, and nothing is made again."""
    assert len(objects(server.applied.root)) == 9
    account, before = server.applied.account(), results(server.applied.root)
    server.write("2026-05-02T00:10")
    server.apply()
    [merged] = objects(server.applied.root)
    assert merged.object.slice is not None
    assert (merged.object.slice.start, len(merged.object.slice.pieces)) == (0, 9)
    assert merged.accounting == account == server.applied.account()
    assert [len(list((server.applied.root / "warehouse").rglob(f"date={day}/*"))) for day in (DAY, NEXT)] == [1, 1]
    after = results(server.applied.root)
    assert (
        json.loads(before[f"stats/docs/{DAY}.stat"])["summary"]
        == json.loads(after[f"stats/docs/{DAY}.stat"])["summary"]
    )
    is_settled(server)
    server.apply()
    assert results(server.applied.root) == after
    is_settled(server)


def test_few_slices_stay_as_they_are(new: Server) -> None:
    """To merge them would not pay."""
    day_of_runs(new, slice_merging.FEWEST - 1)
    new.write("2026-05-02T00:10")
    new.apply()
    assert len(objects(new.applied.root)) == slice_merging.FEWEST - 1


def test_hits_are_in_the_order_of_their_lines(server: Server) -> None:
    """Object and line name a hit, lines count on from slice to slice."""
    import duckdb  # noqa: PLC0415 - the test's own look

    server.write("2026-05-02T00:10")
    server.apply()
    [merged] = objects(server.applied.root)
    [part] = merged.parts
    query = "SELECT DISTINCT object, list(line), list(path) FROM read_parquet(?) GROUP BY ALL"
    [found] = duckdb.connect().execute(query, [str(server.applied.root / "warehouse" / part.file)]).fetchall()
    assert found == (merged.object_id, list(range(1, 19)), [f"/{number}" for number in range(1, 19)])


def test_statistics_made_again_are_the_same(server: Server) -> None:
    """A merged part counts as the parts that it was made from."""
    server.write("2026-05-02T00:10")
    server.apply()
    before = server.applied.stat()
    (server.applied.root / "stats" / "docs" / f"{DAY}.stat").unlink()
    server.apply()
    after = server.applied.stat()
    assert (before["summary"], before["tables"], before["accounting"]) == (
        after["summary"],
        after["tables"],
        after["accounting"],
    )


@pytest.mark.parametrize("is_there", [True, False])
def test_other_settings_load_a_merged_slice_again_where_its_text_is_there(server: Server, *, is_there: bool) -> None:
    """As one slice; where the log is gone, its hits stay as they are."""
    server.rename("access.log", "access.log.1")
    server.write("2026-05-02T00:10")
    server.apply()
    if is_there:
        server.compress("access.log.1")
    else:
        server.path("access.log.1").unlink()
    [before] = objects(server.applied.root)
    server.applied.manifest("dates: today\nfilters: {bots: true}\n", url="logs/access.log*")
    server.apply()
    [after] = objects(server.applied.root)
    assert (after.made_with == before.made_with) is not is_there
    assert (after.object_id, after.accounting) == (before.object_id, before.accounting)
    server.expect_all()
    server.write("2026-05-02T00:20")
    server.apply()
    server.expect_all()
    assert server.applied.actions() == 18


def test_a_change_in_a_merged_slice_is_noticed(new: Server) -> None:
    """Its content is compared piece by piece."""
    new.write(*[f"07:{minute:02}" for minute in range(60)])
    new.apply()
    day_of_runs(new, 8)
    new.write("2026-05-02T00:10")
    new.apply()
    [merged] = objects(new.applied.root)
    path = new.path()
    text = path.read_bytes()
    end = b'x/121.0"\n'
    path.write_bytes(text[: -len(end)] + end)
    new.touch()
    new.apply()
    assert [item.object_id for item in objects(new.applied.root)] == [merged.object_id]
    path.write_bytes(text.replace(b"/70 HTTP", b"/99 HTTP"))
    new.touch()
    new.apply()
    assert [item.object_id for item in objects(new.applied.root)] != [merged.object_id]
    expected = [f"/{number}" for number in range(1, new.number + 1) if number != 70]
    assert new.paths() == [*expected, "/99"]


def rejected(root: Path) -> Iterator[dict[str, Any]]:
    """All rejected lines that are kept."""
    for path in sorted((root / "warehouse" / "rejected").rglob("*.jsonl")):
        yield from map(json.loads, path.read_text().splitlines())


def test_rejected_lines_are_kept_with_their_numbers(new: Server) -> None:
    """They are where the merged slice's are, and survive later imports of the day."""
    for number in range(10):
        new.write(f"{8 + number:02}:00")
        with new.path().open("a") as stream:
            stream.write(f"rubbish {number}\n")
        new.write(f"{8 + number:02}:10")
        new.apply()
    new.write("2026-05-02T00:10")
    new.apply()
    [merged] = objects(new.applied.root)
    lines = [(row["line"], row["text"], row["object"]) for row in rejected(new.applied.root)]
    assert lines == [(3 * number + 2, f"rubbish {number}", merged.object.key) for number in range(10)]
    assert sum(merged.accounting.rejected.values()) == 10
    is_settled(new)


def test_two_logs_read_in_one_run_share_files_until_both_are_merged(new: Server) -> None:
    """What belongs to the other log stays listed."""
    for number in range(10):
        new.write(f"{8 + number:02}:00", name="access.log-a")
        new.write(f"{8 + number:02}:10", name="access.log-b")
        new.apply()
    new.write("2026-05-02T00:10", name="access.log-a")
    new.apply()
    assert len(objects(new.applied.root)) == 2
    assert len([name for name in parts(new.applied.root) if name.endswith(".parquet")]) == 3
    is_settled(new)


def test_what_comes_late_for_a_merged_day_is_another_slice(server: Server) -> None:
    """It is merged again only with enough others."""
    server.rename("access.log", "access.log.1")
    server.write("2026-05-02T00:10")
    server.apply()
    late = server.now
    server.now = dt.datetime(2026, 5, 1, 23, tzinfo=dt.UTC)
    server.write("23:50", name="access.log.1")
    server.now = late
    server.apply()
    assert len(objects(server.applied.root)) == 2
    is_settled(server)


def test_a_missing_part_leaves_the_slices_as_they_are(server: Server) -> None:
    """Its log is read again first."""
    root = server.applied.root
    min((root / "warehouse").rglob("*.parquet")).unlink()
    state, project = Store.open(root / ".mtc" / "state.db"), server.applied.project
    said: list[str] = []
    with state as store:
        seen = store.history(("docs",))
        late = dataclasses.replace(objects(root)[0], parts=())
        newer = dataclasses.replace(late.object, modified=late.object.modified + 86_400 * 10**9)
        step = StepId(Stage.IMPORT, "docs", NEXT)
        other = {**seen.objects, step: (dataclasses.replace(late, object=newer),)}
        SliceMerger(project, store, said.append, lambda: None).run(dataclasses.replace(seen, objects=other))
    assert (said, len(objects(root))) == ([], 9)
    server.write("2026-05-02T00:10")
    server.apply()
    assert len(objects(root)) == 1
    is_settled(server)


def test_a_damaged_part_fails_only_what_needs_it(server: Server) -> None:
    """The slices stay, and a warning says why."""
    root = server.applied.root
    server.write("2026-05-02T00:10")
    damaged = min((root / "warehouse").rglob("*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    server.applied.apply(now=server.now, stages=(Stage.IMPORT,))
    [warning] = [event.text for event in server.applied.events if isinstance(event, Warned)]
    assert warning.startswith(f"slices of import:docs:{DAY} cannot be merged: hits/site=docs/date={DAY}/")
    assert len(objects(root)) == 9


def test_statistics_that_are_not_up_to_date_are_made_from_the_merged_slice(new: Server) -> None:
    """Only imports were run for a while."""
    new.write("07:00")
    new.apply()
    for number in range(9):
        new.write(f"{8 + number:02}:00")
        new.applied.apply(now=new.now, stages=(Stage.IMPORT,))
    new.write("2026-05-02T00:10")
    new.applied.apply(now=new.now, stages=(Stage.IMPORT,))
    assert len(objects(new.applied.root)) == 1
    new.apply()
    assert new.applied.actions() == 10
    is_settled(new)
