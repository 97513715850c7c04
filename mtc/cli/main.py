"""The app, and the one place where an error ends a command with its exit code."""

import gc
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from mtc import __version__
from mtc.cli import apply, check, inspect, manifests
from mtc.cli.failures import report_error, report_failure
from mtc.core.errors import EXIT_CODES, EXIT_OK
from mtc.core.signals import SignalError, listen
from mtc.report.terminal import discard_output


class _ClosedOutputError(Exception):
    """The reader of stdout has closed it, as `head` does: not an error, but Typer would make it one."""


class _Group(TyperGroup):
    """The commands; a closed stdout ends them silently."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's context, whose class is elsewhere in other versions
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ClosedOutputError from error


def _listed(codes: tuple[int, ...]) -> str:
    *first, last = map(str, codes)
    return f"{', '.join(first)} and {last}" if first else last


app = typer.Typer(
    name="mtc",
    cls=_Group,
    help="Turn web-server access logs into daily statistics, for many sites, exactly once.",
    epilog=f"Exit codes: {', '.join(f'{_listed(each.codes)} {each.summary}' for each in EXIT_CODES)}.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(requested: bool) -> None:
    if requested:
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
    """Run the command line and end the process with its exit code."""
    listen()
    try:
        code = _run()
    except SignalError as signalled:
        code = report_error(signalled.error)
    except _ClosedOutputError:
        code = EXIT_OK
        discard_output(sys.stdout)
    except Exception as error:  # noqa: BLE001 - the last handler: a bug leaves a crash log
        code = report_failure(error)
    gc.freeze()  # otherwise Python looks for cycles in all that is left before it ends
    sys.exit(code)


def _run() -> int:
    """Run the command, flush stdout, and return the exit code."""
    try:
        app()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else EXIT_OK
    try:
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise _ClosedOutputError from error
    except OSError:
        discard_output(sys.stdout)  # otherwise Python tries once more at exit, and prints an error
        raise
    return code


if __name__ == "__main__":
    main()
