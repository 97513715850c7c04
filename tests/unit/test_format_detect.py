"""Detection: every format is found from its own lines, and what no format reads is refused, not guessed."""

from collections.abc import Sequence

import pytest
from format_lines import AGENT, combined, common

from mtc.core.errors import PermanentError
from mtc.formats.detection import SAMPLE_LINES, detect, named_format
from mtc.formats.registry import FORMATS

HOST = "shop.example.org:443 "
OWN = {
    "combined": combined(),
    "common": common(),
    "combined_vhost": HOST + combined(),
    "common_vhost": HOST + common(),
}


def found(sample: Sequence[str]) -> str:
    """The name of the format that is detected."""
    return detect(sample, where="a.log").format.name


def test_the_samples_know_every_format() -> None:
    """A new format brings a line of its own to these tests."""
    assert OWN.keys() <= FORMATS.keys()


@pytest.mark.parametrize("name", OWN)
def test_each_format_is_found_from_its_own_lines(name: str) -> None:
    """With users, without, and with blanks in their names."""
    for user in ("-", "ada", "ada lovelace"):
        lines = [OWN[name].replace(" - - [", f" - {user} [")] * 10
        assert found(lines) == name


@pytest.mark.parametrize("name", OWN)
def test_a_format_is_found_among_a_minority_of_junk(name: str) -> None:
    """Half of the lines is enough."""
    junk = ["#", "[error] no such file", "\x00" * 30, '"', "x" * 100_000]
    assert found([*junk, *[OWN[name]] * 5]) == name


def test_lines_that_time_out_or_speak_tls_do_not_hide_a_format() -> None:
    """They are in every log that faces the internet."""
    lines = [combined("-", status="408"), combined(r"\x16\x03\x01", status="400"), combined("GET /x")]
    assert found(lines) == "combined"


def test_a_further_column_does_not_hide_a_format() -> None:
    """Neither one that a format knows, nor one that none does."""
    assert found([combined() + " 0.004"]) == "combined_nginx_time"
    assert found([combined() + " 0.004 upstream-7 MISS"]).startswith("combined")
    assert found([common() + " 0.004"]) == "common"


def test_blank_lines_do_not_count() -> None:
    """Neither for nor against."""
    assert found(["", "  ", combined(), ""]) == "combined"


@pytest.mark.parametrize("sample", [[], ["", " ", "\t"]])
def test_a_file_without_lines_has_the_first_format(sample: Sequence[str]) -> None:
    """There is nothing to read in it, whatever its format."""
    answer = detect(sample, where="a.log")
    assert (answer.format.name, answer.fitting, answer.sampled) == (next(iter(FORMATS)), 0, 0)


def test_only_the_first_lines_are_looked_at() -> None:
    """A sample is enough, and memory stays flat."""
    assert detect([combined()] * 5000, where="a.log").sampled == SAMPLE_LINES


def test_the_choice_is_told_in_numbers() -> None:
    """How many of the lines fit."""
    why = detect([combined(), "x", combined()], where="a.log").why
    assert why.startswith("combined reads 2 of 3 sampled lines (others: ")
    assert "combined_vhost_last 2" in why


def test_what_no_format_reads_is_refused_with_the_first_such_line_and_a_hint() -> None:
    """The file is named, the line is shown, and the way out."""
    with pytest.raises(PermanentError) as refusal:
        detect(['{"ip": "192.0.2.1"}', "second"], where="logs/a.log")
    assert refusal.value.where == "logs/a.log"
    assert """the first line that none reads is '{"ip": "192.0.2.1"}'""" in refusal.value.what
    assert refusal.value.hint == (
        "name the format with `format:`, or describe it with `format: {regex: ...}`; if it is not an access log, leave "
        "it out of `source.url`"
    )


def test_less_than_half_is_refused_with_the_nearest_format() -> None:
    """The first line that nothing reads is shown, not one that something reads."""
    with pytest.raises(PermanentError, match=r"the nearest: common reads 1 of 3 sampled lines; .* is 'stranger'"):
        detect([common(), "stranger", "another"], where="a.log")


def test_lines_of_several_formats_are_refused_too() -> None:
    """Each line has a format that reads it, but no format reads enough of them."""
    lines = [combined(), common(), HOST + combined()]
    with pytest.raises(PermanentError, match=r"the nearest: combined reads 1 of 3 sampled lines") as refusal:
        detect(lines, where="a.log")
    assert "that none reads" not in refusal.value.what


def test_a_shown_line_is_harmless_and_short() -> None:
    """A terminal obeys nothing in it."""
    with pytest.raises(PermanentError) as refusal:
        detect(["\x1b[2J\x07" + "x" * 100_000], where="a.log")
    assert "\x1b" not in str(refusal.value)
    assert len(refusal.value.what) < 300


@pytest.mark.parametrize(
    "line",
    ["a " * 100_000, "a" * 200_000, '"' * 200_000, "\\" * 200_000, "[" * 200_000, 'a - - [x] "' + '\\"' * 100_000,
     "a  " * 60_000, f'{common()[:-3]}{" 1" * 90_000}"'],
)  # fmt: skip
def test_a_hostile_line_costs_no_more_than_its_length(line: str) -> None:
    """No pattern runs away on it; a runaway would not end within the day."""
    assert found([line, combined(), combined()]) == "combined"


def test_a_robots_quotes_in_a_user_agent_do_not_hide_a_format() -> None:
    """Escaped quotes are part of a field."""
    assert found([combined(agent=rf"\"{AGENT}\"")]) == "combined"


def test_a_format_has_a_name_and_a_wrong_one_has_a_neighbour() -> None:
    """A typo is met with the nearest name, anything else with all of them."""
    assert named_format("common_vhost", [], where="a.log") is FORMATS["common_vhost"]
    with pytest.raises(PermanentError, match="did you mean combined"):
        named_format("combind", [], where="a.log")
    with pytest.raises(PermanentError, match=r"known formats: .*combined, common"):
        named_format("clf2000", [], where="a.log")
