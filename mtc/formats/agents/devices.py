"""The type of device: by Matomo's tables of models, and for unknown models by other parts of the user agent.

The rules are applied in the order of Matomo's tracker; a later rule overrides an earlier one where it does so there.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from mtc.formats.agents.agent_tables import BROWSER, AgentClient, System, brands, names
from mtc.formats.agents.regex_index import Finder

_APPLE = frozenset({"iPadOS", "tvOS", "watchOS", "iOS", "Mac"})
_NEVER_TV = frozenset({"tv", "wearable", "peripheral"})


def _looks(pattern: str, *, bounded: bool = True) -> Callable[[str], bool]:
    """A test whether a text contains a fragment; if `bounded`, not directly after a letter, hyphen or underscore."""
    whole = f"(?:^|[^A-Z_-])(?:{pattern})" if bounded else pattern

    @functools.cache
    def expression() -> re.Pattern[str]:
        return re.compile(whole, re.IGNORECASE | re.ASCII)

    return lambda text: expression().search(text) is not None


# Texts without a model: Chrome on Android sends none since version 110, and a desktop has none.
_reduced = _looks(r"Android (?:1[0-7][.\d]*; K(?: Build/|[;)])|1[0-7]\)) AppleWebKit", bounded=False)
_computer = _looks("Windows (?:NT|IoT)|X11; Linux x86_64")
_no_computer = _looks(
    "CE-HTML| Mozilla/|Andr[o0]id|Tablet|Mobile|iPhone|Windows Phone|ricoh|OculusBrowser|PicoBrowser|Lenovo"
    "|compatible; MSIE|Trident/|Tesla/|XBOX|FBMD/|ARM; ?[^)]+"
)
_television = _looks(r"(?:HbbTV|SmartTvA)/[1-9](?:\.[0-9]){1,2}")
_shell = _looks(r"[a-z]+[ _]Shell[ _]\w{6}|tclwebkit[\d.]*")
_facebook = _looks("FBMD/")

_headset = _looks(r"Android(?: [.0-9]+)?; Mobile VR;| VR ")
_chrome = _looks("Chrome/")
_mobile = _looks("Mobile|eliboM")
_pad = _looks("Pad/APad")
_tablet = _looks(r"Android(?: [.0-9]+)?; Tablet;|Tablet(?! PC)|.*-tablet$|Opera Tablet")
_phone = _looks(r"Android(?: [.0-9]+)?; Mobile;|.*-mobile$")
_touch = _looks("Touch")
_puffin = re.compile(r"Puffin/\d[.\d]+([AFILMW])([DPT])", re.IGNORECASE | re.ASCII)
_PUFFINS = {"D": ("LMW", "desktop"), "P": ("AFILW", "smartphone"), "T": ("AILW", "tablet")}
_opera_tv = _looks("Opera TV Store| OMI/")
_tv = _looks(r"Andr0id|(?:Android(?: UHD)?|Google) TV|\(lite\) TV|BRAVIA|Firebolt| TV$")
_smart_tv = _looks(r"SmartTV|Tizen.+ TV .+$|\(TV;")
_desktop = _looks(r"(?:Desktop|PC)(?: (?:x(?:32|64)|WOW64))?;")


def device_of(text: str, system: System, client: AgentClient | None) -> str:
    """The type of device by Matomo's name (`desktop`, `smartphone`, `phablet` ...); empty if unknown."""
    device = _by_model(text, system) or _by_fragments(text, system)
    if device == "smartphone" and _pad(text):
        device = "tablet"
    if device == "feature phone" and system.family == "Android":
        device = "smartphone"
    device = _by_system(device, text, system)
    device = _televisions(device, text, system, client)
    if device != "desktop" and _desktop(text):
        return "desktop"
    return device or ("desktop" if system.desktop and not _is_mobile_only(client) else "")


def _by_model(text: str, system: System) -> str:
    found = _model(text)
    return "" if found.brand == "Apple" and system.name not in _APPLE else found.device


def _by_fragments(text: str, system: System) -> str:
    """The type for a text without a known model."""
    if _headset(text):
        return "wearable"
    if system.family == "Android" and _chrome(text):
        return "smartphone" if _mobile(text) else "tablet"
    if _tablet(text):
        return "tablet"
    if _phone(text):
        return "smartphone"
    return _by_android_version(system) if system.name == "Android" else ""


def _by_android_version(system: System) -> str:
    """Android 1 ran on phones, Android 3 on tablets only."""
    version = _number(system.version)
    if version is None or version >= (4,):
        return ""
    if version < (2,):
        return "smartphone"
    return "tablet" if version >= (3,) else ""


def _by_system(device: str, text: str, system: System) -> str:
    if system.name == "KaiOS" or (system.name == "Java ME" and not device):
        return "feature phone"
    if device:
        return device
    windows = system.name == "Windows" and (_number(system.version) or (0,)) >= (8,)
    if (windows or system.name == "Windows RT") and _touch(text):
        return "tablet"
    match = _puffin.search(text)
    letters, puffin = _PUFFINS[match[2].upper()] if match else ("", "")
    return puffin if match and match[1].upper() in letters else ""


def _televisions(device: str, text: str, system: System, client: AgentClient | None) -> str:
    if _opera_tv(text) or system.name in {"Coolita OS", "VIDAA"}:
        return "tv"
    if (device not in _NEVER_TV and _tv(text)) or (client and client.name in names().TV_CLIENTS):
        return "tv"
    return "tv" if not device and _smart_tv(text) else device


def _is_mobile_only(client: AgentClient | None) -> bool:
    if client is None or client.kind != BROWSER:
        return False
    return names().BROWSER_TO_ABBREV.get(client.name.lower(), "") in names().MOBILE_ONLY_BROWSERS


def _number(version: str) -> tuple[int, ...] | None:
    """The numbers of a version; None if it has none."""
    digits = re.findall(r"\d+", version)
    return tuple(map(int, digits)) if digits else None


@dataclass(frozen=True, slots=True)
class _Model:
    brand: str = ""
    device: str = ""


class _Models:
    """A table by brand: finds the first brand that matches, and the first of its models."""

    def __init__(self, name: str) -> None:
        self._brands = brands(name)
        self._finder = Finder([brand.row["regex"] for brand in self._brands], groups=False)
        self._models: dict[int, Finder] = {}

    def find(self, text: str) -> _Model | None:
        found = self._finder.first(text)
        if found is None:
            return None
        number, _ = found
        brand = self._brands[number]
        model = self._model(number, text) or {}
        return _Model(model.get("brand") or brand.name, model.get("device") or brand.row.get("device") or "")

    def _model(self, number: int, text: str) -> dict[str, str] | None:
        models = self._brands[number].models
        if not models:
            return None
        if number not in self._models:
            self._models[number] = Finder([model["regex"] for model in models], groups=False)
        found = self._models[number].first(text)
        return models[found[0]] if found else None


_models = functools.cache(_Models)
_ORDER = ("device/consoles", "device/car_browsers", "device/cameras", "device/portable_media_player", "device/mobiles")


def _model(text: str) -> _Model:
    """The brand and type by the tables of models; a text that says it is a television is one, whatever its model."""
    bare = _reduced(text) and "telegram-android/" not in text.lower()
    bare = bare or (_computer(text) and not _no_computer(text))
    for looks, name in ((_television, "device/televisions"), (_shell, "device/shell_tv")):
        if looks(text):
            found = None if bare else _models(name).find(text)
            return _Model("", (found.device if found else "") or "tv")
    if bare:
        return _Model()
    order = ("device/notebooks", *_ORDER) if _facebook(text) else _ORDER
    return next(filter(None, (_models(name).find(text) for name in order)), _Model())
