"""The commands that check: doctor, before a first run; verify, after any.

The command that explains log files in hand.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mtc.cli import options
from mtc.core.errors import EXIT_FAILED, EXIT_OK, UsageError

if TYPE_CHECKING:
    from mtc.manifest.project import Project


def doctor(
    manifest: options.ManifestArgument = None,
    manifest_option: options.ManifestAgain = None,
    env: options.Env = None,
    site: options.Sites = None,
    state: options.State = None,
    json: options.Json = False,
) -> None:
    """Check everything that a run needs.

    Files, disks, sources, the first lines of each site's newest log, archives, Matomo.

    Changes nothing; ends with 3 if a run would be stopped. Into each S3 archive an empty object, .mtc-probe, is put and
    deleted again.
    """
    from mtc.cli import context
    from mtc.doctor.doctor import examine
    from mtc.report.doctor_text import doctor_json, doctor_text
    from mtc.report.terminal import write_line

    project = context.open_project(context.one_manifest(manifest, manifest_option), env, state, sites=site or ())
    found = examine(project, context.scope(project, site, None, (None, None, None)))
    if json:
        sys.stdout.write(doctor_json(found.findings))
    else:
        write_line(sys.stdout, doctor_text(found.findings, context.stdout_terminal()))
    raise typer.Exit(EXIT_FAILED if found.stopped else EXIT_OK)


def verify(
    manifest: options.ManifestArgument = None,
    manifest_option: options.ManifestAgain = None,
    env: options.Env = None,
    site: options.Sites = None,
    frm: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    state: options.State = None,
    json: options.Json = False,
) -> None:
    """Compare every count of a day, from lines to CSV.

    Lines, hits, what was delivered, what Matomo counts, the .stat file and the row of the CSV file.

    Every day that was imported, unless days are given. Changes nothing; ends with 3 if anything disagrees.
    """
    from mtc.cli import context
    from mtc.report.terminal import write_line
    from mtc.report.verify_text import verify_json, verify_text
    from mtc.verify.verify import verify as compare

    project = _with_token(context.one_manifest(manifest, manifest_option), env, state, site or [])
    found = compare(project, context.scope(project, site, None, (frm, to, date)))
    for text in found.notes:
        context.note(text)
    write_line(sys.stdout, verify_json(found) if json else verify_text(found, context.stdout_terminal()))
    raise typer.Exit(EXIT_OK if found.agrees else EXIT_FAILED)


def _with_token(manifest: Path | None, env: str | None, state: Path | None, sites: list[str]) -> "Project":
    """The manifest; its secrets must resolve only if Matomo is to be asked, since sources are not looked at."""
    from mtc.cli import context

    project = context.open_project(manifest, env, state, secrets=False)
    if not any(site.matomo for site in project.sites.values()):
        return project
    return context.open_project(manifest, env, state, sites=sites)


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
    from mtc.engine.explanation import NO_SITE, as_format
    from mtc.engine.explanation import explain as explain_files
    from mtc.manifest.models import Run
    from mtc.report.explain_text import explain_json, explain_text
    from mtc.report.terminal import write_line

    _check(files, form)
    project = context.open_project(manifest, env, None, secrets=False) if manifest or site or env else None
    settings = as_format(_site(project, site) if project else NO_SITE, form)
    memory = project.run.memory if project else Run().memory
    told = []
    for explained in explain_files(files, settings, limit=lines, memory=memory):
        told.append(explained)
        if not json:
            gap = "\n" if len(told) > 1 else ""
            write_line(sys.stdout, f"{gap}{explain_text(explained, context.stdout_terminal())}")
    if json:
        write_line(sys.stdout, explain_json(told))
    raise typer.Exit(EXIT_FAILED if any(one.error or one.verdict for one in told) else EXIT_OK)


def _check(files: list[Path], form: str | None) -> None:
    from mtc.core.suggest import suggest
    from mtc.formats.registry import NAMES

    for file in files:
        if not file.is_file():
            raise UsageError("there is no such file", where=str(file), hint="name log files, not folders")
    if form is not None and form not in {"auto", *NAMES}:
        raise UsageError(f"{form} is no log format", where="--format", hint=suggest(form, NAMES))


def _site(project: "Project", name: str | None) -> "SiteSettings":
    """The site that is meant: the one named, or the only one."""
    from mtc.core.suggest import suggest

    names = tuple(project.sites)
    if name is None and len(names) == 1:
        return project.sites[names[0]]
    if name is None:
        raise UsageError("the manifest has several sites", where="--site", hint=f"name one of {', '.join(names[:5])}")
    if name not in names:
        raise UsageError(f"there is no site {name}", where="--site", hint=suggest(name, names))
    return project.sites[name]
