"""A log format that is a regular expression of the user's: groups named after fields, made into a `TextLayout`.

An expression matches from the beginning of a line, as that of Matomo's importer does. `mtc.formats.re2` checks it.
"""

import functools

from mtc.core.suggest import suggest
from mtc.formats.layouts.layout import ALIASES, IGNORED, NAMES, LayoutError, TextLayout, require
from mtc.formats.re2 import common_form


@functools.lru_cache(maxsize=256)
def compile_expression(text: str) -> TextLayout:
    """The layout of an expression whose groups are named after fields.

    Raises:
        LayoutError: RE2 and Python do not both read it, or no request could be read with it.
    """
    names: list[str] = []
    form = common_form(text, lambda name: _named_group(name, names))
    if not text.isprintable() and "\n" in text:
        raise LayoutError(
            "the expression has a line end in it, which no line has", "write it on one line, or with `>-`"
        )
    pattern = f"{form.flags})^(?:{form.body})" if form.flags else f"^(?:{form.body})"
    require(frozenset(names), "the expression", "a group `(?P<{0}>...)`")
    return TextLayout(pattern, tuple(names))


def _named_group(name: str, names: list[str]) -> str:
    """What a group of that name begins with. Its field is added to `names`."""
    field = ALIASES.get(name, name)
    if name in IGNORED:
        return "(?:"
    if field not in NAMES:
        raise LayoutError(f"{name} is no field", suggest(name, NAMES | set(ALIASES)))
    if field in names:
        raise LayoutError(f"there are two groups for {field}", "keep one")
    names.append(field)
    return f"(?P<{field}>"
