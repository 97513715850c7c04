"""Options that several commands take, each written once.

The name of a step as it was typed, read, or refused with what was probably meant.
"""

from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from mtc.core.errors import UsageError
from mtc.core.model import Stage, Status, StepId
from mtc.core.suggest import nearest, suggest

_DEFAULT = "[default: $MTC_MANIFEST, else manifests/daily.yaml]"

E = TypeVar("E", bound=StrEnum)


def _word_of(known: type[E], text: str) -> E:
    """A word of a short list; another is refused with the one that was probably meant."""
    try:
        return known(text)
    except ValueError:
        raise typer.BadParameter(f"{text[:40]!r} is none; {suggest(text, known)}") from None


def _stage(text: str) -> Stage:
    return _word_of(Stage, text)


def _status(text: str) -> Status:
    return _word_of(Status, text)


Manifest = Annotated[
    Path | None, typer.Option("--manifest", "-m", help=f"The manifest {_DEFAULT}.", metavar="FILE", show_default=False)
]
ManifestAgain = Annotated[
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
To = Annotated[str | None, typer.Option("--to", help="The last day; yesterday without it.", metavar="DATE")]
Date = Annotated[str | None, typer.Option("--date", help="One day: a date, today or yesterday.", metavar="DATE")]
State = Annotated[
    Path | None, typer.Option("--state", help="The state file, instead of the manifest's.", metavar="FILE")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.")]
JsonEvents = Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON on stdout, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing when all is well: for cron.")]
Wait = Annotated[
    str | None,
    typer.Option("--wait", help="How long to wait for another run to end, such as 10m.", metavar="DURATION"),
]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        help="Let this step do what is never done as ordinary work: send hits to Matomo again though that counts them "
        "twice, or lose what cannot be made again. `site:NAME` accepts all losses of a site. May be repeated.",
        metavar="STEP",
    ),
]
Remake = Annotated[
    bool,
    typer.Option(
        "--remake",
        help="Import again what an older mtc has imported, and what has damaged parts. Sends nothing twice to Matomo.",
    ),
]
SiteArgument = Annotated[str, typer.Argument(help="The site's name.", metavar="SITE")]
StartArgument = Annotated[
    str, typer.Argument(help="The day, or the first day: a date, today or yesterday.", metavar="DATE")
]
EndArgument = Annotated[str | None, typer.Argument(help="The last day, for a range.", metavar="END")]
StepArgument = Annotated[str, typer.Argument(help="A step, such as import:docs:2026-05-01.", metavar="STEP")]
StepArguments = Annotated[list[str], typer.Argument(help="Steps, such as import:docs:2026-05-01.", metavar="STEP")]


_SITE = "site:"
_LOOKS = "a step looks like import:docs:2026-05-01"


def step_of(text: str) -> StepId:
    """Read STAGE:SITE:DATE; raises UsageError."""
    try:
        return StepId.parse(text)
    except ValueError:
        raise UsageError(f"{text[:200]!r} is no step", hint=_hint(text)) from None


def accepted_of(texts: Collection[str]) -> tuple[frozenset[StepId], frozenset[str]]:
    """The steps, and the sites written as site:NAME, that are accepted; raises UsageError."""
    sites = frozenset(text.removeprefix(_SITE) for text in texts if text.startswith(_SITE))
    return frozenset(step_of(text) for text in texts if not text.startswith(_SITE)), sites


def _hint(text: str) -> str:
    """What is wrong with it, as far as that can be told."""
    pieces = text.split(":")
    if len(pieces) != len(("stage", "site", "day")):
        return _LOOKS
    stage, site, day = pieces
    if stage not in set(Stage):
        near = nearest(stage, Stage)
        return f"did you mean {near}:{site}:{day}?" if near else "its stage is import, stat or csv"
    return f"its day is a date like 2026-05-01; {_LOOKS}"
