"""What the texts of options mean: a step, days, a time to wait. Each raises UsageError with what was probably meant."""

import datetime as dt
import re
from collections.abc import Collection

from mtc.core.clock import local_today
from mtc.core.errors import UsageError
from mtc.core.frozen_model import seconds
from mtc.core.model import Stage, StepId
from mtc.core.suggest import nearest
from mtc.manifest.dates import Dates, days, from_options

DateOptions = tuple[str | None, str | None, str | None]
"""The texts of --from, --to and --date."""

_SITE_PREFIX = "site:"

_EXAMPLE = "a step looks like import:docs:2026-05-01"


def parse_step(text: str) -> StepId:
    """Read STAGE:SITE:DATE; raises UsageError."""
    try:
        return StepId.parse(text)
    except ValueError:
        raise UsageError(f"{text[:200]!r} is not a step", hint=_step_hint(text)) from None


def _step_hint(text: str) -> str:
    """What is wrong with the text of a step, as far as it can be recognised."""
    pieces = text.split(":")
    if len(pieces) != len(("stage", "site", "day")):
        return _EXAMPLE
    stage, site, day = pieces
    if stage not in set(Stage):
        stage_meant = nearest(stage, Stage)
        return f"did you mean {stage_meant}:{site}:{day}?" if stage_meant else "its stage is import, stat or csv"
    return f"its day is a date like 2026-05-01; {_EXAMPLE}"


def parse_accepted(texts: Collection[str]) -> tuple[frozenset[StepId], frozenset[str]]:
    """The steps, and the sites written as site:NAME, that are accepted; raises UsageError."""
    sites = frozenset(text.removeprefix(_SITE_PREFIX) for text in texts if text.startswith(_SITE_PREFIX))
    return frozenset(parse_step(text) for text in texts if not text.startswith(_SITE_PREFIX)), sites


def dates_of_arguments(start: str, end: str | None) -> Dates | None:
    """The days that a short form names: one, or a range."""
    today = local_today()
    return from_options(start, end, None, today=today) if end else from_options(None, None, start, today=today)


def day_bounds(options: DateOptions) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day that options ask for; None for no bound."""
    from_, to, date = options
    today = local_today()
    if from_ is None and date is None and to is not None:
        return None, days(from_options(None, None, to, today=today) or to, today)[-1]
    dates = from_options(from_, to, date, today=today)
    found = days(dates, today) if dates is not None else ()
    return (found[0], found[-1]) if found else (None, None)


def wait_seconds(wait: str | None) -> float | None:
    """How many seconds `--wait` asks for; None without it."""
    if wait is None:
        return None
    if not re.fullmatch(r"[0-9]+[smhd]", wait):
        raise UsageError(f"{wait!r} is not a duration", where="--wait", hint="write 90s, 10m or 2h")
    return float(seconds(wait))
