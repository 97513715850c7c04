"""The one table of log formats. Order matters where two fit equally well: the earlier wins."""

import difflib

from mtc.errors import PermanentError
from mtc.formats import ncsa
from mtc.formats.base import Format

FORMATS: dict[str, Format] = {
    "combined": ncsa.COMBINED,
    "common": ncsa.COMMON,
    "combined_vhost": ncsa.COMBINED_VHOST,
    "common_vhost": ncsa.COMMON_VHOST,
}


def get(name: str) -> Format:
    """The format of that name; an unknown one is a PermanentError that names the nearest."""
    try:
        return FORMATS[name]
    except KeyError:
        near = difflib.get_close_matches(name, FORMATS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known formats: {', '.join(FORMATS)}"
        raise PermanentError(f"no format is called {name!r}", hint=hint) from None
