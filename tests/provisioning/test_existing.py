"""Accounts that were there before us: who is asked, what is restored, what is waited for, what is never touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain import run
from onboarding.domain.account import Account
from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.evidence import Act, By, Evidence, Registration, Status
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.policy import Policy
from onboarding.domain.policy_file import load
from onboarding.errors import EffectUnknown
from onboarding.operate import rerun_plan
from onboarding.operate.actions import Ask, act
from onboarding.ports import DirectoryUser
from onboarding.provisioning import from_sync
from onboarding.provisioning.step import Context, Done
from onboarding.provisioning.steps import create_account
from tests.support.doubles import T0, Killed, World, advance, drive, hire, look_now, make_case, sides
from tests.support.kinds import NAME, OLD, account

MakeWorld = Callable[..., World]
RESTORE = load('[account]\nrehire = "restore"')
SYNCED = load('[people]\nsynced = [{ country = ["DE"] }]')


def deleted(world: World, **changes: Any) -> None:
    found = account(account_enabled=False, **changes)
    world.tenant.held.deleted[found.id] = found


async def approve(world: World, case: Case, code: str) -> Case:
    assert case.reason_code == code
    await act(world.s, "approve", case.case_id, Ask("o-1", "it is the same person"))
    return await drive(world)


# --- somebody who comes back, in a new case ----------------------------------------------------------------


@pytest.mark.parametrize("gone", [True, False], ids=["deleted", "disabled"])
async def test_an_approver_is_asked_and_told_which_account(make_world: MakeWorld, gone: bool) -> None:
    world = make_world()
    if gone:
        deleted(world)
    else:
        world.tenant.add(account(account_enabled=False))
    await world.file(make_case())
    case = await advance(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_restore")
    assert case.found_account == "z.mueller@contoso.example"
    assert (world.tenant.held.restored, world.tenant.held.enabled) == ([], [])
    case = await approve(world, case, "needs_approval_restore")
    assert case.account is not None
    assert (case.account.id, case.account.origin, case.found_account) == ("old-1", "restored", None)
    assert world.tenant.users["old-1"].account_enabled is True
    assert case.reason_code == "needs_approval_pass", "the first credential needs a word of its own"
    case = await approve(world, case, "needs_approval_pass")
    assert (case.state, len(world.tenant.created)) == (State.FOLLOWING_UP, 0)


async def test_the_policy_restores_where_the_name_is_the_same_as_well(make_world: MakeWorld) -> None:
    world = make_world(policy=RESTORE)
    deleted(world, display_name=NAME.upper())
    await world.file(make_case())
    case = await drive(world)
    assert world.tenant.held.restored == ["old-1"]
    assert case.reason_code == "needs_approval_pass"


@pytest.mark.parametrize("name", ["Somebody Else", None, ""])
async def test_a_number_that_was_somebody_elses_restores_nothing(
    make_world: MakeWorld, name: str | None
) -> None:
    world = make_world(policy=RESTORE)
    deleted(world, display_name=name)
    await world.file(make_case())
    case = await advance(world)
    assert case.reason_code == "needs_approval_restore"
    assert world.tenant.held.restored == []


async def test_several_deleted_accounts_are_for_an_approver_who_cannot_choose_by_a_yes(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=RESTORE)
    deleted(world)
    deleted(world, id="old-2", user_principal_name="zoe.m@contoso.example")
    await world.file(make_case())
    case = await advance(world)
    assert case.found_account == "z.mueller@contoso.example, zoe.m@contoso.example"
    case = await approve(world, case, "needs_approval_restore")
    assert case.reason_code == "needs_approval_restore"
    assert world.tenant.held.restored == []


async def test_a_name_that_somebody_has_by_now_blocks_and_is_tried_again_after(make_world: MakeWorld) -> None:
    world = make_world(policy=RESTORE)
    deleted(world)
    other = world.tenant.add(account(id="other", employee_id="9"))
    await world.file(make_case())
    case = await advance(world)
    assert case.reason_code == "restore_name_taken"
    del world.tenant.users[other.id]
    await act(world.s, "rerun", case.case_id, Ask("o-1", "renamed"))
    assert (await drive(world)).reason_code == "needs_approval_pass"


async def test_a_lost_answer_to_the_restore_is_looked_up_by_the_id(make_world: MakeWorld) -> None:
    world = make_world(policy=RESTORE)
    deleted(world)
    world.faults.after("restore_user", EffectUnknown("no answer"))
    await world.file(make_case())
    case = await advance(world)
    assert case.intent is not None
    assert case.intent.restores == "old-1"
    case = await drive(world)
    assert (world.tenant.held.restored, len(world.tenant.created)) == (["old-1"], 0)
    assert case.account is not None
    assert case.account.id == "old-1"


async def test_a_restored_role_holder_is_refused_before_it_is_linked(make_world: MakeWorld) -> None:
    world = make_world(policy=RESTORE)
    deleted(world)
    world.tenant.privileged.add("old-1")
    await world.file(make_case())
    case = await drive(world)
    assert (case.account, case.reason_code) == (None, "protected_privileged")
    assert world.tenant.held.enabled == []


async def test_a_token_that_is_ours_alone_is_looked_for_nowhere(make_world: MakeWorld) -> None:
    world = make_world()
    await world.file(make_case(hire=hire(employee_id="x" * 40)))
    await advance(world)
    asked = {"directory.find_by_employee_id", "directory.find_deleted"} & set(world.tape.calls)
    assert not asked


# --- HR knows an address already -------------------------------------------------------------------------

LONG_ID = "6f1b2c3d-0000-4000-8000-00000000aaaa"
ADDRESS = "Z.Mueller@contoso.example"


@pytest.mark.parametrize("employee_id", ["4711", LONG_ID])
@pytest.mark.parametrize("by", ["user name", "mail", "alias"])
async def test_an_account_with_the_address_that_hr_knows_is_for_an_approver(
    make_world: MakeWorld, employee_id: str, by: str
) -> None:
    world = make_world(policy=RESTORE)
    upn = "z.mueller@contoso.example" if by == "user name" else "old.name@contoso.example"
    there = world.tenant.add(
        account(employee_id=None, user_principal_name=upn, mail=ADDRESS if by == "mail" else None)
    )
    if by == "alias":
        world.tenant.aliases[there.id] = (ADDRESS.lower(),)
    await world.file(make_case(hire=hire(employee_id=employee_id, work_email=ADDRESS)))
    case = await advance(world)
    assert (case.reason_code, case.found_account) == ("needs_approval_adopt", upn)
    assert world.tenant.created == []
    case = await approve(world, case, "needs_approval_adopt")
    assert case.account is not None
    assert (case.account.id, case.account.origin) == (there.id, "adopted")


async def test_a_disabled_account_with_that_address_is_for_an_approver_whatever_the_policy_says(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=RESTORE)
    world.tenant.add(account(employee_id=None, account_enabled=False))
    await world.file(make_case(hire=hire(work_email=ADDRESS)))
    assert (await advance(world)).reason_code == "needs_approval_adopt"


async def test_an_account_of_that_address_that_the_index_does_not_show_keeps_its_name(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filtered reads lag behind (facts 4.4): the conflict shows it, and no other name is tried."""
    world = make_world()
    upn = "zoe.mueller-strauss@contoso.example"
    world.tenant.add(account(employee_id=None, user_principal_name=upn))

    async def nobody(_address: str, *, aliases: bool = False) -> list[DirectoryUser]:
        return []

    monkeypatch.setattr(world.s.directory, "find_by_address", nobody, raising=False)
    await world.file(make_case(hire=hire(work_email=upn)))
    case = await advance(world)
    assert (case.reason_code, case.refused_names) == ("needs_approval_adopt", [])


async def test_our_own_account_has_the_address_that_hr_wrote_down_meanwhile(make_world: MakeWorld) -> None:
    world = make_world()
    world.faults.after("create_user", EffectUnknown("no answer"))
    await world.file(make_case(hire=hire(work_email="zoe.mueller-strauss@contoso.example")))
    case = await drive(world)
    assert case.account is not None
    assert (case.account.origin, len(world.tenant.created)) == ("created", 1)


async def test_a_guest_with_that_address_is_no_account_of_somebody_who_works_here(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    world.tenant.add(account(employee_id=None, user_type="Guest", mail="zoe@example.org"))
    await world.file(make_case(hire=hire(work_email="zoe@example.org")))
    assert (await advance(world)).account is not None


async def test_the_live_account_of_that_address_goes_before_a_deleted_one(make_world: MakeWorld) -> None:
    world = make_world(policy=RESTORE)
    deleted(world)
    world.tenant.add(account(id="new-1", employee_id=None, user_principal_name="zoe@contoso.example"))
    await world.file(make_case(hire=hire(work_email="zoe@contoso.example")))
    case = await advance(world)
    assert (case.reason_code, case.found_account) == ("needs_approval_adopt", "zoe@contoso.example")
    assert world.tenant.held.restored == []


async def test_without_an_address_nothing_more_is_asked(make_world: MakeWorld) -> None:
    world = make_world()
    await world.file(make_case(hire=hire(manager=None)))
    await advance(world)
    assert "directory.find_by_address" not in world.tape.calls


async def test_ours_is_linked_although_another_one_carries_the_number_as_well(make_world: MakeWorld) -> None:
    """IT's account was not to be seen yet, and the answer to our request was lost."""
    world = make_world()
    theirs = world.tenant.add(account(created_at=T0 - timedelta(minutes=10)))
    world.tenant.hidden |= {theirs.id, theirs.user_principal_name}
    world.faults.after("create_user", EffectUnknown("no answer"))
    await world.file(make_case())
    await advance(world)
    world.tenant.hidden.clear()
    case = await look_now(world)
    assert case.account is not None
    assert (case.account.user_principal_name, case.account.origin) == (
        "zoe.mueller-strauss@contoso.example",
        "created",
    )
    timeline = await world.store.cases.timeline(case.case_id)
    assert [item.detail["object_id"] for item in timeline if item.action == "another_account"] == [theirs.id]


# --- somebody who comes back, in the same case -------------------------------------------------------------


def again(**changes: Any) -> Case:
    case = make_case(state=State.PROVISIONING, rehired_at=T0, **changes)
    case.account = Account("old-1", "z.mueller@contoso.example", "4711", OLD)
    return case


async def file(world: World, case: Case) -> Case:
    await world.store.cases.claim_alias(Alias(TENANT, AliasKind.OBJECT_ID, "old-1"), case.case_id)
    await world.store.cases.claim_alias(
        Alias(TENANT, AliasKind.UPN, "z.mueller@contoso.example"), case.case_id
    )
    return await world.file(case)


async def test_an_account_that_is_gone_for_good_is_made_anew(make_world: MakeWorld) -> None:
    world = make_world()
    await file(world, again(approvals=["needs_approval_pass"]))
    case = await drive(world)
    assert case.account is not None
    assert (case.account.id, case.account.origin, len(world.tenant.created)) == ("user-2", "created", 1)


async def test_a_deleted_account_of_the_case_is_restored_on_the_word_that_was_given(
    make_world: MakeWorld,
) -> None:
    for approvals, restored in ((["needs_approval_rehire"], ["old-1"]), ([], [])):
        world = make_world()
        deleted(world)
        await file(world, again(approvals=list(approvals)))
        case = await advance(world)
        assert world.tenant.held.restored == restored
        assert len(world.tenant.created) == 0
        if not restored:
            assert case.reason_code == "needs_approval_restore"


@pytest.mark.parametrize("employee_id", ["4711", LONG_ID])
@pytest.mark.parametrize("word", ["approve", "rerun"])
async def test_an_account_that_an_administrator_restored_is_waited_for(
    make_world: MakeWorld, employee_id: str, word: str
) -> None:
    """It is neither among the deleted ones nor readable yet when somebody answers, three days after it was seen."""
    world = make_world()
    deleted(world)
    await file(world, again(hire=hire(employee_id=employee_id)))
    case = await advance(world)
    assert case.reason_code == "needs_approval_restore"
    world.clock.move(days=3)
    await world.s.directory.restore_user("old-1")
    world.tenant.hidden |= {"old-1", "z.mueller@contoso.example"}
    await act(world.s, word, case.case_id, Ask("o-1", "restored by hand"))
    case = await advance(world)
    assert case.steps["create_account"].code == "not_yet_visible"
    world.clock.move(hours=23)
    case = await look_now(world)
    assert world.tenant.created == []
    world.tenant.hidden.clear()
    case = await look_now(world)
    assert case.account is not None
    assert (case.account.id, world.tenant.created) == ("old-1", [])


async def test_a_word_that_somebody_may_come_back_begins_a_new_wait_as_well(make_world: MakeWorld) -> None:
    """The account was deleted, and restored by the one who approves, before this service ever looked."""
    world = make_world()
    user = world.tenant.add(account())
    world.tenant.hidden |= {user.id, user.user_principal_name}
    case = again()
    case.apply(Event.BLOCK, reason="needs_approval_rehire")
    await file(world, case)
    await act(world.s, "approve", case.case_id, Ask("o-1", "restored by hand"))
    case = await advance(world)
    assert (case.steps["create_account"].code, world.tenant.created) == ("not_yet_visible", [])


async def test_one_that_was_purged_after_it_was_seen_is_made_anew_a_day_later(make_world: MakeWorld) -> None:
    world = make_world()
    deleted(world)
    await file(world, again())
    case = await advance(world)
    world.tenant.held.deleted.clear()
    await act(world.s, "approve", case.case_id, Ask("o-1", "yes"))
    await advance(world)
    world.clock.move(hours=25)
    case = await look_now(world)
    assert case.account is not None
    assert case.account.origin == "created"


async def test_the_same_where_a_new_case_found_it(make_world: MakeWorld) -> None:
    world = make_world()
    deleted(world)
    await world.file(make_case())
    case = await advance(world)
    await world.s.directory.restore_user("old-1")
    world.tenant.hidden |= {"old-1", "z.mueller@contoso.example"}
    await act(world.s, "approve", case.case_id, Ask("o-1", "restored by hand"))
    case = await advance(world)
    assert (case.steps["create_account"].code, world.tenant.created) == ("not_yet_visible", [])
    world.tenant.hidden.clear()
    case = await look_now(world)
    assert case.account is not None
    assert (case.account.id, case.account.origin) == ("old-1", "restored")


async def test_an_account_of_somebody_else_gives_the_number_back_and_the_hire_goes_on(
    make_world: MakeWorld,
) -> None:
    """What the reason of `needs_approval_adopt` says."""
    world = make_world()
    other = world.tenant.add(account())
    await world.file(make_case())
    case = await advance(world)
    assert case.reason_code == "needs_approval_adopt"
    world.tenant.users[other.id] = account(employee_id=None)
    await act(world.s, "rerun", case.case_id, Ask("o-1", "it was somebody else's"))
    case = await advance(world)
    assert case.account is not None
    assert case.account.origin == "created"
    assert case.account.id != other.id


async def test_a_number_that_hr_corrects_is_looked_for_and_written(make_world: MakeWorld) -> None:
    world = make_world()
    world.tenant.add(account())
    case = await world.file(make_case())
    case = await advance(world)
    assert case.reason_code == "needs_approval_adopt"
    case.hire = hire(employee_id="4712")
    await world.store.cases.save(case)
    await act(world.s, "rerun", case.case_id, Ask("o-1", "HR corrected the number"))
    case = await advance(world)
    assert case.account is not None
    assert (case.account.origin, case.account.mark) == ("created", "4712")
    assert [made.employee_id for made in world.tenant.created] == ["4712"]


async def test_what_was_asked_for_with_the_number_of_before_is_ours(make_world: MakeWorld) -> None:
    world = make_world()
    world.faults.after("create_user", EffectUnknown("no answer"))
    await world.file(make_case())
    case = await advance(world)
    case.hire = hire(employee_id="4712")
    await world.store.cases.save(case)
    case = await look_now(world)
    assert case.account is not None
    assert (case.account.origin, case.account.mark) == ("created", "4711"), "what it carries"
    assert (len(world.tenant.created), case.refused_names) == (1, [])


# --- a word is for one account, once -----------------------------------------------------------------------


async def test_a_word_about_one_account_is_none_about_another(make_world: MakeWorld) -> None:
    """Between the question and the answer the number went to another account."""
    world = make_world()
    world.tenant.add(account())
    await world.file(make_case())
    case = await advance(world)
    await act(world.s, "approve", case.case_id, Ask("o-1", "that one"))
    del world.tenant.users["old-1"]
    world.tenant.add(account(id="other", user_principal_name="bob@contoso.example"))
    case = await advance(world)
    assert (case.account, case.reason_code) == (None, "needs_approval_adopt")
    assert (case.found_account, case.approvals) == ("bob@contoso.example", [])
    await act(world.s, "rerun", case.case_id, Ask("o-2", "again"))
    assert (await advance(world)).reason_code == "needs_approval_adopt"


async def test_a_word_is_used_up_when_the_account_is_linked(make_world: MakeWorld) -> None:
    world = make_world()
    world.tenant.add(account())
    await world.file(make_case())
    case = await approve(world, await advance(world), "needs_approval_adopt")
    assert case.account is not None
    assert [word for word in case.approvals if "adopt" in word] == []


async def test_that_somebody_may_come_back_is_no_word_about_whoever_has_the_number_now(
    make_world: MakeWorld,
) -> None:
    """The account of before was purged; the number went to somebody whose account is disabled."""
    world = make_world()
    world.tenant.add(account(id="other", user_principal_name="bob@contoso.example", account_enabled=False))
    await file(world, again(approvals=["needs_approval_rehire"]))
    case = await advance(world)
    assert (case.account, case.reason_code) == (None, "needs_approval_restore")
    assert case.found_account == "bob@contoso.example"


@pytest.mark.parametrize(
    ("named", "linked"),
    [("z.mueller@contoso.example", True), ("another@contoso.example", False), (None, False)],
)
async def test_a_word_from_before_words_named_an_account_is_about_the_one_on_the_case(
    make_world: MakeWorld, named: str | None, linked: bool
) -> None:
    world = make_world()
    world.tenant.add(account())
    case = make_case(approvals=["needs_approval_adopt"], found_account=named)
    await world.file(decode(encode(case), ""))
    case = await advance(world)
    assert (case.account is not None) is linked


# --- back before the lead time -----------------------------------------------------------------------------

FAR = date(2026, 8, 31)
EARLY = load('[account]\nrehire = "restore"\nenable_days_before_start = 1\ncreate_days_before_start = 21')


async def live_through_deaths(world: World) -> Case:
    for _ in range(20):
        try:
            return await advance(world)
        except Killed:
            world.tape.kill_at = None
            world.clock.move(minutes=16)
    raise AssertionError("no end in sight")


def _back(make_world: MakeWorld, own: bool) -> tuple[World, Case]:
    world = make_world(policy=EARLY)
    found = account(account_enabled=True)  # deleted as it was, as the portal does
    world.tenant.held.deleted[found.id] = found
    return world, again(hire=hire(start_date=FAR)) if own else make_case(hire=hire(start_date=FAR))


@pytest.mark.parametrize("own", [True, False])
async def test_an_account_that_was_deleted_enabled_is_usable_from_the_lead_time_on(
    make_world: MakeWorld, own: bool
) -> None:
    world, case = _back(make_world, own)
    await (file(world, case) if own else world.file(case))
    case = await advance(world)
    assert world.tenant.users["old-1"].account_enabled is False
    assert (case.next_action.what, case.next_action.why) == ("enable_account", "start_is_far")
    assert case.account is not None
    assert case.account.disabled_by_us
    world.clock.at = datetime(2026, 8, 30, 8, tzinfo=UTC)
    await look_now(world)
    assert world.tenant.users["old-1"].account_enabled is True


@pytest.mark.parametrize("own", [True, False])
async def test_wherever_it_dies_the_account_waits_for_the_lead_time(make_world: MakeWorld, own: bool) -> None:
    clean, case = _back(make_world, own)
    await (file(clean, case) if own else clean.file(case))
    begin = len(clean.tape.calls)
    await advance(clean)
    for number in range(len(clean.tape.calls) - begin):
        for when in sides(number):
            world, case = _back(make_world, own)
            await (file(world, case) if own else world.file(case))
            world.tape.kill_at = (begin + number, when)
            await live_through_deaths(world)
            assert world.tape.killed
            assert world.tenant.users["old-1"].account_enabled is False, clean.tape.calls[begin + number]


async def test_nobody_looks_for_the_account_of_a_first_hire(make_world: MakeWorld) -> None:
    world = make_world()
    case = again()
    assert case.account is not None
    case.rehired_at, case.account.created_at = None, T0
    ctx = Context(world.s, await file(world, case), T0)
    assert await create_account.run(ctx) == Done("already_linked")
    assert "directory.get_user" not in world.tape.calls


# --- Active Directory --------------------------------------------------------------------------------------


async def synced(world: World, **changes: Any) -> Case:
    world.tenant.add(account(synced=True, mail="z.mueller@contoso.example", **changes))
    return await world.file(make_case())


async def test_a_synced_account_is_linked_and_nothing_is_written_to_it(make_world: MakeWorld) -> None:
    world = make_world(policy=SYNCED)
    await synced(world)
    before = dict(world.tenant.users)
    case = await drive(world)
    assert case.account is not None
    assert (case.account.origin, case.account.synced, case.intent) == ("synced", True, None)
    assert (world.tenant.users, world.tenant.managers, world.tenant.issued) == (before, {}, [])
    assert case.state is State.FOLLOWING_UP
    owner = await world.store.cases.owners([Alias(TENANT, AliasKind.OBJECT_ID, "old-1")])
    assert list(owner.values()) == [case.case_id], "evidence finds the case"


@pytest.mark.parametrize("policy", [SYNCED, Policy(), RESTORE])
@pytest.mark.parametrize("comes_as", ["the same one", "another one"])
async def test_a_synced_account_that_was_deleted_comes_back_with_the_sync_alone(
    make_world: MakeWorld, policy: Policy, comes_as: str
) -> None:
    """Of somebody who is hired again, with an approver's word: Active Directory restores it, not this service."""
    world = make_world(policy=policy)
    case = again(approvals=["needs_approval_rehire"])
    assert case.account is not None
    case.account.origin, case.account.synced = "synced", True
    user = world.tenant.held.deleted["old-1"] = account(synced=True)
    await file(world, case)
    case = await advance(world)
    assert (case.state, case.next_action.why) == (State.PROVISIONING, "waiting_for_sync")
    world.clock.move(days=1)
    assert (await advance(world)).next_action.why == "waiting_for_sync"
    assert world.tenant.held.restored == []

    if comes_as == "the same one":
        world.tenant.add(world.tenant.held.deleted.pop("old-1"))
    else:
        world.tenant.add(replace(user, id="new-1", user_principal_name="zoe@contoso.example"))
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert case.account is not None
    assert (case.account.id, case.account.origin) == (
        "old-1" if comes_as == "the same one" else "new-1",
        "synced",
    )
    assert (world.tenant.held.restored, world.tenant.created) == ([], [])


async def test_an_account_that_the_sync_made_anew_is_not_confirmed_by_what_the_other_one_had(
    make_world: MakeWorld,
) -> None:
    """In the middle of a run; the new one was there before the other one's list was read."""
    world = make_world(policy=SYNCED)
    await synced(world)
    case = await drive(world)
    assert (case.state, case.account is not None) == (State.FOLLOWING_UP, True)
    seen = world.clock.at + timedelta(days=10)
    case.evidence = [Evidence("e-1", "audit", Act.REGISTERED, By.USER, "mobilePhone", seen)]
    case.registration = Registration(("mobilePhone",), seen, direct=True)
    case.status, case.confirmed_at, case.status_as_of = Status.USER_REGISTERED, seen, seen
    case.apply(Event.CONFIRM)
    await world.store.cases.save(case)
    world.clock.at = seen + timedelta(days=1)
    world.tenant.held.deleted["old-1"] = world.tenant.users.pop("old-1")
    world.tenant.add(account(synced=True, id="new-1"))
    await act(
        world.s, "rerun", case.case_id, Ask("op", "Active Directory made it anew", from_step="create_account")
    )
    for _ in range(4):
        await look_now(world)
    case = await world.case()
    assert case.account is not None
    assert (case.account.id, case.state, case.confirmed_at, case.status) == (
        "new-1",
        State.FOLLOWING_UP,
        None,
        Status.UNKNOWN,
    )
    assert run.seen(case) == []
    assert case.episode == 2


async def test_a_synced_account_that_stays_deleted_is_told_days_after_the_start(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    case = again(approvals=["needs_approval_rehire"])
    assert case.account is not None
    case.account.synced = True
    world.tenant.held.deleted["old-1"] = account(synced=True)
    await file(world, case)
    case = await drive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, from_sync.NOT_SYNCED)
    assert world.tenant.held.restored == []


async def test_a_deleted_synced_account_that_is_found_by_number_is_not_restored_here_either(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=RESTORE)
    user = world.tenant.held.deleted["old-1"] = account(synced=True, account_enabled=False)
    await world.file(make_case())
    case = await advance(world)
    assert (case.state, case.next_action.why) == (State.PROVISIONING, "waiting_for_sync")
    assert (world.tenant.held.restored, world.tenant.created) == ([], [])
    world.tenant.add(replace(user, account_enabled=True))
    del world.tenant.held.deleted["old-1"]
    case = await look_now(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_adopt")


async def test_one_that_stays_deleted_may_be_another_persons_after_all(make_world: MakeWorld) -> None:
    """The wait ends in a question that somebody can answer."""
    world = make_world(policy=RESTORE)
    world.tenant.held.deleted["old-1"] = account(synced=True, account_enabled=False)
    await world.file(make_case())
    case = await drive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, from_sync.NOT_SYNCED)
    assert "other-person" in rerun_plan.possible(case)
    await act(world.s, "other-person", case.case_id, Ask("approver", "it was a leaver's"))
    case = await drive(world)
    assert case.account is not None
    assert (case.account.origin, world.tenant.held.restored) == ("created", [])


async def test_its_manager_is_read_for_escalations_and_trusted_with_no_pass(make_world: MakeWorld) -> None:
    world = make_world(policy=SYNCED)
    await synced(world)
    world.tenant.managers["old-1"] = "manager-1"
    case = await drive(world)
    assert case.account is not None
    assert case.account.manager_id == "manager-1"
    assert world.tenant.issued == []


async def test_it_is_waited_for_every_few_hours_and_then_every_hour_until_it_comes(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=SYNCED)
    await world.file(make_case())
    case = await advance(world)
    assert (case.next_action.why, case.next_action.when) == ("waiting_for_sync", T0 + timedelta(hours=4))
    world.clock.at = datetime(2026, 8, 24, 8, tzinfo=UTC)
    case = await advance(world)
    assert case.next_action.when == datetime(2026, 8, 24, 9, tzinfo=UTC)
    world.tenant.add(account(synced=True))
    assert (await drive(world)).state is State.FOLLOWING_UP
    assert len([e for e in await world.story() if e.action == "step_waits"]) == 1, "said once"


async def test_one_that_does_not_come_is_told_days_after_the_start_and_a_rerun_looks_again(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=SYNCED)
    await world.file(make_case())
    case = await drive(world)
    assert case.reason_code == from_sync.NOT_SYNCED
    assert world.clock.at == datetime(2026, 8, 26, 22, tzinfo=UTC)
    assert (len(world.tenant.created), case.intent) == (0, None)
    world.tenant.add(account(synced=True))
    await act(world.s, "rerun", case.case_id, Ask("o-1", "synced now"))
    assert (await drive(world)).state is State.FOLLOWING_UP


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"synced": False}, "needs_approval_adopt"),
        ({"synced": True, "user_type": "Guest"}, "protected_guest"),
    ],
)
async def test_another_account_with_the_number_is_not_taken_for_it(
    make_world: MakeWorld, changes: dict[str, Any], reason: str
) -> None:
    world = make_world(policy=SYNCED)
    world.tenant.add(account(**changes))
    await world.file(make_case())
    case = await advance(world)
    assert (case.account, case.reason_code) == (None, reason)


async def test_two_accounts_with_the_number_are_for_an_approver(make_world: MakeWorld) -> None:
    world = make_world(policy=SYNCED)
    world.tenant.add(account(id="old-2", user_principal_name="zz@contoso.example", synced=True))
    await synced(world)
    assert (await advance(world)).reason_code == "needs_approval_adopt"


async def test_a_leavers_disabled_account_with_the_number_is_not_the_persons(make_world: MakeWorld) -> None:
    """It is waited for; when their own comes as well, an approver says which is whose."""
    world = make_world(policy=SYNCED)
    await synced(world, display_name="Bob Leaver", account_enabled=False)
    case = await advance(world)
    assert (case.next_action.why, case.account) == ("waiting_for_sync", None)
    world.tenant.add(account(id="ad-2", user_principal_name="zoe@contoso.example", synced=True))
    case = await look_now(world)
    assert (case.reason_code, case.account) == ("needs_approval_adopt", None)
    await act(world.s, "other-person", case.case_id, Ask("o-1", "Bob left in 2015", account="old-1"))
    case = await drive(world)
    assert case.account is not None
    assert (case.account.id, case.account.origin) == ("ad-2", "synced")


async def test_a_synced_account_that_is_disabled_until_the_first_day_is_linked_then(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=SYNCED)
    await synced(world, account_enabled=False)
    assert (await advance(world)).next_action.why == "waiting_for_sync"
    (user,) = [item for item in world.tenant.users.values() if item.synced]
    world.tenant.users[user.id] = replace(user, account_enabled=True)
    case = await look_now(world)
    assert case.account is not None
    assert case.account.origin == "synced"


BOSS = {"display_name": "Bob Boss", "user_principal_name": "bob.boss@contoso.example"}


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        (BOSS, True),
        ({**BOSS, "created_at": T0 - timedelta(days=731)}, True),
        # Active Directory was first, or it was made for something else before, under whatever name.
        ({**BOSS, "created_at": T0 - timedelta(days=729)}, False),
        ({**BOSS, "created_at": T0 + timedelta(days=1)}, False),
        # A whole workforce that HR announces: years old, and spelled in their own way.
        ({"display_name": "MUELLER-STRAUSS Zoe (Contoso)"}, False),
        ({"display_name": "Boss, Zoë", "user_principal_name": "boss.z@contoso.example"}, False),
        ({"display_name": "Factory 12", "user_principal_name": "zmuller@contoso.example"}, False),
        ({"display_name": None, "user_principal_name": "e4711@contoso.example"}, False),
        ({"display_name": "Zoya Bosse", "user_principal_name": "zbosse@contoso.example"}, True),
    ],
)
async def test_who_is_another_by_age_and_name_is_asked_about(
    make_world: MakeWorld, changes: dict[str, Any], asked: bool
) -> None:
    """HR mistyped the number, or gave it again; or the account is simply older, or named in another way."""
    world = make_world(policy=SYNCED)
    await synced(world, **changes)
    case = await advance(world)
    if not asked:
        assert case.account is not None
        assert (case.account.id, case.account.origin) == ("old-1", "synced")
        return
    assert (case.reason_code, case.account) == ("needs_approval_adopt", None)
    await act(world.s, "approve", case.case_id, Ask("o-1", "the name by marriage"))
    case = await drive(world)
    assert case.account is not None
    assert (case.account.id, case.account.origin) == ("old-1", "synced")


async def test_another_persons_is_left_alone_and_their_own_is_waited_for(make_world: MakeWorld) -> None:
    world = make_world(policy=SYNCED)
    await synced(world, **BOSS)
    case = await advance(world)
    await act(world.s, "other-person", case.case_id, Ask("o-1", "HR mistyped the number"))
    assert (await advance(world)).next_action.why == "waiting_for_sync"
    world.tenant.add(account(id="ad-2", user_principal_name="zoe@contoso.example", synced=True))
    case = await look_now(world)
    assert case.account is not None
    assert case.account.id == "ad-2"


@pytest.mark.parametrize("word", ["approve", "other-person"])
async def test_a_number_that_hr_corrects_leads_to_the_account_that_carries_it(
    make_world: MakeWorld, word: str
) -> None:
    """Of somebody who was linked to a colleague's account by a mistyped one."""
    world = make_world(policy=SYNCED)
    await synced(world, **{**BOSS, "created_at": T0})
    case = await drive(world)
    assert (case.state, case.account is not None) == (State.FOLLOWING_UP, True)
    again = Ask("o-1", "HR corrected the number", from_step="create_account")
    world.clock.move(days=2)
    case.hire = replace(case.hire, employee_number="4712")
    await world.store.cases.save(case)
    await act(world.s, "rerun", case.case_id, again)
    case = await drive(world)
    assert case.account is not None
    assert (case.state, case.account.id) == (State.FOLLOWING_UP, "old-1"), "nobody has it yet"
    mine = account(id="ad-2", user_principal_name="zoe@contoso.example", employee_id="4712", synced=True)
    world.tenant.add(mine)
    await act(world.s, "rerun", case.case_id, again)
    case = await drive(world)
    assert (case.reason_code, case.found_ids) == ("needs_approval_instead", ["ad-2"])
    await act(world.s, word, case.case_id, Ask("o-1", "asked HR"))
    case = await drive(world)
    assert case.account is not None
    assert (case.state, case.account.id) == (
        State.FOLLOWING_UP,
        "ad-2" if word == "approve" else "old-1",
    )


async def test_a_hire_without_a_start_date_is_not_given_up(make_world: MakeWorld) -> None:
    world = make_world(policy=SYNCED)
    case = make_case(hire=hire(start_date=None), state=State.PROVISIONING)
    outcome = await create_account.run(Context(world.s, await world.file(case), T0))
    assert getattr(outcome, "why", None) == "waiting_for_sync"


# --- guests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "kind", "refused"),
    [
        (Policy(), "Guest", True),
        (Policy(), " GUEST ", True),
        (Policy(), "Guest lecturer", False),
        (load('[people]\nguests = [{ company = ["Agency"] }]'), "Guest", False),
        (load("[people]\nguests = []"), "Guest", False),
    ],
)
async def test_a_guest_is_refused_before_a_name_is_reserved(
    make_world: MakeWorld, policy: Policy, kind: str, refused: bool
) -> None:
    world = make_world(policy=policy)
    await world.file(make_case(hire=hire(employment_type=kind, start_date=date(2026, 8, 24))))
    case = await advance(world)
    assert (case.reason_code == "guest_not_created") is refused
    assert len(world.tenant.created) == (0 if refused else 1)
    assert bool(case.intent or case.account) is not refused
