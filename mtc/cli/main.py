"""The app, and the one place where an error becomes text and an exit code."""

import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from mtc import __version__
from mtc.cli import apply, check, inspect, manifests
from mtc.core.errors import EXIT_OK, InterruptedRunError, ManifestError, MtcError, explain_machine_error
from mtc.core.signals import SignalError, heard, listen
from mtc.report.terminal import discard_output


class _ReaderGoneError(Exception):
    """Whoever read stdout has seen enough, such as `head`: no error, but Typer would make one of it."""


class _Group(TyperGroup):
    """The commands, with their own view of a reader that is gone."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own context, whose class its versions keep in other places
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error


app = typer.Typer(
    name="mtc",
    cls=_Group,
    help="Turn web-server access logs into daily statistics, for many sites, exactly once.",
    epilog=(
        "Exit codes: 0 done or up to date, 1 a bug, 2 usage or an invalid manifest, 3 steps failed or are blocked, "
        "4 there is work (plan --exit-code), 6 the state file is damaged, 75 another run is at work, "
        "129, 130 and 143 interrupted: the same command goes on."
    ),
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


app.command()(apply.apply)
app.command()(apply.plan)
app.command("import")(apply.import_)
app.command()(apply.stat)
app.command()(apply.csv)
app.command()(inspect.status)
app.command()(inspect.why)
app.command()(check.explain)
app.command()(check.doctor)
app.command()(check.verify)
app.command()(manifests.validate)
app.command()(manifests.schema)
app.command()(manifests.init)
app.command()(manifests.convert)
app.add_typer(inspect.app, name="state")


def main() -> NoReturn:
    """Run the command line and end the process with DESIGN's exit codes."""
    listen()
    try:
        code = _run()
    except SignalError as signalled:
        code = _tell(signalled.error)
    except _ReaderGoneError:
        code = EXIT_OK
        discard_output(sys.stdout)
    except Exception as error:  # noqa: BLE001 - the last handler: a bug is told with a log file
        code = _failed(error)
    sys.exit(code)


def _failed(error: Exception) -> int:
    """Tell an error, and give its exit code. After a signal it is the signal's: libraries make errors of their own."""
    if heard:
        return _tell(InterruptedRunError(heard[0]))
    told = error if isinstance(error, MtcError) else explain_machine_error(error)
    return _tell(told) if told else _crash(error)


def _run() -> int:
    """The exit code of the command. What it has printed is out, or nobody wants it."""
    try:
        app()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else EXIT_OK
    try:
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise _ReaderGoneError from error
    except OSError:
        discard_output(sys.stdout)  # or Python would try once more at exit, and say so
        raise
    return code


def _tell(error: MtcError) -> int:
    from mtc.cli.context import stderr_terminal
    from mtc.manifest.problem_text import render
    from mtc.report.error_report import print_error

    problems = "\n\n".join(map(render, error.problems)) if isinstance(error, ManifestError) else ""
    return print_error(error, sys.stderr, stderr_terminal(), problems)


def _crash(error: Exception) -> int:
    from mtc.cli.context import crash_folder, known_secrets, stderr_terminal
    from mtc.core.clock import utc_now
    from mtc.report.error_report import report_crash

    now = utc_now()
    return report_crash(
        error, folder=crash_folder(), secrets=known_secrets(), now=now, stream=sys.stderr, terminal=stderr_terminal()
    )


if __name__ == "__main__":
    main()
