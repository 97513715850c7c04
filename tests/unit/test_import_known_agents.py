"""What is known of user agents is kept from run to run, and never gives another answer than looking would."""

import threading
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from mtc.formats.agents import classify
from mtc.formats.settings import Filters
from mtc.stages.import_.known_agents import KnownAgents
from mtc.stages.import_.line_table import fill_agents

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"
TEXTS = (FIREFOX, "curl/8.5.0", "kube-probe/1.27", 'it\'s "odd", 100 %; \x00é☃', "", "-")

Row = tuple[str, bool, str]


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def store(folder: Path, most: int = 1000) -> KnownAgents:
    """As a new run opens it."""
    return KnownAgents(folder, folder / "tmp", most)


def filled(connection: duckdb.DuckDBPyConnection, known: KnownAgents | None, texts: Sequence[str] = TEXTS) -> list[Row]:
    """What the table `agents` says after lines with these texts."""
    connection.execute("CREATE OR REPLACE TEMP TABLE agent_hits AS SELECT unnest(?) AS user_agent", [[*texts]])
    fill_agents(connection, Filters(), known)
    return connection.execute("SELECT user_agent, bot, browser FROM agents ORDER BY ALL").fetchall()


def looked_up(texts: Sequence[str] = TEXTS) -> list[Row]:
    return sorted((text, agent.bot, agent.browser) for text, agent in zip(texts, classify(texts), strict=True))


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("agents/*/*.parquet"))


def plant(connection: duckdb.DuckDBPyConnection, known: KnownAgents, *texts: str, browser: str = "Planted") -> None:
    """Keep an answer that nobody would give, to see where an answer comes from."""
    filled(connection, None, texts)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE planted AS SELECT * REPLACE ('{browser}' AS browser) FROM agents")
    known.store(connection, "planted")


def test_a_later_run_knows_what_an_earlier_one_decided(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The answers are those of looking; nothing is written where nothing is new."""
    assert filled(connection, store(tmp_path)) == looked_up()
    kept = files(tmp_path)
    assert len(kept) == 1
    assert filled(connection, store(tmp_path)) == looked_up()
    assert files(tmp_path) == kept
    assert not list((tmp_path / "tmp").iterdir())


def test_what_is_known_is_not_decided_again(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A text beside it that is new is."""
    plant(connection, store(tmp_path), FIREFOX)
    assert {browser for _, _, browser in filled(connection, store(tmp_path), [FIREFOX])} == {"Planted"}
    assert ("curl/8.5.0", True, "Unknown") in filled(connection, store(tmp_path))


def damaged(data: bytes) -> list[bytes]:
    """A file as a disk or a power cut may leave it."""
    flipped = [data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :] for at in range(0, len(data), len(data) // 12)]
    return [*flipped, b"", data[: len(data) // 2], data + b"\0", b"\0" * len(data), b"no parquet"]


def test_a_damaged_file_is_left_out_and_made_again(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Wherever the damage is; there is no error, and no wrong answer."""
    filled(connection, store(tmp_path))
    (file,) = files(tmp_path)
    for data in damaged(file.read_bytes()):
        for each in files(tmp_path):
            each.unlink()
        file.write_bytes(data)
        assert filled(connection, store(tmp_path)) == looked_up()
        assert filled(connection, store(tmp_path)) == looked_up()
        assert len(files(tmp_path)) == 1


def test_what_other_versions_decided_is_removed(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """And what is no file of ours."""
    plant(connection, store(tmp_path), FIREFOX)
    ours = next((tmp_path / "agents").iterdir())
    ours.rename(ours.with_name("0" * 32))
    assert filled(connection, store(tmp_path)) == looked_up()
    assert len(list((tmp_path / "agents").iterdir())) == 1
    (ours / ".half.tmp").write_bytes(b"")
    assert filled(connection, store(tmp_path)) == looked_up()
    assert not (ours / ".half.tmp").exists()


def test_a_text_that_two_files_hold_is_one_row(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Steps side by side may decide upon the same text; its hits must not double."""
    plant(connection, store(tmp_path), FIREFOX, browser="One")
    plant(connection, store(tmp_path), FIREFOX, browser="Two")
    assert len(files(tmp_path)) == 2
    assert len(filled(connection, store(tmp_path), [FIREFOX])) == 1


def test_files_are_made_into_one_now_and_then(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """With the newest rows, and no more than a limit."""
    for number in range(30):
        plant(connection, store(tmp_path, most=10), f"agent {number}", "always")
        assert len(files(tmp_path)) <= 9
    rows = [row for file in files(tmp_path) for row in connection.read_parquet(str(file)).fetchall()]
    assert len(rows) <= 10 + 8 * 2
    assert filled(connection, store(tmp_path), ["agent 29"])[0][2] == "Planted"
    assert filled(connection, store(tmp_path), ["agent 0"])[0][2] == "Unknown"


def test_very_long_texts_are_not_kept(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A stranger may send megabytes."""
    plant(connection, store(tmp_path), "x" * 501)
    assert filled(connection, store(tmp_path), ["x" * 501])[0][2] == "Unknown"


def test_where_nothing_can_be_kept_all_goes_on(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A file where the folder should be stands for a disk that is full or only to be read."""
    (tmp_path / "tmp").write_bytes(b"")
    assert filled(connection, store(tmp_path)) == looked_up()
    (tmp_path / "agents").write_bytes(b"")
    assert filled(connection, store(tmp_path)) == looked_up()


def test_steps_side_by_side_share_what_is_known(tmp_path: Path) -> None:
    """Each has a connection of its own; nothing is lost, and no answer is another's."""
    known, wrong = store(tmp_path), []

    def work(number: int) -> None:
        connection = duckdb.connect()
        for turn in range(6):
            texts = [FIREFOX, f"agent {number}", f"agent {number} {turn}"]
            if filled(connection, known, texts) != looked_up(texts):
                wrong.append((number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(filled(duckdb.connect(), store(tmp_path), [FIREFOX])) == 1
