"""The table of log formats. Order matters: of two formats that fit equally well, the earlier wins.

Most formats are plain declarations. Those whose first lines name the fields are made from a sample by a *binder*.
`NAMES` has the names of all; a manifest is checked against it.
"""

from collections.abc import Callable, Sequence

from mtc.formats import aws, clouds, csv_lines, json_formats, ltsv_logfmt, ncsa, proxies
from mtc.formats.aws import CLOUDFRONT_JSON, CLOUDFRONT_PARQUET
from mtc.formats.model import Format
from mtc.formats.w3c import DIALECTS, binder

FORMATS: dict[str, Format] = {
    "combined": ncsa.COMBINED,
    "common": ncsa.COMMON,
    "combined_vhost": ncsa.COMBINED_VHOST,
    "common_vhost": ncsa.COMMON_VHOST,
    "combined_vhost_last": ncsa.COMBINED_VHOST_LAST,
    "combined_nginx_time": ncsa.COMBINED_NGINX_TIME,
    "combined_apache_time": ncsa.COMBINED_APACHE_TIME,
    "icecast": ncsa.ICECAST,
    "ovh": ncsa.OVH,
    "lighttpd": ncsa.LIGHTTPD,
    "common_agent": ncsa.COMMON_AGENT,
    "common_agent_vhost": ncsa.COMMON_AGENT_VHOST,
    "gandi": ncsa.GANDI,
    "litespeed": ncsa.LITESPEED,
    "nginx_proxy_manager": ncsa.NGINX_PROXY_MANAGER,
    "haproxy": proxies.HAPROXY,
    "elb": aws.ELB,
    "alb": aws.ALB,
    "s3": aws.S3,
    "traefik": proxies.TRAEFIK,
    "envoy": proxies.ENVOY,
    "squid": proxies.SQUID,
    "envoy_json": proxies.ENVOY_JSON,
    "kong": proxies.KONG,
    "apisix": proxies.APISIX,
    "apisix_access": proxies.APISIX_ACCESS,
    "api_gateway": aws.API_GATEWAY,
    "api_gateway_clf": aws.API_GATEWAY_CLF,
    "api_gateway_csv": aws.API_GATEWAY_CSV,
    "google_cloud": clouds.GOOGLE_CLOUD,
    "azure_front_door": clouds.AZURE_FRONT_DOOR,
    "azure_application_gateway": clouds.AZURE_APPLICATION_GATEWAY,
    "fastly": clouds.FASTLY,
    "akamai": clouds.AKAMAI,
    "akamai_pairs": clouds.AKAMAI_PAIRS,
    "akamai_structured": clouds.AKAMAI_STRUCTURED,
    "vercel": clouds.VERCEL,
    "tomcat_json": json_formats.TOMCAT_JSON,
    "nginx_json": json_formats.NGINX_JSON,
    "caddy": json_formats.CADDY,
    "traefik_json": json_formats.TRAEFIK_JSON,
    "cloudflare": json_formats.CLOUDFLARE,
    "cloudfront_json": CLOUDFRONT_JSON,
    "cloudfront_parquet": CLOUDFRONT_PARQUET,
}

Binder = Callable[[Sequence[str]], Format | None]
"""Makes a format from the first lines of a file; None if they are not enough. Equal lines give the same object."""

BINDERS: dict[str, Binder] = {
    **{dialect.name: binder(dialect) for dialect in DIALECTS},
    "ltsv": ltsv_logfmt.bind_ltsv,
    "logfmt": ltsv_logfmt.bind_logfmt,
    "csv": csv_lines.bind,
    "any_json": json_formats.bind_json,
}
GUESSED = ("csv", "any_json")
"""The formats that guess fields, for files that no other format reads."""

READ_MORE_BY = {"nginx_json": "any_json"}
"""Formats whose keys are common, so that lines may have further ones: the guessing format may read more fields."""

NAMES: tuple[str, ...] = (*FORMATS, *BINDERS)

TITLES: dict[str, str] = {
    **{name: log_format.title for name, log_format in FORMATS.items()},
    **{dialect.name: dialect.title for dialect in DIALECTS},
    "ltsv": ltsv_logfmt.LTSV.title,
    "logfmt": ltsv_logfmt.LOGFMT.title,
    "csv": csv_lines.TITLE,
    "any_json": json_formats.ANY_JSON_TITLE,
}
"""What each format is, in a line: which server writes it, and what is special about it."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "Web servers, NCSA": (
        *("combined", "common", "combined_vhost", "common_vhost", "combined_vhost_last", "common_agent"),
        *("common_agent_vhost", "combined_nginx_time", "combined_apache_time"),
    ),
    "Web servers, JSON": ("nginx_json", "tomcat_json", "caddy"),
    "Web servers, W3C": ("w3c", "iis"),
    "Hosting": ("ovh", "lighttpd", "gandi", "litespeed", "nginx_proxy_manager"),
    "Proxies and load balancers": (
        *("haproxy", "squid", "traefik", "traefik_json", "envoy", "envoy_json", "netscaler", "elb", "alb"),
        *("google_cloud", "azure_front_door", "azure_application_gateway"),
    ),
    "API gateways": ("kong", "apisix", "apisix_access", "api_gateway", "api_gateway_clf", "api_gateway_csv"),
    "Object storage and CDN": (
        *("s3", "cloudfront", "cloudfront_json", "cloudfront_parquet", "cloudfront_rtmp", "cloudflare", "fastly"),
        *("akamai", "akamai_pairs", "akamai_structured", "incapsula", "vercel"),
    ),
    "Streaming": ("icecast", "shoutcast"),
    "Any server": ("ltsv", "logfmt", "csv", "any_json"),
}
"""The formats as the documentation groups them; every format is in one family."""

NAMED_ONLY: tuple[str, ...] = tuple(name for name, log_format in FORMATS.items() if not log_format.detectable)
"""The formats that detection cannot tell from another one: a manifest has to name them."""


def candidates(sample: Sequence[str]) -> dict[str, Format]:
    """The formats that a file beginning with `sample` may be in, by name, in order of preference."""
    bound = {name: bind(sample) for name, bind in BINDERS.items()} if sample else {}
    known = {name: log_format for name, log_format in bound.items() if log_format is not None and log_format.detectable}
    guessed = {name: known.pop(name) for name in GUESSED if name in known}
    return known | {name: log_format for name, log_format in FORMATS.items() if log_format.detectable} | guessed
