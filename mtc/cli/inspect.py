"""The commands that tell: why one step is as it is, and status of all.

The commands about the state file: state list, show, forget, export.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mtc.cli import options
from mtc.cli.options import step_of
from mtc.core.errors import UsageError


def why(
    step: options.StepArgument,
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
    json: options.Json = False,
) -> None:
    """Show the whole history of one step.

    Its verdict and reasons, what has changed, its inputs, lines, outputs, attempts and errors.
    """
    from mtc.cli import context
    from mtc.engine import planning
    from mtc.report.history import step_history
    from mtc.report.why import why_json, why_text
    from mtc.state.store import Store

    wanted = step_of(step)
    project = context.open_project(manifest, env, state, sites=(wanted.site,))
    made = planning.plan_step(project, wanted, context.note)
    with Store.open(project.state, readonly=True) as store:
        history = store.history((wanted.site,))
        attempts = store.attempts(wanted)
    found = step_history(wanted, made, history, attempts, project.setting_locations)
    sys.stdout.write((why_json(found) if json else why_text(found, context.stdout_terminal())) + "\n")


def status(
    manifest: options.ManifestArgument = None,
    manifest_option: options.ManifestAgain = None,
    env: options.Env = None,
    site: options.Sites = None,
    frm: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    state: options.State = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask the state file alone; look at no source.")] = False,
    json: options.Json = False,
) -> None:
    """Show what is done, day by day, then what is not and why.

    The manifest's days and the last 30 by default.
    """
    from mtc.cli import context
    from mtc.core.clock import utc_now
    from mtc.engine import planning
    from mtc.report.status import status_json, status_text
    from mtc.report.status_grid import make_grid

    given = context.one_manifest(manifest, manifest_option)
    project = context.open_project(given, env, state, secrets=not offline, sites=site or ())
    scope = context.scope(project, site, None, (frm, to, date))
    data = planning.status_data(project, scope, context.note, offline=offline)
    name = str(given) if given else ""
    grid = make_grid(data.history, data.project, data.days, utc_now(), data.plan, manifest=name)
    sys.stdout.write((status_json(grid) if json else status_text(grid, context.stdout_terminal())) + "\n")
    for text in data.notes:
        context.note(text)


app = typer.Typer(help="Look into the state file, and make it forget.", no_args_is_help=True)


def _state_path(manifest: Path | None, env: str | None, state: Path | None) -> Path:
    """The state file alone: its manifest is only read when no file is named."""
    from mtc.cli import context

    return state if state is not None else context.open_project(manifest, env, None, secrets=False).state


@app.command("list")
def list_(
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
    site: options.Sites = None,
    stage: options.Stages = None,
    frm: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    status: options.Statuses = None,
    json: options.Json = False,
) -> None:
    """List the steps that the state file knows, one a line."""
    from mtc.cli import context
    from mtc.report.state_text import records_json, records_text
    from mtc.state.rows import StepFilter
    from mtc.state.store import Store

    wanted = StepFilter(tuple(site or ()), tuple(stage or ()), tuple(status or ()), *context.span(frm, to, date))
    with Store.open(_state_path(manifest, env, state), readonly=True) as store:
        records = store.list_steps(wanted)
    sys.stdout.write(records_json(records) if json else records_text(records))


@app.command()
def show(
    step: options.StepArgument,
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
) -> None:
    """Show all that the state file holds of one step, as JSON."""
    from mtc.report.state_text import record_json
    from mtc.state.store import Store

    wanted = step_of(step)
    with Store.open(_state_path(manifest, env, state), readonly=True) as store:
        record = store.record(wanted)
        objects = store.objects_of(wanted)
        attempts = store.attempts(wanted)
    if record is None:
        raise UsageError(f"the state file does not know {wanted}", hint="`mtc state list` shows what it knows")
    sys.stdout.write(record_json(record, objects, attempts))


@app.command()
def forget(
    steps: options.StepArguments,
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
) -> None:
    """Forget steps, so that the next apply does them again.

    A forgotten import gives up its hits; they come back with the next apply if the source still has the logs.
    """
    from mtc.cli import context
    from mtc.engine.recovery import forget as forget_steps

    wanted = [step_of(step) for step in steps]
    project = context.open_project(manifest, env, state, secrets=False)
    if not project.state.exists():
        raise UsageError("there is no state file, so nothing to forget", where=str(project.state))
    for line in forget_steps(project, wanted, context.command_line()):
        sys.stderr.write(line + "\n")


@app.command()
def export(
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
) -> None:
    """Write the whole state as JSON lines.

    For backups and other tools. It holds no secrets.
    """
    from mtc.state.store import Store

    with Store.open(_state_path(manifest, env, state), readonly=True) as store:
        store.export(sys.stdout)
