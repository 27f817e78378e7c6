"""Somebody is excluded, HR goes on talking, and somebody includes them again: they are where HR's newest words lead."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account, PassStatus
from onboarding.domain.case import Case
from onboarding.domain.hire import EventType, Hire, HireEvent, ManagerRef
from onboarding.domain.lifecycle import State
from onboarding.domain.records import Fetch, NextAction, StepStatus
from onboarding.errors import Unavailable
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from onboarding.intake.process import lay_down
from onboarding.operate import actions, rerun_plan, work
from onboarding.operate.actions import Ask
from onboarding.operate.explain import explain
from onboarding.operate.next_step import next_words
from onboarding.ports import CLAIM_LEASE, WORK_QUEUE, WorkMessage
from tests.support.doubles import CASE_ID, MANAGER, T0, Killed, World, hire, make_case

ASK = Ask("o-1", "by mistake")
#: Friday before the start on Monday 24 August 2026, 11:00 in Berlin.
FRIDAY = datetime(2026, 8, 21, 9, 0, tzinfo=UTC)
ACCOUNT = Account("user-1", "zoe@contoso.example", "4711", T0)


async def hr(world: World, kind: EventType, **said: Any) -> Case:
    """HR says something now."""
    case, now = await world.case(), world.clock.at
    event = HireEvent("greenhouse", kind, Hire(employee_id="4711", **said), "x", occurred_at=now)
    outcome = apply_event(case, event, Circumstances(f"d_{kind}_{now:%j%H%M}", now), now)
    saved = await lay_down(world.s, case, outcome, now, WORK_QUEUE)
    world.clock.move(hours=1)
    return saved


async def act(world: World, action: str) -> Case:
    await actions.act(world.s, action, CASE_ID, ASK)
    return await world.case()


async def until(world: World, at: datetime) -> Case:
    """Whatever is due by then, in order."""
    for _ in range(200):
        when = (await world.case()).wakes_at
        if when is None or when > at:
            break
        world.clock.at = max(world.clock.at, when)
        await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    world.clock.at = max(world.clock.at, at)
    return await world.case()


def usable(world: World) -> list[str]:
    return [item.id for user in world.tenant.passes for item in world.tenant.usable_passes(user)]


def handed(world: World) -> list[tuple[str, ...]]:
    """Recipients of every mail with a pass in it."""
    return [mail.to for mail in world.tenant.mail if "TAP-PLANTED" in mail.text + mail.html]


async def excluded(world: World, **changes: Any) -> Case:
    await world.file(make_case(**{"hired_at": T0 - timedelta(days=1), **changes}))
    case = await act(world, "exclude")
    world.clock.move(hours=1)
    return case


# --- a request whose answer was lost ---------------------------------------------------------------------------


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("by", ["operator", "hr deletes"])
async def test_an_account_that_may_be_there_is_named_and_found_when_the_case_goes_on(
    world: World, made: bool, by: str
) -> None:
    """POST /users was not answered; then an operator excludes the person, or HR deletes the record first."""
    (world.faults.after if made else world.faults.before)("create_user", Unavailable("504"))
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    world.clock.move(minutes=1)
    if by == "hr deletes":
        case = await hr(world, EventType.EMPLOYEE_DELETED)
        assert case.state is State.BLOCKED
        assert "zoe.mueller-strauss@contoso.example" in explain(case)
    case = await act(world, "exclude")
    assert (case.state, case.account) == (State.EXCLUDED, None)
    assert case.next_action == NextAction("include", None, "account_in_doubt")
    assert "An account may exist under zoe.mueller-strauss@contoso.example" in explain(case)
    assert "includes the person again" in next_words(case)
    case = await act(world, "resume")
    if by == "hr deletes":
        assert case.reason_code == "hr_deleted_record"
        word = Ask("op", "it stands", answers=rerun_plan.answers(approver=False))
        await actions.act(world.s, "rerun", CASE_ID, word)
    case = await until(world, FRIDAY)
    assert case.account is not None
    assert len(world.tenant.created) == 1


async def test_where_no_request_was_made_there_is_nothing_to_look_for(world: World) -> None:
    """A name is reserved, and an account of before is asked about."""
    world.tenant.add(
        replace(MANAGER, id="old-1", user_principal_name="zms@contoso.example", employee_id="4711")
    )
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    case = await act(world, "exclude")
    assert case.intent is not None
    assert case.next_action == NextAction("none", None, "excluded")
    assert "may exist" not in explain(case)


# --- what HR said meanwhile ------------------------------------------------------------------------------------


async def test_a_hire_that_hr_cancelled_meanwhile_leads_to_no_account(world: World) -> None:
    await excluded(world)
    case = await hr(world, EventType.HIRE_CANCELLED)
    assert case.state is State.EXCLUDED
    case = await act(world, "resume")
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")
    case = await until(world, FRIDAY)
    assert (case.state, world.tenant.created, world.tenant.mail) == (State.CANCELLED, [], [])


async def test_the_account_of_a_hire_that_hr_cancelled_meanwhile_is_disabled(world: World) -> None:
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    await until(world, T0 + timedelta(hours=1))
    await act(world, "exclude")
    await hr(world, EventType.HIRE_CANCELLED)
    await act(world, "resume")
    case = await until(world, FRIDAY)
    assert case.account is not None
    assert (case.state, world.tenant.users[case.account.id].account_enabled) == (State.CANCELLED, False)


@pytest.mark.parametrize("kind", [EventType.HIRE_CANCELLED, EventType.EMPLOYMENT_TERMINATED])
@pytest.mark.parametrize("when", ["before the worker", "after the worker", "without a pass"])
async def test_an_account_that_is_left_of_a_withdrawn_hire_is_said_with_what_ends_it(
    world: World, kind: EventType, when: str
) -> None:
    """Whoever excluded the person is not overruled: the account stays as it is, and the case says so."""
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    case = await until(world, T0 + timedelta(hours=1) if when == "without a pass" else FRIDAY)
    assert case.account is not None
    user = case.account.id
    case = await act(world, "exclude")
    if when != "before the worker":
        case = await until(world, world.clock.at + timedelta(minutes=1))
        assert (case.next_action.what, case.next_action.when) == ("none", None)
        assert explain(case).endswith("Nothing is done to the account.")
        assert next_words(case) == "Nothing"
    await hr(world, kind)
    case = await until(world, FRIDAY + timedelta(hours=3))
    assert (case.state, usable(world)) == (State.EXCLUDED, [])
    assert world.tenant.users[user].account_enabled is True
    assert case.next_action == NextAction("include", None, "withdrawn_meanwhile")
    assert "include them again, and it is disabled" in explain(case)
    assert "includes the person again" in next_words(case)
    await act(world, "resume")
    await until(world, FRIDAY + timedelta(hours=5))
    assert world.tenant.users[user].account_enabled is False


async def test_who_is_hired_again_while_excluded_leaves_nothing_open(world: World) -> None:
    await excluded(world, account=ACCOUNT)
    case = await hr(world, EventType.HIRE_CANCELLED)
    assert case.next_action.what == "include"
    case = await hr(world, EventType.HIRE_CREATED, start_date=date(2026, 10, 1))
    assert (case.state, case.next_action) == (State.EXCLUDED, NextAction("none", None, "excluded"))


async def test_an_employment_that_ended_meanwhile_closes_the_case(world: World) -> None:
    await excluded(world)
    await hr(world, EventType.EMPLOYMENT_TERMINATED)
    case = await act(world, "resume")
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")


async def test_who_was_hired_again_meanwhile_comes_back_as_anybody_does(world: World) -> None:
    account = replace(ACCOUNT, groups=["g-1"])
    await excluded(world, account=account, approvals=["needs_approval_pass"])
    await hr(world, EventType.EMPLOYMENT_TERMINATED)
    case = await hr(world, EventType.HIRE_CREATED, start_date=date(2026, 10, 1))
    assert (case.state, case.approvals) == (State.EXCLUDED, [])
    case = await act(world, "resume")
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    assert case.hire.start_date == date(2026, 10, 1)
    assert case.account is not None
    assert case.account.groups == []


async def test_an_account_of_the_same_run_needs_no_approval_of_a_return(world: World) -> None:
    await excluded(world, account=ACCOUNT)
    assert (await act(world, "resume")).state is State.WAITING_START


async def test_a_new_manager_and_a_new_first_day_hold(world: World) -> None:
    other = replace(MANAGER, id="manager-2", user_principal_name="neu@contoso.example", employee_id="2")
    world.tenant.add(replace(other, mail=other.user_principal_name))
    await excluded(world)
    said = {"manager": ManagerRef(email=other.user_principal_name), "start_date": date(2026, 9, 28)}
    case = await hr(world, EventType.HIRE_UPDATED, **said)
    assert (await world.story())[-1].action == "event_kept"
    await act(world, "resume")
    case = await until(world, FRIDAY)
    assert (case.state, case.next_action.why, world.tenant.created) == (
        State.WAITING_START,
        "start_is_far",
        [],
    )
    await until(world, FRIDAY + timedelta(days=35))
    assert list(world.tenant.managers.values()) == ["manager-2"]
    assert handed(world) == [("desk@contoso.example",)], "nobody stands for the change"


async def test_what_hr_took_back_is_missing(world: World) -> None:
    await excluded(world)
    await hr(world, EventType.HIRE_CANCELLED)
    await hr(world, EventType.HIRE_CREATED)
    case = await act(world, "resume")
    assert (case.state, case.reason_code) == (State.BLOCKED, "missing_start_date")


# --- what waited for a decision --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("hr_deleted_record", {"deleted_at": T0}),
        ("two_accounts", {"second_account": "c_00000000000000000099"}),
        ("needs_approval_same_person", {"maybe_same": "c_00000000000000000099"}),
        ("needs_approval_shared_id", {}),
        ("needs_approval_rehire", {}),
    ],
)
async def test_a_question_that_was_open_is_asked_again(
    world: World, reason: str, changes: dict[str, Any]
) -> None:
    stopped = {"state": State.BLOCKED, "return_state": State.WAITING_START, "reason_code": reason}
    await excluded(world, **stopped, **changes)
    case = await act(world, "resume")
    assert (case.state, case.reason_code, case.next_action.when) == (State.BLOCKED, reason, None)
    assert (await until(world, FRIDAY)).account is None


async def test_a_deletion_that_came_meanwhile_is_asked_about(world: World) -> None:
    await excluded(world)
    await hr(world, EventType.EMPLOYEE_DELETED)
    case = await act(world, "resume")
    assert (case.state, case.reason_code) == (State.BLOCKED, "hr_deleted_record")


async def test_a_question_outlasts_a_read_of_the_hr_system(world: World) -> None:
    fetch = Fetch("greenhouse", "person", "7", T0, T0, None, code="hr_sign_in")
    await excluded(
        world,
        state=State.BLOCKED,
        return_state=State.WAITING_START,
        reason_code="needs_approval_shared_id",
        fetches={"greenhouse": fetch},
    )
    case = await act(world, "resume")
    assert (case.state, case.next_action.when) == (State.AWAITING_FETCH, world.clock.at), "asked once more"
    case.fetches["greenhouse"] = replace(fetch, when=None, code=None)
    await world.store.cases.save(case)
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    case = await world.case()
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_shared_id")
    assert case.open_question is None


async def test_an_answer_that_leaves_another_question_lets_nobody_go_on(world: World) -> None:
    await world.file(
        make_case(
            state=State.PAUSED, return_state=State.WAITING_START, second_account="c_00000000000000000099"
        )
    )
    await act(world, "resume")
    case = await until(world, FRIDAY)
    assert (case.state, case.reason_code, case.account) == (State.BLOCKED, "two_accounts", None)


# --- the pass that the exclusion made void ---------------------------------------------------------------------


async def with_pass(world: World) -> Case:
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    case = await until(world, FRIDAY)
    assert (case.state, usable(world)) == (State.FOLLOWING_UP, ["pass-1"])
    return case


async def test_a_pass_that_was_made_void_by_mistake_is_issued_anew(world: World) -> None:
    await with_pass(world)
    await act(world, "exclude")
    await until(world, FRIDAY + timedelta(minutes=1))
    assert usable(world) == []
    await act(world, "resume")
    case = await until(world, FRIDAY + timedelta(hours=2))
    assert (case.state, usable(world)) == (State.FOLLOWING_UP, ["pass-2"])
    assert handed(world) == [("chef@contoso.example",)] * 2


async def test_a_pass_that_a_worker_is_making_void_waits_for_the_end_of_that(world: World) -> None:
    await with_pass(world)
    await act(world, "exclude")
    case = await act(world, "resume")
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.CREATED
    case = await until(world, FRIDAY + CLAIM_LEASE - timedelta(seconds=1))
    assert (case.next_action.why, usable(world)) == ("pass_in_doubt", ["pass-1"])
    await until(world, FRIDAY + timedelta(hours=2))
    assert usable(world) == ["pass-2"]


async def test_a_pass_that_could_not_be_made_void_is_when_its_case_goes_on(world: World) -> None:
    await with_pass(world)
    world.faults.before("void_pass", Unavailable("down"))
    await act(world, "exclude")
    await until(world, FRIDAY)
    await act(world, "resume")
    await until(world, FRIDAY + timedelta(hours=2))
    assert (usable(world), "pass-1" in world.tenant.voided) == (["pass-2"], True)


async def test_whoever_had_used_the_pass_gets_no_other(world: World) -> None:
    case = await with_pass(world)
    assert case.account is not None
    world.tenant.passes[case.account.id] = [
        replace(item, reason="OneTimeUsed") for item in world.tenant.passes[case.account.id]
    ]
    await act(world, "exclude")
    await until(world, FRIDAY + timedelta(minutes=1))
    await act(world, "resume")
    case = await until(world, FRIDAY + timedelta(hours=2))
    assert case.state is State.FOLLOWING_UP
    assert len(handed(world)) == 1
    assert case.steps["issue_access_pass"].status is StepStatus.SKIPPED


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_whoever_dies_while_including_leaves_nobody_without_a_pass_or_with_two(
    make_world: Callable[..., World], moment: str
) -> None:
    number, died = 0, True
    while died:
        world = make_world()
        await with_pass(world)
        await act(world, "exclude")
        await until(world, FRIDAY + timedelta(minutes=1))
        world.tape.calls.clear()
        world.tape.kill_at = (number, moment)
        with contextlib.suppress(Killed):
            await actions.act(world.s, "resume", CASE_ID, ASK)
            await until(world, FRIDAY + timedelta(hours=2))
        died, world.tape.kill_at = world.tape.killed, None
        if (await world.case()).state is State.EXCLUDED:
            await act(world, "resume")
        case = await until(world, FRIDAY + timedelta(hours=3))
        assert case.state is State.FOLLOWING_UP, (number, moment)
        assert len(usable(world)) == 1, (number, moment)
        number += 1
    assert number > 15


async def test_an_incomplete_record_is_read_again(world: World) -> None:
    fetch = Fetch("greenhouse", "person", "7", T0, T0, None)
    await excluded(world, hire=hire(start_date=None), fetches={"greenhouse": fetch})
    case = await act(world, "resume")
    assert (case.state, case.next_action.what) == (State.AWAITING_FETCH, "fetch")


async def test_of_two_questions_that_were_open_neither_is_lost(world: World) -> None:
    stopped = {
        "state": State.BLOCKED,
        "return_state": State.WAITING_START,
        "reason_code": "needs_approval_shared_id",
        "maybe_same": "c_00000000000000000099",
    }
    await excluded(world, **stopped)
    assert (await act(world, "resume")).reason_code == "needs_approval_same_person"
    two_people = Ask("boss", "asked", answers=rerun_plan.answers(approver=True))
    await actions.act(world.s, "rerun", CASE_ID, two_people)
    case = await until(world, FRIDAY)
    assert (case.state, case.reason_code, case.account) == (State.BLOCKED, "needs_approval_shared_id", None)
    await act(world, "approve")
    assert (await until(world, FRIDAY + timedelta(days=1))).account is not None
