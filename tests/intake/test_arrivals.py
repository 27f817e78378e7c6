"""One hire of many, or a single one: judged over all instances, by one row a source."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from onboarding.errors import StoreConflict, Unavailable
from onboarding.intake.arrivals import BULK_AFTER, PREFIX, TELL, Arrivals
from onboarding.ports import BULK_QUEUE, WORK_QUEUE
from tests.storage.stores import FACTORIES, PLACES, T0, StoreUnderTest, open_store


@pytest.fixture(params=sorted(FACTORIES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StoreUnderTest]:
    opened = open_store(request.param, PLACES[request.param](tmp_path))
    yield opened
    await opened.close_all()


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[StoreUnderTest]:
    opened = open_store("embedded", PLACES["embedded"](tmp_path))
    yield opened
    await opened.close_all()


async def test_many_instances_that_see_a_few_each_know_a_mass_arrival(store: StoreUnderTest) -> None:
    """Ten instances, and each sees nine, of which it tells the fifth: no one of them would call it many."""
    instances = [(Arrivals(), each) for each in [store, store.second()] * 5]
    queues = []
    for turn in range(9):
        for arrivals, each in instances:
            now = T0 + timedelta(seconds=10 + turn)
            queues.append(await arrivals.queue_for(each.cases, "acme", now))
    assert queues[:BULK_AFTER] == [WORK_QUEUE] * BULK_AFTER
    assert queues.count(BULK_QUEUE) >= 30
    assert await instances[0][0].queue_for(store.cases, "other", T0 + timedelta(seconds=9)) == WORK_QUEUE


async def test_a_minute_after_the_last_of_many_a_hire_is_single_again(here: StoreUnderTest) -> None:
    arrivals = Arrivals()
    for _ in range(200):
        last = await arrivals.queue_for(here.cases, "acme", T0)
    assert last == BULK_QUEUE
    assert await arrivals.queue_for(here.cases, "acme", T0 + timedelta(seconds=59)) == BULK_QUEUE
    later = T0 + timedelta(seconds=125)
    assert await arrivals.queue_for(here.cases, "acme", later) == WORK_QUEUE
    assert await Arrivals().queue_for(here.cases, "acme", later) == WORK_QUEUE


async def test_a_mass_arrival_lasts_as_long_as_it_goes_on(here: StoreUnderTest) -> None:
    arrivals = Arrivals()
    queues = [
        await arrivals.queue_for(here.cases, "acme", T0 + timedelta(seconds=second // 2))
        for second in range(1200)
    ]
    assert set(queues[BULK_AFTER:]) == {BULK_QUEUE}


async def test_one_delivery_with_many_events_is_a_mass_arrival(here: StoreUnderTest) -> None:
    assert await Arrivals().queue_for(here.cases, "acme", T0, BULK_AFTER) == WORK_QUEUE
    assert await Arrivals().queue_for(here.cases, "beta", T0, BULK_AFTER + 1) == BULK_QUEUE


async def test_single_hires_cost_nothing_and_a_thousand_cost_a_dozen_rows(here: StoreUnderTest) -> None:
    asked = 0
    read = here.cases.read_marker

    async def counted(name: str) -> object:
        nonlocal asked
        asked += 1
        return await read(name)

    here.cases.read_marker = counted  # type: ignore[method-assign,assignment]
    arrivals = Arrivals()
    for hour in range(TELL - 1):
        await arrivals.queue_for(here.cases, "acme", T0 + timedelta(hours=hour))
    assert asked == 0
    for number in range(1000):
        await arrivals.queue_for(here.cases, "acme", T0 + timedelta(days=1, seconds=number / 50))
    assert asked <= 12


async def test_five_hires_in_five_hours_are_not_five_in_a_minute(here: StoreUnderTest) -> None:
    arrivals = Arrivals()
    for hour in range(40):
        assert await arrivals.queue_for(here.cases, "acme", T0 + timedelta(hours=hour)) == WORK_QUEUE
    assert await here.cases.read_marker(PREFIX + "acme") is None


@pytest.mark.parametrize("error", [Unavailable("down"), StoreConflict("busy")])
async def test_a_store_that_does_not_answer_changes_nothing_but_what_others_know(
    here: StoreUnderTest, error: Exception
) -> None:
    async def broken(*args: object) -> None:
        raise error

    write, here.cases.write_marker = here.cases.write_marker, broken  # type: ignore[method-assign,assignment]
    arrivals = Arrivals()
    queues = [await arrivals.queue_for(here.cases, "acme", T0) for _ in range(30)]
    assert queues == [WORK_QUEUE] * BULK_AFTER + [BULK_QUEUE] * 10
    here.cases.write_marker = write  # type: ignore[method-assign]
    await arrivals.queue_for(here.cases, "acme", T0)
    marker = await here.cases.read_marker(PREFIX + "acme")
    assert marker is not None
    assert marker.value["count"] == 31, "what could not be told is told later"


async def test_arrivals_survive_a_clock_that_is_set_back(here: StoreUnderTest) -> None:
    arrivals = Arrivals()
    for _ in range(100):
        await arrivals.queue_for(here.cases, "acme", T0.replace(year=2032))
    assert await arrivals.queue_for(here.cases, "acme", T0) == WORK_QUEUE
    assert len(arrivals._sources["acme"].seen) == 1
