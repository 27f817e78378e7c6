"""UsageStore: counted once for each event, by keys, with marks that name nobody."""

from __future__ import annotations

import asyncio

import pytest

from onboarding.domain.usage import Cell, Group, UsageEvent
from onboarding.ports import UsageRow
from tests.storage.stores import StoreUnderTest, case_id, open_store

ALL = Group()
SALES, NASTY = Group("department", "Sales"), Group("department", "R&D / Söder#?\\ 営業")
GERMANY = Group("country", "DE")
W1, W2 = "2026-W44", "2026-W45"


def event(n: int, week: str = W1, counter: str = "registered:user:email:-") -> UsageEvent:
    return UsageEvent(f"SSGM_{n}_MCDC4/#?_{n}", week, counter)


async def test_an_event_is_counted_once_in_each_group(store: StoreUnderTest):
    events = [event(1), event(2, counter="deleted:user:email:-"), event(1)]
    assert await store.usage.count(case_id(1), (ALL, SALES, GERMANY), events) == 2
    assert await store.usage.count(case_id(1), (ALL, SALES, GERMANY), events) == 0
    # The person has moved: what was counted stays where it was counted.
    assert await store.usage.count(case_id(1), (ALL, NASTY), [*events, event(3)]) == 1
    counted = {"registered:user:email:-": 2, "deleted:user:email:-": 1}
    assert await store.usage.cells([W1], "") == [Cell(W1, ALL, 1, counted)]
    assert await store.usage.cells([W1], "department") == [
        Cell(W1, NASTY, 1, {"registered:user:email:-": 1}),
        Cell(W1, SALES, 1, {"registered:user:email:-": 1, "deleted:user:email:-": 1}),
    ]
    assert await store.usage.cells([W1, W2], "country") == [
        Cell(W1, GERMANY, 1, {"registered:user:email:-": 1, "deleted:user:email:-": 1})
    ]


async def test_weeks_and_people_are_told_apart(store: StoreUnderTest):
    for n in range(12):
        await store.usage.count(case_id(n), (ALL,), [event(2 * n), event(2 * n + 1, W2)])
    assert await store.usage.count(case_id(0), (ALL,), [event(99, W2)]) == 1
    assert await store.usage.cells([W1, W2], "") == [
        Cell(W1, ALL, 12, {"registered:user:email:-": 12}),
        Cell(W2, ALL, 12, {"registered:user:email:-": 13}),
    ]
    assert await store.usage.cells([W2, "2027-W01"], "") == [
        Cell(W2, ALL, 12, {"registered:user:email:-": 13})
    ]
    assert await store.usage.cells([], "") == []
    assert await store.usage.count(case_id(1), (ALL,), []) == 0


async def test_many_events_of_one_person(store: StoreUnderTest):
    events = [event(n) for n in range(170)]
    assert await store.usage.count(case_id(1), (ALL, SALES, GERMANY), events) == 170
    assert await store.usage.count(case_id(1), (ALL, SALES, GERMANY), [*events, event(170)]) == 1
    assert (await store.usage.cells([W1], ""))[0].counts == {"registered:user:email:-": 171}


async def test_readers_at_the_same_time_count_once(store: StoreUnderTest):
    clients = (store, store.second())
    jobs = [
        clients[n % 2].usage.count(case_id(n // 2), (ALL, SALES), [event(n // 2), event(100 + n // 2)])
        for n in range(12)
    ]
    assert sum(await asyncio.gather(*jobs)) == 12
    assert await store.usage.cells([W1], "department") == [
        Cell(W1, SALES, 6, {"registered:user:email:-": 12})
    ]


async def test_marks_go_and_counts_stay(store: StoreUnderTest):
    for n in range(5):
        await store.usage.count(case_id(n), (ALL, SALES), [event(n), event(n + 50, W2)])
    before = await store.usage.cells([W1, W2], "department")
    assert await store.usage.forget_marks(W1, 4) == 4
    assert await store.usage.forget_marks(W1, 100) == 11
    assert await store.usage.forget_marks(W1, 100) == 0
    assert await store.usage.cells([W1, W2], "department") == before
    assert {row.week for row in (await store.usage.walk()).items if row.kind != "count"} == {W2}


@pytest.mark.parametrize("size", [1, 4, 500])
@pytest.mark.parametrize("into", ["embedded", "azure"])
async def test_what_is_walked_can_be_restored(store: StoreUnderTest, size: int, into: str, tmp_path):
    from tests.storage.stores import PLACES

    for n in range(4):
        await store.usage.count(case_id(n), (ALL, NASTY), [event(n), event(n + 50, W2)])
    rows: list[UsageRow] = []
    page: str | None = None
    while True:
        found = await store.usage.walk(page, size)
        assert len(found.items) <= size
        rows += found.items
        if (page := found.next_page) is None:
            break
    assert len([row for row in rows if row.kind == "event"]) == 8
    assert not any(case_id(n) in repr(row) or event(n).id in repr(row) for n in range(4) for row in rows)
    place = tmp_path / "other"
    place.mkdir()
    other = open_store(into, PLACES[into](place))
    try:
        for row in rows * 2:
            await other.usage.restore(row)
        for kind in ("", "department"):
            assert await other.usage.cells([W1, W2], kind) == await store.usage.cells([W1, W2], kind)
        assert await other.usage.count(case_id(2), (ALL, NASTY), [event(2)]) == 0
        assert await other.usage.count(case_id(2), (ALL, NASTY), [event(3000)]) == 1
        assert [cell.people for cell in await other.usage.cells([W1], "")] == [4]
    finally:
        await other.close()
