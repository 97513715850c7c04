"""When a site's logs have stopped coming: what is said, and when a run ends with 3."""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from plan_world import import_step, obj, site

from mtc.core.errors import ManifestError
from mtc.core.model import Accounting, LoadedObject
from mtc.core.records import History
from mtc.manifest.load import load
from mtc.manifest.models import Freshness
from mtc.plan.freshness import stale
from mtc.plan.world import Listing

LAST = dt.date(2026, 5, 10)
ON_TIME = dt.datetime(2026, 5, 12, 6, tzinfo=dt.UTC)  # six hours after the end of the day after: it has settled
HOUR = dt.timedelta(hours=1)


def having(*days: dt.date) -> History:
    """A log of each of these days was loaded."""
    loaded = LoadedObject(obj("a.log"), "i", "c", "combined", Accounting(), ())
    return History(objects={import_step(day): (loaded,) for day in days})


def up_to(last: dt.date, count: int) -> History:
    """Logs of so many days up to the last."""
    return having(*(last - dt.timedelta(days=back) for back in range(count)))


def found(history: History, now: dt.datetime, listing: Listing = Listing(), **rule: Any) -> str:  # noqa: B008 - frozen
    """`fresh`, `warned` or `overdue`."""
    asked = dataclasses.replace(site(), freshness=Freshness(**rule))
    found = stale(asked, history, listing, now)
    return "fresh" if found is None else "overdue" if found.overdue else "warned"


def test_a_day_without_logs_after_seven_with_some_is_told() -> None:
    """Not before its source has settled."""
    assert found(up_to(LAST, 7), ON_TIME - HOUR) == "fresh"
    assert found(up_to(LAST, 7), ON_TIME) == "warned"
    assert found(up_to(LAST, 7), ON_TIME + 100 * HOUR) == "warned"


@pytest.mark.parametrize("history", [having(), up_to(LAST, 6), having(*(LAST - dt.timedelta(days=n) for n in (0, 2)))])
def test_a_site_that_had_no_logs_every_day_is_not_told_by_default(history: History) -> None:
    """A new one, and one with a day between."""
    assert found(history, ON_TIME) == "fresh"


def test_logs_that_are_listed_and_not_loaded_yet_have_come() -> None:
    """The run that catches up is no reason to warn."""
    listing = Listing({LAST + dt.timedelta(days=1): (obj("b.log"),)})
    assert found(up_to(LAST, 7), ON_TIME, listing) == "fresh"


def test_a_source_that_cannot_be_listed_is_told_as_that() -> None:
    """One cause is reported once."""
    assert found(up_to(LAST, 7), ON_TIME, Listing(error="denied")) == "fresh"


@pytest.mark.parametrize(
    ("rule", "hours", "expected"),
    [
        ({"warn_after": "3d"}, 24 + 6, "fresh"),
        ({"warn_after": "3d"}, 3 * 24 + 6, "warned"),
        ({"warn_after": "1h"}, 6, "fresh"),  # today's logs are not late
        ({"error_after": "3d"}, 3 * 24 + 5, "fresh"),
        ({"error_after": "3d"}, 3 * 24 + 6, "overdue"),
        ({"warn_after": "1d", "error_after": "2d"}, 47, "warned"),
        ({"warn_after": "1d", "error_after": "2d"}, 54, "overdue"),
    ],
)
def test_what_the_manifest_says_holds_for_any_site_that_had_logs(
    rule: dict[str, Any], hours: int, expected: str
) -> None:
    """Also for one whose logs come once a week."""
    end = dt.datetime(2026, 5, 11, tzinfo=dt.UTC)
    assert found(having(LAST), end + hours * HOUR, **rule) == expected


def test_nothing_is_said_where_it_is_not_wanted() -> None:
    """`freshness: off`."""
    asked = dataclasses.replace(site(), freshness=None)
    assert stale(asked, up_to(LAST, 7), Listing(), ON_TIME) is None


def test_the_text_says_since_when() -> None:
    """One line for one cause."""
    found = stale(site(), up_to(LAST, 7), Listing(), ON_TIME)
    assert str(found) == "docs: no logs since those of 2026-05-10, 2 days ago: have they stopped coming?"


MANIFEST = """\
version: 1
source: {{url: "logs/{{site}}/{{date:%F}}.log"}}
{top}
sites:
  docs: {{url: "https://docs.example.org"{own}}}
"""


@pytest.mark.parametrize(
    ("top", "own", "expected"),
    [
        ("", "", Freshness()),
        ("freshness: off", "", None),
        ("freshness: {error_after: 3d}", "", Freshness(error_after="3d")),
        ("freshness: {error_after: 3d}", ", freshness: {warn_after: 2d}", Freshness(warn_after="2d", error_after="3d")),
        ("freshness: {error_after: 3d}", ", freshness: off", None),
        ("freshness: off", ", freshness: {warn_after: 2d}", Freshness(warn_after="2d")),
    ],
)
def test_a_site_inherits_what_the_manifest_says(top: str, own: str, expected: Freshness | None, tmp_path: Path) -> None:
    """Key by key; a word takes the place of all."""
    path = tmp_path / "mtc.yaml"
    path.write_text(MANIFEST.format(top=top, own=own), "utf-8")
    assert load(path).sites["docs"].freshness == expected


def test_a_warning_that_comes_after_the_error_is_a_mistake(tmp_path: Path) -> None:
    """It would never be reported."""
    path = tmp_path / "mtc.yaml"
    path.write_text(MANIFEST.format(top="freshness: {warn_after: 3d, error_after: 2d}", own=""), "utf-8")
    with pytest.raises(ManifestError, match="warn_after 3d is longer than error_after 2d"):
        load(path)
