"""Make an access log that looks like one: visitors with sessions, Zipf paths, pages with their static files, robots.

Seeded: the same arguments give the same bytes. `python bench/generate.py --lines 1000 --day 2026-05-01 > a.log`.
"""

import argparse
import bisect
import datetime as dt
import itertools
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass

SECTIONS = ("guide", "blog", "reference", "shop", "news", "support")
LAST_SECOND = 86_390
STATIC = ("/css/site.css", "/js/app.js", "/img/logo.png", "/fonts/text.woff2", "/favicon.ico")
DOWNLOADS = ("/files/manual.pdf", "/files/tool-2.1.zip", "/files/data.csv", "/files/talk.mp4")
REFERRERS = (
    "-",
    "-",
    "-",
    "https://www.google.com/",
    "https://www.bing.com/search?q=logs",
    "https://duckduckgo.com/",
    "https://news.ycombinator.com/item?id=1",
    "https://blog.example.net/links",
)
ROBOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "curl/8.5.0",
    "python-requests/2.31.0",
)
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{w}"
    " Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{w} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{w}"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0"
    " Mobile Safari/537.36",
)


@dataclass(frozen=True, slots=True)
class Request:
    """One line to be."""

    second: float
    ip: str
    target: str
    status: int
    size: int
    referrer: str
    agent: str


class Site:
    """A site with pages whose popularity falls off as Zipf's law says."""

    def __init__(self, dice: random.Random, pages: int) -> None:
        self._dice = dice
        self._pages = [f"/{SECTIONS[n % len(SECTIONS)]}/page-{n}.html" if n else "/" for n in range(pages)]
        self._weights = list(itertools.accumulate(1 / (n + 1) for n in range(pages)))

    def page(self) -> str:
        """A page, a popular one more often."""
        at = self._dice.random() * self._weights[-1]
        return self._pages[bisect.bisect(self._weights, at)]


def visits(dice: random.Random, site: Site) -> Iterator[list[Request]]:
    """Visit after visit, for ever, each at some time of the day before its last hour."""
    while True:
        begins = dice.random() * 82_000
        agent = dice.choice(ROBOTS) if dice.random() < 0.12 else dice.choice(BROWSERS)
        agent = agent.format(v=dice.randrange(100, 131), w=dice.randrange(0, 6))
        ip = ".".join(str(dice.randrange(1, 255)) for _ in range(4))
        yield list(_visit(dice, site, begins, ip, agent))


def _visit(dice: random.Random, site: Site, begins: float, ip: str, agent: str) -> Iterator[Request]:
    second, referrer = begins, dice.choice(REFERRERS)
    for _ in range(min(12, 1 + int(dice.expovariate(0.5)))):
        if second > LAST_SECOND:
            return
        target = dice.choice(DOWNLOADS) if dice.random() < 0.03 else site.page()
        if dice.random() < 0.1:
            target += f"?q={dice.randrange(500)}"
        status = dice.choices((200, 304, 301, 404, 500), (90, 3, 3, 3.5, 0.5))[0]
        yield Request(second, ip, target, status, dice.randrange(500, 60_000), referrer, agent)
        if agent not in ROBOTS:
            for static in STATIC[: dice.randrange(0, len(STATIC))]:
                second += dice.random()
                yield Request(second, ip, static, 200, dice.randrange(200, 90_000), "-", agent)
        referrer = f"https://www.example.org{target}"
        second += dice.expovariate(1 / 90)


def requests(lines: int, seed: int, pages: int) -> list[Request]:
    """Exactly so many requests, in order of time, spread over a day."""
    dice = random.Random(seed)
    made: list[Request] = []
    for visit in visits(dice, Site(dice, pages)):
        made += visit
        if len(made) >= lines:
            break
    return sorted(made, key=lambda request: request.second)[:lines]


def combined(request: Request, midnight: dt.datetime) -> str:
    """A line in combined log format."""
    when = (midnight + dt.timedelta(seconds=int(request.second))).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return (
        f'{request.ip} - - [{when}] "GET {request.target} HTTP/1.1" {request.status} {request.size}'
        f' "{request.referrer}" "{request.agent}"\n'
    )


def main() -> None:
    """Write the log to stdout."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--day", default="2026-05-01")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pages", type=int, default=3000)
    chosen = parser.parse_args()
    midnight = dt.datetime.fromisoformat(chosen.day).replace(tzinfo=dt.UTC)
    for request in requests(chosen.lines, chosen.seed, chosen.pages):
        sys.stdout.write(combined(request, midnight))


if __name__ == "__main__":
    main()
