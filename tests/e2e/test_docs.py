"""The documentation is run: commands work as typed and print what is shown, manifests are valid, links lead somewhere.

`tests/support/doc_pages.py` explains the marks of code blocks. A `yaml` block without `version:` is a fragment: it is
laid over a small manifest.
"""

import ast
import configparser
import contextlib
import gzip
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import prefork
import pytest
import s3_server
import typer.main
from doc_pages import PAGES, ROOT, Block, blocks, code_spans, commands, shows
from ruamel.yaml import YAML
from trial import ended

from mtc.cli.main import app
from mtc.manifest.load import validate
from mtc.matomo.settings import Matomo
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, Settings, Site

README = PAGES["README.md"]
LOG_FOLDER = "/var/log/nginx"
MATOMO_URL = "https://stats.example.org"
S3_URL = "https://minio.example.org:9000"
SITES = (Site(1, "docs", ("https://docs.example.org",), "Europe/Paris"), Site(2, "shop", ("https://shop.example.org",)))
WITH_COMMANDS = [name for name, text in PAGES.items() if "```console\n" in text]
WITH_MANIFESTS = [name for name, text in PAGES.items() if "```yaml\n" in text]
BASE = {"version": 1, "source": {"url": "logs/{site}/{date:%Y-%m-%d}.log"}, "sites": {"docs": {}}}
CLI = typer.main.get_command(app)


class Checkout:
    """A folder with what a fresh clone has, in which the blocks of a page are run one after the other."""

    def __init__(self, folder: Path, servers: contextlib.ExitStack) -> None:
        self.folder = folder
        self.servers = servers
        self.matomo: FakeMatomo | None = None
        self.environment = {**os.environ, "NO_COLOR": "1", "MATOMO_TOKEN": SUPER, "COLUMNS": "80"}
        self.environment.pop("MTC_MANIFEST", None)
        self.printed: dict[str, str] = {}
        for name in ("manifests", "schemas"):
            shutil.copytree(ROOT / name, folder / name)

    def run(self, block: Block) -> None:
        """Write the block's file, or run its commands."""
        if name := block.marks.get("file"):
            text = self._with_servers(block.text).replace(LOG_FOLDER, str(self._log_folder()))
            (self.folder / name).write_text(text, "utf-8")
        if block.language == "sql":
            sql = block.text.replace("'demo/", f"'{self.folder}/demo/")
            assert duckdb.execute(sql).fetchall()
        for command in commands(block) if block.language == "console" else ():
            self._run(command.text, command.words, command.exit_code)
            assert shows(self.printed[command.text], command.shown), f"{command.text}\n{self.printed[command.text]}"

    def _run(self, text: str, words: Sequence[str], exit_code: int) -> None:
        if words[0] == "cp":
            subprocess.run(words, cwd=self.folder, check=True)
            self.printed[text] = ""
            return
        assert words[0] == "mtc"
        done = ended(prefork.start(words[1:], self.folder, self.environment), 120)
        assert done.code == exit_code, f"{text}\n{done.out}\n{done.err}"
        self.printed[text] = done.out + done.err

    def _log_folder(self) -> Path:
        """The folder of a web server's logs on this machine: a current one, and two that were rotated."""
        folder = self.folder / "var-log-nginx"
        if not folder.exists():
            folder.mkdir()
            first, second, third = sorted((ROOT / "manifests/demo-logs/docs").glob("*.gz"))
            shutil.copy(first, folder / "access.log.2.gz")
            shutil.copy(second, folder / "access.log.1.gz")
            (folder / "access.log").write_bytes(gzip.decompress(third.read_bytes()))
        return folder

    def _with_servers(self, text: str) -> str:
        """The text with the addresses of servers on this machine, which are started when they are named."""
        if MATOMO_URL in text:
            self.matomo = self.matomo or self.servers.enter_context(FakeMatomo(Settings(sites=SITES)))
            text = text.replace(MATOMO_URL, self.matomo.url)
        if S3_URL in text:
            server = self.servers.enter_context(s3_server.running())
            server.client.create_bucket(Bucket="acme-logs")
            for path in (ROOT / "manifests/demo-logs").glob("docs/*.gz"):
                server.put("acme-logs", f"docs/{path.name}", path.read_bytes())
            self.environment |= {"MINIO_KEY": s3_server.ACCESS_KEY, "MINIO_SECRET": s3_server.SECRET_KEY}
            text = text.replace(S3_URL, server.url)
        return text


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A fresh clone for one page; its servers stop afterwards."""
    with contextlib.ExitStack() as servers:
        yield Checkout(tmp_path, servers)


@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_a_page_works_in_the_order_of_reading(page: str, checkout: Checkout) -> None:
    """Who types a page's commands one after the other meets no error, and sees what the page shows."""
    for block in blocks(PAGES[page]):
        checkout.run(block)
    for block in blocks(PAGES[page]):
        if command := block.marks.get("output"):
            assert shows(checkout.printed[command], block.text.splitlines()), checkout.printed[command]
    if checkout.matomo is not None:
        lines = (checkout.folder / "demo/csv/accounting.csv").read_text("utf-8").splitlines()
        hits = sum(int(line.split(",")[lines[0].split(",").index("hits")]) for line in lines[1:])
        assert len(checkout.matomo.hits()) == hits > 0
        assert not checkout.matomo.doubles()


def test_pages_have_commands_to_run() -> None:
    """The patterns still find the blocks, and the page about Matomo runs against a server."""
    assert {"README.md", "docs/start.md", "docs/matomo.md", "docs/s3.md"} <= set(WITH_COMMANDS)
    assert sum(len(commands(block)) for block in blocks(README) if block.language == "console") >= 10
    files = [block.marks["file"] for block in blocks(PAGES["docs/matomo.md"]) if "file" in block.marks]
    assert files == ["manifests/matomo.yaml"]


def test_shown_output_is_compared() -> None:
    """Every line counts, but for times and what `...` stands for."""
    output = "run of 2026-05-01 07:15:00 UTC\nmiddle\nlast  \n"
    assert shows(output, ["run of 2030-01-01 00:00:00 UTC", "...", "last"])
    assert shows(output, [])
    assert not shows(output, ["run of 2030-01-01 00:00:00 UTC", "last"])
    assert not shows(output, ["...", "middle"])


def _manifest(text: str) -> str:
    """A manifest as it is, a fragment laid over the small one."""
    if re.search(r"^version:", text, re.MULTILINE):
        return text
    yaml = YAML(typ="safe", pure=True)
    return json.dumps(_merged(BASE, yaml.load(io.StringIO(text))), default=str)


def _merged(base: object, over: object) -> object:
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {**base, **{key: _merged(base.get(key), value) for key, value in over.items()}}


@pytest.mark.parametrize("page", WITH_MANIFESTS)
def test_the_manifests_of_a_page_are_valid(page: str, tmp_path: Path) -> None:
    """What people copy passes `mtc validate`, beside the manifests that it extends; examples of mistakes do not."""
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    file = tmp_path / "manifests" / "copied.yaml"
    for block in blocks(PAGES[page]):
        if block.language != "yaml":
            continue
        for name in re.findall(r"\{file: ([^}]+)\}", block.text):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("# a list\n", "utf-8")
        file.write_text(_manifest(block.text), "utf-8")
        [report] = validate([file])
        assert bool(report.problems) == ("invalid" in block.marks), f"{block.text}\n{report.problems}"


def test_the_keys_of_matomo_are_in_the_docs() -> None:
    """The example with every key has every key."""
    [example] = [block.text for block in blocks(PAGES["docs/matomo.md"]) if "settle: 120s" in block.text]
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


def test_every_page_repeats_the_line_for_cron_and_its_command() -> None:
    """The tutorial, the page about operation and the systemd unit show what the test above has tried."""
    [line] = re.findall(r"^15 7 \* \* \*   .*$", README, re.MULTILINE)
    assert all(line in PAGES[page].splitlines() for page in ("docs/start.md", "docs/operating.md"))
    units = [block.text for block in blocks(PAGES["docs/operating.md"]) if block.language == "ini"]
    service, timer = configparser.ConfigParser(), configparser.ConfigParser()
    service.read_string(units[0])
    timer.read_string(units[1])
    assert service["Service"]["ExecStart"] == line.split("   ")[1]
    assert timer["Timer"]["OnCalendar"] == "*-*-* 07:15"


def _mistakes(typed: str) -> Iterator[str]:
    """Commands and options in a line that mtc does not have."""
    words = shlex.split(typed.replace("'", "").replace('"', ""))[1:]
    command = CLI
    known = {option for param in CLI.params for option in param.opts}
    for word in words:
        inner = getattr(command, "commands", None)
        if inner and re.fullmatch(r"[a-z]+", word):
            if word not in inner:
                yield f"{typed}: {word}"
                return
            command = inner[word]
            known |= {option for param in command.params for option in param.opts}
        elif re.match(r"--[a-z]", word) and word not in known:
            yield f"{typed}: {word}"


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_in_a_page_exist(page: str) -> None:
    """Also those in sentences, tables, and blocks that are not run."""
    typed_in = [block.text for block in blocks(PAGES[page]) if block.language != "yaml"]
    lines = [line.removeprefix("$ ") for text in typed_in for line in text.splitlines()]
    typed = [
        found[1]
        for text in (*code_spans(PAGES[page]), *lines)
        if (found := re.search(r"(?:^|[/ ])(mtc(?: [a-z-][^#]*)?)$", text)) is not None
    ]
    assert [mistake for each in typed for mistake in _mistakes(each)] == []


def test_extras_to_install_exist() -> None:
    """`pip install '.[NAME]'` on any page names extras of the package."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = {name for text in PAGES.values() for name in re.findall(r"pip install [^\n`]*\.\[(\w+)\]", text)}
    assert {"dev", "geo"} <= named
    assert named <= extras.keys()


def _anchor(heading: str) -> str:
    """A heading's anchor, as GitHub and MkDocs make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


LINKING = {
    path.relative_to(ROOT).as_posix(): path
    for path in (*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md")))
    if not path.name.startswith(".")
}


@pytest.mark.parametrize("page", LINKING)
def test_links_lead_to_a_page_and_a_heading(page: str) -> None:
    """Relative links, on GitHub and in the site alike; those of docs/ stay inside it."""
    path = LINKING[page]
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if re.match(r"https?:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        is_page = target.suffix == ".md" and target.exists()
        headings = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE) if is_page else []
        outside = page.startswith("docs/") and not target.is_relative_to(ROOT / "docs")
        if not target.exists() or outside or (anchor and anchor not in map(_anchor, headings)):
            wrong.append(link)
    assert wrong == []


def test_the_layers_are_drawn_as_in_contributing() -> None:
    """Both pages show the same picture, which `tests/unit/test_contributing.py` compares with the folders."""
    [picture] = [block.text for block in blocks(PAGES["docs/internals.md"]) if "core/" in block.text]
    assert picture in (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def _texts() -> str:
    """Every text in the code, a line each; what is filled in is `...`."""
    found = []
    for path in sorted((ROOT / "mtc").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                values = (str(v.value) if isinstance(v, ast.Constant) else "..." for v in node.values)
                found.append("".join(values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def test_troubleshooting_quotes_messages_that_exist() -> None:
    """A message that is reworded is reworded on the page as well."""
    tables = re.findall(r"^\| message \|.*\n\|.*\n((?:\|.*\n)+)", PAGES["docs/troubleshooting.md"], re.MULTILINE)
    assert len(tables) >= 7
    cells = [row.split("|")[1] for table in tables for row in table.splitlines()]
    quoted = [text for cell in cells for text in re.findall(r"`([^`]+)`", cell)]
    texts = _texts()
    assert len(quoted) > 60
    assert [text for text in quoted if " " in text and text not in texts] == []
