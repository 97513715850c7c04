"""README is run: its commands work as typed, its manifests are valid, its two set-up commands are those of CI.

A manifest marked with `<!-- file: NAME -->` is there when the commands are run; the server that it names is a fake one.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mtc.manifest.load import validate
from mtc.matomo.settings import Matomo
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, Settings, Site

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]
MANIFESTS = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
FILES = re.findall(r"^<!-- file: (\S+) -->\n```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
SHOWN = re.findall(r"^(?:site|docs|shop)  .*  (?:\.stat visits|ok)$", README, re.MULTILINE)
SERVER = "https://stats.example.org"
SITES = (Site(1, "docs", ("https://docs.example.org",), "Europe/Paris"), Site(2, "shop", ("https://shop.example.org",)))


@pytest.fixture(scope="module")
def matomo() -> Iterator[FakeMatomo]:
    """A server with the sites of the demo."""
    with FakeMatomo(Settings(sites=SITES)) as server:
        yield server


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, matomo: FakeMatomo) -> Path:
    """A folder with what a fresh clone has, and the files that README has one write, for commands to run in."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "manifests", folder / "manifests")
    shutil.copytree(ROOT / "schemas", folder / "schemas")
    for name, text in FILES:
        assert SERVER in text
        (folder / name).write_text(text.replace(SERVER, matomo.url), "utf-8")
    return folder


def test_readme_has_commands_to_run() -> None:
    """The patterns above still find the blocks, and those that need a server have one."""
    assert len(COMMANDS) >= 5
    assert [name for name, _ in FILES] == ["manifests/matomo.yaml"]
    assert any("manifests/matomo.yaml" in command for command in COMMANDS)
    assert len(SHOWN) >= 3


def test_every_command_of_readme_works_in_the_order_of_reading(checkout: Path, matomo: FakeMatomo) -> None:
    """A new user who types README's commands one after the other meets no error, and Matomo has each hit once."""
    environment = {**os.environ, "NO_COLOR": "1", "MATOMO_TOKEN": SUPER}
    environment.pop("MTC_MANIFEST", None)
    said: list[str] = []
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
        said += map(str.rstrip, done.stdout.splitlines())
    assert [line for line in SHOWN if line not in said] == []
    summary = (checkout / "demo/csv/summary.csv").read_text("utf-8").splitlines()
    assert len(summary) == 7
    lines = (checkout / "demo/csv/accounting.csv").read_text("utf-8").splitlines()
    hits = sum(int(line.split(",")[lines[0].split(",").index("hits")]) for line in lines[1:])
    assert len(matomo.hits()) == hits > 0
    assert not matomo.doubles()


@pytest.mark.parametrize("text", MANIFESTS, ids=range(len(MANIFESTS)))
def test_the_manifests_of_readme_are_valid(tmp_path: Path, text: str) -> None:
    """What people copy from README passes `mtc validate`, beside the manifests that it extends."""
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    file = tmp_path / "manifests" / "copied.yaml"
    file.write_text(text, "utf-8")
    [report] = validate([file])
    assert report.problems == ()


def test_the_keys_of_matomo_are_in_readme() -> None:
    """The example with every key has every key."""
    [example] = [text for text in MANIFESTS if "settle: 120s" in text]
    [text] = re.findall(r"^matomo:\n((?:  .*\n)+)", example, re.MULTILINE)
    keys = re.findall(r"^  (\w+):", text, re.MULTILINE)
    assert sorted(keys) == sorted(Matomo.model_fields)


@pytest.mark.parametrize("name", ["demo", "tests"])
def test_ci_finds_the_set_up_commands_in_readme(name: str) -> None:
    """`.ci/run` takes the command from the block behind the mark, so that the two cannot part."""
    found = re.findall(rf"^<!-- ci: {name} -->\n```sh\n(.+)\n```$", README, re.MULTILINE)
    assert len(found) == 1
    assert "pip install" in found[0]


def test_the_line_for_cron_works_with_what_cron_gives(tmp_path: Path) -> None:
    """No PATH beyond cron's own, no variables, another working folder, and /bin/sh; the secret comes from a file."""
    [line] = re.findall(r"^<!-- cron -->\n```\n(?:.*\n)*?(\d+ \d+ \* \* \*   .*)\n```$", README, re.MULTILINE)
    project = tmp_path / "stats"
    shutil.copytree(ROOT / "manifests", project / "manifests")
    (tmp_path / "secret").write_text("0123456789abcdef\n", "utf-8")
    with FakeMatomo(Settings(sites=SITES)) as server:
        more = f"matomo: {{url: {server.url}, token: '${{file:{tmp_path}/secret}}', settle: 1s}}\n"
        text = (
            f"version: 1\nsource: {{url: 'logs/{{site}}/{{date:%F}}.log'}}\nsites: {{docs: {{matomo: false}}}}\n{more}"
        )
        (project / "manifests/daily.yaml").write_text(text, "utf-8")
        (project / "logs").mkdir()
        mtc = project / ".venv/bin/mtc"
        mtc.parent.mkdir(parents=True)
        mtc.write_text(f'#!/bin/sh\nexec {sys.executable} -m mtc "$@"\n', "utf-8")
        mtc.chmod(0o755)
        command = line.split("   ", 1)[1].replace("/srv/stats", str(project))
        done = subprocess.run(
            ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", f"HOME={tmp_path}", "/bin/sh", "-c", command],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (project / ".mtc/state.db").exists()


def test_every_command_is_in_readme() -> None:
    """The table of commands is complete."""
    listed = subprocess.run([sys.executable, "-m", "mtc", "--help"], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^  ([a-z]+)  ", listed.partition("Commands:")[2], re.MULTILINE)
    assert len(names) >= 12
    assert [name for name in names if f"mtc {name}" not in README] == []
