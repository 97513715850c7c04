"""`mtc apply --every`: one process with a run every interval, ended by a signal. These tests use real time."""

import signal
import time
from collections.abc import Callable

import pytest
from e2e_project import DAY, Place, line


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.05)


def runs(place: Place) -> int:
    """Return the number of finished runs."""
    return len(list((place.root / ".mtc" / "runs").glob("*.json")))


def test_one_process_applies_repeatedly(place: Place) -> None:
    """Each round reads the manifest again, is a run and releases the lock; SIGTERM between rounds ends it with 143."""
    place.log("docs", DAY)
    process = place.start("apply", "--every", "1s", "--site", "docs")
    wait_until(lambda: runs(place) == 1)
    assert (place.root / "stats" / "docs" / f"{DAY}.stat").exists()
    place.log("docs", DAY, line(DAY), name="-late")
    wait_until(lambda: runs(place) >= 2)
    manifest = place.root / "manifests" / "daily.yaml"
    text = manifest.read_text("utf-8")
    manifest.write_text(text.replace("dates:", "datse:"), "utf-8")
    time.sleep(1.5)
    manifest.write_text(text, "utf-8")
    seen = runs(place)
    wait_until(lambda: runs(place) > seen)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 143, told
    assert told.count("run 2") >= 3
    assert "import:docs:2026-05-01: 2 objects, 4 lines" in told
    assert "datse is not a known key" in told
    assert "note: the next round begins in " in told


def test_a_round_without_the_lock_is_followed_by_the_next(place: Place) -> None:
    """While another run holds the lock, rounds fail with its name and the process continues."""
    place.log("docs", DAY)
    from mtc.state.lock import RunLock  # noqa: PLC0415 - the test acts as the other run

    with RunLock.acquire(place.root / ".mtc" / "state.db", "another"):
        process = place.start("apply", "-q", "--every", "1s", "--site", "docs")
        time.sleep(2.5)
        assert process.poll() is None
    wait_until(lambda: runs(place) >= 1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert told.count("another run is active: `another`") >= 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--every", "0s"), "--every: '0s' is too short"),
        (("--every", "10"), "--every: '10' is not a duration"),
        (("--every", "10m", "--dry-run"), "--every and --dry-run exclude each other"),
        (("--every", "10m", "--accept", "site:docs"), "--every and --accept exclude each other"),
        (("--every", "1s", "--site", "dosc"), "dosc"),
        (("nope.yaml", "--every", "1s"), "nope.yaml"),
    ],
)
def test_a_usage_error_in_the_first_round_ends_the_process(place: Place, options: tuple[str, ...], told: str) -> None:
    """Conflicting options, an unknown site or a missing manifest end the process with 2 in the first round."""
    assert told in place.mtc("apply", *options, code=2).err
