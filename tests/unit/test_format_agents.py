"""User agents: which are robots, and what browser, system and device the others name."""

import pytest

from mtc.formats.agents import UNKNOWN, Agent, classify
from mtc.formats.agents.agent_tables import HEALTH_CHECK, ROBOT_TEXTS


@pytest.mark.parametrize("text", ROBOT_TEXTS)
def test_each_text_of_the_importers_list_makes_a_robot(text: str) -> None:
    """Anywhere in the user agent, whatever the case."""
    for agent in (f"Mozilla/5.0 ({text}) x", text.upper(), f"x{text}1.0"):
        assert classify([agent])[0].bot, agent


def robot(name: str, kind: str) -> Agent:
    """As Matomo has it, a robot has neither browser nor system."""
    return Agent(bot=True, browser=UNKNOWN, version="", os=UNKNOWN, device="bot", robot=name, kind=kind)


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) {}Chrome/122.0.0.0 Safari/537.36{}"


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("facebookexternalhit/1.1", robot("Facebook Crawler", "social media agent")),
        ("Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)", robot("Googlebot", "search bot")),
        (CHROME.format("", " GPTBot/1.2; +https://openai.com/gptbot"), robot("GPTBot", "ai data scraper")),
        ("LumiBot 2.0", robot("Generic Bot", "robot")),
    ],
)
def test_robots_of_matomos_tables_have_a_name_and_a_kind(text: str, agent: Agent) -> None:
    """Those that the importer's list misses are found too."""
    assert classify([text]) == [agent]


@pytest.mark.parametrize(
    "text",
    [
        "python-requests/2.31.0",
        "Mozilla/3.0 (compatible; Indy Library)",
        "Mozilla/5.00 (Nikto/2.1.5) (Evasions:None) (Test:006607)",
        CHROME.format("Headless", ""),
    ],
)
def test_what_runs_without_anybody_is_a_robot_by_the_list_of_crawlers(text: str) -> None:
    """Where Matomo sees a library, a browser without a screen, or nothing that it knows."""
    assert classify([text]) == [robot("", "robot")]


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (Linux; Android 15; RMX3944 Build/AP3A.240617.008; wv) Version/4.0 Chrome/141.0 Mobile Safari/537",
        CHROME.format("", " Datadoge/1.0"),
        "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0",
        "MyHealth/3.1 CFNetwork/1490.0.4 Darwin/23.2.0",
        "",
        "-",
    ],
)
def test_browsers_and_apps_are_no_robots(text: str) -> None:
    """Also where the list of crawlers takes an Android's build for one, and where there is no user agent."""
    assert not classify([text])[0].bot


@pytest.mark.parametrize(
    "text",
    [
        "ELB-HealthChecker/2.0",
        "Amazon-Route53-Health-Check-Service (ref 0; report http://amzn.to/1vsZADi)",
        "Amazon Route 53 Health Check Service; ref:0",
        "kube-probe/1.32+",
        "GoogleHC/1.0",
        "Apache/2.4.57 (Debian) OpenSSL/3.0.9 (internal dummy connection)",
        "haproxy/2.8",
        "Azure Traffic Manager Endpoint Monitor",
        "Edge Health Probe",
        "Load Balancer Agent",
        "AlwaysOn",
        "ReadyForRequest/1.0 (HttpPing)",
        "HealthCheck/1.0",
        "Consul Health Check",
        "Envoy/HC",
        "Varnish/fastly (healthcheck)",
        "Mozilla/5.0 (compatible;Cloudflare-Healthchecks/1.0;+https://www.cloudflare.com/; healthcheck-id: 0)",
        "Cloudflare-Traffic-Manager/1.0",
        "my-gateway.health_check",
        "Uptime-Kuma/1.23.13",
        "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
        CHROME.format("", " PingdomPageSpeed/1.0 (pingbot/2.0; +http://www.pingdom.com/)"),
        "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        "StatusCake",
        "Blackbox Exporter/0.24.0",
        "check_http/v2.3.3 (monitoring-plugins 2.3.3)",
        "GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)",
        "DigitalOcean Uptime Probe 0.22.0 (https://digitalocean.com)",
        "Datadog/Synthetics",
        "Elastic-Heartbeat/8.11.0 (linux; amd64)",
        "collectd/5.5.1",
        "ThousandEyes-Dragonfly-x1",
    ],
)
def test_health_checks_are_a_kind_of_their_own(text: str) -> None:
    """Load balancers, orchestrators, services that watch over uptime; whatever the case."""
    assert {agent.kind for agent in classify([text, text.lower(), text.upper()])} == {HEALTH_CHECK}
    assert classify([text])[0].bot


def test_who_looks_at_pages_is_no_health_check() -> None:
    """Matomo files audits of pages under site monitors too."""
    assert classify([CHROME.format("", " Chrome-Lighthouse")])[0].kind == "site monitor"


WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) {WEBKIT} Version/17.4 Mobile/15E148 Safari/604.1"
IPAD = f"Mozilla/5.0 (iPad; CPU OS 16_1 like Mac OS X) {WEBKIT} Version/16.1 Mobile/15E148 Safari/604.1"
BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"
NOBODY = (UNKNOWN, "", UNKNOWN, "unknown")

Names = tuple[str, str, str, str]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0) {BLINK} Chrome/124.0.0.0 Safari/537.36",
            ("Chrome", "124.0", "Windows", "desktop"),
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0) {BLINK} Chrome/124.0.0.0 Safari/537.36 Edg/124.0.1",
            ("Microsoft Edge", "124.0", "Windows", "desktop"),
        ),
        (
            "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
            ("Internet Explorer", "11.0", "Windows", "desktop"),
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
            ("Firefox", "126.0", "GNU/Linux", "desktop"),
        ),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/17.1 Safari/605.1.15",
            ("Safari", "17.1", "Mac", "desktop"),
        ),
        (IPHONE, ("Mobile Safari", "17.4", "iOS", "smartphone")),
        (IPAD, ("Mobile Safari", "16.1", "iOS", "tablet")),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {BLINK} Chrome/124.0.0.0 Mobile Safari/537.36",
            ("Chrome Mobile", "124.0", "Android", "smartphone"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {BLINK} Chrome/124.0.0.0 Safari/537.36",
            ("Chrome", "124.0", "Android", "tablet"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 15; SM-X215) {BLINK} Chrome/135.0.0.0 Mobile Safari/537.36",
            ("Chrome Mobile", "135.0", "Android", "tablet"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 8.0.0; SM-N950F) {BLINK} SamsungBrowser/9.2 Chrome/67.0 Mobile Safari/537.36",
            ("Samsung Browser", "9.2", "Android", "phablet"),
        ),
        (
            f"Mozilla/5.0 (PlayStation; PlayStation 5/2.26) {WEBKIT} Version/13.0 Safari/605.1.15",
            ("NetFront", "", "Gaming Console", "console"),
        ),
        ("HbbTV/1.5.1 (+DRM;Samsung;SmartTV2021:UAU7000;T-KSU2EAKUC;;)", (UNKNOWN, "", "Other Mobile", "tv")),
        (
            "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80; U; en) Presto/2.5.25",
            ("Opera Mini", "9.80", "Real-time OS", "feature phone"),
        ),
        ("Thunderbird/115.3 (Windows NT 10.0)", ("Thunderbird", "", "Windows", "desktop")),
        ("", NOBODY),
        ("-", NOBODY),
        ("1.0 (4)", NOBODY),
        ("\x00☃'\"<img>", NOBODY),
    ],
)  # fmt: skip
def test_a_browser_is_taken_apart_as_matomo_does(text: str, names: Names) -> None:
    """Browser, version in two parts, family of systems, type of device."""
    (agent,) = classify([text])
    assert (agent.browser, agent.version, agent.os, agent.device) == names
    assert not agent.bot


def test_answers_come_in_the_order_of_the_texts() -> None:
    """And a text that comes twice has the same answer twice."""
    texts = ["curl/8.5.0", "", "curl/8.5.0"]
    assert [agent.bot for agent in classify(texts)] == [True, False, True]


def test_a_very_long_user_agent_is_judged_by_its_beginning() -> None:
    """A stranger may send megabytes."""
    assert not classify(["x" * 5000 + "googlebot"])[0].bot
    assert classify(["googlebot" + "x" * 1_000_000])[0].bot
