"""The answers of requests that come to nothing, whatever they asked for: proxies, databases, limits."""

from tests.fake_matomo.answers import DROPPED, NOTHING, RESET, RESTARTED, Answer, page, tracked
from tests.fake_matomo.faults import Fault, Planned

BAD_GATEWAY = page(502, "502 Bad Gateway")
GATEWAY_TIMEOUT = page(504, "504 Gateway Time-out")
SQLSTATE = Answer(200, b"Error: SQLSTATE[HY000]: General error: 2006 the database connection was lost")
PROXY_PAGE = page(200, "Welcome. Please sign in to use this network.")
DATABASE_DOWN = tracked(0, [], indices=False, ok=False, status=500)


def lost(planned: Planned, location: str) -> Answer | None:
    """The answer to a request that is not worked on; None if the fault is of another kind.

    `location` is where a redirect leads to.
    """
    fault, retry = planned.fault, planned.retry_after
    headers = (("Retry-After", retry),) if retry else ()
    answers = {
        Fault.DROP: DROPPED,
        Fault.RESET: RESET,
        Fault.RESTART: RESTARTED,
        Fault.BAD_GATEWAY: BAD_GATEWAY,
        Fault.GATEWAY_TIMEOUT: GATEWAY_TIMEOUT,
        Fault.SQLSTATE: SQLSTATE,
        Fault.PROXY_PAGE: PROXY_PAGE,
        Fault.DATABASE_DOWN: DATABASE_DOWN,
        Fault.MAINTENANCE: NOTHING,
        Fault.TOO_MANY: page(429, "429 Too Many Requests", *headers),
        Fault.UNAVAILABLE: page(503, "503 Service Unavailable", *headers),
        Fault.REDIRECT: page(301, "301 Moved Permanently", ("Location", location)),
    }
    return answers.get(fault)
