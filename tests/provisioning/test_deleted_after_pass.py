"""HR deletes the record after the first credential went out: it is called back until somebody has said that the hire
stands, and the person then has another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import Event, State
from onboarding.operate import work
from onboarding.operate.actions import act
from onboarding.operate.asks import Ask
from onboarding.operate.rerun_plan import answers
from onboarding.ports import WorkMessage
from tests.support.doubles import CASE_ID, World, drive, hire, make_case
from tests.support.hr_says import says

CHIEF = "chef@contoso.example"
DELETED = "hr_deleted_record"


async def look(world: World) -> Case:
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    return await world.case()


def usable(world: World, case: Case) -> list[str]:
    assert case.account is not None
    return [item.id for item in world.tenant.usable_passes(case.account.id)]


def told(world: World) -> list[tuple[str, ...]]:
    return [mail.to for mail in world.tenant.mail if "TAP-PLANTED" in mail.text + mail.html]


async def handed_over(world: World) -> Case:
    """The pass for Monday, 24 August 2026, is with the manager since Friday, two hours ago."""
    await world.file(make_case(hire=hire(), hired_at=datetime(2026, 8, 1, tzinfo=UTC)))
    case = await drive(world)
    assert (case.state, told(world)) == (State.FOLLOWING_UP, [(CHIEF,)])
    world.clock.move(hours=2)
    return await look(world)


async def test_the_pass_is_void_until_the_hire_stands_and_then_there_is_another(world: World) -> None:
    await handed_over(world)
    await says(world, EventType.EMPLOYEE_DELETED)
    case = await look(world)
    assert (case.state, case.reason_code, usable(world, case)) == (State.BLOCKED, DELETED, [])
    assert case.access_pass is not None
    assert (case.access_pass.status, case.access_pass.recall) == (PassStatus.VOID, None)
    await act(world.s, "rerun", CASE_ID, Ask("op", "it stands", answers=answers(approver=False)))
    case = await look(world)
    case = await look(world)
    assert (case.state, usable(world, case)) == (State.FOLLOWING_UP, ["pass-2"])
    assert told(world) == [(CHIEF,), (CHIEF,)]
    assert sum("zoe.private@example.org" in mail.to for mail in world.tenant.mail) == 1, "one welcome"


async def test_of_a_paused_case_as_well(world: World) -> None:
    case = await handed_over(world)
    case.apply(Event.PAUSE)
    await world.store.cases.save(case)
    await says(world, EventType.EMPLOYEE_DELETED)
    case = await look(world)
    assert (case.reason_code, usable(world, case)) == (DELETED, [])


async def test_one_that_was_used_stays_as_the_sign_of_use(world: World) -> None:
    case = await handed_over(world)
    assert case.account is not None
    passes = world.tenant.passes[case.account.id]
    passes[:] = [replace(item, reason="OneTimeUsed") for item in passes]
    await says(world, EventType.EMPLOYEE_DELETED)
    case = await look(world)
    assert (case.reason_code, world.tenant.voided) == (DELETED, [])


async def test_a_deletion_that_a_newer_hire_answers_calls_nothing_back(world: World) -> None:
    await handed_over(world)
    before = world.clock.at
    world.clock.move(minutes=5)
    await says(world, EventType.HIRE_CREATED)
    case = await says(world, EventType.EMPLOYEE_DELETED, at=before)
    case = await look(world)
    assert (case.state, usable(world, case)) == (State.FOLLOWING_UP, ["pass-1"])


async def test_what_was_answered_is_not_asked_again_and_takes_no_pass(world: World) -> None:
    """The same deletion comes again, by another delivery or a replay; a later one is another."""
    await handed_over(world)
    deleted_at = world.clock.at
    await says(world, EventType.EMPLOYEE_DELETED, at=deleted_at)
    await look(world)
    await act(world.s, "rerun", CASE_ID, Ask("op", "it stands", answers=answers(approver=False)))
    await look(world)
    await look(world)
    world.clock.move(minutes=5)
    await says(world, EventType.EMPLOYEE_DELETED, at=deleted_at)
    case = await look(world)
    assert (case.state, usable(world, case)) == (State.FOLLOWING_UP, ["pass-2"])
    world.clock.move(minutes=5)
    await says(world, EventType.EMPLOYEE_DELETED)
    case = await look(world)
    assert (case.reason_code, usable(world, case)) == (DELETED, [])
