"""A withdrawal that comes with the other case: nothing is made any more, whatever leads the case on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.intake.decide import apply_event
from onboarding.intake.joining import join
from onboarding.intake.outcome import Circumstances
from onboarding.intake.process import lay_down
from onboarding.operate.actions import act
from onboarding.ports import WORK_QUEUE
from tests.intake.test_joining import (
    FIRST_DAY,
    FRIDAY,
    HIRED,
    OTHER,
    TWO,
    file,
    file_other,
    hr,
    look,
    made,
    said,
    until,
    usable,
)
from tests.support.doubles import CASE_ID, T0, Killed, World


@pytest.fixture
def world() -> Iterator[World]:
    opened = World()
    yield opened
    opened.close()


async def joined(world: World, **changes: Any) -> Case:
    """HR cancelled the other one's hire after it had hired this one; whoever joined them died before the event."""
    await file(world, **changes)
    return await meet(world)


async def meet(world: World) -> Case:
    await file_other(world, hired_at=HIRED)
    world.clock.move(minutes=1)
    await hr(world, EventType.HIRE_CANCELLED, OTHER)
    world.clock.move(minutes=1)
    return await join(world.s, await world.case(), await world.case(OTHER), OTHER, [], world.clock.at)


async def event(world: World, kind: EventType, certainty: Certainty = Certainty.EMPLOYEE) -> Case:
    case, now = await world.case(), world.clock.at
    heard = HireEvent(case.source, kind, Hire(employee_id="4711"), "x", occurred_at=now, certainty=certainty)
    outcome = apply_event(case, heard, Circumstances(f"d_{kind}", now), now)
    return await lay_down(world.s, case, outcome, now, WORK_QUEUE)


async def test_whoever_looks_before_the_event_comes_again_makes_nothing(world: World) -> None:
    await joined(world)
    case = await until(world, FIRST_DAY)
    assert (case.state, case.reason_code, made(world)) == (State.CANCELLED, "cancelled_by_hr", [])
    assert [item.action for item in await world.story()].count("withdrawn_before") == 1


async def test_it_is_looked_at_once_also_where_the_next_action_is_weeks_ahead(world: World) -> None:
    await file(world)
    case = await until(world, FRIDAY)
    assert (case.state, usable(world)) == (State.FOLLOWING_UP, ["pass-1"])
    await file_other(world, hired_at=HIRED)
    await hr(world, EventType.HIRE_CANCELLED, OTHER)
    await join(world.s, await world.case(), await world.case(OTHER), OTHER, [], world.clock.at)
    case = await until(world, world.clock.at + timedelta(minutes=5))
    assert (case.state, case.reason_code, usable(world)) == (State.CANCELLED, "cancelled_by_hr", [])
    assert case.account is not None
    assert world.tenant.users[case.account.id].account_enabled is False


@pytest.mark.parametrize("state", [State.BLOCKED, State.PAUSED])
async def test_whoever_is_stopped_is_over_as_well(world: World, state: State) -> None:
    stopped: dict[str, Any] = {"state": state, "return_state": State.WAITING_START}
    await joined(world, **stopped, reason_code="graph_bad_value" if state is State.BLOCKED else None)
    case = await until(world, FIRST_DAY)
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")


async def test_a_deletion_does_not_ask_about_a_hire_that_is_over(world: World) -> None:
    await joined(world)
    case = await event(world, EventType.EMPLOYEE_DELETED)
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")
    assert case.deleted_at is not None
    assert "hr_record_deleted" in [item.action for item in await world.story()]


async def test_an_answer_about_the_deletion_is_none_about_the_cancellation(world: World) -> None:
    """Rows of before: the deletion was asked about while the withdrawal stood already."""
    await file(world)
    assert (await hr(world, EventType.EMPLOYEE_DELETED)).reason_code == "hr_deleted_record"
    case = await world.case()
    case.cancelled_at = case.withdrawn_at = world.clock.at
    await world.store.cases.save(case)
    await act(world.s, "rerun", CASE_ID, TWO)
    case = await until(world, FIRST_DAY)
    assert (case.state, case.reason_code, made(world)) == (State.CANCELLED, "cancelled_by_hr", [])


async def test_recruiting_that_tidies_up_does_not_keep_a_cancelled_hire_alive(world: World) -> None:
    await joined(world)
    await event(world, EventType.HIRE_CANCELLED, Certainty.OFFER)
    case = await until(world, FIRST_DAY)
    assert (case.state, made(world)) == (State.CANCELLED, [])


async def test_who_is_excluded_is_left_alone(world: World) -> None:
    await joined(world, state=State.EXCLUDED)
    await look(world)
    assert (await world.case()).state is State.EXCLUDED


async def test_a_hire_that_is_newer_than_the_withdrawal_goes_on(world: World) -> None:
    again = T0 + timedelta(minutes=5)
    await joined(world, hired_at=again, said=said(again, "greenhouse"))
    await until(world, FIRST_DAY)
    assert len(made(world)) == 1


@pytest.mark.parametrize("side", ["before", "after"])
async def test_wherever_it_dies_no_account_is_made_for_a_cancelled_hire(side: Any) -> None:
    number, died = 0, True
    while died:
        world = World()
        await file(world)
        await file_other(world, hired_at=HIRED)
        world.clock.move(minutes=1)
        await hr(world, EventType.HIRE_CANCELLED, OTHER)
        lead, other = await world.case(), await world.case(OTHER)
        world.tape.calls.clear()
        world.tape.kill_at = (number, side)
        with contextlib.suppress(Killed):
            await join(world.s, lead, other, OTHER, [], world.clock.at)
            await event(world, EventType.EMPLOYEE_DELETED)
        died, world.tape.kill_at = world.tape.killed, None
        begun = (await world.case()).withdrawn_at is not None
        if begun:
            assert made(world) == []
            await look(world)
            assert ((await world.case()).state, made(world)) == (State.CANCELLED, []), number
        world.close()
        number += 1
    assert number > 3
