"""CSV with a header row, such as databases and log viewers export: fields are told by what the columns are called.

Cells stand between commas, semicolons or tabs, whichever the header row is cut best by, and are read as `cells` says:
one line is one record, so a record with a line feed in a cell becomes lines that cannot be read. The header may come
again, as in files that were put together; one with other columns does not change what the lines behind it mean.

Detection takes it only where the columns of address, time and request are told by their names, and the lines behind the
header hold such values. A file without a header is not guessed at. Named in the manifest, or with `fields` that names
the columns, it is read whatever they are called.
"""

import dataclasses
import functools
import re
from collections.abc import Sequence

from mtc.formats.base import Format
from mtc.formats.cells import BOM, Cells, cut
from mtc.formats.told_by_name import NEEDED, TIME, Keys, bare_name, is_enough, meaning, told

Fields = tuple[tuple[str, str], ...]
Places = tuple[tuple[str, int], ...]

MOST_COLUMNS = 200
"""A file with more is not read."""

_DELIMITERS = (",", ";", "\t")
_SAMPLED = 100
_LONGEST = 1 << 14
# A log's first line may be all commas: so many names are looked at.
_LOOKED_AT = 1000
_NOTHING = ("", "-")
# Names begin with a letter, or a sign that stands for one; a line of a log holds other characters as well.
_NAME = re.compile(r'(?:[^\W\d]|[@$])[^"{}=?<>]*$|$')
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MOMENT = ("time", "date", "clock")
_WAYS = (("request", "target", "path"), _MOMENT, ("time_taken", "millis", "seconds"))


def bind(sample: Sequence[str]) -> Format | None:
    """The format of a file whose first line is a header row; None where it cannot be one.

    It is detectable only where the columns say enough.
    """
    lines = [line for line in sample[: _SAMPLED + 1] if line.strip()]
    header = lines[0].lstrip(BOM) if lines else ""
    if header.startswith("#") or len(header) > _LONGEST or _CONTROL.search(header):
        return None
    delimiter = max(_DELIMITERS, key=lambda one: _likelihood(cut(header, one)))
    names = cut(header, delimiter)
    if len(names) < len(NEEDED):
        return None
    behind = [line for line in lines[1:] if line.lstrip(BOM) != header] if len(names) <= MOST_COLUMNS else []
    rows = [row for row in (cut(line, delimiter) for line in behind) if len(row) == len(names)]
    return _made(header, delimiter, _places(names, rows))


def bind_table(sample: Sequence[str]) -> Format | None:
    """The same for a file of which nothing else says what it is: most lines must have as many cells as the header."""
    form = bind(sample)
    if form is None or not isinstance(form.shape, Cells):
        return None
    counts = [len(cut(line, form.shape.delimiter)) for line in sample[:_SAMPLED] if line.strip()]
    return form if 2 * counts.count(form.shape.count) > len(counts) else None


def _likelihood(names: Sequence[str]) -> tuple[int, int]:
    """How well a header row is cut: how many names mean something, and how many there are."""
    return len(_places(names, ())), len(names)


def _places(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Places:
    """The column of each field. A name that comes again is that of the first, and an empty one none."""
    columns = _numbers(names)
    values = {keys: [row[at] for row in rows if row[at] not in _NOTHING] for keys, at in columns.items()}
    return tuple((field, columns[keys]) for field, keys in told(values).items())


def _numbers(names: Sequence[str]) -> dict[Keys, int]:
    """The column of each name, in which dots stand between a key and those around it."""
    numbers: dict[Keys, int] = {}
    for at, name in enumerate(names[:_LOOKED_AT]):
        if name.strip():
            numbers.setdefault(tuple(name.strip().split(".")), at)
    return numbers


@functools.lru_cache(maxsize=256)
def _made(header: str, delimiter: str, places: Places) -> Format:
    """One object for one header: objects of the same format are bundled."""
    names = cut(header, delimiter)
    fields = dict(places)
    shape = Cells(header, delimiter, len(names), places, NEEDED)
    utc = any(bare_name(names[fields[name]]).endswith("utc") for name in _MOMENT if name in fields)
    return Format(
        name="csv",
        title="CSV with a header row, with fields told by what their columns are called",
        shape=shape,
        time=dataclasses.replace(TIME, utc=utc),
        taken=1,
        derive=meaning(fields),
        header=shape.header_sql("{line}"),
        detectable=is_enough(fields) and all(map(_NAME.match, names)),
    )


@functools.lru_cache(maxsize=256)
def with_fields(form: Format, fields: Fields) -> Format:
    """The format with fields read from columns that it has, whatever their case, in place of what was told of them."""
    shape = form.shape
    assert isinstance(shape, Cells)  # noqa: S101 - asked for by the caller
    columns = {name.lower(): at for at, name in reversed(list(enumerate(shape.columns)))}
    given = {field: columns[name.strip().lower()] for field, name in fields}
    gone = {field for ways in _WAYS if given.keys() & set(ways) for field in ways}
    gone |= {"query"} if given.keys() & {"request", "target"} else set()
    kept = {field: at for field, at in shape.places if field not in gone}
    made = _made(shape.header, shape.delimiter, tuple((kept | given).items()))
    return dataclasses.replace(made, prefix=form.prefix)
