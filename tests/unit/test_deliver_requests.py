"""A hit as a request string: untrusted text from the log stays a value, and every value arrives unchanged."""

import dataclasses
import datetime as dt
import ipaddress
import re
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, quote

import pytest
from delivery_parts import HERE, NOON, UNTIL, Row, laid, write_parts
from hypothesis import given, settings
from hypothesis import strategies as st

from mtc.core.deliveries import Cut
from mtc.stages.deliver.batching import RequestContext, plain_address

BASE = HERE.base
DIMENSIONS = (("1", "host"), ("2", "status"), ("3", "method"), ("4", "protocol"), ("5", "user"), ("6", "query"))
HOSTS = ("docs.example.org", "b.example", "192.0.2.7", "[2001:db8::1]")
LONG = 1024
LONGEST_AGENT = 2048


def requests_of(*rows: Row, address: RequestContext = HERE) -> list[str]:
    """The requests of these hits in the order of their lines."""
    with tempfile.TemporaryDirectory() as folder:
        loaded = write_parts(Path(folder), {"a": rows})
        with laid(Path(folder), loaded, Cut("0123456789abcdef", 1, 1000, UNTIL), address=address) as batching:
            return batching.requests(batching.batches()[0].id, 1)[0]


def values_of(request: str) -> dict[str, str]:
    """The parameters of a request, each of which occurs once."""
    found = parse_qs(request.removeprefix("?"), keep_blank_values=True, strict_parsing=True, errors="strict")
    assert all(len(values) == 1 for values in found.values()), found
    return {name: values[0] for name, values in found.items()}


def sent(row: Row, *, address: RequestContext = HERE) -> dict[str, str]:
    """The parameters of one hit."""
    (request,) = requests_of(row, address=address)
    return values_of(request)


def expected(row: Row) -> dict[str, str]:
    """The expected parameters, computed independently, without `pv_id` and the common start of a site's requests."""
    query = f"?{row.query}" if row.query else ""
    path = f"/{row.path}" if row.path and not row.path.startswith("/") else row.path or ""
    url = (f"https://{row.host}" if row.host in HOSTS else BASE) + f"{path}{query}"[:LONG]
    title = f"{row.status}/URL = {quote(url, safe='')}"
    if row.referrer:
        title += f"/From = {quote(row.referrer[:LONG], safe='')}"
    columns = {"host": row.host, "method": row.method, "protocol": row.protocol, "user": row.user, "query": row.query}
    columns["status"] = None if row.status is None else str(row.status)
    maybe = {
        "uid": None if row.user == "-" else row.user,
        "download": url if row.download else None,
        "bw_bytes": str(row.bytes) if row.bytes and row.bytes > 0 else None,
        "action_name": title if row.status and row.status >= 300 and row.status != 304 else None,
        **{f"dimension{number}": columns[name] for number, name in DIMENSIONS},
    }
    short = {
        name: value if name in {"download", "action_name"} else (value or "")[:LONG] for name, value in maybe.items()
    }
    return {
        "cdt": f"{row.ts:%Y-%m-%d %H:%M:%S}",
        "url": url,
        "urlref": (row.referrer or "")[:LONG],
        "ua": (row.user_agent or "")[:LONGEST_AGENT] or "-",
        "cip": row.ip if row.ip and is_address(row.ip) else "0.0.0.0",
        **{name: value for name, value in short.items() if value},
    }


def is_address(text: str) -> bool:
    """Whether a text is an IP address and nothing else."""
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


hostile = st.sampled_from(
    ["\x00", "\n", "\r\n", '"', "\\", "'", "&", "&idsite=2", "=", "?", "#", "%", "%00", "%ZZ", "+", ";"]
)
wide = st.sampled_from(["é", "漢", "😀", "\u202e", "\u2028", "\x7f", "\x80", "\ufeff", "\U0010ffff"])
texts = st.none() | st.just("") | st.just("-") | st.lists(hostile | wide | st.text(max_size=6), max_size=6).map("".join)
long_texts = st.tuples(texts, st.sampled_from([0, LONG - 3, LONG, LONGEST_AGENT, 5000])).map(
    lambda drawn: (
        None if drawn[0] is None else ((drawn[0] or "x") * (drawn[1] // max(1, len(drawn[0])) + 1))[: drawn[1] or None]
    )
)
any_text = texts | long_texts
rows = st.builds(
    Row,
    ts=st.datetimes(dt.datetime(2007, 1, 1), dt.datetime(2026, 5, 2)).map(lambda ts: ts.replace(tzinfo=dt.UTC)),  # noqa: DTZ001 - given one
    ip=any_text,
    host=st.sampled_from(HOSTS) | texts.filter(lambda text: not re.fullmatch(r"[\w.\-:\[\]]+", text or "")),
    user=any_text,
    method=any_text,
    path=any_text,
    query=any_text,
    protocol=any_text,
    status=st.none() | st.integers(-1, 999),
    bytes=st.none() | st.integers(-1, 1 << 60),
    referrer=any_text,
    user_agent=any_text,
    download=st.none() | st.booleans(),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(rows, min_size=1, max_size=3))
def test_every_value_arrives_as_it_was_logged(drawn: list[Row]) -> None:
    """Columns may have any text: NULL, empty, control characters, any length."""
    numbered = [dataclasses.replace(row, line=line) for line, row in enumerate(drawn)]
    requests = requests_of(*numbered, address=RequestContext(1, BASE, DIMENSIONS))
    assert len(requests) == len(drawn)
    left = [expected(row) for row in drawn]
    for text in requests:
        is_plain(text)
        found = values_of(text)
        assert found["idsite"] == found["rec"] == found["bots"] == "1"
        assert found.keys() >= ALWAYS
        left.remove({name: value for name, value in found.items() if name not in ALWAYS})


ALWAYS = {"idsite", "rec", "apiv", "bots", "dp", "pv_id"}


def is_plain(text: str) -> None:
    """Whether the request needs no escaping in JSON."""
    assert text.startswith("?idsite=1&")
    assert text.isascii()
    assert not {*map(chr, range(33)), "\x7f", '"', "\\", "'", "#", "<"} & set(text)
    assert text.count("?") == 1


def test_a_hit_with_only_a_time_is_a_request() -> None:
    """Every other column is NULL."""
    bare = Row(ip=None, method=None, path=None, protocol=None, status=None, user_agent=None, download=None)
    found = sent(bare)
    assert {name: value for name, value in found.items() if name not in ALWAYS} == {
        "cdt": "2026-05-01 12:00:00", "url": BASE, "urlref": "", "ua": "-", "cip": "0.0.0.0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("time_ms", "expected"),
    [
        (None, None), (0.0, None), (0.9, None), (-5.0, None), (1.0, "1"), (12.0, "12"), (1500.2, "1500"),
        (float("nan"), None), (float("inf"), None), (1e300, None),
    ],
)  # fmt: skip
def test_a_hit_with_an_impossible_response_time_is_sent_without_it(time_ms: float | None, expected: str | None) -> None:
    """A log may contain a response time that cannot be real."""
    assert sent(Row(time_ms=time_ms)).get("pf_srv") == expected


@pytest.mark.parametrize("path", ["@evil.example.org/", "//evil.example.org/", "\\evil", ".evil.example.org/", ":80/"])
def test_a_path_stays_within_the_address_of_the_site(path: str) -> None:
    """A path starts with a slash, as in logs; other text becomes neither a path nor a parameter."""
    assert sent(Row(path=f"/{path}"))["url"] == f"{BASE}/{path}"


def test_a_hit_of_a_virtual_host_has_its_address() -> None:
    """The scheme is that of the site."""
    assert sent(Row(host="shop.example.org", path="/a"))["url"] == "https://shop.example.org/a"
    plain = RequestContext(1, "http://docs.example.org/")
    assert sent(Row(host="shop.example.org", path="/a"), address=plain)["url"] == "http://shop.example.org/a"
    assert sent(Row(path="/a"), address=plain)["url"] == "http://docs.example.org/a"


def test_the_address_of_a_site_is_escaped_too() -> None:
    """It may come from the server."""
    found = sent(Row(path="/a"), address=RequestContext(7, "https://x.example.org/?a=b&idsite=9#' OR", ()))
    assert found["url"] == "https://x.example.org/?a=b&idsite=9#' OR/a"
    assert found["idsite"] == "7"


@pytest.mark.parametrize("agent", [None, "", "-"])
def test_a_hit_without_a_user_agent_sends_a_placeholder(agent: str | None) -> None:
    """Matomo would use the user agent of the request, mtc's own, for an empty value."""
    assert sent(Row(user_agent=agent))["ua"] == "-"


ADDRESSES = {
    "192.0.2.1": "192.0.2.1",
    "2001:db8::7": "2001:db8::7",
    "192.0.2.1:51234": "192.0.2.1",
    '"192.0.2.1"': "192.0.2.1",
    '"192.0.2.1:80"': "192.0.2.1",
    "'192.0.2.1'": "192.0.2.1",
    " 192.0.2.1 ": "192.0.2.1",
    "[2001:db8::7]:443": "2001:db8::7",
    "[2001:db8::7]": "2001:db8::7",
    '"[2001:db8::7]"': "2001:db8::7",
    'for="[2001:db8::7]:80"': "2001:db8::7",
    "for=192.0.2.1": "192.0.2.1",
    "fe80::1%eth0": "fe80::1",
    "::ffff:192.0.2.1": "192.0.2.1",
    "::FFFF:192.0.2.1": "192.0.2.1",
    "::ffff:c000:201": "192.0.2.1",
    "[::ffff:192.0.2.1]:80": "192.0.2.1",
    "0:0:0:0:0:ffff:192.0.2.1": "192.0.2.1",
    **dict.fromkeys(
        ("", "-", "unknown", "www.example.org", "192.0.2.300", "192.0.2", "192.0.2.1.5", "192.0.2.1,192.0.2.2",
         "192.0.2.1 evil", "1.2.3.4x", "[", "[]", "[x]:80", "192.0.2.1:80:90", "\x00"),
        "0.0.0.0",
    ),
}  # fmt: skip


def test_an_ip_address_is_sent_unchanged_or_not_at_all() -> None:
    """Older parts may contain any text; results are the same for all hits together and for each alone."""
    rows = [Row(line=line, ip=ip) for line, ip in enumerate(ADDRESSES)]
    assert [values_of(one)["cip"] for one in requests_of(*rows)] == list(ADDRESSES.values())
    for logged, plain in ADDRESSES.items():
        assert plain_address(logged) == plain
    assert [values_of(one)["cip"] for one in requests_of(Row(ip=None), Row(line=2))] == ["0.0.0.0", "192.0.2.1"]


def test_fractions_of_a_second_are_dropped() -> None:
    """Matomo stores seconds; a hit in the last second of a day stays on that day."""
    assert sent(Row(ts=NOON + dt.timedelta(microseconds=999_999)))["cdt"] == "2026-05-01 12:00:00"
