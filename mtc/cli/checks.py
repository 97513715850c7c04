"""The commands that check: doctor, before a first run; verify, after any."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mtc.cli import options
from mtc.errors import EXIT_FAILED, EXIT_OK

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
    from mtc.report.doctor import doctor_json, doctor_text
    from mtc.report.text import say
    from mtc.run.doctor import examine

    project = context.open_project(context.one_manifest(manifest, manifest_option), env, state, sites=site or ())
    found = examine(project, context.wanted(project, site, None, (None, None, None)))
    if json:
        sys.stdout.write(doctor_json(found.findings))
    else:
        say(sys.stdout, doctor_text(found.findings, context.out_look()))
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
    from mtc.report.text import say
    from mtc.report.verify import verify_json, verify_text
    from mtc.run.verify import verify as compare

    project = _with_token(context.one_manifest(manifest, manifest_option), env, state, site or [])
    found = compare(project, context.wanted(project, site, None, (frm, to, date)))
    for text in found.notes:
        context.note(text)
    say(sys.stdout, verify_json(found) if json else verify_text(found, context.out_look()))
    raise typer.Exit(EXIT_OK if found.agrees else EXIT_FAILED)


def _with_token(manifest: Path | None, env: str | None, state: Path | None, sites: list[str]) -> "Project":
    """The manifest; its secrets must resolve only if Matomo is to be asked, since sources are not looked at."""
    from mtc.cli import context

    project = context.open_project(manifest, env, state, secrets=False)
    if not any(site.matomo for site in project.sites.values()):
        return project
    return context.open_project(manifest, env, state, sites=sites)
