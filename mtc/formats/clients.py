r"""Whose request it was: the texts of a line that may hold the client's address, read into one address, as SQL.

An address is parsed, or there is none. What stands around it is taken off: quotes, brackets, a port, a zone
(`fe80::1%eth0`), `for=` (RFC 7239, `Forwarded`). `::ffff:192.0.2.1` is the IPv4 address that it stands for; zeros in
front of a number are dropped, as who pads an address pads decimals; one of IPv6 is written as RFC 5952 says, so that
an address in two spellings is one visitor.

A text may be a list, to which each proxy has added the address that it saw: what is none (`unknown`) is passed over.
Without a `client` in the manifest the first of the list counts, as for Matomo's importer, and with one the right-most
that is not trusted: who sends a header himself can write only what stands further to the left. Of a list in which all
are trusted the left-most counts: it is a client inside.
"""

from collections.abc import Callable, Sequence

from mtc.formats.addresses import lies_in, packed, shortened, spread, written
from mtc.formats.targets import IPV4, is_name
from mtc.manifest.client import Client
from mtc.warehouse.quoting import literal

_BEFORE = r"""(?:\\x22|["'\\()<>\[])*"""
_BEHIND = r"""(?:\\x22|["'\\()<>\]])*"""
_PORT = r"(?::(?:[0-9]*|_[\w.\-]+))?"
_QUAD = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_V6 = rf"((?:[0-9A-Fa-f]*:)+)({_QUAD}|[0-9A-Fa-f]*)"
_PIECE = rf"^{_BEFORE}(?:[Ff][Oo][Rr]=)?{_BEFORE}(?:{_V6}(?:%[^\]\s]*)?(?:\]{_PORT})?|({_QUAD})\]?{_PORT}){_BEHIND}$"
_BETWEEN = r"[,;\s+]+"
# Eight groups are an address: a ninth is a port.
_NINTH = r"^((?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}):[0-9]{1,5}$"

# IPv6 as servers write it, for a look that is quick: no zeros in front, none that could be shortened, none mapped.
_GROUP = "[1-9a-f][0-9a-f]{0,3}"
_LONG = rf"(?:0|{_GROUP})(?::(?:0|{_GROUP})){{7}}"
_SHORT = rf"{_GROUP}(?::{_GROUP})*::(?:{_GROUP}(?::{_GROUP})*)?"
_MOST_COLONS = 6


def client_ip(client: Client | None) -> str:
    """SQL over `ip`, `real_ip` and `forwarded_for`: the client's address; NULL where none of the texts holds one."""
    if client is None:
        return _address("ip", lambda found: f"{found}[1]")
    found = [_address(name, lambda found: _chosen(found, client.networks)) for name in client.from_]
    if client.host_names:
        found.append(f"CASE WHEN {is_name('lower(ip)')} THEN lower(ip) END")
    return f"coalesce({', '.join(found)})"


def _chosen(found: str, trusted: Sequence[str]) -> str:
    """SQL: the right-most of packed addresses that is in no trusted network, or the left-most of all."""
    strange = f"list_filter({found}, lambda one: NOT {lies_in('one', trusted)})"
    return f"coalesce({strange}[-1], {found}[1])"


def _address(text: str, choose: Callable[[str], str]) -> str:
    """SQL: the address in a text. Most are written so that there is nothing to do."""
    slow = _each(_each(choose(_found(text)), written), shortened)
    return f"""CASE
        WHEN regexp_full_match({text}, {literal(IPV4)}) THEN {text}
        WHEN {_is_plain_v6(text)} THEN {text}
        WHEN {text} <> '' AND {text} <> '-' THEN {slow}
    END"""


def _each(value: str, made: Callable[[str], str]) -> str:
    """SQL: what is made of the only value, which is computed once."""
    return f"list_transform([{value}], lambda x: {made('x')})[1]"


def _is_plain_v6(text: str) -> str:
    colons = f"length({text}) - length(replace({text}, ':', ''))"
    long = f"regexp_full_match({text}, '{_LONG}') AND NOT contains({text}, ':0:0') AND NOT starts_with({text}, '0:0')"
    return f"(({long}) OR ({colons} <= {_MOST_COLONS} AND regexp_full_match({text}, '{_SHORT}')))"


def _found(text: str) -> str:
    """SQL: the addresses of a list, packed. One lambda in another would be bound twice as often as it stands alone."""
    pieces = f"regexp_split_to_array({text}, {literal(_BETWEEN)})"
    cut = f"list_transform({pieces}, lambda x: regexp_extract(x, {literal(_PIECE)}, ['lead', 'tail', 'v4']))"
    bare = f"list_transform({cut}, lambda x: CASE WHEN x.v4 <> '' THEN x.v4 ELSE {_bare('x')} END)"
    found = f"list_transform(list_transform({bare}, lambda x: {spread('x')}), lambda x: {packed('x')})"
    return f"list_filter({found}, lambda x: x IS NOT NULL)"


def _bare(cut: str) -> str:
    """SQL: an address of IPv6 in groups alone."""
    octets = [f"try_cast(split_part({cut}.tail, '.', {number}) AS UTINYINT)::INTEGER" for number in range(1, 5)]
    high, low = (f"format('{{:x}}', {octets[at]} * 256 + {octets[at + 1]})" for at in (0, 2))
    tail = f"CASE WHEN contains({cut}.tail, '.') THEN {high} || ':' || {low} ELSE lower({cut}.tail) END"
    return f"regexp_replace(lower({cut}.lead) || {tail}, {literal(_NINTH)}, '\\1')"
