"""The shapes of a manifest. Descriptions and examples here are what an editor shows and the schema carries.

A model here never reads a file or a clock.
"""

import zoneinfo
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from mtc.core.frozen_model import Duration, Model, seconds
from mtc.core.model import SITE_NAME, Stage
from mtc.formats.custom_formats import FormatChoice
from mtc.formats.settings import ClientSettings, Encoding, FieldName, Filters, Glob, HitSettings
from mtc.manifest.dates import Dates
from mtc.matomo.settings import Matomo
from mtc.sources.settings import Archive, Credentials


def _zone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text!r} is not a time zone") from None
    return text


Zone = Annotated[str, AfterValidator(_zone), Field(examples=["Europe/Paris", "UTC"])]
Bytes = Annotated[str, Field(pattern=r"^[0-9]+(MB|GB)$", examples=["800MB", "4GB"])]


class Source(Model):
    """Where the logs are, and how they are read."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "s3://acme-logs/{site}/{date:%Y/%m/%d}/*.gz",
                    "format": "combined",
                    "settle": "12h",
                }
            ]
        },
    )

    url: Annotated[
        str,
        Field(
            min_length=1,
            examples=[
                "s3://acme-logs/{site}/{date:%Y/%m/%d}/*.gz",
                "logs/{site}/{date:%Y-%m-%d}*.log*",
                "/var/log/nginx/access.log*",
            ],
        ),
    ]
    """A folder's path or an `s3://` URL, with `{site}`, `{date:FORMAT}` and the globs `*`, `?` and `**`. Without a date
    the logs may grow and be rotated: each run reads what is new in them."""
    format: FormatChoice = "auto"
    """`auto`, the name of a format, or a format of your own such as `{nginx: ...}` or `{json: ...}`."""
    credentials: Annotated[str, Field(min_length=1)] | None = None
    """Which entry of `credentials` reads this source."""
    settle: Duration = "6h"
    """How long after a day's end its objects may still arrive. In logs that grow, how long after the last write a line
    without its end counts as a whole one."""
    timezone: Zone | None = None
    """The time zone of times that have no offset. By default the site's, or UTC for formats that are defined in UTC."""
    shift: Annotated[str, Field(pattern=r"^-?[0-9]+(s|m|h|d)$", examples=["-1h"])] | None = None
    """A duration to add to every time, to correct a clock that was wrong."""
    encoding: Encoding | None = None
    """The encoding of the logs, if it is not UTF-8. A byte order mark at the beginning of a file takes precedence."""
    fields: Annotated[
        dict[FieldName, Annotated[str, Field(min_length=1)]],
        Field(examples=[{"ip": "c-forwarded", "host": "cs(Host)"}]),
    ] = {}  # noqa: RUF012 (pydantic copies it)
    """Where to read a field from, instead of where the format has it: a column of W3C or CSV, a key of JSON
    (`request.headers.Host`), a label of LTSV or logfmt, a group of any other format."""
    client: ClientSettings | None = None
    """Which address of a line is the client's, if there are proxies in front of the server."""
    vanished: Literal["keep", "drop"] = "keep"
    """What to do with the hits of a log that is no longer in the source. Logs are often deleted after a while, so the
    hits are kept by default."""
    duplicates: Literal["skip", "keep"] = "skip"
    """What to do with logs of a site that have the same lines, whatever their names and compression: count one of them
    (`skip`), or all (`keep`, for servers whose short logs may be identical by chance)."""


class Folder(Model):
    """A folder of the project."""

    path: Annotated[str, Field(min_length=1)]
    """A path, relative to the project."""


class Stats(Folder):
    """Where `.stat` files go, and where their numbers come from."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={"examples": [{"path": "stats", "countries": "geo/GeoLite2-Country.mmdb"}]},
    )

    path: Annotated[str, Field(min_length=1)] = "stats"
    """A path, relative to the project."""
    from_: Annotated[Literal["warehouse", "matomo"] | None, Field(alias="from")] = None
    """Where the numbers come from. By default from Matomo if hits are delivered to it, otherwise from the warehouse."""
    countries: Annotated[str, Field(min_length=1, examples=["geo/GeoLite2-Country.mmdb"])] | None = None
    """A database that gives the country of an address: the path of an `.mmdb` file in MaxMind's format, relative to the
    project. It needs the extra `geo` (`pip install '.[geo]'`). If the path changes, statistics are made again. A newer
    database at the same path is used only for statistics that are made from then on."""


class Freshness(Model):
    """When mtc reports that a site's logs have stopped arriving. Times count from the end of the last day with logs.

    The time that logs may take to arrive (`source.settle`) is added.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"warn_after": "2d", "error_after": "3d"}]})

    warn_after: Duration | None = None
    """When a run warns, even with `--quiet`. By default after one day without logs, for a site that had logs on each of
    the seven days before. If you set it, it applies to every site that ever had logs."""
    error_after: Duration | None = None
    """When a run exits with 3. By default never."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.warn_after and self.error_after and seconds(self.warn_after) > seconds(self.error_after):
            raise ValueError(f"warn_after {self.warn_after} is longer than error_after {self.error_after}")
        return self


class Site(Model):
    """One web site. Its own keys take precedence over those of the manifest."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://docs.example.org",
                    "timezone": "Europe/Paris",
                    "source": {"url": "logs/docs/{date:%Y-%m-%d}.log"},
                    "filters": {"errors": True},
                }
            ]
        },
    )

    url: Annotated[str, Field(pattern=r"^https?://", examples=["https://docs.example.org"])] | None = None
    """The site's address. A referrer with its host counts as the site itself."""
    matomo_id: Annotated[int, Field(ge=1)] | None = None
    """The site's number in Matomo. Without it, mtc looks the site up by its `url`."""
    matomo: bool = True
    """Deliver this site's hits, if the manifest has `matomo:`."""
    timezone: Zone | None = None
    """The time zone in which this site's days begin and end."""
    source: Source | None = None
    """The source of this site. Keys that are not set come from the manifest's."""
    archive: Archive | None = None
    """The archive of this site; `null` for none."""
    hosts: Annotated[tuple[Glob, ...], Field(examples=[["docs.example.org", "*.docs.example.org"]])] = ()
    """Globs for the site's host names, in addition to the host of its `url`, for a log with lines of several sites.
    Lines of other hosts are filtered; lines without a host count. Short for `filters: {hosts: ...}`."""
    filters: Filters | None = None
    """Filters of this site. Keys that are not set come from the manifest's."""
    hits: HitSettings | None = None
    """Hit rules of this site. Keys that are not set come from the manifest's."""
    freshness: Freshness | Literal["off"] | None = None
    """Freshness of this site. Keys that are not set come from the manifest's."""
    format: FormatChoice | None = None
    """The format of its logs. Short for `source: {format: ...}`."""


class Run(Model):
    """How much `mtc apply` does at once, how much memory it uses, and how it retries."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"jobs": 4, "memory": "4GB"}]})

    jobs: Annotated[int, Field(ge=1, le=64)] = 2
    """How many tasks run at a time."""
    retries: Annotated[int, Field(ge=0, le=20)] = 3
    """How often a step is retried after a temporary error."""
    backoff: Duration = "2s"
    """The pause before the first retry. It doubles with each retry, up to a minute."""
    memory: Bytes = "800MB"
    """How much memory the embedded database may use before it spills to disk."""


SiteName = Annotated[str, Field(pattern=rf"^{SITE_NAME}$")]


class Manifest(Model):
    """The result that you want: which sites, days and stages, where the logs are, and where results go."""

    version: Literal[1]
    """The version of the manifest's language."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$", examples=["daily"])] = "mtc"
    """The manifest's name in reports and logs."""
    dates: Dates = "yesterday"
    """Which days: `today`, `yesterday`, a date, `{last: 7}`, or `{from: 2026-01-01, to: 2026-03-31}`."""
    catch_up: Annotated[int, Field(ge=0, le=3660, examples=[7])] = 30
    """How many days back `mtc apply` catches up on days that no run has processed. It applies if `dates` is `today`,
    `yesterday` or `{last: N}`. 0 turns it off."""
    freshness: Freshness | Literal["off"] = Freshness()
    """When mtc reports that a site's logs have stopped arriving; `off` for never."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)] = (Stage.IMPORT, Stage.STAT, Stage.CSV)
    """Which stages: `import`, `stat` and `csv`."""
    timezone: Zone = "UTC"
    """The time zone in which days begin and end, for sites that do not set one."""
    source: Source | None = None
    """Where the logs are. Every site needs a source, this one or its own."""
    archive: Archive | None = None
    """Where imported logs are copied to. By default nowhere."""
    warehouse: Folder = Folder(path="warehouse")
    """The folder for the hits, as Parquet files."""
    matomo: Matomo | None = None
    """The Matomo server to deliver hits to. Without it, mtc counts visits itself."""
    stats: Stats = Stats()
    """Where `.stat` files go, and where their numbers come from."""
    csv: Folder = Folder(path="csv")
    """Where CSV files go."""
    state: Annotated[str, Field(min_length=1)] = ".mtc/state.db"
    """The state file."""
    filters: Filters = Filters()
    """Which requests count as hits."""
    hits: HitSettings = HitSettings()
    """What is stored of each hit."""
    sites: Annotated[dict[SiteName, Site], Field(min_length=1)]
    """The web sites, by name."""
    credentials: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")], Credentials] = {}  # noqa: RUF012 (pydantic copies it)
    """Credentials for S3, by name."""
    run: Run = Run()
    """How much `mtc apply` does at once, how much memory it uses, and how it retries."""

    @field_validator("stages")
    @classmethod
    def _each_once(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        return tuple(stage for stage in Stage if stage in stages)
