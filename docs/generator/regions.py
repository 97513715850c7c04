"""Regions of hand-written pages: what stands between `<!-- generated: NAME -->` and `<!-- /generated -->`."""

import re
from collections.abc import Callable

from docs.generator.manifest_reference import meaning_of
from docs.generator.markdown import code, fenced, listed, prose, table
from docs.generator.types import default_of, examples_of, yaml
from mtc.core.frozen_model import descriptions
from mtc.formats.compression import COMPRESSIONS
from mtc.formats.custom_formats import CustomFormat
from mtc.formats.filters import REASONS
from mtc.formats.layers import ABOUT, KINDS
from mtc.formats.registry import FAMILIES, GUESSED, NAMED_ONLY, TITLES
from mtc.formats.settings import Filters, HitSettings

_REGION = re.compile(r"(?<=^<!-- generated: )([a-z-]+)( -->\n)(.*?)(?=^<!-- /generated -->$)", re.MULTILINE | re.DOTALL)


class UnknownRegionError(Exception):
    """A page has a region that nothing makes."""


def filled(text: str, where: str) -> str:
    """The page with each of its regions as it is made now.

    Raises:
        UnknownRegionError: a region's name is not in `REGIONS`.
    """

    def made(match: re.Match[str]) -> str:
        if match[1] not in REGIONS:
            raise UnknownRegionError(f"{where}: no region is called {match[1]}; known: {', '.join(REGIONS)}")
        return f"{match[1]}{match[2]}{REGIONS[match[1]]()}"

    return _REGION.sub(made, text)


def formats() -> str:
    """Every format by its family, and the compressions."""
    rows = [
        (family if at == 0 else "", code(name), _detected(name), prose(TITLES[name]))
        for family, names in FAMILIES.items()
        for at, name in enumerate(names)
    ]
    return (
        table(("family", "name", "`auto`", "what it is"), rows)
        + f"\nFiles may be plain or compressed with {', '.join(COMPRESSIONS[:-1])} or {COMPRESSIONS[-1]}. "
        "The content decides, not the name.\n"
    )


def _detected(name: str) -> str:
    if name in NAMED_ONLY:
        return "must be named"
    return "if no other fits" if name in GUESSED else "detected"


def layouts() -> str:
    """Every way to describe a format, with an example as it stands in a manifest."""
    about = descriptions(CustomFormat)
    kinds = {
        info.alias or name: (about[name], examples_of(CustomFormat, name)[0])
        for name, info in CustomFormat.model_fields.items()
        if name != "time"
    }
    rows = [(code(kind), prose(text)) for kind, (text, _) in kinds.items()]
    times = {"regex": {"time": examples_of(CustomFormat, "time")[0]}}
    lines = [
        f"  {kind}: {{format: {yaml({kind: example, **times.get(kind, {})})}}}" for kind, (_, example) in kinds.items()
    ]
    example = fenced("\n".join(("sites:", *lines)), "yaml")
    return f"{table(('kind', 'what to write'), rows)}\n{example}"


def relays() -> str:
    """What is removed from around lines."""
    kinds = dict.fromkeys(layer.name for layer in KINDS)
    rows = [(prose(name), prose(ABOUT[name])) for name in kinds if name in ABOUT]
    keys = [layer.key for layer in KINDS if layer.key and layer.name not in ABOUT]
    rows.append(("JSON objects", f"The line is the text under {listed(keys, 'or')}."))
    return table(("prefix", "what it is"), rows)


def filters() -> str:
    """Every filter in the order in which they apply, with the reasons that it gives."""
    rows = [_filter(key, reasons) for key, reasons in REASONS.items()]
    return table(("key", "default", "reason", "meaning"), rows)


def _filter(key: str, reasons: tuple[str, ...]) -> tuple[str, ...]:
    section, _, inner = key.rpartition(".")
    model = HitSettings if section == "hits" else Filters
    info = model.model_fields[inner]
    return code(key), default_of(info), ", ".join(map(code, reasons)), prose(descriptions(model)[inner])


def hit_rules() -> str:
    """Every hit rule."""
    rows = [
        (code(name), default_of(info), meaning_of(HitSettings, name)) for name, info in HitSettings.model_fields.items()
    ]
    return table(("key", "default", "meaning"), rows)


REGIONS: dict[str, Callable[[], str]] = {
    "formats": formats,
    "layouts": layouts,
    "relays": relays,
    "filters": filters,
    "hit-rules": hit_rules,
}
"""Every region by its name."""
