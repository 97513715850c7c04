"""Every question about the time goes to `mtc.core.clock`."""

import re
from pathlib import Path

import mtc
from mtc.core.clock import local_today, utc_now

_ASKS = re.compile(r"\b(?:datetime\.(?:now|utcnow|today)|date\.today|time\.time)\(")


def test_no_other_room_asks_the_machine_for_the_time() -> None:
    """So that a test, or a run, decides for all rooms what time it is."""
    root = Path(mtc.__file__).parent
    asking = {str(path.relative_to(root)) for path in root.rglob("*.py") if _ASKS.search(path.read_text("utf-8"))}
    assert asking == {"core/clock.py"}


def test_the_clock_gives_the_zone_with_the_time() -> None:
    """A time without its zone would be taken for that of another place."""
    assert utc_now().utcoffset() is not None
    assert abs((local_today() - utc_now().date()).days) <= 1
