"""Bisection finds the hits that make a server fail with few requests, and blames no hit for an outage."""

import math
import random
from collections.abc import Callable, Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.stages.deliver.bisection import Bisection

ROUNDS = 5000


class Server:
    """A server that accepts a request unless one of its hits is bad or the server is down.

    With `died` a bad hit ends the server's process without an answer; while the server is down, its answers vary.
    """

    def __init__(self, bad: Collection[int], down: range = range(0), *, died: bool = True) -> None:
        self.bad = set(bad)
        self.down = down
        self.died = died
        self.stored: list[int] = []
        self.requests = 0
        self.failures = 0

    def settle(self, bisection: Bisection) -> None:
        """Send until nothing is left; a few remaining hits are compared with an empty request."""
        while piece := bisection.piece() or self.at_last(bisection):
            assert self.requests < ROUNDS
            assert len(set(piece)) == len(piece)
            down = self.requests in self.down
            fails = down or bool(self.bad & set(piece))
            self.requests += 1
            self.failures += fails
            if fails:
                reason = "down" if down else "bad"
                bisection.failed(piece, alone=len(piece) == 1, died=self.died and not down, reason=reason)
            else:
                self.stored += piece
                bisection.took(piece)

    def at_last(self, bisection: Bisection) -> tuple[int, ...]:
        """Finish as it is done over HTTP."""
        if bisection.few and bisection.died and not bisection.answers:
            self.requests += 1
            bisection.answers = self.requests - 1 not in self.down
        return bisection.piece()


def one_visitor(count: int) -> dict[int, str]:
    """Hits of one visitor."""
    return dict.fromkeys(range(count), "a")


def visitors(count: int) -> dict[int, str]:
    """Hits of many visitors in rotation."""
    return {place: str(place % 40) for place in range(count)}


@pytest.mark.parametrize("made", [one_visitor, visitors])
@pytest.mark.parametrize("count", [2, 3, 4, 12, 500])
@pytest.mark.parametrize("at", [0.0, 0.3, 0.5, 0.75, 1.0])
def test_one_bad_hit_is_found_wherever_it_is(at: float, count: int, made: Callable[[int], Mapping[int, str]]) -> None:
    """All other hits are accepted; it takes about twice as many failed requests as halvings of the batch."""
    bad = round(at * (count - 1))
    server, bisection = Server({bad}), Bisection(made(count))
    server.settle(bisection)
    assert bisection.refused == (bad,)
    assert bisection.left == ()
    assert sorted(server.stored) == [place for place in range(count) if place != bad]
    assert server.failures <= 2 * math.ceil(math.log2(count)) + 2


@pytest.mark.parametrize("made", [one_visitor, visitors])
@pytest.mark.parametrize(
    "bad",
    [(0, 1), (10, 11), (0, 11), (5, 6), (3, 8), (0, 1, 2, 3), (8, 9, 10, 11), (0, 5, 11), (1, 3, 5, 7, 9)],
)
def test_several_bad_hits_are_found(bad: tuple[int, ...], made: Callable[[int], Mapping[int, str]]) -> None:
    """They may be at the front, at the end, next to one another or alternating."""
    server, bisection = Server(bad), Bisection(made(12))
    server.settle(bisection)
    assert sorted(bisection.refused) == list(bad)
    assert sorted(server.stored) == [place for place in range(12) if place not in bad]


@given(st.integers(1, 60), st.integers(1, 9), st.sets(st.integers(0, 59)), st.integers(0, 80), st.sampled_from([0, 90]))
def test_only_bad_hits_are_refused_and_none_is_stored_twice(
    count: int, of: int, bad: set[int], fails_from: int, taken: int
) -> None:
    """This holds whatever the server fails on, and whenever it goes down for good."""
    server = Server(bad, range(fails_from, ROUNDS))
    bisection = Bisection({place: str(place % of) for place in range(count)}, taken)
    server.settle(bisection)
    assert set(bisection.refused) <= bad
    assert len(set(server.stored)) == len(server.stored)
    assert {*server.stored, *bisection.refused, *bisection.left} == set(range(count))
    assert len(server.stored) + len(bisection.refused) + len(bisection.left) == count


@pytest.mark.parametrize("made", [one_visitor, visitors])
@pytest.mark.parametrize("count", [1, 2, 3, 12, 500])
def test_a_server_that_is_down_gets_only_a_few_requests(count: int, made: Callable[[int], Mapping[int, str]]) -> None:
    """No hit is refused."""
    server, bisection = Server((), range(ROUNDS)), Bisection(made(count))
    server.settle(bisection)
    assert bisection.refused == ()
    assert bisection.left == tuple(range(count))
    assert server.requests == min(count, 3)


@pytest.mark.parametrize("began", range(1, 12))
def test_a_short_outage_during_bisection_loses_no_hit(began: int) -> None:
    """The server fails on one hit, and then on all of them for a while."""
    server, bisection = Server({40}, range(began, ROUNDS)), Bisection(visitors(200))
    server.settle(bisection)
    assert set(bisection.refused) <= {40}
    assert server.requests <= began + 20
    assert sorted({*server.stored, *bisection.left, *bisection.refused}) == list(range(200))


@pytest.mark.parametrize("left", [(5,), (3, 8), (0, 1, 2, 3)])
def test_a_batch_left_by_a_killed_run_is_settled(left: tuple[int, ...]) -> None:
    """The other hits are stored, so none is left to try; the server answers differently."""
    server, bisection = Server(left), Bisection(dict.fromkeys(left, "a"), taken=20)
    server.settle(bisection)
    assert sorted(bisection.refused) == list(left)


def test_a_hit_whose_failure_looks_like_an_outage_must_fail_more_often() -> None:
    """It must fail in the same way each time, with other hits accepted in between."""
    server, bisection = Server({5}, died=False), Bisection(visitors(12))
    server.settle(bisection)
    assert bisection.refused == (5,)
    assert sorted(server.stored) == [place for place in range(12) if place != 5]


def test_a_server_that_fails_at_random_loses_no_hit() -> None:
    """One of four requests fails, in five ways."""
    for seed in range(300):
        dice, bisection = random.Random(seed), Bisection(visitors(12))
        while piece := bisection.piece():
            if dice.random() < 1 / 4:
                bisection.failed(piece, alone=len(piece) == 1, died=False, reason=dice.choice("abcde"))
            else:
                bisection.took(piece)
        assert bisection.refused == ()


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_a_batch_of_only_bad_hits_is_settled_when_other_hits_were_accepted(count: int) -> None:
    """They fail before and after, so the hits are at fault."""
    server, bisection = Server(range(count)), Bisection(visitors(count))
    server.settle(bisection)
    assert bisection.refused == ()
    bisection.elsewhere = True
    server.settle(bisection)
    assert sorted(bisection.refused) == list(range(count))
    assert server.requests <= 2 * count + 2


def test_hits_of_a_visitor_keep_their_order() -> None:
    """Only the last hits of visitors are held back."""
    of = {place: str(place // 5 % 9) + str(place % 2) for place in range(50)}
    server, bisection = Server({20}), Bisection(of)
    server.settle(bisection)
    for visitor in set(of.values()):
        own = [place for place in server.stored if of[place] == visitor]
        assert own == sorted(own)


def test_stored_hits_of_a_failed_piece_are_not_sent_again() -> None:
    """A server without transactions keeps the hits before the bad one."""
    bisection = Bisection(visitors(12))
    stored: list[int] = []
    while piece := bisection.piece():
        bad = piece.index(6) if 6 in piece else len(piece)
        stored += piece[:bad]
        if kept := piece[:bad]:
            bisection.took(kept)
        if others := piece[bad:]:
            bisection.failed(others, alone=len(piece) == 1, died=True, reason="")
    assert bisection.refused == (6,)
    assert sorted(stored) == [place for place in range(12) if place != 6]


@pytest.mark.parametrize("visitors", [1, 2, 3, 9])
@pytest.mark.parametrize("seed", range(50))
def test_no_hit_is_sent_before_an_earlier_one_of_its_visitor(seed: int, visitors: int) -> None:
    """Order matters to visits, and is given up only where each visitor has a hit that failed alone.

    The last hits of some visitors are held back as hits to try at the end, and do not count.
    """
    dice = random.Random(f"{seed} {visitors}")
    visitor_of = {place: f"v{dice.randrange(visitors)}" for place in range(dice.choice((12, 20, 40)))}
    bad, fails = set(dice.sample(list(visitor_of), dice.choice((0, 0, 1, 2)))), dice.choice((0, 2, 3, 5))
    lasts = {visitor: place for place, visitor in visitor_of.items()}.values()
    bisection = Bisection(visitor_of)
    alone: set[int] = set()
    while piece := bisection.piece():
        waiting = set(bisection.left) - set(piece)
        ahead = [
            place
            for place in set(piece) - alone
            if any(visitor_of[other] == visitor_of[place] and other < place for other in waiting)
        ]
        blocked = {visitor_of[place] for place in alone & set(bisection.left)}
        assert not ahead or {visitor_of[place] for place in bisection.left if place not in lasts} <= blocked
        if fails and dice.random() < 0.5:  # not caused by a hit
            fails -= 1
            bisection.failed(piece, alone=len(piece) == 1, died=False, reason="passing")
        elif bad & set(piece):
            bisection.failed(piece, alone=len(piece) == 1, died=False, reason="bad")
        else:
            bisection.took(piece)
            continue
        alone |= set(piece) if len(piece) == 1 else set()
