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
            hint = "one looks like 10.0.0.0/8 or 2001:db8::/32; `private` means all that are not on the internet"
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
        raise ValueError(f"{text} is not a valid time") from None
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
    """Where to take the client's address from: the first of these fields that contains one. `ip` is the client as the
    format defines it, `forwarded_for` the list that proxies write (`X-Forwarded-For`, `Forwarded`), `real_ip` the
    client as the last proxy saw it (`X-Real-IP`, `CF-Connecting-IP`, `True-Client-IP`)."""
    trusted: Annotated[tuple[Network, ...], Field(examples=[["10.0.0.0/8", "2001:db8::/32"]])] = (PRIVATE,)
    """The networks of your own proxies. In a list of addresses, the right-most one that is in none of these networks is
    the client's; if all are trusted, the left-most. `private` means all networks that are not on the internet (RFC
    1918, loopback, link-local, shared and unique local addresses)."""
    host_names: bool = False
    """Accept host names in place of addresses (Apache's `HostnameLookups`). Otherwise such lines are rejected."""

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
    """Count requests of robots, including health checks."""
    static: bool = False
    """Count requests for images, style sheets, scripts and fonts, as downloads."""
    errors: bool = False
    """Count responses with a status of 400 or higher."""
    redirects: bool = False
    """Count responses with a status of 300 to 399. 304 always counts."""
    methods: Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Z]+$")], ...], Field(examples=[["GET", "POST"]])] = ()
    """Count only requests with one of these methods. By default all."""
    include_paths: tuple[Glob, ...] = ()
    """Count only requests whose path matches one of these globs. By default all."""
    exclude_paths: tuple[Glob, ...] = ()
    """Do not count requests whose path matches one of these globs."""
    hosts: Annotated[tuple[Glob, ...], Field(examples=[["*.example.org"]])] = ()
    """Count only requests to a host name that matches one of these globs. By default all. Lines without a host always
    count."""
    exclude_hosts: Annotated[tuple[Glob, ...], Field(examples=[["test.example.org"]])] = ()
    """Do not count requests to a host name that matches one of these globs."""
    include_ips: tuple[Address, ...] = ()
    """Count only requests from an address that matches one of these globs or is in one of these networks. By default
    all."""
    exclude_ips: tuple[Address, ...] = ()
    """Do not count requests from an address that matches one of these globs or is in one of these networks."""
    exclude_referrers: Annotated[tuple[TextOrGlob, ...], Field(examples=[["semalt.com", "http://*.example/*"]])] = ()
    """Do not count requests whose referrer contains one of these texts. A text with a `*` is a glob for the whole
    referrer. Upper and lower case are the same."""
    exclude_user_agents: Annotated[tuple[TextOrGlob, ...], Field(examples=[["curl", "*monitor/1.*"]])] = ()
    """Do not count requests whose user agent contains one of these texts. A text with a `*` is a glob for the whole
    user agent. Upper and lower case are the same."""
    exclude_older_than: DateOrTime | None = None
    """Do not count requests from before this day or time."""
    exclude_newer_than: DateOrTime | None = None
    """Do not count requests from after this day or time."""
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.05
    """The share of lines that may be rejected before the step fails. It applies to objects of at least 100 lines, and
    to all objects of a step together."""

    @model_validator(mode="after")
    def _order_of_times(self) -> Self:
        older, newer = self.exclude_older_than, self.exclude_newer_than
        if older and newer and older[:10] > newer[:10]:
            raise ValueError(f"nothing is as old as {newer} and as new as {older}")
        return self


class PathRule(Model):
    """A replacement in paths, wherever an expression matches."""

    find: Regex
    """A regular expression in RE2's syntax."""
    replace: Annotated[str, Field(examples=["/docs/\\1"])]
    """The replacement; `\\1` is what the first group matched."""

    @model_validator(mode="after")
    def _groups_are_there(self) -> Self:
        known = groups(self.find)
        for escaped in _ESCAPE.findall(self.replace):
            if escaped != "\\" and not (escaped.isdecimal() and escaped.isascii()):
                raise ValueError("a backslash must come before a group's number, or before another backslash")
            if escaped != "\\" and int(escaped) > known:
                raise ValueError(f"\\{escaped} is a group that the expression does not have")
        return self


class HitSettings(Model):
    """What is stored of each hit. Filters apply first, and see the request as the log has it."""

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
    """Drop the query."""
    query_delimiter: Annotated[str, Field(min_length=1, max_length=8, examples=["?", ";"])] = "?"
    """The text between path and query, in logs that have both in one field."""
    exclude_query_parameters: Annotated[tuple[Glob, ...], Field(examples=[["utm_*", "sid"]])] = ()
    """Globs for the names of query parameters to drop. Upper and lower case are the same."""
    lowercase_paths: bool = False
    """Write paths in lower case, so that paths that differ only in case are one page."""
    replace_paths: Annotated[tuple[PathRule, ...], Field(examples=[[{"find": "^/v[0-9]+/", "replace": "/"}]])] = ()
    """Replacements in paths, applied in this order, after `lowercase_paths`."""
    path_prefix: Annotated[str, Field(pattern=r"^(/.*)?$", examples=["/docs"])] = ""
    """A text to put before every path, after all other rules."""
    download_extensions: Annotated[tuple[Extension, ...], Field(examples=[["pdf", "zip"]])] | None = None
    """The file extensions that count as downloads. By default those of Matomo's list. With a list of your own, files
    whose extension is only in Matomo's list are filtered."""
    add_download_extensions: Annotated[tuple[Extension, ...], Field(examples=[["parquet"]])] = ()
    """More file extensions that count as downloads, in addition to those of `download_extensions`."""
    search_parameters: Annotated[tuple[SearchParameter, ...], Field(examples=[["q", "s"], []])] = SEARCH_PARAMETERS
    """The query parameters that contain the keyword of a site search, in order of preference. Upper and lower case are
    the same. A hit with one of them is a search, not a page view. The default is Matomo's; an empty list turns searches
    off. If statistics come from Matomo, its own settings apply. A change affects statistics only, not imports."""
    anonymise_ips: Annotated[int, Field(ge=0, le=4, examples=[2])] = 0
    """How many bytes of an address to mask, as Matomo does. 1 to 4 masks as many bytes at the end of an IPv4 address.
    Of an IPv6 address, 1 keeps the first 64 bits, 2 keeps 48, 3 keeps 24, and 4 none. A host name is masked completely.
    Rejected lines are kept unmasked."""
