"""The commands that plan and do: plan, apply, and the short forms import, stat and csv."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mtc.cli import options
from mtc.core.errors import EXIT_FAILED, EXIT_OK, EXIT_WORK
from mtc.core.model import Stage

if TYPE_CHECKING:
    from mtc.engine.apply_request import ApplyRequest


def plan(
    manifest: options.ManifestArgument = None,
    manifest_option: options.ManifestAgain = None,
    env: options.Env = None,
    site: options.Sites = None,
    stage: options.Stages = None,
    frm: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    state: options.State = None,
    json: options.Json = False,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="End with 4 when there is work, with 3 when all that is left is blocked."),
    ] = False,
) -> None:
    """Show what apply would do, and why.

    Changes nothing.
    """
    from mtc.cli import context
    from mtc.engine.apply_request import ApplyRequest

    project = context.open_project(context.one_manifest(manifest, manifest_option), env, state, sites=site or ())
    request = ApplyRequest(project, context.scope(project, site, stage, (frm, to, date)), context.command_line())
    raise typer.Exit(_show_plan(request, json=json, exit_code=exit_code))


def _show_plan(request: "ApplyRequest", *, json: bool, exit_code: bool) -> int:
    from mtc.cli import context
    from mtc.engine import planning
    from mtc.report.plan_text import plan_json, plan_text

    made = planning.plan(request, context.note)
    name = request.project.name
    sys.stdout.write((plan_json(made, name) if json else plan_text(made, name, context.stdout_terminal())) + "\n")
    if not exit_code:
        return EXIT_OK
    if made.work:
        return EXIT_WORK
    return EXIT_FAILED if any(verdict.is_stuck for verdict in made.count()) else EXIT_OK


def apply(
    manifest: options.ManifestArgument = None,
    manifest_option: options.ManifestAgain = None,
    env: options.Env = None,
    site: options.Sites = None,
    stage: options.Stages = None,
    frm: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    state: options.State = None,
    wait: options.Wait = None,
    accept: options.Accept = None,
    remake: options.Remake = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan, as `mtc plan` does.")] = False,
    quiet: options.Quiet = False,
    json: options.JsonEvents = False,
) -> None:
    """Make true what the manifest says: import, statistics, CSV.

    Does nothing where it already is. After an interruption, the same command goes on. Days that a run left unfinished,
    or whose logs may still have come in late, are taken along.
    """
    from mtc.cli import context
    from mtc.cli.options import accepted_of
    from mtc.engine.apply_request import ApplyRequest

    path = context.one_manifest(manifest, manifest_option)
    project = context.open_project(path, env, state, sites=site or (), quiet=quiet)
    scope = context.scope(project, site, stage, (frm, to, date))
    accepted, sites = accepted_of(accept or ())
    request = ApplyRequest(
        project,
        scope,
        context.command_line(),
        context.patience(wait),
        accepted=accepted,
        accepted_sites=sites,
        remake=remake,
    )
    if dry_run:
        raise typer.Exit(_show_plan(request, json=json, exit_code=False))
    raise typer.Exit(_do(request, json=json, quiet=quiet))


def _do(request: "ApplyRequest", *, json: bool, quiet: bool) -> int:
    from mtc.cli import context
    from mtc.engine import session

    reporter = context.reporter(json=json, quiet=quiet)
    try:
        return session.apply(request, reporter)
    finally:
        reporter.close()


def import_(
    site: options.SiteArgument,
    start: options.StartArgument,
    end: options.EndArgument = None,
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
    wait: options.Wait = None,
    accept: options.Accept = None,
    remake: options.Remake = False,
    quiet: options.Quiet = False,
    json: options.JsonEvents = False,
) -> None:
    """Import a site's logs of a day or a range.

    Short for: mtc apply --stage import --site SITE --from DATE --to END
    """
    common = (manifest, env, state, wait)
    _short(Stage.IMPORT, site, (start, end), common, json=json, quiet=quiet, accept=accept, remake=remake)


def stat(
    site: options.SiteArgument,
    start: options.StartArgument,
    end: options.EndArgument = None,
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
    wait: options.Wait = None,
    accept: options.Accept = None,
    quiet: options.Quiet = False,
    json: options.JsonEvents = False,
) -> None:
    """Make a site's .stat files of a day or a range.

    Short for: mtc apply --stage stat --site SITE --from DATE --to END
    """
    _short(Stage.STAT, site, (start, end), (manifest, env, state, wait), json=json, quiet=quiet, accept=accept)


def csv(
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
    wait: options.Wait = None,
    quiet: options.Quiet = False,
    json: options.JsonEvents = False,
) -> None:
    """Make the CSV files from the .stat files there are."""
    _short(Stage.CSV, None, None, (manifest, env, state, wait), json=json, quiet=quiet)


def _short(
    stage: Stage,
    site: str | None,
    days: tuple[str, str | None] | None,
    common: tuple[Path | None, str | None, Path | None, str | None],
    *,
    json: bool,
    quiet: bool,
    accept: list[str] | None = None,
    remake: bool = False,
) -> None:
    from mtc.cli import context
    from mtc.cli.options import accepted_of
    from mtc.engine.apply_request import ApplyRequest
    from mtc.engine.selection import Scope

    manifest, env, state, wait = common
    sites = (site,) if site else ()
    project = context.open_project(manifest, env, state, secrets=stage is Stage.IMPORT, sites=sites, quiet=quiet)
    scope = Scope(sites, (stage,), context.dates_of(*days) if days else None)
    accepted, accepted_sites = accepted_of(accept or ())
    request = ApplyRequest(
        project,
        scope,
        context.command_line(),
        context.patience(wait),
        csv_as_found=days is None,
        accepted=accepted,
        accepted_sites=accepted_sites,
        remake=remake,
    )
    raise typer.Exit(_do(request, json=json, quiet=quiet))
