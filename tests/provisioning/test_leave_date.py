"""employeeLeaveDateTime follows HR's last day, and only as far as this service wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.domain.records import StepStatus
from onboarding.errors import PermissionMissing, Unavailable
from onboarding.operate import work
from onboarding.operate.actions import Ask, act
from onboarding.ports import WorkMessage
from tests.support.doubles import CASE_ID, Killed, World, drive, sides
from tests.support.full_policy import full_case, full_world
from tests.support.hr_says import says

FIRST = datetime(2027, 1, 31, 23, tzinfo=UTC)
LATER = datetime(2027, 12, 31, 23, tzinfo=UTC)
OTHERS = datetime(2026, 11, 30, 16, tzinfo=UTC)


@pytest.fixture
def world() -> Iterator[World]:
    made = full_world()
    yield made
    made.close()


async def followed(world: World, end: date | None = date(2027, 1, 31)) -> Case:
    """A contractor at work, for a month."""
    await world.file(full_case(hire={"end_date": end}))
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    world.clock.move(days=30)
    return case


async def look(world: World) -> Case:
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    return await world.case()


async def moved(world: World, **changes: Any) -> Case:
    await says(world, EventType.HIRE_UPDATED, **changes)
    return await look(world)


def dates(world: World) -> list[datetime]:
    return list(world.tenant.held.leave_dates.values())


async def test_a_last_day_that_moves_is_written_anew_while_the_person_is_followed_up(world: World) -> None:
    case = await followed(world)
    assert dates(world) == [FIRST]
    case = await moved(world, end_date=date(2027, 12, 31))
    assert dates(world) == [LATER]
    assert case.state is State.FOLLOWING_UP
    assert case.account is not None
    assert case.account.leave_dates == [FIRST, LATER]
    await moved(world, end_date=date(2027, 1, 31))
    assert dates(world) == [FIRST], "and back again"


async def test_a_last_day_that_hr_takes_back_is_taken_away(world: World) -> None:
    await followed(world)
    case = await moved(world, cleared=("end_date",), end_date=None)
    assert (dates(world), case.steps["set_leave_date"].detail) == ([], "cleared")
    await look(world)
    assert world.tape.calls.count("directory.set_leave_date") == 2, "once written, once emptied"


async def test_a_first_last_day_that_comes_later_is_written(world: World) -> None:
    await followed(world, None)
    assert dates(world) == []
    await moved(world, end_date=date(2027, 12, 31))
    assert dates(world) == [LATER]


@pytest.mark.parametrize("end", [date(2027, 12, 31), None])
async def test_a_date_of_somebody_else_stays_and_is_noted(world: World, end: date | None) -> None:
    case = await followed(world)
    assert case.account is not None
    world.tenant.held.leave_dates[case.account.id] = OTHERS
    case = await moved(world, cleared=() if end else ("end_date",), end_date=end)
    assert dates(world) == [OTHERS]
    record = case.steps["set_leave_date"]
    assert (record.status, record.detail) == (StepStatus.SKIPPED, "leave_date_of_others")
    assert case.state is State.FOLLOWING_UP


async def test_a_case_from_before_it_was_kept_knows_what_it_wrote_by_the_last_day(world: World) -> None:
    case = await followed(world)
    assert case.account is not None
    case.account.leave_dates = []
    await world.store.cases.save(case)
    await moved(world, end_date=date(2027, 12, 31))
    assert dates(world) == [LATER]


async def test_the_date_of_the_hire_before_does_not_stand_over_the_next_one(world: World) -> None:
    await followed(world)
    await says(world, EventType.EMPLOYMENT_TERMINATED, end_date=date(2026, 9, 20))
    assert dates(world) == [FIRST]
    world.clock.move(days=30)
    start = (world.clock.at + timedelta(days=5)).date()
    await says(world, EventType.HIRE_CREATED, ("end_date",), start_date=start, end_date=None)
    case = await world.case()
    while case.state is State.BLOCKED:
        await act(world.s, "approve", CASE_ID, Ask("approver", "the same person"))
        case = await drive(world)
    assert dates(world) == []
    assert case.steps["set_leave_date"].detail == "cleared"


async def test_an_outage_is_waited_for_and_a_missing_permission_does_not_stop_the_follow_up(
    world: World,
) -> None:
    await followed(world)
    world.faults.before("set_leave_date", Unavailable("down"))
    case = await moved(world, end_date=date(2027, 12, 31))
    assert (case.next_action.what, dates(world)) == ("set_leave_date", [FIRST])
    assert case.next_action.when is not None
    world.clock.at = case.next_action.when
    await look(world)
    assert dates(world) == [LATER]
    world.faults.before("get_leave_date", *[PermissionMissing("grant User-LifeCycleInfo.Read.All")] * 9)
    case = await moved(world, end_date=date(2027, 1, 31))
    assert (case.state, dates(world)) == (State.FOLLOWING_UP, [LATER])


async def test_a_last_day_that_hr_moves_in_a_dry_run_is_written_once_it_is_live(world: World) -> None:
    await followed(world)
    world.settings = replace(world.settings, mode="dry_run")
    world.s = world.services()
    case = await moved(world, end_date=date(2027, 12, 31))
    record = case.steps["set_leave_date"]
    assert (record.status, record.detail, dates(world)) == (StepStatus.WAITING, "dry_run", [FIRST])
    world.settings = replace(world.settings, mode="live")
    world.s = world.services()
    await look(world)
    assert dates(world) == [LATER]


async def test_a_death_at_any_call_leaves_the_new_date_and_knows_it_for_ours() -> None:
    number, side = 0, "before"
    while True:
        for side in sides(number):
            world = full_world()
            await followed(world)
            await says(world, EventType.HIRE_UPDATED, end_date=date(2027, 12, 31))
            world.tape.calls.clear()
            world.tape.kill_at = (number, side)
            try:
                await look(world)
            except Killed:
                world.tape.kill_at = None
                world.clock.move(hours=1)
                await look(world)
            killed, world.tape.kill_at = world.tape.killed, None
            assert dates(world) == [LATER], (number, side)
            await moved(world, end_date=date(2027, 6, 30))
            assert dates(world) == [datetime(2027, 6, 30, 22, tzinfo=UTC)], (number, side)
            world.close()
        if not killed:
            assert number > 5
            return
        number += 1
