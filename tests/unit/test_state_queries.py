"""The queries of the state: histories, lists and exports."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from stored import parts_of

from mtc.core.model import Accounting, LoadedObject, Output, Part, Receipt, SourceObject, Stage, Status, StepId
from mtc.core.records import History
from mtc.state import schema
from mtc.state.rows import StepFilter, StepResult, from_accounting
from mtc.state.store import Store

AT = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
FIRST = dt.date(2026, 5, 1)
LINES = Accounting(10, 7, {"bot": 2}, {"time": 1})


def fill(store: Store, sites: list[str], days: int) -> None:
    """Record all stages of these days as done, with an object of two parts each."""
    for site in sites:
        results: list[StepResult] = []
        with store.transaction():
            for day in (FIRST + dt.timedelta(number) for number in range(days)):
                step = StepId(Stage.IMPORT, site, day)
                store.object_loaded(step, an_object(step))
                results += [a_result(StepId(stage, site, day)) for stage in Stage]
            store.steps_done(results, at=AT)


def an_object(step: StepId) -> LoadedObject:
    name = f"hits/site={step.site}/date={step.day}/{step.day:%j}"
    parts = (
        Part(step.site, step.day, f"{name}-b.parquet", "o", 4),
        Part(step.site, step.day + dt.timedelta(1), f"{name}-a.parquet", "o", 3),
    )
    return LoadedObject(SourceObject(f"{step.day}.log", 99, "e", 5), "o", "c", "combined", LINES, parts, "s3://b/k")


def a_result(step: StepId) -> StepResult:
    output = Output(f"stats/{step.site}/{step.day}.stat", 9, "d" * 64)
    settings = {f"sites.{step.site}.filters.{name}": "False" for name in ("bots", "static", "errors")}
    receipt = Receipt(step, Status.DONE, (output,), LINES, {"hits": 7.5}, ("a note",))
    return StepResult(receipt, f"f-{step}", settings, {f"{step.day}.log": "e"}, AT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state of two sites with three days each."""
    with Store.open(tmp_path / "state.db", lineage="b" * 32) as store:
        store.begin_run("r1", manifest="daily", command="mtc apply", at=AT)
        fill(store, ["docs", "shop"], 3)
        store.end_run("r1", exit_code=0, counts={"done": 18}, at=AT)
    return tmp_path / "state.db"


def test_a_history_is_complete_for_the_requested_sites(path: Path) -> None:
    """It has all of their steps and objects and none of others; the CSV files are the last ones of all sites."""
    with Store.open(path, readonly=True) as store:
        history = store.history(["docs"])
        assert {step.site for step in history.steps} == {"docs"}
        assert len(history.steps) == 9
        assert history.steps == {step: store.record(step) for step in history.steps}
        assert history.objects == {step: (an_object(step),) for step in history.steps if step.stage is Stage.IMPORT}
        assert len(history.csv_outputs) == 3
        assert store.history([]) == History(csv_outputs=history.csv_outputs)
        assert store.history(["never"]).steps == {}


def test_stages_limit_the_steps_of_a_history_but_not_its_objects(path: Path) -> None:
    """A stat plan needs the parts of the import steps too."""
    with Store.open(path, readonly=True) as store:
        history = store.history(["docs", "shop"], [Stage.STAT])
    assert {step.stage for step in history.steps} == {Stage.STAT}
    assert len(history.objects) == 6


def test_steps_are_listed_in_order_and_filtered(path: Path) -> None:
    """They are ordered by stage, then by site and day."""
    with Store.open(path, readonly=True) as store:
        listed = [record.step for record in store.list_steps()]
        found = store.list_steps(
            StepFilter(("docs",), (Stage.IMPORT, Stage.CSV), (Status.DONE,), FIRST, FIRST + dt.timedelta(1))
        )
        assert store.list_steps(StepFilter(statuses=(Status.FAILED,))) == ()
    assert len(listed) == 18
    assert listed == sorted(listed, key=lambda step: (list(Stage).index(step.stage), step.site, step.day))
    assert [str(record.step) for record in found] == [
        "import:docs:2026-05-01",
        "import:docs:2026-05-02",
        "csv:docs:2026-05-01",
        "csv:docs:2026-05-02",
    ]


def test_parts_of_a_day_come_from_every_object_with_hits_of_it(path: Path) -> None:
    """A log of the first may contain lines of the second."""
    second = FIRST + dt.timedelta(1)
    with Store.open(path, readonly=True) as store:
        parts = parts_of(store, "docs", second)
        assert len(store.listed_files()) == 12
    assert [part.file.rsplit("/", 2)[1:] for part in parts] == [
        ["date=2026-05-01", "121-a.parquet"],
        ["date=2026-05-02", "122-b.parquet"],
    ]


def exported(path: Path) -> str:
    stream = io.StringIO()
    with Store.open(path, readonly=True) as store:
        store.export(stream)
    return stream.getvalue()


def test_an_export_is_stable_and_describes_itself(path: Path) -> None:
    """The same state gives the same lines; each is a JSON object with its kind."""
    text = exported(path)
    assert text == exported(path)
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[0] == {"kind": "state", "version": schema.VERSION, "lineage": "b" * 32}
    counts = {kind: sum(line["kind"] == kind for line in lines) for kind in {line["kind"] for line in lines}}
    assert counts == {"state": 1, "run": 1, "step": 18, "object": 6, "part": 12, "csv_output": 3}


def replay(lines: list[dict[str, Any]], store: Store) -> None:
    """Record the content of an export in a new state."""
    csv_files = tuple(
        Output(line["path"], line["size"], line["digest"]) for line in lines if line["kind"] == "csv_output"
    )
    for line in lines:
        step = StepId.parse(line.get("step", "csv:x:2026-01-01"))
        if line["kind"] == "object":
            key = line["key"]
            parts = tuple(
                Part(one["site"], dt.date.fromisoformat(one["day"]), one["file"], one["object_id"], one["hits"])
                for one in lines
                if one["kind"] == "part" and (one["step"], one["key"]) == (line["step"], key)
            )
            source = SourceObject(key, line["size"], line["etag"], line["modified"])
            made = (line["object_id"], line["content"], line["format"], Accounting(**line["accounting"]))
            store.object_loaded(step, LoadedObject(source, *made, parts, line["archived"]))
        elif line["kind"] == "step":
            outputs = csv_files if step.stage is Stage.CSV else tuple(Output(*one) for one in line["outputs"])
            lines_of_step = from_accounting(json.dumps(line["accounting"]))
            columns = (outputs, lines_of_step, line["figures"], tuple(line["notes"]))
            receipt = Receipt(step, Status(line["status"]), *columns)
            judged = (line["fingerprint"], line["settings"], line["inputs"])
            checked = dt.datetime.fromisoformat(line["checked"])
            store.steps_done((StepResult(receipt, *judged, checked),), at=dt.datetime.fromisoformat(line["finished"]))


def test_an_export_is_complete(path: Path, tmp_path: Path) -> None:
    """A state made only from the export has the same history."""
    lines = [json.loads(line) for line in exported(path).splitlines()]
    with Store.open(tmp_path / "again.db") as again, Store.open(path, readonly=True) as store:
        replay(lines, again)
        assert again.history(["docs", "shop"]) == store.history(["docs", "shop"])


def test_names_that_are_not_utf8_are_exported_in_ascii(tmp_path: Path) -> None:
    """An export can be read by anything that reads JSON."""
    path = tmp_path / "state.db"
    with Store.open(path) as store:
        store.step_failed(StepId(Stage.IMPORT, "docs", FIRST), "caf\udce9 \x1b[2J", at=AT)
    text = exported(path)
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text.splitlines()[1])["error"] == "caf\udce9 \x1b[2J"


def test_many_sites_are_read_at_once(tmp_path: Path) -> None:
    """Every step and object of the requested sites is read, and no other."""
    sites = [f"site{number}" for number in range(5)]
    with Store.open(tmp_path / "state.db") as store:
        fill(store, sites, 40)
        history = store.history(sites[:4])
    assert len(history.steps) == 4 * 40 * 3
    assert sum(len(objects) for objects in history.objects.values()) == 160
    assert {step.site for step in history.steps} == set(sites[:4])
