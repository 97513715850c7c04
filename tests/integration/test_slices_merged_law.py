"""A law: merged or not, slices have the same hits, accounts, statistics and CSV, and leave nothing to do."""

import datetime as dt
import random
from pathlib import Path

import pytest
from growing_server import Server

from mtc.core.model import Accounting, Stage, Verdict
from mtc.plan import slice_merging
from mtc.state.store import Store

_NEVER = 10**9
_ROUNDS = 10
_MORE_ROUNDS = 16


class Twins:
    """Two servers that write the same; the slices of the first are merged as soon as there are two."""

    def __init__(self, root: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dice = random.Random(seed)
        self.patch = monkeypatch
        self.servers = []
        for name in ("merged", "apart"):
            (root / name).mkdir()
            self.servers.append(Server(root / name))
        self.rotations = 0
        self.clock = dt.datetime(2026, 5, 1, 1, tzinfo=dt.UTC)
        self.settings = 0

    def each(self, what: str) -> None:
        """Do the same on both."""
        minutes = [self.dice.choice((0, 0, self.dice.randrange(5, 90))) for _ in range(self.dice.randrange(1, 6))]
        if what == "rotate":  # in what order hits of the same second in different logs count, no rule says
            minutes[0] = 5
        moves = [dt.timedelta(minutes=number) for number in minutes]
        for number, server in enumerate(self.servers):
            server.now = self.clock
            {"write": self._write, "rotate": self._rotate, "settings": self._settings}[what](server, moves)
            self.patch.setattr(slice_merging, "FEWEST", _NEVER if number else 2)
            only_import = what == "write" and len(moves) == 1
            server.applied.apply(now=server.now, stages=(Stage.IMPORT,) if only_import else ())
        self.clock = self.servers[0].now + dt.timedelta(hours=self.dice.choice((0, 1, 9)))
        self.rotations += what == "rotate"
        self.settings += what == "settings"

    def _write(self, server: Server, moves: list[dt.timedelta]) -> None:
        for move in moves:
            server.write(f"{server.now + move:%Y-%m-%dT%H:%M:%S}")

    def _rotate(self, server: Server, moves: list[dt.timedelta]) -> None:
        if server.path().exists():
            if self.rotations:
                server.compress(f"access.log.{self.rotations}")
            server.rename("access.log", f"access.log.{self.rotations + 1}")
            server.path(f"access.log.{self.rotations - 1}.gz").unlink(missing_ok=True)
        self._write(server, moves)

    def _settings(self, server: Server, moves: list[dt.timedelta]) -> None:
        bots = "false" if self.settings % 2 else "true"
        server.applied.manifest(f"dates: today\nfilters: {{bots: {bots}}}\n", url="logs/access.log*")
        self._write(server, moves)

    def outcome(self, server: Server) -> tuple[list[str], Accounting, dict[str, bytes]]:
        """Hits, accounts and results; what the number of objects shows in is left out."""
        with Store.open(server.applied.root / ".mtc" / "state.db", readonly=True) as store:
            objects = [item for items in store.history(("docs",)).objects.values() for item in items]
        account = Accounting.total(item.accounting for item in objects)
        files = {path.name: path.read_bytes() for path in (server.applied.root / "csv").iterdir()}
        return server.paths(), account, files

    def objects(self) -> list[int]:
        """How many objects each has."""
        counts = []
        for server in self.servers:
            with Store.open(server.applied.root / ".mtc" / "state.db", readonly=True) as store:
                counts.append(sum(map(len, store.history(("docs",)).objects.values())))
        return counts


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 13))])
def test_merging_changes_nothing(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At random: lines, rotation with compression and deletion, settings, runs that only import."""
    twins = Twins(tmp_path, seed, monkeypatch)
    twins.each("write")
    for _ in range(_ROUNDS if seed == 1 else _MORE_ROUNDS):
        twins.each(twins.dice.choices(("write", "rotate", "settings"), (6, 2, 1))[0])
    twins.each("rotate")
    merged, apart = map(twins.outcome, twins.servers)
    assert merged == apart
    for server in twins.servers:
        server.expect_all()
        plan = server.applied.plan(now=server.now)
        assert {step.verdict for step in plan.steps} == {Verdict.UP_TO_DATE}
        assert [each.disagreements for each in server.applied.verified(now=server.now) if each.disagreements] == []
    few, many = twins.objects()
    assert few < many
