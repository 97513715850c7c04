"""Signals before a run has started: the same exit codes, and no other error."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from e2e_project import Place

import mtc

WAIT = "import time\ndef wait():\n    while True:\n        time.sleep(0.01)\n"
"""Code that waits for a signal. `signal.pause` would miss one that comes just before it."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", [("validate", "pipe/m.yaml"), ("plan",)])
def test_a_signal_while_a_manifest_is_read(place: Place, number: signal.Signals, command: tuple[str, ...]) -> None:
    """A signal during parsing is not reported as invalid YAML. The parser is stopped on a pipe."""
    pipe = place.root / "pipe"
    pipe.mkdir()
    process = place.start(*command, PYTHONPATH=_python_path(_slow_yaml(pipe)))
    _wait_for(pipe / "reading")
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number, told
    assert "interrupted" in told
    assert "YAML" not in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_a_query(place: Place, number: signal.Signals) -> None:
    """`Query interrupted` of the database is not reported as a bug of mtc. The query is stopped on a pipe."""
    start_up = place.root / "start"
    start_up.mkdir()
    os.mkfifo(start_up / "reading")
    (start_up / "sitecustomize.py").write_text(
        f"import pathlib\n{WAIT}"
        "from mtc.engine import planning\n"
        "def stopped(*arguments, **options):\n"
        f"    pathlib.Path({str(start_up / 'reading')!r}).write_text('now')\n"
        "    try:\n"
        "        wait()\n"
        "    except BaseException:\n"
        "        raise RuntimeError('Query interrupted') from None\n"
        "planning.explain = stopped\n"
    )
    process = place.start("explain", "manifests/daily.yaml", PYTHONPATH=_python_path(start_up))
    _wait_for(start_up / "reading")
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number, told
    assert "bug" not in told


def test_a_signal_while_the_commands_are_imported(place: Place) -> None:
    """A signal while modules are imported gives no traceback."""
    start_up = place.root / "start"
    start_up.mkdir()
    os.mkfifo(start_up / "reading")
    (start_up / "sitecustomize.py").write_text(
        f"import pathlib, sys\n{WAIT}"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'mtc.cli.main':\n"
        f"            pathlib.Path({str(start_up / 'reading')!r}).write_text('now')\n"
        "            wait()\n"
        "sys.meta_path.insert(0, Slow())\n"
    )
    process = place.start("plan", PYTHONPATH=_python_path(start_up))
    _wait_for(start_up / "reading")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == "ERROR interrupted\n  TIP run the same command to continue\n"


def test_nohup_keeps_a_run_going(place: Place) -> None:
    """Under `nohup`, SIGHUP stays ignored."""
    place.manifest()
    place.logs()
    command = ["nohup", sys.executable, "-c", NOHUP]
    done = subprocess.run(command, cwd=place.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


NOHUP = """
import os, signal, sys
import mtc.engine.session
plan = mtc.engine.session.Coordinator.apply
def hung_up(*arguments):
    os.kill(os.getpid(), signal.SIGHUP)
    return plan(*arguments)
mtc.engine.session.Coordinator.apply = hung_up
sys.argv = ["mtc", "apply", "-q"]
from mtc.__main__ import main
main()
"""


def _python_path(first: Path) -> str:
    """Return a PYTHONPATH for a child that runs the imported mtc."""
    return os.pathsep.join([str(first), str(Path(mtc.__file__).parents[1])])


def _slow_yaml(folder: Path) -> Path:
    """Write a sitecustomize.py that stops the YAML parser, so that a signal arrives meanwhile."""
    (folder / "m.yaml").write_text("version: 1\n")
    os.mkfifo(folder / "reading")
    (folder / "sitecustomize.py").write_text(
        f"import pathlib\n{WAIT}"
        "from ruamel.yaml import YAML\n"
        "def parse(self, text):\n"
        f"    pathlib.Path({str(folder / 'reading')!r}).write_text('now')\n"
        "    wait()\n"
        "    yield None\n"
        "YAML.parse = parse\n"
    )
    return folder


def _wait_for(pipe: Path) -> None:
    """Wait until the child writes to the pipe."""
    assert pipe.read_text() == "now"
