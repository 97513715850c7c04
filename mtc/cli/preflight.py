"""What a command does before its work: find the manifest, load it, and parse the texts of its options.

Every project that is opened is remembered, so that a crash log goes into its folder and shows none of its secrets.
Texts that cannot be parsed raise UsageError, with what was probably meant.
"""

import datetime as dt
import os
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import SecretStr

from mtc.cli.streams import warn
from mtc.core.clock import local_today
from mtc.core.errors import UsageError
from mtc.core.frozen_model import seconds
from mtc.core.model import Stage, StepId
from mtc.core.suggest import nearest
from mtc.engine.selection import Scope
from mtc.engine.wiring import safe_command
from mtc.manifest.dates import Dates, days, from_options
from mtc.manifest.load import load
from mtc.manifest.project import Project

DEFAULT_MANIFEST = Path("manifests/daily.yaml")

DateOptions = tuple[str | None, str | None, str | None]
"""The texts of --from, --to and --date."""

_SITE_PREFIX = "site:"
_STEP_EXAMPLE = "a step looks like import:docs:2026-05-01"

_opened: list[Project] = []


@dataclass(frozen=True, slots=True)
class ManifestOptions:
    """The manifest on a command line: an argument or -m, its environment, another state file."""

    argument: Path | None = None
    option: Path | None = None
    env: str | None = None
    state: Path | None = None

    @property
    def given(self) -> Path | None:
        """The manifest that is given; raises UsageError if two different ones are."""
        if self.argument is not None and self.option is not None and self.argument != self.option:
            what = f"two manifests are given, {self.argument} and {self.option}"
            raise UsageError(what, hint="name one of them")
        return self.argument or self.option


def open_scope(
    manifest: ManifestOptions,
    sites: Sequence[str] | None,
    stages: Iterable[Stage] | None = None,
    dates: DateOptions = (None, None, None),
    *,
    secrets: bool = True,
    quiet: bool = False,
) -> tuple[Project, Scope]:
    """Load the manifest, and select sites, stages and days by options.

    Args:
        manifest: The manifest.
        sites: The sites to select, and whose credentials must resolve; all by default.
        stages: The stages to select; the manifest's by default.
        dates: The texts of --from, --to and --date.
        secrets: Whether secrets must resolve.
        quiet: Whether to omit warnings about old names of keys.
    """
    project = open_project(manifest, secrets=secrets, sites=sites or (), quiet=quiet)
    return project, select_scope(project, sites, stages, dates)


def open_project(
    manifest: ManifestOptions, *, secrets: bool = True, sites: Iterable[str] = (), quiet: bool = False
) -> Project:
    """Load the manifest. Only the credentials of `sites` (all by default) must resolve.

    Each old name of a key is warned of once, on stderr, unless `quiet`.
    """
    path = manifest_path(manifest.given)
    project = load(path, env=manifest.env, secrets_needed=secrets, sites=tuple(sites) or None)
    if manifest.state is not None:
        project = replace(project, state=manifest.state.absolute())
    if not quiet:
        warn(each for each in project.warnings if not any(each in other.warnings for other in _opened))
    _remember(project)
    return project


def _remember(project: Project) -> None:
    """Remember an opened project in place of an earlier version of the same one."""
    same = (project.manifest, project.environment)
    _opened[:] = [*(other for other in _opened if (other.manifest, other.environment) != same), project]


def state_file(manifest: ManifestOptions) -> Path:
    """The state file; the manifest is read only if no state file is given."""
    return manifest.state if manifest.state is not None else open_project(manifest, secrets=False).state


def manifest_path(given: Path | None) -> Path:
    """The path of the manifest: the one given, `$MTC_MANIFEST`, or `manifests/daily.yaml`."""
    if given is not None:
        return given
    if named := os.environ.get("MTC_MANIFEST"):
        return Path(named)
    if not DEFAULT_MANIFEST.exists():
        raise UsageError(
            f"there is no manifest: neither $MTC_MANIFEST nor {DEFAULT_MANIFEST}",
            hint="name one with -m FILE, or write one with `mtc init`",
        )
    return DEFAULT_MANIFEST


def select_scope(
    project: Project,
    sites: Iterable[str] | None,
    stages: Iterable[Stage] | None,
    dates: DateOptions,
) -> Scope:
    """The sites, stages and dates that options select."""
    today = local_today()
    form = from_options(*dates, today=today, first=days(project.dates, today)[0])
    return Scope(tuple(sites or ()), tuple(stages or ()), form)


def command_line() -> str:
    """This command line without secrets, for state and reports."""
    return safe_command(["mtc", *sys.argv[1:]])


def known_secrets() -> tuple[str, ...]:
    """Every secret of the opened manifests, to be masked in a crash log."""
    found = []
    for project in _opened:
        for entry in project.credentials.values():
            found += [value.get_secret_value() for _, value in entry if isinstance(value, SecretStr)]
        if project.matomo is not None:
            found.append(project.matomo.token.get_secret_value())
    return tuple(found)


def crash_folder() -> Path:
    """The folder for a crash log."""
    return _opened[-1].work if _opened else Path(".mtc")


def parse_step(text: str) -> StepId:
    """Parse STAGE:SITE:DATE; raises UsageError."""
    try:
        return StepId.parse(text)
    except ValueError:
        raise UsageError(f"{text[:200]!r} is not a step", hint=_step_hint(text)) from None


def _step_hint(text: str) -> str:
    """A hint for the text of a step: what was probably meant, or how a step looks."""
    pieces = text.split(":")
    if len(pieces) != len(("stage", "site", "day")):
        return _STEP_EXAMPLE
    stage, site, day = pieces
    if stage not in set(Stage):
        stage_meant = nearest(stage, Stage)
        return f"did you mean {stage_meant}:{site}:{day}?" if stage_meant else "its stage is import, stat or csv"
    return f"its day is a date like 2026-05-01; {_STEP_EXAMPLE}"


def parse_accepted(texts: Collection[str]) -> tuple[frozenset[StepId], frozenset[str]]:
    """The steps, and the sites written as site:NAME, that are accepted; raises UsageError."""
    sites = frozenset(text.removeprefix(_SITE_PREFIX) for text in texts if text.startswith(_SITE_PREFIX))
    return frozenset(parse_step(text) for text in texts if not text.startswith(_SITE_PREFIX)), sites


def dates_of_arguments(start: str, end: str | None) -> Dates | None:
    """The days given to a short form such as `mtc import`: one day, or a range."""
    today = local_today()
    return from_options(start, end, None, today=today) if end else from_options(None, None, start, today=today)


def day_bounds(options: DateOptions) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day that options select; None for no bound."""
    from_, to, date = options
    today = local_today()
    if from_ is None and date is None and to is not None:
        return None, days(from_options(None, None, to, today=today) or to, today)[-1]
    dates = from_options(from_, to, date, today=today)
    found = days(dates, today) if dates is not None else ()
    return (found[0], found[-1]) if found else (None, None)


def wait_seconds(wait: str | None) -> float | None:
    """The duration of `--wait` in seconds; None without it."""
    return None if wait is None else _duration_seconds(wait, "--wait")


_LONGEST_INTERVAL = 366 * 86400


def every_seconds(every: str) -> float:
    """The duration of `--every` in seconds."""
    found = _duration_seconds(every, "--every")
    if not 1 <= found <= _LONGEST_INTERVAL:
        what = f"{every!r} is too {'short' if found < 1 else 'long'}"
        raise UsageError(what, where="--every", hint="the interval is at least 1s and at most 366d")
    return found


def _duration_seconds(text: str, where: str) -> float:
    if not re.fullmatch(r"[0-9]{1,18}[smhd]", text):
        raise UsageError(f"{text[:40]!r} is not a duration", where=where, hint="write 90s, 10m or 2h")
    return float(seconds(text))
