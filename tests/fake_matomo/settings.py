"""The configuration of a fake Matomo: its sites, tokens and their rights, its limits. Tokens are compared here alone.

The defaults are those of a new installation.
"""

import datetime as dt
from dataclasses import dataclass, field
from enum import IntEnum

SUPER = "a" * 32
"""The token of a super user, by default."""
ADMIN = "b" * 32
"""The token of an administrator of every default site."""
WRITE = "c" * 32
"""The token of a user with write access to every default site."""
VIEW = "d" * 32
"""The token of a user with view access to every default site."""


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


NOBODY = Token("", Role.VIEW)
"""A request without a token, or with a wrong one: it sees no site."""


class Rights:
    """What the tokens of the settings may do."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = {token.text: token for token in settings.all_tokens}
        self._sites = frozenset(site.id for site in settings.sites)

    def known(self, text: str) -> bool:
        """Whether this is a token."""
        return text in self._tokens

    def who(self, text: str) -> Token:
        """The token with this text; `NOBODY` if there is none."""
        return self._tokens.get(text, NOBODY)

    def is_super(self, text: str) -> bool:
        """Whether this is a super user's token."""
        return self.who(text).role is Role.SUPER

    def sites(self, text: str, *roles: Role) -> frozenset[int]:
        """The sites of a token whose role is one of these; every site for a super user."""
        token = self.who(text)
        if token.role is Role.SUPER:
            return self._sites
        return token.sites & self._sites if token.role in roles else frozenset()

    def may_view(self, text: str, site: int) -> bool:
        """Whether the token's owner may read a site's reports."""
        return site in self.sites(text, Role.VIEW, Role.WRITE, Role.ADMIN)

    def may_write(self, text: str, site: int) -> bool:
        """Whether the token's owner may set the time and address of a hit."""
        return site in self.sites(text, Role.WRITE, Role.ADMIN)
