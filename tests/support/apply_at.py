"""`python -m apply_at NOW`: `mtc apply` in the current folder, at a given time."""

import datetime as dt
import os
import sys
from pathlib import Path

from rig import Listener

from mtc.engine import session
from mtc.engine.selection import ApplyRequest, Scope
from mtc.manifest.load import load


def main() -> int:
    """Apply; return the exit code."""
    now = dt.datetime.fromisoformat(sys.argv[1])
    project = load(Path("mtc.yaml").absolute(), environ=os.environ)
    return session.apply(ApplyRequest(project, Scope(), "mtc apply"), Listener(), lambda: now)


if __name__ == "__main__":
    sys.exit(main())
