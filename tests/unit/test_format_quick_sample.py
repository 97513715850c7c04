"""Objects one after the other: a glance at the next one gives what detection would, or it is looked at in full."""

import itertools
from collections.abc import Sequence

import pytest
from format_lines import combined, common
from format_samples import SAMPLES, SampleFile, w3c
from hypothesis import given, settings
from hypothesis import strategies as st

from mtc.core.errors import PermanentError
from mtc.formats.detection import (
    detect,
    is_certain,
    named_format,
    quick_sample,
    reads_all,
    typical_format,
    without_preamble,
)
from mtc.formats.registry import FORMATS
from mtc.stages.import_.format_choice import format_chooser

HOSTED = combined() + " www.example.org"
HEADER = ["#Version: 1.0", "#Fields: date time c-ip cs-method cs-uri-stem sc-status"]
OTHER_HEADER = ["#Version: 1.0", "#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status"]
ROW = "2026-05-01 10:05:03 192.0.2.1 GET /a 200"
OTHER_ROW = "2026-05-01 10:05:03 192.0.2.1 GET /a x=1 200"
KNOWN = [sample for sample in SAMPLES if sample.encoding == "utf-8" and sample is not w3c.NO_FIELDS]


def chosen(wanted: str, *objects: Sequence[str]) -> list[str]:
    """The names of the formats that objects are found to be in, one after the other."""
    choose = format_chooser(wanted)
    return [choose(lines, "a.log").name for lines in objects]


def lengthened(sample: SampleFile) -> list[str]:
    """A log with its lines often enough for a glance to leave some out."""
    lines = sample.text.removesuffix("\n").split("\n")
    return [*lines, *[line for line in without_preamble(lines) if line.strip() and not line.startswith("#")] * 2]


def test_whatever_the_object_before_was_in_a_glance_finds_what_detection_finds() -> None:
    """Each pair of samples, of every format: nothing is taken over that would not have been found."""
    objects = [lengthened(sample) for sample in KNOWN]
    found = [detect(lines, where="a.log").format for lines in objects]
    quick = [(quick_sample(lines), form) for lines, form in zip(objects, found, strict=True)]
    glanced = [(few, form) for few, form in quick if few is not None]
    assert len(glanced) > len(objects) / 2
    for (few, form), before in itertools.product(glanced, {id(form): form for form in found}.values()):
        assert before is form or not is_certain(before, few), few


@pytest.mark.parametrize("line", [combined(), common(), HOSTED, "shop.example.org:443 " + combined()])
def test_a_glance_at_more_of_the_same_tells(line: str) -> None:
    """The rest of a day's objects costs a few lines each."""
    lines = [line] * 50
    few = quick_sample(lines)
    assert few == [line] * 3
    assert is_certain(detect(lines, where="a.log").format, few)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters='"\\\n\r\0', min_codepoint=32), max_size=30)
WORDS = st.text(st.sampled_from("abcé/?&=.-_[](){}<>|,;:'%0123456789{}"), max_size=20)
TYPICAL = st.builds(
    "{} - - [{:02}/May/2026:10:05:{:02} +0000] {}{} /{} HTTP/1.1{} {} {}{}".format,
    st.sampled_from(["192.0.2.1", "999.9.9.999"]),
    st.integers(0, 99), st.integers(0, 59),
    st.just('"'), st.sampled_from(["GET", "POST", "HEAD"]), WORDS, st.just('"'),
    st.integers(100, 999), st.integers(0, 10**12),
    st.just("")
    | st.builds(' "{}" "{}"'.format, st.just("-") | WORDS.map("https://{}".format), TEXT | st.just("Mozilla/5.0 x")),
)  # fmt: skip


@given(st.lists(TYPICAL, min_size=1, max_size=9))
@settings(max_examples=300, deadline=None)
def test_no_other_format_is_found_of_lines_that_are_typical_of_one(lines: list[str]) -> None:
    """Whatever clients write into their fields: so nothing else has to be tried."""
    typical = typical_format(lines)
    assert typical is None or typical is detect(lines, where="a.log").format


@pytest.mark.parametrize("odd", ["", " ", "#Fields: date", "x", combined() + " x", "May  1 10:05:03 web1 nginx[9]: x"])
def test_a_sample_with_any_other_line_is_not_typical(odd: str) -> None:
    """Then detection looks at all of it."""
    assert typical_format([combined()] * 9) is FORMATS["combined"]
    assert typical_format([common()] * 9) is FORMATS["common"]
    assert typical_format([combined(), odd, combined()]) is None
    assert typical_format([]) is None


def test_an_object_with_more_behind_its_lines_is_not_taken_for_one_with_less() -> None:
    """The format before would read it, but another reads more of it."""
    assert chosen("auto", [combined()] * 9, [HOSTED] * 9, [combined()] * 9) == [
        "combined", "combined_vhost_last", "combined"
    ]  # fmt: skip


def test_a_change_from_some_line_on_is_seen_wherever_it_is() -> None:
    """The first and the last line are among those that are glanced at."""
    for at in range(1, 40):
        lines = [combined()] * at + [HOSTED] * (40 - at)
        assert chosen("auto", [combined()] * 9, lines) == ["combined", detect(lines, where="a.log").format.name]


def test_an_object_whose_glanced_lines_are_junk_is_looked_at_in_full() -> None:
    """A line that nothing reads says nothing, and hides nothing."""
    assert chosen("auto", [combined()] * 9, ["junk", *[combined()] * 9, "junk"]) == ["combined", "combined"]


def test_an_object_that_no_format_reads_is_refused_after_one_that_a_format_reads() -> None:
    """The same refusal as if it were the first."""
    choose = format_chooser("auto")
    choose([combined()] * 9, "a.log")
    with pytest.raises(PermanentError, match="no known format reads this file") as refusal:
        choose(["junk"] * 9, "b.log")
    assert refusal.value.where == "b.log"


def test_a_small_object_and_one_with_headers_between_its_lines_are_looked_at_in_full() -> None:
    """There is nothing to leave out, or leaving it out would change what the headers say."""
    assert quick_sample([]) is None
    assert quick_sample([combined()] * 3) is None
    assert quick_sample([*HEADER, ROW, ROW, *OTHER_HEADER, OTHER_ROW, OTHER_ROW]) is None
    assert quick_sample([*HEADER, *[ROW] * 9]) == [*HEADER, *[ROW] * 3]


@pytest.mark.parametrize("wanted", ["auto", "w3c"])
def test_another_header_is_another_format(wanted: str) -> None:
    """Also where the format is named: what a header says is part of it."""
    choose = format_chooser(wanted)
    objects = ([*HEADER, *[ROW] * 9], [*OTHER_HEADER, *[OTHER_ROW] * 9], [*HEADER, *[ROW] * 8])
    first, second, third = (choose(lines, "a.log") for lines in objects)
    assert first is third
    assert first is not second
    assert [first, second] == [named_format("w3c", lines, where="a.log") for lines in objects[:2]]


def test_a_prefix_is_part_of_the_format_and_is_seen_to_come_and_to_go() -> None:
    """Behind syslog, and without; with the format named, and detected."""
    behind = [f"May  1 10:05:03 web1 nginx[9]: {combined()}"] * 9
    for wanted in ("auto", "combined"):
        choose = format_chooser(wanted)
        forms = [choose(lines, "a.log") for lines in (behind, behind, [combined()] * 9, behind)]
        assert [form.prefix is not None for form in forms] == [True, True, False, True]
        assert forms[0] is forms[1] is forms[3]
        assert reads_all(forms[0], behind)
        assert not reads_all(forms[2], behind)
