"""Logs read as the import stage reads them, with given settings of the site."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from reads import database

from mtc.formats.settings import Filters, HitSettings
from mtc.manifest.models import Source
from mtc.manifest.project import SiteSettings
from mtc.stages.import_.preview import HIT, Explained, Explainer, Sample, Value

EVERYTHING = Filters(bots=True, static=True, errors=True, redirects=True)
SITE = SiteSettings("docs", "", "UTC", Source(url="."), None, EVERYTHING)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


def site(filters: Filters | None = None, hits: HitSettings | None = None, **given: object) -> SiteSettings:
    """Return a site with these rules, by default without filters, and further settings of it or its source."""
    source = {name: value for name, value in given.items() if name in Source.model_fields}
    own = {name: value for name, value in given.items() if name not in source}
    made = dataclasses.replace(SITE, filters=filters or EVERYTHING, hits=hits or HitSettings())
    made = dataclasses.replace(made, source=made.source.model_copy(update=source))
    return dataclasses.replace(made, **own)  # type: ignore[arg-type]


def line(  # noqa: PLR0913 (one for each field of a line)
    target: str = "/",
    *,
    host: str = "",
    ip: str = "192.0.2.1",
    status: int = 200,
    referrer: str = "-",
    agent: str = CHROME,
    time: str = "01/May/2026:12:00:00 +0000",
    method: str = "GET",
) -> str:
    """Return a line in combined format, preceded by a virtual host if one is given."""
    front = f"{host} " if host else ""
    return f'{front}{ip} - - [{time}] "{method} {target} HTTP/1.1" {status} 512 "{referrer}" "{agent}"'


def explained(
    folder: Path, data: bytes | Sequence[str], settings: SiteSettings = SITE, *, limit: int = 1000
) -> Explained:
    """Return how an import reads a log, given as bytes or as lines."""
    path = folder / "in-hand.log"
    path.write_bytes(data if isinstance(data, bytes) else "".join(f"{each}\n" for each in data).encode())
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return Explainer(settings, database().cursor, work, limit).explain(path)


def reasons(found: Explained) -> list[str | None]:
    """Return the reason why each line is not a hit, in order; None for a hit."""
    assert found.error is None, found.error
    known = [(sample.line, name) for name, samples in found.samples.items() for sample in samples]
    return [None if name == HIT else name for _, name in sorted(known)]


def hits(found: Explained) -> list[Sample]:
    """Return the hits, in order."""
    assert found.error is None, found.error
    return found.samples.get(HIT, [])


def values(found: Explained, name: str) -> list[Value | None]:
    """Return one field of every hit."""
    return [sample.fields.get(name) for sample in hits(found)]
