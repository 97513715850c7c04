"""Which URLs of a source or an archive are valid in a manifest: findings, each with a hint. No I/O.

Templates are read by `url_template`. A URL without findings can be opened; a test checks that.
"""

import re
from collections.abc import Iterator, Sequence

from mtc.core.suggest import nearest
from mtc.sources.url_pattern import char_class_regex
from mtc.sources.url_template import (
    CODES,
    TIME_CODES,
    directive_codes,
    fields,
    is_bucket_name,
    names_a_day,
    split_scheme,
    tokens,
    variable_part,
)

SOURCE_FIELDS = ("site", "date")
ARCHIVE_FIELDS = ("site", "date", "name", "key")

UrlFinding = tuple[str, str]
"""What is wrong, and a hint."""

# What is meant as a scheme, and would be read as a folder: `s3:/acme`, `s3:acme/logs`, `s3//acme`, `https:/...`.
_NEARLY_SCHEME = re.compile(
    r"(?i)(?:(?P<scheme>[a-z][a-z0-9+.-]*):(?=/)|(?P<known>s3[an]?|https?|file|gs|ftp):|s3(?=//))/{0,2}"
)
_DOLLAR = re.compile(r"\$([A-Za-z_]+)")
# Directives of a date as other tools write them.
_LETTERS = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d", "hh": "%H"}
_LETTER_FORMAT = re.compile("|".join(_LETTERS), re.IGNORECASE)
_FORMAT_HINT = "write it like {date:%Y-%m-%d} or {date:%Y/%m/%d}"


def source_findings(url: str) -> Iterator[UrlFinding]:
    """What is wrong with a source's URL, each with a hint."""
    yield from _common(url, SOURCE_FIELDS)
    yield from _globs(url)


def archive_findings(url: str) -> Iterator[UrlFinding]:
    """What is wrong with an archive's URL, each with a hint."""
    yield from _common(url, ARCHIVE_FIELDS)
    if not {"name", "key"} & {name for name, _ in fields(url)}:
        yield (
            "the archive's URL has neither {name} nor {key}: copies would overwrite one another",
            "end it with /{name}",
        )
    if any(token.kind == "glob" for token in tokens(url)):
        yield "a copy has one name: no `*`, `?` or `[...]` is allowed here", "use {name} or {key}"


def _globs(url: str) -> Iterator[UrlFinding]:
    """`**` crosses folders, once; other globs stay within a name."""
    pieces = _without_fields(url).split("/")
    if pieces.count("**") > 1 or any("**" in piece and piece != "**" for piece in pieces):
        yield "`**` is allowed once, alone between slashes", "use `*` within a name"
    for glob in (token.text for token in tokens(url) if token.kind == "glob" and token.text.startswith("[")):
        if glob in {"[]", "[!]"}:
            yield "`[]` holds no characters", "write them between the brackets, like [0-9]"
            continue
        try:
            re.compile(char_class_regex(glob))
        except re.error:
            yield f"{glob} is not a class of characters", "write it from the lower to the higher, like [0-9]"


def _common(url: str, allowed: tuple[str, ...]) -> Iterator[UrlFinding]:
    yield from _scheme(url)
    for name, date_format in fields(url):
        yield from _field(name, date_format, allowed)
    formats = [date_format for name, date_format in fields(url) if name == "date"]
    if formats and not any(finding for date_format in formats for finding in _format(date_format)):
        yield from _together(formats)
    if allowed is ARCHIVE_FIELDS and any(TIME_CODES.intersection(directive_codes(each)) for each in formats):
        yield "a day has no time of day, so the URL of a copy cannot have one", "use {name} or {key}"
    yield from _braces(url, allowed)
    path = split_scheme(_without_fields(url))[1]
    if {"", "."} & set(_without_fields(_keys_of(url)).split("/")):
        yield "a part between two slashes is empty or a dot", "write the path without it"
    if ".." in path.split("/"):
        yield "`..` leads out of the folder", "write the path without `..`"
    if path.split("/")[0].startswith("~"):
        yield "`~` is not followed", "write the folder's whole path"


def _braces(url: str, allowed: tuple[str, ...]) -> Iterator[UrlFinding]:
    """Braces that are not a field, and variables as other tools write them."""
    kinds = [(token.kind, token.text) for token in tokens(url)]
    for kind, text in () if "{{" in url else kinds:
        if kind == "braces":
            yield f"{text} is not a field", f"fields are {_listed(allowed)}"
    if "{{" in url:
        yield "there are two braces instead of one", f"fields are {_listed(allowed)}"
    elif any(kind == "brace" for kind, _ in kinds):
        yield "a brace has no partner", f"fields are {_listed(allowed)}"
    for word in _DOLLAR.findall(url):
        hint = f"write {{{word}}}" if word in allowed else f"a variable of the environment is written ${{{word}}}"
        yield f"${word} has no meaning here", hint


def _scheme(url: str) -> Iterator[UrlFinding]:
    scheme, rest = split_scheme(url)
    if not scheme:
        if nearly := _NEARLY_SCHEME.match(url):
            hint = "write s3://BUCKET/..." if nearly[0][:2].lower() == "s3" else "write s3://BUCKET/... or a folder"
            yield f"{nearly[0]} is not understood", hint
        return
    if scheme != "s3":
        hint = "write the folder's path alone" if scheme == "file" else "write s3://BUCKET/... or a folder"
        yield f"{scheme}:// is not understood", hint
        return
    bucket = rest.partition("/")[0]
    if not bucket:
        yield "s3:// has no bucket", "write s3://BUCKET/..."
    elif not is_bucket_name(bucket.replace("{site}", "site")):
        yield "the bucket's name is not valid", "it holds letters, digits, dots and dashes; of fields {site} alone"


def _keys_of(url: str) -> str:
    """The part of a URL that is the key: after the bucket, or below the fixed folder."""
    return url.removeprefix("s3://").partition("/")[2] if url.startswith("s3://") else variable_part(url)


def _field(name: str, date_format: str, allowed: tuple[str, ...]) -> Iterator[UrlFinding]:
    if name not in allowed:
        near = nearest(name, allowed) if name else ""
        hint = f"did you mean {{{near}}}?" if near else f"fields are {_listed(allowed)}"
        yield f"{{{name}}} is not a field of this URL", hint
    elif name != "date" and date_format:
        yield f"{{{name}}} takes no format", f"write {{{name}}}"
    elif name == "date":
        yield from _format(date_format)


def _format(date_format: str) -> Iterator[UrlFinding]:
    """What is wrong with one format of a date."""
    if not date_format:
        yield "{date} has no format", _FORMAT_HINT
    elif "%" not in date_format and (meant := _with_percents(date_format)) != date_format:
        yield f"{{date:{date_format}}} has no % before its letters", f"did you mean {{date:{meant}}}?"
    elif unknown := sorted(set(directive_codes(date_format)) - {*CODES, "%"}):
        yield f"%{unknown[0]} cannot be read back from a name", "there are %Y %y %m %b %B %d %j %F %H %M %S"


def _with_percents(date_format: str) -> str:
    return _LETTER_FORMAT.sub(lambda found: _LETTERS[found[0].lower()], date_format)


def _together(formats: Sequence[str]) -> Iterator[UrlFinding]:
    """Whether valid formats together determine a day."""
    if not names_a_day(frozenset(code for date_format in formats for code in directive_codes(date_format))):
        shown = " and ".join(f"{{date:{date_format}}}" for date_format in formats)
        what = f"{shown} {'does' if len(formats) == 1 else 'do'} not identify a day"
        yield what, "it needs year, month and day, or year and %j"


def _without_fields(url: str) -> str:
    """The template with a letter in place of each field and of other braces; the rest is as written."""
    return "".join("_" if token.kind in {"field", "braces"} else token.text for token in tokens(url))


def _listed(names: tuple[str, ...]) -> str:
    return " ".join("{date:FORMAT}" if name == "date" else f"{{{name}}}" for name in names)
