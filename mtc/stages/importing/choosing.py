"""Which format an object is in: the one that the manifest names, or the one that detection finds. Both say why.

A day may have thousands of small objects, most of them in one format. So an object is first only glanced at: if the
few lines read as those of the object before, and all of them, its format is taken to be the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mtc.formats.base import Format
from mtc.formats.custom import custom
from mtc.formats.detect import detect, glance, is_surely, reads_all
from mtc.formats.layers import fitted
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
        return Choice(described(wanted, sample), "described in the manifest")
    if wanted == AUTO:
        found = detect(sample, where=where)
        return Choice(found.format, found.why)
    return Choice(get(wanted, sample, where=where), "named, not detected")


def described(wanted: CustomFormat, sample: Sequence[str]) -> Format:
    """The format that a manifest describes, behind the prefix that a sample has."""
    form = custom(wanted)
    return fitted(lambda _: form, sample) or form


def chooser(wanted: FormatChoice) -> Chooser:
    """The same for the objects of a step, one after the other, without the reasons."""
    return _Chooser(wanted)


@dataclass(slots=True)
class _Chooser:
    """Remembers the format of the last object."""

    wanted: FormatChoice
    last: Format | None = None

    def __call__(self, sample: Sequence[str], where: str) -> Format:
        if self.last is None or not self._is_still(self.last, sample, where):
            self.last = choose(self.wanted, sample, where).format
        return self.last

    def _is_still(self, last: Format, sample: Sequence[str], where: str) -> bool:
        if (few := glance(sample)) is None:
            return False
        if isinstance(self.wanted, CustomFormat):
            return described(self.wanted, few) is last and reads_all(last, few)
        if self.wanted == AUTO:
            return is_surely(last, few)
        return get(self.wanted, few, where=where) is last and reads_all(last, few)
