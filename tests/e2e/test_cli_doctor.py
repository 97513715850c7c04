"""`mtc doctor` as a process: its output, its exit code and what it does not show."""

import json

from e2e_project import MANIFEST, NEXT, Place, line

from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, VIEW, Settings, Site

SITES = (Site(1, "docs", ("https://docs.example.org",)), Site(2, "shop", ("https://shop.example.org",)))
WITH_MATOMO = MANIFEST + "matomo: {url: '${STATS_URL}', token: '${STATS_TOKEN}'}\n"


def test_a_working_project_ends_with_0_and_stays_unchanged(full: Place) -> None:
    """`doctor` ends with 0 and creates no file."""
    before = full.content(".")
    done = full.mtc("doctor")
    assert done.out.splitlines()[-1].endswith("0 warnings, 0 problems")
    assert all(line.startswith("ok") for line in done.out.splitlines()[:-2])
    assert done.err == ""
    assert full.content(".") == before


def test_a_problem_ends_with_3(full: Place) -> None:
    """A problem ends with 3 and does not stop the other checks."""
    full.write("warehouse", "in the way")
    lines = full.mtc("doctor", code=3).out.splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("problem")]
    assert lines[place].startswith("problem  warehouse: ")
    assert [line for line in lines if line.startswith("ok       source of shop")]


def test_a_warning_ends_with_0(place: Place) -> None:
    """A source without logs is a warning with a tip, and the exit code is 0."""
    (place.root / "logs" / "docs").mkdir(parents=True)
    out = place.mtc("doctor", "--site", "docs").out
    assert "warning  source of docs: no objects" in out
    assert "  TIP " in out
    assert "shop" not in out


def test_newest_logs_are_checked_without_leaving_files(full: Place) -> None:
    """Newest logs are checked, their control characters escaped, and no temporary file is left behind."""
    (full.root / "tmp").mkdir()
    proxied = "".join(f'{line(NEXT, client="10.0.0.1").rstrip()} "198.51.100.{at}"\n' for at in range(12))
    full.log("docs", NEXT, proxied)
    full.log("shop", NEXT, "no line \x1b[2J\u202e\n", packed=True)
    (full.root / "logs" / "shop" / f"{NEXT}.log").unlink()
    before = full.content(".")
    done = full.mtc("doctor", TMPDIR=str(full.root / "tmp"))
    assert full.content(".") == before
    assert list((full.root / "tmp").iterdir()) == []
    assert "newest log of docs: every client is 10.0.0.1, and another field names the clients of a proxy" in done.out
    assert "TIP write `source: {client: {from: [forwarded_for, ip]}}`" in done.out
    assert "newest log of shop: no known format reads this file" in done.out
    assert "\\x1b[2J" in done.out
    assert not [letter for letter in done.out if letter != "\n" and not letter.isprintable()]
    assert done.err == ""


def test_json_has_one_object_for_each_finding(full: Place) -> None:
    """`--json` writes one object for each finding."""
    found = [json.loads(line) for line in full.mtc("doctor", "--json").out.splitlines()]
    assert {frozenset(one) for one in found} == {frozenset({"level", "about", "where", "what", "hint"})}
    assert {one["level"] for one in found} == {"ok"}


def test_an_environment_has_its_own_paths(full: Place) -> None:
    """`--env` checks the paths of that environment."""
    out = full.mtc("doctor", "--env", "staging").out
    assert "staging/warehouse" in out
    assert "archive" not in out


def test_the_server_is_checked_and_no_token_is_shown(full: Place) -> None:
    """Tokens with super user access, with view access and an invalid one are checked, and none is shown."""
    full.manifest(WITH_MATOMO)
    with FakeMatomo(Settings(sites=SITES)) as matomo:
        good = full.mtc("doctor", STATS_URL=matomo.url, STATS_TOKEN=SUPER)
        view = full.mtc("doctor", code=3, STATS_URL=matomo.url, STATS_TOKEN=VIEW)
        wrong = full.mtc("doctor", "--json", code=3, STATS_URL=matomo.url, STATS_TOKEN="5ecre7" * 5)
        assert matomo.hits() == []
    assert "matomo for shop: is site 2, shop, and may be written to" in good.out
    assert "problem  matomo for docs: the token may only view site 1, docs" in view.out
    assert "does not accept the token" in wrong.out
    told = "".join(done.out + done.err for done in (good, view, wrong))
    assert not [secret for secret in (SUPER, VIEW, "5ecre7") if secret in told]


def test_an_unknown_site_is_a_usage_error(full: Place) -> None:
    """An unknown site is a usage error that suggests the nearest name."""
    assert "did you mean docs?" in full.mtc("doctor", "--site", "dosc", code=2).err
