"""`source.client`: the first field with an address; in a list the right-most address that is not trusted."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from in_hand import explained, line, site, values
from pydantic import ValidationError

from mtc.formats.custom_formats import CustomFormat
from mtc.formats.settings import ClientSettings

TIME = "01/May/2026:10:00:00 +0000"
ISO = "2026-05-01T10:00:00+00:00"
PROXY = "10.0.0.1"
BY_PROXIES = ClientSettings.model_validate({"from": ["forwarded_for", "ip"]})

# What proxies have listed, and the client if only private networks are trusted.
LISTS = {
    "203.0.113.7": "203.0.113.7",
    "203.0.113.8, 10.0.0.2": "203.0.113.8",
    "6.6.6.6, 203.0.113.9, 192.168.1.1, 10.0.0.2": "203.0.113.9",
    "10.1.2.3, 10.0.0.2": "10.1.2.3",
    "unknown, 203.0.113.10": "203.0.113.10",
    "2001:db8::7, fd00::1": "2001:db8::7",
    "-": PROXY,
}
IIS = "#Fields: date time c-ip cs-method cs-uri-stem sc-status X-Forwarded-For\n"
FORMS: dict[str, tuple[CustomFormat | str, str, Callable[[str], str]]] = {
    "combined": ("auto", "", lambda text: f'{line(ip=PROXY)} "{text}"'),
    "combined and more behind": ("auto", "", lambda text: f'{line(ip=PROXY)} 0.1 "{text}" TLSv1.2 10.0.0.9:80'),
    "combined, named": ("combined", "", lambda text: f'{line(ip=PROXY)} rt=0.1 forwarded_for="{text}" x="-"'),
    "combined_vhost": ("auto", "", lambda text: f'{line(ip=PROXY, host="docs.example.org")} "{text}"'),
    "iis": ("auto", IIS, lambda text: f"2026-05-01 10:00:00 {PROXY} GET / 200 {text.replace(', ', ',+')}"),
    "nginx_json": (
        "auto",
        "",
        lambda text: json.dumps(
            {
                "time": ISO,
                "remote_addr": PROXY,
                "request": "GET / HTTP/1.1",
                "status": 200,
                "http_x_forwarded_for": text,
            }
        ),
    ),
    "caddy": (
        "caddy",
        "",
        lambda text: json.dumps(
            {
                "ts": ISO,
                "msg": "handled request",
                "request": {"remote_ip": PROXY, "uri": "/", "headers": {"X-Forwarded-For": [text]}},
                "status": 200,
            }
        ),
    ),
    "ltsv": ("auto", "", lambda text: f"time:{ISO}\thost:{PROXY}\tforwardedfor:{text}\treq:GET / HTTP/1.1\tstatus:200"),
    "haproxy": (
        "auto",
        "",
        lambda text: (
            f"{PROXY}:3311 [01/May/2026:10:00:00.294] http-in bck/srv1 0/0/1/6/7 200 26 - - ---- 1/1/1/1/0 0/0"
            f' {{{text if text != "-" else ""}}} "GET / HTTP/1.1"'
        ),
    ),
    "apache, in front": (
        CustomFormat(apache='%{X-Forwarded-For}i %h %l %u %t %D "%r" %>s %b'),
        "",
        lambda text: f'{text} {PROXY} - - [{TIME}] 12 "GET / HTTP/1.1" 200 5',
    ),
    "nginx": (
        CustomFormat(nginx='$remote_addr [$time_local] "$request" "$http_x_forwarded_for"'),
        "",
        lambda text: f'{PROXY} [{TIME}] "GET / HTTP/1.1" "{text}"',
    ),
    "regex": (
        CustomFormat(regex=r'(?P<ip>\S+) (?P<time>\S+) (?P<path>\S+) "(?P<forwarded_for>[^"]*)"'),
        "",
        lambda text: f'{PROXY} {ISO} / "{text}"',
    ),
    "json": (
        CustomFormat.model_validate({"json": {"ip": "peer", "time": "at", "path": "to", "forwarded_for": "h.xff"}}),
        "",
        lambda text: json.dumps({"at": ISO, "peer": PROXY, "to": "/", "h": {"xff": text}}),
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_client_is_the_right_most_address_that_is_not_trusted(tmp_path: Path, name: str) -> None:
    """The peer is used if a list has none, and always without `client`."""
    form, head, written = FORMS[name]
    log = (head + "".join(f"{written(text)}\n" for text in LISTS)).encode()
    assert values(explained(tmp_path, log, site(format=form, client=BY_PROXIES)), "ip") == list(LISTS.values())
    plain = explained(tmp_path, log, site(format=form))
    assert values(plain, "ip") == [PROXY] * len(LISTS)
    told = [str(note) for choice in plain.choices for note in choice.notes]
    assert isinstance(form, CustomFormat) or name == "haproxy" or "from: [forwarded_for, ip]" in "".join(told)


def read(folder: Path, forwarded: str, **keys: object) -> Sequence[object]:
    client = ClientSettings.model_validate({"from": ["forwarded_for", "ip"], **keys})
    return values(explained(folder, [f'{line(ip="192.0.2.1")} "{forwarded}"'], site(client=client)), "ip")


def test_trusted_networks_are_those_of_the_manifest(tmp_path: Path) -> None:
    """`private` means a list of networks, and must be written to apply."""
    text = "6.6.6.6, 203.0.113.7, 198.51.100.1, 10.0.0.1"
    assert read(tmp_path, text) == ["198.51.100.1"]
    assert read(tmp_path, text, trusted=["private", "198.51.100.0/24"]) == ["203.0.113.7"]
    assert read(tmp_path, text, trusted=["198.51.100.0/24"]) == ["10.0.0.1"]
    assert read(tmp_path, text, trusted=["0.0.0.0/0"]) == ["6.6.6.6"]


def test_forwarded_and_real_ip_are_read(tmp_path: Path) -> None:
    """RFC 7239, and the headers in which a proxy reports the client."""
    form = CustomFormat(nginx='$remote_addr [$time_local] "$request" "$http_forwarded" "$http_x_real_ip"')
    log = [
        f'10.0.0.1 [{TIME}] "GET / HTTP/1.1" "for=\\x22[2001:db8::7]:80\\x22;proto=http, for=10.0.0.2" "203.0.113.7"'
    ]
    for order, wanted in ((["forwarded_for", "ip"], "2001:db8::7"), (["real_ip", "ip"], "203.0.113.7")):
        client = ClientSettings.model_validate({"from": order})
        assert values(explained(tmp_path, log, site(format=form, client=client)), "ip") == [wanted]


def test_a_server_s_own_address_at_the_end_of_a_line_is_not_a_client(tmp_path: Path) -> None:
    """The field with varying values lists the clients; an upstream with a port is never one."""
    lines = [f'{line(ip=PROXY)} "10.0.0.9" "203.0.113.{number}" "172.16.0.1:80"' for number in range(1, 4)]
    found = values(explained(tmp_path, lines, site(client=BY_PROXIES)), "ip")
    assert found == ["203.0.113.1", "203.0.113.2", "203.0.113.3"]
    agent = line(ip="192.0.2.1", agent="203.0.113.66")
    assert values(explained(tmp_path, [agent], site(client=BY_PROXIES)), "ip") == ["192.0.2.1"]


@pytest.mark.parametrize(("ips", "said"), [(["203.0.113.1", "203.0.113.2"], False), (["10.0.0.1", "10.0.0.2"], True)])
def test_clients_that_look_like_proxies_are_reported(tmp_path: Path, ips: Sequence[str], said: bool) -> None:  # noqa: FBT001
    """All are in private networks, and another field has addresses."""
    lines = [f'{line(ip=ip)} "198.51.100.{at}"' for at, ip in enumerate(ips)]
    (choice,) = explained(tmp_path, lines).choices
    assert bool(choice.notes) is said


@pytest.mark.parametrize("wrong", [{"from": ["xff"]}, {"from": []}, {"trusted": ["10.0.0.0/33"]}, {"trusted": ["lan"]}])
def test_an_invalid_client_setting_is_refused(wrong: dict[str, list[str]]) -> None:
    """Fields and networks must be known ones."""
    with pytest.raises(ValidationError):
        ClientSettings.model_validate(wrong)
