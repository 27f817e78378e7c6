"""No to a first credential that waits for an approval, and what an approver sees of an account that was found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy
from onboarding.errors import IllegalTransition, Unavailable
from onboarding.operate import actions, found, rerun_plan
from onboarding.operate.asks import Ask
from onboarding.operate.next_step import next_words
from onboarding.ports import DirectoryUser
from tests.support.doubles import CASE_ID, T0, World, drive, hire, make_case
from tests.support.hr_says import says
from tests.support.kinds import account

NO = Ask("approver", "has a password from the branch", reason_code="needs_approval_pass")


async def asked(world: World) -> Case:
    """Everything but the pass is done, long after the start."""
    await world.file(make_case(hire=hire(start_date=(T0 - timedelta(days=60)).date())))
    case = await drive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_pass")
    return case


async def test_no_is_no_for_good_and_the_rest_goes_on(world: World) -> None:
    case = await asked(world)
    assert "without-pass" in rerun_plan.possible(case)
    assert next_words(case) == "An approver has to decide"
    await actions.act(world.s, "without-pass", CASE_ID, NO)
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert case.steps["issue_access_pass"].detail == "approver_said_no"
    assert world.tenant.issued == []
    assert sum("zoe.private@example.org" in mail.to for mail in world.tenant.mail) == 1, "welcomed"
    told = next(entry for entry in await world.story() if entry.action == "without_pass")
    assert (told.actor, told.detail["reason"]) == ("operator:approver", NO.reason)
    await actions.act(world.s, "rerun", CASE_ID, Ask("o-1", "again"))
    assert (await drive(world)).state is State.FOLLOWING_UP, "nobody is asked again"


@pytest.mark.parametrize(("days", "issued"), [(30, 1), (-10, 0)])
async def test_it_was_said_of_the_day_that_hr_named_then(world: World, days: int, issued: int) -> None:
    """HR had mistyped the first day: for one that lies ahead the pass is judged anew."""
    await asked(world)
    await actions.act(world.s, "without-pass", CASE_ID, NO)
    await drive(world)
    world.clock.move(minutes=5)
    await says(world, EventType.START_DATE_CHANGED, start_date=(world.clock.at + timedelta(days=days)).date())
    case = await drive(world)
    assert (case.state, len(world.tenant.issued)) == (State.FOLLOWING_UP, issued)


@pytest.mark.parametrize("country", ["AT", "US"])
async def test_another_place_of_work_asks_nobody_again(world: World, country: str) -> None:
    """The day is the same; the hours of a place matter to a pass that is out."""
    await world.file(make_case(rehired_at=T0, hired_at=T0))
    case = await world.case()
    case.account = Account("old-1", "z.mueller@contoso.example", "4711", T0 - timedelta(days=900))
    world.tenant.add(account())
    await world.store.cases.save(case)
    assert (await drive(world)).reason_code == "needs_approval_pass"
    await actions.act(world.s, "without-pass", CASE_ID, NO)
    await drive(world)
    world.clock.move(minutes=5)
    await says(world, EventType.HIRE_UPDATED, work_country=country)
    case = await drive(world)
    assert (case.state, case.steps["issue_access_pass"].detail) == (State.FOLLOWING_UP, "approver_said_no")


async def test_a_new_pass_can_be_asked_for_all_the_same(world: World) -> None:
    await asked(world)
    await actions.act(world.s, "without-pass", CASE_ID, NO)
    await drive(world)
    checks = tuple(check.code for check in Policy().desk.identity_checks)
    await actions.act(world.s, "new-pass", CASE_ID, Ask("approver", "came in", confirmed=checks))
    assert (await drive(world)).state is State.FOLLOWING_UP
    assert len(world.tenant.issued) == 1


@pytest.mark.parametrize("state", [State.BLOCKED, State.FOLLOWING_UP])
async def test_it_answers_no_other_question(world: World, state: State) -> None:
    code = "needs_approval_lookalike" if state is State.BLOCKED else None
    await world.file(make_case(state=state, reason_code=code, return_state=State.PROVISIONING))
    with pytest.raises(IllegalTransition):
        await actions.act(world.s, "without-pass", CASE_ID, replace(NO, reason_code=None))
    assert "without-pass" not in rerun_plan.possible(await world.case())


# --- the account that was found --------------------------------------------------------------------------------


async def asks_whose(world: World, user: DirectoryUser | None) -> Case:
    if user is not None:
        world.tenant.add(user)
    waiting = make_case(state=State.BLOCKED, reason_code="needs_approval_adopt")
    waiting.return_state, waiting.found_account, waiting.found_ids = (
        State.PROVISIONING,
        "zoe@c.example",
        ["u-9"],
    )
    await world.file(waiting)
    return await world.case()


async def test_the_account_that_was_found_is_described_as_the_tenant_has_it(world: World) -> None:
    user = DirectoryUser(
        "u-9",
        "zoe@c.example",
        employee_id="4711",
        display_name="Zoe Old",
        account_enabled=False,
        created_at=T0,
    )
    (one,) = await found.described(world.s, await asks_whose(world, user))
    assert one["user_principal_name"] == "zoe@c.example"
    assert one["facts"][:2] == ["name Zoe Old", "disabled"]
    assert "employeeId: the number that HR sent" in one["facts"]
    other = replace(user, employee_id="99", synced=True, user_type="Guest")
    world.tenant.users["u-9"] = other
    (one,) = await found.described(world.s, await world.case())
    assert one["facts"][-3:] == ["employeeId: 99, HR sent another", "comes from Active Directory", "a guest"]


async def test_an_account_that_is_not_there_is_said_to_be_so(world: World) -> None:
    (one,) = await found.described(world.s, await asks_whose(world, None))
    assert "deleted, or not shown yet" in one["facts"][0]


async def test_where_the_tenant_does_not_answer_the_page_goes_without(world: World) -> None:
    case = await asks_whose(world, None)
    world.faults.before("get_user", Unavailable("down"))
    assert await found.described(world.s, case) == []
