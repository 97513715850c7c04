"""The csv stage: the `.stat` files that are there in, the set of CSV files out."""

import csv
import datetime as dt
import io
import os
from pathlib import Path

import pytest
from stat_hits import DAY, Hit, connect, csv_step, project, settings, stat_step, task, write_part

from mtc.errors import PermanentError
from mtc.manifest.project import Project
from mtc.model import Accounting, Status
from mtc.plan.model import PlannedStep, StatWork
from mtc.stages.base import RecordingDesk
from mtc.stages.csv import CsvStage, csv_files
from mtc.stages.stat import StatStage
from mtc.warehouse import csvset

NEXT = DAY + dt.timedelta(days=1)


@pytest.fixture
def plan(tmp_path: Path) -> Project:
    """Two sites; `docs` has two days, `shop` one, made in another order than that of the rows."""
    plan = project(tmp_path, settings(), settings(name="shop"))
    steps = []
    for site, day, path in (("shop", DAY, "/s"), ("docs", NEXT, "/b"), ("docs", DAY, "/a")):
        hits = [Hit(f"{day} 08:00:00", path), Hit(f"{day} 08:01:00", path), Hit(f"{day} 08:02:00", "/z")]
        steps.append(stat_step([write_part(plan.warehouse, hits, day=day, site=site)], day=day, site=site))
    StatStage(plan, connect).run(task(*steps), RecordingDesk())
    return plan


def make(plan: Project, *steps: PlannedStep) -> RecordingDesk:
    desk = RecordingDesk()
    CsvStage(plan).run(task(*(steps or (csv_step(),))), desk)
    return desk


def read(plan: Project, name: str) -> list[dict[str, str]]:
    with (plan.csv / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def contents(plan: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in plan.csv.iterdir()}


def test_the_summary_has_a_row_for_each_site_and_day_in_order(plan: Project) -> None:
    make(plan)
    rows = read(plan, "summary.csv")
    assert [(row["site"], row["day"]) for row in rows] == [
        ("docs", str(DAY)), ("docs", str(NEXT)), ("shop", str(DAY)),
    ]  # fmt: skip
    first = {key: rows[0][key] for key in ("visits", "actions", "bounce_rate", "total_visit_seconds", "bytes", "lines")}
    assert first == {
        "visits": "1", "actions": "3", "bounce_rate": "0.0", "total_visit_seconds": "121", "bytes": "300", "lines": "",
    }  # fmt: skip


def test_the_summary_has_the_totals_of_the_line_accounting(plan: Project) -> None:
    """9 lines: 0 hits, 3 + 4 filtered, 2 rejected."""
    work = StatWork((), Accounting(9, 0, {"static": 3, "bots": 4}, {"no date": 2}))
    step = PlannedStep(stat_step([]).step, stat_step([]).verdict, work=work)
    StatStage(plan, connect).run(task(step), RecordingDesk())
    make(plan)
    row = read(plan, "summary.csv")[0]
    assert [row[key] for key in ("lines", "hits", "filtered", "rejected")] == ["9", "0", "7", "2"]


def test_a_table_has_a_file_with_the_tables_own_order(plan: Project) -> None:
    make(plan)
    rows = [(row["site"], row["day"], row["label"], row["views"]) for row in read(plan, "pages.csv")]
    assert rows == [
        ("docs", str(DAY), "/a", "2"), ("docs", str(DAY), "/z", "1"),
        ("docs", str(NEXT), "/b", "2"), ("docs", str(NEXT), "/z", "1"),
        ("shop", str(DAY), "/s", "2"), ("shop", str(DAY), "/z", "1"),
    ]  # fmt: skip


def test_every_file_has_the_columns_that_are_documented(plan: Project) -> None:
    """Also a table without a row, so that whoever reads the files finds them all."""
    make(plan)
    assert sorted(contents(plan)) == sorted(csvset.csv_files())
    for name in csvset.csv_files():
        header = (plan.csv / name).read_text(encoding="utf-8").split("\n")[0].strip()
        described = csvset.columns(name.removesuffix(".csv"))
        assert header == ",".join(column for column, _ in described)
        assert all(text for _, text in described)
        assert all(f"| `{column}` | {text} |" in csvset.describe() for column, text in described)


def test_the_files_are_rfc_4180(tmp_path: Path) -> None:
    """CRLF, quotes doubled, UTF-8 without a mark; a hostile label is one cell of one line."""
    plan = project(tmp_path)
    labels = ['/"a",b', "=1+1", "/\u00e9", "/x\r\ny", "/\x00"]
    hits = [Hit(f"08:0{n}:00", label) for n, label in enumerate(labels)]
    StatStage(plan, connect).run(task(stat_step([write_part(plan.warehouse, hits)])), RecordingDesk())
    make(plan)
    data = (plan.csv / "pages.csv").read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r") == 6
    table = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    assert sorted(row[2] for row in table[1:]) == sorted(['/"a",b', "'=1+1", "/\u00e9", r"/x\x0d\x0ay", r"/\x00"])


def test_nothing_changed_nothing_is_written(plan: Project) -> None:
    """Byte-identical, and not even touched: whoever watches the files sees no change."""
    make(plan)
    before, times = contents(plan), {path.name: path.stat().st_mtime_ns for path in plan.csv.iterdir()}
    for path in plan.csv.iterdir():
        os.utime(path, ns=(1, 1))
    desk = make(plan)
    assert contents(plan) == before
    assert {path.stat().st_mtime_ns for path in plan.csv.iterdir()} == {1}
    assert len(times) == len(next(iter(desk.receipts.values())).outputs)


def test_the_first_receipt_has_the_files_and_each_its_rows(plan: Project) -> None:
    """A step whose `.stat` file is not there has no row: it is empty."""
    steps = (csv_step(), csv_step(day=NEXT), csv_step(day=NEXT, site="shop"))
    receipts = list(make(plan, *steps).receipts.values())
    assert [item.path for item in receipts[0].outputs] == list(csv_files(plan))
    assert csv_files(plan)[0] == "csv/summary.csv"
    assert [len(receipt.outputs) for receipt in receipts[1:]] == [0, 0]
    assert [receipt.status for receipt in receipts] == [Status.DONE, Status.DONE, Status.EMPTY]
    for item in receipts[0].outputs:
        assert item.size == (plan.root / item.path).stat().st_size


def test_a_damaged_stat_file_is_named_and_no_csv_file_changes(plan: Project) -> None:
    """Whole or not at all: yesterday's set is better than half of today's."""
    make(plan)
    before = contents(plan)
    (plan.stats / "docs" / f"{DAY}.stat").unlink()
    (plan.stats / "shop" / f"{DAY}.stat").write_text("{")
    desk = RecordingDesk()
    with pytest.raises(PermanentError, match=f"stats/shop/{DAY}.stat: the .stat file is damaged"):
        CsvStage(plan).run(task(csv_step()), desk)
    assert contents(plan) == before
    assert desk.facts == []


def test_a_stat_file_under_another_ones_name_is_refused(plan: Project) -> None:
    """It would count a day twice."""
    folder = plan.stats / "docs"
    (folder / "2026-05-09.stat").write_bytes((folder / f"{DAY}.stat").read_bytes())
    with pytest.raises(PermanentError, match="is of docs on 2026-05-01"):
        make(plan)


@pytest.mark.parametrize(
    "name", ["docs/copy.stat", "docs/2026-02-30.stat", "docs/20260501.stat", "My Site/2026-05-01.stat"]
)
def test_a_stat_file_whose_name_tells_nothing_is_refused(plan: Project, name: str) -> None:
    (plan.stats / name).parent.mkdir(exist_ok=True)
    (plan.stats / name).write_text("{}")
    with pytest.raises(PermanentError, match=r"not where a \.stat file belongs"):
        make(plan)


def test_no_stat_file_makes_empty_tables(tmp_path: Path) -> None:
    """Headers alone, and an empty receipt; no stats folder is no error."""
    plan = project(tmp_path)
    (receipt,) = make(plan).receipts.values()
    assert receipt.status is Status.EMPTY
    assert read(plan, "summary.csv") == []


def test_what_a_killed_run_left_is_removed(plan: Project) -> None:
    """Its own half-made files only."""
    plan.csv.mkdir()
    (plan.csv / ".pages.csv.0123abcd.tmp").write_text("half")
    (plan.csv / "mine.csv").write_text("mine")
    make(plan)
    assert sorted(contents(plan)) == sorted([*csvset.csv_files(), "mine.csv"])


def test_a_csv_file_that_was_changed_is_made_again(plan: Project) -> None:
    make(plan)
    before = contents(plan)
    (plan.csv / "pages.csv").write_text("edited")
    (plan.csv / "hours.csv").unlink()
    make(plan)
    assert contents(plan) == before
