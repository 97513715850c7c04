"""Compiles the native library; `python -m mtc.formats.native.build` does so in a checkout.

The package's build calls `compile_library` too. It runs where nothing of mtc is installed yet, so this module needs
the standard library alone. Without a C compiler nothing is built, and the database reads every line.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SOURCE = Path(__file__).with_name("plain_lines.c")
LIBRARY = Path(__file__).with_name("libplain_lines.so.1")  # not `.so`: Python would take it for a module
_HEADER = "arrow_abi.h"
_FLAGS = ("-std=c11", "-O3", "-Wall", "-Wextra", "-Wconversion", "-fPIC", "-shared", "-fvisibility=default")
_DIGITS = 16
_SECONDS = 120


def source_digest(source: Path = SOURCE) -> str:
    """The digest of the C source, which the library carries: one that was built from another source is not used."""
    return hashlib.sha256(source.read_bytes() + source.with_name(_HEADER).read_bytes()).hexdigest()[:_DIGITS]


def compiler() -> list[str] | None:
    """The command of the C compiler: `$CC`, or Python's own, or `cc`; None if there is none."""
    for command in (os.environ.get("CC"), sysconfig.get_config_var("CC"), "cc", "gcc", "clang"):
        words = shlex.split(command or "")
        if words and shutil.which(words[0]):
            return words
    return None


def compile_library(source: Path = SOURCE, library: Path = LIBRARY) -> bool:
    """Compile the library; returns whether that was possible."""
    command = compiler()
    if command is None or os.name != "posix":
        return False
    made = library.with_name(f"{library.name}.{os.getpid()}.tmp")
    macro = f'-DSOURCE_DIGEST="{source_digest(source)}"'
    try:
        subprocess.run(  # noqa: S603 - the compiler that builds Python packages, and a file of this package
            [*command, *_FLAGS, macro, "-o", str(made), str(source)], check=True, timeout=_SECONDS, capture_output=True
        )
        made.replace(library)
    except (OSError, subprocess.SubprocessError):
        return False
    finally:
        made.unlink(missing_ok=True)
    return True


if __name__ == "__main__":
    done = compile_library()
    sys.stdout.write(f"built {LIBRARY}\n" if done else "not built: there is no C compiler, or it failed\n")
    sys.exit(not done)
