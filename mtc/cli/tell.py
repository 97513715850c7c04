"""The commands that tell: why one step is as it is, and status of all."""

import datetime as dt
import sys
from typing import Annotated

import typer

from mtc.cli import options
from mtc.cli.steps import step_of


def why(
    step: options.StepArgument,
    manifest: options.Manifest = None,
    env: options.Env = None,
    state: options.State = None,
    json: options.Json = False,
) -> None:
    """Tell the whole story of one step.

    Its verdict and reasons, what has changed, its inputs, lines, outputs, attempts and errors.
    """
    from mtc.cli import context
    from mtc.report.why import why as story_of
    from mtc.report.why import why_text
    from mtc.report.why_json import why_json
    from mtc.run import session
    from mtc.state.store import Store

    wanted = step_of(step)
    project = context.open_project(manifest, env, state, sites=(wanted.site,))
    made = session.plan_step(project, wanted, context.note)
    with Store.open(project.state, readonly=True) as store:
        history = store.history((wanted.site,))
        attempts = store.attempts(wanted)
    story = story_of(wanted, made, history, attempts, project.places)
    sys.stdout.write((why_json(story) if json else why_text(story, context.out_look())) + "\n")


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
    from mtc.report.board import status as board_of
    from mtc.report.status import status_json, status_text
    from mtc.run import session

    given = context.one_manifest(manifest, manifest_option)
    project = context.open_project(given, env, state, secrets=not offline, sites=site or ())
    wanted = context.wanted(project, site, None, (frm, to, date))
    seen = session.survey(project, wanted, context.note, offline=offline)
    name = str(given) if given else ""
    board = board_of(seen.history, seen.project, seen.days, dt.datetime.now(dt.UTC), seen.plan, manifest=name)
    sys.stdout.write((status_json(board) if json else status_text(board, context.out_look())) + "\n")
    for text in seen.orphans:
        context.note(text)
