"""`python -m tests.fake_matomo`: serve until Ctrl-C, and say where and for whom.

Faults are ordered by `POST /_fault`, what is stored is asked for by `GET /_hits`; see `tests/fake_matomo/control.py`.
"""

import argparse
import json
import threading

from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import ADMIN, SUPER, VIEW, WRITE, Settings


def main() -> int:
    """Serve; the first line printed is JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.fake_matomo", description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1; a free one if left out")
    parser.add_argument("--skew", type=float, default=0, help="how many seconds the server's clock is ahead")
    parser.add_argument("--user", default="", help="NAME:PASSWORD that a proxy in front asks for")
    options = parser.parse_args()
    user = tuple(options.user.split(":", 1)) if ":" in options.user else None
    auth = (user[0], user[1]) if user else None
    with FakeMatomo(Settings(control=True, clock_skew=options.skew, basic_auth=auth), port=options.port) as matomo:
        sites = [
            {"id": s.id, "name": s.name, "url": s.urls[0], "timezone": s.timezone}
            for s in matomo.backend.settings.sites
        ]
        tokens = {"super": SUPER, "admin": ADMIN, "write": WRITE, "view": VIEW}
        print(json.dumps({"url": matomo.url, "sites": sites, "tokens": tokens}), flush=True)  # noqa: T201 - its output
        _wait()
    return 0


def _wait() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    raise SystemExit(main())
