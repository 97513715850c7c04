"""The reporters other than the console, and the choice of a reporter."""

import io
import json
import os

import pytest
from memory_reporter import RecordingReporter

from mtc.core.events import Event, Notice, Reporter, StepFinished
from mtc.core.model import Stage, Status, StepId
from mtc.report.reporters import JsonReporter, ManyReporters, choose_reporter

STEP = StepId.parse("import:docs:2026-05-01")
HOSTILE = "\x1b[31m\n\u202e\udcff"


def test_each_event_is_one_line_of_json() -> None:
    """A program reads line by line; values contain no raw line ends or control characters."""
    stream = io.StringIO()
    reporter = JsonReporter(stream)
    reporter.tell(Notice(HOSTILE))
    reporter.tell(StepFinished(STEP, Status.FAILED, 1.5, {"lines": 2}, (HOSTILE,), "no"))
    reporter.close()
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first == {"event": "Notice", "text": HOSTILE}
    assert (second["step"], second["status"], second["figures"]) == (str(STEP), "failed", {"lines": 2})
    assert stream.getvalue().isascii()


def test_lines_are_written_at_once() -> None:
    """A program that follows a run can read each event immediately."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        JsonReporter(stream).tell(Notice("now"))
        assert os.read(reading, 100) == b'{"event": "Notice", "text": "now"}\n'
    os.close(reading)


def test_a_closed_pipe_stops_no_run() -> None:
    """`mtc apply --json | head -1` runs to its end, without an error about a broken pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", encoding="utf-8")
    reporter = JsonReporter(stream)
    reporter.tell(Notice("one"))
    reporter.tell(Notice("two"))
    reporter.close()
    stream.close()


class Failing:
    """A reporter that cannot be closed."""

    def tell(self, event: Event) -> None:
        """Accept an event."""

    def close(self) -> None:
        raise OSError("no")


def test_all_reporters_get_events_in_order_and_are_closed() -> None:
    """One that cannot be closed does not keep the others open."""
    first, last = RecordingReporter(), RecordingReporter()
    many = ManyReporters(first, Failing(), last)
    many.tell(Notice("a"))
    many.tell(Notice("b"))
    with pytest.raises(OSError, match="no"):
        many.close()
    assert first.events == last.events == [Notice("a"), Notice("b")]
    assert (first.closed, last.closed) == (1, 1)


def test_a_recording_reporter_finds_events_by_kind() -> None:
    """Tests ask for the events that they need."""
    recording = RecordingReporter()
    recording.tell(Notice("a"))
    recording.tell(StepFinished(STEP, Status.DONE, 1.0))
    assert [event.step.stage for event in recording.of(StepFinished)] == [Stage.IMPORT]


def chosen(*, json: bool, quiet: bool) -> tuple[Reporter, io.StringIO, io.StringIO]:
    stdout, stderr = io.StringIO(), io.StringIO()
    return choose_reporter(json=json, quiet=quiet, stdout=stdout, stderr=stderr, environment={}), stdout, stderr


def test_without_json_stdout_is_empty() -> None:
    """Stdout is for data, and stderr for messages."""
    reporter, stdout, stderr = chosen(json=False, quiet=False)
    reporter.tell(Notice("hello"))
    assert (stdout.getvalue(), stderr.getvalue()) == ("", "note    hello\n")


def test_with_json_events_are_on_stdout_and_failures_on_stderr_too() -> None:
    """A program reads stdout; the mail of cron shows what failed."""
    reporter, stdout, stderr = chosen(json=True, quiet=False)
    reporter.tell(Notice("hello"))
    reporter.tell(StepFinished(STEP, Status.FAILED, 1.0, error="no bucket"))
    assert len(stdout.getvalue().splitlines()) == 2
    assert stderr.getvalue() == "FAILED  import:docs:2026-05-01: no bucket\n"


def test_quiet_is_passed_on() -> None:
    """With `quiet` a notice is not shown."""
    reporter, stdout, stderr = chosen(json=False, quiet=True)
    reporter.tell(Notice("hello"))
    assert stdout.getvalue() == stderr.getvalue() == ""
