"""What was sent of an object, as a digest: the same hits give the same, however they lie in parts; others do not."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from delivery_parts import NOON, Row, write_parts
from import_step import database

from mtc.stages.import_.reload import sent_digest

SECOND = dt.timedelta(seconds=1)
ROWS = [Row(line=at, ts=NOON + at * SECOND, ip=f"192.0.2.{at % 3}", path=f"/{at}") for at in range(9)]


def digest(folder: Path, files: Mapping[str, Sequence[Row]]) -> tuple[int, ...]:
    """The digest of the object `o1`, by its parts."""
    loaded = next(item for item in write_parts(folder, files) if item.object_id == "o1")
    return sent_digest(database(), loaded, folder.__truediv__)


def test_neither_parts_nor_order_nor_other_objects_matter(tmp_path: Path) -> None:
    """Nor do lines' numbers and fractions of seconds, which are not sent."""
    whole = digest(tmp_path / "a", {"a": ROWS})
    other = dataclasses.replace(ROWS[0], object="o2")
    assert digest(tmp_path / "b", {"b": [*ROWS[5:], other], "a": ROWS[4::-1]}) == whole
    moved = [dataclasses.replace(row, line=row.line + 7, ts=row.ts + dt.timedelta(microseconds=5)) for row in ROWS]
    assert digest(tmp_path / "c", {"a": moved}) == whole


@pytest.mark.parametrize(
    "change",
    [
        {"ts": NOON + 1000 * SECOND}, {"ip": "192.0.2.9"}, {"ip": None}, {"host": "x.example.org"}, {"user": "ada"},
        {"method": "HEAD"}, {"path": "/other"}, {"query": "a=b"}, {"protocol": "HTTP/2.0"}, {"status": 404},
        {"bytes": 5}, {"time_ms": 3.5}, {"referrer": "https://example.net/"}, {"user_agent": "-"}, {"download": True},
    ],
    ids=str,
)  # fmt: skip
def test_a_hit_that_is_another_is_seen(change: dict[str, object], tmp_path: Path) -> None:
    """Whatever of it would be sent."""
    whole = digest(tmp_path / "a", {"a": ROWS})
    rows = [dataclasses.replace(ROWS[0], **change), *ROWS[1:]]  # type: ignore[arg-type] # one column of each kind
    assert digest(tmp_path / "b", {"a": rows}) != whole


def test_a_hit_more_and_the_same_hit_twice_are_seen(tmp_path: Path) -> None:
    """They would count."""
    whole = digest(tmp_path / "a", {"a": ROWS})
    assert digest(tmp_path / "b", {"a": ROWS[1:]}) != whole
    assert digest(tmp_path / "c", {"a": [*ROWS, ROWS[0]]}) != whole
