"""What a command needs before it can call anything: the manifest it means, how its streams look, what it is called."""

import datetime as dt
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from mtc.core.clock import local_today
from mtc.core.errors import Problem, UsageError
from mtc.core.events import Reporter
from mtc.core.frozen_model import seconds
from mtc.core.model import Stage
from mtc.core.sanitize import one_line
from mtc.engine.selection import Scope
from mtc.engine.wiring import safe_command
from mtc.manifest.dates import Dates, days, from_options
from mtc.manifest.load import load
from mtc.manifest.problem_text import render
from mtc.manifest.project import Project
from mtc.report.reporters import choose_reporter
from mtc.report.terminal import Terminal, detect_terminal

DEFAULT_MANIFEST = Path("manifests/daily.yaml")

_opened: list[Project] = []


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


def one_manifest(argument: Path | None, option: Path | None) -> Path | None:
    """The manifest given as an argument or with -m; two different ones are a UsageError."""
    if argument is not None and option is not None and argument != option:
        raise UsageError(f"two manifests are given, {argument} and {option}", hint="name one of them")
    return argument or option


def open_project(
    given: Path | None,
    env: str | None,
    state: Path | None,
    *,
    secrets: bool = True,
    sites: Iterable[str] = (),
    quiet: bool = False,
) -> Project:
    """Load the manifest that is meant. Only the credentials of `sites` (all by default) must resolve.

    Old names of keys are warned of on stderr, each once, unless the command is to be `quiet`.
    """
    path = manifest_path(given)
    project = load(path, env=env, secrets_needed=secrets, sites=tuple(sites) or None)
    if state is not None:
        project = replace(project, state=state.absolute())
    if not quiet:
        warn(each for each in project.warnings if not any(each in other.warnings for other in _opened))
    _opened.append(project)
    return project


def warn(problems: Iterable[Problem]) -> None:
    """Show warnings about a manifest on stderr, each with its line."""
    for each in problems:
        sys.stderr.write(f"warning: {render(each)}\n")


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


def scope(
    project: Project,
    sites: Iterable[str] | None,
    stages: Iterable[Stage] | None,
    span: tuple[str | None, str | None, str | None],
) -> Scope:
    """The selection that options ask for. `span` are --from, --to and --date."""
    today = local_today()
    dates = from_options(*span, today=today, first=days(project.dates, today)[0])
    return Scope(tuple(sites or ()), tuple(stages or ()), dates)


def span(frm: str | None, to: str | None, date: str | None) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day that options ask for; None for no bound."""
    today = local_today()
    if frm is None and date is None and to is not None:
        return None, days(from_options(None, None, to, today=today) or to, today)[-1]
    dates = from_options(frm, to, date, today=today)
    found = days(dates, today) if dates is not None else ()
    return (found[0], found[-1]) if found else (None, None)


def dates_of(start: str, end: str | None) -> Dates | None:
    """The days that a short form names: one, or a range."""
    today = local_today()
    return from_options(start, end, None, today=today) if end else from_options(None, None, start, today=today)


def patience(wait: str | None) -> float | None:
    """How many seconds `--wait` asks for."""
    if wait is None:
        return None
    if not re.fullmatch(r"[0-9]+[smhd]", wait):
        raise UsageError(f"{wait!r} is no duration", where="--wait", hint="write 90s, 10m or 2h")
    return float(seconds(wait))


def reporter(*, json: bool, quiet: bool) -> Reporter:
    """The reporter for this command's streams."""
    return choose_reporter(json=json, quiet=quiet, stdout=sys.stdout, stderr=sys.stderr, environment=os.environ)


def stdout_terminal() -> Terminal:
    """How stdout looks."""
    return detect_terminal(sys.stdout, os.environ)


def stderr_terminal() -> Terminal:
    """How stderr looks."""
    return detect_terminal(sys.stderr, os.environ)


def note(text: str) -> None:
    """Tell a person something on stderr."""
    sys.stderr.write(f"note: {one_line(text)}\n")


def command_line() -> str:
    """This command as others may see it."""
    return safe_command(["mtc", *sys.argv[1:]])
