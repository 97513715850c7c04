"""The patterns that say where logs lie and where they are archived: their rules, and what they look like filled in.

Text only: no folder is looked at and no bucket is asked. What is accepted here can be opened; a test says so.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtc.core.suggest import nearest
from mtc.sources.url_pattern import char_class_regex

SOURCE_FIELDS = ("site", "date")
ARCHIVE_FIELDS = ("site", "date", "name", "key")

Finding = tuple[str, str]

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
# What is meant for a scheme, and would be taken for a folder: `s3:/acme`, `s3:acme/logs`, `s3//acme`, `https:/...`.
_NEARLY = re.compile(
    r"(?i)(?:(?P<scheme>[a-z][a-z0-9+.-]*):(?=/)|(?P<known>s3[an]?|https?|file|gs|ftp):|s3(?=//))/{0,2}"
)
_FIELD = re.compile(r"\{[^{}]*\}")
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_CLASS = re.compile(r"\[!?\]?[^\]/]*\]")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_YEAR, _MONTH, _DAY, _TIME = {"Y", "y"}, {"m", "b", "B"}, {"d"}, {"H", "M", "S"}
_DIRECTIVES = _YEAR | _MONTH | _DAY | {"j", "%"}
_DOLLAR = re.compile(r"\$([A-Za-z_]+)")
_LETTERS = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d", "hh": "%H"}
_PLAIN = re.compile("|".join(_LETTERS), re.IGNORECASE)
_FORMAT_HINT = "write it like {date:%Y-%m-%d} or {date:%Y/%m/%d}"


@dataclass(frozen=True, slots=True)
class Location:
    """A pattern taken apart: the bucket (empty for a folder) and the path or key below it."""

    bucket: str
    path: str

    @property
    def is_s3(self) -> bool:
        """Whether it is an S3 URL."""
        return bool(self.bucket)

    @property
    def root(self) -> str:
        """The leading part of the path, whole names only, that is the same for every site and day."""
        fixed = re.split(r"[{*?\[]", self.path, maxsplit=1)[0]
        return self.path if fixed == self.path else fixed.rpartition("/")[0] or ("/" if fixed[:1] == "/" else "")

    @property
    def varying(self) -> str:
        """The path below the root; all of an S3 key."""
        return self.path if self.bucket else self.path[len(self.root) :].removeprefix("/")


def locate(url: str) -> Location:
    """Take a pattern that has no findings apart."""
    if url.startswith("s3://"):
        bucket, _, key = url[len("s3://") :].partition("/")
        return Location(bucket, key)
    return Location("", url)


def source_findings(url: str) -> Iterator[Finding]:
    """What is wrong with a source's pattern, each with a hint."""
    yield from _common(url, SOURCE_FIELDS)
    yield from _globs(_FIELD.sub("_", url))
    names = {name for name, _ in url_fields(url)}
    if "date" not in names and names <= set(SOURCE_FIELDS):
        yield "the pattern has no {date:FORMAT}, so an object's day cannot be told", _FORMAT_HINT


def archive_findings(url: str) -> Iterator[Finding]:
    """What is wrong with an archive's pattern, each with a hint."""
    yield from _common(url, ARCHIVE_FIELDS)
    if not {"name", "key"} & {name for name, _ in url_fields(url)}:
        yield "the pattern has neither {name} nor {key}: copies would overwrite one another", "end it with /{name}"
    if re.search(r"[*?]|\[[^\]]+\]", _FIELD.sub("_", url)):
        yield "a copy has one name: no `*`, `?` or `[...]` can stand here", "use {name} or {key}"


def _globs(url: str) -> Iterator[Finding]:
    """`**` crosses folders, once; other globs stay within a name."""
    pieces = url.split("/")
    if pieces.count("**") > 1 or any("**" in piece and piece != "**" for piece in pieces):
        yield "`**` stands once, alone between slashes", "use `*` within a name"
    for glob in _CLASS.findall(url):
        if glob in {"[]", "[!]"}:
            yield "`[]` holds no characters", "write them between the brackets, like [0-9]"
            continue
        try:
            re.compile(char_class_regex(glob))
        except re.error:
            yield f"{glob} is no class of characters", "write it from the lower to the higher, like [0-9]"


def _common(url: str, allowed: tuple[str, ...]) -> Iterator[Finding]:
    yield from _scheme(url)
    for name, form in url_fields(url):
        yield from _field(name, form, allowed)
    forms = [form for name, form in url_fields(url) if name == "date"]
    if forms and not any(finding for form in forms for finding in _format(form)):
        yield from _together(forms)
    if "{date:" in url and allowed is ARCHIVE_FIELDS and _TIME & set(_DIRECTIVE.findall(_formats(url))):
        yield "a day has no time, so a copy's place cannot hold one", "use {name} or {key}"
    yield from _braces(url, allowed)
    path = _SCHEME.sub("", _FIELD.sub("_", url))
    if {"", "."} & set(_FIELD.sub("_", locate(url).varying).split("/")):
        yield "a part between two slashes is empty or a dot", "write the path without it"
    if ".." in path.split("/"):
        yield "`..` leads out of the folder", "write the path without `..`"
    if path.split("/")[0].startswith("~"):
        yield "`~` is not followed", "write the folder's whole path"


def _braces(url: str, allowed: tuple[str, ...]) -> Iterator[Finding]:
    """Braces that are no field, and what other tools write for one."""
    others = re.findall(r"\{[^{}]*\}", re.sub(r"\{[a-z_]*(:[^{}]*)?\}", "", url))
    for left in () if "{{" in url else others:
        yield f"{left} is no field", f"fields are {_listed(allowed)}"
    if "{{" in url:
        yield "two braces stand where one belongs", f"fields are {_listed(allowed)}"
    elif re.search(r"[{}]", _FIELD.sub("", url)):
        yield "a brace has no partner", f"fields are {_listed(allowed)}"
    for word in _DOLLAR.findall(url):
        hint = f"write {{{word}}}" if word in allowed else f"a variable of the environment is written ${{{word}}}"
        yield f"${word} stands for nothing here", hint


def _scheme(url: str) -> Iterator[Finding]:
    match = _SCHEME.match(url)
    if match is None:
        if nearly := _NEARLY.match(url):
            hint = "write s3://BUCKET/..." if nearly[0][:2].lower() == "s3" else "write s3://BUCKET/... or a folder"
            yield f"{nearly[0]} is not understood", hint
        return
    if match["scheme"] != "s3":
        hint = "write the folder's path alone" if match["scheme"] == "file" else "write s3://BUCKET/... or a folder"
        yield f"{match[0]} is not understood", hint
        return
    bucket = url[match.end() :].partition("/")[0]
    if not bucket:
        yield "s3:// is followed by no bucket", "write s3://BUCKET/..."
    elif not _BUCKET.fullmatch(bucket.replace("{site}", "site")):
        yield "the bucket's name is not valid", "it holds letters, digits, dots and dashes; of fields {site} alone"


def _field(name: str, form: str, allowed: tuple[str, ...]) -> Iterator[Finding]:
    if name not in allowed:
        near = nearest(name, allowed) if name else ""
        hint = f"did you mean {{{near}}}?" if near else f"fields are {_listed(allowed)}"
        yield f"{{{name}}} is no field of this pattern", hint
    elif name != "date" and form:
        yield f"{{{name}}} takes no format", f"write {{{name}}}"
    elif name == "date":
        yield from _format(form)


def date_format_findings(*forms: str) -> Iterator[Finding]:
    """What is wrong with the formats of all `{date:FORMAT}` of a pattern: together they tell one day from another."""
    findings = [finding for form in forms for finding in _format(form)]
    yield from findings
    if not findings:
        yield from _together(forms)


def _format(form: str) -> Iterator[Finding]:
    """What is wrong with a format by itself."""
    if not form:
        yield "{date} has no format", _FORMAT_HINT
    elif "%" not in form and (meant := _PLAIN.sub(lambda found: _LETTERS[found[0].lower()], form)) != form:
        yield f"{{date:{form}}} has no % before its letters", f"did you mean {{date:{meant}}}?"
    elif odd := sorted(set(_DIRECTIVE.findall(_spelled(form))) - _DIRECTIVES - _TIME):
        yield f"%{odd[0]} cannot be read back from a name", "there are %Y %y %m %b %B %d %j %F %H %M %S"


def _together(forms: Sequence[str]) -> Iterator[Finding]:
    """Whether formats, each right by itself, spell a whole day together."""
    used = {code for form in forms for code in _DIRECTIVE.findall(_spelled(form))}
    if not (used & _YEAR and (("j" in used) or (used & _MONTH and used & _DAY))):
        told = " and ".join(f"{{date:{form}}}" for form in forms)
        what = f"{told} {'does' if len(forms) == 1 else 'do'} not tell one day from another"
        yield what, "it needs year, month and day, or year and %j"


def _spelled(form: str) -> str:
    return form.replace("%F", "%Y-%m-%d")


def _formats(url: str) -> str:
    return " ".join(_spelled(form) for name, form in url_fields(url) if name == "date")


def fill(text: str, *, site: str, day: dt.date, name: str = "", key: str = "") -> str:
    """A pattern with its fields written out."""
    values = {"site": site, "name": name, "key": key}

    def value(match: re.Match[str]) -> str:
        field, _, form = match[0][1:-1].partition(":")
        return day.strftime(form) if field == "date" else values.get(field, "")

    return _FIELD.sub(value, text)


def glob_matches(pattern: str, path: str) -> bool:
    """Whether a path fits a pattern of `*`, `?` (within a name) and `**` (across names)."""
    pieces = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.fullmatch("".join(pieces.get(part) or re.escape(part) for part in parts), path, re.DOTALL) is not None


def _listed(names: tuple[str, ...]) -> str:
    return " ".join("{date:FORMAT}" if name == "date" else f"{{{name}}}" for name in names)


_URL_FIELD = re.compile(r"\{(?P<name>[a-z_]*)(?::(?P<format>[^{}]*))?\}")


def url_fields(url: str) -> tuple[tuple[str, str], ...]:
    """Name and format of each `{field}` of a source's or an archive's URL."""
    return tuple((match["name"], match["format"] or "") for match in _URL_FIELD.finditer(url))
