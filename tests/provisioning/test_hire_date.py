"""employeeHireDate follows HR's first day, and costs nobody a request whose first day stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.domain.records import StepStatus
from onboarding.errors import EffectUnknown, PermissionMissing, Unavailable
from onboarding.operate import work
from onboarding.operate.actions import Ask, act
from onboarding.operate.rehearse import Rehearsal
from onboarding.ports import WorkMessage
from tests.support.doubles import CASE_ID, Killed, World, advance, drive, make_case, sides
from tests.support.hr_says import says
from tests.support.kinds import account

#: The first day of these tests, a week later, and a moment of somebody else's; midnight in Berlin.
FIRST = datetime(2026, 8, 23, 22, tzinfo=UTC)
LATER_DAY, LATER = date(2026, 8, 31), datetime(2026, 8, 30, 22, tzinfo=UTC)
WRITE = "directory.set_hire_date"


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


async def look(world: World) -> Case:
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    return await world.case()


async def moved(world: World, day: date) -> Case:
    await says(world, EventType.START_DATE_CHANGED, start_date=day)
    return await look(world)


def hired(world: World, case: Case) -> datetime | None:
    assert case.account is not None
    return world.tenant.users[case.account.id].employee_hire_date


async def at_work(world: World) -> Case:
    """Followed up, a week into the job."""
    await world.file(make_case())
    case = await drive(world)
    assert (case.state, hired(world, case)) == (State.FOLLOWING_UP, FIRST)
    world.clock.at = datetime(2026, 9, 1, 9, tzinfo=UTC)
    return case


async def test_a_hire_whose_first_day_stays_has_no_such_step(world: World) -> None:
    case = await at_work(world)
    await says(world, EventType.HIRE_UPDATED, department="Other")
    case = await look(world)
    assert "set_hire_date" not in case.steps
    assert WRITE not in world.tape.calls


async def test_a_first_day_that_moves_before_it_is_written_anew(world: World) -> None:
    await world.file(make_case())
    assert hired(world, await advance(world)) == FIRST
    case = await moved(world, LATER_DAY)
    assert (hired(world, case), case.steps["set_hire_date"].status) == (LATER, StepStatus.DONE)
    case = await drive(world)
    assert (case.state, world.tape.calls.count(WRITE)) == (State.FOLLOWING_UP, 1)


async def test_a_first_day_that_moves_while_the_person_is_followed_up_is_written_too(world: World) -> None:
    await at_work(world)
    case = await moved(world, date(2026, 8, 17))
    assert hired(world, case) == datetime(2026, 8, 16, 22, tzinfo=UTC)
    assert case.state is State.FOLLOWING_UP
    await moved(world, date(2026, 8, 24))
    assert hired(world, case) == FIRST, "and back again"


async def test_a_first_day_that_moves_away_and_back_in_between_writes_nothing(world: World) -> None:
    await world.file(make_case())
    await advance(world)
    await says(world, EventType.START_DATE_CHANGED, start_date=LATER_DAY)
    world.clock.move(minutes=5)
    case = await moved(world, date(2026, 8, 24))
    assert case.steps["set_hire_date"].status is StepStatus.DONE
    assert WRITE not in world.tape.calls


async def test_a_first_day_that_moves_while_the_request_is_in_doubt_is_right_in_the_end(world: World) -> None:
    """The account was made with the day before, and the answer was lost."""
    await world.file(make_case())
    world.faults.after("create_user", EffectUnknown("no answer"))
    assert (await advance(world)).account is None
    await says(world, EventType.START_DATE_CHANGED, start_date=LATER_DAY)
    case = await drive(world)
    assert (len(world.tenant.created), hired(world, case)) == (1, LATER)


async def test_a_first_day_that_moves_before_anything_is_begun_is_made_so(world: World) -> None:
    await world.file(make_case())
    await says(world, EventType.START_DATE_CHANGED, start_date=LATER_DAY)
    case = await drive(world)
    assert hired(world, case) == LATER
    assert "set_hire_date" not in case.steps


@pytest.mark.parametrize("enabled", [True, False])
async def test_an_account_of_before_gets_the_first_day_of_this_hire(world: World, enabled: bool) -> None:
    """Made by IT, or that of somebody who comes back."""
    world.tenant.add(account(account_enabled=enabled, employee_hire_date=datetime(2020, 1, 1, tzinfo=UTC)))
    await world.file(make_case())
    case = await advance(world)
    assert case.reason_code in {"needs_approval_adopt", "needs_approval_restore"}
    await act(world.s, "approve", CASE_ID, Ask("ap", "the same person"))
    case = await advance(world)
    assert case.account is not None
    assert (case.account.id, hired(world, case)) == ("old-1", FIRST)


async def test_a_synced_account_has_it_from_active_directory(world: World) -> None:
    await at_work(world)
    case = await world.case()
    assert case.account is not None
    case.account.synced = True
    await world.store.cases.save(case)
    case = await moved(world, LATER_DAY)
    assert (case.steps["set_hire_date"].detail, hired(world, case)) == ("synced_account", FIRST)


async def test_a_hire_that_is_over_has_no_step_more(world: World) -> None:
    await at_work(world)
    await says(world, EventType.EMPLOYMENT_TERMINATED, end_date=date(2026, 8, 31))
    case = await world.case()
    assert case.state is State.CLOSED
    await says(world, EventType.HIRE_UPDATED, start_date=date(2026, 8, 17))
    assert "set_hire_date" not in (await world.case()).steps


async def test_somebody_who_is_hired_again_has_the_new_first_day(world: World) -> None:
    await at_work(world)
    await says(world, EventType.EMPLOYMENT_TERMINATED, end_date=date(2026, 8, 31))
    world.clock.move(days=30)
    start = date(2026, 10, 5)
    await says(world, EventType.HIRE_CREATED, ("end_date",), start_date=start, end_date=None)
    case = await world.case()
    while case.state is State.BLOCKED:
        await act(world.s, "approve", CASE_ID, Ask("ap", "the same person"))
        case = await drive(world)
    assert (len(world.tenant.created), hired(world, case)) == (1, datetime(2026, 10, 4, 22, tzinfo=UTC))


async def test_in_a_dry_run_it_is_planned_and_written_after_it(world: World) -> None:
    await at_work(world)
    world.settings = replace(world.settings, mode="dry_run")
    world.s = world.services()
    case = await moved(world, date(2026, 8, 17))
    assert (case.steps["set_hire_date"].detail, hired(world, case)) == ("dry_run", FIRST)
    shown = await Rehearsal(world.s, world.clock.at).run(case)
    assert "set_hire_date" in [action.what for action in shown.actions]
    world.settings = replace(world.settings, mode="live")
    world.s = world.services()
    assert hired(world, await look(world)) == datetime(2026, 8, 16, 22, tzinfo=UTC)


async def test_an_outage_is_waited_for_and_a_missing_permission_does_not_stop_the_follow_up(
    world: World,
) -> None:
    await at_work(world)
    world.faults.before("set_hire_date", Unavailable("down"))
    case = await moved(world, date(2026, 8, 17))
    assert (case.next_action.what, hired(world, case)) == ("set_hire_date", FIRST)
    assert case.next_action.when is not None
    world.clock.at = case.next_action.when
    assert hired(world, await look(world)) == datetime(2026, 8, 16, 22, tzinfo=UTC)
    world.faults.before("set_hire_date", *[PermissionMissing("grant User.ReadWrite.All")] * 9)
    case = await moved(world, date(2026, 8, 24))
    assert (case.state, hired(world, case)) == (State.FOLLOWING_UP, datetime(2026, 8, 16, 22, tzinfo=UTC))


@pytest.mark.parametrize("followed", [True, False])
async def test_a_death_at_any_call_leaves_the_new_day(followed: bool) -> None:
    async def begin() -> World:
        world = World()
        if followed:
            await at_work(world)
        else:
            await world.file(make_case())
            await advance(world)
        await says(world, EventType.START_DATE_CHANGED, start_date=LATER_DAY)
        world.tape.calls.clear()
        return world

    number, killed = 0, True
    while killed:
        for side in sides(number):
            world = await begin()
            world.tape.kill_at = (number, side)
            try:
                await look(world)
            except Killed:
                world.tape.kill_at = None
                world.clock.move(hours=1)
                await look(world)
            killed, world.tape.kill_at = world.tape.killed, None
            case: Any = await world.case()
            assert (hired(world, case), case.steps["set_hire_date"].status) == (LATER, StepStatus.DONE), (
                number,
                side,
            )
            world.close()
        number += 1
    assert number > 5
