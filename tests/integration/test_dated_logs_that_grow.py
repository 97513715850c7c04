"""Logs of a day, named for it, that go on after they were loaded: every line counts once, and no more is read."""

import datetime as dt
import gzip
import os
from pathlib import Path

import pytest
from applied import Applied, hit

from mtc.core.model import LoadedObject, Stage, StepId, Verdict
from mtc.plan.object_changes import without_compression
from mtc.state.store import Store

DAY = dt.date(2026, 5, 1)
IMPORT = StepId(Stage.IMPORT, "docs", DAY)


def at(hour: str) -> dt.datetime:
    """A time in UTC, of the day unless it says another."""
    return dt.datetime.fromisoformat(hour if "T" in hour else f"2026-05-01T{hour}").replace(tzinfo=dt.UTC)


class Day:
    """A project whose logs are named by day, and a clock."""

    def __init__(self, root: Path, more: str = "dates: 2026-05-01\n") -> None:
        self.applied = Applied(root)
        self.applied.manifest(more)
        self.number = 0
        self.now = at("2026-05-03T00:00")

    def path(self, name: str = "2026-05-01.log") -> Path:
        """A log's path."""
        return self.applied.root / "logs" / "docs" / name

    def write(self, count: int, hour: str = "10:00", end: str = "\n", name: str = "2026-05-01.log") -> None:
        """Append so many hits; the last one has this line end."""
        lines = []
        for _ in range(count):
            self.number += 1
            lines.append(hit(at(hour), f"/{self.number}"))
        self.append("".join(lines)[:-1] + end, name)

    def append(self, text: str, name: str = "2026-05-01.log") -> None:
        """Append a text."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", newline="") as stream:
            stream.write(text)
        self.touch(name)

    def touch(self, name: str = "2026-05-01.log") -> None:
        """The file was written to now."""
        moment = int(self.now.timestamp() * 1e9)
        os.utime(self.path(name), ns=(moment, moment))

    def compress(self, name: str = "2026-05-01.log", *, keep: bool = False) -> None:
        """Compress a log."""
        path = self.path(name)
        path.with_name(f"{name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        if not keep:
            path.unlink()

    def apply(self, code: int = 0) -> None:
        """Apply a little later."""
        self.now += dt.timedelta(minutes=1)
        self.applied.apply(now=self.now, code=code)

    @property
    def loaded(self) -> list[LoadedObject]:
        """What the state has, by key."""
        with Store.open(self.applied.root / ".mtc" / "state.db", readonly=True) as store:
            return sorted(store.history(("docs",)).objects[IMPORT], key=lambda item: item.object.key)

    def paths(self) -> list[str]:
        """The paths of all hits that the state lists, in order."""
        return self.applied.hit_paths()

    def expect_all(self) -> None:
        """Every hit counts once, and nothing is left to do."""
        assert self.paths() == [f"/{number}" for number in range(1, self.number + 1)]
        assert self.applied.actions() == self.number
        plan = self.applied.plan(now=self.now)
        assert {step.verdict for step in plan.steps} == {Verdict.UP_TO_DATE}, [step.reasons for step in plan.steps]


@pytest.fixture
def day(tmp_path: Path) -> Day:
    """A day."""
    return Day(tmp_path)


def test_only_the_tail_of_a_grown_log_is_loaded(day: Day) -> None:
    """Again and again; the loaded object stays as it is."""
    day.write(3)
    day.apply()
    [whole] = day.loaded
    for count in (2, 1, 4):
        day.write(count)
        day.apply()
        assert day.loaded[0] == whole
        assert day.loaded[-1].accounting.hits == count
        day.expect_all()
    first, *slices = day.loaded
    assert [item.object.slice.start for item in slices if item.object.slice] == sorted(
        first.object.size + sum(each.object.size for each in slices[:number]) for number in range(3)
    )
    assert all(item.object.key.startswith("docs/2026-05-01.log@") for item in slices)


@pytest.mark.parametrize("grows", [True, False])
@pytest.mark.parametrize("slices", [0, 1, 2])
def test_a_log_that_was_compressed_later_is_known(day: Day, slices: int, *, grows: bool) -> None:
    """Also where it grew since the last run."""
    day.write(3)
    day.apply()
    for _ in range(slices):
        day.write(2)
        day.apply()
    before = day.loaded
    if grows:
        day.write(5)
    day.compress()
    day.apply()
    day.expect_all()
    if grows or slices:
        assert all(item in day.loaded for item in before)
        assert {without_compression(item.object.key.split("@")[0]) for item in day.loaded} == {"docs/2026-05-01.log"}
        assert sum(item.accounting.hits for item in day.loaded) == day.number
    day.apply()
    day.expect_all()


@pytest.mark.parametrize("name", ["2026-05-01.log.1", "2026-05-01-b.log"])
def test_a_log_that_was_renamed_is_known(day: Day, name: str) -> None:
    """Its tail alone is loaded."""
    day.write(3)
    day.apply()
    day.write(2)
    day.path().rename(day.path(name))
    day.apply()
    day.expect_all()
    assert [item.accounting.hits for item in day.loaded] == [3, 2]
    day.write(1, name=name)
    day.apply()
    day.expect_all()


def test_a_compressed_copy_beside_a_grown_log_counts_once(day: Day) -> None:
    """Of what was loaded in pieces the copy is known by its text."""
    day.write(3)
    day.apply()
    day.write(2)
    day.compress(keep=True)
    day.apply()
    day.expect_all()
    day.path().unlink()
    day.apply()
    day.expect_all()
    assert [item.accounting.hits for item in day.loaded] == [3, 2]


def test_another_log_of_the_day_is_one_of_its_own(day: Day) -> None:
    """Beside one that grows."""
    day.write(3)
    day.apply()
    day.write(2)
    day.write(4, "11:00", name="2026-05-01-b.log")
    day.apply()
    day.expect_all()
    assert [item.object.key.split("@")[0] for item in day.loaded] == [
        "docs/2026-05-01-b.log",
        "docs/2026-05-01.log",
        "docs/2026-05-01.log",
    ]


@pytest.mark.parametrize("slices", [0, 2])
@pytest.mark.parametrize("how", ["changed", "shorter", "other"])
def test_a_log_that_was_changed_is_loaded_again(day: Day, how: str, slices: int) -> None:
    """In place of all that was loaded of it."""
    day.write(3)
    day.apply()
    for _ in range(slices):
        day.write(2)
        day.apply()
    lines = day.path().read_text().splitlines(keepends=True)
    if how == "changed":
        lines = [line.replace("/1 ", "/9 ") for line in lines] + [hit(at("11:00"), "/10")]
    elif how == "shorter":
        lines = lines[:2]
    else:
        lines = [hit(at("12:00"), f"/{number}") for number in range(20, 30)]
    day.path().write_text("".join(lines))
    day.touch()
    day.apply()
    assert len(day.paths()) == len(lines) == day.applied.actions()
    if how == "shorter":
        [note] = [note for note in day.applied.notes if "went down" in note]
        assert note.startswith("docs/2026-05-01.log")
        assert f": its hits went down from {day.number} to 2, as what is no longer there" in note
    else:
        assert not [note for note in day.applied.notes if "went down" in note]
    day.append(hit(at("13:00"), "/100"))
    day.apply()
    assert len(day.paths()) == len(lines) + 1 == day.applied.actions()
    plan = day.applied.plan(now=day.now)
    assert {step.verdict for step in plan.steps} == {Verdict.UP_TO_DATE}


def test_a_piece_of_a_line_that_was_loaded_is_read_again_with_its_end(day: Day) -> None:
    """All of the log, as a line counts once."""
    day.write(3)
    day.append(hit(at("10:00"), "/4")[:50])
    day.apply()
    day.append(hit(at("10:00"), "/4")[50:])
    day.number += 1
    day.apply()
    day.expect_all()
    assert len(day.loaded) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_last_line_whose_end_came_later_counts_once(day: Day, end: str) -> None:
    """The log goes on with the line end."""
    day.write(3, end="")
    day.apply()
    day.append(end)
    day.write(2)
    day.apply()
    day.expect_all()
    assert [item.accounting.lines for item in day.loaded] == [3, 2]


def test_other_settings_load_all_pieces_again(day: Day) -> None:
    """The whole object as it was then, also if its file has grown since."""
    day.write(3)
    day.apply()
    day.write(2)
    day.apply()
    day.applied.manifest("dates: 2026-05-01\nfilters: {exclude_paths: ['/2']}\n")
    day.apply()
    assert day.paths() == ["/1", "/3", "/4", "/5"]
    account = day.applied.account()
    assert account is not None
    assert (account.lines, account.hits) == (5, 4)
    day.compress()
    day.applied.manifest("dates: 2026-05-01\n")
    day.apply()
    day.expect_all()


def test_a_lost_part_is_loaded_again_from_the_grown_file(day: Day) -> None:
    """Of the whole object, and of a slice."""
    day.write(3)
    day.apply()
    day.write(2)
    day.apply()
    for part in list((day.applied.root / "warehouse").rglob("*.parquet")):
        part.unlink()
    day.apply()
    day.expect_all()


def test_headers_go_on_in_a_tail(day: Day) -> None:
    """Of W3C logs and of CSV."""
    fields = "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"
    row = "2026-05-01 10:00:00 192.0.2.1 GET /{} 200\n"
    day.append(fields + "".join(row.format(number) for number in range(1, 4)))
    day.apply()
    day.append("".join(row.format(number) for number in range(4, 6)))
    day.number = 5
    day.apply()
    day.expect_all()
    assert [item.accounting.hits for item in day.loaded] == [3, 2]
    table = "time,ip,method,path,status\n"
    cells = "2026-05-01T10:00:00Z,192.0.2.1,GET,/{},200\n"
    day.append(table + "".join(cells.format(number) for number in range(6, 9)), "2026-05-01.csv")
    day.apply()
    day.append("".join(cells.format(number) for number in range(9, 11)), "2026-05-01.csv")
    day.number = 10
    day.apply()
    day.expect_all()


def test_a_run_without_anything_new_opens_no_log(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the logs have become."""
    day.write(3)
    day.apply()
    day.write(2)
    day.apply()
    day.compress()
    day.apply()

    def refuse(*_: object) -> None:
        raise AssertionError("a log is opened")

    monkeypatch.setattr("mtc.sources.folder.open_text", refuse)
    day.apply()
    monkeypatch.undo()
    day.expect_all()


class TestToday:
    """A day that is not over."""

    @pytest.fixture
    def day(self, tmp_path: Path) -> Day:
        """Ten o'clock of the day."""
        made = Day(tmp_path, "dates: today\n")
        made.now = at("10:00")
        return made

    def test_a_log_that_is_being_written_is_loaded_up_to_its_last_line_end(self, day: Day) -> None:
        """The rest of the line counts with its end."""
        line = hit(at("10:00"), "/4")
        day.write(3)
        day.append(line[:40])
        day.apply()
        assert day.paths() == ["/1", "/2", "/3"]
        assert day.loaded[0].object.key.startswith("docs/2026-05-01.log@")
        day.append(line[40:])
        day.number += 1
        day.apply()
        day.expect_all()
        day.write(2)
        day.compress()
        day.apply()
        day.expect_all()
        assert [item.accounting.lines for item in day.loaded] == [3, 1, 2]

    def test_a_last_line_without_its_end_counts_when_the_source_has_settled(self, day: Day) -> None:
        """And the log is compressed or not written to any more."""
        day.write(3, end="")
        day.apply()
        assert day.paths() == ["/1", "/2"]
        day.now += dt.timedelta(hours=7)
        day.apply()
        day.expect_all()

    def test_a_week_of_runs(self, day: Day) -> None:
        """Runs at any hour; a line past midnight in the log of the day."""
        for hour in ("10:00", "14:00", "23:50"):
            day.now = at(hour)
            day.write(2, hour)
            day.apply()
        day.now = at("2026-05-02T00:01")
        day.write(1, "2026-05-02T00:00:01")
        day.write(2, "2026-05-02T00:01", name="2026-05-02.log")
        day.apply()
        day.compress()
        day.now = at("2026-05-02T06:30")
        day.apply()
        assert day.paths() == [f"/{number}" for number in range(1, 10)]
        assert day.applied.actions() == 6
        assert day.applied.actions(dt.date(2026, 5, 2)) == 3
