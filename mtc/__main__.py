"""`python -m mtc` is `mtc`."""

from mtc.cli.main import main

main()
