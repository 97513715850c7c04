"""What all tests share: `--slow` for the longer rounds."""

import signal

import prefork
import pytest
from hypothesis import settings

settings.register_profile("suite", derandomize=True)  # a change is to blame for what fails, not the dice
settings.register_profile("measured", settings.get_profile("suite"), deadline=None)  # coverage takes its time


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--slow`."""
    parser.addoption("--slow", action="store_true", help="run the longer rounds of crash and fuzz tests as well")


def pytest_configure(config: pytest.Config) -> None:
    """Draw the same examples in every run; with `--slow`, new ones.

    A hang-up and an interrupt are heard, also where `nohup` or a shell's background job ignores them.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not config.getoption("--slow"):
        settings.load_profile("measured" if config.getoption("cov_source", None) else "suite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked `slow`, unless it is asked for."""
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="a longer round: --slow"))


def pytest_sessionfinish() -> None:
    """End the processes that tests forked from."""
    prefork.stop()
