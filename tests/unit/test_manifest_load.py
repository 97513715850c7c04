"""Loading a manifest: bases, environments, references, overrides and places."""

from pathlib import Path

import pytest

from mtc.core.errors import ManifestError
from mtc.core.model import Stage
from mtc.manifest.dates import DateRange, LastDays
from mtc.manifest.load import load
from mtc.manifest.project import Project, SettingLocation

BASE = """\
version: 1
source: {url: "s3://logs/{site}/{date:%Y-%m-%d}*", credentials: pull, settle: 6h}
archive: {url: "s3://copies/{key}", credentials: push}
filters: {static: true, exclude_paths: ["/a", "/b"]}
dates: {last: 7}
credentials:
  pull: {access_key_id: "${PULL_KEY}", secret_access_key: "${PULL_SECRET}"}
  push: {access_key_id: "${PUSH_KEY}", secret_access_key: "${PUSH_SECRET}"}
sites:
  docs: {timezone: Europe/Paris}
  shop: {archive: null}
"""
SECRETS = {"PULL_KEY": "k1", "PULL_SECRET": "s1", "PUSH_KEY": "k2", "PUSH_SECRET": "s2"}


def project_of(folder: Path, text: str, *, env: str | None = None, base: str = BASE) -> Project:
    (folder / "base.yaml").write_text(base)
    (folder / "daily.yaml").write_text(text)
    return load(folder / "daily.yaml", env=env, environ=SECRETS)


def problems_of(folder: Path, text: str, **options: object) -> list[str]:
    (folder / "daily.yaml").write_text(text)
    with pytest.raises(ManifestError) as caught:
        load(folder / "daily.yaml", **{"environ": SECRETS, **options})  # type: ignore[arg-type]
    return [f"{each.line}:{each.column} {each.where}: {each.what}. {each.hint}" for each in caught.value.problems]


def test_a_files_keys_override_those_of_its_base(tmp_path: Path) -> None:
    """Maps are merged, lists are replaced, and null removes a key."""
    text = "extends: base.yaml\nname: mine\nfilters: {bots: true, exclude_paths: [/c], static: null}\narchive: null\n"
    project = project_of(tmp_path, text)
    site = project.sites["docs"]
    assert project.name == "mine"
    assert (site.filters.bots, site.filters.static, site.filters.exclude_paths) == (True, False, ("/c",))
    assert site.archive is None
    assert site.source.settle == "6h"


def test_null_removes_a_site(tmp_path: Path) -> None:
    """Only an existing site can be removed: otherwise null is probably a site without settings."""
    assert set(project_of(tmp_path, "extends: base.yaml\nsites: {docs: null}\n").sites) == {"shop"}
    said = problems_of(tmp_path, "extends: base.yaml\nsites: {wiki: null}\n")
    hint = "write `wiki: {}` for a site without settings of its own"
    assert said == [f"2:9 sites.wiki: it is empty, and there is nothing to remove. {hint}"]


def test_another_choice_of_dates_replaces_the_first(tmp_path: Path) -> None:
    """`{last: 7}` is not merged with `{from: .., to: ..}`."""
    assert project_of(tmp_path, "extends: base.yaml\n").dates == LastDays(last=7)
    project = project_of(tmp_path, "extends: base.yaml\ndates: {from: 2026-01-01, to: 2026-01-02}\n")
    assert project.dates == DateRange.model_validate({"from": "2026-01-01", "to": "2026-01-02"})


def test_a_site_overrides_key_by_key(tmp_path: Path) -> None:
    """A site's source, archive and filters need only the keys that differ; null removes a key."""
    text = """\
extends: base.yaml
sites:
  docs: {source: {settle: 2h, credentials: null}, filters: {errors: true}, format: common}
"""
    site = project_of(tmp_path, text).sites["docs"]
    assert site.source.url == "s3://logs/{site}/{date:%Y-%m-%d}*"
    assert (site.source.settle, site.source.credentials, site.source.format) == ("2h", None, "common")
    assert (site.filters.errors, site.filters.static) == (True, True)
    assert (site.zone, site.archive and site.archive.credentials) == ("Europe/Paris", "push")


def test_an_environment_overrides_everything(tmp_path: Path) -> None:
    """Environments of base and file are merged; the selected one wins."""
    base = BASE + "environments: {staging: {name: base, archive: null}, import: {stages: [import]}}\n"
    text = "extends: base.yaml\nname: mine\nenvironments: {staging: {name: staging, sites: {shop: null}}}\n"
    project = project_of(tmp_path, text, env="staging", base=base)
    assert (project.name, project.environment, set(project.sites)) == ("staging", "staging", {"docs"})
    assert project.sites["docs"].archive is None
    assert project_of(tmp_path, text, env="import", base=base).stages == (Stage.IMPORT,)
    assert project_of(tmp_path, text, base=base).name == "mine"


def test_an_unknown_environment_is_reported_with_the_most_similar_name(tmp_path: Path) -> None:
    """A typo in `--env` is reported like one in the file."""
    (tmp_path / "base.yaml").write_text(BASE)
    text = "extends: base.yaml\nenvironments: {staging: {}}\n"
    assert problems_of(tmp_path, text, env="stagin") == [
        "2:1 environments: there is no environment stagin. did you mean staging?"
    ]
    assert "this manifest has none" in problems_of(tmp_path, "extends: base.yaml\n", env="x")[0]


def test_a_cycle_of_bases_is_reported(tmp_path: Path) -> None:
    """The message shows the cycle."""
    (tmp_path / "a.yaml").write_text("extends: daily.yaml\n")
    said = problems_of(tmp_path, "extends: a.yaml\n")
    assert any("daily.yaml extends itself" in each and "daily.yaml -> a.yaml -> daily.yaml" in each for each in said)


def test_a_problem_of_a_base_is_reported_in_the_base(tmp_path: Path) -> None:
    """It is reported once, however many sites inherit it."""
    (tmp_path / "base.yaml").write_text(BASE.replace("settle: 6h", "settle: 6 h"))
    (tmp_path / "daily.yaml").write_text("extends: base.yaml\n")
    with pytest.raises(ManifestError) as caught:
        load(tmp_path / "daily.yaml", environ=SECRETS)
    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "base.yaml")
    assert (problem.line, problem.where) == (2, "source.settle")


def test_references_are_replaced(tmp_path: Path) -> None:
    """Values come from variables, and from files relative to the manifest that names them."""
    (tmp_path / "token").write_text("t0ken\n")
    text = """\
version: 1
source: {url: "${LOGS}/$${x/{site}/{date:%Y-%m-%d}"}
matomo: {url: "https://${HOST}", token: "${file:token}"}
sites: {docs: {matomo_id: 1}}
"""
    text = text.replace("$${x", "$5")
    (tmp_path / "m.yaml").write_text(text)
    project = load(tmp_path / "m.yaml", environ={"LOGS": "/var/logs", "HOST": "stats.example.org"})
    assert project.sites["docs"].source.url == "/var/logs/$5/{site}/{date:%Y-%m-%d}"
    assert project.matomo is not None
    assert project.matomo.url == "https://stats.example.org"
    assert project.matomo.token.get_secret_value() == "t0ken"


def test_a_dollar_can_be_escaped(tmp_path: Path) -> None:
    """`$${` is `${`."""
    text = 'version: 1\nsource: {url: "logs/{date:%F}"}\nsites: {docs: {}}\nfilters: {exclude_paths: ["$${A}"]}\n'
    (tmp_path / "m.yaml").write_text(text)
    assert load(tmp_path / "m.yaml", environ={}).sites["docs"].filters.exclude_paths == ("${A}",)


def test_unused_credentials_need_not_be_resolved(tmp_path: Path) -> None:
    """`shop` has no archive: its import works without the archive's secrets."""
    (tmp_path / "m.yaml").write_text(BASE)
    environ = {"PULL_KEY": "k", "PULL_SECRET": "s"}
    project = load(tmp_path / "m.yaml", environ=environ, sites=["shop"])
    pull = project.credentials["pull"].access_key_id
    assert pull is not None
    assert pull.get_secret_value() == "k"
    with pytest.raises(ManifestError) as caught:
        load(tmp_path / "m.yaml", environ=environ, sites=["docs"])
    assert [each.what for each in caught.value.problems] == [
        "the environment variable PUSH_KEY is not set",
        "the environment variable PUSH_SECRET is not set",
    ]


def test_unused_credentials_may_contain_references_anywhere(tmp_path: Path) -> None:
    """An unknown address breaks no rule that applies."""
    text = BASE + "  wiki: {archive: null}\n"
    text = text.replace("credentials:\n", "credentials:\n  spare: {endpoint_url: '${SPARE}', profile: '${WHO}'}\n", 1)
    (tmp_path / "m.yaml").write_text(text)
    assert load(tmp_path / "m.yaml", environ=SECRETS).credentials["spare"].endpoint_url is None


def test_without_secrets_only_secrets_stay_unresolved(tmp_path: Path) -> None:
    """A plan needs the address of the logs, but no key."""
    (tmp_path / "m.yaml").write_text(BASE)
    project = load(tmp_path / "m.yaml", environ={}, secrets_needed=False)
    key = project.credentials["pull"].access_key_id
    assert key is not None
    assert key.get_secret_value() == "${PULL_KEY}"
    (tmp_path / "m.yaml").write_text(BASE.replace("s3://logs/", "${LOGS}/"))
    with pytest.raises(ManifestError, match="LOGS is not set"):
        load(tmp_path / "m.yaml", environ={}, secrets_needed=False)


def test_the_project_folder_is_that_of_the_manifest_or_its_parent(tmp_path: Path) -> None:
    """It is the parent of a folder named `manifests`; absolute paths stay unchanged."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    project = project_of(folder, "extends: base.yaml\nstats: {path: /srv/stats}\n")
    assert project.root == tmp_path
    assert project.warehouse == tmp_path / "warehouse"
    assert project.state == tmp_path / ".mtc/state.db"
    assert project.stats == Path("/srv/stats")
    assert project_of(tmp_path, "extends: base.yaml\n").root == tmp_path


def test_every_setting_has_the_place_where_it_was_written(tmp_path: Path) -> None:
    """A plan can cite `base.yaml:4` for a filter that a site inherits."""
    text = "extends: base.yaml\nsites:\n  docs:\n    filters:\n      bots: true\n"
    locations = project_of(tmp_path, text).setting_locations
    assert locations["sites.docs.filters.bots"] == SettingLocation("daily.yaml", 5)
    assert locations["sites.docs.filters.static"] == SettingLocation("base.yaml", 4)
    assert str(locations["sites.docs.source.settle"]) == "base.yaml:2"
    assert locations["dates"] == SettingLocation("base.yaml", 5)


def test_formats_are_those_of_the_registry(tmp_path: Path) -> None:
    """The manifest accepts the names in the table of log formats."""
    text = "version: 1\nsource: {url: 'logs/{date:%F}', format: acme}\nsites: {docs: {}}\n"
    assert project_of(tmp_path, text.replace("acme", "iis")).sites
    assert "acme is not a log format" in problems_of(tmp_path, text)[0]


def test_a_manifest_with_very_many_sites_and_filters_is_refused(tmp_path: Path) -> None:
    """Sites times inherited filters have a limit."""
    paths = ", ".join(["/x"] * 2_000)
    sites = ", ".join(f"s{n}: {{}}" for n in range(1_000))
    text = (
        f"version: 1\nsource: {{url: 'logs/{{date:%F}}'}}\nfilters: {{exclude_paths: [{paths}]}}\nsites: {{{sites}}}\n"
    )
    assert "too many sites" in problems_of(tmp_path, text)[0]
