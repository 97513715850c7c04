"""The `.stat` document, one site's statistics of one day as JSON, and the files `stats/SITE/YYYY-MM-DD.stat`.

Every provider of statistics (the warehouse, Matomo) makes a `StatDocument`; `dumps` and `loads` are the only way to and
from text. The same inputs give the same bytes, so no clock is read. Nothing is written to disk.
"""

import datetime as dt
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError

from mtc.core.errors import PermanentError
from mtc.core.model import SITE_NAME, Accounting
from mtc.warehouse.stat_tables import ROWS, Count, Row, StatModel, Tables

_SITE = re.compile(SITE_NAME)


class Inputs(StatModel):
    """What the statistics were made from."""

    objects: Count
    """The number of log files that have hits on the day."""
    fingerprint: str
    """A digest of everything that the numbers depend on: the log files, the site's settings, the way of counting, and
    the edition of the country database if there is one."""
    server: str | None = None
    """The Matomo server that the numbers come from; omitted if they come from the warehouse."""
    server_site: int | None = None
    """The site's number on that server; omitted if the numbers come from the warehouse."""


class Summary(StatModel):
    """The day in a few numbers."""

    visits: Count
    """The number of visits that began on the day."""
    unique_visitors: Count
    """The number of different visitors. The warehouse identifies a visitor by address, operating system and browser;
    Matomo has its own rules."""
    actions: Count
    """The number of actions: page views, downloads and searches."""
    pageviews: Count
    """The number of page views."""
    downloads: Count
    """The number of downloads."""
    searches: Count | None = None
    """The number of site searches; null if an older mtc made the file, which counted searches as page views."""
    bounces: Count
    """The number of visits with one action."""
    bounce_rate: float
    """The share of visits with one action, from 0 to 1, rounded to four decimals."""
    actions_per_visit: float
    """The mean number of actions per visit, rounded to two decimals."""
    average_visit_seconds: float
    """The mean length of a visit in seconds, rounded to one decimal."""
    total_visit_seconds: Count
    """The length of all visits together, in seconds. As in Matomo, a visit with one action lasts 0 seconds, and any
    other lasts one second longer than the time between its first and last action."""
    longest_visit_seconds: Count | None
    """The length of the longest visit, in seconds."""
    max_actions: Count
    """The largest number of actions in one visit."""
    bytes: Count | None
    """The size of all responses, in bytes."""

    @classmethod
    def of(  # noqa: PLR0913 - the plain numbers that the rates follow from
        cls,
        *,
        visits: int = 0,
        unique_visitors: int = 0,
        pageviews: int = 0,
        downloads: int = 0,
        searches: int = 0,
        actions: int | None = None,
        bounces: int = 0,
        seconds: int = 0,
        longest: int | None = 0,
        max_actions: int = 0,
        size: int | None = 0,
    ) -> Self:
        """Make a summary from counts, and compute the rates in the same way for every provider.

        Args:
            visits: The number of visits that began.
            unique_visitors: The number of different visitors.
            pageviews: The number of page views.
            downloads: The number of downloads.
            searches: The number of site searches.
            actions: The number of actions; None for the sum of page views, downloads and searches.
            bounces: The number of visits with one action.
            seconds: The length of all visits together, in seconds.
            longest: The length of the longest visit, in seconds; None if it is unknown.
            max_actions: The largest number of actions in one visit.
            size: The size of all responses, in bytes; None if it is unknown.
        """
        actions = pageviews + downloads + searches if actions is None else actions
        each = max(visits, 1)
        return cls(
            visits=visits,
            unique_visitors=unique_visitors,
            actions=actions,
            pageviews=pageviews,
            downloads=downloads,
            searches=searches,
            bounces=bounces,
            bounce_rate=round(bounces / each, 4),
            actions_per_visit=round(actions / each, 2),
            average_visit_seconds=round(seconds / each, 1),
            total_visit_seconds=seconds,
            longest_visit_seconds=longest,
            max_actions=max_actions,
            bytes=size,
        )


class LineAccounting(StatModel):
    """Where the lines of the day's log files went: `lines = hits + filtered + rejected`.

    A log file may contain hits of the day before or after, so `hits` can differ from the summary's `actions`.
    """

    lines: Count
    """The number of lines in the day's log files."""
    hits: Count
    """The number of lines that are hits, including hits of the day before or after."""
    filtered: dict[str, Count]
    """The number of lines that were filtered out, by reason."""
    rejected: dict[str, Count]
    """The number of lines that could not be read, by reason."""

    @classmethod
    def of(cls, accounting: Accounting) -> Self:
        """From an import's accounting, with sorted reasons."""
        filtered, rejected = dict(sorted(accounting.filtered.items())), dict(sorted(accounting.rejected.items()))
        return cls(lines=accounting.lines, hits=accounting.hits, filtered=filtered, rejected=rejected)


class StatDocument(StatModel):
    """The statistics of one site on one day."""

    version: Literal[1] = 1
    """The version of this file's format."""
    site: str = Field(pattern=rf"^{SITE_NAME}$")
    """The site's name."""
    day: dt.date
    """The day, in the site's time zone."""
    timezone: str
    """The site's time zone."""
    source: Literal["warehouse", "matomo"]
    """Where the numbers come from."""
    generator: str
    """The program that wrote the file, with its version."""
    inputs: Inputs
    """What the statistics were made from."""
    complete: bool = True
    """True if all logs that may contain hits of the day were read. If logs are not cut at the site's midnight, the logs
    of the day before or after contain hits of the day as well; the file is made again when they have arrived."""
    lacking: tuple[str, ...] = ()
    """Why the day may be incomplete."""
    summary: Summary
    """The day in a few numbers."""
    tables: Tables
    """The day by page, referrer, browser and so on."""
    accounting: LineAccounting | None
    """Where the lines of the day's log files went; null if no import of the day is known."""


_NEXT_ROW = '}, {"label": '
"""What is between two rows: no label contains it, as a quotation mark within a text has a backslash before it."""


def _table(name: str, rows: tuple[Row, ...]) -> str:
    """A table with a line for each row. All rows are written at once, which takes half the time."""
    body = json.dumps([row.__dict__ for row in rows])[1:-1].replace(_NEXT_ROW, '},\n   {"label": ')
    return f'  "{name}": [\n   {body}\n  ]' if rows else f'  "{name}": []'


def dumps(document: StatDocument) -> bytes:
    """The document as ASCII JSON: keys in the order of the models, one line for each row of a table."""
    head = document.model_dump(mode="json", exclude={"tables", "accounting"})
    head["inputs"] = document.inputs.model_dump(exclude_none=True)
    tables = [(name, getattr(document.tables, name)) for name in ROWS]
    parts = [f' "{key}": {json.dumps(value)}' for key, value in head.items() if key != "summary"]
    parts.append(' "summary": ' + json.dumps(head["summary"], indent=1).replace("\n", "\n "))
    parts.append(
        ' "tables": {\n' + ",\n".join(_table(name, rows) for name, rows in tables if rows is not None) + "\n }"
    )
    accounting = document.accounting.model_dump() if document.accounting else None
    parts.append(' "accounting": ' + json.dumps(accounting, indent=1).replace("\n", "\n "))
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode("ascii")


def loads(data: bytes, where: str) -> StatDocument:
    """Parse the bytes of a `.stat` file; `where` names the file in errors.

    Raises:
        PermanentError: the file is damaged, not a `.stat` file, or of another version; with a hint.
    """
    try:
        return StatDocument.model_validate_json(data)
    except ValidationError as error:
        raise PermanentError(
            f"the .stat file is damaged: {_explain(error)}",
            where=where,
            hint="delete it and run `mtc stat` for its site and day to make it again",
        ) from None


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(piece) for piece in first["loc"])
    return ascii(f"{place}: {first['msg']}" if place else first["msg"])[1:-1]


def schema_text() -> str:
    """The JSON Schema of `.stat` files, as `schemas/stat.schema.json` holds it."""
    schema = StatDocument.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A .stat file of mtc"}
    return json.dumps({**head, **{key: value for key, value in schema.items() if key != "title"}}, indent=2) + "\n"


@dataclass(frozen=True, slots=True, order=True)
class StatFile:
    """The `.stat` file of a site's day."""

    site: str
    day: dt.date
    path: Path


def stat_file(stats: Path, site: str, day: dt.date) -> StatFile:
    """The file of a site's day in the folder `stats`, whether or not it exists."""
    return StatFile(site, day, stats / site / f"{day.isoformat()}.stat")


def list_stat_files(stats: Path) -> tuple[StatFile, ...]:
    """Every `.stat` file in the folder `stats`, in order of site and day.

    Raises:
        PermanentError: a file is not named by a day, or its folder not by a site.
    """
    paths = (path for path in stats.glob("*/*.stat") if not path.name.startswith("."))
    return tuple(sorted(_identify(path) for path in paths))


def _identify(path: Path) -> StatFile:
    try:
        day = dt.date.fromisoformat(path.stem)
    except ValueError:
        day = None
    if day is None or path.stem != day.isoformat() or not _SITE.fullmatch(path.parent.name):
        raise PermanentError(
            "not where a .stat file belongs, stats/SITE/YYYY-MM-DD.stat", where=str(path), hint="move it elsewhere"
        )
    return StatFile(path.parent.name, day, path)


def parse_stat_file(file: StatFile, data: bytes, where: str) -> StatDocument:
    """Parse the bytes of a file, and check its site and day; `where` names the file in errors.

    Raises:
        PermanentError: the file is damaged, or its document is of another site or day than its name says.
    """
    document = loads(data, where)
    if (document.site, document.day) != (file.site, file.day):
        raise PermanentError(
            f"the .stat file is of {document.site} on {document.day}, which is not what its name says",
            where=where,
            hint="put it back where it belongs, or delete it and run `mtc stat` for its site and day",
        )
    return document
