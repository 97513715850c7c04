"""What a source says of the fields of its lines: who the client is, and which column is which field."""

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from mtc.manifest.strict import Model

PRIVATE = "private"
_PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10"),
    *("::1/128", "fc00::/7", "fe80::/10"),
)


def _network(text: str) -> str:
    if text != PRIVATE:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            hint = "one looks like 10.0.0.0/8 or 2001:db8::/32; `private` stands for all that are not on the internet"
            raise ValueError(f"{text} is no network; {hint}") from None
    return text


FieldName = Literal[
    "ip",
    "forwarded_for",
    "real_ip",
    "host",
    "user",
    "time",
    "date",
    "clock",
    "request",
    "method",
    "target",
    "path",
    "query",
    "protocol",
    "status",
    "bytes",
    "time_taken",
    "referrer",
    "user_agent",
]
Network = Annotated[str, Field(min_length=1, examples=["10.0.0.0/8", PRIVATE]), AfterValidator(_network)]


class Client(Model):
    """Which address of a line is the client's, where proxies stand in front of the server."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[
        tuple[Literal["ip", "real_ip", "forwarded_for"], ...],
        Field(alias="from", min_length=1, examples=[["forwarded_for", "ip"]]),
    ] = ("ip",)
    """The first of these fields that holds an address says it. `ip` is what the format has for the client,
    `forwarded_for` what proxies have listed (`X-Forwarded-For`, `Forwarded`), `real_ip` what the last of them has found
    (`X-Real-IP`, `CF-Connecting-IP`, `True-Client-IP`)."""
    trusted: Annotated[tuple[Network, ...], Field(examples=[["10.0.0.0/8", "2001:db8::/32"]])] = (PRIVATE,)
    """The networks of one's own proxies: of a list the right-most address counts that is in none of them, and the
    left-most where all are. `private` stands for the networks that are not on the internet (RFC 1918, loopback,
    link-local, shared and unique local addresses)."""
    host_names: bool = False
    """Whether a client of which a log has only the host name (Apache's `HostnameLookups`) counts as a visitor of that
    name. Otherwise its lines are rejected."""

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that are trusted."""
        listed = (_PRIVATE if text == PRIVATE else (text,) for text in self.trusted)
        return tuple(network for networks in listed for network in networks)
