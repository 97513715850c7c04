"""The commands that do the work, or plan it: plan, apply, and the short forms import, stat and csv."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mtc.cli import options
from mtc.core.errors import EXIT_FAILED, EXIT_OK, EXIT_WORK, UsageError
from mtc.core.model import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtc.cli.preflight import ManifestOptions
    from mtc.engine.selection import ApplyRequest


def plan(
    manifest: options.ManifestArgument = None,
    manifest_option: options.ManifestOption = None,
    env: options.Env = None,
    site: options.Sites = None,
    stage: options.Stages = None,
    from_: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    state: options.State = None,
    json: options.Json = False,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="Exit with 4 if there is work to do, with 3 if all of it is blocked."),
    ] = False,
) -> None:
    """Show what apply would do, and why.

    Changes nothing.
    """
    from mtc.cli.preflight import ManifestOptions, command_line, open_scope
    from mtc.engine.selection import ApplyRequest

    manifest_options = ManifestOptions(manifest, manifest_option, env, state)
    project, scope = open_scope(manifest_options, site, stage, (from_, to, date))
    request = ApplyRequest(project, scope, command_line())
    raise typer.Exit(_show_plan(request, json=json, exit_code=exit_code))


def _show_plan(request: "ApplyRequest", *, json: bool, exit_code: bool) -> int:
    from mtc.cli import streams
    from mtc.engine import planning
    from mtc.report.plan_text import plan_json, plan_text

    made = planning.plan(request, streams.note)
    name = request.project.name
    sys.stdout.write((plan_json(made, name) if json else plan_text(made, name, streams.stdout_terminal())) + "\n")
    if not exit_code:
        return EXIT_OK
    if made.work:
        return EXIT_WORK
    return EXIT_FAILED if any(verdict.is_stuck for verdict in made.count()) else EXIT_OK


def apply(
    manifest: options.ManifestArgument = None,
    manifest_option: options.ManifestOption = None,
    env: options.Env = None,
    site: options.Sites = None,
    stage: options.Stages = None,
    from_: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    state: options.State = None,
    wait: options.Wait = None,
    every: options.Every = None,
    accept: options.Accept = None,
    remake: options.Remake = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan, as `mtc plan` does.")] = False,
    quiet: options.Quiet = False,
    json: options.JsonEvents = False,
) -> None:
    """Bring all days of a manifest up to date.

    Imports logs, and makes statistics and CSV files. Does nothing for days that are up to date. After an interruption,
    the same command continues. Also does days that an earlier run did not finish, or whose logs may have arrived late.
    """
    from mtc.cli.preflight import ManifestOptions, command_line, open_scope, parse_accepted, wait_seconds
    from mtc.engine.selection import ApplyRequest

    manifest_options = ManifestOptions(manifest, manifest_option, env, state)
    interval = _interval(every, dry_run=dry_run, accept=accept)

    def read() -> ApplyRequest:
        project, scope = open_scope(manifest_options, site, stage, (from_, to, date), quiet=quiet)
        accepted, sites = parse_accepted(accept or ())
        return ApplyRequest(
            project,
            scope,
            command_line(),
            wait_seconds(wait),
            accepted=accepted,
            accepted_sites=sites,
            remake=remake,
        )

    if dry_run:
        raise typer.Exit(_show_plan(read(), json=json, exit_code=False))
    if interval is None:
        raise typer.Exit(_apply(read(), json=json, quiet=quiet))
    raise typer.Exit(_apply_every(interval, lambda: _apply(read(), json=json, quiet=quiet)))


def _interval(every: str | None, *, dry_run: bool, accept: list[str] | None) -> float | None:
    """The seconds of `--every`; None without it. Raises UsageError if it is used with an option that acts once."""
    from mtc.cli.preflight import every_seconds

    if every is None:
        return None
    if dry_run:
        raise UsageError("--every and --dry-run exclude each other", hint="leave out one of them")
    if accept:
        hint = "run once with --accept, then again with --every"
        raise UsageError("--every and --accept exclude each other: what is accepted is accepted once", hint=hint)
    return every_seconds(every)


def _apply_every(interval: float, apply_once: "Callable[[], int]") -> int:
    from mtc.cli import streams
    from mtc.cli.failures import report_failure
    from mtc.engine.rounds import Rounds
    from mtc.report.text import duration

    def failed(error: Exception, pause: float) -> None:
        report_failure(error)
        streams.note(f"the next round begins in {duration(pause)}")

    return Rounds(interval).run(apply_once, failed)


def _apply(request: "ApplyRequest", *, json: bool, quiet: bool) -> int:
    from mtc.cli import streams
    from mtc.engine import session

    reporter = streams.reporter(json=json, quiet=quiet)
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
    """Import a site's logs for a day or a range.

    Short for: mtc apply --stage import --site SITE --from DATE --to END
    """
    from mtc.cli.preflight import ManifestOptions

    _apply_stage(
        Stage.IMPORT,
        ManifestOptions(option=manifest, env=env, state=state),
        site,
        (start, end),
        wait=wait,
        json=json,
        quiet=quiet,
        accept=accept,
        remake=remake,
    )


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
    """Make a site's .stat files for a day or a range.

    Short for: mtc apply --stage stat --site SITE --from DATE --to END
    """
    from mtc.cli.preflight import ManifestOptions

    project = ManifestOptions(option=manifest, env=env, state=state)
    _apply_stage(Stage.STAT, project, site, (start, end), wait=wait, json=json, quiet=quiet, accept=accept)


def csv(
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
    wait: options.Wait = None,
    quiet: options.Quiet = False,
    json: options.JsonEvents = False,
) -> None:
    """Make the CSV files from the .stat files that exist."""
    from mtc.cli.preflight import ManifestOptions

    _apply_stage(Stage.CSV, ManifestOptions(option=manifest, env=env, state=state), wait=wait, json=json, quiet=quiet)


def _apply_stage(
    stage: Stage,
    manifest: "ManifestOptions",
    site: str | None = None,
    days: tuple[str, str | None] | None = None,
    *,
    wait: str | None,
    json: bool,
    quiet: bool,
    accept: list[str] | None = None,
    remake: bool = False,
) -> None:
    """Apply one stage of a site, for a short form. `days` are the first and last; without them, CSV of what exists."""
    from mtc.cli.preflight import command_line, dates_of_arguments, open_project, parse_accepted, wait_seconds
    from mtc.engine.selection import ApplyRequest, Scope

    sites = (site,) if site else ()
    project = open_project(manifest, secrets=stage is Stage.IMPORT, sites=sites, quiet=quiet)
    scope = Scope(sites, (stage,), dates_of_arguments(*days) if days else None)
    accepted, accepted_sites = parse_accepted(accept or ())
    request = ApplyRequest(
        project,
        scope,
        command_line(),
        wait_seconds(wait),
        csv_as_found=days is None,
        accepted=accepted,
        accepted_sites=accepted_sites,
        remake=remake,
    )
    raise typer.Exit(_apply(request, json=json, quiet=quiet))
