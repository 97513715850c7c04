"""The tables of a `.stat` file: which there are, and what a row of each holds.

The docstrings of the fields are the one description of every column: the JSON Schema and the CSV files' documentation
are made from them. `null` means that the source of the statistics does not know the number. No I/O.
"""

from typing import Annotated

from pydantic import ConfigDict, Field

from mtc.core.frozen_model import Described

ROW_LIMIT = 500
"""How many rows a table keeps; one more, `Others`, sums up the rest, as in Matomo."""

OTHERS = "Others"
"""The label of the row that sums up the rest. The same visit or visitor may be in it several times."""

LABEL_LENGTH = 1024
"""How many characters of a page's address a label keeps: the same as Matomo's `page_maximum_length`."""

Count = Annotated[int, Field(ge=0)]


class StatModel(Described):
    """Frozen, without unknown keys and without conversions: a `.stat` file holds exactly what it says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Row(StatModel):
    """A row: a label, then numbers."""

    label: str
    """What the row counts: a page, a browser, an hour and so on. It comes from log lines: do not trust it."""


class PageRow(Row):
    """A page: its path and query, without the query parameters that Matomo ignores."""

    views: Count
    """The number of views of the page."""
    visits: Count
    """The number of visits that viewed the page (its unique views)."""
    entries: Count
    """The number of visits that viewed the page before any other."""
    exits: Count
    """The number of visits that viewed no other page after it."""
    bounces: Count
    """The number of visits that viewed the page and did nothing else."""
    bytes: Count | None
    """The size of its responses, in bytes."""


class EntryRow(Row):
    """The first page of visits."""

    visits: Count
    """The number of visits that viewed the page first."""
    actions: Count
    """The number of actions of these visits."""
    bounces: Count
    """The number of these visits with one action."""
    seconds: Count
    """The length of these visits together, in seconds."""


class ExitRow(Row):
    """The last page of visits."""

    visits: Count
    """The number of visits that viewed the page last."""
    views: Count
    """The number of all views of the page."""


class DownloadRow(Row):
    """A downloaded file: its path and query, as for a page."""

    downloads: Count
    """The number of downloads of the file."""
    visits: Count
    """The number of visits that downloaded the file."""
    bytes: Count | None
    """The size of its responses, in bytes."""


class SearchRow(Row):
    """The keyword of a site search, as it was typed."""

    searches: Count
    """The number of searches for the keyword."""
    visits: Count
    """The number of visits that searched for it."""


class VisitRow(Row):
    """Visits that have something in common."""

    visits: Count
    """The number of visits."""
    visitors: Count | None
    """The number of different visitors in these visits."""
    actions: Count
    """The number of actions of these visits."""
    bounces: Count
    """The number of these visits with one action."""
    seconds: Count
    """The length of these visits together, in seconds."""


class HourRow(Row):
    """An hour of the day in the site's time zone, 00 to 23. When clocks go back, one row counts both hours."""

    visits: Count
    """The number of visits that began in the hour."""
    actions: Count
    """The number of actions of these visits, including actions in later hours."""
    hits: Count | None
    """The number of hits in the hour."""
    bytes: Count | None
    """The size of the responses to these hits, in bytes."""


class StatusRow(Row):
    """An HTTP status, or `unknown`."""

    hits: Count
    """The number of hits with this status."""
    bytes: Count | None
    """The size of these responses, in bytes."""


class Tables(StatModel):
    """The tables of a day. Rows are ordered by frequency, then by label; hours and statuses by label alone."""

    pages: tuple[PageRow, ...] = ()
    """Pages that were viewed."""
    entry_pages: tuple[EntryRow, ...] = ()
    """Pages that visits began with. Visits without a page view, and visits that began with a search, are not in it."""
    exit_pages: tuple[ExitRow, ...] = ()
    """Pages that visits ended with. Visits without a page view, and visits that ended with a search, are not in it."""
    downloads: tuple[DownloadRow, ...] = ()
    """Files that were downloaded."""
    site_searches: tuple[SearchRow, ...] | None = None
    """Keywords of site searches; missing if an older mtc made the file, which counted searches as page views."""
    referrer_types: tuple[VisitRow, ...] = ()
    """Where visits came from: direct, search, social, ai (an AI assistant), website or campaign."""
    websites: tuple[VisitRow, ...] = ()
    """Host names of other websites that visits came from."""
    search_engines: tuple[VisitRow, ...] = ()
    """Search engines that visits came from."""
    social_networks: tuple[VisitRow, ...] = ()
    """Social networks that visits came from."""
    ai_assistants: tuple[VisitRow, ...] | None = None
    """AI assistants that visits came from; missing if the source of the statistics counts them as websites."""
    browsers: tuple[VisitRow, ...] = ()
    """Browser families."""
    operating_systems: tuple[VisitRow, ...] = ()
    """Operating system families."""
    device_types: tuple[VisitRow, ...] = ()
    """Device types."""
    countries: tuple[VisitRow, ...] | None = None
    """Countries, as two-letter ISO 3166-1 codes (`FR`) or `Unknown`; missing without a country database."""
    hours: tuple[HourRow, ...] = ()
    """The hours of the day, always all 24."""
    status_codes: tuple[StatusRow, ...] | None = None
    """HTTP statuses; missing if the source of the statistics does not know them."""


ROWS: dict[str, type[Row]] = {
    "pages": PageRow,
    "entry_pages": EntryRow,
    "exit_pages": ExitRow,
    "downloads": DownloadRow,
    "site_searches": SearchRow,
    "referrer_types": VisitRow,
    "websites": VisitRow,
    "search_engines": VisitRow,
    "social_networks": VisitRow,
    "ai_assistants": VisitRow,
    "browsers": VisitRow,
    "operating_systems": VisitRow,
    "device_types": VisitRow,
    "countries": VisitRow,
    "hours": HourRow,
    "status_codes": StatusRow,
}
"""Every table by name, in the order of the file, with the kind of its rows."""


def metrics(table: str) -> tuple[str, ...]:
    """The names of a table's numbers, in order."""
    return tuple(ROWS[table].model_fields)[1:]
