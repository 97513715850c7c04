r"""The client's address, read from the fields of a line that may hold it, as SQL.

A text that is not an address is ignored. Quotes, brackets, a port, a zone (`fe80::1%eth0`) and `for=` (RFC 7239,
`Forwarded`) are removed. `::ffff:192.0.2.1` becomes the IPv4 address that it maps. Leading zeros are dropped: a padded
address is decimal. IPv6 is written as in RFC 5952, so that an address in two spellings is one visitor.

A text may be a list to which each proxy has appended the address that it saw; entries that are not addresses
(`unknown`) are skipped. Without a `client` in the manifest the first address counts, as in Matomo's importer. With one,
the right-most address that is not trusted counts: a client that sends the header itself can only write further to the
left. If all are trusted, the left-most counts: a client inside the network.

For comparing with networks and for masking, addresses are *packed* into texts of a fixed length: `4` and 8 hexadecimal
digits for IPv4, `6` and 32 for IPv6, NULL for anything else (a host name, `*`).
"""

import ipaddress
from collections.abc import Callable, Sequence

from mtc.core.sql import literal
from mtc.formats.globs import fits
from mtc.formats.settings import ClientSettings
from mtc.formats.sql import IPV4, is_name

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HIDDEN = "'0.0.0.0'"
_BARE = r"regexp_replace(lower(trim(ip, '[]')), '^::ffff:([0-9.]+)$|%.*$', '\1')"
_GROUPS = r"[0-9a-f]{1,4}(?::[0-9a-f]{1,4})"
_V6_DIGITS = rf"{_GROUPS}{{7}}|(?:{_GROUPS}{{0,6}})?::(?:{_GROUPS}{{0,6}})?"
_MAPPED = "00000000000000000000ffff"
_MAPPED_BITS = 96


def spread(bare: str) -> str:
    """SQL: an address in lower case; of IPv6 all 4 digits of each group, with a dot in place of `::`."""
    longer = f"regexp_replace({bare}, '([0-9a-f]+)', '000\\1', 'g')"
    digits = f"regexp_replace({longer}, '0*([0-9a-f]{{4}})(:|$)', '\\1\\2', 'g')"
    return f"""CASE
        WHEN regexp_full_match({bare}, {literal(_V6_DIGITS)}) THEN replace(replace({digits}, '::', '.'), ':', '')
        WHEN regexp_full_match({bare}, '[0-9]{{1,3}}(?:\\.[0-9]{{1,3}}){{3}}') THEN {bare}
    END"""


def packed(spread: str) -> str:
    """SQL: a spread address as a text of fixed length; NULL for any other text."""
    octets = ", ".join(f"try_cast(split_part({spread}, '.', {number}) AS UTINYINT)" for number in range(1, 5))
    # A dot stands for as many zeros as are missing, one at least; without it none may be.
    digits = f"replace({spread}, '.', repeat('0', greatest(33 - len({spread}), 1)))"
    return f"""CASE
        WHEN len({spread}) < 16 AND regexp_full_match({spread}, '(?:[0-9]{{1,3}}\\.){{3}}[0-9]{{1,3}}')
        THEN format('4{{:02x}}{{:02x}}{{:02x}}{{:02x}}', {octets})
        WHEN len({digits}) = 32 THEN regexp_replace(concat('6', {digits}), '^6{_MAPPED}', '4')
    END"""


PACKED = f"{_BARE} AS bare, {spread('bare')} AS spread, {packed('spread')} AS packed"
"""SQL over `ip`: the column `packed`, which the rest of this module works with, and its intermediate columns."""


def written(packed: str) -> str:
    """SQL: a packed address as text, its groups without leading zeros; `shortened` makes it canonical (RFC 5952)."""
    octets = ", ".join(f"CAST(concat('0x', substr({packed}, {2 * number}, 2)) AS UTINYINT)" for number in range(1, 5))
    groups = f"regexp_replace(substr({packed}, 2), '(.{{4}})', ':\\1', 'g')"
    return f"""CASE
        WHEN starts_with({packed}, '4') THEN concat_ws('.', {octets})
        ELSE substr(regexp_replace({groups}, ':0{{1,3}}([0-9a-f])', ':\\1', 'g'), 2)
    END"""


def shortened(address: str) -> str:
    """SQL: with `::` in place of the first of the longest runs of two groups or more that are zero (RFC 5952)."""
    runs = [f":0{':0' * more}:" for more in range(7, 0, -1)]
    framed = f"concat(':', {address}, ':')"
    run = f"list_filter([{', '.join(map(literal, runs))}], lambda run: contains({framed}, run))[1]"
    # The whole is in colons: `:1:0:0:2:` becomes `:1::2:`.
    short = f"concat(split_part({framed}, {run}, 1), '::', substr({framed}, instr({framed}, {run}) + len({run})))"
    return (
        f"CASE WHEN {run} IS NULL THEN {address} ELSE regexp_replace({short}, '^:([^:])|([^:]):$', '\\1\\2', 'g') END"
    )


def _short(group: str) -> str:
    return f"coalesce(nullif(ltrim({group}, '0'), ''), '0')"


def is_among(addresses: Sequence[str]) -> str:
    """SQL over `ip` and `packed`: whether an address matches one of these addresses, networks or globs."""
    networks = [address for address in addresses if _network(address) is not None]
    globs = [address for address in addresses if _network(address) is None]
    conditions = [lies_in("packed", networks)] if networks else []
    conditions += [fits("ip", [glob.lower() for glob in globs])] if globs else []
    return f"({' OR '.join(conditions)})"


def lies_in(packed: str, networks: Sequence[str]) -> str:
    """SQL: whether a packed address lies in one of the networks."""
    ends = [network for text in networks if (network := _network(text)) is not None]
    inside = [f"coalesce({packed} BETWEEN {literal(low)} AND {literal(high)}, false)" for low, high in ends]
    return f"({' OR '.join(inside)})" if inside else "false"


def _network(text: str) -> tuple[str, str] | None:
    """The first and the last address of a network, packed; None for a glob."""
    try:
        network = _unmapped(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return None
    digits = 8 if network.version == 4 else 32  # noqa: PLR2004 (IPv4)
    first, last = (f"{network.version}{int(end):0{digits}x}" for end in (network[0], network[-1]))
    return first, last


def _unmapped(network: Network) -> Network:
    """An IPv4-mapped IPv6 network as an IPv4 network; any other unchanged."""
    first = network.network_address
    mapped = first.ipv4_mapped if isinstance(first, ipaddress.IPv6Address) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def masked(count: int) -> str:
    """SQL over `packed`: the address with `count` bytes masked, as Matomo does.

    Source: Matomo's anonymisation: the last 1 to 4 bytes of IPv4, all but the first 64, 48 or 24 bits of IPv6.
    """
    v4 = [f"CAST(concat('0x', substr(packed, {2 * number}, 2)) AS UTINYINT)" for number in range(1, 5 - count)]
    v4 += ["0"] * count
    return f"""
    CASE
        WHEN packed IS NULL THEN {_HIDDEN}
        WHEN starts_with(packed, '4') THEN concat_ws('.', {", ".join(v4)})
        ELSE regexp_replace(concat_ws(':', {", ".join(_unmasked_groups(count))}, ':'), '(?:(?:^|:)0)+::$', '::')
    END
"""


def _unmasked_groups(count: int) -> list[str]:
    """SQL for the groups of an IPv6 address that are not masked, without leading zeros."""
    digits = {1: [4, 4, 4, 4], 2: [4, 4, 4], 3: [4, 2], 4: []}[count]
    groups = [f"rpad(substr(packed, {2 + 4 * at}, {length}), 4, '0')" for at, length in enumerate(digits)]
    return [_short(group) for group in groups] or ["''"]


_BEFORE = r"""(?:\\x22|["'\\()<>\[])*"""
_BEHIND = r"""(?:\\x22|["'\\()<>\]])*"""
_PORT = r"(?::(?:[0-9]*|_[\w.\-]+))?"
_QUAD = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_V6 = rf"((?:[0-9A-Fa-f]*:)+)({_QUAD}|[0-9A-Fa-f]*)"
_PIECE = rf"^{_BEFORE}(?:[Ff][Oo][Rr]=)?{_BEFORE}(?:{_V6}(?:%[^\]\s]*)?(?:\]{_PORT})?|({_QUAD})\]?{_PORT}){_BEHIND}$"
_BETWEEN = r"[,;\s+]+"
# Eight groups are an address: a ninth is a port.
_NINTH = r"^((?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}):[0-9]{1,5}$"

# IPv6 in canonical form, for a quick test: no leading zeros, nothing left to shorten, not IPv4-mapped.
_GROUP = "[1-9a-f][0-9a-f]{0,3}"
_LONG = rf"(?:0|{_GROUP})(?::(?:0|{_GROUP})){{7}}"
_SHORT = rf"{_GROUP}(?::{_GROUP})*::(?:{_GROUP}(?::{_GROUP})*)?"
_MOST_COLONS = 6
# IPv4 in canonical form with a port, or in front of other addresses.
_V4_PORT = f"{IPV4}:[0-9]*"
_V4_IN_FRONT = f"^{IPV4}(?::[0-9]*)?{_BETWEEN}"


def client_ip(client: ClientSettings | None) -> str:
    """SQL over `ip`, `real_ip` and `forwarded_for`: the client's address; NULL if none of them holds one."""
    if client is None:
        return _address("ip", lambda found: f"{found}[1]", is_first=True)
    found = [_address(name, lambda found: _chosen(found, client.networks)) for name in client.from_]
    if client.host_names:
        found.append(f"CASE WHEN {is_name('lower(ip)')} THEN lower(ip) END")
    return f"coalesce({', '.join(found)})"


def _chosen(found: str, trusted: Sequence[str]) -> str:
    """SQL: the right-most packed address outside the trusted networks, or the left-most of all."""
    untrusted = f"list_filter({found}, lambda a: NOT {lies_in('a', trusted)})"
    return f"coalesce({untrusted}[-1], {found}[1])"


def _address(text: str, choose: Callable[[str], str], *, is_first: bool = False) -> str:
    """SQL: the address in a text. Most are in canonical form and need no work.

    With `is_first` the first of several is chosen.
    """
    slow = _each(_each(choose(_found(text)), written), shortened)
    in_front = f"WHEN regexp_matches({text}, {literal(_V4_IN_FRONT)}) THEN regexp_extract({text}, '^[0-9.]+')"
    return f"""CASE
        WHEN regexp_full_match({text}, {literal(IPV4)}) THEN {text}
        WHEN regexp_full_match({text}, {literal(_V4_PORT)}) THEN split_part({text}, ':', 1)
        {in_front if is_first else ""}
        WHEN {_is_plain_v6(text)} THEN {text}
        WHEN {text} <> '' AND {text} <> '-' THEN {slow}
    END"""


def _each(value: str, made: Callable[[str], str]) -> str:
    """SQL: a function of `value`, which is computed only once."""
    return f"list_transform([{value}], lambda x: {made('x')})[1]"


def _is_plain_v6(text: str) -> str:
    colons = f"length({text}) - length(replace({text}, ':', ''))"
    long = f"regexp_full_match({text}, '{_LONG}') AND NOT contains({text}, ':0:0') AND NOT starts_with({text}, '0:0')"
    return f"(({long}) OR ({colons} <= {_MOST_COLONS} AND regexp_full_match({text}, '{_SHORT}')))"


def _found(text: str) -> str:
    """SQL: the packed addresses of a list. Lambdas are not nested: each level would double the time to bind them."""
    pieces = f"regexp_split_to_array({text}, {literal(_BETWEEN)})"
    cut = f"list_transform({pieces}, lambda x: regexp_extract(x, {literal(_PIECE)}, ['lead', 'tail', 'v4']))"
    bare = f"list_transform({cut}, lambda x: CASE WHEN x.v4 <> '' THEN x.v4 ELSE {_bare('x')} END)"
    found = f"list_transform(list_transform({bare}, lambda x: {spread('x')}), lambda x: {packed('x')})"
    return f"list_filter({found}, lambda x: x IS NOT NULL)"


def _bare(cut: str) -> str:
    """SQL: an IPv6 address of groups only, without IPv4 at its end."""
    octets = [f"try_cast(split_part({cut}.tail, '.', {number}) AS UTINYINT)::INTEGER" for number in range(1, 5)]
    high, low = (f"format('{{:x}}', {octets[at]} * 256 + {octets[at + 1]})" for at in (0, 2))
    tail = f"CASE WHEN contains({cut}.tail, '.') THEN {high} || ':' || {low} ELSE lower({cut}.tail) END"
    return f"regexp_replace(lower({cut}.lead) || {tail}, {literal(_NINTH)}, '\\1')"
