"""Usage errors: a short message, a hint if possible, exit code 2 and no change."""

import pytest
from e2e_project import MANIFEST, Place


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (("aply",), "No such command 'aply'", "Did you mean 'apply'?"),
        (("apply", "--sit", "docs"), "No such option", "--site"),
        (("apply", "--site", "dosc"), "no site is called 'dosc'", "did you mean docs?"),
        (("apply", "--site", "x"), "no site is called 'x'", "the manifest has: docs, shop"),
        (("import", "dosc", "2026-05-01"), "no site is called 'dosc'", "did you mean docs?"),
        (("stat", "SHOP", "2026-05-01"), "no site is called 'SHOP'", "did you mean shop?"),
        (("plan", "--env", "stagin"), "stagin", "did you mean staging?"),
        (("apply", "--stage", "imprt"), "'imprt' is unknown", "did you mean import?"),
        (("apply", "--stage", "stats"), "'stats' is unknown", "did you mean stat?"),
        (("apply", "--date", "2026-13-01"), "'2026-13-01' is not a valid date", "write a date like 2026-05-01"),
        (("apply", "--date", "01.05.2026"), "'01.05.2026' is not a valid date", "write a date like 2026-05-01"),
        (("import", "docs", "2026-5-1"), "'2026-5-1' is not a valid date", "write a date like 2026-05-01"),
        (("import", "docs", "2026-05-02", "2026-05-01"), "from 2026-05-02 is after to 2026-05-01", "swap them"),
        (("apply", "--from", "2026-05-02", "--to", "2026-05-01"), "is after", "swap them"),
        (("apply", "--to", "2026-04-01"), "the manifest's days begin with 2026-05-01", "--from 2026-04-01"),
        (("apply", "--date", "2026-05-01", "--from", "2026-05-01"), "both given", "give a date, or --from and --to"),
        (("apply", "--wait", "10"), "'10' is not a duration", "write 90s, 10m or 2h"),
        (("apply", "one.yaml", "-m", "two.yaml"), "two manifests are given", "name one of them"),
        (("apply", "nosuch.yaml"), "nosuch.yaml: there is no such file", ""),
        (("why", "import:docs"), "'import:docs' is not a step", "a step looks like import:docs:2026-05-01"),
        (("why", "imprt:docs:2026-05-01"), "is not a step", "did you mean import:docs:2026-05-01?"),
        (("why", "import:docs:2026-05-41"), "is not a step", "its day is a date like 2026-05-01"),
        (("why", "import:dosc:2026-05-01"), "no site is called 'dosc'", "did you mean docs?"),
        (("state", "show", "stat:docs:2020-01-01"), "does not know stat:docs:2020-01-01", "mtc state list"),
        (("state", "forget", "docs"), "'docs' is not a step", "a step looks like import:docs:2026-05-01"),
        (("state", "forget", "import:docs:2026-05-01"), "there is no state file", ""),
        (("state", "list", "--status", "dome"), "'dome' is unknown", "did you mean done?"),
        (("convert", "nosuch"), "the file cannot be read", "nosuch"),
        (("init", "."), "the file already exists", "name another folder"),
        (("init", "new", "--site", "My Site"), "this cannot be a site's name", "small letters"),
        (("schema", "--check"), "there is no such file", "mtc schema > schemas/manifest.schema.json"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_usage_error_has_few_lines_and_a_hint(place: Place, arguments: tuple[str, ...], said: str, hint: str) -> None:
    """The error has few lines, no traceback and no stdout, and no file is created."""
    done = place.mtc(*arguments, code=2)
    assert said in done.err
    assert hint in done.err
    assert len(done.lines) <= 5, done.err
    assert done.out == ""
    assert place.files() == {"manifests/daily.yaml"}


def test_a_missing_manifest_is_reported_with_a_hint(place: Place) -> None:
    """The error names the places that were searched, and `mtc init`."""
    (place.root / "manifests/daily.yaml").unlink()
    for command in ("plan", "apply", "status", "csv"):
        done = place.mtc(command, code=2)
        assert "there is no manifest: neither $MTC_MANIFEST nor manifests/daily.yaml" in done.err
        assert "mtc init" in done.err


def test_the_problems_of_an_invalid_manifest_are_located(place: Place) -> None:
    """Any command reports all problems of a manifest, with line and caret."""
    place.write("manifests/daily.yaml", "version: 1\ndate: yesterday\nsites:\n  docs: {timezone: Mars/Phobos}\n")
    done = place.mtc("apply", code=2)
    assert "manifests/daily.yaml:2:1: " in done.err
    assert "did you mean dates?" in done.err
    assert "Mars/Phobos" in done.err
    assert "^" in done.err
    assert done.lines[-1].startswith("ERROR the manifest is not valid: ")


def test_an_unset_variable_is_reported(place: Place) -> None:
    """The error names the unset variable, and shows no value of another one."""
    text = MANIFEST.replace("*.log*\n", "*.log*\n  credentials: pull\n")
    text = text.replace("logs/{site}/", "s3://acme-logs/{site}/")
    place.manifest(text + "credentials:\n  pull: {access_key_id: '${PULL_KEY}', secret_access_key: '${PULL_SECRET}'}\n")
    done = place.mtc("plan", code=2, PULL_KEY="AKIAEXAMPLE")
    assert "the environment variable PULL_SECRET is not set" in done.err
    assert "AKIAEXAMPLE" not in done.err


@pytest.mark.parametrize("arguments", [(), ("state",)], ids=["mtc", "mtc state"])
def test_without_a_command_help_is_shown(place: Place, arguments: tuple[str, ...]) -> None:
    """Without a command, the help is shown and the exit code is 2."""
    done = place.mtc(*arguments, code=2)
    assert "Commands:" in done.out + done.err


@pytest.mark.parametrize(
    "command",
    ["apply", "plan", "import", "stat", "csv", "status", "why", "validate", "schema", "init", "convert", "state"],
)
def test_the_help_of_every_command_fits_a_terminal(place: Place, command: str) -> None:
    """The help of each command is on stdout and at most 80 columns wide."""
    done = place.mtc(command, "--help", COLUMNS="80")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "[[" not in done.out


def test_the_list_of_commands_truncates_no_sentence(place: Place) -> None:
    """The list of commands has one short sentence for each, followed by the exit codes."""
    commands = place.mtc("--help", COLUMNS="80").out.partition("Commands:")[2]
    assert "..." not in commands
    assert "75 another run is active" in " ".join(commands.split())
