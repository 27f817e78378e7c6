"""HR takes a hire back and announces it again before the worker came: the old pass is void all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.hire import EventType, Hire, HireEvent, ManagerRef
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import AccountPolicy, Policy
from onboarding.domain.records import StepStatus
from onboarding.errors import PermissionMissing, Unavailable
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from onboarding.intake.process import lay_down
from onboarding.operate import due, work
from onboarding.operate.actions import Ask, act
from onboarding.ports import CLAIM_LEASE, WORK_QUEUE, WorkMessage
from tests.support.doubles import CASE_ID, Killed, World, drive, make_case, sides

MakeWorld = Callable[..., World]
CHIEF, DESK = "chef@contoso.example", "desk@contoso.example"
NOVEMBER = date(2026, 11, 2)
#: The old first day, Monday 24 August 2026, when the old pass could be used.
MONDAY = datetime(2026, 8, 24, 9, 0, tzinfo=UTC)


async def says(world: World, kind: EventType, **fields: Any) -> Case:
    case, now = await world.case(), world.clock.at
    event = HireEvent("greenhouse", kind, Hire(employee_id="4711", **fields), "x", occurred_at=now)
    about = Circumstances(f"d_{kind}_{now:%j%H%M}", now, ask_rehire=world.policy.account.rehire == "ask")
    return await lay_down(world.s, case, apply_event(case, event, about, now), now, WORK_QUEUE)


async def look(world: World) -> Case:
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    return await world.case()


async def until(world: World, at: datetime) -> Case:
    """What timers and queue do until then."""
    for _ in range(200):
        case = await world.case()
        if case.wakes_at is None or case.wakes_at > at:
            break
        world.clock.at = max(world.clock.at, case.wakes_at)
        await look(world)
    world.clock.at = max(world.clock.at, at)
    return await world.case()


def usable(world: World, case: Case) -> list[str]:
    assert case.account is not None
    return [item.id for item in world.tenant.usable_passes(case.account.id)]


async def handed_over(world: World) -> Case:
    await world.file(make_case(hired_at=world.clock.at - timedelta(days=1)))
    case = await drive(world)
    assert (case.state, usable(world, case)) == (State.FOLLOWING_UP, ["pass-1"])
    world.clock.move(hours=2)
    return await look(world)


async def taken_back_and_hired(world: World) -> Case:
    """In the same minute, before the worker came to make the pass void."""
    await says(world, EventType.HIRE_CANCELLED)
    world.clock.move(minutes=1)
    return await says(
        world, EventType.HIRE_CREATED, start_date=NOVEMBER, manager=ManagerRef(email=CHIEF),
        given_name="Zoë", family_name="Müller-Strauß",
    )  # fmt: skip


@pytest.fixture
def restores(make_world: MakeWorld) -> World:
    """A policy by which nobody is asked about who comes back."""
    return make_world(policy=Policy(account=AccountPolicy(rehire="restore")))


async def test_whoever_waits_for_an_approver_has_no_usable_pass_meanwhile(world: World) -> None:
    await handed_over(world)
    case = await taken_back_and_hired(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    assert case.pass_at_large(world.clock.at), "not forgotten before it is void"
    world.queue.sent.clear()
    await due.enqueue_due(world.s)
    assert [message.case_id for message, _ in world.queue.sent] == [CASE_ID], "a due row of its own"
    case = await look(world)
    assert (case.state, case.access_pass, case.wakes_at) == (State.BLOCKED, None, None)
    assert (usable(world, case), world.tenant.voided) == ([], ["pass-1"])
    assert "pass_voided" in [item.action for item in await world.story()]
    case = await until(world, MONDAY)
    assert usable(world, case) == []


async def test_who_goes_on_at_once_has_the_new_days_own_pass_only(restores: World) -> None:
    world = restores
    await handed_over(world)
    case = await taken_back_and_hired(world)
    assert case.state is State.WAITING_START
    case = await look(world)
    assert (case.state, usable(world, case), case.access_pass) == (State.WAITING_START, [], None)
    case = await until(world, datetime(2026, 10, 30, 12, tzinfo=UTC))
    assert case.reason_code == "needs_approval_pass", "people who come back have an approver asked"
    await act(world.s, "approve", CASE_ID, Ask("op", "yes"))
    case = await look(world)
    assert (case.state, usable(world, case)) == (State.FOLLOWING_UP, ["pass-2"])
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.DELIVERED
    assert case.steps["issue_access_pass"].status is StepStatus.DONE


async def test_who_somebody_was_counts_for_the_run_in_which_it_was_checked(world: World) -> None:
    """An approver checked who the person is, for a new pass; HR took the hire back before that was issued."""
    await handed_over(world)
    world.clock.at = MONDAY
    checks = tuple(check.code for check in world.policy.desk.identity_checks)
    await act(world.s, "new-pass", CASE_ID, Ask("op", "lost it", confirmed=checks))
    await says(world, EventType.HIRE_CANCELLED)
    await look(world)
    world.clock.move(minutes=10)
    await says(
        world, EventType.HIRE_CREATED, start_date=date(2026, 8, 25), manager=ManagerRef(email=CHIEF),
        given_name="Zoë", family_name="Müller-Strauß",
    )  # fmt: skip
    await act(world.s, "approve", CASE_ID, Ask("op", "is back"))
    case = await until(world, MONDAY + timedelta(hours=4))
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_pass")
    assert usable(world, case) == []


async def test_also_where_the_list_lags(world: World) -> None:
    case = await handed_over(world)
    assert case.account is not None
    world.tenant.passes[case.account.id] = []
    await taken_back_and_hired(world)
    await look(world)
    assert world.tenant.voided == ["pass-1"]


async def test_withdrawn_once_more_it_is_void_too(world: World) -> None:
    await handed_over(world)
    await taken_back_and_hired(world)
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_CANCELLED)
    case = await look(world)
    assert (case.state, usable(world, case), case.wakes_at) == (State.CANCELLED, [], None)
    assert case.account is not None
    assert world.tenant.users[case.account.id].account_enabled is False


async def test_one_that_a_worker_may_be_making_is_waited_for(world: World) -> None:
    case = await handed_over(world)
    assert case.access_pass is not None
    case.access_pass = replace(
        case.access_pass,
        status=PassStatus.INTENDED,
        pass_id=None,
        delivered_at=None,
        claimed_at=world.clock.at,
    )
    await world.store.cases.save(case)
    lease = world.clock.at + CLAIM_LEASE
    case = await taken_back_and_hired(world)
    assert case.wakes_at == lease
    case = await look(world)
    assert usable(world, case) == ["pass-1"]
    world.clock.at = lease
    case = await look(world)
    assert (usable(world, case), case.access_pass) == ([], None)


async def test_one_that_ended_long_ago_is_forgotten_at_once(world: World) -> None:
    await handed_over(world)
    await says(world, EventType.HIRE_CANCELLED)
    world.clock.move(days=300)
    case = await says(
        world, EventType.HIRE_CREATED, start_date=date(2027, 8, 2), given_name="Zoë", family_name="M"
    )
    assert case.access_pass is None


@pytest.mark.parametrize("error", [Unavailable("down"), PermissionMissing("grant it")])
async def test_an_outage_is_waited_for(world: World, error: Exception) -> None:
    await handed_over(world)
    await taken_back_and_hired(world)
    world.faults.before("void_pass", *[error] * 3)
    case = await look(world)
    assert (case.state, case.pass_at_large(world.clock.at)) == (State.BLOCKED, True)
    case = await until(world, MONDAY - timedelta(hours=12))
    assert (usable(world, case), case.access_pass) == ([], None)


async def test_wherever_it_dies_the_old_pass_is_void(make_world: MakeWorld) -> None:
    async def play(kill_at: tuple[int, str] | None) -> World:
        world = make_world()
        await handed_over(world)
        await says(world, EventType.HIRE_CANCELLED)
        world.clock.move(minutes=1)
        world.tape.calls.clear()
        world.tape.kill_at = kill_at
        for _ in range(3):
            try:
                if (await world.store.cases.get(CASE_ID)).withdrawn_at is not None:  # type: ignore[union-attr]
                    await says(
                        world, EventType.HIRE_CREATED, start_date=NOVEMBER, given_name="Zoë", family_name="M"
                    )
                await until(world, world.clock.at + timedelta(hours=1))
                break
            except Killed:
                world.tape.kill_at = None
        return world

    calls = list((await play(None)).tape.calls)
    assert {"security.void_pass", "cases.save"} <= set(calls)
    for number, name in enumerate(calls):
        for when in sides(number):
            world = await play((number, when))
            case = await world.case()
            where = f"killed {when} call {number}, {name}"
            assert world.tape.killed, where
            assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire"), where
            assert (usable(world, case), case.access_pass) == ([], None), where
