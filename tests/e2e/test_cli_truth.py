"""What plan, why and status say is so, before, after and in between; and looking changes nothing."""

import datetime as dt
import json
import re
import shutil

import pytest
from e2e_project import DAY, MANIFEST, Place, line, noon

DATES = "dates: {from: 2026-05-01, to: 2026-05-02}"
BROKEN = "no log at all\n"


def state_of(place: Place, step: str) -> dict[str, str]:
    """What `mtc status` says of a step."""
    steps = json.loads(place.mtc("status", "--json").out)["steps"]
    [found] = [one for one in steps if one["step"] == step]
    return dict(found)


@pytest.mark.parametrize(
    "command",
    [
        ("plan",),
        ("plan", "--json"),
        ("apply", "--dry-run"),
        ("status",),
        ("status", "--offline"),
        ("why", "import:docs:2026-05-01"),
        ("state", "list"),
        ("validate",),
    ],
    ids=" ".join,
)
def test_looking_makes_no_files(full: Place, command: tuple[str, ...]) -> None:
    """In a folder without a state there is none afterwards."""
    before = full.content(".")
    full.mtc(*command)
    assert full.content(".") == before


def test_a_dry_run_is_the_plan_and_changes_nothing(full: Place) -> None:
    """Also where there is a state already."""
    full.mtc("apply", "-q", "--site", "docs")
    before = full.content(".")
    assert full.mtc("apply", "--dry-run").out == full.mtc("plan").out
    assert full.content(".") == before


def test_a_failure_is_told_the_same_by_why_and_status(full: Place) -> None:
    """The step that failed with its error, what waits for it, and the command that mends it."""
    log = full.log("docs", DAY, BROKEN)
    full.mtc("apply", "-q", code=3)
    why = full.mtc("why", "import:docs:2026-05-01").out
    assert why.startswith("import:docs:2026-05-01: failed, recorded as failed\n")
    assert "no known format reads this file" in why
    assert "docs/2026-05-01.log  to load" in why
    failed = state_of(full, "import:docs:2026-05-01")
    assert failed["state"] == "failed"
    assert "no known format" in failed["reason"]
    assert failed["mend"] == "mtc import docs 2026-05-01"
    assert state_of(full, "stat:docs:2026-05-01")["state"] in {"blocked", "not tried"}
    assert state_of(full, "stat:docs:2026-05-02")["state"] == "done"
    log.write_text(line(DAY), "utf-8")
    full.mtc(*failed["mend"].split()[1:])
    assert state_of(full, "import:docs:2026-05-01")["state"] == "done"
    full.mtc("apply", "-q")
    assert "failed" not in full.mtc("status").out


@pytest.mark.parametrize(
    "command", [("apply", "-q"), ("plan",), ("status",), ("verify",), ("why", "stat:docs:2026-05-01")]
)
def test_a_state_file_that_is_lost_is_told_by_every_command(full: Place, command: tuple[str, ...]) -> None:
    """Its warehouse is another's now: not "no differences", nor a plan that a run would refuse."""
    full.mtc("apply", "-q")
    (full.root / ".mtc").rename(full.root / "lost")
    told = full.mtc(*command, code=6).err
    assert "the warehouse belongs to another state file" in told
    assert "put that state file back" in told
    shutil.rmtree(full.root / ".mtc", ignore_errors=True)
    (full.root / "lost").rename(full.root / ".mtc")
    full.mtc(*command)


def test_a_stat_file_that_was_changed_is_made_again_by_the_command_that_is_named(full: Place) -> None:
    """It is as long as before: its size tells nothing, and no CSV file is made from it."""
    full.mtc("apply", "-q")
    file = full.root / "stats" / "docs" / f"{DAY}.stat"
    whole = file.read_text()
    file.write_text(re.sub(r'"actions": \d', '"actions": 9', whole, count=1))
    (full.root / "csv" / "summary.csv").unlink()
    told = full.mtc("apply", "-q", code=3).err
    assert f"`mtc stat docs {DAY}` makes it again" in told
    assert told.count("not as it was written") == 1
    full.mtc("stat", "docs", str(DAY))
    full.mtc("apply", "-q")
    assert file.read_text() == whole


def test_a_step_that_would_lose_hits_has_a_remedy_that_works(full: Place) -> None:
    """Log and part are gone: the command that does without them is named, and no other."""
    full.mtc("apply", "-q")
    (full.root / "logs" / "docs" / f"{DAY}.log").unlink()
    for part in (full.root / "warehouse" / "hits" / "site=docs" / f"date={DAY}").iterdir():
        part.unlink()
    full.mtc("apply", "-q", code=3)
    mend = state_of(full, f"import:docs:{DAY}")["mend"]
    what, _, command = mend.partition("; or accept it: ")
    assert what == "put back what is gone or was changed, and run again"
    assert f"        {command}" in full.mtc("status").out
    full.mtc(*command.split()[1:])
    full.mtc("apply", "-q")
    assert "blocked" not in full.mtc("status").out


def test_a_source_that_cannot_be_listed_is_told_with_its_reason(full: Place) -> None:
    """Status names the cause once, and not each step that waits for it; what was done before is not lost."""
    full.mtc("apply", "-q")
    (full.root / "logs").rename(full.root / "elsewhere")
    told = " ".join(full.mtc("status").out.split())  # lines are broken at the terminal's width
    assert told.count("the source cannot be listed") == 1  # once for all sites that it stops
    assert "the source's folder does not exist" in told
    assert "done" in full.mtc("status", "--offline").out.splitlines()[1]
    full.mtc("apply", "-q", code=3)
    (full.root / "elsewhere").rename(full.root / "logs")
    before = full.content("stats", "csv")
    full.mtc("apply", "-q")
    assert full.content("stats", "csv") == before
    assert set(full.statuses().values()) == {"done"}


def test_a_late_log_is_told_before_it_is_loaded_and_by_why_afterwards(full: Place) -> None:
    """Plan, why and status agree on what has come and what will be renewed."""
    full.mtc("apply", "-q")
    full.log("docs", DAY, line(DAY, "/late.html"), name="-late")
    assert "late: docs/2026-05-01-late.log" in full.mtc("plan").out
    why = full.mtc("why", "import:docs:2026-05-01").out
    assert "because late: docs/2026-05-01-late.log" in why
    assert "input docs/2026-05-01-late.log: added" in why
    assert state_of(full, "stat:docs:2026-05-01")["state"] == "stale"
    full.mtc("apply", "-q")
    assert full.mtc("why", "import:docs:2026-05-01").out.startswith("import:docs:2026-05-01: up to date")
    assert "4 lines = 4 hits + 0 filtered + 0 rejected" in full.mtc("why", "stat:docs:2026-05-01").out


def test_a_changed_setting_is_told_with_its_line(full: Place) -> None:
    """`manifest changed` leads to where it was changed."""
    full.mtc("apply", "-q")
    full.manifest(MANIFEST + "filters:\n  bots: true\n")
    number = 2 + len(MANIFEST.splitlines())
    assert f"filters.bots: false → true (daily.yaml:{number})" in full.mtc("plan").out
    why = full.mtc("why", "import:docs:2026-05-01").out
    assert f"daily.yaml:{number}" in why


def test_a_day_without_logs_is_empty_and_missing_once_it_had_time_to_come(place: Place) -> None:
    """Two days ago nothing came: status calls it missing, and the run does not fail."""
    zone, today = noon()
    place.manifest(MANIFEST.replace(DATES, f"dates: {{last: 3}}\ntimezone: {zone}"))
    (place.root / "logs").mkdir()
    place.mtc("apply", "-q")
    assert set(place.statuses().values()) == {"empty"}
    day = today - dt.timedelta(days=2)
    missing = state_of(place, f"import:docs:{day}")
    assert (missing["state"], missing["reason"]) == ("missing", "no objects 6h after the day's end")


def test_a_day_that_has_not_ended_is_not_due_unless_it_is_named(place: Place) -> None:
    """`today` in a range waits; `mtc import docs today` does not."""
    zone, today = noon()
    tomorrow = today + dt.timedelta(days=1)
    place.manifest(MANIFEST.replace(DATES, f"dates: {{from: {today}, to: {tomorrow}}}\ntimezone: {zone}"))
    place.log("docs", today)
    assert "nothing to do" in place.mtc("plan").out
    assert "not due" in place.mtc("plan").out
    place.mtc("import", "docs", str(today))
    assert place.statuses()[f"import:docs:{today}"] == "done"


def test_what_a_run_left_unfinished_is_taken_along_by_the_next(place: Place) -> None:
    """A day that failed stays on the list, though the manifest's dates have moved on, until it is done."""
    place.logs()
    place.log("docs", DAY, BROKEN)
    place.manifest(MANIFEST.replace("to: 2026-05-02", "to: 2026-05-01"))
    place.mtc("apply", "-q", code=3)
    place.manifest(MANIFEST.replace("from: 2026-05-01", "from: 2026-05-02"))
    place.mtc("apply", "-q", code=3)
    place.log("docs", DAY)
    place.mtc("apply", "-q")
    assert place.statuses()["csv:docs:2026-05-01"] == "done"


def test_a_run_is_recorded_for_people(applied: Place) -> None:
    """Each run leaves a file that says what it did."""
    [record] = applied.files(".mtc/runs")
    told = json.loads((applied.root / record).read_text("utf-8"))
    assert told["exit_code"] == 0
    assert told["command"] == "mtc apply -q"


def test_a_run_killed_between_two_stages_is_gone_on_with_when_the_dates_have_moved_on(place: Place) -> None:
    """The nightly run finds statistics that another planned and never began."""
    place.logs(sites=["docs"])
    place.manifest(MANIFEST.replace("to: 2026-05-02", "to: 2026-05-01"))
    place.mtc("apply", "-q", "--site", "docs", code=-9, MTC_CRASH_AT="record.after:3")
    place.manifest(MANIFEST.replace("from: 2026-05-01", "from: 2026-05-02"))
    place.mtc("apply", "-q", "--site", "docs")
    assert place.statuses()["csv:docs:2026-05-01"] == "done"


def test_a_site_that_the_manifest_lost_is_named(full: Place) -> None:
    """Renamed, it would count twice in every total over the CSV files: status and verify say so, and what helps."""
    full.mtc("apply", "-q")
    full.manifest(MANIFEST.replace("  shop:", "  store:"))
    (full.root / "logs/shop").rename(full.root / "logs/store")
    full.mtc("apply", "-q")
    for command in ("status", "verify"):
        (told,) = [line for line in full.mtc(command).lines if "shop" in line]
        assert "shop is not a site of this manifest: its 2 .stat files still make rows of the CSV files" in told
        assert "move stats/shop away, remove csv/summary.csv and run `mtc csv`" in told
        assert "shop" not in full.mtc(command, "--site", "docs").err
    (full.root / "stats/shop").rename(full.root / "aside")
    (full.root / "csv/summary.csv").unlink()
    full.mtc("csv", "-q")
    assert "shop" not in (full.root / "csv/summary.csv").read_text("utf-8")
