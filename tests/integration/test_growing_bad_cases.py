"""Growing logs that something bad happens to: a clear verdict and message, nothing lost, nothing twice."""

import datetime as dt
import gzip
import os
import tarfile
from pathlib import Path

import pytest
from applied import hit
from growing_server import Server, at

from mtc.core.errors import ObjectChangedError
from mtc.core.events import StepFinished, Warned
from mtc.core.model import Stage, StepId, Verdict
from mtc.engine.wiring import open_source
from mtc.sources.growing_source import GrowingSource

DAY = dt.date(2026, 5, 1)
HOUR = dt.timedelta(hours=1)

STEP = StepId(Stage.IMPORT, "docs", DAY)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A server."""
    return Server(tmp_path)


def warnings(server: Server) -> list[str]:
    """What the last run warned of."""
    return [event.text for event in server.applied.events if isinstance(event, Warned)]


def failures(server: Server) -> list[StepFinished]:
    """What failed in the last run."""
    return [event for event in server.applied.events if isinstance(event, StepFinished) and event.error]


def test_a_compressed_file_that_is_cut_off_is_waited_for_then_fails_its_step(server: Server) -> None:
    """First it may be one that is being written; the other logs are read all the while."""
    server.write("09:00", "10:00")
    server.apply()
    server.write("10:10")
    server.rename("access.log", "access.log.1")
    whole = gzip.compress(server.path("access.log.1").read_bytes(), mtime=0)
    server.path("access.log.1").unlink()
    server.path("access.log.1.gz").write_bytes(whole[:-20])
    server.touch("access.log.1.gz")
    server.write("10:12")
    server.apply()
    assert warnings(server) == []
    assert server.paths() == ["/1", "/2", "/4"]
    server.write("10:40")
    server.apply()
    [warning] = warnings(server)
    assert warning == "docs: access.log.1.gz: the file is cut off in mid-stream; it is skipped until it is whole"
    assert server.paths() == ["/1", "/2", "/4", "/5"]

    server.write("17:00")
    server.apply(code=3)
    [failed] = failures(server)
    assert failed.step == STEP
    assert failed.error.startswith("cannot be read: access.log.1.gz: the file is cut off in mid-stream")
    assert "everything else is imported; put a complete copy in its place" in failed.error
    assert server.paths() == ["/1", "/2", "/4", "/5", "/6"]
    server.apply(code=3)
    assert [event.step for event in failures(server)] == [STEP]

    server.path("access.log.1.gz").write_bytes(whole)
    server.touch("access.log.1.gz")
    server.apply()
    server.expect_all()
    assert server.applied.actions() == 6


def test_a_damaged_file_that_is_moved_away_fails_no_more(server: Server) -> None:
    """And a plan names it before the run."""
    server.write("09:00")
    server.path("access.log.5.gz").write_bytes(gzip.compress(b"x" * 9999)[:30])
    server.touch("access.log.5.gz")
    server.write("2026-05-02T09:00")
    plan = server.applied.plan(now=server.now)
    [step] = [step for step in plan.steps if step.step == STEP]
    assert "cannot be read: access.log.5.gz: the file is cut off in mid-stream" in step.reasons
    server.apply(code=3)
    assert server.paths() == ["/1", "/2"]
    assert server.applied.actions(dt.date(2026, 5, 2)) == 1
    server.path("access.log.5.gz").unlink()
    server.apply()
    server.expect_all()
    assert {step.verdict for step in server.applied.plan(now=server.now).steps} == {Verdict.UP_TO_DATE}


def test_what_is_not_a_log_fails_at_once(server: Server) -> None:
    """No time makes one of an archive; the logs are read."""
    server.write("09:00")
    with tarfile.open(server.path("access.log.tar.gz"), "w:gz") as archive:
        archive.add(server.path(), "access.log.9")
    server.touch("access.log.tar.gz")
    server.apply(code=3)
    assert failures(server)[0].error.startswith("cannot be read: access.log.tar.gz: the file is a tar archive")
    server.expect_all()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_log_without_permission_fails_at_once(server: Server) -> None:
    """No time makes it readable; the others are read."""
    server.write("09:00")
    server.write("09:10", name="access.log.b")
    server.path("access.log.b").chmod(0)
    server.apply(code=3)
    assert "cannot be read: access.log.b: no permission to read" in failures(server)[0].error
    assert server.paths() == ["/1"]


def test_a_log_that_shrank_while_it_was_read(server: Server) -> None:
    """What a slice should have is not there any more: the step is tried again, with what is there then."""
    server.write("09:00", "10:00")
    server.apply()
    server.write("10:10", "10:20")
    source = open_source(server.applied.project.sites["docs"], {}, server.applied.root, clock=lambda: server.now)
    assert isinstance(source, GrowingSource)
    listing = source.look({}, DAY)
    [part] = listing.days[DAY]
    text = server.path().read_bytes()
    server.path().write_bytes(text[:-50])
    with pytest.raises(ObjectChangedError, match="no file holds this part of the log any more"):
        source.fetch(part, server.applied.root / "spool")
    server.apply()
    assert server.paths() == ["/1", "/2", "/3"]
    server.path().write_bytes(text)
    server.touch()
    server.apply()
    server.expect_all()


def test_a_log_that_became_shorter_than_what_was_read(server: Server) -> None:
    """What was read stays, with a warning; what comes behind it counts."""
    server.write("09:00", "09:10", "09:20")
    server.apply()
    text = server.path().read_bytes()
    server.path().write_bytes(text[:200])
    server.touch()
    server.apply()
    assert any("access.log is shorter than what was read of it" in text for text in warnings(server))
    server.path().write_bytes(text)
    server.write("10:10")
    server.apply()
    server.expect_all()


def test_a_log_that_was_replaced_by_another_of_the_same_size(server: Server) -> None:
    """At the same time, with the same name and inode: it is another log, and what was read of the first stays."""
    server.write("09:00", "09:10")
    server.apply()
    before = server.path().stat()
    server.path().write_text(hit(at("2026-05-01T09:20:00"), "/3") + hit(at("2026-05-01T09:30:00"), "/4"))
    server.number = 4
    os.utime(server.path(), ns=(before.st_mtime_ns, before.st_mtime_ns))
    assert server.path().stat().st_size == before.st_size
    server.apply()
    server.expect_all()
    assert server.applied.actions() == 4


def test_a_changed_prefix_is_read_again_and_said(server: Server) -> None:
    """Far behind the beginning, near the end of what was read: the slice is replaced as a whole."""
    server.write(*(f"09:{minute:02}" for minute in range(60)))
    server.apply()
    text = server.path().read_text()
    assert len(text) > 8192
    server.path().write_text(text.replace('"GET /58 ', '"GET /61 '))
    server.number = 61
    server.touch()
    plan = server.applied.plan(now=server.now)
    [step] = [step for step in plan.steps if step.step == STEP]
    assert step.verdict is Verdict.INPUTS_CHANGED
    server.apply()
    assert any("access.log was changed in what had been read of it" in text for text in warnings(server))
    assert server.paths() == [f"/{number}" for number in range(1, 62) if number != 58]
    assert server.applied.actions() == 60


def test_a_last_line_without_its_end_counts_when_the_log_has_settled(server: Server) -> None:
    """Not before; and not twice when its end comes."""
    server.write("09:00", "09:10")
    with server.path().open("a") as stream:
        stream.write(hit(at("2026-05-01T09:11:00"), "/3").rstrip("\n"))
    server.number = 3
    server.touch()
    server.apply()
    assert server.paths() == ["/1", "/2"]
    server.now += 5 * HOUR
    server.apply()
    assert server.paths() == ["/1", "/2"]
    server.now += HOUR
    server.apply()
    server.expect_all()
    with server.path().open("a") as stream:
        stream.write("\n")
    server.write("16:00")
    server.apply()
    server.expect_all()
    account = server.applied.account()
    assert account is not None
    assert sum(account.rejected.values()) == 0


NOT_LOGS = {
    "one line": b"no line of a log: 1\n",
    "many lines": b"".join(b"no line of a log: %d\n" % number for number in range(300)),
    "no line end": b"no line of a log",
    "bytes": b"\x00\x01\xff\xfe\n",
}


@pytest.mark.parametrize("name", ["a.log", "z.log"])
@pytest.mark.parametrize("data", NOT_LOGS.values(), ids=NOT_LOGS)
def test_a_log_that_no_format_reads_is_rejected_line_by_line_where_that_is_allowed(
    data: bytes, name: str, tmp_path: Path
) -> None:
    """Before and after the others of the step; a note names it, and what is written to it later is read."""
    server = Server(tmp_path, more="filters: {max_rejected: 1}\n")
    server.applied.manifest("dates: today\nfilters: {max_rejected: 1}\n", url="logs/*.log")
    server.write("09:00", "10:00", name="m.log")
    server.path(name).write_bytes(data)
    server.touch(name)
    server.apply(later=dt.timedelta(hours=7))
    assert server.paths() == ["/1", "/2"]
    assert f"{name}: no known format reads it; its lines are rejected, as `max_rejected: 1` allows" in (
        server.applied.notes
    )
    account = server.applied.account(DAY)
    assert account is not None
    assert sum(account.rejected.values()) == max(1, data.count(b"\n"))
    server.write("18:00", name=name)
    server.apply()
    assert server.paths() == ["/1", "/2", "/3"]


@pytest.mark.parametrize("data", NOT_LOGS.values(), ids=NOT_LOGS)
def test_a_log_that_no_format_reads_fails_its_step_by_default(data: bytes, server: Server) -> None:
    """With its name and what to do."""
    server.path().parent.mkdir()
    server.path("access.log.1").write_bytes(data)
    server.touch("access.log.1")
    server.apply(code=3, later=dt.timedelta(hours=7))
    [failure] = failures(server)
    assert "access.log.1: no known format reads this file" in failure.error
