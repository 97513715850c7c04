"""The commands that check: doctor before a run, verify after it, explain for given log files. They change nothing."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mtc.cli import options
from mtc.core.errors import EXIT_FAILED, EXIT_OK, UsageError

if TYPE_CHECKING:
    from mtc.cli.preflight import ManifestOptions
    from mtc.manifest.project import Project, SiteSettings


def doctor(
    manifest: options.ManifestArgument = None,
    manifest_option: options.ManifestOption = None,
    env: options.Env = None,
    site: options.Sites = None,
    state: options.State = None,
    json: options.Json = False,
) -> None:
    """Check everything that a run needs.

    Checks files, disks, sources, the first lines of each site's newest log, archives and Matomo.

    Changes nothing, except that it puts an empty object, .mtc-probe, into each S3 archive and deletes it again. Exits
    with 3 if a run would fail.
    """
    from mtc.cli.preflight import ManifestOptions, open_scope
    from mtc.cli.streams import stdout_terminal
    from mtc.doctor.doctor import run_checks
    from mtc.report.check_text import doctor_json, doctor_text
    from mtc.report.terminal import write_line

    found = run_checks(*open_scope(ManifestOptions(manifest, manifest_option, env, state), site))
    if json:
        sys.stdout.write(doctor_json(found.findings))
    else:
        write_line(sys.stdout, doctor_text(found.findings, stdout_terminal()))
    raise typer.Exit(EXIT_FAILED if found.has_problem else EXIT_OK)


def verify(
    manifest: options.ManifestArgument = None,
    manifest_option: options.ManifestOption = None,
    env: options.Env = None,
    site: options.Sites = None,
    from_: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    state: options.State = None,
    json: options.Json = False,
) -> None:
    """Compare every count of a day, from lines to CSV.

    Compares lines, hits, delivered hits, Matomo's count, the .stat file and the row of the CSV file.

    Checks every day that was imported, or the days given. Changes nothing. Exits with 3 if anything differs, or an
    import failed.
    """
    from mtc.cli.preflight import ManifestOptions, select_scope
    from mtc.cli.streams import note, stdout_terminal
    from mtc.report.check_text import verify_json, verify_text
    from mtc.report.terminal import write_line
    from mtc.verify.verify import verify as compare

    project = _open_with_token(ManifestOptions(manifest, manifest_option, env, state), site or [])
    found = compare(project, select_scope(project, site, None, (from_, to, date)))
    for text in found.notes:
        note(text)
    write_line(sys.stdout, verify_json(found) if json else verify_text(found, stdout_terminal()))
    raise typer.Exit(EXIT_OK if found.agrees else EXIT_FAILED)


def _open_with_token(manifest: "ManifestOptions", sites: list[str]) -> "Project":
    """The project. Secrets must resolve only if Matomo is queried, as verify reads no sources."""
    from mtc.cli.preflight import open_project

    project = open_project(manifest, secrets=False)
    if not any(site.matomo for site in project.sites.values()):
        return project
    return open_project(manifest, sites=sites)


def explain(
    files: Annotated[list[Path], typer.Argument(help="Log files, compressed or not.", metavar="LOGFILE...")],
    manifest: Annotated[
        Path | None, typer.Option("--manifest", "-m", help="Use the settings of this manifest.", metavar="FILE")
    ] = None,
    site: Annotated[
        str | None, typer.Option("--site", help="Use the settings of this site of the manifest.", metavar="SITE")
    ] = None,
    env: options.Env = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="The format, instead of the manifest's or `auto`.", metavar="NAME")
    ] = None,
    lines: Annotated[int, typer.Option("--lines", help="How many lines to show of each kind.", min=0, max=1000)] = 3,
    json: options.Json = False,
) -> None:
    """Show how an import would read log files; write nothing.

    Shows the format and why it was chosen, where every line goes, and sample lines for each reason.
    """
    from mtc.cli.preflight import ManifestOptions, open_project
    from mtc.cli.streams import stdout_terminal
    from mtc.engine.planning import NO_SITE, as_format
    from mtc.engine.planning import explain as explain_files
    from mtc.manifest.models import Run
    from mtc.report.explain_text import explain_json, explain_text
    from mtc.report.terminal import write_line

    _check_arguments(files, format_)
    named = ManifestOptions(option=manifest, env=env)
    project = open_project(named, secrets=False) if manifest or site or env else None
    settings = as_format(_site(project, site) if project else NO_SITE, format_)
    memory = project.run.memory if project else Run().memory
    explanations = []
    for explained in explain_files(files, settings, limit=lines, memory=memory):
        explanations.append(explained)
        if not json:
            gap = "\n" if len(explanations) > 1 else ""
            write_line(sys.stdout, f"{gap}{explain_text(explained, stdout_terminal())}")
    if json:
        write_line(sys.stdout, explain_json(explanations))
    raise typer.Exit(EXIT_FAILED if any(each.error or each.verdict for each in explanations) else EXIT_OK)


def _check_arguments(files: list[Path], format_name: str | None) -> None:
    from mtc.core.suggest import suggest
    from mtc.formats.registry import NAMES

    for file in files:
        if not file.is_file():
            raise UsageError("there is no such file", where=str(file), hint="name log files, not folders")
    if format_name is not None and format_name not in {"auto", *NAMES}:
        raise UsageError(f"{format_name} is not a log format", where="--format", hint=suggest(format_name, NAMES))


def _site(project: "Project", name: str | None) -> "SiteSettings":
    """The named site, or the only one."""
    from mtc.core.suggest import suggest

    names = tuple(project.sites)
    if name is None and len(names) == 1:
        return project.sites[names[0]]
    if name is None:
        raise UsageError("the manifest has several sites", where="--site", hint=f"name one of {', '.join(names[:5])}")
    if name not in names:
        raise UsageError(f"there is no site {name}", where="--site", hint=suggest(name, names))
    return project.sites[name]
