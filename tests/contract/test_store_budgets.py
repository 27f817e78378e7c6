"""Budgets over every store: several instances together keep to them, and one that dies takes a second with it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from onboarding.domain.pacing import AHEAD_SECONDS, Budget
from onboarding.errors import StoreConflict, Throttled
from onboarding.ports.budgets import DIRECTORY_WRITES, REPORTS
from onboarding.storage.budgets import PREFIX, StoredBudgets
from tests.storage.stores import StoreUnderTest


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 28, 9, tzinfo=UTC)

    async def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


async def test_two_instances_share_one_budget(store: StoreUnderTest):
    clock = Hand()
    instances = [StoredBudgets(each.cases, clock) for each in (store, store.second())]
    blocks = await asyncio.gather(*(instances[n % 2].lease(DIRECTORY_WRITES, 7) for n in range(12)))
    moments = sorted(at for block in blocks for at in block)
    assert len(moments) == 84
    gaps = [later - sooner for sooner, later in pairwise(moments)]
    assert min(gaps) == pytest.approx(1 / 19, abs=1e-4)
    assert max(gaps) == pytest.approx(1 / 19, abs=1e-4)


async def test_reports_come_five_at_once_and_then_wait_for_the_window(store: StoreUnderTest):
    clock = Hand()
    one, two = StoredBudgets(store.cases, clock), StoredBudgets(store.second().cases, clock)
    assert await one.lease(REPORTS, 3) == pytest.approx([0, 0, 0])
    assert await two.lease(REPORTS, 9) == pytest.approx([0, 0, 10, 10, 10], abs=1e-4)
    clock.at += timedelta(seconds=4)
    assert await one.lease(REPORTS, 1) == pytest.approx([6], abs=1e-4)


async def test_the_block_of_an_instance_that_died_expires(store: StoreUnderTest):
    clock = Hand()
    dead, living = StoredBudgets(store.cases, clock), StoredBudgets(store.second().cases, clock)
    await dead.lease(DIRECTORY_WRITES, 40)
    assert (await living.lease(DIRECTORY_WRITES, 1))[0] == pytest.approx(1.0, abs=1e-3)
    clock.at += timedelta(seconds=2)
    assert await living.lease(DIRECTORY_WRITES, 1) == pytest.approx([0])


async def test_what_the_service_asked_for_holds_everybody(store: StoreUnderTest):
    clock = Hand()
    told, other = StoredBudgets(store.cases, clock), StoredBudgets(store.second().cases, clock)
    await told.hold(DIRECTORY_WRITES, 12.5)
    assert await other.lease(DIRECTORY_WRITES, 1) == pytest.approx([12.5], abs=1e-4)


async def test_a_wait_that_is_long_is_for_the_caller_to_plan_and_takes_nothing(store: StoreUnderTest):
    clock = Hand()
    budgets = StoredBudgets(store.cases, clock)
    await budgets.hold(DIRECTORY_WRITES, AHEAD_SECONDS + 20)
    before = await store.cases.read_marker(PREFIX + DIRECTORY_WRITES.name)
    with pytest.raises(Throttled) as spent:
        await budgets.lease(DIRECTORY_WRITES, 5)
    assert spent.value.retry_after == pytest.approx(AHEAD_SECONDS + 20, abs=1e-3)
    assert await store.cases.read_marker(PREFIX + DIRECTORY_WRITES.name) == before


async def test_a_row_that_others_always_write_first_is_no_conflict_of_the_case(store: StoreUnderTest):
    """StoreConflict would make the runner load the case again, for ever."""

    async def write_marker(name: str, value: object, etag: str | None) -> None:
        raise StoreConflict("always")

    store.cases.write_marker = write_marker  # type: ignore[method-assign,assignment]
    with pytest.raises(Throttled):
        await StoredBudgets(store.cases, Hand()).lease(Budget("x", 1, 1.0), 1)
