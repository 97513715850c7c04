"""What a step's result depends on, as settings, inputs and one digest of both.

The recipe version says how a stage turns inputs into results. A step made by an older recipe is compared by that
one, and a filter that its record does not know counts as left at its default: an upgrade of mtc does not invalidate
history by itself.
"""

import hashlib
import json
from collections.abc import Mapping

from mtc.manifest.hits import Hits
from mtc.manifest.models import Filters
from mtc.manifest.project import SiteSettings
from mtc.model import Stage

RECIPES: dict[Stage, str] = {Stage.IMPORT: "1", Stage.STAT: "1", Stage.CSV: "1"}
RECIPE = "recipe"

_NOT_OF_LOADING = frozenset({"max_rejected", "search_parameters"})
_SEARCHES = "hits.search_parameters"
_OF_SOURCE = ("source.timezone", "source.shift", "source.encoding")


def _rules(filters: Filters, hits: Hits) -> dict[str, str]:
    sections = {"filters": filters.model_dump(mode="json"), "hits": hits.model_dump(mode="json")}
    return {
        f"{section}.{name}": json.dumps(value)
        for section, rules in sections.items()
        for name, value in rules.items()
        if name not in _NOT_OF_LOADING
    }


def _searches(hits: Hits) -> str:
    return json.dumps(hits.search_parameters)


DEFAULTS: Mapping[str, str] = {
    **_rules(Filters(), Hits()),
    **dict.fromkeys(_OF_SOURCE, ""),
    _SEARCHES: _searches(Hits()),
}
"""What a setting is taken for where a record does not have it."""


def fingerprint(stage: Stage, settings: Mapping[str, str], inputs: Mapping[str, str]) -> str:
    """The digest of settings (with their recipe) and inputs."""
    text = json.dumps([stage.value, sorted(settings.items()), sorted(inputs.items())])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def load_settings(site: SiteSettings) -> dict[str, str]:
    """The settings that decide which lines of an object are hits, and on which day."""
    source = site.source
    values = (source.timezone or "", source.shift or "", source.encoding or "")
    own = {"source.format": str(source.format), "timezone": site.zone, **dict(zip(_OF_SOURCE, values, strict=True))}
    return {**own, **_rules(site.filters, site.hits)}


def digest(settings: Mapping[str, str]) -> str:
    """A short digest of the settings that are not at their defaults."""
    told = sorted((name, value) for name, value in settings.items() if DEFAULTS.get(name) != value)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def import_settings(site: SiteSettings) -> dict[str, str]:
    """The settings of an import step: those of loading, where objects are archived and hits are delivered."""
    archive = site.archive.url if site.archive else ""
    return {**load_settings(site), "archive.url": archive, "matomo": target(site), RECIPE: RECIPES[Stage.IMPORT]}


def target(site: SiteSettings) -> str:
    """The server that a site's hits go to, and the site there; empty for none."""
    if site.matomo is None:
        return ""
    return f"{site.matomo.server} site {site.matomo_id}" if site.matomo_id else f"{site.matomo.server} {site.url}"


def stat_settings(site: SiteSettings) -> dict[str, str]:
    """The settings of a stat step.

    Of a database of countries only the path counts: a newer one under it does not invalidate history by itself, as a
    newer recipe does not.
    """
    recipe = RECIPES[Stage.STAT]
    answers = target(site) if site.answers == "matomo" else ""
    own = {"timezone": site.zone, "url": site.url, "stats.countries": site.countries, "stats.from": answers}
    searches = _searches(Hits() if answers else site.hits)  # Matomo has settings of its own
    return {**own, _SEARCHES: searches, RECIPE: recipe}


def csv_settings() -> dict[str, str]:
    """The settings of a csv step."""
    return {RECIPE: RECIPES[Stage.CSV]}


def same_recipe(settings: Mapping[str, str], recorded: Mapping[str, str]) -> dict[str, str]:
    """`settings` with the recipe of the record that they are compared with."""
    return {**settings, RECIPE: recorded.get(RECIPE, settings[RECIPE])}
