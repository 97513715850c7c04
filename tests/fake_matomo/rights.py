"""Who may do what: a token's role, and the sites it holds for. Tokens are compared here and nowhere else."""

from tests.fake_matomo.settings import Role, Settings, Token

NOBODY = Token("", Role.VIEW)
"""Who asks without a token, or with a wrong one: sees no site."""


class Rights:
    """Answers for the tokens of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = {token.text: token for token in settings.all_tokens}
        self._sites = frozenset(site.id for site in settings.sites)

    def known(self, text: str) -> bool:
        """Whether this is a token."""
        return text in self._tokens

    def who(self, text: str) -> Token:
        """Whose token this is."""
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
        """Whether the token's owner may say when and from where a hit came."""
        return site in self.sites(text, Role.WRITE, Role.ADMIN)
