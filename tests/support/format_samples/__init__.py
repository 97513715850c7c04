"""Sample logs of every format, written after the formats' own documentation, with the fields that a reader must get.

Hosts are under example.org and addresses from the ranges for documentation. No line is from a real log.
"""

from format_samples import (
    akamai,
    any_json,
    apache_nginx,
    api_gateway,
    caddy,
    cloudflare,
    cloudfront,
    clouds,
    edges,
    envoy,
    exports,
    gateways,
    haproxy,
    haproxy_tomcat,
    hosting,
    iis,
    labelled,
    load_balancers,
    ncsa,
    nginx_json,
    s3,
    squid,
    streaming,
    tomcat,
    traefik,
    w3c,
)
from format_samples.regexes import REGEXES
from format_samples.shape import LayoutSample, RegexSample, Row, SampleFile

LAYOUTS: tuple[LayoutSample, ...] = (*apache_nginx.LAYOUTS, *haproxy_tomcat.LAYOUTS)
SAMPLES: tuple[SampleFile, ...] = (
    *ncsa.SAMPLES,
    *hosting.SAMPLES,
    *streaming.SAMPLES,
    *haproxy.SAMPLES,
    *load_balancers.SAMPLES,
    *s3.SAMPLES,
    *cloudfront.SAMPLES,
    *w3c.SAMPLES,
    *iis.SAMPLES,
    *nginx_json.SAMPLES,
    *caddy.SAMPLES,
    *traefik.SAMPLES,
    *cloudflare.SAMPLES,
    *envoy.SAMPLES,
    *labelled.SAMPLES,
    *squid.SAMPLES,
    *gateways.SAMPLES,
    *clouds.SAMPLES,
    *edges.SAMPLES,
    *tomcat.SAMPLES,
    *akamai.SAMPLES,
    *api_gateway.SAMPLES,
    *any_json.SAMPLES,
    *exports.SAMPLES,
)

__all__ = ["LAYOUTS", "REGEXES", "SAMPLES", "LayoutSample", "RegexSample", "Row", "SampleFile"]
