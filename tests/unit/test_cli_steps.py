"""The name of a step as it was typed."""

import pytest

from mtc.cli.option_values import parse_step
from mtc.core.errors import UsageError
from mtc.core.model import Stage, StepId


def test_a_step_is_read_back_as_it_is_written() -> None:
    """Whatever stage, site and day."""
    for stage in Stage:
        text = f"{stage}:docs.example-1:2026-05-01"
        found = parse_step(text)
        assert isinstance(found, StepId)
        assert str(found) == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "a step looks like import:docs:2026-05-01"),
        ("docs", "a step looks like import:docs:2026-05-01"),
        ("import:docs", "a step looks like import:docs:2026-05-01"),
        ("imprt:docs:2026-05-01", "did you mean import:docs:2026-05-01?"),
        ("Stats:docs:2026-05-01", "did you mean stat:docs:2026-05-01?"),
        ("xyz:docs:2026-05-01", "its stage is import, stat or csv"),
        ("csv:docs:2026-02-30", "its day is a date like 2026-05-01; a step looks like import:docs:2026-05-01"),
        ("csv:docs:today", "its day is a date like 2026-05-01; a step looks like import:docs:2026-05-01"),
        ("csv:../etc:2026-05-01", "its day is a date like 2026-05-01; a step looks like import:docs:2026-05-01"),
    ],
)
def test_what_is_no_step_comes_with_a_hint(text: str, hint: str) -> None:
    """What was probably meant, or how a step looks."""
    with pytest.raises(UsageError) as caught:
        parse_step(text)
    assert caught.value.hint == hint
    assert caught.value.what == f"{text!r} is not a step"


def test_a_very_long_text_is_not_repeated_whole() -> None:
    """A file pasted by mistake does not fill the screen."""
    with pytest.raises(UsageError) as caught:
        parse_step("x" * 10_000)
    assert len(caught.value.what) < 250
