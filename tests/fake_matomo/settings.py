"""What a fake Matomo is set up with: its sites, who may do what, and its limits. No behaviour.

The defaults are those of a server as it is installed.
"""

import datetime as dt
from dataclasses import dataclass, field
from enum import IntEnum

SUPER = "a" * 32
"""The token of a super user, unless told otherwise."""
ADMIN = "b" * 32
"""The token of an administrator of every default site."""
WRITE = "c" * 32
"""The token of somebody who may write to every default site."""
VIEW = "d" * 32
"""The token of somebody who may only look at every default site."""


SEARCH_PARAMETERS = ("q", "query", "s", "search", "searchword", "k", "keyword", "keywords")
"""What names a search within a site, unless its settings say otherwise."""


class Role(IntEnum):
    """What a token may do with its sites; a higher one may do all that a lower one may."""

    VIEW = 1
    WRITE = 2
    ADMIN = 3
    SUPER = 4


@dataclass(frozen=True, slots=True)
class Site:
    """A web site that the server knows. The first address is its main one; `created` is the date it begins with."""

    id: int
    name: str
    urls: tuple[str, ...]
    timezone: str = "UTC"
    search_parameters: tuple[str, ...] = SEARCH_PARAMETERS
    """What names a search within the site; empty where that is switched off."""
    created: dt.date = dt.date(2010, 1, 1)


@dataclass(frozen=True, slots=True)
class Token:
    """Somebody's token. `sites` is not looked at for a super user, who may do all."""

    text: str = field(repr=False)
    role: Role
    sites: frozenset[int] = frozenset()


DOCS = Site(1, "docs", ("http://docs.example.org",))
SHOP = Site(2, "shop", ("http://shop.example.org", "https://www.shop.example.com/"), "Europe/Paris")
BLOG = Site(3, "blog", ("http://blog.example.org",), "America/New_York")
SITES = (DOCS, SHOP, BLOG)


def tokens_for(sites: tuple[Site, ...]) -> tuple[Token, ...]:
    """One token of each role for these sites."""
    ids = frozenset(site.id for site in sites)
    return (
        Token(SUPER, Role.SUPER),
        Token(ADMIN, Role.ADMIN, ids),
        Token(WRITE, Role.WRITE, ids),
        Token(VIEW, Role.VIEW, ids),
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """How the server is set up. Times are seconds; `None` tokens stand for one of each role for all sites."""

    sites: tuple[Site, ...] = SITES
    tokens: tuple[Token, ...] | None = None
    version: str = "5.1.2"
    require_authentication: bool = False
    """Matomo's `bulk_requests_require_authentication`."""
    basic_auth: tuple[str, str] | None = None
    """A user name and a password that a proxy in front asks for."""
    body_limit: int = 0
    """The largest body that a proxy in front lets through, in bytes; 0 for any."""
    row_limit: int = 500
    """How many rows a table keeps, the one that sums up the rest among them."""
    action_limit: int = 500
    """How many actions of a visit `Live` lists."""
    today_cache: float = 900
    """How old a report of today may be."""
    look_back: int = 1800
    """Within how long a visitor without an id is known again (`window_look_back_for_visitor`, at least 1800)."""
    clock_skew: float = 0
    """How far the server's clock is ahead."""
    refused: str = ""
    """A hit whose address holds this text is invalid, as a plug-in may have it; empty for none."""
    control: bool = False
    """Whether `/_fault`, `/_hits` and the like answer."""

    @property
    def assistants(self) -> bool:
        """Whether the server's version tells AI assistants from other websites."""
        return tuple(int(piece) for piece in self.version.partition("-")[0].split(".")) >= (5, 5)

    @property
    def all_tokens(self) -> tuple[Token, ...]:
        """The tokens that are known."""
        return tokens_for(self.sites) if self.tokens is None else self.tokens
