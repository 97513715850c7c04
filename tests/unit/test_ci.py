"""CI, the pre-commit hooks and CONTRIBUTING.md run the same checks with the same commands."""

import re
import tomllib
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
CI = (ROOT / ".ci/run").read_text("utf-8")
CHECKS = re.findall(r'^run "(\.venv/bin/.+)"$', CI, re.MULTILINE)
SLOW = re.compile(r"/(pytest|coverage|mkdocs) ")
"""What is for CI alone: it takes minutes, or needs more than a checkout."""


def hooks() -> list[dict[str, object]]:
    """Return the hooks of `.pre-commit-config.yaml`."""
    config = YAML(typ="safe").load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"], "hooks of others would be downloaded"
    return list(config["repos"][0]["hooks"])


def test_the_hooks_run_the_quick_checks_of_ci() -> None:
    """The commands and their order are the same, so that no change passes one and fails the other."""
    quick = [command for command in CHECKS if not SLOW.search(command)]
    assert len(quick) >= 5
    assert [hook["entry"] for hook in hooks()] == quick


def test_hooks_need_no_network() -> None:
    """They run the tools of `.venv` on the whole checkout, as CI does."""
    for hook in hooks():
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)
        assert str(hook["entry"]).startswith(".venv/bin/")


def test_contributors_read_the_same_checks() -> None:
    """CONTRIBUTING.md shows the same block of checks and the same two set-up commands as CI."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    quick = [command for command in CHECKS if not SLOW.search(command)]
    assert "```sh\n" + "\n".join(quick) + "\n```" in page
    readme = (ROOT / "README.md").read_text("utf-8")
    set_up = re.findall(r"^<!-- ci: \w+ -->\n```sh\n(.+)\n```$", readme, re.MULTILINE)
    assert len(set_up) == 2
    assert [command for command in set_up if command not in page] == []


def test_coverage_has_a_floor_and_counts_branches() -> None:
    """The floor is the coverage that the tests measured by CI have reached."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["coverage"]
    assert tools["run"]["branch"] is True
    assert tools["run"]["source_pkgs"] == ["mtc"]
    assert tools["report"]["fail_under"] >= 86
    assert any("--cov" in command or "coverage" in command for command in CHECKS)
