"""HR withdraws the hire of somebody who has begun: whatever HR said of the first day since, nobody at work is locked
out; and whose first day never came is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from onboarding.domain.case import Account, Case, NextAction, Status, decode, encode
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.intake.standing import APPROVE_REHIRE
from onboarding.provisioning import withdraw
from tests.support.doubles import T0, World, drive, make_case
from tests.support.hr_says import says

MakeWorld = Callable[..., World]


async def cancelled(world: World) -> Case:
    """HR cancels an hour later, and the service does what follows."""
    world.clock.move(hours=1)
    case = await says(world, EventType.HIRE_CANCELLED)
    assert case.state is State.CANCELLED
    assert withdraw.is_due(case)
    await withdraw.advance(world.s, case, world.clock.at)
    return await world.case()


def is_enabled(world: World, case: Case) -> bool:
    assert case.account is not None
    return world.tenant.users[case.account.id].account_enabled is not False


def assert_left(world: World, case: Case) -> None:
    assert case.steps["disable_account"].code == "disable_after_start"
    assert is_enabled(world, case)


async def at_work(world: World, state: State | None = None) -> Case:
    """Since 24 August. With `state` followed up to the end, and confirmed."""
    await world.file(make_case(begun=False))
    case = await drive(world)
    world.clock.at = datetime(2026, 9, 20, 9, tzinfo=UTC)
    if state is not None:
        case.state, case.status, case.confirmed_at = state, Status.USER_REGISTERED, world.clock.at
        case.next_action = NextAction("none", None, "watch_ended")
        case = await world.store.cases.save(case)
    return case


async def test_a_first_day_that_is_mistyped_afterwards_does_not_lock_out_whoever_works(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    await at_work(world)
    await says(world, EventType.HIRE_UPDATED, start_date=date(2026, 12, 1))
    case = await cancelled(world)
    assert case.hire.start_date == date(2026, 12, 1)
    assert_left(world, case)


@pytest.mark.parametrize("state", [State.CLOSED, State.CONFIRMED])
async def test_a_next_hire_of_somebody_at_work_that_hr_takes_back_changes_nothing_for_them(
    make_world: MakeWorld, state: State
) -> None:
    world = make_world()
    await at_work(world, state)
    case = await says(world, EventType.HIRE_CREATED, start_date=date(2027, 1, 4))
    if state is State.CLOSED:
        assert case.reason_code == APPROVE_REHIRE
    assert_left(world, await cancelled(world))


@pytest.mark.parametrize("sign", ["rehired", "confirmed", "registered"])
async def test_a_row_from_before_first_days_were_kept_is_judged_by_what_else_it_says(
    make_world: MakeWorld, sign: str
) -> None:
    world = make_world()
    await world.file(make_case())
    case = await drive(world)
    case.begun = None
    case.hire = replace(case.hire, start_date=date(2026, 12, 1))  # said before
    if sign == "rehired":
        case.rehired_at = T0
    elif sign == "confirmed":
        case.confirmed_at = T0
    else:
        case.status = Status.PARTIAL
    await world.store.cases.save(case)
    assert_left(world, await cancelled(world))


async def test_whose_first_day_never_came_is_locked_out_however_often_hr_changed_its_mind(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    await world.file(make_case(begun=False))
    await drive(world)
    world.clock.at = datetime(2026, 8, 20, 9, tzinfo=UTC)
    await says(world, EventType.HIRE_UPDATED, start_date=date(2026, 12, 1))
    world.clock.at = datetime(2026, 9, 20, 9, tzinfo=UTC)
    case = await cancelled(world)
    assert (case.steps["disable_account"].detail, is_enabled(world, case)) == ("disabled", False)

    world.clock.move(days=1)
    case = await says(world, EventType.HIRE_CREATED, start_date=date(2026, 12, 1))
    assert (case.state, case.rehired_at) == (State.BLOCKED, world.clock.at)
    assert case.account is not None
    await world.s.directory.enable_user(case.account.id)
    case = await cancelled(world)
    assert (case.begun, is_enabled(world, case)) == (False, False)


async def test_a_first_day_that_passed_while_the_hire_was_withdrawn_did_not_come(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    await world.file(make_case(begun=False))
    await drive(world)
    await cancelled(world)
    world.clock.at = datetime(2026, 9, 20, 9, tzinfo=UTC)
    case = await says(world, EventType.HIRE_CREATED, start_date=date(2026, 12, 1))
    assert case.begun is False
    assert case.account is not None
    await world.s.directory.enable_user(case.account.id)
    assert not is_enabled(world, await cancelled(world))


def test_an_old_row_does_not_say_whether_anybody_has_begun_and_a_new_one_keeps_it() -> None:
    case = make_case(account=Account("u", "u@contoso.example", "m", T0))
    row = encode(case)
    assert decode(row.replace(b'"begun":null,', b""), "1").begun is None
    assert decode(encode(make_case(begun=True)), "1").begun is True
