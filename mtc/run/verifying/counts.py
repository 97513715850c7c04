"""What Matomo counts of a site's days: a few reports, read for a month of days in one request.

A report that is read while hits of its day come in stays short until it is invalidated: looking would do damage. Days
that a delivery is not finished with are therefore never read, not even between others.
"""

import datetime as dt
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from mtc.manifest.matomo import Matomo
from mtc.manifest.project import SiteSettings
from mtc.matomo.connection import Connection
from mtc.matomo.reports import DayReports, reports
from mtc.matomo.retry import Patience, retrying
from mtc.matomo.sites import site_id
from mtc.run.verifying.origins import READ
from mtc.stages.delivering.target import server_of

_WINDOW = dt.timedelta(days=30)
_ATTEMPTS = 2


def counts(
    matomo: Matomo, root: Path, site: SiteSettings, days: Sequence[dt.date], spared: Collection[dt.date] = ()
) -> Mapping[dt.date, DayReports]:
    """The figures of these days, but for the `spared` ones, and the tables that are held against the warehouse's.

    `root` is what a relative `ca_bundle` starts from.

    Raises:
        StepError: the server does not answer, or does not let the token see the site.
    """
    server = server_of(matomo, root)
    patience = Patience(time.sleep, _ATTEMPTS)
    wanted = [day for day in days if day not in spared]
    methods = READ if site.answers == "warehouse" else ()
    found: dict[dt.date, DayReports] = {}
    with Connection(server) as connection:
        number = site.matomo_id or retrying(partial(site_id, connection, server, site.url), patience)
        for first, last in _windows(wanted, spared):
            found |= retrying(partial(reports, connection, server, number, first, last, methods), patience)
    return {day: found[day] for day in wanted}


def _windows(days: Sequence[dt.date], spared: Collection[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """The fewest stretches, of a month at most, that hold all days and none of the spared ones."""
    left = sorted(days)
    while left:
        end = min((day for day in spared if day > left[0]), default=dt.date.max)
        last = max(day for day in left if day - left[0] <= _WINDOW and day < end)
        yield left[0], last
        left = [day for day in left if day > last]
