"""The csv stage: the `.stat` files that are there in, the set of CSV files out."""

import csv
import datetime as dt
import io
import os
import shutil
from pathlib import Path

import pytest
from memory_recorder import MemoryRecorder
from stat_hits import DAY, Hit, connect, csv_step, project, settings, stat_step, task, write_part

from docs.generator.markdown import prose
from mtc.core.errors import PermanentError
from mtc.core.model import Accounting, Status
from mtc.manifest.project import Project
from mtc.plan.work import PlannedStep, StatWork
from mtc.stages.csv import CsvStage
from mtc.stages.stat.stat_stage import StatStage
from mtc.warehouse import csv_files
from mtc.warehouse.stat_document import dumps, loads

PAGE = Path(__file__).parents[2] / "docs" / "csv.md"
OLD = Path(__file__).parents[1] / "data" / "0.1.0.stat"
NEXT = DAY + dt.timedelta(days=1)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of `plan`, counted once for all tests."""
    plan = two_sites(tmp_path_factory.mktemp("counted"))
    steps = []
    for site, day, path in (("shop", DAY, "/s"), ("docs", NEXT, "/b"), ("docs", DAY, "/a")):
        hits = [Hit(f"{day} 08:00:00", path), Hit(f"{day} 08:01:00", path), Hit(f"{day} 08:02:00", "/z")]
        steps.append(stat_step([write_part(plan.warehouse, hits, day=day, site=site)], day=day, site=site))
    StatStage(plan, connect).run(task(*steps), MemoryRecorder())
    return plan.root


def two_sites(root: Path) -> Project:
    return project(root, settings(), settings(name="shop"))


@pytest.fixture
def plan(counted: Path, tmp_path: Path) -> Project:
    """Two sites; `docs` has two days, `shop` one, made in another order than that of the rows."""
    shutil.copytree(counted, tmp_path, dirs_exist_ok=True)
    return two_sites(tmp_path)


@pytest.fixture
def everything(tmp_path: Path) -> Project:
    """A day that has a row in every table; Matomo or a database of countries told of countries."""
    plan = project(tmp_path)
    sources = ("https://example.net/", "https://www.google.com/", "https://t.co/x", "https://claude.ai/")
    hits = [Hit("08:00:00", referrer=each, ip=f"192.0.2.{n}") for n, each in enumerate(sources)]
    hits += [Hit("09:00:00", "/a.pdf", download=True), Hit("09:01:00", query="q=tea")]
    StatStage(plan, connect).run(task(stat_step([write_part(plan.warehouse, hits)], lines=9)), MemoryRecorder())
    (file,) = (plan.stats / "docs").iterdir()
    document = loads(file.read_bytes(), "x")
    told = document.tables.model_copy(update={"countries": document.tables.browsers})
    file.write_bytes(dumps(document.model_copy(update={"tables": told})))
    return plan


def make(plan: Project, *steps: PlannedStep) -> MemoryRecorder:
    recorder = MemoryRecorder()
    CsvStage(plan).run(task(*(steps or (csv_step(),))), recorder)
    return recorder


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
    first = {key: rows[0][key] for key in ("visits", "actions", "bounce_rate", "total_visit_seconds", "bytes")}
    assert first == {
        "visits": "1", "actions": "3", "bounce_rate": "0.0", "total_visit_seconds": "121", "bytes": "300",
    }  # fmt: skip


def test_the_accounting_of_the_days_files_has_a_file_of_its_own(plan: Project) -> None:
    """9 lines: 0 hits, 3 + 4 filtered, 2 rejected; a day whose import nobody knows has no row. Not in the summary."""
    work = StatWork((), Accounting(9, 0, {"static": 3, "bots": 4}, {"no date": 2}))
    third = stat_step([], day=NEXT + dt.timedelta(days=1))
    StatStage(plan, connect).run(task(PlannedStep(third.step, third.verdict, work=work)), MemoryRecorder())
    make(plan)
    (row,) = read(plan, "accounting.csv")
    assert row == {
        "site": "docs", "day": str(third.step.day), "lines": "9", "hits": "0", "filtered": "7", "rejected": "2",
    }  # fmt: skip
    assert len(read(plan, "summary.csv")) == 4
    assert not {"lines", "hits", "filtered", "rejected"} & read(plan, "summary.csv")[0].keys()


def test_a_table_has_a_file_with_the_tables_own_order(plan: Project) -> None:
    make(plan)
    rows = [(row["site"], row["day"], row["page"], row["views"]) for row in read(plan, "pages.csv")]
    assert rows == [
        ("docs", str(DAY), "/a", "2"), ("docs", str(DAY), "/z", "1"),
        ("docs", str(NEXT), "/b", "2"), ("docs", str(NEXT), "/z", "1"),
        ("shop", str(DAY), "/s", "2"), ("shop", str(DAY), "/z", "1"),
    ]  # fmt: skip


def test_every_file_has_the_columns_that_are_documented(everything: Project) -> None:
    """Named for what they hold. The page of documentation is generated from the same text."""
    make(everything)
    assert sorted(contents(everything)) == sorted(map(csv_files.file_name, csv_files.NAMES))
    text = PAGE.read_text("utf-8")
    for name in csv_files.NAMES:
        header = (everything.csv / csv_files.file_name(name)).read_text(encoding="utf-8").split("\n")[0].strip()
        described = csv_files.column_descriptions(name)
        assert header == ",".join(described)
        assert "label" not in header
        assert all(what and f"| `{column}` | {prose(what)} |" in text for column, what in described.items())
        assert tuple(described) == csv_files.columns(name)


def test_a_table_without_a_row_has_no_file(plan: Project) -> None:
    """No download, no search, no database of countries; the receipt names the files that are there."""
    receipt = next(iter(make(plan).receipts.values()))
    absent = {
        "accounting",
        "downloads",
        "site_searches",
        "websites",
        "search_engines",
        "social_networks",
        "ai_assistants",
        "countries",
    }
    there = [csv_files.file_name(name) for name in csv_files.NAMES if name not in absent]
    assert sorted(contents(plan)) == sorted(there)
    assert [item.path for item in receipt.outputs] == [f"csv/{name}" for name in there]
    assert receipt.notes == ()


NOW = "site,day,country,visits,visitors,actions,bounces,seconds"
EARLIER = "site,day,label,visits,visitors,actions,bounces,seconds"


@pytest.mark.parametrize("header", [NOW, EARLIER])
@pytest.mark.parametrize("rows", ["", "docs,2026-05-01,FR,1,1,1,1,0\r\n"])
def test_a_file_of_a_table_that_has_no_row_any_more_is_removed(plan: Project, header: str, rows: str) -> None:
    """It would go on telling of countries that no `.stat` file has. Said once, in the receipt."""
    plan.csv.mkdir()
    (plan.csv / "countries.csv").write_text(f"{header}\r\n{rows}", newline="")
    first, second = (next(iter(make(plan).receipts.values())) for _ in range(2))
    assert not (plan.csv / "countries.csv").exists()
    assert first.notes == ("countries.csv is removed: no .stat file has a row of it",)
    assert second.notes == ()


@pytest.mark.parametrize("content", [b"", b"country,people\r\nFR,1\r\n", b"\xff\xfe\x00", b"x" * 100_000])
def test_a_file_of_that_name_that_mtc_did_not_write_stays(plan: Project, content: bytes) -> None:
    """Somebody's own list of countries; and it is said that it is not of this set."""
    plan.csv.mkdir()
    (plan.csv / "countries.csv").write_bytes(content)
    receipt = next(iter(make(plan).receipts.values()))
    assert (plan.csv / "countries.csv").read_bytes() == content
    assert receipt.notes == ("countries.csv was not written by mtc, and is kept: no .stat file has a row of it",)
    assert "csv/countries.csv" not in {item.path for item in receipt.outputs}


def test_no_file_is_removed_when_a_stat_file_is_damaged(plan: Project) -> None:
    plan.csv.mkdir()
    (plan.csv / "countries.csv").write_text(EARLIER + "\r\n", newline="")
    (plan.stats / "shop" / f"{DAY}.stat").write_text("{")
    with pytest.raises(PermanentError):
        make(plan)
    assert (plan.csv / "countries.csv").exists()


def test_a_stat_file_of_an_earlier_mtc_is_still_read(plan: Project) -> None:
    """Version 0.1.0 knew no searches and no AI assistants: an empty cell, and no row."""
    (plan.stats / "docs" / f"{NEXT}.stat").write_bytes(OLD.read_bytes().replace(b"2026-05-01", str(NEXT).encode()))
    make(plan)
    old, new = (row for row in read(plan, "summary.csv") if row["day"] == str(NEXT) or row["site"] == "shop")
    assert (old["actions"], old["searches"], new["searches"]) == ("5", "", "0")
    pages = {
        row["page"]: row["views"] for row in read(plan, "pages.csv") if (row["site"], row["day"]) == ("docs", str(NEXT))
    }
    assert pages == {"/": "2", "/find?q=tea": "1", "/a": "1"}
    (lines,) = read(plan, "accounting.csv")
    assert lines["lines"] == "7"


def test_the_files_are_rfc_4180(tmp_path: Path) -> None:
    """CRLF, quotes doubled, UTF-8 without a mark; a hostile label is one cell of one line."""
    plan = project(tmp_path)
    labels = ['/"a",b', "=1+1", "/\u00e9", "/x\r\ny", "/\x00"]
    hits = [Hit(f"08:0{n}:00", label) for n, label in enumerate(labels)]
    StatStage(plan, connect).run(task(stat_step([write_part(plan.warehouse, hits)])), MemoryRecorder())
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
    recorder = make(plan)
    assert contents(plan) == before
    assert {path.stat().st_mtime_ns for path in plan.csv.iterdir()} == {1}
    assert len(times) == len(next(iter(recorder.receipts.values())).outputs)


def test_the_first_receipt_has_the_files_and_each_its_rows(plan: Project) -> None:
    """A step whose `.stat` file is not there has no row: it is empty."""
    steps = (csv_step(), csv_step(day=NEXT), csv_step(day=NEXT, site="shop"))
    receipts = list(make(plan, *steps).receipts.values())
    assert [item.path for item in receipts[0].outputs] == [
        f"csv/{name}" for name in map(csv_files.file_name, csv_files.NAMES) if name in contents(plan)
    ]
    assert receipts[0].outputs[0].path == "csv/summary.csv"
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
    recorder = MemoryRecorder()
    with pytest.raises(PermanentError, match=f"stats/shop/{DAY}.stat: the .stat file is damaged"):
        CsvStage(plan).run(task(csv_step()), recorder)
    assert contents(plan) == before
    assert recorder.facts == []


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


def test_no_stat_file_makes_an_empty_summary(tmp_path: Path) -> None:
    """A header alone, and an empty receipt; no stats folder is no error."""
    plan = project(tmp_path)
    (receipt,) = make(plan).receipts.values()
    assert receipt.status is Status.EMPTY
    assert read(plan, "summary.csv") == []
    assert list(contents(plan)) == ["summary.csv"]


def test_what_a_killed_run_left_is_removed(plan: Project) -> None:
    """Its own half-made files only."""
    plan.csv.mkdir()
    (plan.csv / ".pages.csv.0123abcd.tmp").write_text("half")
    (plan.csv / ".mine.csv.0123abcd.tmp").write_text("mine")
    make(plan)
    assert [name for name in contents(plan) if name.startswith(".")] == [".mine.csv.0123abcd.tmp"]


def test_a_csv_file_that_was_changed_is_made_again(plan: Project) -> None:
    make(plan)
    before = contents(plan)
    (plan.csv / "pages.csv").write_text("edited")
    (plan.csv / "hours.csv").unlink()
    make(plan)
    assert contents(plan) == before
