"""An account that was found may be another person's, or gone: what an approver can say beside a yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.lifecycle import State
from onboarding.domain.policy_file import load
from onboarding.domain.records import StepStatus
from onboarding.errors import EffectUnknown, IllegalTransition, LimitReached, RequestError
from onboarding.operate import case_plan, explain, rerun_plan, story
from onboarding.operate.actions import Ask, act, possible
from onboarding.operate.rehearse import Rehearsal
from onboarding.ports import DirectoryUser
from tests.support.doubles import CASE_ID, T0, World, advance, drive, hire, look_now, make_case
from tests.support.kinds import NAME, OLD, ROOM, account

MakeWorld = Callable[..., World]
UPN = "zoe.mueller-strauss@contoso.example"
SECOND = "zoe.mueller-strauss2@contoso.example"
OTHER = "c_00000000000000000009"
RESTORE = load('[account]\nrehire = "restore"')
SYNCED = load('[people]\nsynced = [{ country = ["DE"] }]')
ASK = Ask("o-1", "asked IT")


def by_it(**changes: Any) -> DirectoryUser:
    """Made by hand yesterday, under the name that ours would have."""
    made = {"id": "it-1", "user_principal_name": UPN, "employee_id": None}
    return account(**{**made, "created_at": T0 - timedelta(days=1), **changes})


async def say(world: World, word: str, **more: Any) -> Case:
    await act(world.s, word, CASE_ID, Ask("o-1", "asked IT", **more))
    return await advance(world)


async def of_another(world: World, object_id: str = "old-1") -> None:
    await world.store.cases.claim_alias(Alias(TENANT, AliasKind.OBJECT_ID, object_id), OTHER)


def linked(case: Case) -> tuple[str, str, str]:
    assert case.account is not None
    return case.account.user_principal_name, case.account.origin, case.account.mark


# --- IT was first ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, {"display_name": NAME.upper()}, {"account_enabled": False}])
async def test_an_account_of_the_name_that_ours_would_have_is_asked_about(
    make_world: MakeWorld, changes: dict[str, Any]
) -> None:
    world = make_world(policy=RESTORE)
    world.tenant.add(by_it(**changes))
    await world.file(make_case())
    case = await advance(world)
    assert (case.reason_code, case.found_account) == ("needs_approval_adopt", UPN)
    assert (world.tenant.created, case.refused_names) == ([], [])
    assert linked(await say(world, "approve")) == (UPN, "adopted", "4711")


@pytest.mark.parametrize(
    "changes", [{"display_name": "Somebody Else"}, {"employee_id": "99"}, {"licences": (ROOM,)}]
)
async def test_a_namesake_who_is_somebody_else_costs_the_name_and_no_question(
    make_world: MakeWorld, changes: dict[str, Any]
) -> None:
    """Another name, another number, or a room."""
    world = make_world()
    world.tenant.add(by_it(**changes))
    await world.file(make_case())
    assert linked(await advance(world)) == (SECOND, "created", "4711")


async def test_it_is_another_persons_and_the_hire_gets_the_next_name_with_its_own_number(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    world.tenant.add(by_it())
    await world.file(make_case())
    assert "other-person" in possible(await advance(world))
    case = await say(world, "other-person")
    assert linked(case) == (SECOND, "created", "4711")
    assert (case.found_account, case.found_ids) == (None, [])
    told = next(item for item in await world.story() if item.action == "other_person")
    assert told.actor == "operator:o-1"
    assert told.detail == {"reason": "asked IT", "object_id": "it-1"}


# --- a number that another case's account carries ----------------------------------------------------------


@pytest.mark.parametrize("enabled", [True, False])
async def test_an_account_of_another_case_is_asked_about_at_once(
    make_world: MakeWorld, enabled: bool
) -> None:
    """Two HR systems number from 1 (docs/joining.md): no yes could link it."""
    world = make_world(policy=RESTORE)
    world.tenant.add(account(account_enabled=enabled))
    await of_another(world)
    await world.file(make_case())
    case = await advance(world)
    assert (case.reason_code, case.found_account) == ("account_of_another_case", "z.mueller@contoso.example")
    told = next(item for item in await world.story() if item.action == "account_of_another_case")
    assert told.detail == {"other": OTHER, "object_id": "old-1"}
    assert "approve" not in possible(case)
    assert (await say(world, "rerun")).reason_code == "account_of_another_case"
    case = await say(world, "other-person")
    upn, origin, mark = linked(case)
    assert (upn, origin, len(mark)) == (UPN, "created", 16)
    assert (world.tenant.created[0].employee_id, case.number_of_another) == (mark, "4711")
    assert world.tenant.users["old-1"] == account(account_enabled=enabled), "left alone"


async def test_a_deleted_account_of_another_case_is_not_restored(make_world: MakeWorld) -> None:
    world = make_world(policy=RESTORE)
    world.tenant.held.deleted["old-1"] = account(account_enabled=False)
    await of_another(world)
    await world.file(make_case())
    assert (await advance(world)).reason_code == "account_of_another_case"
    case = await say(world, "other-person")
    assert (len(linked(case)[2]), world.tenant.held.restored) == (16, [])


async def test_a_lost_answer_after_the_number_was_left_makes_one_account(make_world: MakeWorld) -> None:
    world = make_world()
    world.tenant.add(account(display_name="Somebody Else"))
    await of_another(world)
    await world.file(make_case())
    await advance(world)
    world.faults.after("create_user", EffectUnknown("no answer"))
    case = await say(world, "other-person")
    assert case.account is None
    case = await look_now(world)
    assert linked(case)[:2] == (UPN, "created")
    assert len(world.tenant.created) == 1
    assert [item.action for item in await world.story()].count("number_left") == 1


async def test_what_was_asked_for_with_the_number_before_is_ours_all_the_same(make_world: MakeWorld) -> None:
    """Our request took effect, its account was not to be seen, and the other one was."""
    world = make_world()
    world.faults.after("create_user", EffectUnknown("no answer"))
    await world.file(make_case())
    await advance(world)
    world.tenant.hidden |= {UPN, "user-2"}
    world.tenant.add(account(created_at=T0))
    case = await look_now(world)
    assert case.reason_code == "needs_approval_adopt"
    case = await say(world, "other-person")
    assert (case.account, case.steps["create_account"].code) == (None, "not_yet_visible")
    world.tenant.hidden.clear()
    case = await look_now(world)
    assert (linked(case), len(world.tenant.created)) == ((UPN, "created", "4711"), 1)


async def test_a_number_that_hr_corrects_afterwards_is_written(make_world: MakeWorld) -> None:
    world = make_world()
    world.tenant.add(account())
    await world.file(make_case())
    await advance(world)
    world.faults.before("create_user", EffectUnknown("no answer"))
    case = await say(world, "other-person")
    assert case.intent is not None
    assert case.intent.mark != "4711"
    case.hire = hire(employee_id="4712")
    await world.store.cases.save(case)
    assert linked(await look_now(world))[1:] == ("created", "4712")


async def test_a_third_account_with_the_number_is_asked_about_as_well(make_world: MakeWorld) -> None:
    world = make_world()
    world.tenant.add(account())
    await world.file(make_case())
    await advance(world)
    world.faults.before("create_user", EffectUnknown("no answer"))
    await say(world, "other-person")
    world.tenant.add(account(id="third", user_principal_name="third@contoso.example"))
    case = await look_now(world)
    assert (case.reason_code, case.found_account) == ("needs_approval_adopt", "third@contoso.example")


async def test_a_role_holder_of_that_number_is_compared_once_it_is_another_person(
    make_world: MakeWorld,
) -> None:
    """As long as it may be this very person, the own name is no look-alike."""
    for number, reason in ((None, "protected_privileged"), ("4711", "needs_approval_lookalike")):
        world = make_world()
        admin = world.tenant.add(account(user_principal_name="zoe.mue11er-strauss@contoso.example"))
        world.tenant.privileged.add(admin.id)
        await world.file(make_case(number_of_another=number))
        assert (await advance(world)).reason_code == reason


# --- several, protected, synced ----------------------------------------------------------------------------


async def two(world: World) -> Case:
    world.tenant.add(account())
    world.tenant.add(account(id="old-0", user_principal_name="zz@contoso.example"))
    await world.file(make_case())
    return await advance(world)


async def test_of_several_each_is_judged_by_itself_and_a_yes_is_about_the_one_that_is_left(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    case = await two(world)
    assert case.found == {"z.mueller@contoso.example": "old-1", "zz@contoso.example": "old-0"}
    case = await say(world, "other-person", account="ZZ@contoso.example")
    assert (case.reason_code, case.found_account) == ("needs_approval_adopt", "z.mueller@contoso.example")
    assert linked(await say(world, "approve"))[:2] == ("z.mueller@contoso.example", "adopted")


async def test_of_several_all_may_be_other_peoples(make_world: MakeWorld) -> None:
    world = make_world()
    await two(world)
    assert linked(await say(world, "other-person"))[:2] == (UPN, "created")


async def test_an_account_that_nobody_asked_about_is_refused(make_world: MakeWorld) -> None:
    world = make_world()
    case = await two(world)
    with pytest.raises(RequestError) as caught:
        await say(world, "other-person", account="manager-1")
    assert caught.value.code == "no_such_account"
    assert (await world.case()).etag == case.etag


@pytest.mark.parametrize("deleted", [True, False])
async def test_a_protected_account_that_was_found_by_the_number_alone_is_left_alone(
    make_world: MakeWorld, deleted: bool
) -> None:
    world = make_world(policy=RESTORE)
    room = account(licences=(ROOM,), account_enabled=not deleted)
    if deleted:
        world.tenant.held.deleted[room.id] = room
    else:
        world.tenant.add(room)
    await world.file(make_case())
    assert (await advance(world)).reason_code == "protected_resource_account"
    case = await say(world, "other-person")
    assert linked(case)[:2] == (UPN, "created")
    assert world.tenant.held.restored == []


async def test_an_account_that_turned_out_protected_after_it_was_restored_can_be_anothers(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=RESTORE)
    world.tenant.held.deleted["old-1"] = account(account_enabled=False)
    world.tenant.privileged.add("old-1")
    await world.file(make_case())
    case = await drive(world)
    assert case.reason_code == "protected_privileged"
    assert linked(await say(world, "other-person"))[:2] == (UPN, "created")


async def test_an_address_that_is_anothers_is_no_reason_to_ask_again(make_world: MakeWorld) -> None:
    world = make_world()
    world.tenant.add(account(employee_id=None))
    await world.file(make_case(hire=hire(work_email="z.mueller@contoso.example")))
    assert (await advance(world)).reason_code == "needs_approval_adopt"
    assert linked(await say(world, "other-person")) == (UPN, "created", "4711")


async def test_a_synced_account_is_waited_for_beside_another_persons_of_that_number(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=SYNCED)
    world.tenant.add(account(display_name="Somebody Else"))
    await of_another(world)
    await world.file(make_case())
    assert (await advance(world)).reason_code == "account_of_another_case"
    case = await say(world, "other-person")
    assert case.next_action.why == "waiting_for_sync"
    world.tenant.add(account(id="ad-1", user_principal_name="zoe@contoso.example", synced=True))
    assert linked(await look_now(world))[:2] == ("zoe@contoso.example", "synced")


@pytest.mark.parametrize("word", ["other-person", "purged"])
async def test_whoever_is_not_asked_cannot_answer(make_world: MakeWorld, word: str) -> None:
    world = make_world()
    blocked: dict[str, Any] = {"state": State.BLOCKED, "return_state": State.PROVISIONING}
    await world.file(make_case(**blocked, reason_code="needs_approval_pass"))
    assert word not in possible(await world.case())
    with pytest.raises(IllegalTransition):
        await act(world.s, word, CASE_ID, ASK)


# --- seen in the plan --------------------------------------------------------------------------------------


async def test_the_answer_is_in_the_rehearsal_and_in_the_hash(make_world: MakeWorld) -> None:
    world = make_world()
    world.tenant.add(account())
    await of_another(world)
    await world.file(make_case())
    case = await advance(world)
    before = await case_plan.shown(world.s, CASE_ID, None)
    assert before["would"]["ends"] == {"state": "blocked", "why": "account_of_another_case"}
    await act(world.s, "other-person", CASE_ID, ASK)
    now = await world.s.clock.now()
    told = await Rehearsal(world.s, now).run(await world.case())
    assert told.user_principal_name == UPN
    assert [item.what for item in told.actions][:1] == ["create_account"]
    assert world.tenant.created == []
    case.approvals = ["not_this:old-1"]
    assert rerun_plan.of(world.s, case, now, None).digest != before["plan_hash"]


@pytest.mark.parametrize(("word", "name", "made"), [("approve", UPN, []), ("other-person", SECOND, [SECOND])])
async def test_a_plan_asks_about_an_account_that_it_made_and_knows_the_answer(
    make_world: MakeWorld, word: str, name: str, made: list[str]
) -> None:
    world = make_world()
    world.tenant.add(by_it())
    case = await world.file(make_case())
    now = await world.s.clock.now()
    told = await Rehearsal(world.s, now).run(case)
    assert (told.ends, told.why, told.actions) == ("blocked", "needs_approval_adopt", [])
    await advance(world)
    await act(world.s, word, CASE_ID, ASK)
    told = await Rehearsal(world.s, now).run(await world.case())
    assert told.user_principal_name == name
    names = [item.detail["user_principal_name"] for item in told.actions if item.what == "create_account"]
    assert names == made


async def test_a_plan_names_no_second_user_name_that_is_still_asked_about(make_world: MakeWorld) -> None:
    """The hash of a rerun is another one once the case asks about another account."""
    world = make_world()
    world.tenant.add(account())
    await world.file(make_case())
    case = await advance(world)
    first = rerun_plan.of(world.s, case, T0, None).digest
    case.found_ids = ["another"]
    assert rerun_plan.of(world.s, case, T0, None).digest != first


# --- gone for good -----------------------------------------------------------------------------------------


def again() -> Case:
    case = make_case(state=State.PROVISIONING, rehired_at=T0)
    case.account = Account("old-1", "z.mueller@contoso.example", "4711", OLD)
    return case


async def file_own(world: World) -> Case:
    await of_this(world)
    return await world.file(again())


async def of_this(world: World) -> None:
    await world.store.cases.claim_alias(Alias(TENANT, AliasKind.OBJECT_ID, "old-1"), CASE_ID)


@pytest.mark.parametrize("own", [True, False])
async def test_one_that_was_purged_after_it_was_seen_is_made_anew_at_once(
    make_world: MakeWorld, own: bool
) -> None:
    world = make_world()
    world.tenant.held.deleted["old-1"] = account(account_enabled=False)
    await (file_own(world) if own else world.file(make_case()))
    await advance(world)
    world.tenant.held.deleted.clear()
    case = await say(world, "approve")
    assert (case.steps["create_account"].code, world.tenant.created) == ("not_yet_visible", [])
    until = T0 + timedelta(days=1)
    words = explain.explain(case, T0)
    assert f"From {until.day} August 2026, {until:%H:%M} UTC on another one is made." in words
    assert "purged" in possible(case)
    case = await say(world, "purged")
    assert linked(case)[1] == "created"
    told = next(item for item in await world.story() if item.action == "purged")
    assert told.detail == {"reason": "asked IT", "object_id": "old-1"}
    assert [word for word in case.approvals if "purged" in word] == [], "used up"


@pytest.mark.parametrize("own", [True, False])
async def test_the_same_word_answers_the_question_itself(make_world: MakeWorld, own: bool) -> None:
    world = make_world()
    world.tenant.held.deleted["old-1"] = account(account_enabled=False)
    await (file_own(world) if own else world.file(make_case()))
    assert "purged" in possible(await advance(world))
    world.tenant.held.deleted.clear()
    assert linked(await say(world, "purged"))[1] == "created"


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("where", ["deleted", "live"])
async def test_one_that_is_there_all_the_same_is_found_and_the_word_counts_no_more(
    make_world: MakeWorld, own: bool, where: str
) -> None:
    world = make_world()
    world.tenant.held.deleted["old-1"] = account(account_enabled=False)
    await (file_own(world) if own else world.file(make_case()))
    await advance(world)
    if where == "live":
        await world.s.directory.restore_user("old-1")
    case = await say(world, "purged")
    assert (case.reason_code, world.tenant.created) == ("needs_approval_restore", [])
    assert not case.is_said("purged", "old-1")


async def test_what_this_service_restored_itself_is_not_called_purged(make_world: MakeWorld) -> None:
    world = make_world(policy=RESTORE)
    world.tenant.held.deleted["old-1"] = account(account_enabled=False)
    await file_own(world)
    world.tenant.hidden |= {"old-1", "z.mueller@contoso.example"}
    await advance(world)
    case = await look_now(world)
    assert case.steps["create_account"].status is StepStatus.RETRYING
    assert "purged" not in possible(case)


async def test_the_account_of_this_very_case_is_no_other_persons(make_world: MakeWorld) -> None:
    world = make_world()
    world.tenant.held.deleted["old-1"] = account(account_enabled=False)
    await file_own(world)
    case = await advance(world)
    assert case.reason_code == "needs_approval_restore"
    assert "other-person" not in possible(case)
    with pytest.raises(IllegalTransition):
        await act(world.s, "other-person", CASE_ID, ASK)


# --- a restore that a limit holds back ---------------------------------------------------------------------


async def test_a_restore_that_has_to_wait_names_the_account(make_world: MakeWorld) -> None:
    world = make_world(policy=RESTORE)
    world.tenant.held.deleted["old-1"] = account(account_enabled=False)
    world.faults.before("restore_user", LimitReached("so many"))
    await world.file(make_case())
    case = await advance(world)
    assert (case.state, case.next_action.why) == (State.PROVISIONING, "paused_by_limit")
    assert case.found_account == "z.mueller@contoso.example", "the page of the case and `show` name it"
    intended = next(item for item in await world.story() if item.action == "restore_intended")
    assert intended.detail == {"object_id": "old-1"}
    waits = next(item for item in await world.story() if item.action == "step_waits")
    assert (waits.detail["why"], waits.detail["object_id"]) == ("paused_by_limit", "old-1")
    assert "old-1" in story.sentence(waits.action, waits.detail)
    case = await look_now(world)
    assert (linked(case)[1], case.found_account) == ("restored", None)


async def test_gone_for_good_is_said_of_the_account_that_is_named_alone(make_world: MakeWorld) -> None:
    """The request comes twice, and by then another account is waited for, which somebody restored by hand."""
    world = make_world()
    for name in ("a", "b"):
        world.tenant.held.deleted[f"acc-{name}"] = account(
            id=f"acc-{name}", user_principal_name=f"{name}@contoso.example", account_enabled=False
        )
    await world.file(make_case())
    assert (await advance(world)).reason_code == "needs_approval_restore"
    restored = world.tenant.held.deleted["acc-b"]
    world.tenant.held.deleted.clear()
    world.tenant.users["acc-b"] = replace(restored, account_enabled=True)
    world.tenant.hidden |= {"acc-b", "b@contoso.example", "4711"}
    case = await say(world, "purged", account="A@contoso.example")
    assert case.steps["create_account"].code == "not_yet_visible"
    with pytest.raises(RequestError, match="does not wait for this account"):
        await say(world, "purged", account="A@contoso.example")
    world.tenant.hidden.clear()
    case = await drive(world)
    assert (case.reason_code, world.tenant.created) == ("needs_approval_adopt", [])


async def test_of_those_that_are_waited_for_the_named_one_is_gone(make_world: MakeWorld) -> None:
    world = make_world()
    world.tenant.held.deleted["old-1"] = account(account_enabled=False)
    await world.file(make_case())
    await advance(world)
    world.tenant.held.deleted.clear()
    assert (await say(world, "approve")).steps["create_account"].code == "not_yet_visible"
    assert linked(await say(world, "purged", account="OLD-1"))[1] == "created"
