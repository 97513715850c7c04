"""The commands that show what was done: why, status, and `state list`, `show`, `forget` and `export`."""

import sys
from typing import Annotated

import typer

from mtc.cli import options
from mtc.core.errors import UsageError


def why(
    step: options.StepArgument,
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
    json: options.Json = False,
) -> None:
    """Show the whole history of one step.

    Shows its verdict with reasons, changes since its last success, inputs, lines, outputs, attempts and errors.
    """
    from mtc.cli.preflight import ManifestOptions, open_project, parse_step
    from mtc.cli.streams import note, stdout_terminal
    from mtc.engine import planning
    from mtc.report.history import step_history
    from mtc.report.step_text import why_json, why_text
    from mtc.state.store import Store

    step_id = parse_step(step)
    project = open_project(ManifestOptions(option=manifest, env=env, state=state), sites=(step_id.site,))
    plan = planning.plan_step(project, step_id, note)
    with Store.open(project.state, readonly=True) as store:
        history = store.history((step_id.site,))
        attempts = store.attempts(step_id)
    found = step_history(step_id, plan, history, attempts, project.setting_locations)
    sys.stdout.write((why_json(found) if json else why_text(found, stdout_terminal())) + "\n")


def status(
    manifest: options.ManifestArgument = None,
    manifest_option: options.ManifestOption = None,
    env: options.Env = None,
    site: options.Sites = None,
    from_: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    state: options.State = None,
    offline: Annotated[bool, typer.Option("--offline", help="Read only the state file; do not list sources.")] = False,
    json: options.Json = False,
) -> None:
    """Show what is done, day by day, and what is not and why.

    By default the days of the manifest and the last 30 days; of logs that grow, from the first day known.
    """
    from mtc.cli.preflight import ManifestOptions, open_scope
    from mtc.cli.streams import note, stdout_terminal
    from mtc.core.clock import utc_now
    from mtc.engine import planning
    from mtc.report.status import status_json, status_text
    from mtc.report.status_grid import make_grid

    named = ManifestOptions(manifest, manifest_option, env, state)
    project, scope = open_scope(named, site, None, (from_, to, date), secrets=not offline)
    data = planning.status_data(project, scope, note, offline=offline)
    name = str(named.given) if named.given else ""
    grid = make_grid(data.history, data.project, data.days, utc_now(), data.plan, manifest=name)
    sys.stdout.write((status_json(grid) if json else status_text(grid, stdout_terminal())) + "\n")
    for text in data.notes:
        note(text)


app = typer.Typer(help="Inspect the state file, or make it forget steps.", no_args_is_help=True)


@app.command("list")
def list_(
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
    site: options.Sites = None,
    stage: options.Stages = None,
    from_: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    status: options.Statuses = None,
    json: options.Json = False,
) -> None:
    """List the steps that the state file knows, one per line."""
    from mtc.cli.preflight import ManifestOptions, day_bounds, state_file
    from mtc.report.step_text import records_json, records_text
    from mtc.state.rows import StepFilter
    from mtc.state.store import Store

    bounds = day_bounds((from_, to, date))
    steps = StepFilter(tuple(site or ()), tuple(stage or ()), tuple(status or ()), *bounds)
    with Store.open(state_file(ManifestOptions(option=manifest, env=env, state=state)), readonly=True) as store:
        records = store.list_steps(steps)
    sys.stdout.write(records_json(records) if json else records_text(records))


@app.command()
def show(
    step: options.StepArgument,
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
) -> None:
    """Show everything that the state file knows about one step, as JSON."""
    from mtc.cli.preflight import ManifestOptions, parse_step, state_file
    from mtc.report.step_text import record_json
    from mtc.state.store import Store

    step_id = parse_step(step)
    with Store.open(state_file(ManifestOptions(option=manifest, env=env, state=state)), readonly=True) as store:
        record = store.record(step_id)
        objects = store.objects_of(step_id)
        attempts = store.attempts(step_id)
    if record is None:
        raise UsageError(f"the state file does not know {step_id}", hint="`mtc state list` shows what it knows")
    sys.stdout.write(record_json(record, objects, attempts))


@app.command()
def forget(
    steps: options.StepArguments,
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
) -> None:
    """Forget steps, so that the next apply repeats them.

    A forgotten import loses its hits; the next apply imports them again if the source still has the logs.
    """
    from mtc.cli.preflight import ManifestOptions, command_line, open_project, parse_step
    from mtc.engine.recovery import forget as forget_steps

    step_ids = [parse_step(step) for step in steps]
    project = open_project(ManifestOptions(option=manifest, env=env, state=state), secrets=False)
    if not project.state.exists():
        raise UsageError("there is no state file, so nothing to forget", where=str(project.state))
    for line in forget_steps(project, step_ids, command_line()):
        sys.stderr.write(line + "\n")


@app.command()
def export(
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
) -> None:
    """Write the whole state as JSON lines.

    For backups and other tools. It contains no secrets.
    """
    from mtc.cli.preflight import ManifestOptions, state_file
    from mtc.state.store import Store

    with Store.open(state_file(ManifestOptions(option=manifest, env=env, state=state)), readonly=True) as store:
        store.export(sys.stdout)
