"""CaseStore: the case and its timeline, compare-and-swap on every write."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, TimelineEntry
from onboarding.errors import StoreConflict
from onboarding.ports import CaseQuery
from tests.storage.stores import NAMES, T0, StoreUnderTest, case_id, full_case, make_case


def line(n: int = 0, **detail: str) -> TimelineEntry:
    return TimelineEntry(T0 + timedelta(microseconds=n), "service", f"action_{n}", detail)


async def test_a_case_comes_back_as_it_was_written(store: StoreUnderTest):
    written = await store.cases.create(full_case())
    assert written.etag
    assert await store.cases.get(case_id(1)) == written


@pytest.mark.parametrize("names", NAMES, ids=range(len(NAMES)))
async def test_any_name_survives(store: StoreUnderTest, names: tuple[str | None, str | None, str | None]):
    display, given, family = names
    case = make_case(display_name=display, given_name=given, family_name=family, employee_id=given)
    await store.cases.create(case)
    read = await store.cases.get(case_id(1))
    assert read is not None
    assert read.hire == case.hire
    page = await store.cases.search(CaseQuery())
    assert len(page.items) == 1


async def test_an_unknown_case_is_none(store: StoreUnderTest):
    assert await store.cases.get(case_id(9)) is None
    assert await store.cases.get("") is None
    assert await store.cases.get("c_' OR '1'='1") is None


async def test_those_that_are_there_are_told_from_the_others(store: StoreUnderTest):
    for number in (1, 2):
        await store.cases.create(make_case(number))
    asked = {case_id(1), case_id(2), case_id(9), "", "c_' OR '1'='1", "c_\u2068"}
    assert await store.cases.there(asked) == {case_id(1), case_id(2)}
    assert await store.cases.there(()) == set()


async def test_create_refuses_an_id_that_exists_and_writes_nothing(store: StoreUnderTest):
    await store.cases.create(make_case(employee_id="first"), [line(1)])
    again = make_case(employee_id="second")
    with pytest.raises(StoreConflict):
        await store.cases.create(again, [line(2)])
    assert again.etag is None
    read = await store.cases.get(case_id(1))
    assert read is not None
    assert read.hire.employee_id == "first"
    assert [entry.action for entry in await store.cases.timeline(case_id(1))] == ["action_1"]


async def test_save_returns_the_same_case_with_a_new_etag_each_time(store: StoreUnderTest):
    case = await store.cases.create(make_case())
    seen = {case.etag}
    for _ in range(3):
        saved = await store.cases.save(case)
        assert saved is case
        seen.add(saved.etag)
    assert len(seen) == 4
    read = await store.cases.get(case_id(1))
    assert read is not None
    assert read.etag == case.etag


async def test_a_stale_save_is_refused_and_leaves_no_trace(store: StoreUnderTest):
    first = await store.cases.create(make_case(display_name="Alt"), [line(1)])
    second = await store.cases.get(case_id(1))
    assert second is not None
    first.next_action = NextAction("look", T0, "x")
    await store.cases.save(first, [line(2)])

    second.hire.merged(second.hire, newer=True)
    second.state, second.next_action = State.BLOCKED, NextAction("stale", T0 - timedelta(days=1), "y")
    stale = second.etag
    with pytest.raises(StoreConflict):
        await store.cases.save(second, [line(3)])

    assert second.etag == stale
    assert await store.cases.get(case_id(1)) == first
    assert [entry.action for entry in await store.cases.timeline(case_id(1))] == ["action_1", "action_2"]
    assert [row.when for row in await store.cases.due(T0, 9)] == [T0]
    assert await store.cases.counts() == {"received": 1}


@pytest.mark.parametrize("etag", [None, "", "0", "999", "W/\"datetime'2028'\"", "1 ", "١", "9" * 40])
async def test_save_needs_the_etag_that_was_read(store: StoreUnderTest, etag: str | None):
    await store.cases.create(make_case())
    case = make_case(display_name="never written")
    case.etag = etag
    with pytest.raises(StoreConflict):
        await store.cases.save(case)
    read = await store.cases.get(case_id(1))
    assert read is not None
    assert read.hire.display_name is None


async def test_save_of_a_case_that_is_not_there_is_refused(store: StoreUnderTest):
    case = await store.cases.create(make_case(1))
    missing = make_case(2)
    missing.etag = case.etag
    with pytest.raises(StoreConflict):
        await store.cases.save(missing)
    assert await store.cases.get(case_id(2)) is None


async def test_what_is_written_is_the_case_as_it_was_handed_over(store: StoreUnderTest):
    case = await store.cases.create(make_case(employee_id="before"))
    saving = asyncio.ensure_future(store.cases.save(case))
    await asyncio.sleep(0)
    case.refused_names.append("added while it was being written")
    await saving
    read = await store.cases.get(case_id(1))
    assert read is not None
    assert read.refused_names == []


async def test_concurrent_saves_lose_nothing(store: StoreUnderTest):
    await store.cases.create(make_case())
    clients = (store, store.second())

    async def add(client: StoreUnderTest) -> None:
        while True:
            case = await client.cases.get(case_id(1))
            assert case is not None
            case.episode += 1
            try:
                await client.cases.save(case, [line()])
                return
            except StoreConflict:
                continue

    await asyncio.gather(*(add(clients[n % 2]) for n in range(20)))
    read = await store.cases.get(case_id(1))
    assert read is not None
    assert read.episode == 21
    assert len(await store.cases.timeline(case_id(1))) == 20


async def test_of_two_saves_of_one_reading_exactly_one_wins(store: StoreUnderTest):
    await store.cases.create(make_case())
    readings = [await store.cases.get(case_id(1)) for _ in range(8)]
    results = await asyncio.gather(
        *(store.cases.save(case) for case in readings if case), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert sum(isinstance(result, StoreConflict) for result in results) == 7


async def test_the_timeline_is_oldest_first_and_keeps_the_newest(store: StoreUnderTest):
    case = await store.cases.create(make_case(1), [line(0), line(1)])
    await store.cases.create(make_case(2), [line(77)])
    await store.cases.save(case, [line(n, code="ok", count=str(n)) for n in range(2, 12)])
    actions = [entry.action for entry in await store.cases.timeline(case_id(1))]
    assert actions == [f"action_{n}" for n in range(12)]
    newest = await store.cases.timeline(case_id(1), limit=3)
    assert newest == [line(n, code="ok", count=str(n)) for n in (9, 10, 11)]
    assert await store.cases.timeline(case_id(1), limit=0) == []
    assert await store.cases.timeline(case_id(9)) == []


@pytest.mark.parametrize(
    "when",
    [
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2028, 2, 29, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, fold=0, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    ],
    ids=str,
)
async def test_a_time_is_kept_to_the_microsecond_in_utc(store: StoreUnderTest, when: datetime):
    case = make_case(at=when)
    case.next_action = NextAction("look", when, "x")
    await store.cases.create(case)
    instant = when.astimezone(UTC)
    (row,) = await store.cases.due(datetime.max.replace(tzinfo=UTC), 9)
    (item,) = (await store.cases.search(CaseQuery())).items
    read = await store.cases.get(case_id(1))
    assert read is not None
    assert (read.next_action.when, read.updated_at) == (instant, instant)
    for kept in (row.when, item.next_when, item.updated_at):
        assert kept == instant
        assert kept is not None
        assert kept.utcoffset() == timedelta(0)


async def test_a_time_without_zone_is_refused_before_anything_is_written(store: StoreUnderTest):
    naive = T0.replace(tzinfo=None)
    case = make_case()
    case.next_action = NextAction("look", naive, "x")
    with pytest.raises(ValueError, match="zone"):
        await store.cases.create(case, [line()])
    with pytest.raises(ValueError, match="zone"):
        await store.cases.due(naive, 1)
    assert await store.cases.get(case_id(1)) is None
    assert await store.cases.timeline(case_id(1)) == []


async def test_a_second_client_sees_what_was_answered(store: StoreUnderTest):
    other = store.second()
    case = await store.cases.create(make_case())
    for n in range(20):
        case.episode = n
        await store.cases.save(case)
        read = await other.cases.get(case_id(1))
        assert read is not None
        assert read.episode == n


async def test_counts_are_by_state(store: StoreUnderTest):
    assert await store.cases.counts() == {}
    for n, state in enumerate((State.RECEIVED, State.BLOCKED, State.BLOCKED)):
        await store.cases.create(make_case(n, state=state))
    assert await store.cases.counts() == {"received": 1, "blocked": 2}
    case = await store.cases.get(case_id(1))
    assert case is not None
    case.state = State.CLOSED
    await store.cases.save(case)
    assert await store.cases.counts() == {"received": 1, "blocked": 1, "closed": 1}


async def test_a_store_that_works_answers_the_ping(store: StoreUnderTest):
    for _ in range(3):
        await store.cases.ping()
    await asyncio.gather(*(store.cases.ping() for _ in range(10)))
