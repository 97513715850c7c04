"""Makes the data of the benchmark, seeded, in a process of its own, as its memory is nobody's measure.

`material.py log FORMAT AMOUNT FILE` (bytes, or `1000l`), `objects COUNT LINES FOLDER`, `days COUNT LINES FOLDER FIRST`,
`sites SITES COUNT LINES FOLDER FIRST` (the days of each of so many sites, in a folder of its own),
`rotated COUNT LINES FOLDER NAMES` (a log for each of so many days up to the last, all but the newest two as gzip; NAMES
are `numbered` or `dated`), `append LINES FILE SEED` (hits of the next day), `copies COUNT FILE`, `agents COUNT FILE` (a
line for each of so many user agents), `stats SITES DAYS STAT_FILE FOLDER`.
"""

import datetime as dt
import gzip
import heapq
import itertools
import os
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import generate
from layouts import LAYOUTS

DAY = dt.date(2026, 5, 1)
_BLOCK = 200_000
_PAGES = 3000
_ADDRESS = re.compile(rb"^\d+", re.MULTILINE)


def hits(lines: int, seed: int = 0) -> Iterator[generate.Request]:
    """So many hits of one day, in order of time. Each block of them has visitors of its own."""
    sizes = [min(_BLOCK, lines - begun) for begun in range(0, lines, _BLOCK)]
    blocks = [generate.requests(size, 1000 * seed + number, _PAGES) for number, size in enumerate(sizes)]
    return heapq.merge(*blocks, key=lambda hit: hit.second)


def combined(lines: int, day: dt.date = DAY, seed: int = 0) -> Iterator[str]:
    """The same as combined lines."""
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    return (generate.combined(hit, midnight) for hit in hits(lines, seed))


def log(form: str, amount: str, file: str) -> None:
    """A log with so many lines (`1000l`) or about so many bytes."""
    target = Path(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = int(amount[:-1]) if amount.endswith("l") else _lines_of(int(amount))
    with target.open("w", encoding="utf-8") as stream:
        if form == "combined":
            stream.writelines(combined(lines))
        else:
            stream.writelines(LAYOUTS[form].lines(hits(lines), DAY))


def _lines_of(size: int) -> int:
    sample = list(combined(10_000))
    return size * len(sample) // sum(map(len, sample))


def objects(count: str, lines: str, folder: str) -> None:
    """A day as many gzip objects of so many lines each."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    each = int(lines)
    text = combined(int(count) * each)
    for number in range(int(count)):
        data = "".join(itertools.islice(text, each)).encode()
        (target / f"{number:06}.log.gz").write_bytes(gzip.compress(data, 6, mtime=0))


def days(count: str, lines: str, folder: str, first: str) -> None:
    """A small log for each of so many days."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    made = list(hits(int(lines)))
    for number in range(int(count)):
        day = dt.date.fromisoformat(first) + dt.timedelta(days=number)
        midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
        text = "".join(generate.combined(hit, midnight) for hit in made)
        (target / f"{day}.log").write_text(text, encoding="utf-8")


def sites(many: str, count: str, lines: str, folder: str, first: str) -> None:
    """Small logs for each of so many days of each of so many sites."""
    for number in range(int(many)):
        days(count, lines, str(Path(folder) / f"site{number:03}"), first)


def rotated(count: str, lines: str, folder: str, names: str) -> None:
    """The logs that a rotation leaves: of the last day, of the one before, and of those before as gzip."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for age in range(int(count)):
        day = DAY - dt.timedelta(days=age)
        path = target / (f"{day}.log" if names == "dated" else f"access.log.{age}" if age else "access.log")
        text = "".join(combined(int(lines), day, seed=age)).encode()
        packed = age > 1
        path = path.with_name(f"{path.name}.gz") if packed else path
        path.write_bytes(gzip.compress(text, 6, mtime=0) if packed else text)
        _written_on(path, day)


def _written_on(path: Path, day: dt.date) -> None:
    last = dt.datetime.combine(day, dt.time(23, 59), dt.UTC).timestamp()
    os.utime(path, (last, last))


def append(lines: str, file: str, seed: str) -> None:
    """So many more hits, of the day after the others, at the end of a log."""
    with Path(file).open("a", encoding="utf-8") as stream:
        stream.writelines(combined(int(lines), DAY + dt.timedelta(days=1), seed=int(seed)))


def copies(count: str, file: str) -> None:
    """The log so many times, each time with visitors of its own: their addresses begin with another number."""
    source = Path(file)
    text = source.with_suffix(".one")
    source.rename(text)
    with source.open("wb") as stream:
        for number in range(int(count)):
            with text.open("rb") as one:
                while block := one.read(64 << 20) + one.readline():
                    stream.write(_ADDRESS.sub(b"%d" % (number + 1), block))
    text.unlink()


_MANY_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.{b}.{w}"
    " Safari/537.36 Edg/{v}.0.{n}.{w}",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_{w}) AppleWebKit/605.{n}.15 (KHTML, like Gecko) Version/17.{w}"
    " Safari/605.1.{b}",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{w} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E{w}"
    " [FBAN/FBIOS;FBAV/{v}.0.0.{w};FBBV/{b}{n};FBDV/iPhone14,2]",
    "Mozilla/5.0 (Linux; Android 14; SM-A{w}5{x} Build/UP1A.{b}.{n}; wv) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Version/4.0 Chrome/{v}.0.{b}.{w} Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; {x}{n} Build/TP1A.{b}) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/{v}.0.{n}.{w} Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; {x}{n}Bot/{w}.{b}; +https://example.com/{n})",
    "MyApp{x}/{v}.{n} (com.example.app; build:{b}; iOS 17.{w}.0) Alamofire/5.{w}.{n}",
)


def agents(count: str, file: str) -> None:
    """A log whose lines are all of different user agents: browsers, apps, devices known and unknown, robots."""
    dice = random.Random(1)
    made: dict[str, None] = {}
    while len(made) < int(count):
        v, w, n, b = (dice.randrange(*between) for between in ((90, 150), (0, 10), (1000, 9999), (100_000, 999_999)))
        made[dice.choice(_MANY_AGENTS).format(v=v, w=w, n=n, b=b, x=dice.choice("ABCDEFGHKMNRSTUVX"))] = None
    target = Path(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8") as stream:
        for number, agent in enumerate(made):
            ip = f"198.51.{number // 200 % 200}.{number % 200 + 1}"
            stream.write(f'{ip} - - [01/May/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 100 "-" "{agent}"\n')


def stats(sites: str, count: str, file: str, folder: str) -> None:
    """A `.stat` file as that of so many sites and days."""
    from mtc.warehouse.stat_document import dumps, loads  # noqa: PLC0415 - nothing else needs it

    source = Path(file)
    document = loads(source.read_bytes(), str(source))
    for site in (f"site{number:02}" for number in range(int(sites))):
        (Path(folder) / site).mkdir(parents=True)
        for number in range(int(count)):
            day = DAY - dt.timedelta(days=number)
            copy = document.model_copy(update={"site": site, "day": day})
            (Path(folder) / site / f"{day}.stat").write_bytes(dumps(copy))


def main() -> None:
    """Make what was asked for."""
    makers = {maker.__name__: maker for maker in (log, objects, days, sites, rotated, append, copies, agents, stats)}
    makers[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
