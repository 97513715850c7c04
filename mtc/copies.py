"""Logs with the same lines, whatever they are called: the words in which copies are told. No I/O."""

from collections.abc import Iterable, Mapping

from mtc.model import Accounting, LoadedObject

DUPLICATE = "duplicate"
"""The reason under which the lines of a copy are accounted for."""


def copies_among(objects: Iterable[LoadedObject]) -> Mapping[str, str]:
    """The keys of objects with the lines of an earlier one, in the order of the keys, and the key of that one."""
    first: dict[str, str] = {}
    copies: dict[str, str] = {}
    for item in sorted(objects, key=lambda item: item.object.key):
        if item.text and (original := first.setdefault(item.text, item.object.key)) != item.object.key:
            copies[item.object.key] = original
    return copies


def counted_account(item: LoadedObject, copies: Mapping[str, str]) -> Accounting:
    """Where an object's lines have gone, for the statistics: those of a copy are left out by that name."""
    if item.object.key not in copies:
        return item.accounting
    return Accounting(lines=item.accounting.lines, filtered={DUPLICATE: item.accounting.lines})


def copy_note(key: str, original: str, lines: int) -> str:
    """What there is to say of a copy."""
    return f"{key}{_COPY}{original}: its {lines:,} line{'' if lines == 1 else 's'} count once"


def is_copy_note(note: str) -> bool:
    """Whether a note says that."""
    return _COPY in note


_COPY = " is a copy of "
