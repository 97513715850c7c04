"""Which hosts are search engines, social networks or AI assistants, and how a referrer tells that it comes from one.

The list is `referrers.tsv` beside this file, which says where its facts are from. How they are used is Matomo's way
(`Referrers`: SearchEngine, Social): a search engine is told by the referrer's host and by what was searched for, or by
a page that leads away without telling it; a network or an assistant by its host's name anywhere in the referrer.
"""

import functools
import importlib.resources
import re
from dataclasses import dataclass

COUNTRIES = """
a1 a2 ac ad ae af ag ai al am an ao ap aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt
bu bv bw by bz ca cat cc cd cf cg ch ci ck cl cm cn co cp cr cs cu cv cw cx cy cz de dg dj dk dm do dz ea ec ee eg
eh er es et eu fi fj fk fm fo fr fx ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu ic
id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc
md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nt nu nz o1 om pa pe
pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sf sg sh si sj sk sl sm sn so sr ss st su sv
sx sy sz ta tc td tf tg th tj tk tl tm tn to tp tr tt tv tw tz ua ug uk um us uy uz va vc ve vg vi vn vu wf ws xx
ye yt yu za zm zr zw
"""
"""What `{}` in a host stands for: the codes of countries that Matomo knows."""

_BLANK = r"(?:\+|%20|%0[9aAdD]|\s)*"
_TEXT = r"(?:[^&+%\s]|%(?:[^02&]|0[^9aAdD]|2[^0]|&|$))"
_FRONT = ("/^$/", "/")
_MORE_OF_GOOGLE = ("as_q", "as_oq", "as_epq", "as_eq")  # of its form for experts


@dataclass(frozen=True, slots=True)
class Engine:
    """Hosts of a search engine, and expressions: a referrer of theirs counts where one of them finds something.

    `searched` is tried on the query, `told` on the whole referrer, `hidden` on path, query and fragment; empty for
    none.
    """

    name: str
    hosts: tuple[str, ...]
    searched: str
    told: str
    hidden: str


@dataclass(frozen=True, slots=True)
class Named:
    """A social network or an AI assistant, and its names."""

    name: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The whole list, in its order."""

    engines: tuple[Engine, ...]
    networks: tuple[Named, ...]
    assistants: tuple[Named, ...]


@functools.cache
def known() -> Known:
    """Read the list."""
    text = (importlib.resources.files(__package__) / "referrers.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return Known(
        engines=tuple(_engine(*row[1:]) for row in rows if row[0] == "search"),
        networks=tuple(Named(row[1], tuple(row[2].split())) for row in rows if row[0] == "social"),
        assistants=tuple(Named(row[1], tuple(row[2].split())) for row in rows if row[0] == "ai"),
    )


def assistant(host: str) -> str:
    """The AI assistant of a host; nothing for another website."""
    found = (one.name for one in known().assistants for name in one.hosts if f".{host}".endswith(f".{name}"))
    return next(found, "")


def _engine(name: str, hosts: str, parameters: str = "", hidden: str = "") -> Engine:
    names = [one for one in parameters.split() if not one.startswith("/")]
    names += _MORE_OF_GOOGLE if name == "Google" else ()
    told = [_expression(one) for one in parameters.split() if one.startswith("/")]
    pages = [_page(one) for one in hidden.split() or _FRONT]
    return Engine(name, tuple(hosts.split()), _searched(names), "|".join(told), "|".join(pages))


def _searched(names: list[str]) -> str:
    """A parameter with a text; or without one, where it is not the first: Matomo sees that by its `&`."""
    named = "|".join(map(re.escape, names))
    return f"(?:^|&)(?:{named})={_BLANK}{_TEXT}|&(?:{named})=" if names else ""


def _page(text: str) -> str:
    return (
        _expression(text) if len(text) > 1 and text.startswith("/") and text.endswith("/") else f"^{re.escape(text)}$"
    )


def _expression(text: str) -> str:
    return f"(?:{text[1:-1]})"
