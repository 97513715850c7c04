"""A signal that comes before a run has begun: the same exit codes, and no other error in its place."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from e2e_project import Place

import mtc


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", [("validate", "pipe/m.yaml"), ("plan",)])
def test_a_signal_while_a_manifest_is_read_is_a_signal(
    place: Place, number: signal.Signals, command: tuple[str, ...]
) -> None:
    """Not "this is not YAML" with exit code 2. The list that the manifest names is a pipe on which reading waits."""
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
def test_a_signal_while_the_database_reads_is_a_signal(place: Place, number: signal.Signals) -> None:
    """Its own error, `Query interrupted`, is no bug of mtc. The log is a pipe on which reading waits."""
    start_up = place.root / "start"
    start_up.mkdir()
    os.mkfifo(start_up / "reading")
    (start_up / "sitecustomize.py").write_text(
        "import signal, pathlib\n"
        "from mtc.engine import planning\n"
        "def stopped(*arguments, **options):\n"
        f"    pathlib.Path({str(start_up / 'reading')!r}).write_text('now')\n"
        "    try:\n"
        "        signal.pause()\n"
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


def test_a_signal_while_the_commands_are_loaded_is_a_signal(place: Place) -> None:
    """Not a traceback of Python's imports: that is the longest part of many commands."""
    start_up = place.root / "start"
    start_up.mkdir()
    os.mkfifo(start_up / "reading")
    (start_up / "sitecustomize.py").write_text(
        "import pathlib, signal, sys\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'mtc.cli.main':\n"
        f"            pathlib.Path({str(start_up / 'reading')!r}).write_text('now')\n"
        "            signal.pause()\n"
        "sys.meta_path.insert(0, Slow())\n"
    )
    process = place.start("plan", PYTHONPATH=_python_path(start_up))
    _wait_for(start_up / "reading")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == "ERROR interrupted\n  TIP run the same command to continue\n"


def test_where_the_terminal_may_go_a_run_is_not_stopped(place: Place) -> None:
    """Under `nohup` the signal for it is ignored, and stays so."""
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
    """That of a child, which runs what the test has imported."""
    return os.pathsep.join([str(first), str(Path(mtc.__file__).parents[1])])


def _slow_yaml(folder: Path) -> Path:
    """A start-up file that makes the reading of events stop in the middle, where the signal has to find it."""
    (folder / "m.yaml").write_text("version: 1\n")
    os.mkfifo(folder / "reading")
    (folder / "sitecustomize.py").write_text(
        "import signal, pathlib\n"
        "from ruamel.yaml import YAML\n"
        "def parse(self, text):\n"
        f"    pathlib.Path({str(folder / 'reading')!r}).write_text('now')\n"
        "    signal.pause()\n"
        "    yield None\n"
        "YAML.parse = parse\n"
    )
    return folder


def _wait_for(pipe: Path) -> None:
    """Wait until the other side writes."""
    assert pipe.read_text() == "now"
