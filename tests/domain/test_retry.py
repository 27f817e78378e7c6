"""When a step is tried again: full jitter from 5 s to 4 h, Retry-After as a floor, 72 hours in all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain.policy import RetryPolicy
from onboarding.domain.retry import GiveUp, TryAt, decide
from tests.support.doubles import T0

POLICY = RetryPolicy()


def delay(attempts: int, fraction: float, retry_after: float | None = None) -> float:
    decision = decide(
        POLICY, attempts=attempts, first_failed_at=T0, now=T0, fraction=fraction, retry_after=retry_after
    )
    assert isinstance(decision, TryAt)
    return (decision.when - T0).total_seconds()


@pytest.mark.parametrize(
    ("attempts", "ceiling"), [(1, 5), (2, 10), (3, 20), (12, 10240), (13, 14400), (10**6, 14400)]
)
def test_the_ceiling_doubles_from_5_seconds_to_4_hours(attempts: int, ceiling: float) -> None:
    assert delay(attempts, 0.0) == 0
    assert delay(attempts, 0.5) == ceiling / 2
    assert delay(attempts, 0.999) == pytest.approx(ceiling, rel=0.01)


@pytest.mark.parametrize(("asked", "waited"), [(None, 2.5), (0.4, 2.5), (2.75, 2.75), (36000.0, 36000.0)])
def test_what_the_other_side_asked_for_is_a_floor_decimals_included(
    asked: float | None, waited: float
) -> None:
    assert delay(1, 0.5, asked) == waited


@pytest.mark.parametrize(("hours", "gives_up"), [(0, False), (71.999, False), (72, True), (1000, True)])
def test_after_72_hours_without_success_an_operator_takes_over(hours: float, gives_up: bool) -> None:
    now = T0 + timedelta(hours=hours)
    decision = decide(POLICY, attempts=3, first_failed_at=T0, now=now, fraction=0.5)
    assert isinstance(decision, GiveUp) is gives_up


@given(
    attempts=st.integers(1, 10**9),
    fraction=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.floats(0, 10**6),
)
def test_never_before_what_was_asked_and_never_over_both_bounds(
    attempts: int, fraction: float, asked: float | None
) -> None:
    waited = delay(attempts, fraction, asked)
    assert waited >= (asked or 0) - 1e-6
    assert waited <= max(4 * 3600, asked or 0) + 1e-6
