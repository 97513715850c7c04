"""`mtc state`: what the state file knows, and how it is made to forget."""

import json

from e2e_project import DAY, MANIFEST, NEXT, Place, line

from mtc.state.schema import VERSION


def test_list_tells_each_step_and_can_be_cut(applied: Place) -> None:
    """By site, stage, status and days; for people a line each."""
    assert len(applied.mtc("state", "list").out.splitlines()) == 12
    cut = applied.mtc("state", "list", "--site", "docs", "--stage", "stat", "--status", "done").out
    assert [row.split()[:2] for row in cut.splitlines()] == [
        ["stat:docs:2026-05-01", "done"],
        ["stat:docs:2026-05-02", "done"],
    ]
    assert applied.mtc("state", "list", "--status", "failed").out == ""
    assert len(applied.mtc("state", "list", "--date", "2026-05-02").out.splitlines()) == 6
    assert len(applied.mtc("state", "list", "--from", "2026-05-02").out.splitlines()) == 6


def test_show_tells_all_of_one_step(applied: Place) -> None:
    """Settings, inputs, accounting, objects and attempts, as one JSON document."""
    shown = json.loads(applied.mtc("state", "show", "import:docs:2026-05-01").out)
    assert (shown["step"], shown["status"]) == ("import:docs:2026-05-01", "done")
    assert shown["accounting"]["lines"] == 3
    assert [found["key"] for found in shown["objects"]] == ["docs/2026-05-01.log"]
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["done"]


def test_export_has_everything_once(applied: Place) -> None:
    """Runs, steps, attempts, objects, parts and CSV files: a backup that other tools can read."""
    rows = [json.loads(row) for row in applied.mtc("state", "export").out.splitlines()]
    kinds = [row["kind"] for row in rows]
    assert (kinds[0], kinds.count("step"), kinds.count("object"), kinds.count("part")) == ("state", 12, 4, 4)
    assert len({json.dumps(row) for row in rows}) == len(rows)


def test_the_state_can_be_asked_without_a_manifest(applied: Place) -> None:
    """`--state` is enough; a broken manifest is no reason not to look."""
    done = applied.mtc("state", "list", "--state", ".mtc/state.db", MTC_MANIFEST="nosuch.yaml")
    assert len(done.out.splitlines()) == 12


def test_a_state_that_is_not_there_is_empty_and_is_not_made(full: Place) -> None:
    """Looking makes no files."""
    before = full.files()
    assert full.mtc("state", "list").out == ""
    assert full.mtc("state", "export").out.splitlines() == [f'{{"kind": "state", "version": {VERSION}}}']
    assert full.files() == before


def test_forgotten_steps_are_done_again_with_the_same_result(full: Place) -> None:
    """A forgotten import gives up its hits; the next apply brings them back, and every file is as it was."""
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


def test_forgetting_what_is_not_known_is_a_mistake_and_forgets_nothing(full: Place) -> None:
    """A mistyped day would else look as if it had been forgotten."""
    full.mtc("apply", "-q", "--site", "docs", "--date", "2026-05-01")
    done = full.mtc("state", "forget", "import:docs:2026-05-01", "import:docs:2020-01-01", code=2)
    assert "the state file does not know import:docs:2020-01-01" in done.err
    assert full.statuses()["import:docs:2026-05-01"] == "done"


def test_the_same_step_in_two_manifests_is_the_same_step(full: Place) -> None:
    """What the backfill has done, the nightly run finds done."""
    full.manifest(MANIFEST.replace("name: daily", "name: backfill"), "backfill")
    full.mtc("apply", "manifests/backfill.yaml", "-q")
    full.mtc("plan", "manifests/daily.yaml", "--exit-code")
