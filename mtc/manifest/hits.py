"""What is kept of a request that counts: the `hits` section of a manifest and of a site."""

import re
from typing import Annotated, Self

from pydantic import Field, model_validator

from mtc.manifest.re2 import groups
from mtc.manifest.strict import Model
from mtc.manifest.values import Extension, Glob, Regex

SEARCH_PARAMETERS = ("q", "query", "s", "search", "searchword", "k", "keyword", "keywords")
"""Matomo's own (`SitesManager`, `DEFAULT_SEARCH_KEYWORD_PARAMETERS`)."""

SearchParameter = Annotated[str, Field(pattern=r"^[^&=#\s\[\]]{1,64}$")]

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)


class PathRule(Model):
    """What to put in a path for each piece that an expression finds."""

    find: Regex
    """A regular expression as RE2 reads them."""
    replace: Annotated[str, Field(examples=["/docs/\\1"])]
    """What to put there; `\\1` is what the first group found."""

    @model_validator(mode="after")
    def _groups_are_there(self) -> Self:
        known = groups(self.find)
        for escaped in _ESCAPE.findall(self.replace):
            if escaped != "\\" and not (escaped.isdecimal() and escaped.isascii()):
                raise ValueError("a backslash stands before a group's number, or before another")
            if escaped != "\\" and int(escaped) > known:
                raise ValueError(f"\\{escaped} is a group that the expression does not have")
        return self


class Hits(Model):
    """What is kept of a request that counts. Filters come first: they judge what the log says."""

    strip_query: bool = False
    """Whether to forget what follows the path."""
    query_delimiter: Annotated[str, Field(min_length=1, max_length=8, examples=["?", ";"])] = "?"
    """What parts path and query, where a log has them in one."""
    exclude_query_parameters: Annotated[tuple[Glob, ...], Field(examples=[["utm_*", "sid"]])] = ()
    """Globs for the names of query parameters to forget, whatever the case."""
    lowercase_paths: bool = False
    """Whether paths that differ only in their case are one."""
    replace_paths: Annotated[tuple[PathRule, ...], Field(examples=[[{"find": "^/v[0-9]+/", "replace": "/"}]])] = ()
    """What to replace in paths, in this order, after `lowercase_paths`."""
    path_prefix: Annotated[str, Field(pattern=r"^(/.*)?$", examples=["/docs"])] = ""
    """What to put before every path, at last."""
    download_extensions: Annotated[tuple[Extension, ...], Field(examples=[["pdf", "zip"]])] | None = None
    """The file extensions of downloads, in place of Matomo's list; files of that list that are not in yours do not
    count."""
    add_download_extensions: Annotated[tuple[Extension, ...], Field(examples=[["parquet"]])] = ()
    """Further file extensions of downloads."""
    search_parameters: Annotated[tuple[SearchParameter, ...], Field(examples=[["q", "s"], []])] = SEARCH_PARAMETERS
    """The query parameters that name what was searched for within the site, the first one first, whatever the case: a
    hit that has one is a search, no page view. By default Matomo's; an empty list for none, as its site's settings may
    have it. Where Matomo answers, its own settings decide. Changes statistics alone, and no import."""
    anonymise_ips: Annotated[int, Field(ge=0, le=4, examples=[2])] = 0
    """How many bytes of an address to forget, as Matomo does: of an IPv4 address the last 1 to 4, of an IPv6 address
    all but the first 64, 48 or 24 bits, or all. What is no address is forgotten wholly. Rejected lines are kept as they
    are."""
