"""What a manifest may set about the lines of a log: the client's address, filters, and what is kept of a hit.

First the single values, each with its own check; then the models `ClientSettings` (a source's `client`), `Filters` and
`HitSettings`. `mtc.formats.client_address` and `mtc.formats.filters` turn them into SQL. No I/O, and no database: a
manifest is validated without one.
"""

import codecs
import datetime as dt
import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from mtc.core.frozen_model import Model
from mtc.formats.re2 import check_re2, groups

PRIVATE = "private"
_PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10"),
    *("::1/128", "fc00::/7", "fe80::/10"),
)
# Codecs that are no encodings of a text file: they escape, or read a single name.
_NO_ENCODINGS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})

SEARCH_PARAMETERS = ("q", "query", "s", "search", "searchword", "k", "keyword", "keywords")
"""Matomo's own (`SitesManager`, `DEFAULT_SEARCH_KEYWORD_PARAMETERS`)."""

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)


def _network(text: str) -> str:
    if text != PRIVATE:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            hint = "one looks like 10.0.0.0/8 or 2001:db8::/32; `private` stands for all that are not on the internet"
            raise ValueError(f"{text} is not a network; {hint}") from None
    return text


def _address(text: str) -> str:
    if "/" in text:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"{text} is not a network; one looks like 10.0.0.0/8 or 2001:db8::/32") from None
    return text


def _date_or_time(text: str) -> str:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is not a time of the calendar") from None
    return text


def _encoding(name: str) -> str:
    try:
        known = codecs.lookup(name).name
        b"a".decode(name, "replace")
    except UnicodeError:
        pass
    except LookupError:
        raise ValueError(f"there is no encoding {name}; one looks like utf-16, latin-1 or cp1252") from None
    if known in _NO_ENCODINGS:
        raise ValueError(f"{name} is not an encoding of text files")
    return name


def _regex(pattern: str) -> str:
    check_re2(pattern)
    return pattern


FieldName = Literal[
    "ip",
    "forwarded_for",
    "real_ip",
    "host",
    "user",
    "time",
    "date",
    "clock",
    "request",
    "method",
    "target",
    "path",
    "query",
    "protocol",
    "status",
    "bytes",
    "time_taken",
    "referrer",
    "user_agent",
]
"""A field of a line, as `fields` of a source names it."""
Network = Annotated[str, Field(min_length=1, examples=["10.0.0.0/8", PRIVATE]), AfterValidator(_network)]
Glob = Annotated[str, Field(min_length=1, examples=["/health*"])]
TextOrGlob = Annotated[str, Field(min_length=1, examples=["curl"])]
"""A text that is contained, or, where it has a `*`, a glob for the whole."""
Address = Annotated[str, Field(min_length=1, examples=["10.0.0.0/8", "192.0.2.*"]), AfterValidator(_address)]
"""A glob for an address, or a network."""
DateOrTime = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$",
        examples=["2026-05-01", "2026-05-01T06:00:00+02:00"],
    ),
    AfterValidator(_date_or_time),
]
"""A day, or a time; one without an offset is in the site's zone."""
Encoding = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", examples=["utf-16", "latin-1"]), AfterValidator(_encoding)]
Extension = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-]+$", examples=["pdf"])]
"""The part of a path behind its last dot."""
Regex = Annotated[str, Field(min_length=1, examples=["^/v[0-9]+/"]), AfterValidator(_regex)]
"""A regular expression that RE2 reads (`re2.check_re2`)."""
SearchParameter = Annotated[str, Field(pattern=r"^[^&=#\s\[\]]{1,64}$")]


class ClientSettings(Model):
    """Which address of a line is the client's, if there are proxies in front of the server."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [{"from": ["forwarded_for", "ip"], "trusted": ["private", "203.0.113.0/24"]}],
        },
    )

    from_: Annotated[
        tuple[Literal["ip", "real_ip", "forwarded_for"], ...],
        Field(alias="from", min_length=1, examples=[["forwarded_for", "ip"]]),
    ] = ("ip",)
    """The first of these fields that holds an address is the client's. `ip` is the client as the format has it,
    `forwarded_for` the list that proxies write (`X-Forwarded-For`, `Forwarded`), `real_ip` the client as the last proxy
    found it (`X-Real-IP`, `CF-Connecting-IP`, `True-Client-IP`)."""
    trusted: Annotated[tuple[Network, ...], Field(examples=[["10.0.0.0/8", "2001:db8::/32"]])] = (PRIVATE,)
    """The networks of your own proxies. From a list of addresses, the right-most that is in none of them is the
    client's; if all are trusted, the left-most. `private` stands for the networks that are not on the internet (RFC
    1918, loopback, link-local, shared and unique local addresses)."""
    host_names: bool = False
    """Whether a client that the log knows only by its host name (Apache's `HostnameLookups`) counts as a visitor of
    that name. Otherwise its lines are rejected."""

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that are trusted."""
        listed = (_PRIVATE if text == PRIVATE else (text,) for text in self.trusted)
        return tuple(network for networks in listed for network in networks)


class Filters(Model):
    """Which requests count as hits. The defaults are those of Matomo's own importer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "exclude_paths": ["/health*"],
                    "exclude_ips": ["10.0.0.0/8"],
                    "exclude_user_agents": ["*monitor*"],
                    "errors": True,
                }
            ]
        },
    )

    bots: bool = False
    """Whether requests of robots count, health checks among them."""
    static: bool = False
    """Whether images, style sheets, scripts and fonts count (as downloads)."""
    errors: bool = False
    """Whether answers with a status of 400 or more count."""
    redirects: bool = False
    """Whether answers with a status of 300 to 399 count; 304 always does."""
    methods: Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Z]+$")], ...], Field(examples=[["GET", "POST"]])] = ()
    """Only requests with one of these methods count; empty means all."""
    include_paths: tuple[Glob, ...] = ()
    """Only requests for a path that fits one of these globs count; empty means all."""
    exclude_paths: tuple[Glob, ...] = ()
    """Requests for a path that fits one of these globs do not count."""
    hosts: Annotated[tuple[Glob, ...], Field(examples=[["*.example.org"]])] = ()
    """Only requests to a host name that fits one of these globs count; lines that name no host always do."""
    exclude_hosts: Annotated[tuple[Glob, ...], Field(examples=[["test.example.org"]])] = ()
    """Requests to a host name that fits one of these globs do not count."""
    include_ips: tuple[Address, ...] = ()
    """Only requests from an address that fits one of these globs or lies in one of these networks count; empty means
    all."""
    exclude_ips: tuple[Address, ...] = ()
    """Requests from an address that fits one of these globs or lies in one of these networks do not count."""
    exclude_referrers: Annotated[tuple[TextOrGlob, ...], Field(examples=[["semalt.com", "http://*.example/*"]])] = ()
    """Requests whose referrer contains one of these texts do not count; one with a `*` is a glob for the whole. The
    case does not matter."""
    exclude_user_agents: Annotated[tuple[TextOrGlob, ...], Field(examples=[["curl", "*monitor/1.*"]])] = ()
    """Requests whose user agent contains one of these texts do not count; one with a `*` is a glob for the whole. The
    case does not matter."""
    exclude_older_than: DateOrTime | None = None
    """Requests from before this day or time do not count."""
    exclude_newer_than: DateOrTime | None = None
    """Requests from after this day or time do not count."""
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.05
    """The share of unreadable lines, of an object of at least 100, above which its step fails."""

    @model_validator(mode="after")
    def _order_of_times(self) -> Self:
        older, newer = self.exclude_older_than, self.exclude_newer_than
        if older and newer and older[:10] > newer[:10]:
            raise ValueError(f"nothing is as old as {newer} and as new as {older}")
        return self


class PathRule(Model):
    """What to replace in a path, wherever an expression matches."""

    find: Regex
    """A regular expression in RE2's syntax."""
    replace: Annotated[str, Field(examples=["/docs/\\1"])]
    """The replacement; `\\1` is what the first group matched."""

    @model_validator(mode="after")
    def _groups_are_there(self) -> Self:
        known = groups(self.find)
        for escaped in _ESCAPE.findall(self.replace):
            if escaped != "\\" and not (escaped.isdecimal() and escaped.isascii()):
                raise ValueError("a backslash stands before a group's number, or before another")
            if escaped != "\\" and int(escaped) > known:
                raise ValueError(f"\\{escaped} is a group that the expression does not have")
        return self


class HitSettings(Model):
    """What is stored of a hit. Filters come first: they see what the log says."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "exclude_query_parameters": ["utm_*", "sid"],
                    "replace_paths": [{"find": "^/v[0-9]+/", "replace": "/"}],
                    "anonymise_ips": 2,
                }
            ]
        },
    )

    strip_query: bool = False
    """Whether to drop the query."""
    query_delimiter: Annotated[str, Field(min_length=1, max_length=8, examples=["?", ";"])] = "?"
    """What separates path and query, where a log has them in one field."""
    exclude_query_parameters: Annotated[tuple[Glob, ...], Field(examples=[["utm_*", "sid"]])] = ()
    """Globs for the names of query parameters to drop; the case does not matter."""
    lowercase_paths: bool = False
    """Whether paths that differ only in case are the same page."""
    replace_paths: Annotated[tuple[PathRule, ...], Field(examples=[[{"find": "^/v[0-9]+/", "replace": "/"}]])] = ()
    """What to replace in paths, in this order, after `lowercase_paths`."""
    path_prefix: Annotated[str, Field(pattern=r"^(/.*)?$", examples=["/docs"])] = ""
    """What to put before every path, after all other rules."""
    download_extensions: Annotated[tuple[Extension, ...], Field(examples=[["pdf", "zip"]])] | None = None
    """The file extensions of downloads, in place of Matomo's list. Files that are only in Matomo's list do not
    count."""
    add_download_extensions: Annotated[tuple[Extension, ...], Field(examples=[["parquet"]])] = ()
    """Further file extensions of downloads."""
    search_parameters: Annotated[tuple[SearchParameter, ...], Field(examples=[["q", "s"], []])] = SEARCH_PARAMETERS
    """The query parameters that hold the keyword of a search within the site, in order of preference; the case does not
    matter. A hit that has one is a search, not a page view. The default is Matomo's; an empty list turns searches off.
    Where statistics come from Matomo, its own settings decide. Affects statistics only, not imports."""
    anonymise_ips: Annotated[int, Field(ge=0, le=4, examples=[2])] = 0
    """How many bytes of an address to mask, as Matomo does: the last 1 to 4 of an IPv4 address; of an IPv6 address all
    but the first 64, 48 or 24 bits, or all. A host name is masked as a whole. Rejected lines are kept as they are."""
