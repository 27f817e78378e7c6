"""The user name is another object's address (proxyAddresses): Entra refuses it, and no read by that name shows who."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.lifecycle import State
from onboarding.errors import EffectUnknown, IllegalTransition, LimitReached, PermissionMissing, Throttled
from onboarding.operate import plan, rerun_plan
from onboarding.operate.actions import Ask, act
from onboarding.operate.reasons import REASONS
from onboarding.ports import REPLICATION, DirectoryUser
from onboarding.provisioning import runner
from onboarding.provisioning.steps import create_account
from tests.support.doubles import (
    CASE_ID,
    PROVISIONED,
    T0,
    Killed,
    World,
    advance,
    drive,
    hire,
    look_now,
    make_case,
    sides,
)

UPN = "zoe.mueller-strauss@contoso.example"
SECOND = "zoe.mueller-strauss2@contoso.example"
NAME = "Zoë Müller-Strauß"
MARRIED = DirectoryUser(
    "married-1",
    "zoe.schmidt@contoso.example",
    employee_id="77",
    display_name="Zoë Schmidt",
    account_enabled=True,
    created_at=datetime(2020, 1, 1, tzinfo=UTC),
    user_type="Member",
)


def married(world: World, **changes: Any) -> DirectoryUser:
    """A colleague who kept the address from before the wedding."""
    user = world.tenant.add(replace(MARRIED, **changes))
    world.tenant.aliases[user.id] = (UPN,)
    return user


async def owner(world: World, upn: str = UPN) -> str | None:
    alias = Alias(TENANT, AliasKind.UPN, upn)
    return (await world.store.cases.owners([alias])).get(alias)


async def waits_until(world: World, at: datetime) -> Case:
    """Look whenever something is planned before `at`; nothing may be made."""
    for _ in range(500):
        case = await world.case()
        when = case.next_action.when
        if case.state not in PROVISIONED or when is None or when > at:
            return case
        world.clock.at = max(world.clock.at, when)
        await runner.advance(world.s, case, world.clock.at)
    raise AssertionError("no end in sight")


async def rerun(world: World, reason: str) -> None:
    await act(world.s, "rerun", CASE_ID, Ask("operator", reason, answers=rerun_plan.answers(approver=False)))


# --- a user whom a read shows ------------------------------------------------------------------------------


async def test_the_next_name_is_taken_where_it_is_a_colleagues_other_address(world: World) -> None:
    married(world)
    await world.file(make_case())
    case = await advance(world)
    assert case.account is not None
    assert case.account.user_principal_name == SECOND
    assert case.refused_names == [UPN]
    assert await owner(world) is None
    assert [user.user_principal_name for user in world.tenant.created] == [SECOND]


async def test_a_mail_that_is_no_address_of_theirs_says_nothing_about_who_has_the_name(world: World) -> None:
    """`mail` may hold what is another object's address (user resource): ours may be the one that is out of sight."""
    world.tenant.add(replace(MARRIED, mail=UPN))
    world.tenant.contacts.add(UPN)
    await world.file(make_case())
    case = await waits_until(world, T0 + timedelta(hours=12))
    assert (case.state, case.steps["create_account"].code) == (State.PROVISIONING, "not_yet_visible")
    assert world.tenant.created == []


async def test_the_plan_says_the_name_that_is_taken(world: World) -> None:
    married(world)
    await world.file(make_case())
    (person,) = (await plan.survey(world.s)).people
    assert person.user_principal_name == SECOND
    assert world.tenant.created == []
    case = await advance(world)
    assert case.account is not None
    assert case.account.user_principal_name == person.user_principal_name


@pytest.mark.parametrize(
    "changes",
    [
        {"employee_id": None, "display_name": NAME},  # IT was first, under another name
        {"employee_id": "4711"},  # HR's number, seen only now
    ],
)
async def test_an_account_that_may_be_this_persons_is_asked_about(
    world: World, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    user = married(world, **changes)
    monkeypatch.setattr(world.s.directory, "find_by_employee_id", _nobody, raising=False)  # the index lags
    await world.file(make_case())
    case = await advance(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_adopt")
    assert case.found_ids == [user.id]
    assert world.tenant.created == []


async def _nobody(_wanted: str) -> list[DirectoryUser]:
    return []


async def test_our_own_account_that_somebody_renamed_at_once_is_asked_about(world: World) -> None:
    """The answer was lost, an administrator gave it another name: a token is nobody else's mark."""
    world.faults.after("create_user", EffectUnknown("no answer"))
    await world.file(make_case(hire=hire(employee_id="HR/2026/Ø-000000000001", employee_number=None)))
    await advance(world)
    (made,) = [user for user in world.tenant.users.values() if user.user_principal_name == UPN]
    world.tenant.users[made.id] = replace(made, user_principal_name="zms@contoso.example")
    world.tenant.aliases[made.id] = (UPN,)
    case = await look_now(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_adopt")
    assert len(world.tenant.created) == 1


@pytest.mark.parametrize("lag", [1, 30, 12 * 60])
async def test_our_own_unanswered_request_is_recognised_however_late_it_shows(world: World, lag: int) -> None:
    world.faults.after("create_user", EffectUnknown("no answer"))
    await world.file(make_case())
    await advance(world)
    (made,) = [user for user in world.tenant.users.values() if user.user_principal_name == UPN]
    world.tenant.hidden |= {made.id, UPN}
    case = await waits_until(world, T0 + timedelta(minutes=lag))
    assert (case.state, case.account) == (State.PROVISIONING, None)
    world.tenant.hidden.clear()
    case = await look_now(world)
    assert case.account is not None
    assert (case.account.id, case.account.origin) == (made.id, "created")
    assert len(world.tenant.created) == 1


async def test_our_own_account_that_the_list_shows_first_is_linked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.faults.after("create_user", EffectUnknown("no answer"))
    await world.file(make_case())
    await advance(world)

    async def not_by_name(_wanted: str) -> None:
        return None

    monkeypatch.setattr(world.s.directory, "get_user", not_by_name, raising=False)
    monkeypatch.setattr(world.s.directory, "find_by_employee_id", _nobody, raising=False)
    world.clock.at = (await world.case()).next_action.when or T0
    await runner.advance(world.s, await world.case(), world.clock.at)
    case = await world.case()
    assert case.account is not None
    assert (case.account.origin, len(world.tenant.created)) == ("created", 1)


# --- a group or a contact, which no read of users shows ----------------------------------------------------


async def held(world: World) -> Case:
    world.tenant.contacts.add(UPN)
    await world.file(make_case())
    return await drive(world)


async def test_what_no_read_shows_is_waited_for_and_then_an_operator_is_told(world: World) -> None:
    case = await held(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, create_account.NAME_HELD)
    assert REPLICATION <= world.clock.at - T0 < REPLICATION + timedelta(hours=4)
    assert world.tenant.created == []
    assert await owner(world) == CASE_ID
    assert {"rerun", "exclude"} <= set(rerun_plan.possible(case))
    wrong, todo = REASONS[create_account.NAME_HELD]
    assert "group" in wrong
    assert "rerun" in todo


async def test_a_rerun_of_that_case_by_itself_takes_the_next_name(world: World) -> None:
    await held(world)
    await rerun(world, "it is a mail contact")
    case = await drive(world)
    assert case.account is not None
    assert case.account.user_principal_name == SECOND
    assert case.refused_names == [UPN]
    assert await owner(world) is None


async def test_a_rerun_looks_first_and_links_what_is_ours_after_all(world: World) -> None:
    world.faults.after("create_user", EffectUnknown("no answer"))
    world.tenant.hidden.add(UPN)
    await world.file(make_case())
    case = await drive(world)
    assert case.reason_code == create_account.NAME_HELD
    world.tenant.hidden.clear()
    await rerun(world, "it is there now")
    case = await drive(world)
    assert case.account is not None
    assert (case.account.user_principal_name, len(world.tenant.created)) == (UPN, 1)


async def test_a_rerun_by_a_filter_does_not_answer_for_it(world: World) -> None:
    case = await held(world)
    with pytest.raises(IllegalTransition, match="by itself"):
        rerun_plan.prepare(case, world.clock.at, None)


async def test_the_word_is_about_this_name_alone(world: World) -> None:
    await held(world)
    world.tenant.contacts.add(SECOND)
    await rerun(world, "it is a mail contact")
    asked_again = world.clock.at
    case = await drive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, create_account.NAME_HELD)
    assert world.clock.at >= asked_again + REPLICATION


async def test_a_request_without_an_answer_starts_the_wait_anew(world: World) -> None:
    """The contact is deleted; the next request takes effect, and nothing says so."""
    world.tenant.contacts.add(UPN)
    await world.file(make_case())
    await waits_until(world, T0 + REPLICATION - timedelta(minutes=30))
    world.tenant.contacts.clear()
    world.tenant.hidden.add(UPN)
    world.faults.after("create_user", EffectUnknown("no answer"))
    await look_now(world)
    (asked_at, case) = (world.clock.at, await world.case())
    assert (case.state, len(world.tenant.created)) == (State.PROVISIONING, 1)
    case = await waits_until(world, asked_at + REPLICATION - timedelta(minutes=1))
    assert case.state is State.PROVISIONING


@pytest.mark.parametrize("dies", [False, True])
async def test_the_word_is_not_about_a_request_that_took_effect_after_it(world: World, dies: bool) -> None:
    """The address was taken away and the case run again: that request's own account may be hidden for a while."""
    await held(world)
    world.tenant.contacts.clear()
    lost = cast(Exception, Killed()) if dies else EffectUnknown("no answer")
    world.faults.after("create_user", lost)
    world.tenant.hidden.add(UPN)
    await rerun(world, "the address was taken away")
    with contextlib.suppress(Killed):
        await look_now(world)
    world.tenant.hidden |= {
        user.id for user in world.tenant.users.values() if user.user_principal_name == UPN
    }
    world.clock.move(minutes=20)
    await look_now(world)
    world.clock.move(minutes=20)
    world.tenant.hidden.clear()
    case = await drive(world)
    assert case.account is not None
    assert (
        [user.user_principal_name for user in world.tenant.created],
        case.account.user_principal_name,
    ) == (
        [UPN],
        UPN,
    )


async def test_a_death_at_the_end_of_the_wait_begins_it_anew(world: World) -> None:
    """The contact is deleted, the request takes effect, the process dies, and nothing shows the account yet."""
    world.tenant.contacts.add(UPN)
    await world.file(make_case())
    await waits_until(world, T0 + REPLICATION - timedelta(minutes=30))
    world.tenant.contacts.clear()
    world.tenant.hidden.add(UPN)
    world.faults.after("create_user", cast(Exception, Killed()))
    with contextlib.suppress(Killed):
        await look_now(world)
    world.tenant.hidden |= {
        user.id for user in world.tenant.users.values() if user.user_principal_name == UPN
    }
    died = world.clock.at
    case = await waits_until(world, died + timedelta(hours=2))
    assert (case.state, case.reason_code) == (State.PROVISIONING, None)
    world.tenant.hidden.clear()
    case = await drive(world)
    assert case.account is not None
    assert [user.user_principal_name for user in world.tenant.created] == [UPN]


@pytest.mark.parametrize(
    ("error", "second_at_once"),
    [
        (LimitReached("limit", retry_after=600), True),
        (Throttled("429", retry_after=5), True),
        (PermissionMissing("refused"), True),
        (Throttled("503", code="tenant_busy", retry_after=5), False),
        (EffectUnknown("no answer"), False),
    ],
    ids=lambda item: getattr(item, "code", None),
)
async def test_the_operators_word_outlives_a_request_that_was_certainly_not_carried_out(
    world: World, error: Exception, second_at_once: bool
) -> None:
    await held(world)
    await rerun(world, "it is a mail contact")
    world.faults.before("create_user", error)
    answered = world.clock.at
    case = await waits_until(world, answered + timedelta(hours=6))
    second = case.account is not None and case.account.user_principal_name == SECOND
    assert second is second_at_once
    assert len(world.tenant.created) == second_at_once


async def test_a_hold_at_the_end_of_the_wait_does_not_begin_it_anew(world: World) -> None:
    world.tenant.contacts.add(UPN)
    await world.file(make_case())
    await waits_until(world, T0 + REPLICATION - timedelta(minutes=30))
    world.faults.before("create_user", LimitReached("limit", retry_after=600))
    case = await drive(world)
    assert case.reason_code == create_account.NAME_HELD
    assert world.clock.at - T0 < REPLICATION + timedelta(hours=4)


# --- killed at any call ------------------------------------------------------------------------------------


async def killed_once(world: World, kill_at: tuple[int, str]) -> Case:
    """The process dies at this call of what is still to do; another worker goes on."""
    world.tape.calls.clear()
    world.tape.kill_at = kill_at
    with contextlib.suppress(Killed):
        await drive(world)
    world.tape.kill_at = None
    return await drive(world)


@pytest.mark.parametrize("word", [False, True])
async def test_a_death_at_any_call_still_makes_one_account_under_the_second_name(
    make_world: Callable[..., World], word: bool
) -> None:
    """`word`: nobody whom a read shows has the name, and an operator has said so."""

    async def prepared() -> World:
        world = make_world()
        if word:
            await held(world)
            await rerun(world, "it is a mail contact")
        else:
            married(world)
            await world.file(make_case())
        world.tape.calls.clear()
        return world

    clean = await prepared()
    await drive(clean)
    calls = clean.tape.calls.index("security.passes")
    assert calls > 10
    for number in range(calls):
        for side in sides(number):
            world = await prepared()
            case = await killed_once(world, (number, side))
            if word and case.reason_code == create_account.NAME_HELD:  # whoever dies with it has used it up
                await rerun(world, "still a mail contact")
                case = await drive(world)
            refused = clean.tape.calls[number] == "directory.create_user"  # there is no "after" a refusal
            assert world.tape.killed or refused
            assert case.state is State.FOLLOWING_UP, (number, side, case.reason_code)
            assert [user.user_principal_name for user in world.tenant.created] == [SECOND], (number, side)
            assert await owner(world) is None
            world.close()
