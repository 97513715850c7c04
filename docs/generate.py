"""Write the generated pages and regions of the documentation, or check that they are up to date.

    python docs/generate.py            write what differs
    python docs/generate.py --check    write nothing; end with 1, and name what differs

Pages are made whole; in hand-written pages, what stands between `<!-- generated: NAME -->` and `<!-- /generated -->`.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # `docs` is no installed package: the generator and mtc are those of this checkout

from docs.generator import commands, manifest_reference, regions, results  # noqa: E402

DOCS = ROOT / "docs"
PAGES = {
    "manifest-reference.md": manifest_reference.page,
    "csv.md": results.csv_page,
    "stat.md": results.stat_page,
    "commands.md": commands.page,
}
"""The pages that are made whole."""


def generated() -> dict[Path, str]:
    """Every page that is made, or has regions that are, with its text as it should be."""
    made = {DOCS / name: page() for name, page in PAGES.items()}
    for path in sorted(DOCS.rglob("*.md")):
        if path not in made and "<!-- generated: " in (text := path.read_text("utf-8")):
            made[path] = regions.filled(text, str(path.relative_to(ROOT)))
    return made


def outdated() -> dict[Path, str]:
    """The pages that differ from what they should be, with the text that they should have."""
    return {path: text for path, text in generated().items() if not path.is_file() or path.read_text("utf-8") != text}


def main(arguments: list[str] | None = None) -> int:
    """Write or check; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a page is not up to date")
    check: bool = parser.parse_args(arguments).check
    differing = outdated()
    for path, text in differing.items():
        name = path.relative_to(ROOT)
        if check:
            sys.stderr.write(f"{name} is not up to date\n")
        else:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"{name}\n")
    if check and differing:
        sys.stderr.write("run `python docs/generate.py`, and commit what it writes\n")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
