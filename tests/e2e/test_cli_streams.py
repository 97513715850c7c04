"""Data goes to stdout and messages to stderr; `--quiet` is for cron, `--json` for programs."""

import json
import subprocess
import sys

import pytest
from e2e_project import DAY, Place


def test_the_plan_as_json_is_one_document(full: Place) -> None:
    """`plan --json` writes one document with counts and steps, and nothing to stderr."""
    done = full.mtc("plan", "--json")
    document = json.loads(done.out)
    assert done.err == ""
    assert document["counts"] == {"import": {"new": 4}, "stat": {"new": 4}, "csv": {"new": 4}}
    assert {step["step"] for step in document["plan"]} >= {"import:docs:2026-05-01", "csv:shop:2026-05-02"}


def test_apply_as_json_writes_one_event_on_each_line(full: Place) -> None:
    """`apply --json` writes one event on each line; failures are on stderr as well."""
    full.log("docs", DAY, "no log at all\n")
    done = full.mtc("apply", "--json", code=3)
    events = done.events()
    assert (events[0]["event"], events[-1]["event"]) == ("RunStarted", "RunFinished")
    assert {event["event"] for event in events} >= {"PlanMade", "StepStarted", "StepFinished", "StepBlocked"}
    assert events[-1]["exit_code"] == 3
    assert (events[-1]["done"], events[-1]["failed"], events[-1]["blocked"]) == (9, 1, 2)
    assert "FAILED  import:docs:2026-05-01" in done.err


@pytest.mark.parametrize(
    "command",
    [
        ("status", "--json"),
        ("why", "import:docs:2026-05-01", "--json"),
        ("validate", "--json"),
        ("apply", "--dry-run", "--json"),
        ("state", "show", "stat:docs:2026-05-01"),
        ("schema",),
    ],
    ids=" ".join,
)
def test_data_is_json_on_stdout_and_stderr_is_silent(applied: Place, command: tuple[str, ...]) -> None:
    """Commands that print data write one JSON document, and nothing to stderr."""
    done = applied.mtc(*command)
    assert json.loads(done.out)
    assert done.err == ""


@pytest.mark.parametrize("command", [("state", "list", "--json"), ("state", "export")], ids=" ".join)
def test_lists_have_one_json_object_on_each_line(applied: Place, command: tuple[str, ...]) -> None:
    """Lists have one JSON object on each line."""
    done = applied.mtc(*command)
    assert len([json.loads(line) for line in done.out.splitlines()]) >= 12
    assert done.err == ""


@pytest.mark.parametrize(
    ("redirect", "code", "says"),
    [
        (">/dev/full", 3, "no space left on the disk"),
        (">&-", 0, ""),
        (">&- 2>&- <&-", 0, ""),
    ],
)
def test_an_unwritable_stream_is_not_a_bug(full: Place, redirect: str, code: int, says: str) -> None:
    """A full disk is an error with its own exit code; closed streams are ignored."""
    words = f'"{sys.executable}" -m mtc plan {redirect}'
    done = subprocess.run(words, shell=True, cwd=full.root, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert says in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_run_writes_only_to_stderr(full: Place) -> None:
    """`apply` writes nothing to stdout."""
    done = full.mtc("apply", "--site", "docs", "--date", "2026-05-01", fresh=True)
    assert done.out == ""
    assert "done    import:docs:2026-05-01: 1 object, 3 lines, 3 hits" in done.err


def test_results_are_on_stdout_and_without_colour(applied: Place) -> None:
    """Results on stdout have no colour when they are not written to a terminal."""
    for command in (("plan",), ("status",), ("why", "stat:docs:2026-05-01"), ("state", "list")):
        done = applied.mtc(*command)
        assert done.out.strip()
        assert done.err == ""
        assert "\x1b" not in done.out


def test_quiet_writes_nothing_on_success(full: Place) -> None:
    """A successful run with `-q` writes nothing, so that cron sends no mail."""
    for _ in range(2):
        done = full.mtc("apply", "-q")
        assert (done.out, done.err) == ("", "")


def test_quiet_reports_failures_and_the_next_command(full: Place) -> None:
    """The step, the object and the error, then the summary; no progress, and no blocked steps."""
    full.log("docs", DAY, "no log at all\n")
    done = full.mtc("apply", "-q", code=3)
    failed, recap, following = done.lines
    assert failed.startswith("FAILED  import:docs:2026-05-01: docs/2026-05-01.log: no known format reads this file")
    assert recap.startswith("not finished: 9 done, 1 failed, 2 blocked")
    assert following.startswith("  next: `mtc why import:docs:2026-05-01`")
    assert done.out == ""


def test_quiet_reports_why_a_source_cannot_be_listed(place: Place) -> None:
    """If a source cannot be listed, `-q` gives the reason although no step failed."""
    done = place.mtc("apply", "-q", "--site", "docs", "--date", "2026-05-01", code=3)
    assert "import:docs:2026-05-01" in done.err
    assert "the source cannot be listed" in done.err
    assert "logs" in done.err
