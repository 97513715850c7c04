"""Common mistakes in manifests: each is reported as one problem, at its place, with a useful fix."""

from pathlib import Path

import pytest

from mtc.manifest.load import FileReport, validate
from mtc.report.error_report import problem_text

SOURCE = "source: {url: 'logs/{site}/{date:%F}.log'}\n"
SITES = "sites: {docs: {}}\n"


def checked(folder: Path, text: str) -> FileReport:
    (folder / "m.yaml").write_text(text, "utf-8")
    (report,) = validate([folder / "m.yaml"])
    return report


@pytest.mark.parametrize(
    ("lines", "place", "said"),
    [
        ("dates: {last_days: 7}", (2, 9), "dates: last_days is not a known key. did you mean last?"),
        ("dates: {lst: 7}", (2, 9), "dates: lst is not a known key. did you mean last?"),
        ("dates: {form: 2026-01-01, to: 2026-01-02}", (2, 9), "dates: form is not a known key. did you mean from?"),
        ("dates: {start: 2026-01-01, to: 2026-01-02}", (2, 9), "dates: start is not a known key. did you mean from?"),
        ("filters: {max_rejected: 5}", (2, 25), "5 is too large. write a share of all lines, like 0.05"),
        ("freshness: 3", (2, 12), "freshness: 3 is not allowed here. allowed: off, or a map"),
        ("freshness: {warn_after: 3}", (2, 25), "found a number: 3. a duration looks like 6h, 90m or 2d"),
        ("freshness: {warn_afer: 3d}", (2, 13), "warn_afer is not a known key. did you mean warn_after?"),
        ("freshness: {warn_after: 3d, error_after: 1d}", (2, 1), "warn_after 3d is longer than error_after 1d"),
        ("timezone: CEST", (2, 11), "an abbreviation is not a time zone; did you mean Europe/Paris?"),
        ("timezone: PDT", (2, 11), "an abbreviation is not a time zone; did you mean America/Los_Angeles?"),
        ("timezone: IST", (2, 11), "a zone is named after a place, like Europe/Paris"),
        ("timezone: UTC+2", (2, 11), "a zone is named after a place, like Europe/Paris"),
        ("timezone: '+02:00'", (2, 11), "a zone is named after a place, like Europe/Paris"),
        ("timezone: W. Europe Standard Time", (2, 11), "a zone is named after a place, like Europe/Paris"),
        ("timezone: Europe/Pariss", (2, 11), "did you mean Europe/Paris?"),
        ("run:\n  jobs: 4\n  retries 3\nname: x", (4, 3), "a key without `:`. write `key: value`"),
        ("csv:\n  path out", (3, 3), "csv: a `:` is missing after path. write `path: ...`"),
        ("run: {jobs: '4'}", (2, 13), "write it without quotes"),
        ("run: {jobs: four}", (2, 13), "found a text: four. write a number such as 4"),
        ("filters: {max_rejected: half}", (2, 25), "found a text: half. write a share of all lines, like 0.05"),
        ("name: \u201cdaily\u201d", (2, 7), "typographic quotes are a part of the text"),
        ("name: \u2018daily\u2019", (2, 7), "typographic quotes are a part of the text"),
        ("csv: {path: \u201ca{b}\u201d}", (2, 13), "typographic quotes are a part of the text"),
        ("csv: {path: x/REPLACE-ME}", (2, 13), "csv.path: REPLACE-ME is still to be replaced"),
    ],
)
def test_a_mistake_is_one_problem_with_a_fix(tmp_path: Path, lines: str, place: tuple[int, int], said: str) -> None:
    """A mistake is not reported three times or without help."""
    report = checked(tmp_path, f"version: 1\n{lines}\n{SOURCE}{SITES}")
    (problem,) = {each.what: each for each in report.problems}.values()
    assert (problem.line, problem.column) == place
    assert said in str(problem)


@pytest.mark.parametrize("url", ["s3:/acme", "s3:acme", "s3//acme", "S3:/acme", "s3a:acme", "https:/acme", "gs:acme"])
def test_a_misspelt_scheme_is_not_taken_for_a_folder(tmp_path: Path, url: str) -> None:
    """With a missing slash a bucket would be read as an empty folder."""
    report = checked(tmp_path, f"version: 1\nsource: {{url: '{url}/{{site}}/{{date:%F}}'}}\n{SITES}")
    assert {each.hint[:21] for each in report.problems} == {"write s3://BUCKET/..."}


@pytest.mark.parametrize("url", ["a:b", "logs:2026", "./s3/logs", "s3/logs", "s3", "sites3//x"[:6]])
def test_a_folder_name_may_contain_a_colon(tmp_path: Path, url: str) -> None:
    """The colon does not make it a scheme."""
    report = checked(tmp_path, f"version: 1\nsource: {{url: '{url}{{site}}/{{date:%F}}'}}\n{SITES}")
    assert report.problems == () or "understood" not in str(report.problems)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("$time_locl", "$time_local"), ("$time_iso8610", "$time_iso8601"), ("$remote_adr", "$remote_addr")],
)
def test_a_misspelt_variable_of_nginx_is_named(tmp_path: Path, wrong: str, right: str) -> None:
    """Unknown variables are ignored, so the problem is a missing time: the hint names the variable."""
    layout = '$remote_addr [$time_local] "$request" $status'.replace(right, wrong)
    if right == "$time_iso8601":
        layout = layout.replace("$time_local", wrong)
    report = checked(tmp_path, f"version: 1\n{SOURCE}sites: {{docs: {{format: {{nginx: '{layout}'}}}}}}\n")
    (problem,) = report.problems
    assert problem.hint == f"did you mean {right} for {wrong}?"


SECRETS = """\
version: 1
source: {url: "s3://logs/{site}/{date:%F}", credentials: pull}
matomo: {url: https://stats.example.org, token: KEY}
sites: {docs: {matomo_id: 1}}
credentials: {pull: {access_key_id: KEY, secret_access_key: KEY}}
environments: {staging: {matomo: {url: https://staging.example.org, token: KEY}}}
"""


def test_plain_text_secrets_are_a_warning_and_not_shown(tmp_path: Path) -> None:
    """The manifest stays valid; every such secret is named, also in environments."""
    report = checked(tmp_path, SECRETS.replace("KEY", "hunter2hunter2"))
    assert report.valid
    assert [(each.line, each.where) for each in report.warnings] == [
        (3, "matomo.token"),
        (5, "credentials.pull.access_key_id"),
        (5, "credentials.pull.secret_access_key"),
        (6, "matomo.token"),
    ]
    assert "hunter2" not in "".join(map(problem_text, report.warnings))
    assert checked(tmp_path, SECRETS.replace("KEY", "'${NAME}'")).warnings == ()
    assert checked(tmp_path, SECRETS.replace("KEY", "'${file:/run/secrets/x}'")).warnings == ()


FOREIGN = "root:x:0:0:hunter2:/root:/bin/bash\n"


@pytest.mark.parametrize(
    "text", [FOREIGN, "user: hunter2\n", "[hunter2\n", "- hunter2\n", "'hunter2\n", "a: hunter2: b\n"]
)
def test_a_file_that_is_not_a_manifest_is_not_shown(tmp_path: Path, text: str) -> None:
    """It may be any file of the machine, with any content."""
    (tmp_path / "foreign.yaml").write_text(text)
    reports = [checked(tmp_path, "version: 1\nextends: foreign.yaml\n"), *validate([tmp_path / "foreign.yaml"])]
    told = "".join(problem_text(each) for report in reports for each in report.problems)
    assert told
    assert "hunter2" not in told


@pytest.mark.parametrize("way", ["absolute", "up", "link"])
def test_a_base_must_be_inside_the_project(tmp_path: Path, way: str) -> None:
    """`extends: /etc/passwd` reads nothing of that file."""
    outside, project = tmp_path / "outside.yaml", tmp_path / "project"
    outside.write_text("version: 1\nsites: {docs: {}}\n")
    project.mkdir()
    (project / "link.yaml").symlink_to(outside)
    name = {"absolute": str(outside), "up": "../outside.yaml", "link": "link.yaml"}[way]
    report = checked(project, f"extends: {name}\n{SOURCE}")
    assert [each.what for each in report.problems] == [f"{Path(name).name} is outside the project"]


def test_a_base_may_be_anywhere_in_the_project(tmp_path: Path) -> None:
    """It may be next to the manifest or above `manifests`, also if the manifest is a link to another project's."""
    deep = tmp_path / "project/manifests/prod"
    deep.mkdir(parents=True)
    (deep.parent / "sites.yaml").write_text(f"version: 1\n{SITES}")
    assert checked(deep, f"extends: ../sites.yaml\n{SOURCE}").problems == ()
    linked = tmp_path / "etc"
    linked.mkdir()
    (linked / "daily.yaml").symlink_to(deep / "m.yaml")
    (linked / "sites.yaml").symlink_to(deep.parent / "sites.yaml")
    (deep / "m.yaml").write_text(f"extends: sites.yaml\n{SOURCE}")
    (report,) = validate([linked / "daily.yaml"])
    assert report.problems == ()


def test_a_list_outside_of_the_project_is_read_but_not_shown(tmp_path: Path) -> None:
    """`{file: /etc/shadow}` shows no line of the file; a list inside the project is shown."""
    project = tmp_path / "project"
    project.mkdir()
    for path, shown in ((tmp_path / "outside.txt", False), (project / "inside.txt", True)):
        path.write_text("not an address hunter2\n")
        text = f"version: 1\n{SOURCE}{SITES}filters: {{methods: {{file: '{path}'}}}}\n"
        told = "".join(map(problem_text, checked(project, text).problems))
        assert "filters.methods" in told
        assert ("hunter2" in told) is shown


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("url: 'logs/{site}/{date:YYYY-MM-DD}.log'", "did you mean {date:%Y-%m-%d}?"),
        ("url: 'logs/{site}/{day}.log'", "{day} is not a field of this URL. fields are {site} {date:FORMAT}"),
        ("url: 'logs/{{site}}/{date:%F}.log'", "there are two braces instead of one"),
        ("url: 'logs/$site/{date:%F}.log'", "$site has no meaning here. write {site}"),
        ("url: '$HOME/{site}/{date:%F}.log'", "a variable of the environment is written ${HOME}"),
        ("url: '{site}/{date:%F}.log', settle: 6", "a duration looks like 6h, 90m or 2d"),
        ("url: '{site}/{date:%F}.log', format: nginx", "by default it logs `combined`"),
        ("url: '{site}/{date:%F}.log', format: Apache", "a format of your own is {apache: '...'}"),
        ("url: '{site}/{date:%F}.log', fields: {client: c-ip}", "client is not known here. known: bytes, clock"),
        ("url: '{site}/{date:%F}.log', fields: {hots: x}", "hots is not known here. did you mean host?"),
    ],
)
def test_a_mistake_in_a_source_is_one_problem_with_a_fix(tmp_path: Path, source: str, said: str) -> None:
    """Fields, units and formats of other tools are told apart from typos."""
    report = checked(tmp_path, f"version: 1\nsource: {{{source}}}\n{SITES}")
    (problem,) = report.problems
    assert said in str(problem)


def test_a_site_without_settings_is_one_problem(tmp_path: Path) -> None:
    """The empty map is not reported as a second one."""
    report = checked(tmp_path, f"version: 1\n{SOURCE}sites:\n  docs:\n")
    (problem,) = report.problems
    assert "write `docs: {}`" in str(problem)


@pytest.mark.parametrize("text", ["CHANGE_ME", "changeme", "<your token>", "YOUR_TOKEN", "xxxx", "TODO"])
def test_example_values_must_be_replaced(tmp_path: Path, text: str) -> None:
    """Otherwise the server would refuse a run at night."""
    report = checked(tmp_path, f"version: 1\n{SOURCE}{SITES}matomo: {{url: https://s.example.org, token: '{text}'}}\n")
    assert f"{text} is still to be replaced" in str(report.problems)


def test_text_with_braces_in_a_flow_map_must_be_quoted(tmp_path: Path) -> None:
    """There `{site}` is the start of a map."""
    (problem,) = checked(tmp_path, f"version: 1\nsource: {{url: logs/{{site}}/{{date:%F}}}}\n{SITES}").problems
    assert "put a text that has braces in quotes" in problem.hint
