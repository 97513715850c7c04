"""The name of a step as it was typed, read, or refused with what was probably meant."""

from collections.abc import Collection

from mtc.errors import UsageError
from mtc.manifest.near import nearest
from mtc.model import Stage, StepId

_SITE = "site:"
_LOOKS = "a step looks like import:docs:2026-05-01"


def step_of(text: str) -> StepId:
    """Read STAGE:SITE:DATE; raises UsageError."""
    try:
        return StepId.parse(text)
    except ValueError:
        raise UsageError(f"{text[:200]!r} is no step", hint=_hint(text)) from None


def accepted_of(texts: Collection[str]) -> tuple[frozenset[StepId], frozenset[str]]:
    """The steps, and the sites written as site:NAME, that are accepted; raises UsageError."""
    sites = frozenset(text.removeprefix(_SITE) for text in texts if text.startswith(_SITE))
    return frozenset(step_of(text) for text in texts if not text.startswith(_SITE)), sites


def _hint(text: str) -> str:
    """What is wrong with it, as far as that can be told."""
    pieces = text.split(":")
    if len(pieces) != len(("stage", "site", "day")):
        return _LOOKS
    stage, site, day = pieces
    if stage not in set(Stage):
        near = nearest(stage, Stage)
        return f"did you mean {near}:{site}:{day}?" if near else "its stage is import, stat or csv"
    return f"its day is a date like 2026-05-01; {_LOOKS}"
