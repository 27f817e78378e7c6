"""Grants of a shared budget: never more than the budget in any stretch of its length, and nothing is owed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain.pacing import AHEAD_SECONDS, ASTRAY_SECONDS, Budget, grants, held
from onboarding.ports.budgets import DIRECTORY_WRITES, REPORTS

NOW = 1_790_000_000.0
#: Of a float at this magnitude.
TICK = 1e-6


def crowded(budget: Budget, sent: list[float]) -> bool:
    """More than the budget within a stretch of its length."""
    return any(
        later - sooner < budget.seconds - TICK
        for sooner, later in zip(sent, sent[budget.amount :], strict=False)
    )


@pytest.mark.parametrize("budget", [DIRECTORY_WRITES, REPORTS, Budget("x", 3, 2.0)], ids=lambda b: b.name)
@given(steps=st.lists(st.tuples(st.integers(1, 40), st.floats(0, 15)), max_size=30))
def test_no_stretch_holds_more_than_the_budget(budget: Budget, steps: list[tuple[int, float]]) -> None:
    now, kept, sent = NOW, list[float](), list[float]()
    for wanted, pause in steps:
        found, keep = grants(budget, kept, now, wanted)
        assert 1 <= len(found) <= min(wanted, budget.block)
        assert found[0] >= now
        if found[0] - now <= AHEAD_SECONDS:
            sent, kept = [*sent, *found], keep
        now += pause
    assert sent == sorted(sent)
    assert not crowded(budget, sent)


def test_whoever_takes_every_block_sends_at_the_full_rate() -> None:
    now, kept, sent = NOW, list[float](), list[float]()
    while len(sent) < 1900:
        found, kept = grants(DIRECTORY_WRITES, kept, now, 40)
        sent += found
        now = found[-1]
    assert sent[-1] - NOW == pytest.approx(100.0, abs=0.2)


def test_a_budget_that_rested_is_not_made_up_for() -> None:
    _, kept = grants(DIRECTORY_WRITES, [], NOW, 19)
    found, _ = grants(DIRECTORY_WRITES, kept, NOW + 3600, 19)
    assert found[0] == NOW + 3600
    assert found[-1] - found[0] == pytest.approx(18 / 19)


def test_the_grants_of_a_process_that_died_expire() -> None:
    """Nothing gives them back: their time passes, and the next grant is not later for it than by a block."""
    _, kept = grants(DIRECTORY_WRITES, [], NOW, 40)
    found, _ = grants(DIRECTORY_WRITES, kept, NOW + 1.0, 1)
    assert found == pytest.approx([NOW + 1.0], abs=TICK)


def test_a_hold_delays_everybody_and_a_shorter_one_takes_nothing_back() -> None:
    for budget in (DIRECTORY_WRITES, REPORTS):
        _, kept = grants(budget, [], NOW, 3)
        kept = held(budget, kept, NOW, 8.5)
        kept = held(budget, kept, NOW, 2.0)
        assert grants(budget, kept, NOW + 1, 1)[0] == [pytest.approx(NOW + 8.5)]


def test_a_clock_that_was_set_back_does_not_stop_everything() -> None:
    _, kept = grants(REPORTS, [], NOW, 5)
    assert grants(REPORTS, kept, NOW - ASTRAY_SECONDS - 1, 1)[0] == [NOW - ASTRAY_SECONDS - 1]
