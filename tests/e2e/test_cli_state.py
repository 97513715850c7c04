"""`mtc state`: what the state file records, and how to forget steps."""

import json

from e2e_project import DAY, MANIFEST, NEXT, Place, line

from mtc.state.schema import VERSION


def test_list_has_each_step_and_can_be_filtered(applied: Place) -> None:
    """The list can be filtered by site, stage, status and days, and has one line for each step."""
    assert len(applied.mtc("state", "list").out.splitlines()) == 12
    cut = applied.mtc("state", "list", "--site", "docs", "--stage", "stat", "--status", "done").out
    assert [row.split()[:2] for row in cut.splitlines()] == [
        ["stat:docs:2026-05-01", "done"],
        ["stat:docs:2026-05-02", "done"],
    ]
    assert applied.mtc("state", "list", "--status", "failed").out == ""
    assert len(applied.mtc("state", "list", "--date", "2026-05-02").out.splitlines()) == 6
    assert len(applied.mtc("state", "list", "--from", "2026-05-02").out.splitlines()) == 6


def test_show_has_all_data_of_a_step(applied: Place) -> None:
    """`show` writes settings, inputs, accounting, objects and attempts as one JSON document."""
    shown = json.loads(applied.mtc("state", "show", "import:docs:2026-05-01").out)
    assert (shown["step"], shown["status"]) == ("import:docs:2026-05-01", "done")
    assert shown["accounting"]["lines"] == 3
    assert [found["key"] for found in shown["objects"]] == ["docs/2026-05-01.log"]
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["done"]


def test_export_has_everything_once(applied: Place) -> None:
    """The export has each run, step, attempt, object, part and CSV file once."""
    rows = [json.loads(row) for row in applied.mtc("state", "export").out.splitlines()]
    kinds = [row["kind"] for row in rows]
    assert (kinds[0], kinds.count("step"), kinds.count("object"), kinds.count("part")) == ("state", 12, 4, 4)
    assert len({json.dumps(row) for row in rows}) == len(rows)


def test_the_state_can_be_read_without_a_manifest(applied: Place) -> None:
    """`--state` is enough, even if the manifest is missing."""
    done = applied.mtc("state", "list", "--state", ".mtc/state.db", MTC_MANIFEST="nosuch.yaml")
    assert len(done.out.splitlines()) == 12


def test_a_missing_state_is_empty_and_is_not_created(full: Place) -> None:
    """Reading a missing state file gives an empty result, and creates no file."""
    before = full.files()
    assert full.mtc("state", "list").out == ""
    assert full.mtc("state", "export").out.splitlines() == [f'{{"kind": "state", "version": {VERSION}}}']
    assert full.files() == before


def test_forgotten_steps_are_run_again_with_the_same_result(full: Place) -> None:
    """Forgetting an import removes its hits; the next run restores every file."""
    full.log("docs", NEXT, line(DAY, "/late.html", client="192.0.2.9") + line(NEXT))
    full.mtc("apply", "-q")
    before = full.content("stats", "csv", "archive", "warehouse/hits")
    done = full.mtc("state", "forget", "import:docs:2026-05-02", "stat:shop:2026-05-01", "csv:docs:2026-05-01")
    assert done.lines == [
        "forgotten: import:docs:2026-05-02",
        "forgotten: stat:shop:2026-05-01",
        "forgotten: csv:docs:2026-05-01",
    ]
    kept = {name for name in full.files("warehouse/hits") if not name.endswith(".unlisted")}
    assert len(kept) < len([name for name in before if name.startswith("warehouse")])
    assert "import:docs:2026-05-02" not in full.statuses()
    full.mtc("apply", "-q")
    assert full.content("stats", "csv", "archive", "warehouse/hits") == before
    full.mtc("plan", "--exit-code")


def test_forgetting_an_unknown_step_is_a_usage_error(full: Place) -> None:
    """Forgetting an unknown step is a usage error, and forgets none of the others."""
    full.mtc("apply", "-q", "--site", "docs", "--date", "2026-05-01")
    done = full.mtc("state", "forget", "import:docs:2026-05-01", "import:docs:2020-01-01", code=2)
    assert "the state file does not know import:docs:2020-01-01" in done.err
    assert full.statuses()["import:docs:2026-05-01"] == "done"


def test_the_same_step_in_two_manifests_is_the_same_step(full: Place) -> None:
    """A step done by one manifest is up to date for another with the same settings."""
    full.manifest(MANIFEST.replace("name: daily", "name: backfill"), "backfill")
    full.mtc("apply", "manifests/backfill.yaml", "-q")
    full.mtc("plan", "manifests/daily.yaml", "--exit-code")
