"""HR deletes the record while another question is open: the answer to that one is none to the deletion."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction
from onboarding.operate import work
from onboarding.operate.actions import Ask, act, possible
from onboarding.operate.asks import Ask as Answer
from onboarding.operate.rerun_plan import answers
from onboarding.ports import DirectoryUser, WorkMessage
from tests.support.doubles import CASE_ID, T0, World, hire, make_case
from tests.support.hr_says import says

DELETED = "hr_deleted_record"
OLD = DirectoryUser(
    "old-1",
    "z@contoso.example",
    employee_id="4711",
    display_name="Zoë Müller-Strauß",
    account_enabled=True,
    created_at=datetime(2020, 1, 1, tzinfo=UTC),
    user_type="Member",
)


async def look(world: World) -> Case:
    """The message of the case, and those that follow from it at once."""
    for _ in range(4):
        await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
        case = await world.case()
        if case.wakes_at is None or case.wakes_at > world.clock.at:
            break
    return await world.case()


async def asked(world: World, code: str) -> Case:
    """The case waits for an approver's word, two days before the first day."""
    case = make_case(hired_at=T0 - timedelta(days=1), hire=hire(start_date=date(2026, 8, 19)))
    if code == "needs_approval_shared_id":
        case.state, case.return_state, case.reason_code = State.BLOCKED, State.WAITING_START, code
        case.next_action = NextAction("operator", None, code)
    elif code == "needs_approval_adopt":
        world.tenant.add(OLD)
    elif code == "needs_approval_restore":
        world.tenant.held.deleted[OLD.id] = OLD
    elif code == "needs_approval_pass":
        user = world.tenant.add(replace(OLD, id="u-1"))
        case.account = Account(user.id, user.user_principal_name, "4711", T0, origin="adopted")
        case.state, case.return_state, case.reason_code = State.BLOCKED, State.PROVISIONING, code
        case.next_action = NextAction("operator", None, code)
    await world.file(case)
    case = await look(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, code)
    world.clock.move(hours=1)
    return case


def made(world: World) -> tuple[Any, ...]:
    return list(world.tenant.created), world.tenant.held.restored, list(world.tenant.mail)


QUESTIONS = ["shared_id", "adopt", "restore", "pass"]


@pytest.mark.parametrize("code", QUESTIONS)
async def test_the_deletion_is_asked_about_before_anything_is_made(world: World, code: str) -> None:
    await asked(world, f"needs_approval_{code}")
    case = await says(world, EventType.EMPLOYEE_DELETED)
    assert case.reason_code == f"needs_approval_{code}", "an approver's question stands"
    world.clock.move(hours=1)
    await act(world.s, "approve", CASE_ID, Ask("op", "yes"))
    case = await look(world)
    assert (case.state, case.reason_code, case.next_action.what) == (State.BLOCKED, DELETED, "operator")
    assert made(world) == ([], [], [])
    assert "approve" not in possible(case)


@pytest.mark.parametrize("code", QUESTIONS)
async def test_whoever_says_that_the_hire_stands_lets_it_go_on(world: World, code: str) -> None:
    await asked(world, f"needs_approval_{code}")
    await says(world, EventType.EMPLOYEE_DELETED)
    await act(world.s, "approve", CASE_ID, Ask("op", "yes"))
    await look(world)
    await act(world.s, "rerun", CASE_ID, Answer("op", "it stands", answers=answers(approver=False)))
    case = await look(world)
    assert (case.deleted_at, case.account is not None) == (None, True)
    assert case.reason_code != DELETED


@pytest.mark.parametrize("code", QUESTIONS)
async def test_a_hire_that_is_newer_than_the_deletion_answers_it(world: World, code: str) -> None:
    await asked(world, f"needs_approval_{code}")
    await says(world, EventType.EMPLOYEE_DELETED)
    world.clock.move(minutes=5)
    await says(world, EventType.HIRE_CREATED)
    await act(world.s, "approve", CASE_ID, Ask("op", "yes"))
    case = await look(world)
    assert (case.reason_code != DELETED, case.account is not None) == (True, True)


@pytest.mark.parametrize(
    "state", [State.WAITING_START, State.PROVISIONING, State.FOLLOWING_UP, State.CONFIRMED]
)
async def test_one_that_came_with_another_case_is_asked_about_wherever_the_case_is(
    world: World, state: State
) -> None:
    """A case that was joined to this one brought it."""
    case = make_case(state=state, hired_at=T0 - timedelta(days=1), deleted_at=T0)
    case.next_action = NextAction("provision", T0, "joined")
    user = world.tenant.add(OLD)
    if state in {State.FOLLOWING_UP, State.CONFIRMED}:
        case.account = Account(user.id, user.user_principal_name, "4711", T0)
    await world.file(case)
    case = await look(world)
    assert (case.state, case.reason_code, case.return_state) == (State.BLOCKED, DELETED, state)
    assert made(world) == ([], [], [])
