"""Somebody is hired again while the tenant does not show their account: it is waited for, and no second one is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction
from onboarding.ports import CLAIM_LEASE, REPLICATION
from onboarding.provisioning import runner
from tests.support.doubles import PROVISIONED, T0, Killed, World, advance, hire, make_case, sides
from tests.support.kinds import OLD, account

MakeWorld = Callable[..., World]
UPN = "zoe.mueller-strauss@contoso.example"
#: It does not fit into employeeId: the mark is a token.
LONG_ID = "6f1b2c3d-0000-4000-8000-00000000aaaa"
APPROVED = ["needs_approval_rehire", "needs_approval_pass"]


async def hired_again(world: World, employee_id: str) -> None:
    """The account was made and cannot be read; HR withdraws the hire, and hires again five minutes later."""
    world.tenant.lag = True
    await world.file(make_case(hire=hire(employee_id=employee_id)))
    await advance(world)
    case = await world.case()
    assert case.account is not None
    world.clock.move(minutes=5)
    await _begin_again(world, case)


async def deleted(world: World) -> None:
    """HR hires somebody again whose account is among the deleted ones; once restored it is not readable at once."""
    found = account(account_enabled=False)
    world.tenant.held.deleted[found.id] = found
    case = make_case()
    case.account = Account(found.id, found.user_principal_name, "4711", OLD)
    for kind, value in ((AliasKind.OBJECT_ID, found.id), (AliasKind.UPN, found.user_principal_name)):
        await world.store.cases.claim_alias(Alias(TENANT, kind, value), case.case_id)
    world.tenant.hidden.add(found.id)
    await _begin_again(world, await world.file(case))


async def _begin_again(world: World, case: Case) -> None:
    """What `intake.standing.reopen` leaves, when the start is near."""
    case.state, case.rehired_at, case.approvals = State.PROVISIONING, world.clock.at, list(APPROVED)
    case.steps.clear()
    case.next_action = NextAction("provision", world.clock.at, "hire_complete")
    await world.store.cases.save(case)


async def live(world: World, shows: timedelta) -> Case:
    """What the timer does until the case leaves provisioning, with a new process after each death."""
    for _ in range(200):
        case = await world.case()
        if case.state not in PROVISIONED:
            return case
        assert case.wakes_at is not None
        world.clock.at = max(world.clock.at, case.wakes_at)
        if world.clock.at >= T0 + shows:
            world.tenant.lag = False
            world.tenant.hidden.clear()
        try:
            await runner.advance(world.s, case, world.clock.at)
        except Killed:
            world.tape.kill_at = None
            world.clock.at += CLAIM_LEASE
    raise AssertionError("no end in sight")


def accounts(world: World) -> list[str]:
    return [user.id for user in world.tenant.users.values() if user.id != "manager-1"]


Begin = Callable[[World], Awaitable[None]]
SETUPS: dict[str, Begin] = {
    "token": lambda world: hired_again(world, LONG_ID),
    "number": lambda world: hired_again(world, "4711"),
    "deleted": deleted,
}


@pytest.mark.parametrize("kind", SETUPS)
@pytest.mark.parametrize("shows", [timedelta(minutes=31), timedelta(hours=20)], ids=str)
async def test_there_is_one_account_however_late_it_shows(
    make_world: MakeWorld, kind: str, shows: timedelta
) -> None:
    world = make_world()
    await SETUPS[kind](world)
    linked, before = (await world.case()).account, accounts(world) or ["old-1"]
    case = await live(world, shows)
    assert accounts(world) == before
    assert (case.state, case.refused_names) == (State.FOLLOWING_UP, [])
    assert case.account is not None
    assert linked is not None
    assert case.account.id == linked.id
    assert world.tenant.users[linked.id].account_enabled is True


@pytest.mark.parametrize("kind", SETUPS)
async def test_wherever_it_dies_there_is_one_account(make_world: MakeWorld, kind: str) -> None:
    shows = timedelta(hours=2)
    clean = make_world()
    await SETUPS[kind](clean)
    begin = len(clean.tape.calls)
    await live(clean, shows)
    calls = clean.tape.calls[begin:]
    calls = calls[: calls.index("directory.set_manager")]  # from there on it is as for everybody
    for number, name in enumerate(calls):
        for when in sides(number):
            world = make_world()
            await SETUPS[kind](world)
            world.tape.kill_at = (begin + number, when)
            case = await live(world, shows)
            assert world.tape.killed, f"call {number} was never made"
            where = f"killed {when} call {number}, {name}"
            assert len(accounts(world)) == 1, where
            assert case.account is not None, where
            assert [case.account.id] == accounts(world), where
            assert case.state is State.FOLLOWING_UP, where


# --- gone for good -----------------------------------------------------------------------------------------


async def test_a_new_account_carries_the_mark_of_the_one_that_is_gone(make_world: MakeWorld) -> None:
    world = make_world()
    await hired_again(world, LONG_ID)
    (made,) = world.tenant.created
    world.tenant.users = {"manager-1": world.tenant.users["manager-1"]}
    case = await live(world, timedelta())
    assert world.clock.at >= T0 + REPLICATION
    assert [user.employee_id for user in world.tenant.created] == [made.employee_id] * 2
    assert case.account is not None
    assert case.account.mark == made.employee_id


@pytest.mark.parametrize("employee_id", [None, "9999"], ids=["mark_kept", "mark_changed"])
async def test_one_that_was_given_up_and_is_there_after_all_is_for_an_approver(
    make_world: MakeWorld, employee_id: str | None
) -> None:
    world = make_world()
    await hired_again(world, LONG_ID)
    (made,) = accounts(world)
    if employee_id is not None:
        world.tenant.users[made] = replace(world.tenant.users[made], employee_id=employee_id)
    case = await live(world, REPLICATION + timedelta(hours=3))
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_adopt")
    assert (case.found_account, case.refused_names, accounts(world)) == (UPN, [], [made])
