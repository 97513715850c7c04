"""Small access logs, reproducible from a seed."""

import datetime as dt
import gzip
import random

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
)
PATHS = ("/", "/a", "/b?q=1", "/files/manual.pdf", "/style.css", "/caf%C3%A9", "/=1+1")
REFERRERS = ("-", "https://www.google.com/", "https://blog.example.net/links")


def combined_log(day: dt.date, seed: str, lines: int = 60, *, bad: int = 1) -> bytes:
    """Return a log in combined format: mostly lines of `day`, a few of the night before, and `bad` malformed ones."""
    dice = random.Random(seed)
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    seconds = sorted(dice.randrange(-5_000, 86_000) for _ in range(lines - bad))
    written = [_line(dice, midnight + dt.timedelta(seconds=second)) for second in seconds]
    written += ["this is no line of an access log"] * bad
    return "".join(line + "\n" for line in written).encode()


def common_log(day: dt.date, seed: str, lines: int = 30) -> bytes:
    """Return the same log in common format, without referrer and user agent."""
    log = combined_log(day, seed, lines, bad=0).decode()
    return "".join(line.split(' "')[0] + ' "' + line.split(' "')[1] + "\n" for line in log.splitlines()).encode()


def gzipped(data: bytes) -> bytes:
    """Compress, always to the same bytes."""
    return gzip.compress(data, mtime=0)


def _line(dice: random.Random, when: dt.datetime) -> str:
    status = dice.choice((200, 200, 200, 200, 304, 301, 404))
    return (
        f"10.0.0.{dice.randrange(1, 20)} - - [{when:%d/%b/%Y:%H:%M:%S} +0000]"
        f' "GET {dice.choice(PATHS)} HTTP/1.1" {status} {dice.randrange(9_000)}'
        f' "{dice.choice(REFERRERS)}" "{dice.choice(AGENTS)}"'
    )
