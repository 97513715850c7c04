"""Filters at work in a whole step: what is a hit, what is not and why, and how a hit is marked."""

from pathlib import Path

import pytest
from import_step import AGENT, Workshop, line, text

from mtc.formats.settings import Filters

ROBOTS = ["Googlebot/2.1", "curl/8.5.0", "my Spider", "facebookexternalhit/1.1", "python-requests/2.31.0"]


def test_a_day_is_filtered_as_matomos_importer_does(tmp_path: Path) -> None:
    """Defaults: pages and downloads of browsers count; the first rule that applies gives the reason."""
    data = text(
        line("/"),
        line("/manual.pdf"),
        line("/missing.pdf", status=404),
        line("/moved", status=301),
        line("/unchanged", status=304),
        line("/style.css"),
        line("/feed.xml"),
        line("/robots.txt"),
        line("/robots.txt", agent=ROBOTS[0]),
        line("/gone", agent=ROBOTS[0], status=404),
        *[line("/page", agent=agent) for agent in ROBOTS],
        line("/page", agent="-"),
    )
    outcome = Workshop(tmp_path).read(data, Filters())
    account = outcome.accounting()
    assert [hit.path for hit in outcome.hits()] == ["/", "/manual.pdf", "/unchanged", "/page"]
    assert account.filtered == {"bot": 5, "error": 2, "redirect": 1, "static": 4}
    assert (account.lines, account.hits, account.rejected) == (16, 4, {})


def test_robots_that_count_are_marked(tmp_path: Path) -> None:
    """So that statistics can still tell them apart."""
    data = text(line("/"), *[line("/page", agent=agent) for agent in ROBOTS])
    outcome = Workshop(tmp_path).read(data, Filters(bots=True))
    assert [hit.bot for hit in outcome.hits()] == [False, *[True] * 5]
    assert outcome.accounting().filtered == {}


def test_health_checks_are_counted_by_themselves(tmp_path: Path) -> None:
    """So that they are seen; where robots count, they count too."""
    data = text(
        line("/"), *[line("/up", agent=agent) for agent in ("ELB-HealthChecker/2.0", "kube-probe/1.3", ROBOTS[0])]
    )
    assert Workshop(tmp_path).read(data, Filters()).accounting().filtered == {"bot": 1, "health check": 2}
    outcome = Workshop(tmp_path).read(data, Filters(bots=True))
    assert [(hit.bot, hit.path) for hit in outcome.hits()] == [(False, "/"), *[(True, "/up")] * 3]


def test_excluded_user_agents_do_not_count_whatever_the_case(tmp_path: Path) -> None:
    """By a text within them; a robot that is excluded is called a robot, unless robots count."""
    data = text(line("/1", agent="My Player/1.0"), line("/2", agent="curl player"), line("/3"), line("/4", agent="-"))
    excluded = Filters(exclude_user_agents=("PLAYER",))
    outcome = Workshop(tmp_path).read(data, excluded)
    assert outcome.accounting().filtered == {"bot": 1, "user agent": 1}
    outcome = Workshop(tmp_path).read(data, excluded.model_copy(update={"bots": True}))
    assert outcome.accounting().filtered == {"user agent": 2}
    assert [hit.path for hit in outcome.hits()] == ["/3", "/4"]


def test_a_rule_on_the_request_comes_before_one_on_the_user_agent(tmp_path: Path) -> None:
    """Robots come last: they are decided on distinct user agents, after the rest."""
    data = text(line("/x", agent=ROBOTS[0]), line("/y.css", agent="excluded"))
    filters = Filters(exclude_paths=("/x",), exclude_user_agents=("excluded",))
    assert Workshop(tmp_path).read(data, filters).accounting().filtered == {"path": 1, "static": 1}


@pytest.mark.parametrize("text_", ["'; DROP TABLE hits; --", "' OR 'a'='a", "%", "__", "\\", "é'"])
def test_an_excluded_user_agent_is_a_text_and_nothing_else(tmp_path: Path, text_: str) -> None:
    """No quote ends a statement, and no sign is a wildcard."""
    data = text(line("/1"), line("/2", agent=f"x{text_.upper()}x".replace("\\", "\\\\")))
    outcome = Workshop(tmp_path).read(data, Filters(exclude_user_agents=(text_,)))
    assert [hit.path for hit in outcome.hits()] == ["/1"]
    assert outcome.hits()[0].user_agent == AGENT
