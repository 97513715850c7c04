"""Matomo's tables of user agents, as the package device-detector carries them, and what decides in which version.

The package is used for its tables alone. Its own search takes 2 to 13 ms a user agent, and adds rules of its own by
which it differs from Matomo in one browser of forty; `finder` takes a third of a millisecond.
"""

import functools
import importlib.metadata
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
"""A row of a table: its `regex`, and what a match of it means."""

_PACKAGES = ("device-detector", "crawler-user-agents")


@functools.cache
def table(name: str) -> tuple[Entry, ...]:
    """The rows of a table, `client/browsers` for one, in their order. A table by brand gives each row its `brand`."""
    import device_detector  # noqa: PLC0415 - loaded when the first user agent comes
    import yaml_rs  # noqa: PLC0415 - as above

    path = Path(device_detector.__file__).parent / "regexes" / "upstream" / f"{name}.yml"
    rows = yaml_rs.loads(path.read_text("utf-8"))
    return tuple(rows) if isinstance(rows, list) else tuple({**row, "brand": brand} for brand, row in rows.items())


@functools.cache
def names() -> Any:  # noqa: ANN401 - a module of the package
    """The package's lists of names: systems and their families, browsers of phones alone, clients of televisions."""
    from device_detector.parser import settings  # noqa: PLC0415 - as above

    return settings


def versions() -> tuple[str, ...]:
    """The packages that decide, each with its version."""
    return tuple(f"{package} {importlib.metadata.version(package)}" for package in _PACKAGES)
