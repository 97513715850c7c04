"""The one table of log formats. Order matters where two fit equally well and say equally much: the earlier wins.

Most formats are declarations as they stand. Some are only known when the file has been looked into, as its first lines
name the fields: those are made from a sample by a *binder*.
"""

import difflib
from collections.abc import Callable, Sequence

from mtc.errors import PermanentError
from mtc.formats import (
    akamai,
    any_csv,
    any_json,
    api_gateway,
    clouds,
    edges,
    gateways,
    haproxy,
    hosting,
    json_formats,
    labelled,
    layers,
    load_balancers,
    ncsa,
    proxies,
    s3_access,
    squid,
    tomcat,
    trailing,
)
from mtc.formats.base import Format
from mtc.formats.cloudfront import CLOUDFRONT_JSON, CLOUDFRONT_PARQUET
from mtc.formats.dialects import DIALECTS
from mtc.formats.w3c import binder

FORMATS: dict[str, Format] = {
    "combined": ncsa.COMBINED,
    "common": ncsa.COMMON,
    "combined_vhost": ncsa.COMBINED_VHOST,
    "common_vhost": ncsa.COMMON_VHOST,
    "combined_vhost_last": trailing.COMBINED_VHOST_LAST,
    "combined_nginx_time": trailing.COMBINED_NGINX_TIME,
    "combined_apache_time": trailing.COMBINED_APACHE_TIME,
    "icecast": trailing.ICECAST,
    "ovh": hosting.OVH,
    "lighttpd": hosting.LIGHTTPD,
    "common_agent": ncsa.COMMON_AGENT,
    "common_agent_vhost": ncsa.COMMON_AGENT_VHOST,
    "gandi": hosting.GANDI,
    "litespeed": hosting.LITESPEED,
    "nginx_proxy_manager": hosting.NGINX_PROXY_MANAGER,
    "haproxy": haproxy.HAPROXY,
    "elb": load_balancers.ELB,
    "alb": load_balancers.ALB,
    "s3": s3_access.S3,
    "traefik": proxies.TRAEFIK,
    "envoy": proxies.ENVOY,
    "squid": squid.SQUID,
    "envoy_json": gateways.ENVOY_JSON,
    "kong": gateways.KONG,
    "apisix": gateways.APISIX,
    "apisix_access": gateways.APISIX_ACCESS,
    "api_gateway": api_gateway.API_GATEWAY,
    "api_gateway_clf": api_gateway.API_GATEWAY_CLF,
    "api_gateway_csv": api_gateway.API_GATEWAY_CSV,
    "google_cloud": clouds.GOOGLE_CLOUD,
    "azure_front_door": clouds.AZURE_FRONT_DOOR,
    "azure_application_gateway": clouds.AZURE_APPLICATION_GATEWAY,
    "fastly": edges.FASTLY,
    "akamai": akamai.AKAMAI,
    "akamai_pairs": akamai.AKAMAI_PAIRS,
    "akamai_structured": akamai.AKAMAI_STRUCTURED,
    "vercel": edges.VERCEL,
    "tomcat_json": tomcat.TOMCAT_JSON,
    "nginx_json": json_formats.NGINX_JSON,
    "caddy": json_formats.CADDY,
    "traefik_json": json_formats.TRAEFIK_JSON,
    "cloudflare": json_formats.CLOUDFLARE,
    "cloudfront_json": CLOUDFRONT_JSON,
    "cloudfront_parquet": CLOUDFRONT_PARQUET,
}

Binder = Callable[[Sequence[str]], Format | None]
"""Makes a format from the first lines of a file; None when they do not say enough. Equal lines give the same object."""

BINDERS: dict[str, Binder] = {
    **{dialect.name: binder(dialect) for dialect in DIALECTS},
    "ltsv": labelled.bind_ltsv,
    "logfmt": labelled.bind_logfmt,
    "csv": any_csv.bind,
    "any_json": any_json.bind,
}
GUESSED = ("csv", "any_json")
"""The formats that guess: they are for what no other reads."""

PLAIN = {"nginx_json": "any_json"}
"""Formats whose keys anyone may use beside others of his own: the guess may read more of such lines."""

NAMES: tuple[str, ...] = (*FORMATS, *BINDERS)


def get(name: str, sample: Sequence[str], *, where: str) -> Format:
    """The format of that name, for a file that begins with `sample`; an unknown one names the nearest."""
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known formats: {', '.join(NAMES)}"
        raise PermanentError(f"no format is called {name!r}", hint=hint)
    bound = layers.fitted(lambda lines: _made(name, lines), sample)
    if bound is None:
        hint = "check that the file begins with the header that the format calls for, or use `format: auto`"
        raise PermanentError(f"the file does not begin as {name} does", where=where, hint=hint)
    return bound


def _made(name: str, sample: Sequence[str]) -> Format | None:
    return FORMATS[name] if name in FORMATS else BINDERS[name](sample)


def candidates(sample: Sequence[str]) -> dict[str, Format]:
    """Every format that a file which begins with `sample` may be in, by name, in the order of preference."""
    bound = {name: bind(sample) for name, bind in BINDERS.items()} if sample else {}
    known = {name: form for name, form in bound.items() if form is not None and form.detectable}
    guessed = {name: known.pop(name) for name in GUESSED if name in known}
    return known | {name: form for name, form in FORMATS.items() if form.detectable} | guessed
