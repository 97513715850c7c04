"""What a command does before its work: find the manifest, load it, select sites and days.

Every project that is opened is remembered, so that a crash log goes into its folder and shows none of its secrets.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import SecretStr

from mtc.cli.option_values import DateOptions
from mtc.cli.streams import warn
from mtc.core.clock import local_today
from mtc.core.errors import UsageError
from mtc.core.model import Stage
from mtc.engine.selection import Scope
from mtc.engine.wiring import safe_command
from mtc.manifest.dates import days, from_options
from mtc.manifest.load import load
from mtc.manifest.project import Project

DEFAULT_MANIFEST = Path("manifests/daily.yaml")

_opened: list[Project] = []


@dataclass(frozen=True, slots=True)
class ManifestOptions:
    """How a command line names a manifest: as an argument or with -m, an environment of it, another state file."""

    argument: Path | None = None
    option: Path | None = None
    env: str | None = None
    state: Path | None = None

    @property
    def given(self) -> Path | None:
        """The manifest that is named; two different ones are a UsageError."""
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
    """Load the manifest, and select what options ask for.

    Args:
        manifest: The manifest that is meant.
        sites: The sites to select, and whose credentials must resolve; all by default.
        stages: The stages to select; the manifest's by default.
        dates: The texts of --from, --to and --date.
        secrets: Whether secrets must resolve.
        quiet: Whether old names of keys are not warned of.
    """
    project = open_project(manifest, secrets=secrets, sites=sites or (), quiet=quiet)
    return project, select_scope(project, sites, stages, dates)


def open_project(
    manifest: ManifestOptions, *, secrets: bool = True, sites: Iterable[str] = (), quiet: bool = False
) -> Project:
    """Load the manifest that is meant. Only the credentials of `sites` (all by default) must resolve.

    Old names of keys are warned of on stderr, each once, unless the command is to be `quiet`.
    """
    path = manifest_path(manifest.given)
    project = load(path, env=manifest.env, secrets_needed=secrets, sites=tuple(sites) or None)
    if manifest.state is not None:
        project = replace(project, state=manifest.state.absolute())
    if not quiet:
        warn(each for each in project.warnings if not any(each in other.warnings for other in _opened))
    _opened.append(project)
    return project


def state_file(manifest: ManifestOptions) -> Path:
    """The state file; the manifest is read only where no state file is named."""
    return manifest.state if manifest.state is not None else open_project(manifest, secrets=False).state


def manifest_path(given: Path | None) -> Path:
    """The manifest that is meant: the one given, `$MTC_MANIFEST`, or `manifests/daily.yaml`."""
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
    """The sites, stages and dates that options ask for."""
    today = local_today()
    form = from_options(*dates, today=today, first=days(project.dates, today)[0])
    return Scope(tuple(sites or ()), tuple(stages or ()), form)


def command_line() -> str:
    """This command line without secrets, as state and reports hold it."""
    return safe_command(["mtc", *sys.argv[1:]])


def known_secrets() -> tuple[str, ...]:
    """Every secret of the manifests opened, to be masked in a crash log."""
    found = []
    for project in _opened:
        for entry in project.credentials.values():
            found += [value.get_secret_value() for _, value in entry if isinstance(value, SecretStr)]
        if project.matomo is not None:
            found.append(project.matomo.token.get_secret_value())
    return tuple(found)


def crash_folder() -> Path:
    """Where a crash log goes."""
    return _opened[-1].work if _opened else Path(".mtc")
