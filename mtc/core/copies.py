"""Copies: logs of one day of one site with the same lines, whatever they are called. Their lines count once. No I/O."""

from collections.abc import Iterable, Mapping

from mtc.core.model import Accounting, LoadedObject

_COPY = " is a copy of "

DUPLICATE = "duplicate"
"""The reason under which the lines of a copy are accounted for."""


def copies_among(objects: Iterable[LoadedObject]) -> Mapping[str, str]:
    """The keys of objects that have the same lines as an earlier object, by key, and the key of that object.

    Objects whose lines are not known, or that have none, are no copies.
    """
    first: dict[str, str] = {}
    copies: dict[str, str] = {}
    for item in sorted(objects, key=lambda item: item.object.key):
        if item.text and (original := first.setdefault(item.text, item.object.key)) != item.object.key:
            copies[item.object.key] = original
    return copies


def counted_accounting(item: LoadedObject, copies: Mapping[str, str]) -> Accounting:
    """Where an object's lines went, for the statistics: those of a copy are filtered, as `duplicate`."""
    if item.object.key not in copies:
        return item.accounting
    return Accounting(lines=item.accounting.lines, filtered={DUPLICATE: item.accounting.lines})


def copy_note(key: str, original: str, lines: int) -> str:
    """The note of a copy, for people."""
    return f"{key}{_COPY}{original}: its {lines:,} line{'' if lines == 1 else 's'} count once"


def is_copy_note(note: str) -> bool:
    """Whether a note is of a copy."""
    return _COPY in note
