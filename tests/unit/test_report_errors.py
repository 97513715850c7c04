"""The output of errors and bugs."""

import datetime as dt
import io
import os
import stat
import urllib.parse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.errors import LockedError, ManifestError, MtcError, PermanentError, Problem
from mtc.report.error_report import MASK, crash_text, error_text, mask, print_error, report_crash
from mtc.report.terminal import Terminal

NOW = dt.datetime(2026, 5, 2, 1, 0, tzinfo=dt.UTC)
TOKEN = "t0k&n/secret value"


def test_an_error_shows_place_message_and_tip() -> None:
    """It has ERROR, and then a TIP if there is one."""
    error = LockedError("another run is active", where=".mtc/lock", hint="wait for it with --wait 10m")
    assert error_text(error) == "ERROR .mtc/lock: another run is active\n  TIP wait for it with --wait 10m"
    assert error_text(MtcError("no")) == "ERROR no"


def test_the_problems_of_a_manifest_come_before_their_count() -> None:
    """Each has its sanitised source line, a caret, and an empty line after it."""
    with_source = Problem("m.yaml", 3, 1, "", "unknown key", "did you mean sites?", "sits: \x1b[31m")
    without = Problem("m.yaml", 9, 5, "sites", "unknown key 'sits'", "did you mean sites?")
    assert error_text(ManifestError((with_source, without))) == (
        "m.yaml:3:1: unknown key. did you mean sites?\n    3 | sits: \\x1b[31m\n      | ^\n\n"
        "m.yaml:9:5: sites: unknown key 'sits'. did you mean sites?\n"
        "ERROR the manifest is not valid: 2 problems"
    )


def test_hostile_values_in_errors_are_escaped() -> None:
    """A key in an error cannot change colours or forge a line."""
    text = error_text(PermanentError("corrupt\nERROR all is lost", where="a\x1b[2J.gz", hint="\u202edo"))
    assert text == "ERROR a\\x1b[2J.gz: corrupt\\nERROR all is lost\n  TIP \\u202edo"


def test_printing_returns_the_exit_code_and_uses_colour_if_wanted() -> None:
    """One function prints and returns the exit code, also if the stream is closed."""
    stream = io.StringIO()
    assert print_error(LockedError("held"), stream, Terminal(colour=True)) == 75
    assert stream.getvalue() == "\x1b[31mERROR\x1b[0m held\n"
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as nobody:
        assert print_error(LockedError("held"), nobody) == 75


def fail() -> None:
    """Raise an error with a secret in its message, its cause and a local variable."""
    password = "only-in-a-local"
    try:
        os.environ[TOKEN]
    except KeyError as cause:
        raise ValueError(f"bad {len(password)} \x1b[2J https://x/?t={urllib.parse.quote_plus(TOKEN)}") from cause


def crash() -> Exception:
    """Cause a bug."""
    with pytest.raises(ValueError, match="bad") as caught:
        fail()
    return caught.value


def test_a_bug_is_written_to_a_log_and_reported_in_one_line(tmp_path: Path) -> None:
    """The log is private and has the traceback; the terminal shows its path, and the exit code is 1."""
    stream = io.StringIO()
    assert report_crash(crash(), folder=tmp_path / ".mtc", secrets=[TOKEN], now=NOW, stream=stream) == 1
    (log,) = (tmp_path / ".mtc").glob("crash-20260502T010000Z-*.log")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    first, tip = stream.getvalue().splitlines()
    assert first == f"ERROR ValueError: the details are in {log}"
    assert tip.startswith("  TIP this is a bug in mtc; please report it")
    text = log.read_text()
    assert text.startswith("mtc ")
    assert "2026-05-02T01:00:00+00:00" in text.splitlines()[0]
    assert "os.environ[TOKEN]" in text
    assert "ValueError: bad" in text


def test_the_log_of_a_bug_contains_no_secret_local_variable_or_escape() -> None:
    """Secrets are masked in messages and causes, local variables left out, escape sequences escaped."""
    text = crash_text(crash(), [TOKEN, ""], NOW)
    assert TOKEN not in text
    assert urllib.parse.quote_plus(TOKEN) not in text
    assert f"KeyError: '{MASK}'" in text
    assert f"bad 15 \\x1b[2J https://x/?t={MASK}" in text
    assert "only-in-a-local" not in text


def test_a_log_that_cannot_be_in_its_folder_is_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project's folder may not be writable."""
    (tmp_path / "file").write_text("")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))  # tempfile has cached its folder
    report_crash(crash(), folder=tmp_path / "file", secrets=[], now=NOW, stream=io.StringIO())
    assert len(list((tmp_path / "temporary").glob("crash-*.log"))) == 1


def test_a_log_is_never_written_through_a_link(tmp_path: Path) -> None:
    """An existing file with the log's name is not written to."""
    report_crash(crash(), folder=tmp_path, secrets=[], now=NOW, stream=io.StringIO())
    (log,) = tmp_path.glob("crash-*.log")
    victim = tmp_path / "victim"
    victim.write_text("mine")
    log.unlink()
    log.symlink_to(victim)
    report_crash(crash(), folder=tmp_path, secrets=[], now=NOW, stream=io.StringIO())
    assert victim.read_text() == "mine"


@given(
    st.lists(st.text(min_size=4, max_size=12).filter(lambda text: "*" not in text), max_size=3), st.text(max_size=20)
)
def test_no_secret_survives_masking(secrets: list[str], around: str) -> None:
    """Secrets may have any content, and may overlap."""
    text = around.join(("", *secrets, *(repr(secret) for secret in secrets), ""))
    masked = mask(text, secrets)
    assert all(secret not in masked for secret in secrets)
