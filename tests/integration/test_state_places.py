"""State files in places that go wrong: damaged, foreign, read-only, full. Plain words, no traceback, no lost data."""

import contextlib
import datetime as dt
import io
import json
import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stored import is_unclean

from mtc.core.errors import StateError
from mtc.core.model import Accounting, LoadedObject, Output, Part, Receipt, SourceObject, Stage, Status, StepId
from mtc.state.lock import RunLock
from mtc.state.rows import StepResult
from mtc.state.store import Store

AT = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
FIRST = dt.date(2026, 5, 1)
NOBODY = 65534


def fill(path: Path, days: int = 200) -> None:
    """A state of some size."""
    with Store.open(path) as store, store.transaction():
        for number in range(days):
            step = StepId(Stage.IMPORT, "docs", FIRST + dt.timedelta(number))
            parts = (Part("docs", step.day, f"hits/{step.day}.parquet", "o", 1),)
            source = SourceObject(f"{step.day}.log", 9, "e" * 32)
            store.object_loaded(step, LoadedObject(source, "o", "c", "combined", Accounting(1, 1), parts))
            receipt = Receipt(step, Status.DONE, (Output("x", 1, "d" * 64),))
            store.steps_done((StepResult(receipt, "f" * 64, {"a": "b" * 80}),), at=AT)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A sound state file, closed."""
    path = tmp_path / "state.db"
    fill(path)
    return path


@pytest.fixture
def common() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def as_a_common_user(action: Callable[[], str]) -> str:
    """What `action` says in a child that is not root: root may write everywhere."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            text = action()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent hears of it
            text = f"{type(error).__name__}: {error}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        text = stream.read().decode()
    os.waitpid(child, 0)
    return text


def hand_over(*paths: Path) -> None:
    """Make the common user the owner."""
    if os.geteuid() == 0:
        for path in paths:
            os.chown(path, NOBODY, NOBODY)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_state_file_is_its_owners_alone(tmp_path: Path) -> None:
    """The file, its log and a folder that is made for it, whatever the umask."""
    path = tmp_path / ".mtc" / "state.db"
    before = os.umask(0)
    try:
        with Store.open(path) as store:
            store.planned([StepId(Stage.STAT, "docs", FIRST)])
            modes = {one.name: mode(one) for one in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}
    assert mode(path.parent) == 0o700


def test_what_is_recorded_lasts_through_a_power_loss(tmp_path: Path) -> None:
    """Each transition is on the disk before it returns; references are enforced."""
    with Store.open(tmp_path / "state.db") as store:
        names = ("journal_mode", "synchronous", "foreign_keys")
        assert [store._connection.rows(f"PRAGMA {name}")[0][0] for name in names] == ["wal", 2, 1]


def test_a_state_file_that_others_could_read_is_taken_back(state: Path) -> None:
    """Rights that a copy has brought along go at the next run."""
    state.chmod(0o644)
    Store.open(state).close()
    assert mode(state) == 0o600


def test_a_folder_that_is_there_keeps_its_rights(tmp_path: Path) -> None:
    """Only a folder that is made for the state is closed to others."""
    tmp_path.chmod(0o755)
    Store.open(tmp_path / "state.db").close()
    assert mode(tmp_path) == 0o755


def test_a_file_keeps_its_lineage(tmp_path: Path) -> None:
    """It is given once, or made up once."""
    with Store.open(tmp_path / "a.db", lineage="c" * 32) as store:
        assert store.lineage == "c" * 32
    with Store.open(tmp_path / "a.db", lineage="d" * 32) as store:
        assert store.lineage == "c" * 32
    with Store.open(tmp_path / "b.db") as one, Store.open(tmp_path / "c.db") as other:
        assert len(one.lineage) == len(other.lineage) == 32
        assert one.lineage != other.lineage


def test_no_file_reads_as_an_empty_history(tmp_path: Path) -> None:
    """`mtc status` before the first run: nothing is known, and nothing is made."""
    with Store.open(tmp_path / "none" / "state.db", readonly=True) as store:
        assert store.history(["docs"]).steps == {}
        assert store.lineage == ""
        assert not is_unclean(store)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_who_only_reads_cannot_write(state: Path, *, there: bool) -> None:
    """Also not by mistake."""
    path = state if there else state.with_name("none.db")
    with Store.open(path, readonly=True) as store, pytest.raises(StateError, match="readonly database"):
        store.planned([StepId(Stage.STAT, "docs", FIRST)])


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def _cut_off_in_the_first_page(path: Path) -> None:
    os.truncate(path, 700)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _overwrite_header(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(b"not SQLite at all")


def _overwrite_tables(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(100)
        stream.write(b"\xa5" * 2000)


def _overwrite_all_but_the_first_page(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xa5" * (size - 4096))


def _spoil_a_value(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE steps SET settings = '{' WHERE id = 7")


def _spoil_a_text(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE steps SET fingerprint = CAST(x'ff' AS TEXT) WHERE id = 7")


def _drop_a_table(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'steps'")


@pytest.mark.parametrize("readonly", [True, False])
@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        _cut_off_in_the_first_page,
        _empty,
        _overwrite_header,
        _overwrite_tables,
        _overwrite_all_but_the_first_page,
        _spoil_a_value,
        _spoil_a_text,
        _drop_a_table,
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(
    state: Path, damage: Callable[[Path], None], *, readonly: bool
) -> None:
    """Exit code 6, the file, the remedy; the file itself is left as it is."""
    damage(state)
    before = state.read_bytes()
    with pytest.raises(StateError, match=r"the state file is damaged: ") as caught:
        _read_all(state, readonly=readonly)
    assert caught.value.exit_code == 6
    assert caught.value.where == str(state)
    assert "restore it from a backup" in caught.value.hint
    assert "mtc state export" in caught.value.hint
    assert "move it and the warehouse away" in caught.value.hint
    assert state.read_bytes() == before


def _read_all(path: Path, *, readonly: bool) -> None:
    with Store.open(path, readonly=readonly) as store:
        store.history(["docs"])


def test_what_can_be_read_of_a_damaged_file_is_exported(state: Path) -> None:
    """A spoilt row costs its table's rest, not the other tables."""
    _spoil_a_value(state)
    stream = io.StringIO()
    with Store.open(state, readonly=True) as store, pytest.raises(StateError, match="damaged"):
        store.export(stream)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    counts = {kind: sum(line["kind"] == kind for line in lines) for kind in ("state", "step", "object", "part")}
    assert counts == {"state": 1, "step": 6, "object": 200, "part": 200}


@pytest.mark.parametrize("readonly", [True, False])
def test_the_database_of_another_program_is_left_alone(tmp_path: Path, *, readonly: bool) -> None:
    """A mistaken path must not cost a browser's history."""
    path = tmp_path / "places.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE steps (a)")
    before = path.read_bytes()
    with pytest.raises(StateError, match=r"no state file of mtc.*check the path"):
        Store.open(path, readonly=readonly)
    assert path.read_bytes() == before


@pytest.mark.parametrize("readonly", [True, False])
def test_a_folder_in_place_of_the_file_is_explained(tmp_path: Path, *, readonly: bool) -> None:
    """And so is a file in place of the folder."""
    with pytest.raises(StateError, match="this is not a file"):
        Store.open(tmp_path, readonly=readonly)
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="a file is where a folder should be"):
        Store.open(tmp_path / "file" / "state.db", readonly=readonly)


def test_a_place_that_cannot_be_written_is_explained(common: Path) -> None:
    """A read-only folder, a read-only file, someone else's file: the reason and what to check."""
    folder = common / "closed"
    folder.mkdir()
    made = as_a_common_user(lambda: str(Store.open(folder / "sub" / "state.db")))
    path = folder / "state.db"
    fill(path, 2)
    theirs = as_a_common_user(lambda: str(Store.open(path)))
    read = as_a_common_user(lambda: str(Store.open(path, readonly=True)))
    if os.geteuid() == 0:
        assert made == (
            f"StateError: {folder / 'sub' / 'state.db'}: cannot create the state file: Permission denied. "
            "check the permissions and the owner of the file and its folder, and that the disk is not mounted read-only"
        )
        assert theirs.startswith(f"CannotWriteError: {path}: cannot write the state file: unable to open")
        assert read.startswith(f"StateError: {path}: cannot read the state file: Permission denied. check the perm")
    hand_over(folder, *folder.iterdir())
    path.chmod(0o400)
    for rights in (0o755, 0o555):
        folder.chmod(rights)
        text = as_a_common_user(lambda: str(Store.open(path)))
        assert text.startswith(f"CannotWriteError: {path}: cannot write the state file: ")
        assert "check the permissions" in text
    folder.chmod(0o755)


def test_a_lock_that_cannot_be_made_is_explained(common: Path) -> None:
    """In a read-only folder there is no run."""
    folder = common / "closed"
    folder.mkdir(mode=0o555)
    hand_over(folder)
    text = as_a_common_user(lambda: str(RunLock.acquire(folder / "state.db", "mtc apply")))
    assert text.startswith(
        f"StateError: {folder / 'state.db.lock'}: cannot open the lock file: Permission denied. check"
    )


def _says_how_many(path: Path) -> str:
    with Store.open(path, readonly=True) as store:
        return f"{len(store.history(['docs']).steps)} steps"


def test_a_state_in_a_read_only_folder_is_read(common: Path) -> None:
    """SQLite would make files beside it; a backup's or a snapshot's folder allows none."""
    folder = common / "closed"
    folder.mkdir()
    path = folder / "state.db"
    fill(path, 5)
    hand_over(folder, path)
    folder.chmod(0o555)
    text = as_a_common_user(lambda: _says_how_many(path))
    assert text == "5 steps"
    assert [one.name for one in folder.iterdir()] == ["state.db"]


def test_a_state_and_its_log_in_a_read_only_folder_are_read(common: Path, state: Path) -> None:
    """A copy taken while a run was at work: what is in the log alone counts too."""
    folder = common / "closed"
    folder.mkdir()
    copy = folder / "state.db"
    with Store.open(state) as store:
        store.planned([StepId(Stage.STAT, "docs", FIRST)])
        for end in ("", "-wal"):
            copy.with_name(copy.name + end).write_bytes(state.with_name(state.name + end).read_bytes())
    hand_over(folder, *folder.iterdir())
    folder.chmod(0o555)
    text = as_a_common_user(lambda: _says_how_many(copy))
    assert text == "201 steps"


def test_a_file_that_another_program_holds_is_explained(state: Path) -> None:
    """Someone works in it by hand: nothing is lost by waiting."""
    with Store.open(state) as store, contextlib.closing(sqlite3.connect(state, isolation_level=None)) as other:
        store._connection.execute("PRAGMA busy_timeout = 20")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match=r"the state file is in use.*run the same command"):
            store.planned([StepId(Stage.STAT, "docs", FIRST)])
        other.execute("ROLLBACK")
        store.planned([StepId(Stage.STAT, "docs", FIRST)])


def _plan_years(store: Store) -> None:
    with store.transaction():
        store.planned(StepId(Stage.CSV, "docs", FIRST + dt.timedelta(number)) for number in range(20_000))


def test_a_full_disk_undoes_the_transition_and_no_more(state: Path) -> None:
    """What was recorded stays; with space again the same store goes on."""
    with Store.open(state) as store:
        pages = store._connection.rows("PRAGMA page_count")[0][0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 5}")
        with pytest.raises(StateError, match="no space left on the disk"):
            _plan_years(store)
        assert len(store.list_steps()) == 200
        store._connection.execute("PRAGMA max_page_count = 1000000")
        _plan_years(store)
        assert len(store.list_steps()) == 20_200
        store.check()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte, where this machine allows one to be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        done = False
    if not done:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_real_disk_that_is_full_loses_nothing(small_disk: Path) -> None:
    """In the middle of work, at the start, and at the very first creation."""
    path = small_disk / "state.db"
    filler = small_disk / "filler"
    fill(path, 50)
    with Store.open(path) as store, pytest.raises(StateError, match="no space left on the disk"):
        _plan_years(store)
    with Store.open(path) as store:
        store.check()
        assert len(store.list_steps()) == 50
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 4096)
    with pytest.raises(StateError, match="no space left on the disk"):
        Store.open(small_disk / "other.db")
    assert {one.name for one in small_disk.iterdir()} == {"state.db", "filler"}
    assert _says_how_many(path) == "50 steps"
    with pytest.raises(StateError, match=r"no space|its free space"):
        _write_one(path)
    filler.unlink()
    _write_one(path)
    assert _says_how_many(path) == "51 steps"


def _write_one(path: Path) -> None:
    with Store.open(path) as store:
        store.planned([StepId(Stage.STAT, "docs", FIRST)])
