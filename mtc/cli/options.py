"""Options that several commands take, each written once."""

from pathlib import Path
from typing import Annotated

import typer

from mtc.model import Stage

Manifest = Annotated[
    Path | None,
    typer.Option(
        "--manifest", "-m", help="The manifest [default: $MTC_MANIFEST, else manifests/daily.yaml].", metavar="FILE"
    ),
]
ManifestArgument = Annotated[
    Path | None,
    typer.Argument(help="The manifest [default: $MTC_MANIFEST, else manifests/daily.yaml].", metavar="[MANIFEST]"),
]
Env = Annotated[str | None, typer.Option("--env", help="An environment of the manifest.", metavar="NAME")]
Sites = Annotated[list[str] | None, typer.Option("--site", help="Only this site; may be repeated.", metavar="SITE")]
Stages = Annotated[list[Stage] | None, typer.Option("--stage", help="Only this stage; may be repeated.")]
From = Annotated[str | None, typer.Option("--from", help="The first day.", metavar="DATE")]
To = Annotated[str | None, typer.Option("--to", help="The last day; yesterday without it.", metavar="DATE")]
Date = Annotated[str | None, typer.Option("--date", help="One day: a date, today or yesterday.", metavar="DATE")]
State = Annotated[
    Path | None, typer.Option("--state", help="The state file, instead of the manifest's.", metavar="FILE")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing when all is well: for cron.")]
Wait = Annotated[
    str | None, typer.Option("--wait", help="Wait so long for another run to end, e.g. 10m.", metavar="DURATION")
]
SiteArgument = Annotated[str, typer.Argument(help="The site's name.", metavar="SITE")]
StartArgument = Annotated[str, typer.Argument(help="The day, or the first day.", metavar="DATE")]
EndArgument = Annotated[str | None, typer.Argument(help="The last day.", metavar="[END]")]
