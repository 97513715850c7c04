"""The page `docs/commands.md`: every command from the Typer app, and every exit code."""

import re
from collections.abc import Iterator
from typing import Any

import typer.main

from docs.generator.markdown import NOTICE, code, fenced, prose, table
from mtc.cli.main import app
from mtc.core.errors import EXIT_CODES

_HEAD = f"""# Commands

{NOTICE}
Data goes to stdout, messages go to stderr. With `--json`, stdout is one JSON document, or one JSON object per line
where the command says so. `NO_COLOR` turns colours off. `mtc --install-completion` sets up completion for your shell.

A command that takes a manifest and is given none reads `$MTC_MANIFEST`, or else `manifests/daily.yaml`.

"""

_BRACES = re.compile(r"\{([A-Z]+)(?:\.\.\.)?\}")
_NOTES = re.compile(r" *\[required\]$")

Command = Any
"""A command as Typer makes it; its class is Typer's own business and differs between versions."""


def commands() -> Iterator[tuple[str, Command]]:
    """Every command and group with its whole name, in the order of `--help`."""
    yield from _walk("mtc", typer.main.get_command(app))


def _walk(name: str, command: Command) -> Iterator[tuple[str, Command]]:
    yield name, command
    for inner_name, inner in getattr(command, "commands", {}).items():
        yield from _walk(f"{name} {inner_name}", inner)


def page() -> str:
    """The whole page."""
    found = list(commands())
    rows = [(f"[`{name}`](#{name.replace(' ', '-')})", prose(_about(command)[0])) for name, command in found[1:]]
    overview = table(("command", "what it does"), rows)
    return "\n".join((_HEAD + overview, *(_command(name, command) for name, command in found[1:]), exit_codes()))


def exit_codes() -> str:
    """The section about exit codes, with its table."""
    rows = [(", ".join(map(str, each.codes)), prose(each.meaning)) for each in EXIT_CODES]
    return f"## Exit codes\n\n{table(('code', 'meaning'), rows)}"


def _about(command: Command) -> tuple[str, str]:
    """A command's first sentence, and what its help says after it."""
    first, _, rest = (command.help or "").partition("\n\n")
    return first, rest


def _command(name: str, command: Command) -> str:
    about = "\n\n".join(prose(text) for text in _about(command) if text)
    blocks = [f"{'#' * len(name.split())} `{name}`\n\n{about}\n"]
    if not hasattr(command, "commands"):
        blocks += [fenced(_usage(name, command), "text"), *_parameters(name, command)]
    return "\n".join(blocks)


def _usage(name: str, command: Command) -> str:
    context = command.make_context(name, [], resilient_parsing=True)
    return _BRACES.sub(r"\1", " ".join((name, *command.collect_usage_pieces(context))))


def _parameters(name: str, command: Command) -> Iterator[str]:
    """A table of the arguments and one of the options, where there are any."""
    context = command.make_context(name, [], resilient_parsing=True)
    for kind in ("argument", "option"):
        found = [each for each in command.params if each.param_type_name == kind and "--help" not in each.opts]
        records = [(_names(each), each.get_help_record(context)) for each in found]
        rows = [(names, prose(_NOTES.sub("", record[1]))) for names, record in records if record]
        if rows:
            yield table((kind, "meaning"), rows)


def _names(parameter: Command) -> str:
    """What is typed: an argument's name, or an option's names, the last with what follows it."""
    value = parameter.metavar or "N"
    if parameter.param_type_name == "argument":
        return code(value)
    *first, last = sorted(parameter.opts, key=len)
    return ", ".join(map(code, (*first, last if parameter.is_flag else f"{last} {value}")))
