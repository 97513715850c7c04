"""The commands that tell: why one step is as it is, and status of all."""

import datetime as dt
import sys
from typing import Annotated

import typer

from mtc.cli import options
from mtc.errors import UsageError
from mtc.model import StepId


def why(
    step: Annotated[str, typer.Argument(help="A step, such as import:docs:2026-05-01.", metavar="STEP")],
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
    json: options.Json = False,
) -> None:
    """Tell the whole story of one step: verdict, inputs, what changed, attempts and errors."""
    from mtc.cli import context
    from mtc.report.why import why as story_of
    from mtc.report.why import why_text
    from mtc.report.why_json import why_json
    from mtc.run import session
    from mtc.state.store import Store

    wanted = _step(step)
    project = context.open_project(manifest, env, state, sites=(wanted.site,))
    made = session.plan_step(project, wanted, context.note)
    with Store.open(project.state, readonly=True) as store:
        history = store.history((wanted.site,))
        attempts = store.attempts(wanted)
    story = story_of(wanted, made, history, attempts, project.places)
    sys.stdout.write((why_json(story) if json else why_text(story, context.out_look())) + "\n")


def _step(text: str) -> StepId:
    try:
        return StepId.parse(text)
    except ValueError as error:
        raise UsageError(str(error), where="STEP") from None


def status(
    manifest: options.ManifestArgument = None,
    manifest_option: options.Manifest = None,
    env: options.Env = None,
    site: options.Sites = None,
    frm: options.From = None,
    to: options.To = None,
    date: options.Date = None,
    state: options.State = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask the state file alone; look at no source.")] = False,
    json: options.Json = False,
) -> None:
    """Show a calendar of sites, days and stages, then what is missing, failed or late. The last 30 days by default."""
    from mtc.cli import context
    from mtc.report.board import status as board_of
    from mtc.report.status import status_json, status_text
    from mtc.run import session

    given = manifest or manifest_option
    project = context.open_project(given, env, state, secrets=not offline, sites=site or ())
    wanted = context.wanted(site, None, frm, to, date)
    seen = session.survey(project, wanted, context.note, offline=offline)
    name = str(given) if given else ""
    board = board_of(seen.history, seen.project, seen.days, dt.datetime.now(dt.UTC), seen.plan, manifest=name)
    sys.stdout.write((status_json(board) if json else status_text(board, context.out_look())) + "\n")
