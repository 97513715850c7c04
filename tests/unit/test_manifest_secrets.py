"""No secret of a manifest is ever shown."""

import contextlib
import traceback
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mtc.core.errors import ManifestError
from mtc.manifest.load import load, validate
from mtc.manifest.yaml import read_text
from mtc.report.error_report import problem_text

LITERAL = "hunter2/Sw0rdfish"

GOOD = f"""\
version: 1
source: {{url: "s3://logs/{{date:%F}}", credentials: pull}}
matomo: {{url: https://stats.example.org, token: {LITERAL}}}
sites: {{docs: {{matomo_id: 1}}}}
credentials:
  pull: {{access_key_id: {LITERAL}, secret_access_key: '{LITERAL}'}}
"""


def test_a_literal_secret_is_allowed_but_never_shown(tmp_path: Path) -> None:
    """Neither repr nor str shows it."""
    (tmp_path / "m.yaml").write_text(GOOD)
    project = load(tmp_path / "m.yaml", environ={})
    secret = project.credentials["pull"].secret_access_key
    assert secret is not None
    assert secret.get_secret_value() == LITERAL
    assert LITERAL not in repr(project) + str(project)


@pytest.mark.parametrize(
    "line",
    [
        "  pull: {{access_key_id: {0}, secret_access_key: {0}, regoin: x}}",
        "  pull: {{access_key_id: {0}, acess: 1}}",
        "  pull: {{access_key_id: {0}}}",
        "  pull: {{access_key_id: {0}, access_key_id: {0}}}",
        "  pull: {{access_key_id: '{0}', secret_acces_key: '{0}'}}",
        "  pull: {{access_key_id: [{0}], secret_access_key: {{a: {0}}}}}",
        "  pull: {{access_key_id: '${{A}}{0}', secret_access_key: '{0}${{'}}",
        "  pull: {0}",
        "  pull: {{access_key_id: !x {0}}}",
        "  pull: {{access_key_id: 'a\\x01{0}'}}",
        '  pull: {{secret_access_key: "{0}',
        "  pull: {{secret_access_key: @{0}}}",
        "  pull: {{secret_access_key: *{0}}}",
        "  pull:\n    secret_access_key:\n      {0}\n    region: [",
        "  pull:\n    secret_access_key: |\n      {0}\n     {0}: x: y\n",
        "  pull:\n    secret_access_key: {0}: {0}\n",
        "  pull: {{endpoint_url: 'ftp://me:{0}@s3.example.org'}}",
        "  pull: {{endpoint_url: 'ftp://{0}@s3.example.org'}}",
        "other: &o {{secret_access_key: {0}}}",
        "token: {0}",
        "matomo: {{tokn: {0}, token: {0}}}",
        "matomo: {{url: 7, token: {0}}}",
        "environments: {{staging: {{credentials: {{pull: {{access_key_id: {0}}}}}, matomo: {{token: {0}, x: 1}}}}}}",
    ],
)
def test_no_problem_shows_a_secret(tmp_path: Path, line: str) -> None:
    """Neither message, source line nor traceback shows it, whatever is wrong around it."""
    text = 'version: 1\nsource: {url: "logs/{date:%F}"}\nsites: {docs: {}}\ncredentials:\n' + line.format(LITERAL)
    (tmp_path / "m.yaml").write_text(text)
    (report,) = validate([tmp_path / "m.yaml"])
    assert report.problems
    assert LITERAL not in repr(report) + "".join(map(problem_text, report.problems))
    with contextlib.suppress(ManifestError):
        load(tmp_path / "m.yaml", environ={})
        return  # the mistake is in an environment that is not selected
    with pytest.raises(ManifestError) as caught:
        load(tmp_path / "m.yaml", environ={})
    assert LITERAL not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)


@pytest.mark.parametrize("environ", [{"S": LITERAL + "\n" + LITERAL}, {"S": LITERAL}])
def test_the_value_of_a_variable_is_never_shown(tmp_path: Path, environ: dict[str, str]) -> None:
    """A setting with an invalid value is reported with the name of its variable."""
    text = """\
version: 1
source: {url: "gs://${S}", settle: "${S}", format: "${S}", credentials: "${S}"}
timezone: "${S}"
matomo: {url: "${S}", token: "${S}"}
warehouse: {path: "../${S}"}
sites: {docs: {url: "${S}"}}
dates: "${S}"
"""
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(ManifestError) as caught:
        load(tmp_path / "m.yaml", environ=environ)
    assert len(caught.value.problems) >= 8
    assert LITERAL not in "".join(traceback.format_exception(caught.value))
    assert LITERAL not in "".join(map(problem_text, caught.value.problems))


def test_missing_references_are_named(tmp_path: Path) -> None:
    """A variable that is unset or empty, or a missing file, is reported with name and place."""
    text = """\
version: 1
source: {url: "logs/{date:%F}"}
sites: {docs: {matomo_id: 1}}
matomo: {url: "${A}", token: "${file:nowhere}"}
timezone: "${B}"
"""
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(ManifestError) as caught:
        load(tmp_path / "m.yaml", environ={"B": ""})
    assert [(each.line, each.column, each.what) for each in caught.value.problems] == [
        (4, 15, "the environment variable A is not set"),
        (4, 30, "there is no file nowhere"),
        (5, 11, "the environment variable B is empty"),
    ]


def test_a_placeholder_is_shown(tmp_path: Path) -> None:
    """It is not a secret, and helps to find the place."""
    (tmp_path / "m.yaml").write_text(GOOD.replace(f"'{LITERAL}'", '"${TOKEN}"').replace(LITERAL, '"${TOKEN}"'))
    with pytest.raises(ManifestError) as caught:
        load(tmp_path / "m.yaml", environ={})
    assert all("${TOKEN}" in each.source for each in caught.value.problems)


@given(
    st.text(st.sampled_from("{}[]:,&*!|>'\"#\n -"), max_size=12), st.text(st.sampled_from("{}[]:,'\"\n -"), max_size=12)
)
@example(before="\n: ", after="")
@example(before="\n: ", after=":")
@settings(max_examples=40)
def test_a_syntax_error_next_to_a_secret_does_not_show_it(before: str, after: str) -> None:
    """It may be a stray quote or brace."""
    text = f"credentials:\n  pull:\n    secret_access_key: {before}{LITERAL}{after}\n    region: [\n"
    _, problems = read_text(text, Path("/m.yaml"))
    assert all(LITERAL not in problem_text(each) for each in problems)
