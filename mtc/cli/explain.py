"""The command that explains log files in hand."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mtc.cli import options
from mtc.errors import EXIT_FAILED, EXIT_OK, UsageError

if TYPE_CHECKING:
    from mtc.manifest.project import Project, SiteSettings


def explain(
    files: Annotated[list[Path], typer.Argument(help="Log files, compressed or not.", metavar="LOGFILE...")],
    manifest: Annotated[
        Path | None, typer.Option("--manifest", "-m", help="Read them as this manifest says.", metavar="FILE")
    ] = None,
    site: Annotated[str | None, typer.Option("--site", help="Read them as this site's.", metavar="SITE")] = None,
    env: options.Env = None,
    form: Annotated[
        str | None, typer.Option("--format", help="The format, instead of the manifest's or `auto`.", metavar="NAME")
    ] = None,
    lines: Annotated[int, typer.Option("--lines", help="How many samples to show of each kind.", min=0, max=1000)] = 3,
    json: options.Json = False,
) -> None:
    """Show what an import makes of log files, and write nothing.

    The format found and why, where every line goes, and samples of the lines for each reason.
    """
    from mtc.cli import context
    from mtc.manifest.models import Run
    from mtc.report.explain import explain_json, explain_text
    from mtc.report.text import say
    from mtc.run.explain import NO_SITE, as_format
    from mtc.run.explain import explain as explain_files

    _check(files, form)
    project = context.open_project(manifest, env, None, secrets=False) if manifest or site or env else None
    settings = as_format(_site(project, site) if project else NO_SITE, form)
    memory = project.run.memory if project else Run().memory
    told = []
    for explained in explain_files(files, settings, limit=lines, memory=memory):
        told.append(explained)
        if not json:
            gap = "\n" if len(told) > 1 else ""
            say(sys.stdout, f"{gap}{explain_text(explained, context.out_look())}")
    if json:
        say(sys.stdout, explain_json(told))
    raise typer.Exit(EXIT_FAILED if any(one.error or one.verdict for one in told) else EXIT_OK)


def _check(files: list[Path], form: str | None) -> None:
    from mtc.formats.registry import NAMES
    from mtc.manifest.near import suggest

    for file in files:
        if not file.is_file():
            raise UsageError("there is no such file", where=str(file), hint="name log files, not folders")
    if form is not None and form not in {"auto", *NAMES}:
        raise UsageError(f"{form} is no log format", where="--format", hint=suggest(form, NAMES))


def _site(project: "Project", name: str | None) -> "SiteSettings":
    """The site that is meant: the one named, or the only one."""
    from mtc.manifest.near import suggest

    names = tuple(project.sites)
    if name is None and len(names) == 1:
        return project.sites[names[0]]
    if name is None:
        raise UsageError("the manifest has several sites", where="--site", hint=f"name one of {', '.join(names[:5])}")
    if name not in names:
        raise UsageError(f"there is no site {name}", where="--site", hint=suggest(name, names))
    return project.sites[name]
