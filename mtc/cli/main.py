"""The app, and the one place where an error becomes text and an exit code."""

import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from mtc import __version__
from mtc.cli import ledger, manifests, tell, work
from mtc.errors import InterruptedRunError, ManifestError, MtcError

app = typer.Typer(
    name="mtc",
    help="Turn web-server access logs into daily statistics, for many sites, exactly once.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"mtc {__version__}")
        raise typer.Exit


@app.callback()
def _app(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Turn web-server access logs into daily statistics, for many sites, exactly once."""


app.command()(work.apply)
app.command()(work.plan)
app.command("import")(work.import_)
app.command()(work.stat)
app.command()(work.csv)
app.command()(tell.status)
app.command()(tell.why)
app.command()(manifests.validate)
app.command()(manifests.schema)
app.command()(manifests.init)
app.command()(manifests.convert)
app.add_typer(ledger.app, name="state")


def main() -> NoReturn:
    """Run the command line and end the process with DESIGN's exit codes."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    try:
        app()
    except MtcError as error:
        sys.exit(_tell(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last handler: a bug is told with a log file
        sys.exit(_crash(error))
    sys.exit(0)


def _interrupted(number: int, _: FrameType | None) -> NoReturn:
    raise InterruptedRunError(number)


def _tell(error: MtcError) -> int:
    from mtc.cli.context import err_look
    from mtc.manifest.render import render
    from mtc.report.errors import print_error

    problems = "\n\n".join(map(render, error.problems)) if isinstance(error, ManifestError) else ""
    return print_error(error, sys.stderr, err_look(), problems)


def _crash(error: Exception) -> int:
    import datetime as dt

    from mtc.cli.context import crash_folder, err_look, known_secrets
    from mtc.report.crash import report_crash

    now = dt.datetime.now(dt.UTC)
    return report_crash(
        error, folder=crash_folder(), secrets=known_secrets(), now=now, stream=sys.stderr, look=err_look()
    )


if __name__ == "__main__":
    main()
