"""LTSV and logfmt: which labels mean what.

Sources: ltsv.org, "Labels for Web server's Log", by which `host` is the client; where Apache's or nginx's own names say
the client, `host` is the virtual host. logfmt fixes no names: those of common servers and frameworks are read, and of
Heroku's router, whose time stands in front of the pairs ("HTTP Routing", Heroku Dev Center).
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import cast

from mtc.formats.base import ANY_EPOCH, CLF_TIME, Format, Time
from mtc.formats.pairs import LEAD, Labels, Pairs, order_of, whole
from mtc.formats.texts import address, host_name, http_version, milliseconds, unbracketed

_TIME = Time((CLF_TIME,), epoch=ANY_EPOCH, iso=True)
_LTSV_NEEDED = (("ip", "named"), ("time",), ("request", "target"))
_LOGFMT_NEEDED = (("ip",), ("method", "request"), ("request", "target"), ("stamp", LEAD))


def _labels(**fields: str) -> Labels:
    return tuple((name, tuple(labels.split())) for name, labels in fields.items())


def _taken(**units: float) -> tuple[str, str]:
    """The time taken in milliseconds, from names whose numbers are of so many milliseconds each."""
    found = ", ".join(milliseconds(f"z.{name}", unit=unit) for name, unit in units.items())
    return "time_taken", f"coalesce({found})"


LTSV = Format(
    name="ltsv",
    title="LTSV, labels of ltsv.org or those of Apache and nginx",
    shape=Pairs(
        "ltsv",
        _labels(
            ip="remote_addr remote_host remote_ip client_ip clientip",
            forwarded_for="forwardedfor forwarded_for x_forwarded_for http_x_forwarded_for xff",
            real_ip="x_real_ip http_x_real_ip real_ip cf_connecting_ip true_client_ip",
            named="host",
            host="vhost http_host server_name",
            user="user remote_user",
            time="time datetime time_local time_iso8601 timestamp msec",
            request="req request",
            method="method request_method",
            target="uri request_uri path",
            protocol="protocol server_protocol",
            status="status",
            bytes="size body_bytes_sent bytes_sent bytes",
            referrer="referer http_referer referrer",
            user_agent="ua user_agent http_user_agent",
            micros="reqtime_microsec",
            seconds="reqtime request_time",
            application="apptime",
        ),
        needed=_LTSV_NEEDED,
    ),
    time=_TIME,
    taken=1,
    derive=(
        ("ip", f"CASE WHEN {whole(*_LTSV_NEEDED)} THEN {address('coalesce(z.ip, z.named)')} END"),
        ("host", host_name("coalesce(z.host, CASE WHEN z.ip IS NOT NULL THEN z.named END)")),
        ("time", unbracketed("z.time")),
        _taken(micros=0.001, seconds=1000, application=1000),
    ),
    other=r"regexp_matches({line}, '(?:^|\t)(?:level|lvl|severity|msg|message):')",
)

_ADDRESSES = "remote_addr remote_ip client_ip clientip client_addr client ip remote remote_host peer fwd"

LOGFMT = Format(
    name="logfmt",
    title="logfmt, with the names of common servers and of Heroku's router",
    shape=Pairs(
        "logfmt",
        _labels(
            ip=_ADDRESSES,
            forwarded_for="forwarded_for x_forwarded_for http_x_forwarded_for xff fwd forwarded",
            real_ip="real_ip x_real_ip http_x_real_ip cf_connecting_ip true_client_ip",
            host="host vhost hostname http_host server_name",
            user="user username remote_user userid",
            stamp="time ts t timestamp datetime date @timestamp",
            request="request req",
            method="method request_method http_method",
            target="path uri url request_uri target",
            protocol="proto protocol http_version server_protocol",
            status="status status_code http_status",
            bytes="size bytes bytes_sent body_bytes_sent length response_size",
            referrer="referer referrer http_referer",
            user_agent="user_agent useragent ua agent http_user_agent",
            millis="duration_ms elapsed_ms time_ms latency_ms took_ms",
            seconds="request_time duration_s elapsed_s",
            spoken="duration elapsed latency took service",
        ),
        needed=_LOGFMT_NEEDED,
    ),
    time=_TIME,
    taken=1,
    derive=(
        ("ip", f"CASE WHEN {whole(*_LOGFMT_NEEDED)} THEN {address('z.ip')} END"),
        ("host", host_name("z.host")),
        ("time", unbracketed("coalesce(z.stamp, z.lead)")),
        ("protocol", http_version("z.protocol")),
        _taken(millis=1, seconds=1000, spoken=1),
    ),
    other=r"regexp_matches({line}, '(?:^|\s)(?:level|lvl|severity|msg|message)=\S|^[^ ]+ \w+\[[\w.]+\]: ')",
)


def bind_ltsv(sample: Sequence[str]) -> Format:
    """LTSV with the order of labels that the sample has."""
    return _ordered(LTSV, sample)


def bind_logfmt(sample: Sequence[str]) -> Format:
    """The same for logfmt."""
    return _ordered(LOGFMT, sample)


def _ordered(form: Format, sample: Sequence[str]) -> Format:
    return _with_order(form, order_of(form.shape, sample)) if isinstance(form.shape, Pairs) else form


@functools.lru_cache(maxsize=256)
def _with_order(form: Format, order: tuple[str, ...]) -> Format:
    """One object for one order: objects of the same format are bundled."""
    return dataclasses.replace(form, shape=dataclasses.replace(cast("Pairs", form.shape), order=order))
