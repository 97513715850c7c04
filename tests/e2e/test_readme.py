"""README is run: its commands work as typed, its manifest is valid, its two set-up commands are those of CI."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mtc.manifest.validate import validate

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a fresh clone has, for commands to run in."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "manifests", folder / "manifests")
    shutil.copytree(ROOT / "schemas", folder / "schemas")
    return folder


def test_readme_has_commands_to_run() -> None:
    """The pattern above still finds the blocks."""
    assert len(COMMANDS) >= 5


def test_every_command_of_readme_works_in_the_order_of_reading(checkout: Path) -> None:
    """A new user who types README's commands one after the other meets no error."""
    environment = {**os.environ, "NO_COLOR": "1"}
    environment.pop("MTC_MANIFEST", None)
    for command in COMMANDS:
        words = shlex.split(command)
        assert words[0] == "mtc"
        done = subprocess.run(
            [sys.executable, "-m", "mtc", *words[1:]],
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (checkout / "demo/csv/summary.csv").read_text("utf-8").count("\n") == 7


def test_the_manifest_of_readme_is_valid(tmp_path: Path) -> None:
    """What people copy from README passes `mtc validate`."""
    [text] = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "manifest.yaml").write_text(text, "utf-8")
    [report] = validate([tmp_path / "manifest.yaml"])
    assert report.problems == ()


@pytest.mark.parametrize("name", ["demo", "tests"])
def test_ci_finds_the_set_up_commands_in_readme(name: str) -> None:
    """`.ci/run` takes the command from the block behind the mark, so that the two cannot part."""
    found = re.findall(rf"^<!-- ci: {name} -->\n```sh\n(.+)\n```$", README, re.MULTILINE)
    assert len(found) == 1
    assert "pip install" in found[0]


def test_every_command_is_in_readme() -> None:
    """The table of commands is complete."""
    listed = subprocess.run([sys.executable, "-m", "mtc", "--help"], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^  ([a-z]+)  ", listed.partition("Commands:")[2], re.MULTILINE)
    assert len(names) >= 12
    assert [name for name in names if f"mtc {name}" not in README] == []
