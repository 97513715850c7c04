"""User agents: which are robots, and what browser, system and device the others name."""

import pytest

from mtc.formats.agents import UNKNOWN, Agent, classify
from mtc.formats.lists import ROBOT_TEXTS


@pytest.mark.parametrize("text", ROBOT_TEXTS)
def test_each_text_of_the_importers_list_makes_a_robot(text: str) -> None:
    """Anywhere in the user agent, whatever the case."""
    for agent in (f"Mozilla/5.0 ({text}) x", text.upper(), f"x{text}1.0"):
        assert classify([agent])[0].bot, agent


@pytest.mark.parametrize(
    "text",
    [
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/122.0.0.0 Safari/537.36",
        "python-requests/2.31.0",
    ],
)
def test_robots_that_the_importers_list_misses_are_found(text: str) -> None:
    """The list of crawlers knows them."""
    assert classify([text]) == [Agent(bot=True, **_rest(text))]


def _rest(text: str) -> dict[str, str]:
    agent = classify([text])[0]
    return {"browser": agent.browser, "version": agent.version, "os": agent.os, "device": "bot"}


WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) {WEBKIT} Version/17.4 Mobile/15E148 Safari/604.1"
IPAD = f"Mozilla/5.0 (iPad; CPU OS 16_1 like Mac OS X) {WEBKIT} Version/16.1 Mobile/15E148 Safari/604.1"
NOBODY = Agent(bot=False, browser=UNKNOWN, version="", os=UNKNOWN, device="unknown")


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
            Agent(bot=False, browser="Chrome", version="124", os="Windows", device="desktop"),
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
            Agent(bot=False, browser="Firefox", version="126", os="Linux", device="desktop"),
        ),
        (
            IPHONE,
            Agent(bot=False, browser="Mobile Safari", version="17", os="iOS", device="smartphone"),
        ),
        (
            IPAD,
            Agent(bot=False, browser="Mobile Safari", version="16", os="iOS", device="tablet"),
        ),
        ("", NOBODY),
        ("-", NOBODY),
        ("\x00☃'\"<script>", NOBODY),
    ],
)  # fmt: skip
def test_a_browser_is_taken_apart(text: str, agent: Agent) -> None:
    """Family, major version, system, device."""
    assert classify([text]) == [agent]


def test_answers_come_in_the_order_of_the_texts() -> None:
    """And a text that comes twice has the same answer twice."""
    texts = ["curl/8.5.0", "", "curl/8.5.0"]
    assert [agent.bot for agent in classify(texts)] == [True, False, True]


def test_a_very_long_user_agent_is_judged_by_its_beginning() -> None:
    """A stranger may send megabytes."""
    assert not classify(["x" * 5000 + "googlebot"])[0].bot
    assert classify(["googlebot" + "x" * 1_000_000])[0].bot
