"""A manifest's file into a settled project, or into every problem that it has."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from mtc.errors import ManifestError
from mtc.manifest.check import FORMATS
from mtc.manifest.examine import Examination, in_order
from mtc.manifest.extend import assemble
from mtc.manifest.project import Project
from mtc.manifest.settle import project_root, settle


def load(
    path: Path,
    *,
    env: str | None = None,
    environ: Mapping[str, str] | None = None,
    secrets_needed: bool = True,
    sites: Collection[str] | None = None,
    formats: frozenset[str] = FORMATS,
) -> Project:
    """Read a manifest.

    Args:
        path: The manifest's file.
        env: The environment to lay over it.
        environ: What `${NAME}` is looked up in; the process's environment by default.
        secrets_needed: Whether secrets must resolve. If not, none is looked up, and each keeps its `${NAME}` as a
            placeholder. Other references always must: a folder called `${LOGS}` would be worse than a message.
        sites: The sites whose credentials must resolve; all by default.
        formats: The names of log formats that are known.

    Raises:
        ManifestError: With every problem that was found.
    """
    file = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would leave the folder of a linked manifest)
    made = assemble(file)
    tree = made.environment(env) if env else made.tree
    problems = list(made.problems)
    if made.tree is not None and tree is None:
        problems.append(made.unknown_environment(env or ""))
        tree = made.tree
    if tree is None:
        raise ManifestError(in_order(problems))
    root = project_root(file)
    values = os.environ if environ is None else environ
    examined = Examination(root, formats, values, secrets_needed, sites, partial=not made.whole).examine(tree)
    problems += examined.problems
    if problems or examined.manifest is None:
        raise ManifestError(in_order(problems))
    return settle(examined.manifest, examined.tree, file, env or "")
