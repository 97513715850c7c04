"""A client of the fake server for tests: request strings, bulk requests, API calls; of the standard library alone."""

import contextlib
import http.client
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from tests.fake_matomo.hits import moment
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)
DAY = "2026-05-01"
NOW = moment("2026-06-01 12:00:00") or 0
JSON_TYPE = {"Content-Type": "application/json"}
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


def hit(clock: str = "10:00:00", *, without: str = "", **values: str) -> str:
    """A request string; `cdt=""` and the like leave a value empty, `without` leaves it out."""
    params = {"idsite": "1", "rec": "1", "url": "http://docs.example.org/", "cip": "198.51.100.7"}
    params |= {"cdt": f"{DAY} {clock}", "ua": CHROME, **values}
    return "?" + urlencode({name: value for name, value in params.items() if name not in without.split()})


class Reply:
    """A complete response."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.type = response.headers.get_content_type()
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def post(matomo: FakeMatomo, path: str, body: bytes, headers: dict[str, str] | None = None) -> Reply:
    """POST on a new connection."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", matomo.port, timeout=20)) as connection:
        connection.request("POST", path, body, JSON_TYPE if headers is None else headers)
        return Reply(connection.getresponse())


def send(matomo: FakeMatomo, requests: Sequence[object], token: str | None = SUPER, **more: object) -> Reply:
    """Send a bulk request."""
    document = {"requests": requests, **({"token_auth": token} if token else {}), **more}
    return post(matomo, "/matomo.php", json.dumps(document).encode())


def ask(matomo: FakeMatomo, method: str, token: str = SUPER, **params: str | int) -> Any:
    """Call the API."""
    form = {"module": "API", "method": method, "format": "JSON", "token_auth": token, **params}
    return post(matomo, "/index.php", urlencode(form).encode(), FORM_TYPE).json


def ask_day(matomo: FakeMatomo, method: str, day: str = DAY, **params: str | int) -> Any:
    """Call a report of site 1."""
    return ask(matomo, method, SUPER, idSite=1, period="day", date=day, **params)


def send_and_see(matomo: FakeMatomo, requests: Sequence[object]) -> int:
    """Send a bulk request; returns the status, or 0 if the connection broke."""
    try:
        return send(matomo, requests).status
    except (http.client.HTTPException, OSError):
        return 0
