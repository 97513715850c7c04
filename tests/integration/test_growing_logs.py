"""Logs that grow, applied again and again: every line counts once, in the statistics of its day."""

import datetime as dt
import hashlib
import os
from pathlib import Path

import pytest
from applied import hit
from growing_server import Server, at

from mtc.core.model import Stage, Verdict
from mtc.manifest.dates import DateRange
from mtc.state.store import Store

DAY = dt.date(2026, 5, 1)
NEXT = dt.date(2026, 5, 2)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A server."""
    return Server(tmp_path)


def test_todays_numbers_grow_with_the_log(server: Server) -> None:
    """Each run loads what is new, and counts the day again; a run without anything new does nothing."""
    server.write("09:00", "09:10", "09:20")
    server.apply()
    assert server.applied.actions() == 3
    server.write("10:00", "10:10")
    server.apply()
    assert server.applied.actions() == 5
    [account] = [server.applied.account()]
    assert account is not None
    assert (account.lines, account.hits) == (5, 5)
    plan = server.applied.plan(now=server.now)
    assert {step.verdict for step in plan.steps} == {Verdict.UP_TO_DATE}
    server.apply()
    server.expect_all()


def test_rotation_and_compression_are_nobodys_business(server: Server) -> None:
    """Numbered rotation at midnight, compression a rotation later, deletion of the oldest."""
    server.write("09:00", "10:00")
    server.apply()
    server.write("22:00", "23:59")
    server.rename("access.log", "access.log.1")
    server.write("2026-05-02T00:01", "2026-05-02T01:00")
    server.apply()
    server.expect_all()
    assert server.applied.actions(DAY) == 4
    assert server.applied.actions(NEXT) == 2
    server.write("2026-05-02T23:58")
    server.rename("access.log.1", "access.log.2")
    server.rename("access.log", "access.log.1")
    server.compress("access.log.2")
    server.write("2026-05-03T00:02")
    server.apply()
    server.path("access.log.2.gz").unlink()
    server.write("2026-05-03T00:12")
    server.apply()
    server.expect_all()
    assert [server.applied.actions(DAY), server.applied.actions(NEXT)] == [4, 3]


def test_a_first_run_finds_what_rotation_has_left(tmp_path: Path) -> None:
    """Compressed, renamed and current: each line once. Statistics are made of the days asked for; others are told."""
    server = Server(tmp_path, "yesterday")
    for day in (28, 29, 30):
        server.write(f"2026-04-{day}T10:00", f"2026-04-{day}T23:00", name=f"access.log.{31 - day}")
    server.compress("access.log.3")
    server.compress("access.log.2")
    server.write("00:10", "06:00")
    server.apply()
    server.expect_all()
    assert [server.applied.actions(dt.date(2026, 4, day)) for day in (28, 29, 30)] == [0, 0, 2]
    [note] = server.applied.notes
    assert note.startswith("docs: 6 hits of other days (2026-04-28 to 2026-05-01) are in no statistics: ")
    assert "`mtc stat docs 2026-04-28 2026-05-01`" in note
    days = DateRange(from_="2026-04-28", to="2026-04-30")
    server.applied.apply(days, now=server.now, stages=(Stage.STAT,))
    assert [server.applied.actions(dt.date(2026, 4, day)) for day in (28, 29, 30)] == [2, 2, 2]


def test_days_of_old_files_are_not_caught_up(tmp_path: Path) -> None:
    """They were imported, as their logs will go, and nobody asked for their statistics, or for the days between."""
    server = Server(tmp_path, "yesterday")
    server.write("2026-02-10T10:00", name="access.log.3")
    server.write("2026-04-20T10:00", name="access.log.2")
    server.write("2026-04-30T10:00", "2026-05-01T06:00")
    server.apply()
    server.write("2026-05-03T06:00")
    server.apply()
    server.expect_all()
    stats = sorted(path.stem for path in (tmp_path / "stats/docs").iterdir())
    assert stats == ["2026-04-30", "2026-05-01", "2026-05-02"]
    assert "no run has imported" not in server.applied.quiet


def test_copytruncate(server: Server) -> None:
    """The copy has what was not seen yet; the log begins again."""
    server.write("09:00", "10:00")
    server.apply()
    server.write("11:00")
    server.path("access.log.1").write_bytes(server.path().read_bytes())
    server.touch("access.log.1")
    server.apply()
    server.path().write_bytes(b"")
    server.write("12:00")
    server.apply()
    server.expect_all()


def test_copytruncate_under_a_server_that_does_not_append(server: Server) -> None:
    """It writes on where it was: the file begins with a hole. Each rotation leaves such a file, and all begin alike."""
    for day in range(1, 5):
        server.write(f"2026-05-0{day}T10:00", f"2026-05-0{day}T11:00")
        server.apply()
        server.write(f"2026-05-0{day}T12:00")
        size = server.path().stat().st_size
        server.path(f"access.log.{9 - day}").write_bytes(server.path().read_bytes())
        server.touch(f"access.log.{9 - day}")
        server.path().write_bytes(b"")
        os.truncate(server.path(), size)
        server.apply()
    server.expect_all()
    account = server.applied.account()
    assert account is not None
    assert account.rejected == {}


def test_a_day_is_incomplete_until_its_logs_go_on_behind_it(server: Server) -> None:
    """In the file, and in status."""
    server.write("09:00", "10:00")
    server.apply()
    assert server.applied.stat()["complete"] is False
    server.write("2026-05-02T00:10")
    server.apply()
    assert server.applied.stat().get("complete", True) is True
    assert server.applied.stat(NEXT)["complete"] is False


def test_a_day_is_whole_in_the_run_that_finds_its_logs_settled(server: Server) -> None:
    """Not one run later, where that finds nothing new."""
    server.write("09:00")
    server.apply()
    server.now = at("2026-05-02T07:00:00")
    server.apply()
    assert server.applied.stat().get("complete", True) is True
    assert {step.verdict for step in server.applied.plan(now=server.now).steps} == {Verdict.UP_TO_DATE}


@pytest.mark.parametrize(
    ("dates", "counted"),
    [
        ("today", (1, 2, 3)),
        ("yesterday", (1, 2, 3)),
        ("{last: 3}", (1, 2, 3)),
        ("{from: 2026-04-28, to: 2026-05-01}", (1,)),
        ("{from: 2026-04-28, to: 2026-05-31}", (1, 2, 3)),
        ("{from: 2026-05-03, to: 2026-05-04}", (3,)),
        ("2026-05-02", (2,)),
        ("2026-05-30", ()),
        ("{from: 2026-04-01, to: 2026-04-02}", ()),
    ],
)
def test_each_run_loads_what_is_new(tmp_path: Path, dates: str, counted: tuple[int, ...]) -> None:
    """Whatever days the manifest asks for, and whether they have ended: only statistics wait for their day."""
    server = Server(tmp_path, dates)
    for day in range(1, 4):
        for hour in ("07:15", "23:30"):
            server.write(f"2026-05-0{day}T{hour}")
            server.apply()
            server.expect_all()
    server.apply(later=dt.timedelta(days=1))
    actions = [server.applied.actions(dt.date(2026, 5, day)) for day in range(1, 4)]
    assert actions == [2 if day in counted else 0 for day in range(1, 4)]


def test_the_content_of_a_slice_is_its_text_however_it_was_compressed(server: Server) -> None:
    """So that what was loaded of a compressed log is known to be unchanged when it is compared with the text."""
    server.write("09:00", "09:30", name="access.log.1")
    text = server.path("access.log.1").read_bytes()
    server.compress("access.log.1")
    server.write("10:00")
    server.apply()
    with Store.open(server.applied.root / ".mtc" / "state.db", readonly=True) as store:
        objects = [item for found in store.history(("docs",)).objects.values() for item in found]
    contents = {item.object.slice.file: item.content for item in objects if item.object.slice}
    assert contents == {
        "access.log.1.gz": hashlib.sha256(text).hexdigest(),
        "access.log": hashlib.sha256(server.path().read_bytes()).hexdigest(),
    }


@pytest.mark.parametrize("merged", [False, True])
def test_hits_of_one_second_count_in_their_order_however_the_log_was_sliced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, merged: bool
) -> None:
    """Entry and exit page of a visit, and its referrer: as of one import of the whole log."""
    found = []
    for name, runs in (("whole", False), ("sliced", True)):
        (tmp_path / name).mkdir()
        server = Server(tmp_path / name)
        monkeypatch.setattr("mtc.plan.slice_merging.FEWEST", 2 if merged and runs else 10**9)
        for day, hits in ((1, 5), (2, 2)):
            for number in range(hits):
                server.write(f"2026-05-0{day}T10:00")
                with server.path().open("a") as stream:
                    server.number += 1
                    line = hit(server.now, f"/{server.number}").replace('"-"', f'"https://{number}.example.net/"')
                    stream.write(line)
                if runs:
                    server.apply()
        days = DateRange(from_="2026-05-01", to="2026-05-02")
        server.applied.apply(days, now=at("2026-05-04T10:00:00"))
        server.expect_all()
        found.append([server.applied.stat(day) for day in (DAY, NEXT)])
    for whole, sliced in zip(*found, strict=True):
        assert (whole["summary"], whole["tables"]) == (sliced["summary"], sliced["tables"])
