"""The version of each stage's way from inputs to results: part of every fingerprint.

A change of code that gives other numbers for the same inputs raises one number here, and nothing else: statistics and
CSV that an earlier recipe made are then made again by themselves, and imports when they are asked for (`--remake`).
"""

from mtc.model import Stage

RECIPES: dict[Stage, int] = {Stage.IMPORT: 2, Stage.STAT: 2, Stage.CSV: 2}

FIRST = 1
"""The recipe of what was made before recipes were recorded."""
