"""Which format an object is in: the one that the manifest names, or the one that detection finds. Both say why."""

from collections.abc import Sequence
from dataclasses import dataclass

from mtc.formats.base import Format
from mtc.formats.custom import custom
from mtc.formats.detect import detect
from mtc.formats.registry import get
from mtc.manifest.formats import CustomFormat, FormatChoice
from mtc.stages.importing.bundle import Chooser

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Choice:
    """A format, and why it is this one, in words."""

    format: Format
    why: str


def choose(wanted: FormatChoice, sample: Sequence[str], where: str) -> Choice:
    """The format of an object that begins with `sample`. PermanentError when there is none."""
    if isinstance(wanted, CustomFormat):
        return Choice(custom(wanted), "described in the manifest")
    if wanted == AUTO:
        found = detect(sample, where=where)
        return Choice(found.format, found.why)
    return Choice(get(wanted, sample, where=where), "named, not detected")


def chooser(wanted: FormatChoice) -> Chooser:
    """The same for many objects, without the reasons."""
    return lambda sample, where: choose(wanted, sample, where).format
