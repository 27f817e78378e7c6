"""A first credential or a welcome that never succeeds ends with somebody who has to act, whatever the hour is; and an
account that was deleted meanwhile is told as such, and leads on to it again or to another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import AccountPolicy, Policy
from onboarding.domain.records import NextAction, StepStatus
from onboarding.errors import Unavailable
from onboarding.operate.actions import Ask, act
from onboarding.operate.reasons import REASONS
from onboarding.operate.rerun_plan import possible
from onboarding.ports import REPLICATION
from onboarding.provisioning import runner
from onboarding.provisioning.plan import Planned
from onboarding.provisioning.step import Block, Context, Done, Outcome, Step, Wait
from tests.support.doubles import CASE_ID, MANAGER, T0, Killed, World, drive, make_case, sides

#: Monday of the first day, 09:00 in Berlin.
FIRST_DAY = datetime(2026, 8, 24, 7, 0, tzinfo=UTC)
FOR_EVER = 10_000
OPERATOR, APPROVER = Ask("operator", "it is mended"), Ask("approver", "it is the same person")


def fails(world: World, *methods: str) -> None:
    for method in methods:
        world.faults.before(method, *[Unavailable("503") for _ in range(FOR_EVER)])


def mended(world: World) -> None:
    world.faults.plan.clear()


async def until_passes(world: World) -> Case:
    """The account is there; what is left is the first credential and the welcome."""
    await world.file(make_case(hired_at=T0))
    for _ in range(50):
        case = await world.case()
        if case.next_action.what == "issue_access_pass":
            return case
        assert case.next_action.when is not None
        world.clock.at = max(world.clock.at, case.next_action.when)
        await runner.advance(world.s, case, world.clock.at)
    raise AssertionError("the first credential is never reached")


# --- what always fails -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "method"),
    [
        ("issue_access_pass", "registration_of"),
        ("issue_access_pass", "create_pass"),
        ("send_welcome", "create_draft"),
    ],
)
async def test_nights_do_not_hide_what_never_succeeds_and_a_rerun_leads_on(
    world: World, step: str, method: str
) -> None:
    """72 hours since the first failure, though three nights lie between; then follow-up begins after a rerun."""
    await until_passes(world)
    fails(world, method)
    case = await drive(world, limit=2000)
    assert (case.state, case.reason_code) == (State.BLOCKED, "retries_exhausted")
    assert case.steps[step].status is StepStatus.BLOCKED
    (last,) = [item for item in await world.story() if item.action == "blocked"]
    assert (last.detail["step"], last.detail["last"]) == (step, "unavailable")
    assert timedelta(hours=72) <= world.clock.at - FIRST_DAY + timedelta(days=3) < timedelta(hours=100)
    assert "rerun" in possible(case)

    mended(world)
    world.clock.at = datetime(2026, 8, 27, 9, tzinfo=UTC)
    await act(world.s, "rerun", CASE_ID, OPERATOR)
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert case.steps[step].status is StepStatus.DONE


async def test_the_sentence_says_that_nobody_is_reminded_meanwhile() -> None:
    wrong, todo = REASONS["retries_exhausted"]
    assert "give_up_after_hours" in wrong
    assert "reminded" in todo
    assert "rerun" in todo


def plan_of(monkeypatch: pytest.MonkeyPatch, answers: list[Outcome | Exception]) -> None:
    async def run(ctx: Context) -> Outcome:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(runner, "steps", lambda: (Planned(Step("one", "one"), run),))


@pytest.mark.parametrize("put_off", [True, False])
async def test_only_a_wait_that_tried_nothing_leaves_the_count_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch, put_off: bool
) -> None:
    night = Wait(T0 + timedelta(hours=16), "working_time" if put_off else "not_yet", put_off=put_off)
    plan_of(monkeypatch, [Unavailable("x"), night, Unavailable("x"), Done()])
    await world.file(make_case(state=State.PROVISIONING))
    seen = []
    for _ in range(3):
        case = await world.case()
        world.clock.at = max(world.clock.at, case.next_action.when or T0)
        await runner.advance(world.s, case, world.clock.at)
        record = (await world.case()).steps["one"]
        seen.append((record.attempts, record.first_failed_at))
    again = (2, T0) if put_off else (1, T0 + timedelta(hours=16))
    assert seen == [(1, T0), (1, T0) if put_off else (0, None), again]


@pytest.mark.parametrize("fails_again", [False, True])
async def test_one_failure_after_a_long_weekend_is_no_72_hours_without_success(
    world: World, monkeypatch: pytest.MonkeyPatch, fails_again: bool
) -> None:
    """One before Easter and one after it are two; whoever looks in between adds nothing."""
    easter = T0 + timedelta(days=4, hours=16)
    night = Wait(easter, "working_time", put_off=True)
    last = Unavailable("x") if fails_again else Done()
    plan_of(monkeypatch, [Unavailable("x"), night, night, Unavailable("x"), last])
    await world.file(make_case(state=State.PROVISIONING))
    for number in range(5):
        case = await world.case()
        world.clock.at = max(world.clock.at, case.next_action.when or T0)
        if number == 2:
            case.next_action = NextAction("one", T0 + timedelta(days=2), "somebody looks")
            await world.store.cases.save(case)
            world.clock.at = T0 + timedelta(days=2)
        await runner.advance(world.s, await world.case(), world.clock.at)
        case = await world.case()
        if number == 3:
            assert (case.state, case.steps["one"].attempts) == (State.PROVISIONING, 2)
            assert case.next_action.when is not None
            assert easter < case.next_action.when < easter + timedelta(hours=2)
    assert case.reason_code == ("retries_exhausted" if fails_again else None)


# --- the account is gone ---------------------------------------------------------------------------------


async def deleted(world: World, *, for_good: bool = False) -> Case:
    """Somebody deleted the account before the first credential went out, and the plan has stopped for it."""
    case = await until_passes(world)
    assert case.account is not None
    user = world.tenant.users.pop(case.account.id)
    if not for_good:
        world.tenant.held.deleted[user.id] = user
    world.tenant.add(replace(MANAGER, id="user-x", user_principal_name="x@contoso.example", employee_id="2"))
    return await drive(world)


@pytest.mark.parametrize(("for_good", "after"), [(False, timedelta()), (True, REPLICATION)])
async def test_a_deleted_account_is_told_as_such_once_it_cannot_be_lag(
    world: World, for_good: bool, after: timedelta
) -> None:
    case = await deleted(world, for_good=for_good)
    assert (case.state, case.reason_code) == (State.BLOCKED, "account_gone")
    assert case.steps["issue_access_pass"].code == "account_gone"
    first_try = datetime(2026, 8, 21, 7, 0, tzinfo=UTC)
    assert after <= world.clock.at - first_try <= after * 3, "a weekend may lie between"
    assert {"rerun", "exclude"} <= set(possible(case))
    assert "rerun" in REASONS["account_gone"][1]


@pytest.mark.parametrize("lag", [1, 30, 300])
async def test_an_account_that_is_only_out_of_sight_is_waited_for(world: World, lag: int) -> None:
    case = await until_passes(world)
    assert case.account is not None
    world.tenant.hidden.add(case.account.id)
    world.clock.at = seen_first = case.next_action.when or T0
    while world.clock.at < seen_first + timedelta(minutes=lag):
        await runner.advance(world.s, await world.case(), world.clock.at)
        case = await world.case()
        assert case.state is State.PROVISIONING
        world.clock.at = max(case.next_action.when or T0, world.clock.at + timedelta(seconds=1))
    world.tenant.hidden.clear()
    assert (await drive(world)).state is State.FOLLOWING_UP


async def test_an_outage_while_it_is_looked_for_says_nothing_about_the_account(world: World) -> None:
    await until_passes(world)
    fails(world, "registration_of", "get_user")
    case = await drive(world, limit=2000)
    assert case.reason_code == "retries_exhausted"


async def test_whoever_restores_it_by_hand_reruns_and_the_case_goes_on(world: World) -> None:
    case = await deleted(world)
    for user_id, user in list(world.tenant.held.deleted.items()):
        world.tenant.users[user_id] = world.tenant.held.deleted.pop(user_id)
        assert case.account is not None
        assert user.id == case.account.id
    await act(world.s, "rerun", CASE_ID, OPERATOR)
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert len(world.tenant.created) == 1
    assert len(world.tenant.issued) == 1


async def from_the_account_on(world: World) -> Case:
    await act(world.s, "rerun", CASE_ID, Ask("operator", "another one", from_step="create_account"))
    return await drive(world)


@pytest.mark.parametrize("policy", ["ask", "restore"])
async def test_a_rerun_from_the_account_on_restores_it_on_an_approvers_word(
    make_world: Callable[..., World], policy: Any
) -> None:
    """Whatever the policy says of people who come back: somebody took it away from this very hire."""
    world = make_world(policy=Policy(account=AccountPolicy(rehire=policy)))
    case = await deleted(world)
    assert case.account is not None
    user_id = case.account.id
    case = await from_the_account_on(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_restore")
    assert world.tenant.held.restored == []
    await act(world.s, "approve", CASE_ID, APPROVER)
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert world.tenant.held.restored == [user_id]
    assert len(world.tenant.created) == len(world.tenant.issued) == 1


async def test_a_rerun_from_the_account_on_makes_another_one_where_it_is_gone_for_good(world: World) -> None:
    """After as long as it could be out of sight: somebody may have restored it a moment ago."""
    case = await deleted(world, for_good=True)
    asked_at, old = world.clock.at, case.account
    await act(world.s, "rerun", CASE_ID, Ask("operator", "another one", from_step="create_account"))
    await runner.advance(world.s, await world.case(), world.clock.at)
    waiting = await world.case()
    assert waiting.steps["create_account"].code == "not_yet_visible"
    assert "purged" in possible(waiting)
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert case.account is not None
    assert old is not None
    assert case.account.id != old.id
    assert case.account.created_at >= asked_at + REPLICATION
    assert case.account.user_principal_name == old.user_principal_name
    assert [user.employee_id for user in world.tenant.created] == ["4711", "4711"]
    assert len(world.tenant.issued) == 1


async def test_a_pass_of_the_account_that_is_gone_is_none_for_the_next_one(world: World) -> None:
    await world.file(make_case(hired_at=T0))
    case = await drive(world)
    assert case.account is not None
    world.tenant.users.pop(case.account.id)
    case = await from_the_account_on(world)
    assert case.state is State.FOLLOWING_UP
    assert [len(items) for items in (world.tenant.created, world.tenant.issued)] == [2, 2]


async def test_an_approver_who_says_that_it_was_purged_need_not_wait(world: World) -> None:
    await deleted(world, for_good=True)
    await act(world.s, "rerun", CASE_ID, Ask("operator", "another one", from_step="create_account"))
    await runner.advance(world.s, await world.case(), world.clock.at)
    await act(world.s, "purged", CASE_ID, Ask("approver", "deleted for good"))
    asked_at = world.clock.at
    await runner.advance(world.s, await world.case(), world.clock.at)
    case = await world.case()
    assert case.account is not None
    assert case.account.created_at == asked_at.replace(microsecond=0)


async def test_somebody_who_restored_it_by_hand_before_such_a_rerun_gets_no_second_account(
    world: World,
) -> None:
    """It is neither among the deleted ones nor to be seen yet."""
    case = await deleted(world)
    assert case.account is not None
    user = world.tenant.held.deleted.pop(case.account.id)
    await act(world.s, "rerun", CASE_ID, Ask("operator", "look again", from_step="create_account"))
    await runner.advance(world.s, await world.case(), world.clock.at)
    world.clock.move(minutes=REPLICATION / timedelta(minutes=1) - 1)
    world.tenant.add(user)
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert len(world.tenant.created) == 1


def test_a_block_names_the_code_that_the_desk_uses_as_well() -> None:
    assert runner.ACCOUNT_GONE == "account_gone"
    assert Block(runner.ACCOUNT_GONE).reason in REASONS


async def test_a_death_at_any_call_still_makes_one_account_in_place_of_the_one_that_is_gone(
    make_world: Callable[..., World],
) -> None:
    async def prepared() -> World:
        world = make_world()
        await deleted(world, for_good=True)
        await act(world.s, "rerun", CASE_ID, Ask("operator", "another one", from_step="create_account"))
        world.tape.calls.clear()
        return world

    clean = await prepared()
    await drive(clean)
    made = clean.tape.calls.index("directory.create_user")
    for number in range(made - 6, made + 6):
        for side in sides(number):
            world = await prepared()
            world.tape.kill_at = (number, side)
            with pytest.raises(Killed):
                await drive(world)
            case = await drive(world)
            assert case.state is State.FOLLOWING_UP, (number, side, case.reason_code)
            assert len(world.tenant.created) == 2, (number, side)
            assert len(world.tenant.issued) == 1
            world.close()
