"""The text of a first manifest: a small one for one site, or what an old `.aws_config` says.

Both are commented, and valid once every REPLACE-ME is replaced. The secrets of an `.aws_config` are never copied:
`${NAMES}` take their place.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mtc.core.errors import ManifestError, Problem, UsageError
from mtc.core.model import SITE_NAME
from mtc.core.sanitize import replace_unprintable
from mtc.manifest.nodes import Map, MapEntry, Node, Scalar, Seq
from mtc.manifest.yaml import read_text, scalar_value
from mtc.sources.url_rules import source_findings

_STARTER = """\
# yaml-language-server: $schema=../schemas/manifest.schema.json
# The result that you want.
# `mtc validate` checks this file, `mtc plan` shows what there is to do, `mtc apply` does it.
version: 1
name: daily

dates: {dates:<25} # or: {other}, 2026-05-01, {{last: 7}}, {{from: 2026-01-01, to: 2026-03-31}}
stages: [import, stat, csv]

# Where the logs are: a folder or s3://BUCKET/...
# {{site}} is the site's name, {{date:FORMAT}} the day, * any text.
source:
  url: {url}
  format: auto                   # or a format's name, such as combined
  settle: 6h                     # how long after the end of a day its logs can arrive

# Where results go. Paths start from the project's folder.
warehouse: {{path: warehouse}}
stats: {{path: stats}}
csv: {{path: csv}}

# Which requests count as hits; true counts them.
filters:
  bots: false
  static: false
  errors: false
  redirects: false

# The sites, by name. Each can have its own timezone, source and filters.
sites:
  {site}:
    # url: https://www.example.org   # its address, so that links within the site are not referrals
    timezone: UTC                # where its days begin and end at midnight; for example Europe/Paris
"""


def starter(site: str, logs: str) -> str:
    """A manifest for one site whose logs are at `logs`: a folder, an `s3://` URL, or either with fields and globs.

    Raises:
        UsageError: The site's name or the URL of its logs is not valid in a manifest.
    """
    if not re.fullmatch(SITE_NAME, site):
        hint = f"use small letters, digits, dots and dashes, such as {site_name_of(site)}"
        raise UsageError("this cannot be a site's name", where=repr(site[:64]), hint=hint)
    url = _pattern(logs)
    for what, hint in source_findings(url):
        raise UsageError(what, where=repr(logs[:200]), hint=hint)
    if not url.isprintable():
        raise UsageError("the URL of the logs has characters that cannot be printed", where=repr(logs[:200]))
    dates, other = ("yesterday", "today") if "{date" in url else ("today", "yesterday")
    quoted = json.dumps(url.replace("${", "$${"), ensure_ascii=False)
    return _STARTER.format(url=quoted, site=json.dumps(site), dates=dates, other=other)


def _pattern(logs: str) -> str:
    """The URL unchanged if it has a date or names files; of a folder or a prefix, what seem to be its logs."""
    if "{date" in logs or "*" in logs:
        return logs
    if logs.endswith(".log"):
        return f"{logs}*"
    if "{" not in logs and (growing := _growing_logs(Path(logs))):
        return f"{logs.rstrip('/')}/{growing}*"
    place = logs.rstrip("/") if logs.strip("/") else logs
    return f"{place}/{{date:%Y/%m/%d}}/*" if logs.startswith("s3://") else f"{place}/*{{date:%Y-%m-%d}}*"


def _growing_logs(folder: Path) -> str:
    """The name of the log in a folder that grows and is rotated, such as `access.log`; empty if there is none."""
    try:
        names = {path.name for path in folder.iterdir() if path.is_file()}
    except OSError:
        return ""
    growing = sorted(name for name in names if name.endswith(".log") and not _DATED.search(name))
    return next((name for name in growing if "access" in name), growing[0] if len(growing) == 1 else "")


_DATED = re.compile(r"[0-9]{4}[-_.]?[0-9]{2}[-_.]?[0-9]{2}|[0-9]{6}")
_KEYS = {"aws_pull_access_key", "aws_pull_secret", "aws_push_access_key", "aws_push_secret", "sites", "piwik_ip"}
_HOST = re.compile(r"(?:https?://)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(?::[0-9]{1,5})?)/?")
_SITE_LENGTH = 64
_HEAD = """\
# yaml-language-server: $schema=../schemas/manifest.schema.json
# Made by `mtc convert` from {name}. What the old file did not hold is marked REPLACE-ME.
version: 1
name: daily

dates: yesterday
stages: [import, stat, csv]

# Where the logs are. The old scripts had the bucket's name in their code.
source:
  url: s3://REPLACE-ME-logs/{{site}}/{{date:%Y/%m/%d}}/*
  format: auto
{pull}"""

_ARCHIVE = """
# Where imported logs are copied to.
archive:
  url: s3://REPLACE-ME-archive/{site}/{date:%Y/%m/%d}/{name}
  credentials: push
"""

_MATOMO = """
# Formerly Piwik. The token is created in its settings, under Personal, Security.
matomo:
  url: {url}
  token: ${{MATOMO_TOKEN}}
"""

_PAIR = """\
  {name}:
    access_key_id: ${{{key}}}
    secret_access_key: ${{{secret}}}
"""


@dataclass(slots=True)
class _Findings:
    """Notes for the reader, and problems that stop the conversion."""

    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def convert(text: str, *, name: str) -> tuple[str, tuple[str, ...]]:
    """Make a manifest from the text of an `.aws_config`; `name` is the file's name in messages.

    Returns:
        The manifest's text, which loads once the variables that the notes name are set, and the notes.

    Raises:
        ManifestError: The text is not such a file; with every problem found.
    """
    tree, problems = read_text(text, Path(name))
    if tree is None or problems:
        raise ManifestError(tuple(_without_source(each) for each in problems))
    found = _Findings()
    sites = list(_sites(tree, found))
    if found.problems:
        raise ManifestError(tuple(sorted(found.problems)))
    written = _write(tree, sites, name, found)
    found.notes += [f"{key} is not used any more" for key in tree.entries if key not in _KEYS]
    return written, tuple(found.notes)


def _without_source(problem: Problem) -> Problem:
    """The same problem without its line: any line of this file may hold a secret under any name."""
    return Problem(problem.file, problem.line, problem.column, problem.where, problem.what, problem.hint)


def _sites(tree: Map, found: _Findings) -> Iterator[tuple[str, int | None]]:
    """Each site's new name, and its number in Piwik if it has one."""
    entry = tree.entries.get("sites")
    if entry is None or not list(_pairs(entry.node)):
        found.problems.append(
            _without_source(tree.mark.problem("sites", "no sites in this file", "is it the right file?"))
        )
        return
    taken: set[str] = set()
    for old, each in _pairs(entry.node):
        new = _unused_name(site_name_of(old), taken)
        taken.add(new)
        if new != old:
            found.notes.append(f"site {old!r} is now {new}: rename its folder in the source, or give it a source")
        number = each.node.value if isinstance(each.node, Scalar) else None
        number = int(number) if isinstance(number, str) and re.fullmatch(r"[0-9]{1,9}", number) else number
        if isinstance(number, int) and not isinstance(number, bool) and number > 0:
            yield new, number
        else:
            found.notes.append(f"site {new} had no Piwik number: it has no matomo_id")
            yield new, None


def _pairs(node: Node) -> Iterator[tuple[str, MapEntry]]:
    """The sites by name, whether the file has a map, a list of maps or a list of names."""
    if isinstance(node, Map):
        yield from node.entries.items()
    elif isinstance(node, Seq):
        for item in node.items:
            yield from _pairs(item)
    elif node.text:
        yield node.text, MapEntry(node.mark, Scalar(node.mark, None, ""))


def site_name_of(name: str) -> str:
    """A valid name for a site, made from any name."""
    small = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).lstrip("._-").rstrip("-")
    return small[:_SITE_LENGTH] or "site"


def _unused_name(name: str, taken: set[str]) -> str:
    candidates = (name, *(f"{name[: _SITE_LENGTH - 5]}-{n}" for n in range(2, len(taken) + 3)))
    return next(each for each in candidates if each not in taken)


def _write(tree: Map, sites: list[tuple[str, int | None]], name: str, found: _Findings) -> str:
    pairs = [each for each in ("pull", "push") if _has_pair(tree, each)]
    text = _HEAD.format(name=replace_unprintable(name), pull="  credentials: pull\n" if "pull" in pairs else "")
    text += (_ARCHIVE if "push" in pairs else "") + _matomo(tree, found)
    text += "\nsites:\n" + "".join(_site(*each) for each in sites)
    if pairs:
        found.notes.append("secrets were not copied: set " + ", ".join(_variables(pairs)))
        text += "\n# Set these variables where mtc runs, or write ${file:/run/secrets/NAME}.\ncredentials:\n"
        text += "".join(_PAIR.format(name=each, key=_key(each), secret=_secret(each)) for each in pairs)
    found.notes.append("replace what is marked REPLACE-ME: the names of the buckets were not in the file")
    return text


def _has_pair(tree: Map, which: str) -> bool:
    return tree.get(f"aws_{which}_access_key") is not None or tree.get(f"aws_{which}_secret") is not None


def _variables(pairs: list[str]) -> list[str]:
    return [name for each in pairs for name in (_key(each), _secret(each))]


def _key(which: str) -> str:
    return f"AWS_{which.upper()}_ACCESS_KEY"


def _secret(which: str) -> str:
    return f"AWS_{which.upper()}_SECRET"


def _matomo(tree: Map, found: _Findings) -> str:
    node = tree.get("piwik_ip")
    if node is None:
        return ""
    match = _HOST.fullmatch(node.text) if isinstance(node, Scalar) else None
    if match is None:
        found.notes.append("piwik_ip is not a host name or address, and was skipped")
        return ""
    found.notes.append("matomo is read over http, as before: use https where the server has it; set MATOMO_TOKEN")
    found.notes.append(
        "what the old scripts imported is in Piwik already, and would count twice: "
        "let `dates` begin after their last day"
    )
    return _MATOMO.format(url=f"http://{match['host']}")


def _site(name: str, number: int | None) -> str:
    quoted = name if isinstance(scalar_value(name), str) else json.dumps(name)
    return f"  {quoted}: {{matomo_id: {number}}}\n" if number else f"  {quoted}: {{}}\n"
