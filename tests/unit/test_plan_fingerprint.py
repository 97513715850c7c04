"""What a fingerprint is made of, and that a new key of the manifest with its default changes none."""

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_world import applied, import_step, site

from mtc.core.model import RECIPES, Stage, StepId, Verdict
from mtc.formats.settings import Filters, HitSettings
from mtc.manifest.project import SiteSettings
from mtc.matomo.settings import Matomo
from mtc.plan.fingerprint import (
    RECIPE,
    Fingerprint,
    csv_settings,
    digest,
    import_settings,
    is_older,
    load_settings,
    stat_settings,
)
from mtc.sources.settings import Archive

OTHER = site(zone="Europe/Paris", form="combined", filters=Filters(static=True, exclude_paths=("/health*",)))


@pytest.mark.parametrize(("asked", "golden"), [(site(), "df1d5c0c06cf30a8"), (OTHER, "9e3c5dc1dd6b0615")])
def test_what_objects_were_loaded_with_has_the_digest_that_it_always_had(asked: SiteSettings, golden: str) -> None:
    """These digests lie in state files: with another one every log is loaded again.

    A new key of the manifest that decides what is loaded has to be among the defaults.
    """
    assert digest(load_settings(asked)) == golden


def test_a_setting_at_its_default_is_in_no_digest() -> None:
    """Known or not, a key that nobody set says nothing."""
    settings = load_settings(site())
    for name in settings.keys() - {"source.format", "timezone"}:
        rest = {key: value for key, value in settings.items() if key != name}
        assert digest(rest) == digest(settings), name


GOLDEN = {
    Stage.IMPORT: "f725cbd3486aa46a55888f6b146ec0ab",
    Stage.STAT: "d0c5fb1782b08d22c8d508271d913d03",
    Stage.CSV: "49426e88310a68cecf4d5fc4d0c6738c",
}


@pytest.mark.parametrize("stage", Stage)
def test_the_digest_of_a_step_is_golden_but_for_its_recipe(stage: Stage) -> None:
    """What is compared are the parts; the digest is for people and other tools, and is stable all the same."""
    settings = {Stage.IMPORT: import_settings(site()), Stage.STAT: stat_settings(site()), Stage.CSV: csv_settings()}
    assert Fingerprint.of(stage, {**settings[stage], RECIPE: "1"}, {"a.log": "e"}).digest == GOLDEN[stage]


def test_parameters_of_searches_are_of_statistics_alone() -> None:
    """With others nothing is loaded again; where Matomo answers, its own settings decide, and nothing is made again."""
    own = dataclasses.replace(site(), hits=HitSettings(search_parameters=("suche",)))
    assert load_settings(own) == load_settings(site())
    before, now = (Fingerprint.of(Stage.STAT, stat_settings(one), {}) for one in (site(), own))
    assert now.since(before).settings == ("hits.search_parameters",)
    assert before.since(now).settings == ("hits.search_parameters",)
    known = {name: value for name, value in stat_settings(site()).items() if name != "hits.search_parameters"}
    assert not before.since(Fingerprint.of(Stage.STAT, known, {})), "what 0.1.0 recorded is the default"
    matomo = Matomo.model_validate({"url": "https://stats.example.org", "token": "x"})
    asked = [dataclasses.replace(one, matomo=matomo, answers="matomo") for one in (site(), own)]
    assert stat_settings(asked[0]) == stat_settings(asked[1])


small = st.dictionaries(st.sampled_from(["a", "b", "filters.bots"]), st.sampled_from(["", "false", "x"]), max_size=3)
prints = st.builds(Fingerprint, st.just(Stage.IMPORT), small, small, st.integers(1, 2))


@given(prints, prints)
def test_two_fingerprints_are_the_same_if_no_part_of_them_differs(one: Fingerprint, other: Fingerprint) -> None:
    """Both ways round: what nobody set in one of them counts as its default there."""
    every = dict.fromkeys(("a", "b"), "") | {"filters.bots": "false"}
    one, other = (dataclasses.replace(each, settings={**every, **each.settings}) for each in (one, other))
    differs = bool(one.since(other)) or bool(other.since(one))
    assert differs == (one.digest != other.digest)


def test_the_parts_that_differ_are_told_apart() -> None:
    """Inputs that are new, others or gone; settings; and whether the recipe is a newer one."""
    before = Fingerprint(Stage.STAT, {"a": "1", "b": "1"}, {"url": ""}, 2)
    now = Fingerprint(Stage.STAT, {"b": "2", "c": "1"}, {"url": "x", "filters.bots": "false"}, 3)
    found = now.since(before)
    assert (found.added, found.changed, found.removed, found.settings) == (("c",), ("b",), ("a",), ("url",))
    assert found.newer_recipe
    assert not before.since(now).newer_recipe


CHANGES: dict[str, Callable[[SiteSettings], SiteSettings]] = {
    "filters": lambda one: dataclasses.replace(one, filters=Filters(bots=True)),
    "archive": lambda one: dataclasses.replace(one, archive=Archive(url="archive/{site}/{date:%Y-%m-%d}/{name}")),
    "zone": lambda one: dataclasses.replace(one, zone="Europe/Paris"),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_setting_that_matters_changes_the_digest(how: str) -> None:
    """The opposite of the above."""
    before, after = (Fingerprint.of(Stage.IMPORT, import_settings(one), {}) for one in (site(), CHANGES[how](site())))
    assert before.digest != after.digest


STEPS = [StepId(stage, "docs", import_step().day) for stage in Stage]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_the_fingerprint_decides(step: StepId) -> None:
    """A step whose recorded parts are today's is up to date, whatever text an earlier mtc recorded as their digest."""
    house = applied()
    house.set_record(step, fingerprint="made by an earlier way of digesting")
    assert house.verdict(step)[0] is Verdict.UP_TO_DATE


def test_a_newer_recipe_of_imports_is_told_and_reads_again_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs are large, and often gone: they are read again by `--remake` alone, each once."""
    house = applied()
    before = RECIPES[Stage.IMPORT]
    monkeypatch.setitem(RECIPES, Stage.IMPORT, before + 1)
    note = f"counted by an older mtc (recipe {before}, now {before + 1}); --remake imports it again"
    assert house.verdict(import_step()) == (Verdict.UP_TO_DATE, (note,))
    assert house.apply() == []
    house.remake = True
    assert house.verdict(import_step()) == (Verdict.RECIPE_CHANGED, ("counted by an older mtc: 2026-05-01.log",))
    done = house.apply()
    assert import_step() in done
    assert StepId(Stage.STAT, "docs", import_step().day) in done
    assert house.apply() == []


def test_a_log_that_is_gone_is_not_imported_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its hits stay as an older recipe read them."""
    house = applied()
    house.take("2026-05-01.log")
    monkeypatch.setitem(RECIPES, Stage.IMPORT, RECIPES[Stage.IMPORT] + 1)
    house.remake = True
    assert house.verdict(import_step())[0] is Verdict.UP_TO_DATE
    before = dict(house.stats)
    house.settle()
    assert house.stats.keys() == before.keys()


def test_what_a_newer_mtc_made_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going back to an older mtc counts nothing again."""
    house = applied()
    house.steps = {
        step: dataclasses.replace(record, settings={**record.settings, RECIPE: "99"})
        for step, record in house.steps.items()
    }
    assert not any(map(is_older, house.steps.values()))
    assert house.plan().work == ()
    monkeypatch.setitem(RECIPES, Stage.STAT, 100)
    assert house.plan().work != ()
