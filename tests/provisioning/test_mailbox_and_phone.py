"""wait_for_mailbox and prepopulate_phone: how long is waited, where messages go, when a number is added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import Phone
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy
from onboarding.domain.policy_file import load
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.errors import EffectUnknown, OperatorError
from onboarding.followup import nudge
from onboarding.operate.actions import Ask, act
from onboarding.provisioning import pass_guards
from onboarding.provisioning.step import Context, Done, Outcome, Skip, Wait
from onboarding.provisioning.steps import prepopulate_phone, wait_for_mailbox
from onboarding.settings import Settings
from tests.support.doubles import T0, World, drive, hire, make_case
from tests.support.kinds import account

MakeWorld = Callable[..., World]
EXPECTED = load("[mailbox]\nexpected_for = [{}]\nwait_minutes = 45")
NONE = load('[mailbox]\nnone_for = [{ department = ["R&D"] }]')


async def stand(world: World, *, at: datetime = T0, **changes: Any) -> Context:
    user = world.tenant.add(account(created_at=T0))
    values = {"state": State.PROVISIONING, **changes}
    case = make_case(hire=values.pop("hire", hire()), **values)
    case.account = Account(user.id, user.user_principal_name, "4711", T0)
    world.clock.at = at
    return Context(world.s, await world.file(case), at)


async def wait(ctx: Context) -> Outcome:
    return await wait_for_mailbox.run(ctx)


# --- the mailbox -------------------------------------------------------------------------------------------


async def test_it_is_there_when_the_account_has_an_address(make_world: MakeWorld) -> None:
    world = make_world(policy=EXPECTED)
    ctx = await stand(world)
    assert await wait(ctx) == Wait(T0 + timedelta(minutes=5), "mailbox_not_there_yet")
    world.tenant.users["old-1"] = replace(world.tenant.users["old-1"], mail="z@contoso.example")
    assert await wait(ctx) == Done("there")
    assert ctx.account.mailbox is True


@pytest.mark.parametrize("visible", [True, False])
async def test_nobody_waits_longer_than_the_policy_says(make_world: MakeWorld, visible: bool) -> None:
    world = make_world(policy=EXPECTED)
    ctx = await stand(world, at=T0 + timedelta(minutes=43))
    if not visible:
        world.tenant.hidden.add("old-1")
    assert await wait(ctx) == Wait(T0 + timedelta(minutes=45), "mailbox_not_there_yet")
    late = Context(ctx.s, ctx.case, T0 + timedelta(minutes=45))
    assert await wait(late) == Skip("mailbox_not_there_yet")
    assert ctx.account.mailbox is False


async def test_the_wait_begins_with_the_licence(make_world: MakeWorld) -> None:
    world = make_world(policy=EXPECTED)
    licensed = T0 + timedelta(days=2)
    steps = {"assign_licenses": StepRecord(StepStatus.DONE, 1, licensed)}
    ctx = await stand(world, at=licensed + timedelta(minutes=44), steps=steps)
    assert await wait(ctx) == Wait(licensed + timedelta(minutes=45), "mailbox_not_there_yet")


@pytest.mark.parametrize(("private", "waits"), [("zoe@home.example", False), (None, True), ("  ", True)])
async def test_a_first_reminder_that_can_be_read_elsewhere_does_not_wait(
    make_world: MakeWorld, private: str | None, waits: bool
) -> None:
    """The first day, 09:00 in Berlin: the first reminder is due."""
    first = datetime(2026, 8, 24, 7, tzinfo=UTC)
    world = make_world(policy=EXPECTED)
    steps = {"assign_licenses": StepRecord(StepStatus.DONE, 1, first)}
    ctx = await stand(world, at=first, steps=steps, hire=hire(personal_email=private))
    outcome = await wait(ctx)
    assert isinstance(outcome, Wait) is waits
    assert ctx.account.mailbox is (None if waits else False)


async def test_whoever_has_none_is_not_waited_for_and_not_written_to(make_world: MakeWorld) -> None:
    world = make_world(policy=NONE)
    ctx = await stand(world)
    assert await wait(ctx) == Skip("no_mailbox_expected")
    assert (ctx.account.mailbox, world.tape.calls) == (False, [])


async def test_a_policy_that_says_nothing_has_no_such_step(make_world: MakeWorld) -> None:
    world = make_world()
    await world.file(make_case())
    case = await drive(world)
    assert "wait_for_mailbox" not in case.steps
    assert case.account is not None
    assert case.account.mailbox is None


@pytest.mark.parametrize(
    ("mailbox", "private", "to"),
    [
        (None, "zoe@home.example", ("zoe@home.example", "z.mueller@contoso.example")),
        (True, None, ("z.mueller@contoso.example",)),
        (False, "zoe@home.example", ("zoe@home.example",)),
        (False, None, ()),
    ],
)
def test_reminders_go_where_they_can_be_read(
    mailbox: bool | None, private: str | None, to: tuple[str, ...]
) -> None:
    case = make_case(hire=hire(personal_email=private))
    case.account = Account("old-1", "z.mueller@contoso.example", "4711", T0, mailbox=mailbox)
    assert nudge.recipients(case, Policy(), datetime(2026, 8, 25, 8, tzinfo=UTC)) == to


async def test_the_welcome_waits_for_the_mailbox_and_the_pass_does_not(make_world: MakeWorld) -> None:
    world = make_world(policy=EXPECTED)
    await world.file(make_case(hire=hire(personal_email=None)))
    world.clock.at = datetime(2026, 8, 25, 8, tzinfo=UTC)  # HR was late
    from tests.support.doubles import advance

    case = await advance(world)
    assert case.steps["issue_access_pass"].status is StepStatus.DONE
    assert (case.next_action.what, case.next_action.why) == ("wait_for_mailbox", "mailbox_not_there_yet")
    assert len(world.tenant.mail) == 1
    case = await drive(world)
    assert (case.state, case.steps["send_welcome"].detail) == (State.FOLLOWING_UP, "no_address")


# --- the phone ---------------------------------------------------------------------------------------------


def phoning(make_world: MakeWorld, on: bool = True) -> World:
    return make_world(settings=Settings(service_desk="desk@contoso.example", prepopulate_phone=on))


async def add(ctx: Context) -> Outcome:
    return await prepopulate_phone.run(ctx)


async def test_it_is_off_by_default_and_then_no_method_is_ever_written(make_world: MakeWorld) -> None:
    assert not Settings().prepopulate_phone
    world = phoning(make_world, on=False)
    await world.file(make_case())
    case = await drive(world)
    assert "prepopulate_phone" not in case.steps
    assert (world.tenant.held.phones, world.tenant.methods) == ([], {})
    assert case.hire.phones == ()


async def test_the_number_is_added_in_entras_form_and_leaves_the_case(make_world: MakeWorld) -> None:
    world = phoning(make_world)
    await world.file(make_case())
    case = await drive(world)
    assert case.account is not None
    assert world.tenant.held.phones == [(case.account.id, "+49 15123456789")]
    assert (case.hire.phones, case.phone_tail) == ((), "89")
    assert case.steps["issue_access_pass"].status is StepStatus.DONE, "our own number is no sign of use"
    assert "345678" not in str(await world.story())


@pytest.mark.parametrize(
    "phones",
    [
        (),
        None,
        (Phone("+49 30 901820", "work"),),
        (Phone("01512 3456789", "mobile"),),
        (Phone("+49 1512 3456789", "mobile", extension="7"),),
        (Phone("rubbish", "mobile"),),
        (Phone("+49 800 1234567", "mobile"),),
    ],
    ids=["none", "unsaid", "landline", "assumed country", "extension", "rubbish", "toll-free"],
)
async def test_only_a_number_that_is_certainly_a_mobile_one(
    make_world: MakeWorld, phones: tuple[Phone, ...] | None
) -> None:
    world = phoning(make_world)
    ctx = await stand(world, hire=hire(phones=phones))
    assert await add(ctx) == Skip("no_certain_mobile_number")
    assert (world.tenant.held.phones, ctx.hire.phones or ()) == ([], ())


@pytest.mark.parametrize("method", ["mobilePhone", "microsoftAuthenticatorPush", "fido2", "email"])
async def test_an_account_with_any_method_is_left_alone(make_world: MakeWorld, method: str) -> None:
    world = phoning(make_world)
    ctx = await stand(world)
    world.tenant.methods["old-1"] = (method,)
    assert await add(ctx) == Skip("already_in_use")
    assert (world.tenant.held.phones, ctx.hire.phones) == ([], ())


@pytest.mark.parametrize(("origin", "rehired"), [("adopted", None), ("restored", None), ("created", T0)])
async def test_a_number_is_a_way_in_so_it_is_for_accounts_of_this_hire_only(
    make_world: MakeWorld, origin: str, rehired: datetime | None
) -> None:
    world = phoning(make_world)
    ctx = await stand(world, rehired_at=rehired)
    ctx.account.origin = origin
    assert await add(ctx) == Skip("not_made_for_this_hire")
    assert world.tape.calls == []


async def test_what_the_tenant_refused_to_add_is_not_ours_when_it_is_there_later(
    make_world: MakeWorld,
) -> None:
    """The desk helped on the first day, and the person registered their own phone; then somebody reruns the step."""
    world = phoning(make_world)
    await world.file(make_case())
    world.faults.before("add_phone", OperatorError("refused", code="graph_refused"))
    case = await drive(world)
    assert case.reason_code == "graph_refused"
    assert case.account is not None
    assert not case.account.phone_added
    world.tenant.methods[case.account.id] = ("mobilePhone",)
    world.clock.at = datetime(2026, 8, 24, 8, tzinfo=UTC)
    await act(world.s, "rerun", case.case_id, Ask("o-1", "the policy allows it now"))
    case = await drive(world)
    assert case.steps["prepopulate_phone"].detail == "already_in_use"
    assert case.steps["issue_access_pass"].detail == "already_in_use"
    assert world.tenant.issued == []


LATER = timedelta(days=1)


@pytest.mark.parametrize(
    ("ends", "made", "settled", "ours"),
    [
        ("89", T0, True, True),
        ("89", T0 + timedelta(minutes=4), False, True),
        ("89", None, True, True),
        ("89", None, False, False),
        ("89", T0 + LATER, True, False),
        ("89", T0 - LATER, True, False),
        ("12", T0, True, False),
        ("12", None, True, False),
    ],
)
async def test_a_number_is_ours_by_its_digits_and_its_time_and_in_doubt_the_persons(
    make_world: MakeWorld, ends: str, made: datetime | None, settled: bool, ours: bool
) -> None:
    world = phoning(make_world)
    ctx = await stand(world, at=T0 + LATER)
    account = ctx.account
    account.phone_added, account.phone_asked_at, account.phone_ends = True, T0, "89"
    account.phone_there = settled
    world.tenant.methods["old-1"] = ("mobilePhone",)
    world.tenant.held.phones.append(("old-1", f"+49 151234567{ends}"))
    if made is not None:
        world.tenant.made_at["old-1", "mobilePhone"] = made
    assert await prepopulate_phone.is_ours(ctx) is ours
    assert (await pass_guards.unused(ctx) is not None) is ours


async def test_a_lost_answer_is_settled_by_the_time_at_which_the_number_was_made(
    make_world: MakeWorld,
) -> None:
    world = phoning(make_world)
    world.faults.after("add_phone", EffectUnknown("no answer"))
    await world.file(make_case())
    case = await drive(world)
    assert (case.steps["prepopulate_phone"].detail, len(world.tenant.held.phones)) == ("added", 1)
    assert case.steps["issue_access_pass"].detail == "manager"


async def test_the_guard_of_the_pass_still_sees_a_number_that_the_person_added(make_world: MakeWorld) -> None:
    world = phoning(make_world, on=False)
    case: Case = make_case(state=State.WAITING_START)
    await world.file(case)
    world.tenant.methods["user-2"] = ("mobilePhone",)
    done = await drive(world)
    assert done.steps["issue_access_pass"].detail == "already_in_use"
