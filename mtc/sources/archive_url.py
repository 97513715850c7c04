"""Where in the archive the copy of an object goes: an archive's URL template, compiled. No I/O."""

import datetime as dt
from dataclasses import dataclass
from typing import Self

from mtc.errors import PermanentError
from mtc.model import SourceObject
from mtc.sources import days, template
from mtc.sources.keys import hostile, printable
from mtc.sources.template import Atom, Dated, Field, Text, Wild


@dataclass(frozen=True, slots=True)
class ArchiveUrl:
    """An archive's URL template for one site. `bucket` is empty for a folder, `root` for S3."""

    url: str
    bucket: str
    root: str
    pieces: tuple[tuple[Atom, ...], ...]

    @classmethod
    def compile(cls, url: str, site: str) -> Self:
        """Read a template; raises PermanentError that says what is wrong with it."""
        place = template.locate(url, site)
        pieces = template.parse(url, place.path, site)
        atoms = [atom for piece in pieces for atom in piece]
        if any(isinstance(atom, Wild) for atom in atoms):
            raise PermanentError("an archive's URL takes no globs", where=url, hint="use {name} for a file's name")
        if not any(isinstance(atom, Field) for atom in atoms):
            raise PermanentError("an archive's URL needs {name} or {key}", where=url, hint="else copies would collide")
        if any(isinstance(atom, Dated) and atom.code in days.TIME_CODES for atom in atoms):
            raise PermanentError("an archive's URL has no time of day", where=url, hint="use {name} or {key}")
        return cls(url, place.bucket, place.root, pieces)

    def render(self, day: dt.date, obj: SourceObject) -> str:
        """The key of the copy below `root`; raises PermanentError for an object whose key would lead astray."""
        key = "/".join("".join(_written(atom, day, obj) for atom in piece) for piece in self.pieces)
        if reason := hostile(obj.key) or hostile(key):
            raise PermanentError(f"the object cannot be archived under its key: {reason}", where=printable(obj.key))
        return key

    def full(self, key: str) -> str:
        """The URL of a copy; a folder's stays relative where the manifest's is."""
        if self.bucket:
            return f"s3://{self.bucket}/{key}"
        return key if self.root == "." else f"{self.root.rstrip('/')}/{key}"


def _written(atom: Atom, day: dt.date, obj: SourceObject) -> str:
    match atom:
        case Text(text):
            return text
        case Dated(code):
            return days.write(code, day)
        case Field("name"):
            return obj.name
        case Field():
            return obj.key
    raise ValueError(f"{atom} is not settled by an object")
