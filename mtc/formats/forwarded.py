"""Finds forwarded addresses for which a text format has no field, and warns where the real clients are not read.

`combined` and its variants ignore what follows the user agent. A sample shows whether that includes the client (nginx's
`main`, `%{X-Forwarded-For}i`): in a named field (`forwarded_for="..."`), or in a field that is a list of addresses or
empty on nearly every line; not on every line, as a client can write anything into the header. An address with a port
does not count, as upstreams are written so. Of several such fields the one with the most distinct values is chosen,
which excludes the server's own address.

The first field of a line may be the client too (`%{X-Forwarded-For}i %h %l %u`), in place of a virtual host: if it is
an address on every line, and has more distinct values than the address that follows.

`behind_proxies` warns where the clients of a log look like proxies while another field names the real clients.
"""

import dataclasses
import functools
import ipaddress
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mtc.formats.field_mapping import Texts, data_lines, texts_of
from mtc.formats.model import Format
from mtc.formats.pattern import HOST, REFERRER_AGENT, LinePattern
from mtc.formats.settings import ClientSettings

_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\]?|unknown)"
_LIST = re.compile(rf'"?{_ADDRESS}(?:, *{_ADDRESS})*"?')
_NO_ADDRESS = re.compile(r'"?-?"?')
_NAME = r"(?i:(?:http_)?(?:x_)?forwarded[_-]?for|x-forwarded-for|xff)"
_FIELD = re.compile(r'[\w.\-]+="[^"]*"|"[^"]*"|\S+')
_NAMED = re.compile(rf"{_NAME}=")
_SKIPPED = r'(?:\s+(?:[\w.\-]+="[^"]*"|"[^"]*"|\S+))'
_VALUE = r'("[^"]*"|[^"\s]+)(?:\s.*)?$'
_MOST = 12
_LISTS_PER_OTHER = 4
_IN_FRONT = r"^(\S+)\s"
_FEWEST = 3


def with_client_in_front(log_format: Format, sample: Sequence[str]) -> Format:
    """The format with the forwarded address in place of the host, if that is what its first field holds."""
    if not isinstance(log_format.shape, LinePattern) or not log_format.shape.pattern.startswith(f"^{HOST}"):
        return log_format
    read = list(texts_of(log_format, sample))
    hosts = {texts["host"] for texts in read} - {"", "-"}
    clients = {texts["ip"] for texts in read}
    in_front = len(hosts) >= _FEWEST and len(hosts) > len(clients) and all(map(_LIST.fullmatch, hosts))
    return _made(log_format, _IN_FRONT, (("host", "NULL::VARCHAR"),)) if in_front else log_format


def with_forwarded_behind(log_format: Format, sample: Sequence[str]) -> Format:
    """The format with an expression for the field after the user agent that lists forwarded addresses, if any."""
    if log_format.forwarded_pattern:
        return log_format
    behind = _forwarded_expression(log_format, data_lines(log_format, sample))
    return _made(log_format, behind) if behind else log_format


def forwarded_texts(log_format: Format, sample: Sequence[str]) -> list[str]:
    """The forwarded addresses after the user agent in the lines of a sample, as text."""
    lines = data_lines(log_format, sample)
    behind = log_format.forwarded_pattern or _forwarded_expression(log_format, lines)
    found = (re.match(behind, line, re.DOTALL | re.ASCII) for line in lines) if behind else iter(())
    return [match[1] for match in found if match]


def _forwarded_expression(log_format: Format, lines: Sequence[str]) -> str:
    head = _up_to_agent(log_format)
    if not head or "forwarded_for" in {*log_format.shape.names, *dict(log_format.derive)}:
        return ""
    found = (re.match(head, line, re.DOTALL | re.ASCII) for line in lines)
    behind = _field_pattern([_FIELD.findall(match.string[match.end() :]) for match in found if match])
    return f"{head}{behind}" if behind else ""


def _up_to_agent(log_format: Format) -> str:
    """An expression for a line up to the end of its user agent; empty if the format has none in quotes."""
    pattern = log_format.shape.pattern if isinstance(log_format.shape, LinePattern) else ""
    before, referrer_agent, _ = pattern.partition(REFERRER_AGENT)
    return re.sub(r"\(\?P<\w+>", "(?:", before + referrer_agent) if referrer_agent else ""


def _field_pattern(lines: Sequence[Sequence[str]]) -> str:
    """The rest of the expression, for the field with addresses; empty if there is none."""
    if any(_NAMED.match(field) for fields in lines for field in fields):
        return rf".*?\s{_NAME}={_VALUE}"
    counts: Counter[int] = Counter()
    for place in range(min(_MOST, max(map(len, lines), default=0))):
        values = {fields[place] for fields in lines if len(fields) > place}
        listed = {value for value in values if _LIST.fullmatch(value)}
        others = sum(value not in listed and not _NO_ADDRESS.fullmatch(value) for value in values)
        if listed and others * _LISTS_PER_OTHER <= len(listed):
            counts[place] = len(listed)
    return rf"{_SKIPPED}{{{counts.most_common(1)[0][0]}}}\s+{_VALUE}" if counts else ""


@functools.lru_cache(maxsize=256)
def _made(log_format: Format, pattern: str, derive: tuple[tuple[str, str], ...] = ()) -> Format:
    """Returns the same object for equal expressions: log files of the same format are loaded in one bundle."""
    return dataclasses.replace(log_format, forwarded_pattern=pattern, derive=(*log_format.derive, *derive))


_FEW = 10
_PRIVATE = tuple(map(ipaddress.ip_network, ClientSettings().networks))
_CLIENTS = ("mapped_ip", "ip", "named")
_FIELDS = ("forwarded_for", "real_ip")


@dataclass(frozen=True, slots=True)
class Remark:
    """A warning about a log, and what to write into the manifest; printed as one line."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}"


def behind_proxies(log_format: Format, sample: Sequence[str]) -> Remark | None:
    """A warning if the clients look like proxies and another field has other addresses; None otherwise."""
    read: list[Texts] = []
    clients: set[str] = set()
    for texts in texts_of(log_format, sample):
        read.append(texts)
        clients.add(_address(next(filter(None, map(texts.get, _CLIENTS)), "")))
        if len(clients) > 1 and not all(map(_is_private, clients)):
            return None
    is_single = len(clients) == 1 and len(read) >= _FEW
    if not clients or not (is_single or all(map(_is_private, clients))):
        return None
    field = next((name for name in _FIELDS if _others(read, name, clients)), "")
    if not field and any(_address(text) not in {"", *clients} for text in forwarded_texts(log_format, sample)):
        field = _FIELDS[0]
    if not field:
        return None
    clients_text = (
        f"every client is {next(iter(clients))}" if len(clients) == 1 else "every client is in a private network"
    )
    remedy = f"`source: {{client: {{from: [{field}, ip]}}}}`"
    return Remark(f"{clients_text}, and another field names the clients of a proxy", remedy)


def _others(read: Sequence[Texts], name: str, clients: set[str]) -> bool:
    return any(_address(texts.get(name, "")) not in {"", *clients} for texts in read)


def _address(text: str) -> str:
    """The first address of a text; empty if there is none."""
    for piece in text.replace(",", " ").split():
        bare = piece.strip("\"'[]()").removeprefix("for=")
        for text_of_address in (bare, bare.rpartition(":")[0].strip("[]")):
            try:
                return str(ipaddress.ip_address(text_of_address))
            except ValueError:
                continue
    return ""


def _is_private(address: str) -> bool:
    return bool(address) and any(ipaddress.ip_address(address) in network for network in _PRIVATE)
