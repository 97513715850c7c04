"""The tables of a `.stat` file: which there are, and what a row of each holds.

The docstrings of the fields are the one description of every column: the JSON Schema and the CSV files' documentation
are made from them. `null` means that the source of the statistics does not know the number. No I/O.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

ROW_LIMIT = 500
"""How many rows a table keeps; one more, `Others`, sums up the rest, as in Matomo."""

OTHERS = "Others"
"""The label of the row that sums up the rest. The same visit or visitor may be in it several times."""

LABEL_LENGTH = 1024
"""How many characters of a page's address a label keeps: the same as Matomo's `page_maximum_length`."""

Count = Annotated[int, Field(ge=0)]


class StatModel(BaseModel):
    """Frozen, without unknown keys and without conversions: a `.stat` file holds exactly what it says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class Row(StatModel):
    """A row: a label, then numbers."""

    label: str
    """What the row is about. Comes from log lines: never trust it."""


class PageRow(Row):
    """A page: its path, with the query without the parameters that Matomo ignores."""

    views: Count
    """How often it was viewed."""
    visits: Count
    """How many visits viewed it (its unique views)."""
    entries: Count
    """How many visits viewed it before any other page."""
    exits: Count
    """How many visits viewed no other page after it."""
    bounces: Count
    """How many visits viewed it and did nothing else."""
    bytes: Count | None
    """How many bytes its answers had."""


class EntryRow(Row):
    """The first page of visits."""

    visits: Count
    """How many visits viewed it first."""
    actions: Count
    """How many actions these visits had."""
    bounces: Count
    """How many of these visits had one action."""
    seconds: Count
    """How long these visits lasted, together."""


class ExitRow(Row):
    """The last page of visits."""

    visits: Count
    """How many visits viewed it last."""
    views: Count
    """How often it was viewed in all."""


class DownloadRow(Row):
    """A file that is downloaded, labelled as pages are."""

    downloads: Count
    """How often it was downloaded."""
    visits: Count
    """How many visits downloaded it."""
    bytes: Count | None
    """How many bytes its answers had."""


class SearchRow(Row):
    """What was searched for within the site, as it was typed."""

    searches: Count
    """How often it was searched for."""
    visits: Count
    """How many visits searched for it."""


class VisitRow(Row):
    """Visits that have something in common."""

    visits: Count
    """How many visits."""
    visitors: Count | None
    """How many visitors these visits are from."""
    actions: Count
    """How many actions these visits had."""
    bounces: Count
    """How many of these visits had one action."""
    seconds: Count
    """How long these visits lasted, together."""


class HourRow(Row):
    """An hour of the day in the site's zone, 00 to 23; one that the clock strikes twice counts both times."""

    visits: Count
    """How many visits began in this hour."""
    actions: Count
    """How many actions these visits had, also later ones."""
    hits: Count | None
    """How many hits came in this hour."""
    bytes: Count | None
    """How many bytes the answers to these hits had."""


class StatusRow(Row):
    """A status of answers, or `unknown`."""

    hits: Count
    """How many hits were answered with it."""
    bytes: Count | None
    """How many bytes these answers had."""


class Tables(StatModel):
    """The tables of a day: most frequent first, equal ones by label; hours and statuses by label."""

    pages: tuple[PageRow, ...] = ()
    """Pages that were viewed."""
    entry_pages: tuple[EntryRow, ...] = ()
    """Pages that visits began with. A visit without a page view has none, nor one that began with a search."""
    exit_pages: tuple[ExitRow, ...] = ()
    """Pages that visits ended with. A visit without a page view has none, nor one that ended with a search."""
    downloads: tuple[DownloadRow, ...] = ()
    """Files that were downloaded."""
    site_searches: tuple[SearchRow, ...] | None = None
    """What was searched for within the site; left out where an earlier mtc counted, to which searches were pages."""
    referrer_types: tuple[VisitRow, ...] = ()
    """Where visits came from: direct, search, social, ai (an AI assistant), website or campaign."""
    websites: tuple[VisitRow, ...] = ()
    """Hosts of other websites that visits came from."""
    search_engines: tuple[VisitRow, ...] = ()
    """Search engines that visits came from."""
    social_networks: tuple[VisitRow, ...] = ()
    """Social networks that visits came from."""
    ai_assistants: tuple[VisitRow, ...] | None = None
    """AI assistants that visits came from; left out where the source counts them as other websites."""
    browsers: tuple[VisitRow, ...] = ()
    """Families of browsers."""
    operating_systems: tuple[VisitRow, ...] = ()
    """Families of operating systems."""
    device_types: tuple[VisitRow, ...] = ()
    """Types of devices."""
    countries: tuple[VisitRow, ...] | None = None
    """Countries, by their two letters of ISO 3166-1 (`FR`), or `Unknown`; left out without a database of countries."""
    hours: tuple[HourRow, ...] = ()
    """The hours of the day, all 24 of them."""
    status_codes: tuple[StatusRow, ...] | None = None
    """Statuses of answers; left out where the source does not know them."""


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
