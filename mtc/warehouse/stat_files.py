"""The `.stat` files of a project, `stats/SITE/YYYY-MM-DD.stat`: where they are, and each checked against its name.

What is in a file, and how it is written, is in `stat_document`. Nothing is written here.
"""

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

from mtc.core.errors import PermanentError
from mtc.core.model import SITE_NAME
from mtc.warehouse.stat_document import StatDocument, loads

_SITE = re.compile(SITE_NAME)


@dataclass(frozen=True, slots=True, order=True)
class StatFile:
    """The `.stat` file of a site's day."""

    site: str
    day: dt.date
    path: Path


def stat_file(stats: Path, site: str, day: dt.date) -> StatFile:
    """The file of a site's day below the folder `stats`, whether it exists or not."""
    return StatFile(site, day, stats / site / f"{day.isoformat()}.stat")


def list_stat_files(stats: Path) -> tuple[StatFile, ...]:
    """Every `.stat` file below the folder, in order of site and day.

    Raises:
        PermanentError: a file's name is not a day, or its folder's name not a site.
    """
    paths = (path for path in stats.glob("*/*.stat") if not path.name.startswith("."))
    return tuple(sorted(_identify(path) for path in paths))


def _identify(path: Path) -> StatFile:
    try:
        day = dt.date.fromisoformat(path.stem)
    except ValueError:
        day = None
    if day is None or path.stem != day.isoformat() or not _SITE.fullmatch(path.parent.name):
        raise PermanentError(
            "not where a .stat file belongs, stats/SITE/YYYY-MM-DD.stat", where=str(path), hint="move it elsewhere"
        )
    return StatFile(path.parent.name, day, path)


def parse_stat_file(file: StatFile, data: bytes, where: str) -> StatDocument:
    """Parse the bytes of a file; `where` names it in errors.

    Raises:
        PermanentError: the file is damaged, or its document is of another site or day than its name says.
    """
    document = loads(data, where)
    if (document.site, document.day) != (file.site, file.day):
        raise PermanentError(
            f"the .stat file is of {document.site} on {document.day}, which is not what its name says",
            where=where,
            hint="put it back where it belongs, or delete it and run `mtc stat` for its site and day",
        )
    return document
