"""What the lines are that no shape matched: blank, headers, a server's messages, or such as could not be read.

Asked in a second look at the table `lines`, and only where there are such lines: what tells them apart would cost
each reading more time to prepare than a small log takes to be read.
"""

from mtc.formats import layers, messages
from mtc.formats.base import Format

UNMATCHED = "unmatched"
"""The reason of a line that is yet to be judged; it keeps its whole text until then."""

KEPT_TEXT = 2000
"""So much is kept of a line that could not be read, in characters."""

COUNTED = f"SELECT count(*), count(*) FILTER (reason = '{UNMATCHED}') FROM lines"  # noqa: S608 - a word of our own
"""SQL: how many lines there are, and how many of them are unmatched."""


def judged(form: Format, *, keep_all: bool) -> str:
    """SQL: statements that give each unmatched line of `lines` its reason. With `keep_all`, each keeps its text."""
    kept = "true" if keep_all else "reason = 'malformed'"
    return f"{_judged(form)}; {_shortened(kept)}"


def _judged(form: Format) -> str:
    line = layers.taken_off("text", form.prefix) if form.prefix else "text"
    header = f"WHEN {form.header.replace('{line}', line)} THEN 'header'" if form.header else ""
    other = [form.other.replace("{line}", line)] if form.other else []
    other += [messages.message(line), f"trim({line}) IN ('[', ']')"]
    other += [layers.foreign("text", form.prefix)] if form.prefix else []
    return f"""
UPDATE lines SET reason = CASE
    WHEN trim({line}) = '' THEN 'blank'
    {header}
    {" ".join(f"WHEN {condition} THEN 'other'" for condition in other)}
    ELSE 'malformed'
END
WHERE reason = '{UNMATCHED}'
"""  # noqa: S608 - made of this package's own pieces and quoted literals


def _shortened(kept: str) -> str:
    return f"""
UPDATE lines
SET rejected = (reason = 'malformed'), text = CASE WHEN {kept} THEN left(text, {KEPT_TEXT}) END
WHERE rejected IS NULL
"""  # noqa: S608 - as above
