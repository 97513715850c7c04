"""Every hit rule of the manifest: what is stored of a hit; filters are applied before."""

import ipaddress
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_hand import EVERYTHING, explained, hits, line, reasons, site, values

from mtc.formats.client_address import PACKED, masked
from mtc.formats.filters import rewritten
from mtc.formats.settings import ClientSettings, Filters, HitSettings, PathRule

KEPT_OF_IPV6 = {1: 64, 2: 48, 3: 24, 4: 0}


def kept(folder: Path, rules: HitSettings, *targets: str) -> list[tuple[object, object]]:
    """Path and query of the stored hit for each target."""
    found = explained(folder, [line(target) for target in targets], site(hits=rules))
    return list(zip(values(found, "path"), values(found, "query"), strict=True))


def test_without_rules_nothing_is_rewritten(tmp_path: Path) -> None:
    """Path and query are split at the first question mark, and stored as logged."""
    assert rewritten(HitSettings()) == {}
    assert kept(tmp_path, HitSettings(), "/A/b?c=D&e", "/a?b?c", "/a;b", "/a?") == [
        ("/A/b", "c=D&e"),
        ("/a", "b?c"),
        ("/a;b", None),
        ("/a", None),
    ]


def test_a_query_can_be_dropped(tmp_path: Path) -> None:
    """The path is kept."""
    assert kept(tmp_path, HitSettings(strip_query=True), "/a?b", "/a") == [("/a", None), ("/a", None)]


@pytest.mark.parametrize("mark", [";", "::", "'", "\\"])
def test_path_and_query_can_be_split_at_another_character(tmp_path: Path, mark: str) -> None:
    """A question mark is part of the path then, also for filters."""
    rules = HitSettings(query_delimiter=mark)
    assert kept(tmp_path, rules, f"/a?b{mark}c{mark}d", "/a?b") == [("/a?b", f"c{mark}d"), ("/a?b", None)]
    filters = Filters.model_validate(EVERYTHING.model_dump() | {"exclude_paths": ("/a",)})
    assert reasons(explained(tmp_path, [line(f"/a{mark}b"), line("/a?b")], site(filters, rules))) == ["path", None]


def test_parameters_can_be_dropped_by_name(tmp_path: Path) -> None:
    """The others keep their order; case is ignored; an empty query is no query."""
    rules = HitSettings(exclude_query_parameters=("utm_*", "sid", "a.b"))
    assert kept(tmp_path, rules, "/?x=1&UTM_source=a=b&Sid&y", "/?sid=1", "/?sidx=sid&axb=1&a.b=2", "/?&&") == [
        ("/", "x=1&y"),
        ("/", None),
        ("/", "sidx=sid&axb=1"),
        ("/", "&&"),
    ]


def test_paths_are_lowercased_then_replaced_then_prefixed(tmp_path: Path) -> None:
    """Replacements are applied in order to all matches; an empty path becomes the root."""
    rules = HitSettings(
        lowercase_paths=True,
        replace_paths=(
            PathRule(find=r"^/v[0-9]+(/.*)$", replace=r"\1"),
            PathRule(find="//+", replace="/"),
            PathRule(find=r"^/(index\.html)?$", replace=""),
        ),
        path_prefix="/docs",
    )
    assert kept(tmp_path, rules, "/V2/Guide//A//b?Q=R", "/index.html", "/v1/x") == [
        ("/docs/guide/a/b", "Q=R"),
        ("/docs/", None),
        ("/docs/x", None),
    ]


def test_filters_use_the_original_values(tmp_path: Path) -> None:
    """Paths, extensions and addresses are checked before they are rewritten."""
    filters = Filters(exclude_paths=("/Private/*",), exclude_ips=("192.0.2.9",))
    rules = HitSettings(
        lowercase_paths=True,
        replace_paths=(PathRule(find=r"\.pdf$", replace=""), PathRule(find="^/private/", replace="/")),
        anonymise_ips=4,
    )
    lines = [line("/Private/a"), line("/private/a"), line("/A.PDF"), line("/a.css"), line(ip="192.0.2.9")]
    found = explained(tmp_path, lines, site(filters, rules))
    assert reasons(found) == ["path", None, None, "static", "ip"]
    assert values(found, "path") == ["/a", "/a"]
    assert values(found, "download") == [False, True]
    assert values(found, "ip") == ["0.0.0.0", "0.0.0.0"]


def test_no_other_field_of_a_hit_changes(tmp_path: Path) -> None:
    """Referrer, user agent, time and the rest are those of the line."""
    everything = HitSettings(
        strip_query=True,
        lowercase_paths=True,
        replace_paths=(PathRule(find="a", replace="b"),),
        path_prefix="/x",
        anonymise_ips=2,
    )
    text = line("/a?b", referrer="https://A.example/?utm_x=1", host="Docs.example.org")
    (plain,) = hits(explained(tmp_path, [text]))
    (made,) = hits(explained(tmp_path, [text], site(hits=everything)))
    assert {name for name in plain.fields if plain.fields[name] != made.fields.get(name)} == {"path", "query", "ip"}
    assert (made.fields["path"], made.fields["ip"]) == ("/x/b", "192.0.0.0")


@pytest.mark.parametrize(
    ("ip", "count", "wanted"),
    [
        ("192.0.2.77", 1, "192.0.2.0"),
        ("192.0.2.77", 2, "192.0.0.0"),
        ("192.0.2.77", 3, "192.0.0.0"),
        ("192.0.2.77", 4, "0.0.0.0"),
        ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::"),
        ("2001:db8:1:2:3:4:5:6", 2, "2001:db8:1::"),
        ("2001:db8:1:2:3:4:5:6", 3, "2001:d00::"),
        ("2001:db8:1:2:3:4:5:6", 4, "::"),
        ("2001:0DB8:0000::5", 1, "2001:db8::"),
        ("::ffff:192.0.2.77", 1, "192.0.2.0"),
        ("client-77.example.net", 1, "0.0.0.0"),
    ],
)
def test_addresses_are_masked_as_matomo_masks_them(tmp_path: Path, ip: str, count: int, wanted: str) -> None:
    """1 to 4 bytes of IPv4; the last 64, 80 or 104 bits or all of IPv6. Text that is not an address is dropped."""
    settings = site(hits=HitSettings(anonymise_ips=count), client=ClientSettings(host_names=True))
    assert values(explained(tmp_path, [line(ip=ip)], settings), "ip") == [wanted]


def network(address: str, count: int) -> str:
    """Return the first address of the network that is kept."""
    known = ipaddress.ip_address(address)
    known = getattr(known, "ipv4_mapped", None) or known
    bits = 32 - 8 * count if known.version == 4 else KEPT_OF_IPV6[count]
    return str(ipaddress.ip_network(f"{known}/{bits}", strict=False).network_address)


def masks(texts: list[str], count: int) -> list[str]:
    query = f"SELECT {masked(count)} FROM (SELECT *, {PACKED} FROM (SELECT unnest(?) AS ip))"
    return [text for (text,) in duckdb.execute(query, [texts]).fetchall()]


@given(st.lists(st.ip_addresses().map(str), min_size=1, max_size=100), st.integers(1, 4))
@settings(deadline=None, max_examples=20)
def test_a_masked_address_is_its_network(addresses: list[str], count: int) -> None:
    """The text is the canonical form of the network's first address."""
    assert masks(addresses, count) == [network(address, count) for address in addresses]


ODD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.text("0123456789abcdefF:.%[]")


@given(st.lists(ODD, min_size=1, max_size=100), st.integers(1, 4))
@settings(deadline=None, max_examples=20)
def test_no_address_is_stored_unmasked(texts: list[str], count: int) -> None:
    """Whatever text the field has, the stored value is a masked address."""
    assert [network(found, count) for found in masks(texts, count)] == masks(texts, count)
