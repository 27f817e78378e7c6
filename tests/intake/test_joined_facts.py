"""Facts of two cases of one person: which of them hold for the one that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from onboarding.domain.hire import EventType, Phone
from onboarding.domain.lifecycle import State
from onboarding.intake.joining import join
from tests.intake.test_joining import (
    OTHER,
    ask,
    by_ids,
    by_word,
    file,
    file_other,
    hr,
    look,
    said,
    until,
)
from tests.support.doubles import T0, World, hire

LAST_DAY = date(2026, 8, 31)
NUMBERS = (Phone("+49 1512 3456789", "mobile"), Phone("+49 30 1234567", "home"))


@pytest.fixture
def world() -> Iterator[World]:
    opened = World()
    yield opened
    opened.close()


@pytest.mark.parametrize("way", [by_ids, by_word])
@pytest.mark.parametrize("word", ["hired_at", "recorded_at"])
async def test_an_end_before_the_first_day_of_the_newer_hire_is_that_of_the_employment_before(
    world: World, way: Any, word: str
) -> None:
    """Somebody who works there moves to a company of the group that has an HR system of its own."""
    await file(world, hire=hire(start_date=date(2026, 8, 17)))
    await look(world)
    case = await hr(world, EventType.EMPLOYMENT_TERMINATED, end_date=LAST_DAY)
    assert case.hire.end_date == LAST_DAY
    assert case.ends_at is not None
    world.clock.move(hours=1)
    times = {"hired_at": None, word: world.clock.at}
    await file_other(world, hire=hire(employee_id="b-9", start_date=date(2026, 9, 1)), **times)
    if way is by_word:
        await ask(world)
    case = await way(world)
    assert (case.hire.start_date, case.hire.end_date, case.ends_at) == (date(2026, 9, 1), None, None)
    case = await until(world, datetime(2026, 9, 5, tzinfo=UTC))
    assert (case.state, case.withdrawn_at) == (State.FOLLOWING_UP, None)


async def test_an_end_that_is_said_after_the_hire_is_that_of_this_employment(world: World) -> None:
    await file(world, hire=hire(start_date=date(2026, 8, 17)))
    await look(world)
    world.clock.move(hours=1)
    await file_other(world, hired_at=T0, said=said(T0, "bamboohr"))
    await hr(world, EventType.EMPLOYMENT_TERMINATED, OTHER, end_date=LAST_DAY)
    case = await by_ids(world)
    assert (case.hire.end_date, case.ends_at is None) == (LAST_DAY, False)


@pytest.mark.parametrize("way", [by_ids, by_word])
async def test_raw_numbers_do_not_come_back_by_another_case(world: World, way: Any) -> None:
    await file(world)
    await look(world)
    before = await world.case()
    assert before.account is not None
    assert before.hire.phones == ()
    await file_other(world, hire=hire(employee_id="b-9", phones=NUMBERS))
    if way is by_word:
        await ask(world)
    case = await way(world)
    assert (case.hire.phones, case.phone_hash) == ((), before.phone_hash)
    assert (await world.case(OTHER)).hire.phones is None


async def test_numbers_that_the_account_is_made_with_go_on_in_one_case_only(world: World) -> None:
    await file(world, hire=hire(phones=None))
    await file_other(world, hire=hire(employee_id="b-9", phones=NUMBERS))
    lead = await join(world.s, await world.case(), await world.case(OTHER), OTHER, [], world.clock.at)
    again = await join(world.s, lead, await world.case(OTHER), OTHER, [], world.clock.at)
    assert again.hire.phones == NUMBERS
    assert (await world.case(OTHER)).hire.phones is None
