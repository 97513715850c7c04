"""A manifest's file into a resolved project, or into every problem that it has."""

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from mtc.core.errors import ManifestError
from mtc.manifest.inheritance import assemble
from mtc.manifest.project import Project, project_root, resolve_project
from mtc.manifest.validation import TreeValidation, in_order


def load(
    path: Path,
    *,
    env: str | None = None,
    environ: Mapping[str, str] | None = None,
    secrets_needed: bool = True,
    sites: Collection[str] | None = None,
) -> Project:
    """Read a manifest.

    Args:
        path: The manifest's file.
        env: The environment to lay over it.
        environ: What `${NAME}` is looked up in; the process's environment by default.
        secrets_needed: Whether secrets must resolve. If not, none is looked up, and each keeps its `${NAME}` as a
            placeholder. Other references always must: a folder called `${LOGS}` would be worse than a message.
        sites: The sites whose credentials must resolve; all by default.

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
    validated = TreeValidation(root, values, secrets_needed, sites, partial=not made.whole).validate(tree)
    problems += validated.problems
    if problems or validated.manifest is None:
        raise ManifestError(in_order(problems))
    project = resolve_project(validated.manifest, validated.tree, file, env or "")
    return replace(project, warnings=in_order(made.warnings))
