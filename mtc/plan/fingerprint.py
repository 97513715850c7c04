"""What a step's result depends on: a fingerprint of inputs, settings and recipe, compared part by part. Pure.

A step is up to date when its recorded fingerprint equals today's. A setting at its default is not part of a digest, so
that a new manifest key changes no digest; a setting that a record lacks counts as being at its default.
The recipe says how a stage turns inputs into results (`mtc.core.model`).
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from mtc.core.model import FIRST_RECIPE, RECIPES, Stage
from mtc.core.records import StepRecord
from mtc.formats.settings import Filters, HitSettings
from mtc.manifest.project import SiteSettings

RECIPE = "recipe"
"""The name of the recipe among the recorded settings."""

_NOT_OF_LOADING = frozenset({"max_rejected", "search_parameters"})
_SEARCHES = "hits.search_parameters"
_OF_SOURCE = ("source.timezone", "source.shift", "source.encoding", "source.client", "source.fields")


def _rules(filters: Filters, hits: HitSettings) -> dict[str, str]:
    sections = {"filters": filters.model_dump(mode="json"), "hits": hits.model_dump(mode="json")}
    return {
        f"{section}.{name}": json.dumps(value)
        for section, rules in sections.items()
        for name, value in rules.items()
        if name not in _NOT_OF_LOADING
    }


def _searches(hits: HitSettings) -> str:
    return json.dumps(hits.search_parameters)


DEFAULTS: Mapping[str, str] = {
    **_rules(Filters(), HitSettings()),
    **dict.fromkeys(_OF_SOURCE, ""),
    _SEARCHES: _searches(HitSettings()),
}
"""The value of a setting that a record lacks."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two fingerprints: names of inputs and of settings, and whether the recipe is newer."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    newer_recipe: bool = False

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.changed or self.removed or self.settings or self.newer_recipe)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """All that the result of a step of `stage` depends on: `inputs` and `settings` as text by name, and the recipe."""

    stage: Stage
    inputs: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    recipe: int = FIRST_RECIPE

    @classmethod
    def of(cls, stage: Stage, settings: Mapping[str, str], inputs: Mapping[str, str]) -> "Fingerprint":
        """From settings that include the recipe, as they are recorded."""
        without_recipe = {name: value for name, value in settings.items() if name != RECIPE}
        return cls(stage, inputs, without_recipe, _recipe_number(settings.get(RECIPE, "")))

    @classmethod
    def recorded(cls, record: StepRecord) -> "Fingerprint":
        """The fingerprint at the step's last success."""
        return cls.of(record.step.stage, record.settings, record.inputs)

    @property
    def digest(self) -> str:
        """A digest of all parts: 32 hexadecimal digits, the same for the same parts."""
        return _digest_with(self.beginning, self.inputs)

    @property
    def beginning(self) -> str:
        """The beginning of the digested text, which steps with the same settings share."""
        not_default = sorted((name, value) for name, value in self.settings.items() if DEFAULTS.get(name, "") != value)
        return json.dumps([self.stage.value, self.recipe, not_default]).removesuffix("]")

    def since(self, before: "Fingerprint") -> Changes:
        """What differs from an earlier one. A recipe of a newer mtc does not count as a difference."""
        old, new = before.inputs, self.inputs
        return Changes(
            added=tuple(sorted(new.keys() - old.keys())),
            changed=tuple(sorted(name for name in new.keys() & old.keys() if new[name] != old[name])),
            removed=tuple(sorted(old.keys() - new.keys())),
            settings=tuple(name for name in sorted(self.settings) if self.setting(name) != before.setting(name)),
            newer_recipe=self.recipe > before.recipe,
        )

    def setting(self, name: str) -> str:
        """The value of a setting, or its default."""
        return self.settings.get(name, DEFAULTS.get(name, ""))


def step_digest(stage: Stage, settings: Mapping[str, str], inputs: Mapping[str, str]) -> str:
    """The digest of the fingerprint of a step with these settings, as they are recorded, and inputs."""
    return _digest_with(_beginning(stage, tuple(settings.items())), inputs)


@functools.lru_cache(maxsize=1024)
def _beginning(stage: Stage, settings: tuple[tuple[str, str], ...]) -> str:
    return Fingerprint.of(stage, dict(settings), {}).beginning


def _digest_with(beginning: str, inputs: Mapping[str, str]) -> str:
    text = f"{beginning}, {json.dumps(sorted(inputs.items()))}]"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def recipe_of(record: StepRecord) -> int:
    """The recipe of the step's last success."""
    return _recipe_number(record.settings.get(RECIPE, ""))


@functools.lru_cache(maxsize=64)
def _recipe_number(recipe: str) -> int:
    return int(recipe) if recipe.isascii() and recipe.isdigit() else FIRST_RECIPE


def is_older(record: StepRecord) -> bool:
    """Whether the step last succeeded with an earlier recipe than today's."""
    return bool(record.fingerprint) and recipe_of(record) < RECIPES[record.step.stage]


def load_settings(site: SiteSettings) -> dict[str, str]:
    """The settings that decide which lines of an object are hits, and on which day."""
    source = site.source
    fields = json.dumps(source.fields, sort_keys=True) if source.fields else ""
    client = source.client.model_dump_json(by_alias=True) if source.client else ""
    values = (source.timezone or "", source.shift or "", source.encoding or "", client, fields)
    log_settings = {
        "source.format": str(source.format),
        "timezone": site.zone,
        **dict(zip(_OF_SOURCE, values, strict=True)),
    }
    return {**log_settings, **_rules(site.filters, site.hits)}


def digest(settings: Mapping[str, str]) -> str:
    """A short digest of the settings that are not at their defaults."""
    not_default = sorted((name, value) for name, value in settings.items() if DEFAULTS.get(name) != value)
    return hashlib.sha256(json.dumps(not_default).encode()).hexdigest()[:16]


def import_settings(site: SiteSettings) -> dict[str, str]:
    """The settings of an import step: those of loading, the archive's URL, and the target of deliveries."""
    archive = site.archive.url if site.archive else ""
    return {**load_settings(site), "archive.url": archive, "matomo": target(site), **_recipe(Stage.IMPORT)}


def target(site: SiteSettings) -> str:
    """The Matomo server and site that a site's hits are delivered to; empty for none."""
    if site.matomo is None:
        return ""
    return f"{site.matomo.server} site {site.matomo_id}" if site.matomo_id else f"{site.matomo.server} {site.url}"


def stat_settings(site: SiteSettings) -> dict[str, str]:
    """The settings of a stat step.

    Of a database of countries only the path counts: a newer edition does not invalidate old statistics.
    """
    matomo = target(site) if site.answers == "matomo" else ""
    stat_only = {"timezone": site.zone, "url": site.url, "stats.countries": site.countries, "stats.from": matomo}
    searches = _searches(HitSettings() if matomo else site.hits)  # in Matomo, its own settings count
    return {**stat_only, _SEARCHES: searches, **_recipe(Stage.STAT)}


def csv_settings() -> dict[str, str]:
    """The settings of a csv step."""
    return _recipe(Stage.CSV)


def _recipe(stage: Stage) -> dict[str, str]:
    return {RECIPE: str(RECIPES[stage])}
