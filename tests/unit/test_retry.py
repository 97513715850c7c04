"""Which errors are retried, and the pauses between attempts."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.errors import ObjectChangedError, PermanentError, StateError, TransientError, UsageError
from mtc.core.retry import RetryPolicy, may_pass


def pause(first: float, attempt: int, seed: int) -> float:
    return RetryPolicy(first_pause=first, jitter=random.Random(seed)).pause(attempt)


@pytest.mark.parametrize(
    "error",
    [TransientError("503"), ObjectChangedError("gone"), ConnectionResetError(), BrokenPipeError(), TimeoutError()],
)
def test_transient_errors_are_retried(error: Exception) -> None:
    """Examples are a busy service, a broken connection, and an object that changed."""
    assert may_pass(error)


@pytest.mark.parametrize(
    "error",
    [PermanentError("no"), UsageError("no"), StateError("no"), PermissionError(), FileNotFoundError(), ValueError()],
)
def test_permanent_errors_are_not_retried(error: Exception) -> None:
    """An invalid credential, a corrupt object or a bug would fail in the same way again."""
    assert not may_pass(error)


@given(first=st.floats(0, 86_400), attempt=st.integers(1, 1_000), seed=st.integers())
def test_no_pause_is_longer_than_a_minute_and_a_half(first: float, attempt: int, seed: int) -> None:
    """Neither the manifest nor the number of attempts changes the limit."""
    assert 0 <= pause(first, attempt, seed) <= 90


@given(attempt=st.integers(1, 5), seed=st.integers())
def test_pauses_double_and_vary_by_half_either_way(attempt: int, seed: int) -> None:
    """Two, four, eight seconds; concurrent runs do not retry at the same moment."""
    whole = 2.0 * 2 ** (attempt - 1)
    assert whole / 2 <= pause(2.0, attempt, seed) <= whole * 1.5


def test_a_back_off_of_zero_does_not_wait() -> None:
    """Tests use it."""
    assert pause(0, 3, 1) == 0


def test_two_clients_wait_for_different_times() -> None:
    """Pauses have jitter."""
    assert len({pause(2.0, 1, seed) for seed in range(20)}) == 20
