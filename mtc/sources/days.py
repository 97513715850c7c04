"""How a day is written in a key: the directives of `{date:...}`, as regex pieces and as text. No I/O.

A subset of strftime's directives (https://docs.python.org/3/library/datetime.html#format-codes). Names of months are
English whatever the locale, so that a manifest means the same on every machine.
"""

import datetime as dt
from collections.abc import Mapping

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

CODES: Mapping[str, str] = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "m": "(?:0[1-9]|1[0-2])",
    "d": "(?:0[1-9]|[12][0-9]|3[01])",
    "j": "(?:[0-2][0-9]{2}|3[0-5][0-9]|36[0-6])",
    "B": f"(?:{'|'.join(_MONTHS)})",
    "b": f"(?:{'|'.join(month[:3] for month in _MONTHS)})",
    "H": "(?:[01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
}
"""Each directive and what it matches."""

TIME_CODES = frozenset("HMS")
"""Directives that a day does not settle: matched, never rendered."""


def write(code: str, day: dt.date) -> str:
    """Write one directive, not of the time, for a day."""
    texts = {
        "Y": f"{day.year:04}",
        "y": f"{day.year % 100:02}",
        "m": f"{day.month:02}",
        "d": f"{day.day:02}",
        "j": f"{day.timetuple().tm_yday:03}",
        "B": _MONTHS[day.month - 1],
        "b": _MONTHS[day.month - 1][:3],
    }
    return texts[code]


def read(values: Mapping[str, str]) -> dt.date | None:
    """Read the day that directives spell together; None when it does not exist or they disagree."""
    try:
        day = _assemble(values)
    except (ValueError, OverflowError):
        return None
    return day if all(write(code, day) == text for code, text in values.items()) else None


def settle(codes: frozenset[str]) -> bool:
    """Whether these directives together name a day."""
    return bool(codes & {"Y", "y"}) and ("j" in codes or (bool(codes & {"m", "b", "B"}) and "d" in codes))


def sort_as_dates(codes: tuple[str, ...]) -> bool:
    """Whether texts written with these directives, in this order, sort as their days do."""
    known = ""
    for code in codes:
        step = {"y": "Y", "b": "m", "B": "m"}.get(code, code)
        if step in known or known in {"Ymd", "Yj"}:
            continue
        if code in "bB" or known + step not in {"Y", "Ym", "Ymd", "Yj"}:
            return False
        known += step
    return True


def _assemble(values: Mapping[str, str]) -> dt.date:
    year = int(values["Y"]) if "Y" in values else 2000 + int(values["y"])
    if "j" in values:
        return dt.date(year, 1, 1) + dt.timedelta(days=int(values["j"]) - 1)
    return dt.date(year, _month(values), int(values["d"]))


def _month(values: Mapping[str, str]) -> int:
    if "m" in values:
        return int(values["m"])
    names = [month[: len(values["b"])] for month in _MONTHS] if "b" in values else list(_MONTHS)
    return names.index(values.get("b") or values["B"]) + 1
