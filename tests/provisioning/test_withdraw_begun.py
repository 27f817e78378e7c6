"""HR withdraws the hire of somebody who has begun: whatever HR said of the first day since, nobody at work is locked
out; and whose first day never came is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding import casework
from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.evidence import Status
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction
from onboarding.errors import PermissionMissing, Unavailable
from onboarding.intake.standing import APPROVE_REHIRE
from onboarding.operate.actions import Ask, act, possible
from onboarding.operate.explain import explain
from onboarding.provisioning import withdraw
from tests.support.doubles import CASE_ID, T0, World, drive, make_case
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


async def test_an_account_that_an_administrator_disabled_or_deleted_meanwhile_is_no_question_any_more(
    make_world: MakeWorld,
) -> None:
    """What the reason asks for was done in Entra, and a rerun ends the matter."""
    for gone in (False, True):
        world = make_world()
        case = await at_work(world)
        assert case.account is not None
        user = world.tenant.users[case.account.id]
        assert_left(world, await cancelled(world))
        if gone:
            del world.tenant.users[user.id]
        else:
            world.tenant.users[user.id] = replace(user, account_enabled=False)
        await act(world.s, "rerun", CASE_ID, Ask("op", "disabled in Entra"))
        await withdraw.advance(world.s, await world.case(), world.clock.at)
        case = await world.case()
        assert case.steps["disable_account"].detail == ("account_gone" if gone else "already_disabled")
        assert (case.next_action.what, case.next_action.when) == ("none", None)


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


async def ended(world: World, **changes: Any) -> Case:
    """HR ends the employment an hour later, and the service does what is left."""
    world.clock.move(hours=1)
    case = await says(world, EventType.EMPLOYMENT_TERMINATED, **changes)
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")
    for _ in range(3):
        if withdraw.is_due(case):
            await withdraw.advance(world.s, case, world.clock.at)
            case = await world.case()
    return case


async def test_an_employment_that_ends_before_the_first_day_leaves_no_account_to_sign_in_to(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    await world.file(make_case())
    case = await drive(world)
    assert case.pass_at_large(world.clock.at)
    case = await ended(world)
    assert not is_enabled(world, case)
    assert (case.pass_at_large(world.clock.at), world.tenant.voided) == (False, ["pass-1"])
    assert (case.next_action.what, case.next_action.when) == ("none", None)
    assert "The account is disabled" in explain(case)


async def test_an_employment_that_ends_afterwards_leaves_the_account_to_an_administrator(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    await at_work(world)
    case = await ended(world)
    assert is_enabled(world, case)
    assert (case.next_action.what, case.next_action.when) == ("disable_account", None)
    case.updated_at = world.clock.at
    assert possible(case) == ["forget"]
    assert is_enabled(world, await ended(world, start_date=date(2026, 12, 1)))


async def test_without_a_first_day_nobody_can_tell_whether_it_came(make_world: MakeWorld) -> None:
    world = make_world()
    await world.file(make_case())
    case = await drive(world)
    case.hire = replace(case.hire, start_date=None)
    await world.store.cases.save(case)
    assert is_enabled(world, await ended(world))


@pytest.mark.parametrize("kind", [EventType.HIRE_CANCELLED, EventType.EMPLOYMENT_TERMINATED])
@pytest.mark.parametrize("days", [1, 5])
async def test_what_is_held_is_done_also_after_the_day_that_hr_withdrew_before(
    make_world: MakeWorld, kind: EventType, days: int
) -> None:
    world = make_world()
    await world.file(make_case(begun=False))
    await drive(world)
    world.clock.move(hours=1)
    world.faults.before("disable_user", Unavailable("down"))
    case = await says(world, kind)
    await withdraw.advance(world.s, case, world.clock.at)
    case = await world.case()
    assert (case.next_action.what, case.next_action.when is None) == ("disable_account", False)
    world.clock.move(days=days)
    await withdraw.advance(world.s, case, world.clock.at)
    case = await world.case()
    assert not is_enabled(world, case)
    assert (case.next_action.what, case.next_action.when) == ("none", None)


async def test_one_that_was_given_up_can_be_run_again_after_the_day_that_hr_withdrew_before(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    await world.file(make_case(begun=False))
    await drive(world)
    world.faults.before("disable_user", PermissionMissing("grant it", code="forbidden"))
    case = await ended(world)
    assert is_enabled(world, case)
    world.clock.move(days=30)
    case.next_action = NextAction("disable_account", None, "retries_exhausted")
    await casework.save(world.s, case, world.clock.at)
    assert possible(case) == ["rerun", "forget"]
    await act(world.s, "rerun", CASE_ID, Ask("o-1", "mended"))
    await withdraw.advance(world.s, await world.case(), world.clock.at)
    assert not is_enabled(world, await world.case())


async def test_word_that_comes_when_the_person_is_at_work_is_for_an_administrator(
    make_world: MakeWorld,
) -> None:
    """Whatever moment before the first day it names."""
    world = make_world()
    await world.file(make_case(begun=False, hired_at=T0 - timedelta(days=9)))
    await drive(world)
    world.clock.at = datetime(2026, 8, 24, 9, tzinfo=UTC)
    case = await says(world, EventType.HIRE_CANCELLED, at=datetime(2026, 8, 20, 9, tzinfo=UTC))
    await withdraw.advance(world.s, case, world.clock.at)
    assert_left(world, await world.case())


async def test_a_case_that_an_older_version_left_enabled_can_be_run_again(make_world: MakeWorld) -> None:
    world = make_world()
    await world.file(make_case())
    case = await drive(world)
    world.clock.move(hours=1)
    case = await says(world, EventType.EMPLOYMENT_TERMINATED)
    case.access_pass, case.next_action = None, NextAction("disable_account", None, "employment_ended")
    await world.store.cases.save(case)
    assert possible(case) == ["rerun", "forget"]
    await act(world.s, "rerun", CASE_ID, Ask("o-1", "a no-show"))
    case = await world.case()
    await withdraw.advance(world.s, case, world.clock.at)
    assert not is_enabled(world, await world.case())


async def test_who_is_hired_again_after_all_asks_an_approver_and_is_enabled_again(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    await world.file(make_case())
    await drive(world)
    await ended(world)
    world.clock.move(hours=1)
    case = await says(world, EventType.HIRE_CREATED)
    assert case.reason_code == APPROVE_REHIRE
    await act(world.s, "approve", CASE_ID, Ask("o-1", "they come after all"))
    case = await drive(world)
    assert is_enabled(world, case)


def test_an_old_row_does_not_say_whether_anybody_has_begun_and_a_new_one_keeps_it() -> None:
    case = make_case(account=Account("u", "u@contoso.example", "m", T0))
    row = encode(case)
    assert decode(row.replace(b'"begun":null,', b""), "1").begun is None
    assert decode(encode(make_case(begun=True)), "1").begun is True
