"""Which pieces of a manifest may never be shown, and how a line is shown without them."""

import re
from collections.abc import Sequence

_SECRET_KEY = re.compile(
    r"""(?ix)
    (?P<key> ["']? [a-z0-9_-]* (?:secret|token|passw|access_key|private)[a-z0-9_-]* ["']? \s* [:=] \s*)
    (?! ["']? (?:\$\{[^{}]*\})+ ["']? \s* (?:[,}\#]|$)) (?P<value> "[^"]*"? | '[^']*'? | [^\s,{}\#][^,}]* )
    """
)
_SECRET_NAME = re.compile(
    r"(?i)(?:secret|token|passw|access_key|credentials)[a-z0-9_-]*[\"']?\s*[:=]"
    r"(?!\s*[\"']?(?:\$\{[^{}]*\})+[\"']?\s*(?:[,}#]|$))"
)
_USER_INFO = re.compile(r"(?<=://)[^@\s\"']+(?=@)")
_PLACEHOLDERS = re.compile(r"(\$\{[^{}]*\})+")
_PUBLIC = {"profile", "anonymous", "region", "endpoint_url"}
_PUBLIC_OF_MATOMO = {
    *("url", "name", "ca_bundle", "tracker", "jobs", "batch", "settle", "timeout", "dimensions"),
}


def _stars(text: str) -> str:
    return "*" * len(text)


def mask_secrets(line: str) -> str:
    """Mask what reads like a secret in a line; every column stays where it was."""
    line = _SECRET_KEY.sub(lambda match: match["key"] + _stars(match["value"]), line)
    return _USER_INFO.sub(lambda match: _stars(match[0]), line)


def may_hold_secret(lines: Sequence[str]) -> bool:
    """Whether the last of these lines may hold a secret, when nothing is known about their structure."""
    return any(_SECRET_NAME.search(line) for line in lines)


def is_secret(path: tuple[str, ...]) -> bool:
    """Whether a setting's value may never be shown."""
    path = path[2:] if path[:1] == ("environments",) else path
    if path[:1] == ("credentials",):
        return len(path) < 3 or path[2] not in _PUBLIC  # noqa: PLR2004 (credentials.NAME.KEY)
    return path[:1] == ("matomo",) and (len(path) < 2 or path[1] not in _PUBLIC_OF_MATOMO)  # noqa: PLR2004 (matomo.KEY)


def is_placeholder(text: str) -> bool:
    """Whether a secret's text holds nothing but `${...}`, which may be shown."""
    return _PLACEHOLDERS.fullmatch(text.strip()) is not None
