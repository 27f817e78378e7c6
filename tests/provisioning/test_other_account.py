"""HR takes back that the account comes from Active Directory, and another one may have come meanwhile: of two accounts
one is left, nothing that opens the other stays behind, and whoever cannot be helped by the service reads what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from onboarding.access import Principal, Role
from onboarding.dashboard import buttons
from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import Event, State
from onboarding.errors import NotYetVisible, PermissionMissing, Refused, Throttled
from onboarding.operate.actions import act, possible
from onboarding.operate.explain import explain
from onboarding.operate.story import sentence
from onboarding.ports import CLAIM_LEASE
from tests.provisioning.test_refused import (
    CHECKS,
    FIRST_DAY,
    OWN_WAY,
    PEOPLE,
    WHO,
    delivers,
    enabled,
    followed_up,
    look,
    made,
    sync,
    until,
)
from tests.support.doubles import CASE_ID, T0, Killed, World
from tests.support.full_policy import full_case, full_policy, full_world
from tests.support.hr_says import says

OWN_STAYS = "own_account_stays"
#: Of the working day before the first one, when the pass goes out.
PASS_DAY = datetime(2026, 8, 21, 7, 5, tzinfo=UTC)


@pytest.fixture
def own_way() -> Iterator[World]:
    world = full_world(settings=OWN_WAY, policy=replace(full_policy(), people=PEOPLE))
    yield world
    world.close()


@pytest.fixture
def with_pass() -> Iterator[World]:
    world = full_world(policy=replace(full_policy(), people=PEOPLE))
    yield world
    world.close()


async def soon(world: World, **more: float) -> Case:
    return await until(world, world.clock.at + timedelta(**(more or {"minutes": 5})))


async def came_meanwhile(world: World, *, looked: bool = True) -> None:
    """Asked about: HR said Active Directory, whose account came, and took it back."""
    await delivers(world, employment_type="onprem")
    if looked:
        await soon(world)
    sync(world)
    await delivers(world, employment_type="Employee")
    case = await soon(world, hours=2)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_instead")


def opened(world: World, user_id: str = "user-2", value: bool = True) -> None:
    """An administrator's doing."""
    world.tenant.users[user_id] = replace(world.tenant.users[user_id], account_enabled=value)


# --- a yes to the other account, and the case's own cannot be closed --------------------------------------------


async def yes_in_vain(world: World, why: str) -> Case:
    """An approver says yes to the other one, when the case's own must not be closed any more."""
    await followed_up(world)
    await came_meanwhile(world, looked=why == "enabled_by_hand")
    if why == "in_use":
        world.tenant.methods["user-2"] = ("mobilePhone", "email")
    elif why == "enabled_by_hand":
        opened(world)
    else:
        await until(world, FIRST_DAY)
    await act(world.s, "approve", CASE_ID, WHO)
    return await soon(world)


@pytest.mark.parametrize("why", ["in_use", "enabled_by_hand", "disable_after_start"])
async def test_whoever_reads_that_both_stay_reads_why_and_what_to_do(own_way: World, why: str) -> None:
    case = await yes_in_vain(own_way, why)
    assert (case.state, case.reason_code) == (State.BLOCKED, OWN_STAYS)
    text = explain(case)
    assert "HR says that no account is made" not in text
    assert "HR corrects" not in text
    assert "other-person" in text
    told = [item for item in await own_way.story() if item.action == "account_not_disabled"]
    assert [item.detail["reason"] for item in told] == [why]
    assert {"other-person", "rerun", "exclude"} <= set(possible(case))
    assert case.asked_about == ["sync-1"]
    await act(own_way.s, "rerun", CASE_ID, WHO)
    case = await soon(own_way)
    assert (case.state, case.reason_code, made(own_way)) == (
        State.BLOCKED,
        OWN_STAYS,
        [("user-2", True), ("sync-1", True)],
    )


@pytest.mark.parametrize("why", ["in_use", "enabled_by_hand", "disable_after_start"])
async def test_the_yes_is_taken_back_and_the_case_goes_on_with_its_own(own_way: World, why: str) -> None:
    await yes_in_vain(own_way, why)
    await act(own_way.s, "other-person", CASE_ID, WHO)
    case = await soon(own_way, hours=2)
    assert case.account is not None
    assert (case.state in {State.FOLLOWING_UP, State.CONFIRMED}, case.account.id) == (True, "user-2")
    assert made(own_way)[0] == ("user-2", True)
    assert case.account.withheld is False


@pytest.mark.parametrize("why", ["in_use", "enabled_by_hand", "disable_after_start"])
async def test_or_an_administrator_closes_it_and_the_case_goes_on_with_the_other(
    own_way: World, why: str
) -> None:
    await yes_in_vain(own_way, why)
    opened(own_way, value=False)
    await act(own_way.s, "rerun", CASE_ID, WHO)
    case = await soon(own_way, days=3)
    assert case.account is not None
    assert (case.state, case.account.id) == (State.FOLLOWING_UP, "sync-1")
    assert made(own_way) == [("user-2", False), ("sync-1", True)]


async def test_or_the_other_one_is_deleted(own_way: World) -> None:
    await yes_in_vain(own_way, "in_use")
    del own_way.tenant.users["sync-1"]
    await act(own_way.s, "rerun", CASE_ID, WHO)
    case = await soon(own_way, hours=2)
    assert case.account is not None
    assert (case.state in {State.FOLLOWING_UP, State.CONFIRMED}, case.account.id) == (True, "user-2")


# --- what is said of it ------------------------------------------------------------------------------------------


async def test_the_question_says_what_a_yes_does_to_the_account_that_the_case_has(own_way: World) -> None:
    await followed_up(own_way)
    await came_meanwhile(own_way, looked=False)
    case = await own_way.case()
    text = explain(case)
    for untrue in ("before the hire", "gets another", "stays on that account alone"):
        assert untrue not in text
    assert "the one that the case has is disabled" in text
    approver = Principal("a-1", Role.APPROVER)
    does = {button.action: button.does for button in buttons.of(case, approver)}
    assert "the one that the case has is disabled" in does["approve"]
    assert "gets what the policy says" not in does["approve"]
    assert "keeps the one that the case has" in does["other-person"]
    assert "gets one of their own" not in does["other-person"]


async def test_a_word_of_hr_does_not_read_as_if_the_account_were_closed_already(own_way: World) -> None:
    await followed_up(own_way)
    own_way.tenant.methods["user-2"] = ("microsoftAuthenticatorPush",)
    await delivers(own_way, employment_type="guest")
    await soon(own_way)
    (entry,) = [item for item in await own_way.story() if item.action == "account_reconsidered"]
    said = sentence(entry.action, entry.detail)
    assert "if nobody does" in said
    assert "Nobody was given" not in said
    assert "guest" in said


async def refused_pass(world: World) -> str:
    with pytest.raises(Refused) as caught:
        await act(world.s, "new-pass", CASE_ID, replace(WHO, confirmed=CHECKS))
    assert caught.value.code == "account_closed"
    return caught.value.message


async def test_why_nobody_gets_a_new_pass_is_said_as_it_is(with_pass: World) -> None:
    await with_pass.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(with_pass, PASS_DAY - timedelta(hours=6))
    with_pass.faults.before("disable_user", *[Throttled("429", retry_after=600)] * 3)
    await delivers(with_pass, employment_type="onprem")
    await soon(with_pass)
    assert enabled(with_pass) == [True]
    said = await refused_pass(with_pass)
    assert "HR corrects the record first" in said
    assert "closed" not in said
    await soon(with_pass, hours=2)
    sync(with_pass)
    await delivers(with_pass, employment_type="Employee")
    await soon(with_pass, hours=1)
    said = await refused_pass(with_pass)
    assert "HR corrects" not in said
    assert "HR has taken back" in said


# --- a pass of the account that is left --------------------------------------------------------------------------


async def pass_in_doubt(world: World, end: str = "after", call: str = "send_now") -> Case:
    """The worker died before it could write that the pass was handed over, or made."""
    await world.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(world, PASS_DAY - timedelta(minutes=10))
    world.clock.at = PASS_DAY
    world.tape.kill_on = (call, end)
    with contextlib.suppress(Killed):
        await look(world)
    world.tape.kill_on = None
    return await world.case()


@pytest.mark.parametrize("call", ["send_now", "create_pass"])
@pytest.mark.parametrize("way", ["taken back", "stands"])
async def test_a_pass_is_void_before_its_account_is_left_for_another(
    with_pass: World, way: str, call: str
) -> None:
    case = await pass_in_doubt(with_pass, call=call)
    assert case.access_pass is not None
    assert case.access_pass.status in {PassStatus.INTENDED, PassStatus.CREATED}
    assert len(with_pass.tenant.passes["user-2"]) == 1
    sync(with_pass)
    await delivers(with_pass, employment_type="onprem")
    if way == "taken back":
        await delivers(with_pass, employment_type="Employee")
    with_pass.clock.at += CLAIM_LEASE
    case = await soon(with_pass, hours=2)
    if way == "taken back":
        assert case.reason_code == "needs_approval_instead"
        await act(with_pass.s, "approve", CASE_ID, WHO)
        case = await soon(with_pass, hours=1)
    assert case.account is not None
    assert case.account.id == "sync-1"
    assert (with_pass.tenant.passes["user-2"], case.access_pass) == ([], None)
    actions = [item.action for item in await with_pass.story()]
    linked = len(actions) - 1 - actions[::-1].index("account_linked")
    assert "pass_voided" in actions[:linked]


@pytest.mark.parametrize("kill_at", range(20))
async def test_a_death_at_any_call_leaves_no_pass_of_the_account_that_is_left(
    with_pass: World, kill_at: int
) -> None:
    await pass_in_doubt(with_pass)
    await delivers(with_pass, employment_type="onprem")
    sync(with_pass)
    await delivers(with_pass, employment_type="Employee")
    with_pass.clock.at += CLAIM_LEASE
    await soon(with_pass, hours=2)
    await act(with_pass.s, "approve", CASE_ID, WHO)
    with_pass.tape.calls.clear()
    with_pass.tape.kill_at = (kill_at, "after")
    with contextlib.suppress(Killed):
        for _ in range(3):
            await look(with_pass)
    with_pass.tape.kill_at = None
    with_pass.clock.at += CLAIM_LEASE
    case = await soon(with_pass, hours=1)
    assert case.account is not None
    assert (case.account.id, enabled(with_pass), with_pass.tenant.passes["user-2"]) == ("sync-1", [False], [])


async def test_also_one_that_was_handed_over_on_the_first_day(with_pass: World) -> None:
    """Opened at once, with a pass; then the other one shows, and an administrator closes the first."""
    await with_pass.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(with_pass, PASS_DAY - timedelta(hours=6))
    await delivers(with_pass, employment_type="onprem")
    await until(with_pass, FIRST_DAY)
    sync(with_pass)
    with_pass.tenant.hidden.add("sync-1")
    await delivers(with_pass, employment_type="Employee")
    case = await soon(with_pass)
    assert case.access_pass is not None
    assert (case.access_pass.status, enabled(with_pass)) == (PassStatus.DELIVERED, [True])
    with_pass.tenant.hidden.clear()
    with_pass.clock.move(hours=1)
    await look(with_pass)
    await act(with_pass.s, "approve", CASE_ID, WHO)
    case = await soon(with_pass)
    assert (case.reason_code, len(with_pass.tenant.passes["user-2"])) == (OWN_STAYS, 1)
    opened(with_pass, value=False)
    await act(with_pass.s, "rerun", CASE_ID, WHO)
    case = await soon(with_pass)
    assert case.account is not None
    assert (case.account.id, with_pass.tenant.passes["user-2"]) == ("sync-1", [])


@pytest.mark.parametrize("error", [Throttled("429", retry_after=60), PermissionMissing("grant it")])
async def test_the_other_account_waits_until_the_pass_is_void(with_pass: World, error: Exception) -> None:
    await pass_in_doubt(with_pass)
    await delivers(with_pass, employment_type="onprem")
    sync(with_pass)
    with_pass.clock.at += CLAIM_LEASE
    with_pass.faults.before("void_pass", error, error)
    case = await soon(with_pass, minutes=1)
    assert case.account is not None
    assert (case.account.id, enabled(with_pass)) == ("user-2", [False])
    assert "The first credential was called back" in explain(case)
    case = await soon(with_pass, hours=12)
    assert case.account is not None
    assert (case.account.id, with_pass.tenant.passes["user-2"]) == ("sync-1", [])


# --- one that has not replicated ---------------------------------------------------------------------------------


async def hidden_other(world: World, *, looked: bool = True) -> None:
    """Active Directory's account is there when HR takes its word back, and not visible yet."""
    await delivers(world, employment_type="onprem")
    if looked:
        await soon(world)
    sync(world)
    world.tenant.hidden.add("sync-1")
    await delivers(world, employment_type="Employee")


@pytest.mark.parametrize("minutes", [5, 30])
@pytest.mark.parametrize("looked", [True, False], ids=["closed", "nobody looked"])
async def test_what_was_closed_is_opened_once_another_account_would_be_visible(
    own_way: World, minutes: int, looked: bool
) -> None:
    await followed_up(own_way)
    await hidden_other(own_way, looked=looked)
    case = await soon(own_way, minutes=minutes)
    assert (case.state, case.next_action.why) == (State.PROVISIONING, "another_account_may_come")
    assert enabled(own_way) == [not looked]
    own_way.tenant.hidden.clear()
    case = await soon(own_way, hours=1)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_instead")
    assert made(own_way) == [("user-2", not looked), ("sync-1", True)]


async def test_where_none_came_it_is_opened_within_the_hour(own_way: World) -> None:
    await followed_up(own_way)
    await delivers(own_way, employment_type="onprem")
    await soon(own_way)
    await delivers(own_way, employment_type="Employee")
    case = await soon(own_way, minutes=61)
    assert (case.state, enabled(own_way)) == (State.FOLLOWING_UP, [True])
    assert case.account is not None
    assert (case.account.withheld, case.account.taken_back_at) == (False, None)


async def test_also_where_hr_was_read_and_no_event_said_so(own_way: World) -> None:
    await followed_up(own_way)
    await delivers(own_way, employment_type="onprem")
    await soon(own_way)
    sync(own_way)
    own_way.tenant.hidden.add("sync-1")
    own_way.clock.move(minutes=1)
    await says(own_way, EventType.HIRE_UPDATED, employment_type="Employee")
    case = await soon(own_way)
    assert (case.next_action.why, enabled(own_way)) == ("another_account_may_come", [False])
    own_way.tenant.hidden.clear()
    case = await soon(own_way, hours=1)
    assert (case.reason_code, made(own_way)) == (
        "needs_approval_instead",
        [("user-2", False), ("sync-1", True)],
    )


@pytest.mark.parametrize("came", [True, False])
async def test_on_the_first_day_it_is_opened_at_once_and_looked_for_after(own_way: World, came: bool) -> None:
    """Nobody stands at the door for the sake of a doubt; two accounts do not go unnoticed all the same."""
    await followed_up(own_way)
    await delivers(own_way, employment_type="onprem")
    await until(own_way, FIRST_DAY)
    if came:
        sync(own_way)
        own_way.tenant.hidden.add("sync-1")
    await delivers(own_way, employment_type="Employee")
    case = await soon(own_way)
    assert (case.state, enabled(own_way)) == (State.FOLLOWING_UP, [True])
    own_way.tenant.hidden.clear()
    case = await soon(own_way, days=2)
    expected = (State.BLOCKED, "needs_approval_instead") if came else (State.FOLLOWING_UP, None)
    assert (case.state, case.reason_code) == expected
    actions = [item.action for item in await own_way.story()]
    assert actions.count("provisioned") <= 3, "it is looked for once more, not for ever"


async def test_also_of_somebody_who_has_confirmed_by_then(own_way: World) -> None:
    await followed_up(own_way)
    await delivers(own_way, employment_type="onprem")
    await until(own_way, FIRST_DAY)
    sync(own_way)
    own_way.tenant.hidden.add("sync-1")
    await delivers(own_way, employment_type="Employee")
    case = await soon(own_way)
    case.apply(Event.CONFIRM)
    case.confirmed_at = own_way.clock.at
    await own_way.store.cases.save(case)
    own_way.tenant.hidden.clear()
    own_way.clock.move(hours=2)
    await look(own_way)
    assert (await own_way.case()).reason_code == "needs_approval_instead"


async def test_a_guest_who_is_none_is_let_in_at_once(own_way: World) -> None:
    """Nothing else made an account for them."""
    await followed_up(own_way)
    await delivers(own_way, employment_type="guest")
    await soon(own_way)
    await delivers(own_way, employment_type="Employee")
    await act(own_way.s, "rerun", CASE_ID, WHO)
    case = await soon(own_way)
    assert (case.state, enabled(own_way)) == (State.FOLLOWING_UP, [True])


async def test_hr_changes_its_mind_twice_within_the_hour(own_way: World) -> None:
    await followed_up(own_way)
    await hidden_other(own_way)
    await soon(own_way)
    own_way.tenant.hidden.clear()
    await delivers(own_way, employment_type="onprem")
    case = await until(own_way, FIRST_DAY)
    assert case.account is not None
    assert (case.state, case.account.id, enabled(own_way)) == (State.FOLLOWING_UP, "sync-1", [False])


async def test_nobody_waits_for_a_pass_of_an_account_that_is_deleted(with_pass: World) -> None:
    """The tenant answers each try to make it void with 404."""
    await followed_up_to_the_pass(with_pass)
    await delivers(with_pass, employment_type="onprem")
    sync(with_pass)
    await delivers(with_pass, employment_type="Employee")
    with_pass.clock.at += CLAIM_LEASE
    case = await until(with_pass, with_pass.clock.at + timedelta(minutes=5))
    assert case.reason_code == "needs_approval_instead"
    with_pass.clock.move(hours=2)
    with_pass.tenant.users.pop("user-2")
    with_pass.faults.before("passes", *[NotYetVisible("404")] * 50)
    await act(with_pass.s, "approve", CASE_ID, WHO)
    case = await until(with_pass, with_pass.clock.at + timedelta(hours=1))
    assert case.account is not None
    assert case.account.id == "sync-1"


async def followed_up_to_the_pass(world: World) -> None:
    """The worker dies between the pass mail and its note."""
    await world.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(world, PASS_DAY - timedelta(minutes=10))
    world.clock.at = PASS_DAY
    world.tape.kill_on = ("send_now", "after")
    with contextlib.suppress(Killed):
        await look(world)
    world.tape.kill_on = None


async def test_a_word_between_does_not_end_the_second_look(own_way: World) -> None:
    """Active Directory, then a guest, then an employee: the other account may have come since the first of these."""
    await followed_up(own_way)
    await delivers(own_way, employment_type="onprem")
    await soon(own_way)
    await delivers(own_way, employment_type="guest")
    await soon(own_way)
    sync(own_way)
    own_way.tenant.hidden.add("sync-1")
    await delivers(own_way, employment_type="Employee")
    await act(own_way.s, "rerun", CASE_ID, WHO)
    case = await soon(own_way)
    assert case.next_action.why == "another_account_may_come"
    own_way.tenant.hidden.clear()
    case = await soon(own_way, hours=1)
    assert (case.reason_code, enabled(own_way)) == ("needs_approval_instead", [False])
