"""All code gets the time from `mtc.core.clock`."""

import re
from pathlib import Path

import mtc
from mtc.core.clock import local_today, utc_now

_ASKS = re.compile(r"\b(?:datetime\.(?:now|utcnow|today)|date\.today|time\.time)\(")


def test_no_other_package_reads_the_system_clock() -> None:
    """A test or a run can set the time for all packages."""
    root = Path(mtc.__file__).parent
    asking = {str(path.relative_to(root)) for path in root.rglob("*.py") if _ASKS.search(path.read_text("utf-8"))}
    assert asking == {"core/clock.py"}


def test_the_clock_returns_times_with_a_zone() -> None:
    """A time without a zone would be interpreted in the wrong one."""
    assert utc_now().utcoffset() is not None
    assert abs((local_today() - utc_now().date()).days) <= 1
