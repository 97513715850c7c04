"""State files that are damaged, foreign, read-only or on a full disk: clear errors, no traceback and no lost data."""

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
    """Write a state with one step for each day."""
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
    """An intact state file, closed."""
    path = tmp_path / "state.db"
    fill(path)
    return path


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's temporary folders."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def as_unprivileged_user(action: Callable[[], str]) -> str:
    """Return what `action` returns or raises in a child process that does not run as root."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            text = action()
        except BaseException as error:  # noqa: BLE001 - the parent reports any error
            text = f"{type(error).__name__}: {error}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        text = stream.read().decode()
    os.waitpid(child, 0)
    return text


def hand_over(*paths: Path) -> None:
    """Change the owner to the unprivileged user."""
    if os.geteuid() == 0:
        for path in paths:
            os.chown(path, NOBODY, NOBODY)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_state_file_is_private_to_its_owner(tmp_path: Path) -> None:
    """The file, its write-ahead log and a new folder are accessible to the owner only, whatever the umask."""
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


def test_recorded_data_survives_a_power_loss(tmp_path: Path) -> None:
    """Every transaction is synced to disk, and foreign keys are enforced."""
    with Store.open(tmp_path / "state.db") as store:
        names = ("journal_mode", "synchronous", "foreign_keys")
        assert [store._connection.rows(f"PRAGMA {name}")[0][0] for name in names] == ["wal", 2, 1]


def test_a_state_file_readable_by_others_becomes_private(state: Path) -> None:
    """Opening for writing removes the read permission of others."""
    state.chmod(0o644)
    Store.open(state).close()
    assert mode(state) == 0o600


def test_an_existing_folder_keeps_its_permissions(tmp_path: Path) -> None:
    """Only a folder that mtc creates for the state becomes private."""
    tmp_path.chmod(0o755)
    Store.open(tmp_path / "state.db").close()
    assert mode(tmp_path) == 0o755


def test_a_file_keeps_its_lineage(tmp_path: Path) -> None:
    """A lineage is given or generated on creation, and never changes."""
    with Store.open(tmp_path / "a.db", lineage="c" * 32) as store:
        assert store.lineage == "c" * 32
    with Store.open(tmp_path / "a.db", lineage="d" * 32) as store:
        assert store.lineage == "c" * 32
    with Store.open(tmp_path / "b.db") as one, Store.open(tmp_path / "c.db") as other:
        assert len(one.lineage) == len(other.lineage) == 32
        assert one.lineage != other.lineage


def test_no_file_reads_as_an_empty_history(tmp_path: Path) -> None:
    """Reading a missing state file returns an empty history, and creates nothing."""
    with Store.open(tmp_path / "none" / "state.db", readonly=True) as store:
        assert store.history(["docs"]).steps == {}
        assert store.lineage == ""
        assert not is_unclean(store)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_read_only_store_refuses_writes(state: Path, *, there: bool) -> None:
    """A store opened read-only refuses writes."""
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
def test_a_damaged_file_is_reported_with_a_fix(state: Path, damage: Callable[[Path], None], *, readonly: bool) -> None:
    """The error has exit code 6, the path and a fix, and the file stays unchanged."""
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


def test_the_readable_part_of_a_damaged_file_is_exported(state: Path) -> None:
    """An unreadable row ends the export of its table only."""
    _spoil_a_value(state)
    stream = io.StringIO()
    with Store.open(state, readonly=True) as store, pytest.raises(StateError, match="damaged"):
        store.export(stream)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    counts = {kind: sum(line["kind"] == kind for line in lines) for kind in ("state", "step", "object", "part")}
    assert counts == {"state": 1, "step": 6, "object": 200, "part": 200}


@pytest.mark.parametrize("readonly", [True, False])
def test_the_database_of_another_program_stays_unchanged(tmp_path: Path, *, readonly: bool) -> None:
    """A database without mtc's schema is refused and stays unchanged."""
    path = tmp_path / "places.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE steps (a)")
    before = path.read_bytes()
    with pytest.raises(StateError, match=r"no state file of mtc.*check the path"):
        Store.open(path, readonly=readonly)
    assert path.read_bytes() == before


@pytest.mark.parametrize("readonly", [True, False])
def test_a_folder_in_place_of_the_file_is_reported(tmp_path: Path, *, readonly: bool) -> None:
    """A folder in place of the file, and a file in place of the folder, are reported as such."""
    with pytest.raises(StateError, match="this is not a file"):
        Store.open(tmp_path, readonly=readonly)
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="a file is where a folder should be"):
        Store.open(tmp_path / "file" / "state.db", readonly=readonly)


def test_an_unwritable_location_is_reported(shared_folder: Path) -> None:
    """A read-only folder, a read-only file and another user's file give the reason and what to check."""
    folder = shared_folder / "closed"
    folder.mkdir()
    made = as_unprivileged_user(lambda: str(Store.open(folder / "sub" / "state.db")))
    path = folder / "state.db"
    fill(path, 2)
    theirs = as_unprivileged_user(lambda: str(Store.open(path)))
    read = as_unprivileged_user(lambda: str(Store.open(path, readonly=True)))
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
        text = as_unprivileged_user(lambda: str(Store.open(path)))
        assert text.startswith(f"CannotWriteError: {path}: cannot write the state file: ")
        assert "check the permissions" in text
    folder.chmod(0o755)


def test_a_lock_that_cannot_be_created_is_reported(shared_folder: Path) -> None:
    """In a read-only folder, the error names the lock file."""
    folder = shared_folder / "closed"
    folder.mkdir(mode=0o555)
    hand_over(folder)
    text = as_unprivileged_user(lambda: str(RunLock.acquire(folder / "state.db", "mtc apply")))
    assert text.startswith(
        f"StateError: {folder / 'state.db.lock'}: cannot open the lock file: Permission denied. check"
    )


def _says_how_many(path: Path) -> str:
    with Store.open(path, readonly=True) as store:
        return f"{len(store.history(['docs']).steps)} steps"


def test_a_state_in_a_read_only_folder_is_read(shared_folder: Path) -> None:
    """A state file without a write-ahead log is read although SQLite cannot create files beside it."""
    folder = shared_folder / "closed"
    folder.mkdir()
    path = folder / "state.db"
    fill(path, 5)
    hand_over(folder, path)
    folder.chmod(0o555)
    text = as_unprivileged_user(lambda: _says_how_many(path))
    assert text == "5 steps"
    assert [one.name for one in folder.iterdir()] == ["state.db"]


def test_a_state_and_its_write_ahead_log_in_a_read_only_folder_are_read(shared_folder: Path, state: Path) -> None:
    """A copied state file is read with the transactions that are only in its write-ahead log."""
    folder = shared_folder / "closed"
    folder.mkdir()
    copy = folder / "state.db"
    with Store.open(state) as store:
        store.planned([StepId(Stage.STAT, "docs", FIRST)])
        for end in ("", "-wal"):
            copy.with_name(copy.name + end).write_bytes(state.with_name(state.name + end).read_bytes())
    hand_over(folder, *folder.iterdir())
    folder.chmod(0o555)
    text = as_unprivileged_user(lambda: _says_how_many(copy))
    assert text == "201 steps"


def test_a_file_locked_by_another_program_is_reported(state: Path) -> None:
    """A lock held by another SQLite client is reported, and the write succeeds after its release."""
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


def test_a_full_disk_rolls_back_only_the_current_transaction(state: Path) -> None:
    """Earlier transactions stay, and the same store continues once there is space."""
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
    """A mounted file system of half a megabyte; skips the test if mounting is not permitted."""
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


def test_a_real_full_disk_loses_nothing(small_disk: Path) -> None:
    """A full disk loses nothing during a write, at opening and at the first creation."""
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
