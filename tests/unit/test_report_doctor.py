"""The report of the doctor: one line for each cause, as plain text, with the counts at the end."""

import json

from mtc.core.findings import Finding
from mtc.report.check_text import doctor_json, doctor_text

WELL = [Finding.ok(f"source of {name}", f"logs/{name}", "1 object") for name in "ab"]
ILL = [Finding.warning(f"source of {name}", f"logs/{name}", "no objects", "check the url") for name in "abcde"]
OTHER = Finding.problem("archive of a", "", "access denied", "give it the permission")


def test_one_cause_is_one_line_with_one_tip_at_its_first_place() -> None:
    """Some places are named and the others counted; each successful check has a line."""
    assert doctor_text([WELL[0], ILL[0], OTHER, *ILL[1:], WELL[1]]).splitlines() == [
        "ok       source of a: 1 object (logs/a)",
        "warning  source of a, source of b, source of c, and 2 more: no objects (logs/a, and 4 more)",
        "         TIP check the url",
        "problem  archive of a: access denied",
        "         TIP give it the permission",
        "ok       source of b: 1 object (logs/b)",
        "",
        "2 ok, 5 warnings, 1 problem",
    ]


def test_findings_with_another_cause_or_fix_are_shown_separately() -> None:
    """Warnings and problems are separate too."""
    found = [
        Finding.warning("a", "x", "no", "do this"),
        Finding.warning("b", "x", "no", "do that"),
        Finding.warning("c", "x", "not", "do this"),
        Finding.problem("d", "x", "no", "do this"),
    ]
    text = doctor_text([*found, Finding.warning("e", "x", "no", "do this")])
    assert [line for line in text.splitlines() if "(x)" in line] == [
        "warning  a, e: no (x)",
        "warning  b: no (x)",
        "warning  c: not (x)",
        "problem  d: no (x)",
    ]


def test_json_has_every_finding() -> None:
    """They are in order, and not combined."""
    shown = [json.loads(line) for line in doctor_json([*ILL, OTHER]).splitlines()]
    assert [one["where"] for one in shown] == [*(f"logs/{name}" for name in "abcde"), ""]
    assert set(shown[0]) == {"level", "about", "where", "what", "hint"}


def test_no_finding_controls_a_terminal() -> None:
    """Texts may come from a log or a key."""
    text = doctor_text([Finding.warning("a\x1b[2J", "b\x07", "c\u202e\n", "d\x9b31m"), *ILL])
    assert not [letter for letter in text if letter != "\n" and not letter.isprintable()]
