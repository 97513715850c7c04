"""Times as a format does not write them by itself: read all the same, in the zone of the source if they have none."""

from pathlib import Path

import pytest
from in_hand import explained, line, site, values

TIMES = {
    "2026-05-01T10:00:00+02:00": ("08:00:00", "08:00:00"),
    "2026-05-01T10:00:00Z": ("10:00:00", "10:00:00"),
    "2026-05-01T10:00:00": ("10:00:00", "08:00:00"),
    "2026-05-01 10:00:00,123": ("10:00:00.123000", "08:00:00.123000"),
    "2026-05-01 10:00:00 +0200": ("08:00:00", "08:00:00"),
    "2026-05-01T10:00:00.123456789Z": ("10:00:00.123456", "10:00:00.123456"),
    "20260501T100000Z": ("10:00:00", "10:00:00"),
    "01/May/2026:10:00:00": ("10:00:00", "08:00:00"),
    "01/May/2026:10:00:00.123 +0200": ("08:00:00.123000", "08:00:00.123000"),
    "01/May/2026:10:00:00.5": ("10:00:00.500000", "08:00:00.500000"),
    "01/May/2026:10:00:00 +02:00": ("08:00:00", "08:00:00"),
    "01/May/2026:10:00:00 GMT": ("10:00:00", "10:00:00"),
    "01/May/2026 10:00:00": ("10:00:00", "08:00:00"),
    "1777629600": ("10:00:00", "10:00:00"),
    "1777629600.25": ("10:00:00.250000", "10:00:00.250000"),
    "1777629600250": ("10:00:00.250000", "10:00:00.250000"),
}


@pytest.mark.parametrize("form", ["auto", "combined", "common", "combined_vhost"])
@pytest.mark.parametrize(("zone", "at"), [("UTC", 0), ("Europe/Paris", 1)])
def test_a_time_in_another_form_is_read(tmp_path: Path, form: str, zone: str, at: int) -> None:
    """ISO 8601, a fraction, no offset, an epoch: with an offset it is an instant, without it a time in the zone."""
    host = "docs.example.org" if form == "combined_vhost" else ""
    lines = [line(time=time, host=host) for time in TIMES]
    if form == "common":
        lines = [text.split(' "-"', 1)[0] for text in lines]
    found = explained(tmp_path, lines, site(format=form, zone=zone))
    assert values(found, "ts") == [f"2026-05-01 {wanted[at]}" for wanted in TIMES.values()]


ADVANCED = """#Software: IIS Advanced Logging Module
#Fields:  {fields} cs-method cs-uri-stem c-ip sc-status
{values} GET /a "192.0.2.7" 200
"""


@pytest.mark.parametrize(
    ("fields", "given", "wanted"),
    [
        ("date-local time-local", "2026-05-02 01:30:00.363", "2026-05-01 23:30:00.363000"),
        ("date time date-local time-local", "2026-05-01 23:30:00 2026-05-02 01:30:00", "2026-05-01 23:30:00"),
        ("time-local date-local date", "01:30:00 2026-05-02 2026-05-01", "2026-05-01 23:30:00"),
        ("date-utc time-utc", "2026-05-01 23:30:00", "2026-05-01 23:30:00"),
    ],
)
def test_local_columns_of_iis_are_in_the_zone_of_the_site(tmp_path: Path, fields: str, given: str, wanted: str) -> None:
    """Where there is no time in UTC; the day goes with its time."""
    log = ADVANCED.format(fields=fields, values=given)
    found = explained(tmp_path, log.encode(), site(zone="Europe/Paris"))
    assert (values(found, "ts"), values(found, "ip")) == ([wanted], ["192.0.2.7"])
    assert found.choices[0].format.name == "iis"
