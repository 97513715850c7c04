"""Compiles the native reader while the package is built, if there is a C compiler; without one it is left out."""

import importlib.util
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDER = "mtc/formats/native"


class NativeReaderHook(BuildHookInterface[Any]):
    """The hook of `pyproject.toml`. A wheel with the library is for this platform, and for any Python 3."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Compile the library beside its source, and add it to the wheel."""
        build = _module(Path(self.root, _FOLDER, "build.py"))
        if self.target_name != "wheel" or not build.compile_library():
            return
        build_data["artifacts"].append(f"{_FOLDER}/{build.LIBRARY.name}")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("native_build", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
