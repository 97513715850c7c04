"""`mtc why`: the whole history of one step."""

import datetime as dt
import json

from mtc.core.deliveries import Batch, BatchId, BatchStatus, Cut, DeliveredObject, Delivery, DeliveryStatus
from mtc.core.model import Accounting, LoadedObject, Output, Part, SourceObject, Status, StepId, Verdict
from mtc.core.records import History, StepRecord
from mtc.manifest.project import SettingLocation
from mtc.plan.work import ImportWork, Plan, PlannedStep
from mtc.report.history import place_of, step_history
from mtc.report.step_text import why_json, why_text
from mtc.report.terminal import Terminal
from mtc.state.rows import AttemptRow

DAY = dt.date(2026, 5, 1)
IMPORT = StepId.parse("import:docs:2026-05-01")
STAT = StepId.parse("stat:docs:2026-05-01")
CSV = StepId.parse("csv:docs:2026-05-01")


def at(hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 5, 2, hour, minute, tzinfo=dt.UTC)


def loaded(key: str, archived: str = "") -> LoadedObject:
    accounting = Accounting(120, 100, {"bot": 10, "static": 5}, {"no format": 5})
    parts = (Part("docs", DAY, f"hits/{key}.parquet", "id", 98), Part("docs", dt.date(2026, 4, 30), "x", "id", 2))
    return LoadedObject(SourceObject(key, 2048, "e"), "id", "sha", "combined", accounting, parts, archived)


RECORD = StepRecord(
    IMPORT,
    Status.DONE,
    fingerprint="f1",
    settings={"filters.bots": "false", "source.format": "auto", "filters.hosts": "[]"},
    inputs={"a.gz": "1", "b.gz": "1", "d.gz": "1"},
    outputs=(Output("warehouse/hits/a.gz.parquet", 1500, "digest"),),
    accounting=Accounting(240, 200, {"bot": 20, "static": 10}, {"no format": 10}),
    notes=("2 hits are of 2026-04-30",),
    finished=at(1, 3),
)
PLANNED = PlannedStep(
    IMPORT,
    Verdict.INPUTS_CHANGED,
    ("b.gz has changed", "c.gz is new"),
    settings={"filters.bots": "true", "source.format": "auto", "matomo.url": "https://stats.example.org"},
    inputs={"a.gz": "1", "b.gz": "2", "c.gz": "1"},
    work=ImportWork(load=(SourceObject("b.gz", 4096, "f"), SourceObject("c.gz", 10, "e")), drop=(loaded("d.gz"),)),
)
HISTORY = History({IMPORT: RECORD}, {IMPORT: (loaded("a.gz", "s3://archive/a.gz"), loaded("b.gz"), loaded("d.gz"))})
TRIES = (
    AttemptRow(IMPORT, "R2", 1, at(1, 2), at(1, 3), "done"),
    AttemptRow(IMPORT, "R1", 1, at(0, 1), at(0, 2), "failed", "503 from s3://logs"),
    AttemptRow(IMPORT, "R3", 1, at(2), None, ""),
)
PLACES = {"sites.docs.filters": SettingLocation("daily.yaml", 30), "filters.bots": SettingLocation("sites.yaml", 12)}


def test_the_whole_history_of_an_import_is_shown() -> None:
    """Verdict, reasons, changed settings with their places, inputs, accounting, outputs and attempts, in order."""
    found = step_history(IMPORT, Plan((PLANNED,)), HISTORY, TRIES, PLACES)
    assert why_text(found).splitlines() == [
        "import:docs:2026-05-01: inputs changed, recorded as done",
        "  because b.gz has changed",
        "  because c.gz is new",
        "",
        "changed since it was done on 2026-05-02 01:03:00 UTC",
        "  setting filters.bots: false -> true (sites.yaml:12)",
        "  setting filters.hosts: [] -> not set (daily.yaml:30)",
        "  setting matomo.url: not set -> https://stats.example.org (by default)",
        "  input b.gz: changed",
        "  input c.gz: added",
        "  input d.gz: gone",
        "",
        "inputs: 4 objects",
        "  a.gz  loaded         2.0 kB  120 lines  100 hits  combined  archived as s3://archive/a.gz",
        "  b.gz  to load again  2.0 kB  120 lines  100 hits  combined  not archived",
        "  c.gz  to load          10 B",
        "  d.gz  to take out    2.0 kB  120 lines  100 hits  combined  not archived",
        "",
        "lines",
        "  240 lines = 200 hits + 30 filtered + 10 rejected",
        "  filtered: bot 20, static 10",
        "  rejected: no format 10",
        "",
        "hits of other days",
        *(
            f"  {key}: its 100 hits include 2 of 2026-04-30, which are in no statistics"
            for key in ("a.gz", "b.gz", "d.gz")
        ),
        "",
        "outputs",
        "  warehouse/hits/a.gz.parquet  1.5 kB",
        "",
        "notes",
        "  2 hits are of 2026-04-30",
        "",
        "attempts",
        "  2026-05-02 00:01:00 UTC  run R1  attempt 1  1 min   failed                503 from s3://logs",
        "  2026-05-02 01:02:00 UTC  run R2  attempt 1  1 min   done",
        "  2026-05-02 02:00:00 UTC  run R3  attempt 1  no end  under way, or killed",
    ]


def test_an_unchanged_step_says_that_nothing_changed() -> None:
    """A step that is up to date is shown with what it was compared with."""
    same = PlannedStep(IMPORT, Verdict.UP_TO_DATE, (), RECORD.settings, RECORD.inputs)
    text = why_text(step_history(IMPORT, Plan((same,)), History({IMPORT: RECORD})))
    assert text.startswith("import:docs:2026-05-01: up to date, recorded as done\n")
    assert "changed since it was done on 2026-05-02 01:03:00 UTC\n  nothing\n" in text


def test_a_step_that_was_never_done_is_not_compared() -> None:
    """Without a success, or without today's inputs, no input is shown as added or removed."""
    failed = StepRecord(IMPORT, Status.FAILED, error="no bucket. Check its name", attempts=3)
    text = why_text(step_history(IMPORT, Plan((PLANNED,)), History({IMPORT: failed})))
    assert "  error   no bucket. Check its name" in text
    assert "changed since" not in text
    blocked = PlannedStep(IMPORT, Verdict.BLOCKED, ("the source cannot be listed",))
    assert "changed since" not in why_text(step_history(IMPORT, Plan((blocked,)), HISTORY))


def test_a_stat_is_made_from_the_parts_of_its_day_of_any_object() -> None:
    """An object of the 2nd with hits of the 1st is an input of the 1st; its other parts are not."""
    other = StepId.parse("import:docs:2026-05-02")
    history = History(objects={IMPORT: (loaded("a.gz"),), other: (loaded("b.gz"),)})
    assert why_text(step_history(STAT, Plan((PlannedStep(STAT, Verdict.NEW),)), history)).splitlines() == [
        "stat:docs:2026-05-01: new, not in the state file",
        "",
        "inputs: 2 parts",
        "  hits/a.gz.parquet of a.gz  98 hits",
        "  hits/b.gz.parquet of b.gz  98 hits",
    ]


def test_a_csv_row_is_made_from_its_stat_file() -> None:
    """The file is known from the plan, or from the state if no plan has the step."""
    record = StepRecord(CSV, Status.DONE, "f", inputs={"stats/docs/2026-05-01.stat": "v"})
    assert why_text(step_history(CSV, None, History({CSV: record}))).splitlines() == [
        "csv:docs:2026-05-01: not in the plan, recorded as done",
        "",
        "inputs: 1 .stat file",
        "  stats/docs/2026-05-01.stat",
    ]


def test_an_unknown_step_is_reported_as_unknown() -> None:
    """It is neither planned nor recorded."""
    assert (
        why_text(step_history(CSV, Plan(), History())) == "csv:docs:2026-05-01: in neither the plan nor the state file"
    )


def test_lines_that_do_not_add_up_are_reported() -> None:
    """The sum is checked again where it is shown."""
    record = StepRecord(IMPORT, Status.DONE, accounting=Accounting(10, 8))
    assert "10 lines = 8 hits + 0 filtered + 0 rejected, which does not add up: please report it" in why_text(
        step_history(IMPORT, None, History({IMPORT: record}))
    )


def test_a_setting_is_found_at_its_place_closest_to_the_site() -> None:
    """The site's place precedes the manifest's, also with its short name; a parent represents its children."""
    line = {
        name: SettingLocation("m.yaml", at)
        for at, name in enumerate(("source", "source.format", "sites.docs.source"), 1)
    }
    assert place_of("source.format", "docs", line) == "m.yaml:2"
    assert place_of("source.url", "docs", line) == "m.yaml:3"
    assert place_of("source.url", "shop", line) == "m.yaml:1"
    assert place_of("source.format", "docs", {**line, "sites.docs.format": SettingLocation("s.yaml", 9)}) == "s.yaml:9"
    assert place_of("timezone", "docs", line) == ""


def test_hostile_keys_and_errors_are_escaped() -> None:
    """No escape sequence, line end or override of a key, a format's reason or an error is written raw."""
    evil = "a\x1b]0;x\x07\n\u202e"
    history = History(
        {
            IMPORT: StepRecord(
                IMPORT, Status.FAILED, error=evil, accounting=Accounting(1, 0, {}, {evil: 1}), notes=(evil,)
            )
        },
        {IMPORT: (loaded(evil, evil),)},
    )
    found = step_history(
        IMPORT,
        Plan((PlannedStep(IMPORT, Verdict.FAILED, (evil,)),)),
        history,
        [AttemptRow(IMPORT, evil, 1, at(1), None, evil, evil)],
    )
    text = why_text(found)
    assert not set("\x1b\x07\u202e") & set(text)
    assert all("a\\x1b]0;x\\x07\\n\\u202e" in line for line in text.splitlines() if "a\\x1b" in line)
    assert why_json(found).isascii()


def test_headings_are_highlighted_on_a_terminal() -> None:
    """Only headings have a colour."""
    assert "\x1b[1mattempts\x1b[0m" in why_text(step_history(IMPORT, None, HISTORY, TRIES), Terminal(colour=True))


def test_json_has_the_same_content() -> None:
    """One document has everything that the text has."""
    document = json.loads(why_json(step_history(IMPORT, Plan((PLANNED,)), HISTORY, TRIES, PLACES)))
    assert (document["verdict"], document["status"]) == ("inputs changed", "done")
    assert document["changed"]["inputs"][0] == {"name": "b.gz", "change": "changed"}
    assert document["changed"]["settings"][0] == {
        "name": "filters.bots",
        "before": "false",
        "after": "true",
        "place": "sites.yaml:12",
    }
    assert document["inputs"][0]["archived"] == "s3://archive/a.gz"
    assert document["accounting"]["filtered"] == {"bot": 20, "static": 10}
    assert document["attempts"][0]["error"] == "503 from s3://logs"
    assert document["attempts"][2]["ended"] is None
    assert json.loads(why_json(step_history(CSV, None, History())))["verdict"] is None


def test_deliveries_are_shown_with_their_progress() -> None:
    """An open delivery shows its batches, and a finished one what Matomo did not accept."""
    cut = Cut("uid", 1, 100, at(1))
    object_ = DeliveredObject("a.gz", "1", "id", "made", "account")
    batches = tuple(
        Batch(BatchId(0, number), 100, status)
        for number, status in enumerate((BatchStatus.RECORDED, BatchStatus.IN_DOUBT, BatchStatus.PLANNED))
    )
    done = Delivery(1, "stats.example.org", 7, cut, (object_,), 1200, 2, 3, DeliveryStatus.DONE)
    opened = Delivery(2, "stats.example.org", 7, cut, (object_,), 300, batches=batches)
    found = step_history(IMPORT, None, History({IMPORT: RECORD}, deliveries={IMPORT: (done, opened)}))
    text = why_text(found)
    assert "1 to stats.example.org site 7: 1,200 hits of 1 object, 3 refused, 2 not sent, done" in text
    shown = "2 to stats.example.org site 7: 300 hits of 1 object, 1 of 3 batches recorded, 1 in doubt, open"
    assert shown in text
    (first, _) = json.loads(why_json(found))["deliveries"]
    assert (first["hits"], first["objects"], first["status"]) == (1200, ["a.gz"], "done")
