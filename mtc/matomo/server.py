"""Which Matomo server, and how to be let in. Secrets stay inside: no repr, message or URL shows them."""

import base64
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

from pydantic import SecretStr

from mtc.errors import PermanentError
from mtc.matomo.text import shown

_SCRIPTS = ("index.php", "matomo.php", "piwik.php")
_MASK = "***"


@dataclass(frozen=True, slots=True)
class Server:
    """A Matomo server. `url` may end in one of its scripts; it is kept as the address of the folder they lie in.

    `username` and `password` are for HTTP basic authentication in front of Matomo. `ca_bundle` is a PEM file that
    replaces the system's certificate authorities. `timeout` is how long to wait for an answer, in seconds. `tracker`
    is the script that takes hits.

    Raises:
        PermanentError: the URL is no http(s) URL, or holds a password.
    """

    url: str
    token: SecretStr
    username: str = ""
    password: SecretStr | None = None
    ca_bundle: Path | None = None
    timeout: float = 300.0
    tracker: str = "matomo.php"

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", _folder(self.url))
        object.__setattr__(self, "tracker", self.tracker.strip("/"))

    @property
    def authorization(self) -> str:
        """The value of the header that basic authentication asks for; empty without it."""
        if not self.username and self.password is None:
            return ""
        password = self.password.get_secret_value() if self.password else ""
        return "Basic " + base64.b64encode(f"{self.username}:{password}".encode()).decode("ascii")

    def quote(self, text: str) -> str:
        """What the server said, fit for a message: secrets masked, one printable line, cut."""
        for secret in self._secrets():
            text = text.replace(secret, _MASK)
        return shown(text)

    def _secrets(self) -> list[str]:
        known = [secret.get_secret_value() for secret in (self.token, self.password) if secret is not None]
        known.append(self.authorization.removeprefix("Basic "))
        forms = {form for secret in known if secret for form in (secret, quote_plus(secret))}
        return sorted(forms, key=len, reverse=True)


def _folder(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in {"http", "https"} or not host:
        raise PermanentError("matomo.url is no http or https URL", hint="write it like https://stats.example.org")
    if "@" in parts.netloc:
        raise PermanentError("matomo.url holds a user name", hint="write matomo.username and matomo.password instead")
    pieces = [piece for piece in parts.path.split("/") if piece]
    if pieces and pieces[-1] in _SCRIPTS:
        pieces.pop()
    netloc = f"[{host}]" if ":" in host else host
    return "/".join([f"{parts.scheme}://{netloc}{f':{port}' if port else ''}", *pieces])
