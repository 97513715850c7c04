"""A signal that comes before a run has begun: the same exit codes, and no other error in its place."""

import os
import signal
from pathlib import Path

import pytest
from e2e_project import Place


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [("validate", "pipe/m.yaml"), ("plan",)])
def test_a_signal_while_a_manifest_is_read_is_a_signal(
    place: Place, number: signal.Signals, command: tuple[str, ...]
) -> None:
    """Not "this is not YAML" with exit code 2. The list that the manifest names is a pipe on which reading waits."""
    pipe = place.root / "pipe"
    pipe.mkdir()
    process = place.start(*command, PYTHONPATH=str(_slow_yaml(pipe)))
    _wait_for(pipe / "reading")
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number, told
    assert "interrupted" in told
    assert "YAML" not in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_database_reads_is_a_signal(place: Place, number: signal.Signals) -> None:
    """Its own error, `Query interrupted`, is no bug of mtc. The log is a pipe on which reading waits."""
    start_up = place.root / "start"
    start_up.mkdir()
    os.mkfifo(start_up / "reading")
    (start_up / "sitecustomize.py").write_text(
        "import signal, pathlib\n"
        "from mtc.run import explain\n"
        "def stopped(*arguments, **options):\n"
        f"    pathlib.Path({str(start_up / 'reading')!r}).write_text('now')\n"
        "    try:\n"
        "        signal.pause()\n"
        "    except BaseException:\n"
        "        raise RuntimeError('Query interrupted') from None\n"
        "explain.explain = stopped\n"
    )
    process = place.start("explain", "manifests/daily.yaml", PYTHONPATH=str(start_up))
    _wait_for(start_up / "reading")
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number, told
    assert "bug" not in told


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
