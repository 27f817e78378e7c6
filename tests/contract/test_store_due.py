"""CaseStore: the due index. A row follows the case's next action; whoever postpones it first has it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from onboarding.domain.records import NextAction
from onboarding.ports import DueRow
from tests.storage.stores import T0, StoreUnderTest, case_id, make_case

TICK = timedelta(microseconds=1)


async def put(store: StoreUnderTest, n: int, when: datetime | None) -> None:
    case = await store.cases.get(case_id(n))
    fresh = case is None
    case = case or make_case(n)
    case.next_action = NextAction("look", when, "x")
    await (store.cases.create(case) if fresh else store.cases.save(case))


async def test_the_row_follows_the_next_action(store: StoreUnderTest):
    await put(store, 1, None)
    assert await store.cases.due(T0, 9) == []
    await put(store, 1, T0)
    assert await store.cases.due(T0, 9) == [DueRow(case_id(1), T0)]
    await put(store, 1, T0 - timedelta(days=1))
    assert await store.cases.due(T0, 9) == [DueRow(case_id(1), T0 - timedelta(days=1))]
    await put(store, 1, None)
    assert await store.cases.due(T0, 9) == []


async def test_due_means_at_or_before(store: StoreUnderTest):
    await put(store, 1, T0)
    assert await store.cases.due(T0 - TICK, 9) == []
    assert await store.cases.due(T0, 9) == [DueRow(case_id(1), T0)]
    assert len(await store.cases.due(T0 + TICK, 9)) == 1


async def test_the_day_after_28_february_is_29_february_in_a_leap_year(store: StoreUnderTest):
    leap, march = datetime(2028, 2, 29, 12, tzinfo=UTC), datetime(2028, 3, 1, 12, tzinfo=UTC)
    await put(store, 1, march)
    await put(store, 2, leap)
    rows = await store.cases.due(datetime(2028, 2, 29, 23, 59, tzinfo=UTC), 9)
    assert rows == [DueRow(case_id(2), leap)]


async def test_oldest_first_and_never_more_than_asked(store: StoreUnderTest):
    for n in (5, 3, 8, 1):
        await put(store, n, T0 + n * TICK)
    rows = await store.cases.due(T0 + timedelta(days=1), 3)
    assert [row.case_id for row in rows] == [case_id(1), case_id(3), case_id(5)]
    assert await store.cases.due(T0 + timedelta(days=1), 0) == []


async def test_postponing_page_after_page_visits_every_row_once(store: StoreUnderTest):
    total, now = 37, T0 + timedelta(hours=1)
    # Many with the very same time: a page must not depend on times being different.
    await asyncio.gather(*(put(store, n, T0 + (n % 3) * TICK) for n in range(total)))
    seen: list[str] = []
    while rows := await store.cases.due(now, 10):
        for row in rows:
            assert await store.cases.postpone(row, now + timedelta(minutes=15))
            seen.append(row.case_id)
    assert sorted(seen) == [case_id(n) for n in range(total)]
    assert len(await store.cases.due(now + timedelta(minutes=15), 100)) == total


async def test_of_many_who_postpone_one_row_exactly_one_has_it(store: StoreUnderTest):
    await put(store, 1, T0)
    clients = (store, store.second())
    (row,) = await store.cases.due(T0, 9)
    won = await asyncio.gather(
        *(clients[n % 2].cases.postpone(row, T0 + timedelta(minutes=15 + n)) for n in range(16))
    )
    assert sum(won) == 1


async def test_a_row_that_moved_or_went_is_not_postponed(store: StoreUnderTest):
    await put(store, 1, T0)
    (row,) = await store.cases.due(T0, 9)
    await put(store, 1, T0 - TICK)
    assert not await store.cases.postpone(row, T0 + timedelta(hours=1))
    assert await store.cases.due(T0, 9) == [DueRow(case_id(1), T0 - TICK)]
    await put(store, 1, None)
    assert not await store.cases.postpone(DueRow(case_id(1), T0 - TICK), T0)
    assert not await store.cases.postpone(DueRow(case_id(9), T0), T0)
    assert await store.cases.due(T0, 9) == []


async def test_a_save_after_a_postpone_sets_the_row_back_to_the_case(store: StoreUnderTest):
    await put(store, 1, T0)
    (row,) = await store.cases.due(T0, 9)
    await store.cases.postpone(row, T0 + timedelta(minutes=15))
    case = await store.cases.get(case_id(1))
    assert case is not None
    await store.cases.save(case)
    assert await store.cases.due(T0, 9) == [row]


async def test_a_postponed_row_comes_back_by_the_time_it_is_asked_with_not_by_real_time(
    store: StoreUnderTest,
):
    await put(store, 1, T0)
    (row,) = await store.cases.due(T0, 9)
    until = T0 + timedelta(days=400)
    assert await store.cases.postpone(row, until)
    assert await store.cases.due(until - TICK, 9) == []
    assert await store.cases.due(until, 9) == [DueRow(case_id(1), until)]
    with pytest.raises(ValueError, match="zone"):
        await store.cases.postpone(DueRow(case_id(1), until), until.replace(tzinfo=None))
