"""Whether the clients of a log look like proxies in front of the server, while the clients stand in another field."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from mtc.formats.base import Format
from mtc.formats.behind import forwarded_behind
from mtc.formats.peeking import Texts, texts_of
from mtc.manifest.client import Client

_FEW = 10
_PRIVATE = tuple(map(ipaddress.ip_network, Client().networks))
_CLIENTS = ("own_ip", "ip", "named")
_FIELDS = ("forwarded_for", "real_ip")


@dataclass(frozen=True, slots=True)
class Remark:
    """What is odd about a log, and what to write into the manifest; one line in all."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}"


def behind_proxies(form: Format, sample: Sequence[str]) -> Remark | None:
    """What there is to say, if anything."""
    read = texts_of(form, sample)
    clients = {_address(next(filter(None, map(texts.get, _CLIENTS)), "")) for texts in read}
    alone = len(clients) == 1 and len(read) >= _FEW
    if not clients or not (alone or all(map(_is_private, clients))):
        return None
    field = next((name for name in _FIELDS if _others(read, name, clients)), "")
    if not field and any(_address(text) not in {"", *clients} for text in forwarded_behind(form, sample)):
        field = _FIELDS[0]
    if not field:
        return None
    who = f"every client is {next(iter(clients))}" if len(clients) == 1 else "every client is in a private network"
    remedy = f"`source: {{client: {{from: [{field}, ip]}}}}`"
    return Remark(f"{who}, and another field names the clients of a proxy", remedy)


def _others(read: Sequence[Texts], name: str, clients: set[str]) -> bool:
    return any(_address(texts.get(name, "")) not in {"", *clients} for texts in read)


def _address(text: str) -> str:
    """The first address of a text; empty where there is none."""
    for piece in text.replace(",", " ").split():
        bare = piece.strip("\"'[]()").removeprefix("for=")
        for one in (bare, bare.rpartition(":")[0].strip("[]")):
            try:
                return str(ipaddress.ip_address(one))
            except ValueError:
                continue
    return ""


def _is_private(address: str) -> bool:
    return bool(address) and any(ipaddress.ip_address(address) in network for network in _PRIVATE)
