"""The state that owns a warehouse folder."""

from pathlib import Path

import pytest

from mtc.core.errors import StateError
from mtc.state.warehouse_owner import MARKER, claim

MINE, OTHER = "a" * 32, "b" * 32


def owner_of(warehouse: Path) -> str:
    return (warehouse / MARKER).read_text().strip()


def test_a_folder_is_claimed_once(tmp_path: Path) -> None:
    """It is created if it is missing; a second claim of the same state changes nothing."""
    warehouse = tmp_path / "deep" / "warehouse"
    claim(warehouse, MINE)
    written = (warehouse / MARKER).stat().st_mtime_ns
    claim(warehouse, MINE)
    assert owner_of(warehouse) == MINE
    assert (warehouse / MARKER).stat().st_mtime_ns == written
    assert [path.name for path in warehouse.iterdir()] == [MARKER]


def test_a_folder_with_parts_of_another_state_is_refused(tmp_path: Path) -> None:
    """Two states would delete each other's parts; the message says what to do."""
    claim(tmp_path, OTHER)
    (tmp_path / "hits").mkdir()
    (tmp_path / "hits" / "a.parquet").write_bytes(b"x")
    with pytest.raises(StateError, match=r"belongs to another state file.*put that state file back.*--state") as caught:
        claim(tmp_path, MINE)
    assert caught.value.exit_code == 6
    assert owner_of(tmp_path) == OTHER


def test_an_empty_folder_can_be_claimed_by_another_state(tmp_path: Path) -> None:
    """Empty subfolders do not count."""
    claim(tmp_path, OTHER)
    (tmp_path / "hits" / "site=docs").mkdir(parents=True)
    claim(tmp_path, MINE)
    assert owner_of(tmp_path) == MINE


@pytest.mark.parametrize("content", [None, ""])
def test_a_folder_without_an_owner_file_is_claimed(tmp_path: Path, content: str | None) -> None:
    """A folder copied without its mark, or with an empty one, belongs to the first state that claims it."""
    (tmp_path / "a.parquet").write_bytes(b"x")
    if content is not None:
        (tmp_path / MARKER).write_text(content)
    claim(tmp_path, MINE)
    assert owner_of(tmp_path) == MINE


def test_an_unreadable_mark_belongs_to_another_state(tmp_path: Path) -> None:
    """A folder with parts is not taken over then."""
    (tmp_path / MARKER).write_bytes(b"\xff\xfe")
    (tmp_path / "a.parquet").write_bytes(b"x")
    with pytest.raises(StateError, match="belongs to another"):
        claim(tmp_path, MINE)


def test_the_temporary_file_of_a_killed_claim_is_removed(tmp_path: Path) -> None:
    """A partly written mark never gets its name."""
    (tmp_path / f".{MARKER}.0badcafe.new").write_text("half")
    claim(tmp_path, MINE)
    assert [path.name for path in tmp_path.iterdir()] == [MARKER]


def test_a_file_in_place_of_the_folder_is_explained(tmp_path: Path) -> None:
    """The error has path and reason, without a traceback."""
    (tmp_path / "warehouse").write_text("")
    with pytest.raises(StateError, match=r"cannot use the warehouse folder: a file, or a link.*move it away"):
        claim(tmp_path / "warehouse", MINE)
