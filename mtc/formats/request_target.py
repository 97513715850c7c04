r"""What a request asked for, as SQL: the target of a request line taken apart into host, path and query.

Source: RFC 9112, section 3.2. The origin form (`/a?b=c`) is path and query, and begins with a slash: `//host/a` is a
path. The absolute form (`https://user@host:8443/a`), which proxies get and some servers log, names the host; its scheme
may be in any case, and where it has no path that is `/`. The asterisk form (`*`) and what `CONNECT` asks for
(`host:443`) ask for no page. Anything else, such as `.evil.example` or `@evil.example`, is no target.

A host that a log names in a field of its own is the one that the server chose, and wins over the target's.
"""

from mtc.core.sql import literal

_SCHEME = r"[A-Za-z][A-Za-z0-9+.\-]*://"
_USER = r"(?:[^/?#@\\\s]*@)?"
_AUTHORITY = r"(\[[0-9A-Fa-f:.]+\]|[^/?#@\\\s:\[\]]*)(?::[0-9]*)?"
_URL = rf"(?s)^{_SCHEME}{_USER}{_AUTHORITY}(?:/(.*)|([?#].*)|)$"

# A name ends with a label that has a letter in it: what ends with a number is an address or none.
_LABEL = r"[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?"
_LAST = r"(?:[a-z][a-z0-9_\-]*[a-z0-9_]|[0-9_][a-z0-9_\-]*[a-z][a-z0-9_\-]*[a-z0-9_]|[0-9_][a-z0-9_\-]*[a-z]|[a-z])"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_GROUP = "[0-9a-f]{1,4}"
_V6 = "|".join(
    [
        rf"(?:{_GROUP}:){{7}}{_GROUP}",
        rf"(?:{_GROUP}:){{1,7}}:",
        *(rf"(?:{_GROUP}:){{1,{7 - after}}}(?::{_GROUP}){{{after}}}" for after in range(1, 7)),
        rf":(?::{_GROUP}){{1,7}}",
        "::",
    ]
)
IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
"""RE2: an IPv4 address as everyone writes it, without zeros in front."""

_NAME = rf"(?:{_LABEL}\.)*{_LAST}"
_HOST = rf"(?:{_NAME}|{IPV4}|\[(?:{_V6})\])"
_LONGEST_HOST = 253


NO_PAGE = "*"


def origin_form(target: str) -> str:
    """SQL over `method` and a target: path and query; `NO_PAGE` where no page was asked for, NULL for no target."""
    absolute = f"regexp_replace({target}, {literal(_URL)}, '/\\2\\3')"
    return f"""CASE
        WHEN starts_with({target}, '/') THEN {target}
        WHEN {target} = '*' OR method = 'CONNECT' THEN {literal(NO_PAGE)}
        WHEN starts_with({absolute}, '/') THEN {absolute}
    END"""


def host_of(target: str) -> str:
    """SQL: the host that a target names, in lower case; NULL where it names none."""
    found = f"trim(lower(regexp_extract({target}, {literal(_URL)}, 1)), '.')"
    return f"CASE WHEN NOT starts_with({target}, '/') THEN nullif({found}, '') END"


def is_host(host: str) -> str:
    """SQL: whether a text in lower case is a host name or an address, and can stand in a URL as its host."""
    return f"(regexp_full_match({host}, {literal(_HOST)}) AND strlen({host}) <= {_LONGEST_HOST})"


def is_name(host: str) -> str:
    """SQL: whether a text in lower case is a host name with a domain, or `localhost`."""
    named = f"{host} = 'localhost' OR (contains({host}, '.') AND regexp_full_match({host}, {literal(_NAME)}))"
    return f"(({named}) AND strlen({host}) <= {_LONGEST_HOST})"
