"""Every host of the list, and every kind of page, told in sets as the fake server tells it one by one."""

import itertools

from stat_hits import connect

from mtc.warehouse.referrers import classify_referrers, referrer_list
from tests.fake_matomo.referrers import referrer_of

PAGES = (
    "/", "", "/search?q=x", "/?x=1&query=", "/url?sa=t", "/a/b", "/?text=z&p=y", "/imgres?x=1", "/s/foo/", "/#q=foo",
    "/search?q=1&tbm=vid", "/custom?q=1", "/github.com/x", "/?wd=%E4%BD%A0", "/r/x?k=+%20", "/i/grok",
)  # fmt: skip
"""What a referrer goes on with: pages that tell what was searched for, that hide it, and others."""

BEFORE = ("", "www.", "m.", "search.", "fr.", "sub.", "not")


def test_every_known_host_is_told_as_the_server_tells_it() -> None:
    """Two implementations of one list, over its 1,000 hosts with names before them and pages behind."""
    listed = referrer_list()
    hosts = [host for one in listed.engines for host in one.hosts]
    hosts += [host for one in (*listed.networks, *listed.assistants) for host in one.hosts]
    countries, names, pages = (
        itertools.cycle(("de", "co.uk", "com.br")),
        itertools.cycle(BEFORE),
        itertools.cycle(PAGES),
    )
    referrers = [f"https://{next(names)}{host.replace('{}', next(countries))}{next(pages)}" for host in hosts]
    connection = connect()
    numbers = list(range(len(referrers)))
    connection.execute(
        "CREATE TEMP TABLE referrer AS SELECT unnest($1) AS referrer, unnest($2) AS text", [numbers, referrers]
    )
    connection.execute("CREATE TEMP TABLE visit AS SELECT referrer FROM referrer")
    classify_referrers(connection)
    found = connection.execute("SELECT DISTINCT text, kind, name FROM origin JOIN referrer USING (referrer)").fetchall()
    expected = {one: referrer_of(one, "", frozenset(), True) for one in referrers}
    words = {"ai-assistant": "ai"}
    told = {(one, words.get(by.origin.word, by.origin.word), by.name) for one, by in expected.items()}
    assert set(found) == told
    assert {kind for _, kind, _ in found} == {"ai", "search", "social", "website"}
