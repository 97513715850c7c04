"""Days: hits are filed under the site's day, cut at its own midnight, whatever the clocks do."""

import datetime as dt
import zoneinfo
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from import_step import GOOD, Hit, Workshop, line, text

CLF = "%d/%b/%Y:%H:%M:%S %z"
ZONES = ["Europe/Paris", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns", "UTC"]


def load(root: Path, zone: str, moments: list[dt.datetime]) -> list[Hit]:
    """The hits of a file with a line at each of these moments, in the order of the lines."""
    workshop = Workshop(root)
    lines = [line(f"/{number}", time=moment.strftime(CLF)) for number, moment in enumerate(moments)]
    outcome = workshop.run(workshop.write("a.log", text(*lines)), stage=workshop.stage(GOOD, zone=zone))
    days = [part.day for part in outcome.only.parts]
    assert days == sorted(set(days))
    return sorted(outcome.hits(), key=lambda hit: hit.line)


@pytest.mark.parametrize(
    ("zone", "utc", "day"),
    [
        ("Europe/Paris", "2026-03-28T22:59:59", "2026-03-28"),
        ("Europe/Paris", "2026-03-28T23:00:00", "2026-03-29"),
        ("Europe/Paris", "2026-03-29T21:59:59", "2026-03-29"),
        ("Europe/Paris", "2026-03-29T22:00:00", "2026-03-30"),
        ("Europe/Paris", "2026-10-24T21:59:59", "2026-10-24"),
        ("Europe/Paris", "2026-10-24T22:00:00", "2026-10-25"),
        ("Europe/Paris", "2026-10-25T22:59:59", "2026-10-25"),
        ("Europe/Paris", "2026-10-25T23:00:00", "2026-10-26"),
        ("America/Sao_Paulo", "2026-05-02T02:59:59", "2026-05-01"),
        ("America/Sao_Paulo", "2026-05-02T03:00:00", "2026-05-02"),
        ("America/Sao_Paulo", "2018-11-04T02:59:59", "2018-11-03"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00", "2018-11-04"),
        ("America/Sao_Paulo", "2018-11-05T01:59:59", "2018-11-04"),
        ("Asia/Kolkata", "2026-05-01T18:29:59", "2026-05-01"),
        ("Asia/Kolkata", "2026-05-01T18:30:00", "2026-05-02"),
    ],
)
def test_a_moment_belongs_to_the_day_of_the_sites_clock(tmp_path: Path, zone: str, utc: str, day: str) -> None:
    """On days of 23 and 25 hours, in half-hour zones, and where midnight itself was skipped."""
    moment = dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)
    (hit,) = load(tmp_path, zone, [moment])
    assert (hit.day, hit.ts) == (day, utc.replace("T", " "))


@pytest.mark.parametrize("offset", [-8, 0, 5.5])
def test_the_offset_of_the_log_says_when_and_the_zone_of_the_site_says_which_day(tmp_path: Path, offset: float) -> None:
    """A server elsewhere writes its own offset."""
    zone = dt.timezone(dt.timedelta(hours=offset))
    moment = dt.datetime(2026, 5, 1, 22, 30, tzinfo=dt.UTC).astimezone(zone)
    (hit,) = load(tmp_path, "Europe/Paris", [moment])
    assert (hit.day, hit.ts) == ("2026-05-02", "2026-05-01 22:30:00")


@pytest.mark.parametrize("zone", ZONES)
def test_a_log_over_many_days_is_cut_at_each_midnight(tmp_path: Path, zone: str) -> None:
    """Hour by hour over both clock changes of a year, and each hit in one part alone."""
    starts = [dt.datetime(2026, 3, 27, tzinfo=dt.UTC), dt.datetime(2026, 10, 23, tzinfo=dt.UTC)]
    moments = [start + dt.timedelta(minutes=30 * half) for start in starts for half in range(48 * 5)]
    hits = load(tmp_path, zone, moments)
    assert [hit.day for hit in hits] == [str(moment.astimezone(zoneinfo.ZoneInfo(zone)).date()) for moment in moments]


@given(
    zone=st.sampled_from(ZONES),
    moments=st.lists(st.datetimes(dt.datetime(1996, 1, 1), dt.datetime(2099, 12, 1)), min_size=1, max_size=8),  # noqa: DTZ001 - made aware below
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_moment_of_a_hundred_years_has_its_day(tmp_path: Path, zone: str, moments: list[dt.datetime]) -> None:
    """Near and far, in any order."""
    aware = [moment.replace(microsecond=0, tzinfo=dt.UTC) for moment in moments]
    days = [str(moment.astimezone(zoneinfo.ZoneInfo(zone)).date()) for moment in aware]
    assert [hit.day for hit in load(tmp_path, zone, aware)] == days


def test_a_log_that_ends_on_the_stroke_of_midnight_has_two_days(tmp_path: Path) -> None:
    """The first second of a day is not the last of the day before."""
    moments = [dt.datetime(2026, 5, 1, 23, 59, 59, tzinfo=dt.UTC), dt.datetime(2026, 5, 2, tzinfo=dt.UTC)]
    assert [hit.day for hit in load(tmp_path, "UTC", moments)] == ["2026-05-01", "2026-05-02"]


def test_the_first_and_the_last_moment_that_can_be_are_filed(tmp_path: Path) -> None:
    """At the borders of what is taken for a date at all."""
    moments = [dt.datetime(1995, 1, 1, tzinfo=dt.UTC), dt.datetime(2099, 12, 31, 23, 59, 59, tzinfo=dt.UTC)]
    assert [hit.day for hit in load(tmp_path, "Pacific/Kiritimati", moments)] == ["1995-01-01", "2100-01-01"]
