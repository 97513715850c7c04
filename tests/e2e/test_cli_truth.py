"""`plan`, `why` and `status` agree with what runs do, and change nothing."""

import datetime as dt
import json
import re
import shutil

import pytest
from e2e_project import DAY, MANIFEST, Place, line, noon

DATES = "dates: {from: 2026-05-01, to: 2026-05-02}"
BROKEN = "no log at all\n"


def state_of(place: Place, step: str) -> dict[str, str]:
    """Return the entry of a step in `mtc status`."""
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
def test_read_only_commands_create_no_files(full: Place, command: tuple[str, ...]) -> None:
    """Read-only commands create no file."""
    before = full.content(".")
    full.mtc(*command)
    assert full.content(".") == before


def test_a_dry_run_is_the_plan_and_changes_nothing(full: Place) -> None:
    """A dry run prints the plan, also with an existing state."""
    full.mtc("apply", "-q", "--site", "docs")
    before = full.content(".")
    assert full.mtc("apply", "--dry-run").out == full.mtc("plan").out
    assert full.content(".") == before


def test_why_and_status_report_the_same_failure(full: Place) -> None:
    """Both give the failed step's error, its dependants and the command that fixes it."""
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
def test_every_command_reports_a_lost_state_file(full: Place, command: tuple[str, ...]) -> None:
    """Without its state file, a warehouse with data is an error of every command."""
    full.mtc("apply", "-q")
    (full.root / ".mtc").rename(full.root / "lost")
    told = full.mtc(*command, code=6).err
    assert "the warehouse belongs to another state file" in told
    assert "put that state file back" in told
    shutil.rmtree(full.root / ".mtc", ignore_errors=True)
    (full.root / "lost").rename(full.root / ".mtc")
    full.mtc(*command)


def test_the_suggested_command_rebuilds_a_changed_stat_file(full: Place) -> None:
    """A changed `.stat` file of the same size is detected, is not used for CSV, and the suggested command fixes it."""
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


def test_a_step_that_would_lose_hits_has_a_working_fix(full: Place) -> None:
    """With log and part gone, `status` suggests the command that accepts the loss, and it works."""
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


def test_an_unlistable_source_is_reported_with_its_reason(full: Place) -> None:
    """`status` gives the cause once, and not for each blocked step; completed work is kept."""
    full.mtc("apply", "-q")
    (full.root / "logs").rename(full.root / "elsewhere")
    told = " ".join(full.mtc("status").out.split())  # lines are wrapped at the terminal's width
    assert told.count("the source cannot be listed") == 1  # once for all blocked sites
    assert "the source's folder does not exist" in told
    assert "done" in full.mtc("status", "--offline").out.splitlines()[1]
    full.mtc("apply", "-q", code=3)
    (full.root / "elsewhere").rename(full.root / "logs")
    before = full.content("stats", "csv")
    full.mtc("apply", "-q")
    assert full.content("stats", "csv") == before
    assert set(full.statuses().values()) == {"done"}


def test_a_late_log_is_reported_before_and_after_it_is_loaded(full: Place) -> None:
    """`plan`, `why` and `status` agree on the late log and on the statistics to update."""
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


def test_a_changed_setting_is_reported_with_its_line(full: Place) -> None:
    """`plan` and `why` give the line of the changed setting in the manifest."""
    full.mtc("apply", "-q")
    full.manifest(MANIFEST + "filters:\n  bots: true\n")
    number = 2 + len(MANIFEST.splitlines())
    assert f"filters.bots: false → true (daily.yaml:{number})" in full.mtc("plan").out
    why = full.mtc("why", "import:docs:2026-05-01").out
    assert f"daily.yaml:{number}" in why


def test_a_day_without_logs_is_empty_and_later_missing(place: Place) -> None:
    """A day without logs is empty, and `missing` in `status` after a grace period."""
    zone, today = noon()
    place.manifest(MANIFEST.replace(DATES, f"dates: {{last: 3}}\ntimezone: {zone}"))
    (place.root / "logs").mkdir()
    place.mtc("apply", "-q")
    assert set(place.statuses().values()) == {"empty"}
    day = today - dt.timedelta(days=2)
    missing = state_of(place, f"import:docs:{day}")
    assert (missing["state"], missing["reason"]) == ("missing", "no objects 6h after the day's end")


def test_an_unfinished_day_is_not_due_unless_given_explicitly(place: Place) -> None:
    """A range does not include today; `mtc import docs today` does."""
    zone, today = noon()
    tomorrow = today + dt.timedelta(days=1)
    place.manifest(MANIFEST.replace(DATES, f"dates: {{from: {today}, to: {tomorrow}}}\ntimezone: {zone}"))
    place.log("docs", today)
    assert "nothing to do" in place.mtc("plan").out
    assert "not due" in place.mtc("plan").out
    place.mtc("import", "docs", str(today))
    assert place.statuses()[f"import:docs:{today}"] == "done"


def test_unfinished_steps_are_completed_by_the_next_run(place: Place) -> None:
    """A failed day is retried although the manifest's dates no longer include it."""
    place.logs()
    place.log("docs", DAY, BROKEN)
    place.manifest(MANIFEST.replace("to: 2026-05-02", "to: 2026-05-01"))
    place.mtc("apply", "-q", code=3)
    place.manifest(MANIFEST.replace("from: 2026-05-01", "from: 2026-05-02"))
    place.mtc("apply", "-q", code=3)
    place.log("docs", DAY)
    place.mtc("apply", "-q")
    assert place.statuses()["csv:docs:2026-05-01"] == "done"


def test_each_run_writes_a_record(applied: Place) -> None:
    """Each run writes a record with its command and exit code."""
    [record] = applied.files(".mtc/runs")
    told = json.loads((applied.root / record).read_text("utf-8"))
    assert told["exit_code"] == 0
    assert told["command"] == "mtc apply -q"


def test_a_run_killed_between_stages_is_completed_after_its_dates(place: Place) -> None:
    """Steps planned by a killed run are completed although the manifest's dates no longer include them."""
    place.logs(sites=["docs"])
    place.manifest(MANIFEST.replace("to: 2026-05-02", "to: 2026-05-01"))
    place.mtc("apply", "-q", "--site", "docs", code=-9, MTC_CRASH_AT="record.after:3")
    place.manifest(MANIFEST.replace("from: 2026-05-01", "from: 2026-05-02"))
    place.mtc("apply", "-q", "--site", "docs")
    assert place.statuses()["csv:docs:2026-05-01"] == "done"


def test_a_site_removed_from_the_manifest_is_reported(full: Place) -> None:
    """`status` and `verify` report `.stat` files of a renamed site, which would count twice, with a fix."""
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
