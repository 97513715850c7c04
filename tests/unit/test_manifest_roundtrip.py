"""A manifest that is written and loaded again is the same."""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mtc.formats.settings import Filters, HitSettings, PathRule
from mtc.manifest.dates import DateRange, LastDays
from mtc.manifest.load import load
from mtc.manifest.models import Manifest, Site, Source
from mtc.sources.settings import Credentials

NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,12}", fullmatch=True)
GLOBS = st.lists(
    st.text(st.characters(min_codepoint=32, exclude_categories=["C", "Z"]), min_size=1, max_size=8), max_size=3
)
TEXTS = GLOBS.map(lambda globs: tuple(glob.replace("${", "$") for glob in globs))
DURATIONS = st.from_regex(r"[0-9]{1,3}[smhd]", fullmatch=True)
DAYS = st.dates().map(lambda day: day.isoformat())
DATES = st.one_of(
    st.sampled_from(["today", "yesterday"]),
    DAYS,
    st.integers(1, 3660).map(lambda last: LastDays(last=last)),
    st.integers(1, 99).flatmap(
        lambda span: st.integers(1900, 2000).map(
            lambda year: DateRange.model_validate({"from": f"{year}-01-01", "to": f"{year + span}-12-31"})
        )
    ),
)
SOURCES = st.builds(
    Source,
    url=st.sampled_from(["in/{site}/{date:%Y-%m-%d}*", "s3://acme/{site}/{date:%Y/%j}/*.gz", "/srv/{site}/{date:%F}"]),
    format=st.sampled_from(["auto", "common", "combined_vhost"]),
    settle=DURATIONS,
    vanished=st.sampled_from(["keep", "drop"]),
    credentials=st.sampled_from([None, "pull"]),
)
FILTERS = st.builds(
    Filters,
    bots=st.booleans(),
    errors=st.booleans(),
    methods=st.lists(st.from_regex(r"[A-Z]{1,6}", fullmatch=True), max_size=3).map(tuple),
    exclude_paths=TEXTS,
    hosts=TEXTS,
    exclude_ips=st.sampled_from([(), ("10.0.0.0/8", "192.0.2.*"), ("2001:db8::/32",)]),
    exclude_referrers=TEXTS,
    exclude_older_than=st.none() | DAYS,
    max_rejected=st.integers(0, 1000).map(lambda share: share / 1000),
)
HITS = st.builds(
    HitSettings,
    strip_query=st.booleans(),
    query_delimiter=st.sampled_from(["?", ";", "#"]),
    exclude_query_parameters=TEXTS,
    replace_paths=st.sampled_from([(), (PathRule(find="^/(v[0-9]+)/", replace="/\\1-"),)]),
    path_prefix=st.sampled_from(["", "/docs"]),
    download_extensions=st.sampled_from([None, (), ("pdf", "7z")]),
    anonymise_ips=st.integers(0, 4),
)
SITES = st.builds(
    Site,
    url=st.sampled_from([None, "https://docs.example.org"]),
    matomo_id=st.none() | st.integers(1, 10**9),
    timezone=st.sampled_from([None, "Europe/Paris", "UTC"]),
    source=st.none() | SOURCES,
    filters=st.none() | FILTERS,
    hits=st.none() | HITS,
)
MANIFESTS = st.builds(
    Manifest,
    version=st.just(1),
    dates=DATES,
    stages=st.sampled_from([("import",), ("stat", "csv"), ("import", "stat", "csv")]),
    timezone=st.sampled_from(["UTC", "America/New_York"]),
    source=SOURCES,
    filters=FILTERS,
    hits=HITS,
    sites=st.dictionaries(NAMES, SITES, min_size=1, max_size=4),
    credentials=st.just({"pull": Credentials(profile="pull")}),
)


def written(manifest: Manifest) -> str:
    """The manifest as YAML, with every key."""
    data = manifest.model_dump(mode="json", by_alias=True)
    data["sites"] = {
        name: {key: value for key, value in site.items() if value is not None} for name, site in data["sites"].items()
    }
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.width = 10_000
    yaml.default_flow_style = False
    yaml.dump(data, stream)
    return stream.getvalue()


@given(MANIFESTS)
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_a_manifest_that_was_written_and_loaded_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest
) -> None:
    """Every default, override and date survives the conversion to YAML."""
    file = tmp_path_factory.mktemp("round") / "m.yaml"
    file.write_text(written(manifest))
    project = load(file, environ={})
    assert (project.name, project.dates, project.stages) == (manifest.name, manifest.dates, manifest.stages)
    assert (project.run, project.matomo) == (manifest.run, manifest.matomo)
    assert project.credentials == manifest.credentials
    assert set(project.sites) == set(manifest.sites)
    for name, site in manifest.sites.items():
        settled = project.sites[name]
        assert (settled.url, settled.matomo_id) == (site.url or "", site.matomo_id)
        assert settled.zone == (site.timezone or manifest.timezone)
        assert settled.filters == (site.filters or manifest.filters)
        assert settled.hits == (site.hits or manifest.hits)
        own = site.source or manifest.source
        assert own is not None
        inherited = manifest.source.credentials if manifest.source else None
        assert settled.source == own.model_copy(
            update={"credentials": own.credentials if site.source is None else settled.source.credentials}
        )
        assert settled.source.credentials in {own.credentials, inherited}
