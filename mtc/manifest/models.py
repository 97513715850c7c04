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
    """Where logs lie, and how they read."""

    url: Annotated[
        str,
        Field(
            min_length=1,
            examples=["s3://acme-logs/{site}/{date:%Y/%m/%d}/*.gz", "logs/{site}/{date:%Y-%m-%d}*.log*"],
        ),
    ]
    """A folder's path or an `s3://` URL, with `{site}`, `{date:FORMAT}` and the globs `*`, `?` and `**`."""
    format: FormatChoice = "auto"
    """`auto`, a format's name, or one's own: `{regex: ...}`, `{apache: ...}`, `{nginx: ...}` or `{json: ...}`."""
    credentials: Annotated[str, Field(min_length=1)] | None = None
    """Which entry of `credentials` reads this source."""
    settle: Duration = "6h"
    """How long after a day's end its objects may still arrive."""
    timezone: Zone | None = None
    """The zone of times in logs that name none: by default the site's, and UTC where the format is defined so."""
    shift: Annotated[str, Field(pattern=r"^-?[0-9]+(s|m|h|d)$", examples=["-1h"])] | None = None
    """What to add to every time, for a clock that was wrong."""
    encoding: Encoding | None = None
    """The encoding of the logs, where it is not UTF-8; a byte order mark at the beginning of a file says more."""
    fields: Annotated[
        dict[FieldName, Annotated[str, Field(min_length=1)]],
        Field(examples=[{"ip": "c-forwarded", "host": "cs(Host)"}]),
    ] = {}  # noqa: RUF012 (pydantic copies it)
    """Which column, key or label of the format a field is read from, where it is another than the format's own: columns
    of W3C and CSV, keys of JSON (`request.headers.Host`), labels of LTSV and logfmt, groups of others."""
    client: ClientSettings | None = None
    """Which address of a line is the client's, where proxies stand in front of the server."""
    vanished: Literal["keep", "drop"] = "keep"
    """What becomes of the hits of an object that is no longer in the source: logs are often deleted after a while."""

    duplicates: Literal["skip", "keep"] = "skip"
    """Whether logs of the site with the same lines, whatever they are called and however they are compressed, count
    once (`skip`) or each (`keep`, for servers whose short logs may be alike by chance)."""


class Folder(Model):
    """A folder of the project."""

    path: Annotated[str, Field(min_length=1)]
    """A path, relative to the project."""


class Stats(Folder):
    """Where `.stat` files go, who answers, and what tells them more than the hits do."""

    model_config = ConfigDict(populate_by_name=True)

    path: Annotated[str, Field(min_length=1)] = "stats"
    """A path, relative to the project."""
    from_: Annotated[Literal["warehouse", "matomo"] | None, Field(alias="from")] = None
    """Who answers: by default Matomo where hits are delivered to it, else the warehouse."""
    countries: Annotated[str, Field(min_length=1, examples=["geo/GeoLite2-Country.mmdb"])] | None = None
    """A database that tells the countries of addresses: an `.mmdb` file of MaxMind's format, its path relative to the
    project. Needs `pip install 'mtc[geo]'`. With another path, or none, statistics are made again; a newer database
    under the same path tells only what is made from then on."""


class Freshness(Model):
    """When it is said that a site's logs have stopped coming, counted from the end of the last day that had any.

    The time that they may take to arrive (`source.settle`) is added.
    """

    warn_after: Duration | None = None
    """When a run warns, also with `--quiet`: by default after a day without logs of a site that had some on each of the
    seven days before. Given, it holds for every site that ever had logs."""
    error_after: Duration | None = None
    """When a run ends with exit code 3; never by default."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.warn_after and self.error_after and seconds(self.warn_after) > seconds(self.error_after):
            raise ValueError(f"warn_after {self.warn_after} is longer than error_after {self.error_after}")
        return self


class Site(Model):
    """One web site. Its own keys win over those of the manifest."""

    url: Annotated[str, Field(pattern=r"^https?://", examples=["https://docs.example.org"])] | None = None
    """The site's address: a referrer with its host is no other website."""
    matomo_id: Annotated[int, Field(ge=1)] | None = None
    """The site's number in Matomo; without it, it is asked for by `url`."""
    matomo: bool = True
    """Whether this site's hits are delivered, where the manifest has a `matomo:`."""
    timezone: Zone | None = None
    """The zone in which this site's days begin and end."""
    source: Source | None = None
    """A source of its own; keys that are not given come from the manifest's."""
    archive: Archive | None = None
    """An archive of its own; `null` for none."""
    hosts: Annotated[tuple[Glob, ...], Field(examples=[["docs.example.org", "*.docs.example.org"]])] = ()
    """Globs for its host names, besides the one of its `url`, where one log holds several sites' lines: lines of other
    hosts are filtered, lines that name none count. Stands for `filters: {hosts: ...}`."""
    filters: Filters | None = None
    """Filters of its own; keys that are not given come from the manifest's."""
    hits: HitSettings | None = None
    """Hit rules of its own; keys that are not given come from the manifest's."""
    freshness: Freshness | Literal["off"] | None = None
    """Freshness of its own; keys that are not given come from the manifest's."""
    format: FormatChoice | None = None
    """How its lines read; short for `source: {format: ...}`."""


class Run(Model):
    """How `apply` works."""

    jobs: Annotated[int, Field(ge=1, le=64)] = 2
    """How many tasks run at a time."""
    retries: Annotated[int, Field(ge=0, le=20)] = 3
    """How often a step is tried again after an error that may pass."""
    backoff: Duration = "2s"
    """The pause before the first new try; it doubles with each, up to a minute."""
    memory: Bytes = "800MB"
    """How much memory the embedded database may use before it goes to disk."""


SiteName = Annotated[str, Field(pattern=rf"^{SITE_NAME}$")]


class Manifest(Model):
    """What should be true: which sites, which days, which stages, from where to where."""

    version: Literal[1]
    """The version of this file's language."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$", examples=["daily"])] = "mtc"
    """What runs of this manifest are called."""
    dates: Dates = "yesterday"
    """Which days: `today`, `yesterday`, a date, `{last: 7}`, or `{from: 2026-01-01, to: 2026-03-31}`."""
    catch_up: Annotated[int, Field(ge=0, le=3660, examples=[7])] = 30
    """How many days back `apply` catches up the days that no run came to, where `dates` move with the calendar; 0 for
    none."""
    freshness: Freshness | Literal["off"] = Freshness()
    """When it is said that a site's logs have stopped coming; `off` for never."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)] = (Stage.IMPORT, Stage.STAT, Stage.CSV)
    """Which stages: `import`, `stat` and `csv`."""
    timezone: Zone = "UTC"
    """The zone in which days begin and end, for sites that have none of their own."""
    source: Source | None = None
    """Where logs lie; every site needs one, from here or its own."""
    archive: Archive | None = None
    """Where imported objects are copied to; none by default."""
    warehouse: Folder = Folder(path="warehouse")
    """The embedded store."""
    matomo: Matomo | None = None
    """The Matomo server to deliver to; without it the warehouse alone answers."""
    stats: Stats = Stats()
    """Where `.stat` files go, and a database of countries for them."""
    csv: Folder = Folder(path="csv")
    """Where CSV files go."""
    state: Annotated[str, Field(min_length=1)] = ".mtc/state.db"
    """The state file."""
    filters: Filters = Filters()
    """What counts as a hit."""
    hits: HitSettings = HitSettings()
    """What is kept of a request that counts."""
    sites: Annotated[dict[SiteName, Site], Field(min_length=1)]
    """The web sites, by name."""
    credentials: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")], Credentials] = {}  # noqa: RUF012 (pydantic copies it)
    """Ways to sign in, by name."""
    run: Run = Run()
    """How `apply` works."""

    @field_validator("stages")
    @classmethod
    def _each_once(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        return tuple(stage for stage in Stage if stage in stages)
