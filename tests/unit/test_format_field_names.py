"""Fields told by names and values: of several that a name may stand for, the values say which; of machines, which."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from in_hand import explained, hits, reasons, site, values

from mtc.formats.field_names import guess_fields

ISO = "2026-05-01T10:05:03+00:00"
REQUEST = {"peer": "192.0.2.7", "time": ISO, "req": "GET /a HTTP/1.1", "status": 200}
ECS = {
    "@timestamp": ISO,
    "agent": {"hostname": "shipper-1"},
    "client": {"ip": "192.0.2.7"},
    "destination": {"ip": "10.0.0.9"},
    "host": {"name": "web-1", "ip": "10.0.0.8"},
    "http": {"request": {"bytes": 1, "method": "GET"}, "response": {"bytes": 512, "status_code": 200}},
    "server": {"ip": "10.0.0.7"},
    "url": {"domain": "docs.example.org", "original": "/a"},
}


def lines(*objects: Mapping[str, object]) -> list[str]:
    return [json.dumps(each) for each in objects]


def test_what_tells_of_another_machine_is_passed_over(tmp_path: Path) -> None:
    """In the Elastic Common Schema a server has an address, and a shipper a host name, under keys like the client's."""
    (hit,) = hits(explained(tmp_path, lines(ECS)))
    read = [hit.fields.get(name) for name in ("ip", "host", "bytes")]
    assert read == ["192.0.2.7", "docs.example.org", 512]


@pytest.mark.parametrize("odd", ["\x16\x03\x01", "-", "x"])
@pytest.mark.parametrize("count", [2, 40])
def test_a_few_odd_values_do_not_hide_what_a_key_means(tmp_path: Path, odd: str, count: int) -> None:
    """Scanners send what is no request."""
    found = explained(tmp_path, lines(*[REQUEST] * count, REQUEST | {"req": odd}))
    assert found.choices[0].format.name == "any_json"
    assert reasons(found) == [*[None] * count, "no request"]


def test_many_odd_values_say_that_a_key_means_something_else() -> None:
    """A value must look like what it is taken for."""
    found = guess_fields({("ip",): ["192.0.2.7"] * 20, ("status",): [*["200"] * 15, *["ready"] * 5]})
    assert found == {"ip": ("ip",)}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"time": "[01/May/2026:10:05:03 +0000]"}, "2026-05-01 10:05:03"),
        ({"date": "2026-05-01", "time": "10:05:03"}, "2026-05-01 10:05:03"),
        ({"date": "2026-05-01", "time": "10:05:03", "timestamp": ISO.replace("03", "04")}, "2026-05-01 10:05:04"),
        ({"requestTime": ISO}, "2026-05-01 10:05:03"),
        ({"time": "5/1/2026, 10:05:03.250 PM"}, "2026-05-01 22:05:03.250000"),
        ({"time": "May 1, 2026 @ 10:05:03.250"}, "2026-05-01 10:05:03.250000"),
    ],
)
def test_a_time_has_one_key_or_two_and_any_form(tmp_path: Path, keys: dict[str, str], expected: str) -> None:
    """With brackets, and as viewers show it."""
    request = {name: value for name, value in REQUEST.items() if name != "time"}
    assert values(explained(tmp_path, lines(request | keys)), "ts") == [expected]


def test_keys_without_values_are_told_by_their_names_where_no_other_has_some() -> None:
    """Such as columns that are empty for long."""
    assert guess_fields({("remote_addr",): ["192.0.2.7"], ("client_ip",): (), ("referer",): (), ("time",): ()}) == {
        "ip": ("remote_addr",),
        "time": ("time",),
        "referrer": ("referer",),
    }


def test_fields_need_say_only_what_cannot_be_told(tmp_path: Path) -> None:
    """And what is still missing is said."""
    log = lines({"who": "192.0.2.7", "wann": ISO, "path": "/a?b=1", "status": 404})
    found = explained(tmp_path, log, site(fields={"ip": "who", "time": "wann"}))
    assert (values(found, "path"), values(found, "status")) == (["/a"], [404])
    lacking = explained(tmp_path, log, site(fields={"ip": "who"}))
    assert lacking.verdict is not None
    assert lacking.verdict.what == "any_json finds no time in this file: no line would have a day"


def test_a_date_and_a_clock_that_are_named_stand_for_the_time(tmp_path: Path) -> None:
    """As any way to say when."""
    log = lines(REQUEST | {"day": "2026-05-02", "hour": "11:00:00"})
    found = explained(tmp_path, log, site(fields={"date": "day", "clock": "hour"}))
    assert values(found, "ts") == ["2026-05-02 11:00:00"]
