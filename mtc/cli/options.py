"""Options and arguments that several commands take, each declared once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from mtc.core.model import Stage, Status
from mtc.core.suggest import suggest

_DEFAULT = "[default: $MTC_MANIFEST, else manifests/daily.yaml]"

E = TypeVar("E", bound=StrEnum)


def _choice(known: type[E], text: str) -> E:
    """One of a few words; raises BadParameter with the word that was probably meant."""
    try:
        return known(text)
    except ValueError:
        raise typer.BadParameter(f"{text[:40]!r} is unknown; {suggest(text, known)}") from None


def _stage(text: str) -> Stage:
    return _choice(Stage, text)


def _status(text: str) -> Status:
    return _choice(Status, text)


Manifest = Annotated[
    Path | None, typer.Option("--manifest", "-m", help=f"The manifest {_DEFAULT}.", metavar="FILE", show_default=False)
]
ManifestOption = Annotated[
    Path | None, typer.Option("--manifest", "-m", help="The same as MANIFEST.", metavar="FILE", show_default=False)
]
ManifestArgument = Annotated[
    Path | None, typer.Argument(help=f"The manifest {_DEFAULT}.", metavar="MANIFEST", show_default=False)
]
Env = Annotated[str | None, typer.Option("--env", help="An environment of the manifest.", metavar="NAME")]
Sites = Annotated[list[str] | None, typer.Option("--site", help="Only this site; may be repeated.", metavar="SITE")]
Stages = Annotated[
    list[Stage] | None,
    typer.Option(
        "--stage", parser=_stage, help="Only this stage, import, stat or csv; may be repeated.", metavar="STAGE"
    ),
]
Statuses = Annotated[
    list[Status] | None,
    typer.Option(
        "--status",
        parser=_status,
        help=f"Only steps with this status, one of {', '.join(Status)}; may be repeated.",
        metavar="STATUS",
    ),
]
From = Annotated[str | None, typer.Option("--from", help="The first day.", metavar="DATE")]
To = Annotated[str | None, typer.Option("--to", help="The last day; with --from alone, yesterday.", metavar="DATE")]
Date = Annotated[str | None, typer.Option("--date", help="One day: a date, today or yesterday.", metavar="DATE")]
State = Annotated[
    Path | None, typer.Option("--state", help="The state file, instead of the manifest's.", metavar="FILE")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON to stdout, for programs.")]
JsonEvents = Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON to stdout, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is wrong, for cron.")]
Wait = Annotated[
    str | None,
    typer.Option("--wait", help="How long to wait for another run to end, such as 10m.", metavar="DURATION"),
]
Every = Annotated[
    str | None,
    typer.Option(
        "--every",
        help="Stay, and apply again at this interval, such as 10m; SIGTERM or Ctrl-C ends it. For containers.",
        metavar="DURATION",
    ),
]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        help="Let this step do what mtc never does automatically: send hits to Matomo again, which counts them twice, "
        "or lose what cannot be made again. `site:NAME` accepts all losses of a site. May be repeated.",
        metavar="STEP",
    ),
]
Remake = Annotated[
    bool,
    typer.Option(
        "--remake",
        help="Import again the logs that an older mtc imported, and days with damaged parts. Sends nothing to Matomo "
        "twice.",
    ),
]
SiteArgument = Annotated[str, typer.Argument(help="The site's name.", metavar="SITE")]
StartArgument = Annotated[
    str, typer.Argument(help="The day, or the first day: a date, today or yesterday.", metavar="DATE")
]
EndArgument = Annotated[str | None, typer.Argument(help="The last day, for a range.", metavar="END")]
StepArgument = Annotated[str, typer.Argument(help="A step, such as import:docs:2026-05-01.", metavar="STEP")]
StepArguments = Annotated[list[str], typer.Argument(help="Steps, such as import:docs:2026-05-01.", metavar="STEP")]
