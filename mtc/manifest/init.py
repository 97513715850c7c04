"""The text of a first manifest: small, commented, and valid as it stands."""

import json
import re

from mtc.errors import UsageError
from mtc.manifest.convert import normalised
from mtc.manifest.urls import source_findings
from mtc.model import SITE_NAME

_TEXT = """\
# yaml-language-server: $schema=../schemas/manifest.schema.json
# What should be true. `mtc plan` says what is to do, `mtc apply` does it, `mtc validate` checks this file.
version: 1
name: daily

dates: yesterday                 # or: today, 2026-05-01, {{last: 7}}, {{from: 2026-01-01, to: 2026-03-31}}
stages: [import, stat, csv]

# Where logs lie: a folder or s3://BUCKET/... ; {{site}} is a site's name, {{date:FORMAT}} a day, * any piece of a name.
source:
  url: {url}
  format: auto                   # or a format's name, such as combined
  settle: 6h                     # how long after a day's end its logs may still arrive

# What comes out. Paths start from the project's folder.
warehouse: {{path: warehouse}}
stats: {{path: stats}}
csv: {{path: csv}}

# What counts as a hit.
filters:
  bots: false
  static: false
  errors: false
  redirects: false

# The sites, by name. Each may have a timezone, source and filters of its own.
sites:
  {site}:
    timezone: UTC                # in which its days begin and end, such as Europe/Paris
"""


def starter(site: str, logs: str) -> str:
    """A manifest for one site whose logs lie in `logs`: a folder, an `s3://` URL, or either as a pattern.

    Raises:
        UsageError: The site's name or the place of its logs is not one that a manifest takes.
    """
    if not re.fullmatch(SITE_NAME, site):
        hint = f"use small letters, digits, dots and dashes, such as {normalised(site)}"
        raise UsageError("this cannot be a site's name", where=repr(site[:64]), hint=hint)
    url = _pattern(logs)
    for what, hint in source_findings(url):
        raise UsageError(what, where=repr(logs[:200]), hint=hint)
    if not url.isprintable():
        raise UsageError("the place of the logs holds characters that are no text", where=repr(logs[:200]))
    return _TEXT.format(url=json.dumps(url.replace("${", "$${"), ensure_ascii=False), site=json.dumps(site))


def _pattern(logs: str) -> str:
    """A pattern as it is; of a folder or a prefix, the files whose names hold the date."""
    if "{date" in logs:
        return logs
    place = logs.rstrip("/") if logs.strip("/") else logs
    return f"{place}/{{date:%Y/%m/%d}}/*" if logs.startswith("s3://") else f"{place}/*{{date:%Y-%m-%d}}*"
