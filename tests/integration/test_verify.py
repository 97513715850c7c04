"""`verify` on an applied project and a counting server: everything agrees until a file is changed."""

import dataclasses
import datetime as dt
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from e2e_project import DAY, NEXT, Place, line
from rig import Listener

from mtc.core.deliveries import Batch, BatchId, BatchStatus, Cut, Delivery
from mtc.core.findings import DayNumbers, DayVerified, Verified
from mtc.core.model import Stage, StepId
from mtc.engine.selection import ApplyRequest, Scope
from mtc.engine.session import apply
from mtc.manifest.dates import DateRange
from mtc.manifest.load import load
from mtc.manifest.project import Project
from mtc.state.lock import RunLock
from mtc.state.store import Store
from mtc.verify.verify import _date_windows, verify
from tests.fake_matomo.client import hit, send
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, Settings, Site

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
STEP = StepId(Stage.IMPORT, "docs", DAY)
SITE = Site(1, "docs", ("http://docs.example.org",))
MANIFEST = """\
version: 1
dates: {from: 2026-05-01, to: 2026-05-02}
source: {url: "logs/{site}/{date:%Y-%m-%d}*.log*"}
sites: {docs: {url: "https://docs.example.org"}}
run: {jobs: 1, retries: 0}
"""
WITH_MATOMO = "stats: {from: warehouse}\nmatomo: {url: URL, token: 'TOKEN', name: stats}\n"


def project_at(root: Path, matomo: FakeMatomo | None = None) -> Project:
    """A project in a folder, with delivery to the server if one is given."""
    more = WITH_MATOMO.replace("URL", matomo.url).replace("TOKEN", "${TOKEN}") if matomo else ""
    (root / "mtc.yaml").write_text(MANIFEST + more)
    return load(root / "mtc.yaml", environ={"TOKEN": SUPER})


def logs(root: Path) -> None:
    """Write two logs of three hits; the second starts with a hit of the first day, and has a line of a robot."""
    place = Place(root)
    place.log("docs", DAY)
    robot = line(NEXT).replace("Mozilla/5.0", "Googlebot/2.1")
    place.log("docs", NEXT, line(DAY, "/late.html", hour=23) + robot + "no line\n" + line(NEXT) * 3)


def done(project: Project) -> Project:
    """Apply the project and return it."""
    assert apply(ApplyRequest(project, Scope(), "mtc apply"), Listener(), lambda: NOW) == 0
    return project


@pytest.fixture(scope="module")
def matomo() -> Iterator[FakeMatomo]:
    """The server of the applied project, which the tests that share it do not change."""
    with FakeMatomo(Settings(sites=(SITE,))) as fake:
        yield fake


@pytest.fixture(scope="module")
def template(matomo: FakeMatomo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a fully applied project."""
    root = tmp_path_factory.mktemp("applied")
    logs(root)
    done(project_at(root, matomo))
    return root


@pytest.fixture
def project(template: Path, matomo: FakeMatomo, tmp_path: Path) -> Project:
    """A copy of the applied project, which a test may change."""
    root = tmp_path / "project"
    shutil.copytree(template, root)
    return project_at(root, matomo)


def verified(project: Project, dates: DateRange | None = None) -> Verified:
    return verify(project, Scope(dates=dates), lambda: NOW)


def first(project: Project) -> DayVerified:
    """Return the result for the first day."""
    return verified(project).days[0]


def differences_of(day: DayVerified) -> list[tuple[str, int | None]]:
    return [(one.what, one.by) for one in day.disagreements]


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Replace text in a file."""
    text = path.read_bytes().decode()
    bent = re.sub(pattern, replacement, text, count=1)
    assert bent != text
    path.write_bytes(bent.encode())


def test_an_applied_project_agrees_from_lines_to_csv(project: Project) -> None:
    """Hits are compared by their own day, whichever log they came from."""
    found = verified(project)
    assert found.agrees
    assert (found.errors, found.notes) == ((), ())
    assert [day.numbers for day in found.days] == [
        DayNumbers(3, 0, 0, 3, 4, 4, 4, 3, 4, 3, 4, 3),
        DayNumbers(6, 1, 1, 4, 3, 3, 3, 1, 3, 1, 3, 1),
    ]
    assert [(day.disagreements, day.notes) for day in found.days] == [((), ()), ((), ())]


def test_verify_changes_nothing(project: Project) -> None:
    """`verify` changes no file of the project."""
    place = Place(project.root)
    before = place.content(".")
    verified(project)
    assert place.content(".") == before


def test_days_that_were_not_imported_are_noted(project: Project) -> None:
    """Without a date range, the imported days are checked; a day that was not imported is noted."""
    found = verified(project, DateRange.model_validate({"from": "2026-04-30", "to": "2026-05-01"}))
    assert [day.day for day in found.days] == [DAY - dt.timedelta(days=1), DAY]
    assert found.agrees
    assert found.days[0].notes == ("not imported",)
    assert found.days[0].numbers == DayNumbers(delivered=0, matomo_actions=0, matomo_visits=0)


def part_of_the_first_log(project: Project) -> Path:
    with Store.open(project.state, readonly=True) as store:
        (loaded,) = store.objects_of(STEP)
    return project.warehouse / loaded.parts[0].file


def shorten(path: Path) -> None:
    """Remove a row from a part."""
    short = path.with_suffix(".short")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM read_parquet('{path}') LIMIT 2) TO '{short}' (FORMAT parquet)")
    short.replace(path)


@pytest.mark.parametrize(
    ("bending", "words", "by"),
    [
        (Path.unlink, "is missing", 3),
        (lambda path: path.write_bytes(b"PAR1 no more"), "cannot be read", 3),
        (shorten, "holds 2 hits of a log file, of 3 that were loaded", 1),
    ],
)
def test_a_missing_damaged_or_short_part_is_reported(
    project: Project, bending: Callable[[Path], object], words: str, by: int
) -> None:
    """A missing, unreadable or short part is a disagreement of its day only."""
    bending(part_of_the_first_log(project))
    found = verified(project)
    ((what, difference),) = differences_of(found.days[0])
    assert words in what
    assert difference == by
    assert not found.days[1].disagreements


def test_a_changed_stat_file_is_reported_with_its_differences(project: Project) -> None:
    """A changed `.stat` file differs from its digest, the warehouse, Matomo, the CSV files and the import."""
    path = project.stats / "docs" / "2026-05-01.stat"
    edit(path, '"visits": 3', '"visits": 5')
    edit(path, '"actions": 4', '"actions": 6')
    edit(path, '"lines": 3', '"lines": 2')
    assert differences_of(first(project)) == [
        ("Matomo counts 3 visits, the warehouse 5, of the same hits", 2),
        ("the .stat file is not as it was written", None),
        ("the .stat has 6 actions, the warehouse 4 hits", 2),
        ("the .stat has 2 lines, the import 3", 1),
        ("summary.csv has visits 3, the .stat 5", None),
        ("accounting.csv has lines 3, the .stat 2", None),
    ]


def test_a_missing_or_damaged_stat_file_is_reported(project: Project) -> None:
    """A damaged or missing `.stat` file is a disagreement."""
    path = project.stats / "docs" / "2026-05-01.stat"
    path.write_text("{}")
    assert "damaged" in differences_of(first(project))[0][0]
    path.unlink()
    assert differences_of(first(project)) == [("the .stat file is missing", None)]


def test_a_changed_or_missing_csv_row_is_reported(project: Project) -> None:
    """A changed cell and a missing row are disagreements."""
    path = project.csv / "summary.csv"
    edit(path, "docs,2026-05-01,UTC,3,", "docs,2026-05-01,UTC,33,")
    assert differences_of(first(project)) == [("summary.csv has visits 33, the .stat 3", None)]
    edit(path, "docs,2026-05-01,.*\r\n", "")
    assert differences_of(first(project)) == [("summary.csv has no row of the day", None)]
    path.unlink()
    assert differences_of(first(project)) == [("summary.csv has no row of the day", None)]


@pytest.mark.parametrize("text", ["site,day\r\n", "", 'docs,"'])
def test_a_malformed_csv_file_is_reported_once(project: Project, text: str) -> None:
    """A malformed CSV file is one error, and not one for each day."""
    (project.csv / "summary.csv").write_text(text)
    found = verified(project)
    assert not found.agrees
    assert len(found.errors) == 1


def test_more_actions_than_delivered_are_reported(project: Project) -> None:
    """More actions in Matomo than delivered are a disagreement, and visits are not compared."""
    with FakeMatomo(Settings(sites=(SITE,))) as more:
        send(more, [hit(cip=f"198.51.100.{number}") for number in range(9)])
        found = verified(project_at(project.root, more)).days[0]
    what = "more than delivered: Matomo counts 9 actions of 4 hits (sent twice, or others track)"
    assert differences_of(found) == [(what, 5)]


def test_fewer_actions_than_delivered_are_reported(project: Project) -> None:
    """Fewer actions in Matomo than delivered are a disagreement."""
    with FakeMatomo(Settings(sites=(SITE,))) as less:
        send(less, [hit()])
        found = verified(project_at(project.root, less)).days[0]
    assert differences_of(found) == [("Matomo counts 1 actions, of 4 hits delivered", 3)]


def test_a_different_number_of_visits_is_reported(project: Project) -> None:
    """A different number of visits for the same hits is a disagreement."""
    with FakeMatomo(Settings(sites=(SITE,))) as split:
        send(split, [hit(cip=f"198.51.100.{number}") for number in range(4)])
        found = verified(project_at(project.root, split)).days[0]
    assert differences_of(found) == [("Matomo counts 4 visits, the warehouse 3, of the same hits", 1)]


def test_without_an_answer_from_matomo_the_rest_is_compared(project: Project) -> None:
    """If Matomo refuses the token, the rest is compared and the result is an error without the token."""
    with FakeMatomo(Settings(sites=(SITE,), tokens=())) as stranger:
        found = verified(project_at(project.root, stranger))
    assert not found.agrees
    (error,) = found.errors
    assert error.startswith("Matomo did not answer for docs: ")
    assert SUPER not in error
    assert found.days[0].numbers.delivered == found.days[0].numbers.stat_actions == 4
    assert found.days[0].disagreements == ()


@pytest.mark.usefixtures("template")  # whose hits the server has
def test_hits_without_a_delivery_are_reported(tmp_path: Path, matomo: FakeMatomo) -> None:
    """Hits without a delivery are reported: the server was added to the manifest after the import."""
    logs(tmp_path)
    done(project_at(tmp_path))
    without = verified(project_at(tmp_path))
    assert without.agrees
    assert without.days[0].numbers.delivered is None
    found = verified(project_at(tmp_path, matomo))
    more = "more than delivered: Matomo counts {} actions of 0 hits (sent twice, or others track)"
    assert [differences_of(day) for day in found.days] == [
        [("3 hits of 1 log file are not delivered", 3), (more.format(4), 4)],
        [("4 hits of 1 log file are not delivered", 4), (more.format(3), 3)],
    ]


def open_delivery(project: Project) -> None:
    """Record a delivery of the first day's import with five of its hits recorded."""
    batches = tuple(Batch(BatchId(0, number), 5) for number in range(3))
    with Store.open(project.state) as store:
        store.delivery_cut(STEP, Delivery(9, "stats", 1, Cut("u", 1, 5, NOW), (), 15, batches=batches), at=NOW)
        store.batches_moved(STEP, 9, [dataclasses.replace(batches[0], status=BatchStatus.RECORDED, moved=NOW)])


def test_an_open_delivery_is_reported_and_its_days_are_not_read(project: Project) -> None:
    """An unfinished delivery is reported, and no report of its days is read, as Matomo would keep it incomplete."""
    open_delivery(project)
    first_day, second_day = verified(project).days
    assert differences_of(first_day) == [("delivery 9 is not finished: 5 of 15 hits are recorded", 10)]
    assert first_day.numbers.matomo_actions is None
    assert second_day.numbers.matomo_actions == 3


def test_a_killed_run_is_noted(project: Project) -> None:
    """A killed run is a note, as the next run resumes it."""
    with Store.open(project.state) as store:
        store.begin_run("run-x", manifest="mtc.yaml", command="mtc apply", at=NOW)
    assert verified(project).notes == ("the run run-x was killed: the next apply resumes it",)


def test_matomo_is_not_read_during_a_run(project: Project) -> None:
    """While another run holds the lock, Matomo is not read, and the rest is compared."""
    with RunLock.acquire(project.state, "mtc apply"):
        found = verified(project)
    (note,) = found.notes
    assert note.startswith("another run is active")
    assert [(day.numbers.delivered, day.numbers.matomo_actions) for day in found.days] == [(4, None), (3, None)]


@pytest.mark.parametrize(
    ("days", "spared", "windows"),
    [
        ((1, 2, 3), (), [(1, 3)]),
        ((1, 30, 31), (), [(1, 31)]),
        ((1, 32, 40), (), [(1, 1), (32, 40)]),
        ((1, 2, 4), (3,), [(1, 2), (4, 4)]),
        ((), (1,), []),
    ],
)
def test_days_are_read_by_month_without_excluded_days(
    days: tuple[int, ...], spared: tuple[int, ...], windows: list[tuple[int, int]]
) -> None:
    """Reports are read in ranges of up to a month, with unrequested days in between, but without excluded days."""
    start = dt.date(2026, 4, 30)

    def day(number: int) -> dt.date:
        return start + dt.timedelta(days=number)

    found = list(_date_windows([day(number) for number in days], {day(number) for number in spared}))
    assert found == [(day(begin), day(end)) for begin, end in windows]


def test_referrers_and_searches_agree_with_any_server_version(tmp_path: Path) -> None:
    """Referrers and searches agree with an old and a new version of Matomo, and changed labels are reported."""
    day = DAY.strftime("%d/%b/%Y")
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"
    seen = [
        (1, "08:00:00", "/", "-"),
        (1, "08:01:00", "/a", "https://t.co/x"),
        (2, "08:00:00", "/find?q=green+tea", "https://chatgpt.com/"),
        (2, "08:02:00", "/a?k=caf%C3%A9&x=1", "http://docs.example.org/find"),
        (3, "09:00:00", "/", "https://www.google.com/"),
        (4, "09:00:00", "/", "https://example.net/links"),
    ]
    lines = [
        f'10.0.0.{who} - - [{day}:{clock} +0000] "GET {path} HTTP/1.1" 200 7 "{referrer}" "{agent}"\n'
        for who, clock, path, referrer in seen
    ]
    for version in ("5.2.0-b5", "5.5.1"):
        root = tmp_path / version
        root.mkdir()
        with FakeMatomo(Settings(sites=(SITE,), version=version)) as fake:
            Place(root).log("docs", DAY, "".join(lines))
            project = done(project_at(root, fake))
            assert first(project).disagreements == ()
            stat = project.stats / "docs" / f"{DAY}.stat"
            edit(stat, '"label": "example.net"', '"label": "example.com"')
            edit(stat, r'"label": "caf\\u00e9"', '"label": "coffee"')
            assert [what for what, _ in differences_of(first(project)) if what.startswith("Matomo")] == [
                "Matomo counts 1 searches for café, the warehouse 0 (and 1 more of that table)",
                "Matomo counts 0 visits from website example.com, the warehouse 1 (and 1 more of that table)",
            ]


def test_a_changed_or_missing_accounting_row_is_reported(project: Project) -> None:
    """Changed and missing rows of accounting.csv are disagreements."""
    path = project.csv / "accounting.csv"
    edit(path, f"(?m)^docs,{DAY},3", f"docs,{DAY},4")
    assert differences_of(first(project)) == [("accounting.csv has lines 4, the .stat 3", None)]
    edit(path, f"(?m)^docs,{DAY}.*\n", "")
    assert differences_of(first(project)) == [("accounting.csv has no row of the day", None)]
    path.unlink()
    assert differences_of(first(project)) == [("accounting.csv has no row of the day", None)]
