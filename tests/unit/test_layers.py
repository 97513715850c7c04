"""Imports go down the layers only: siblings do not import one another, and there are no cycles.

Every import counts, also one inside a function or under TYPE_CHECKING: a late import is a dependency too.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import mtc

PACKAGE = Path(mtc.__file__).parent

# The packages from the bottom up; packages on one line do not import one another.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("mtc",),
    ("core",),
    ("formats",),
    ("sources", "matomo", "state"),
    ("manifest",),
    ("warehouse",),
    ("plan",),
    ("stages",),
    ("engine",),
    ("doctor", "verify", "report"),
    ("cli",),
    ("__main__",),
)

# Packages that are slow to load, and where a module may import them at its top because it is itself loaded late.
HEAVY: Mapping[str, tuple[str, ...]] = {
    "duckdb": ("mtc.core.database", "mtc.stages.import_.", "mtc.stages.deliver."),
    "boto3": (),
    "botocore": (),
    "device_detector": (),
    "ahocorasick_rs": (),
    "regex": (),
    "yaml_rs": (),
    "crawleruseragents": (),
    "rich": ("mtc.report.progress_bar",),
    "dask": (),
    "maxminddb": (),
}


@dataclass(frozen=True, slots=True)
class Import:
    """One import: importing module, target and line; `top` if loading the module runs it."""

    module: str
    target: str
    line: int
    top: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


@cache
def modules() -> Mapping[str, Path]:
    """Return every module of the package."""
    names = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


@cache
def imports() -> tuple[Import, ...]:
    """Return every import of every module, in order."""
    return tuple(found for name, path in modules().items() for found in _imports(name, path))


def _imports(name: str, path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text("utf-8"))
    late = {id(inner) for node in ast.walk(tree) if _is_late(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        for target in _targets(node):
            yield Import(name, target, getattr(node, "lineno", 0), id(node) not in late)


def _is_late(node: ast.AST) -> bool:
    checking = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    return checking or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def _targets(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports are not used here"
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            yield inner if inner in modules() else str(node.module)


def _layer(module: str) -> str:
    """Return the layer of a module: its folder, or the module itself if it is not in a folder."""
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 else pieces[0]


def _height(module: str) -> int:
    return next(height for height, rooms in enumerate(LAYERS) if _layer(module) in rooms)


def _is_internal(found: Import) -> bool:
    return found.target in modules()


def test_every_package_has_its_place() -> None:
    """A new folder is added to the table before it is used."""
    known = {room for rooms in LAYERS for room in rooms}
    assert {_layer(name) for name in modules()} <= known


def test_imports_go_down_only() -> None:
    """A module imports from its own package and from those below; siblings use Protocols and values."""
    wrong = [
        str(found)
        for found in imports()
        if _is_internal(found)
        and _layer(found.module) != _layer(found.target)
        and _height(found.target) >= _height(found.module)
    ]
    assert wrong == []


def test_there_are_no_import_cycles() -> None:
    """Modules are checked one by one, also within a package."""
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for found in imports():
        if _is_internal(found) and found.target != found.module:
            graph[found.module].add(found.target)
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path[path.index(name) :], name))
        if name not in done:
            for target in sorted(graph[name]):
                walk(target, (*path, name))
            done.add(name)

    for name in graph:
        walk(name, ())


@pytest.mark.parametrize("package", HEAVY)
def test_heavy_packages_are_imported_where_they_are_used(package: str) -> None:
    """An import at the top of a module is allowed only in packages that are loaded late themselves."""
    allowed = HEAVY[package]
    wrong = [
        str(found)
        for found in imports()
        if found.top and found.target.split(".")[0] == package and not found.module.startswith(allowed or ("-",))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("duckdb", {"core", "warehouse", "stages", "engine", "verify"}),
        ("boto3", {"sources"}),
        ("botocore", {"sources"}),
    ],
)
def test_only_some_packages_use_heavy_libraries(package: str, rooms: set[str]) -> None:
    """DuckDB is used in warehouse/, formats/ and the stages that pass its connection on; S3 only in sources/."""
    used = {_layer(found.module) for found in imports() if found.target.split(".")[0] == package}
    assert used <= rooms


def test_only_the_state_uses_sqlite() -> None:
    """No other package imports sqlite3."""
    assert {_layer(found.module) for found in imports() if found.target == "sqlite3"} == {"state"}


def test_only_the_command_line_uses_typer() -> None:
    """No folder but cli/ imports it."""
    assert {_layer(found.module) for found in imports() if found.target == "typer"} == {"cli"}


def test_the_planner_is_pure() -> None:
    """It uses no clock, file, process or network: all input is in its arguments."""
    doers = {
        "os",
        "io",
        "pathlib",
        "time",
        "random",
        "secrets",
        "subprocess",
        "socket",
        "tempfile",
        "shutil",
        "sqlite3",
    }
    wrong = [
        str(found) for found in imports() if _layer(found.module) == "plan" and found.target.split(".")[0] in doers
    ]
    assert wrong == []
    clocks = [path for name, path in modules().items() if _layer(name) == "plan" and ".now(" in path.read_text("utf-8")]
    assert clocks == []


def _loaded_by(*command: str, folder: Path) -> set[str]:
    """Return the packages that a command has loaded when it ends."""
    code = (
        "import atexit, sys\n"
        f"sys.argv = ['mtc', *{list(command)!r}]\n"
        "atexit.register(lambda: print('LOADED', *sorted({name.split('.')[0] for name in sys.modules})))\n"
        "from mtc.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(next(line for line in done.stdout.splitlines() if line.startswith("LOADED")).split()[1:])


def _folder_project(folder: Path) -> None:
    (folder / "manifests").mkdir()
    (folder / "logs").mkdir()
    (folder / "logs" / "docs-2026-05-01.log").write_text("")
    (folder / "manifests" / "daily.yaml").write_text(
        "version: 1\ndates: 2026-05-01\nsource: {url: 'logs/{site}-{date:%Y-%m-%d}.log'}\nsites:\n  docs: {}\n"
    )


@pytest.mark.parametrize(
    "command",
    [("--help",), ("--version",), ("apply", "--help"), ("plan",), ("status",), ("validate",), ("state", "list")],
    ids=" ".join,
)
def test_read_only_commands_load_nothing_heavy(command: tuple[str, ...], tmp_path: Path) -> None:
    """Help, plans over folders and commands on the state need no DuckDB, boto3 or user-agent tables."""
    _folder_project(tmp_path)
    heavy = {"duckdb", "boto3", "botocore", "device_detector", "crawleruseragents", "numpy", "pandas", "pyarrow"}
    assert _loaded_by(*command, folder=tmp_path) & heavy == set()
