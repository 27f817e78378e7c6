"""Another manager while somebody is on the way: the first credential and the escalation are theirs, or nobody's.

HR's events go through intake's rules (`apply_event`), and the case through the queue's way in, as in the service.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, HireEvent, ManagerRef
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import NextAction, StepRecord, StepStatus
from onboarding.errors import NotYetVisible, PermissionMissing, Unavailable
from onboarding.followup import escalate
from onboarding.intake.decide import apply_event
from onboarding.intake.merging import READ
from onboarding.intake.outcome import Circumstances
from onboarding.operate import work
from onboarding.operate.actions import Ask, act
from onboarding.operate.rehearse import Rehearsal
from onboarding.ports import WorkMessage
from onboarding.settings import Settings
from tests.support.doubles import CASE_ID, MANAGER, T0, Killed, World, advance, hire, make_case, sides

MakeWorld = Callable[..., World]
DESK = "desk@contoso.example"
#: Friday before the start on Monday 24 August 2026, 09:00 in Berlin.
FRIDAY = datetime(2026, 8, 21, 7, 0, tzinfo=UTC)
NEW = replace(
    MANAGER,
    id="manager-2",
    user_principal_name="new.boss@contoso.example",
    mail="new.boss@contoso.example",
    employee_id="2",
)
THIRD = replace(
    NEW, id="manager-3", user_principal_name="third@contoso.example", mail="third@contoso.example"
)
B = ManagerRef(email="new.boss@contoso.example")


async def says(
    world: World, manager: ManagerRef | None, *, read: bool = False, at: datetime | None = None
) -> Case:
    """HR names this manager (None: takes the one who was named away), and the case is laid down."""
    case, now = await world.case(), world.clock.at
    event = HireEvent(
        "greenhouse",
        EventType.HIRE_UPDATED,
        replace(case.hire, phones=None, manager=manager),
        "updated",
        certainty=Certainty.EMPLOYEE,
        occurred_at=at or now,
        cleared=() if manager else ("manager",),
    )
    about = Circumstances(READ if read else f"d_{now:%j%H%M}", now, is_read=read)
    outcome = apply_event(case, event, about, now)
    if outcome.what is not None:
        case.next_action = NextAction(outcome.what, now, outcome.why)
    return await world.store.cases.save(case, outcome.entries)


async def look(world: World) -> Case:
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    return await world.case()


def told(world: World) -> list[tuple[str, ...]]:
    """Recipients of every mail with a pass in it."""
    return [mail.to for mail in world.tenant.mail if "TAP-PLANTED" in mail.text + mail.html]


async def on_the_way(world: World) -> Case:
    """The account is there, its manager set, and the first credential due on Friday."""
    world.tenant.add(NEW)
    world.tenant.add(THIRD)
    await world.file(make_case())
    case = await advance(world)
    assert case.account is not None
    assert (case.account.manager_id, case.next_action.what) == (MANAGER.id, "issue_access_pass")
    world.clock.at = T0 + timedelta(days=1)
    return case


async def followed(world: World, **changes: Any) -> Case:
    """Provisioned, and followed up."""
    world.tenant.add(NEW)
    person = replace(MANAGER, id="user-1", user_principal_name="zoe@contoso.example", mail=None)
    world.tenant.add(replace(person, created_at=T0))
    named = {"manager_id": MANAGER.id, "manager_named": hire().manager}
    account = Account("user-1", "zoe@contoso.example", "4711", T0, **{**named, **changes.pop("account", {})})
    world.tenant.managers["user-1"] = MANAGER.id
    steps = {
        name: StepRecord(StepStatus.DONE)
        for name in ("create_account", "set_manager", "issue_access_pass", "send_welcome")
    }
    values = {"state": State.FOLLOWING_UP, "account": account, "steps": steps}
    return await world.file(make_case(**{**values, **changes}))


# --- the first credential ------------------------------------------------------------------------------


async def test_a_manager_whom_a_read_changed_gets_it_and_the_former_one_does_not(world: World) -> None:
    await on_the_way(world)
    await says(world, B, read=True)
    case = await advance(world)
    assert case.account is not None
    assert (world.tenant.managers[case.account.id], case.account.manager_id) == (NEW.id, NEW.id)
    world.clock.at = FRIDAY
    await advance(world)
    assert told(world) == [(NEW.mail,)]


async def test_a_read_that_confirms_what_an_event_said_is_enough(world: World) -> None:
    await on_the_way(world)
    await says(world, B)
    world.clock.move(minutes=1)
    await says(world, B, read=True)
    await advance(world)
    world.clock.at = FRIDAY
    await advance(world)
    assert told(world) == [(NEW.mail,)]


async def test_an_approver_who_approves_the_new_manager_sends_it_to_the_new_one(
    make_world: MakeWorld,
) -> None:
    world = make_world(settings=Settings(service_desk=None))
    await on_the_way(world)
    await says(world, B)
    await advance(world)
    world.clock.at = FRIDAY
    case = await advance(world)
    assert case.reason_code == "needs_approval_manager"
    await act(world.s, "approve", CASE_ID, Ask("op", "HR says so"))
    await advance(world)
    assert told(world) == [(NEW.mail,)]


async def test_an_approval_is_for_the_manager_whom_the_approver_saw(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(service_desk=None))
    await on_the_way(world)
    await says(world, B)
    world.clock.at = FRIDAY
    await advance(world)
    await act(world.s, "approve", CASE_ID, Ask("op", "HR says so"))
    await says(world, ManagerRef(email=THIRD.mail), at=FRIDAY)
    case = await advance(world)
    assert (case.reason_code, told(world)) == ("needs_approval_manager", [])


async def test_a_word_that_comes_while_the_case_is_blocked_counts_when_it_goes_on(
    make_world: MakeWorld,
) -> None:
    world = make_world(settings=Settings(service_desk=None))
    await on_the_way(world)
    await says(world, B)
    world.clock.at = FRIDAY
    assert (await advance(world)).state is State.BLOCKED
    await says(world, ManagerRef(email=THIRD.mail), at=FRIDAY)
    await act(world.s, "approve", CASE_ID, Ask("op", "the third one is right"))
    await advance(world)
    assert told(world) == [(THIRD.mail,)]


@pytest.mark.parametrize("manager", [None, ManagerRef(name="Somebody Else"), ManagerRef(id="none")])
async def test_a_manager_who_was_taken_away_or_cannot_be_found_leaves_it_to_the_desk(
    world: World, manager: ManagerRef | None
) -> None:
    await on_the_way(world)
    await says(world, manager, read=True)
    case = await advance(world)
    assert case.account is not None
    assert case.account.manager_id is None
    world.clock.at = FRIDAY
    await advance(world)
    assert told(world) == [(DESK,)]


async def test_a_former_manager_is_nobodys_while_the_new_one_cannot_be_set(world: World) -> None:
    await on_the_way(world)
    await says(world, B, read=True)
    world.faults.before("set_manager", *[Unavailable("down")] * 3)
    case = await advance(world)
    assert case.account is not None
    assert (case.account.manager_id, case.next_action.what) == (None, "set_manager")
    world.clock.at = FRIDAY
    while not told(world):
        case = await advance(world)
        world.clock.at = max(world.clock.at, case.next_action.when or FRIDAY)
    assert told(world) == [(NEW.mail,)]


@pytest.mark.parametrize("named", [None, B], ids=["unknown", "another"])
async def test_a_manager_found_for_another_name_gets_none(world: World, named: ManagerRef | None) -> None:
    case = await on_the_way(world)
    assert case.account is not None
    case.account.manager_named = named
    await world.store.cases.save(case)
    world.clock.at = FRIDAY
    await advance(world)
    assert told(world) == [(DESK,)]


@pytest.mark.parametrize(
    "other",
    [
        ManagerRef(id="1"),
        ManagerRef(email="CHEF@contoso.example"),
        ManagerRef(email="chef@contoso.example", name="The Boss"),
    ],
)
async def test_the_same_manager_in_fewer_words_changes_nothing(world: World, other: ManagerRef) -> None:
    world.tenant.add(NEW)
    person = hire(manager=ManagerRef(id="1", email="chef@contoso.example", name="Chef"))
    await world.file(make_case(hire=person))
    await advance(world)
    world.clock.move(days=1)
    before = len(world.tape.calls)
    await says(world, other)
    await advance(world)
    assert "directory.set_manager" not in world.tape.calls[before:]
    world.clock.at = FRIDAY
    await advance(world)
    assert told(world) == [(MANAGER.mail,)]


@pytest.mark.parametrize(
    "other",
    [
        ManagerRef(id="2", email="chef@contoso.example"),
        ManagerRef(id="1", email=NEW.mail),
        ManagerRef(id="2"),
    ],
)
async def test_an_id_or_address_that_was_not_there_is_another_manager(
    world: World, other: ManagerRef
) -> None:
    world.tenant.add(NEW)
    await world.file(make_case(hire=hire(manager=ManagerRef(email="chef@contoso.example"))))
    await advance(world)
    world.clock.move(days=1)
    case = await says(world, other)
    assert case.manager_changed
    world.clock.at = FRIDAY
    await advance(world)
    assert told(world) == [(DESK,)]


async def test_an_older_word_that_comes_late_changes_nothing(world: World) -> None:
    await on_the_way(world)
    await says(world, B, read=True)
    await advance(world)
    case = await says(world, hire().manager, at=T0)
    assert case.account is not None
    assert (case.account.manager_id, case.steps["set_manager"].status) == (NEW.id, StepStatus.DONE)
    world.clock.at = FRIDAY
    await advance(world)
    assert told(world) == [(NEW.mail,)]


# --- followed up ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.FOLLOWING_UP, State.CONFIRMED])
async def test_whoever_is_provisioned_gets_the_new_manager_in_entra_and_is_escalated_to_them(
    world: World, state: State
) -> None:
    await followed(world, state=state, confirmed_at=T0)
    case = await says(world, B)
    assert await escalate.find(world.s, case, "manager") == ((), "no_manager")
    case = await look(world)
    assert case.state in {State.FOLLOWING_UP, State.CONFIRMED}
    assert world.tenant.managers["user-1"] == NEW.id
    assert await escalate.find(world.s, case, "manager") == ((NEW.mail,), None)
    assert case.steps["set_manager"].status is StepStatus.DONE
    assert case.next_action.what != "set_manager"


async def test_whoever_pauses_gets_the_new_manager_when_they_go_on(world: World) -> None:
    case = await followed(world)
    case.apply(Event.PAUSE)
    await world.store.cases.save(case)
    case = await says(world, B)
    assert (case.state, await escalate.find(world.s, case, "manager")) == (State.PAUSED, ((), "no_manager"))
    await act(world.s, "resume", CASE_ID, Ask("op", "go on"))
    await look(world)
    assert world.tenant.managers["user-1"] == NEW.id


async def test_an_excluded_person_is_left_alone(world: World) -> None:
    case = await followed(world)
    case.apply(Event.EXCLUDE)
    await world.store.cases.save(case)
    await says(world, B)
    await look(world)
    assert world.tenant.managers["user-1"] == MANAGER.id


async def test_of_a_synced_account_active_directory_decides(world: World) -> None:
    await followed(world, account={"synced": True, "origin": "synced", "manager_named": None})
    case = await says(world, B)
    assert case.account is not None
    assert case.account.manager_id == MANAGER.id
    world.tenant.managers["user-1"] = NEW.id
    case = await look(world)
    assert case.account is not None
    assert (case.account.manager_id, case.steps["set_manager"].detail) == (NEW.id, "synced_account")


async def test_an_account_whose_manager_we_did_not_set_gets_none(world: World) -> None:
    case = await followed(world)
    case.steps.clear()
    await world.store.cases.save(case)
    await says(world, B)
    await look(world)
    assert world.tenant.managers["user-1"] == MANAGER.id


async def test_an_outage_is_waited_for_and_a_stray_message_does_not_cut_it_short(world: World) -> None:
    await followed(world)
    await says(world, B)
    world.faults.before("set_manager", Unavailable("down", retry_after=600))
    case = await look(world)
    assert (case.state, case.next_action.what) == (State.FOLLOWING_UP, "set_manager")
    assert (await look(world)).etag == case.etag
    world.clock.at = case.next_action.when or T0
    assert (await look(world)).steps["set_manager"].status is StepStatus.DONE
    assert world.tenant.managers["user-1"] == NEW.id


async def test_nobody_is_blocked_for_an_outage_that_does_not_end(world: World) -> None:
    await followed(world)
    await says(world, B)
    world.faults.before("set_manager", *[NotYetVisible("not there")] * 500)
    case = await look(world)
    for _ in range(500):
        if case.next_action.what != "set_manager":
            break
        world.clock.at = case.next_action.when or T0
        case = await look(world)
    assert case.state is State.FOLLOWING_UP
    assert (case.steps["set_manager"].status, case.steps["set_manager"].detail) == (
        StepStatus.SKIPPED,
        "not_yet_visible",
    )


async def test_a_protected_account_is_not_written_to_and_is_followed_up_all_the_same(world: World) -> None:
    await followed(world)
    world.tenant.privileged.add("user-1")
    await says(world, B)
    case = await look(world)
    assert (case.state, case.steps["set_manager"].detail) == (State.FOLLOWING_UP, "protected_privileged")
    assert world.tenant.managers["user-1"] == MANAGER.id


async def test_a_permission_that_is_missing_holds_the_step_and_not_the_follow_up(world: World) -> None:
    await followed(world)
    await says(world, B)
    world.faults.before("set_manager", PermissionMissing("grant User.ReadWrite.All"))
    case = await look(world)
    assert (case.state, case.steps["set_manager"].status) == (State.FOLLOWING_UP, StepStatus.WAITING)
    assert case.next_action.what != "set_manager"
    world.clock.at = case.next_action.when or T0
    await look(world)
    assert world.tenant.managers["user-1"] == NEW.id


async def test_a_manager_whom_hr_names_in_a_dry_run_is_set_once_it_is_live(world: World) -> None:
    """HR does not say it again."""
    await followed(world)
    world.settings = replace(world.settings, mode="dry_run")
    world.s = world.services()
    await says(world, B)
    case = await look(world)
    record = case.steps["set_manager"]
    assert (case.state, record.status, record.detail) == (State.FOLLOWING_UP, StepStatus.WAITING, "dry_run")
    assert world.tenant.managers["user-1"] == MANAGER.id
    world.settings = replace(world.settings, mode="live")
    world.s = world.services()
    world.clock.at = case.next_action.when or T0
    case = await look(world)
    assert case.account is not None
    assert (world.tenant.managers["user-1"], case.account.manager_id) == (NEW.id, NEW.id)


async def test_the_plan_of_a_dry_run_names_the_manager_who_is_set_then(world: World) -> None:
    await followed(world)
    world.settings = replace(world.settings, mode="dry_run")
    world.s = world.services()
    await says(world, B)
    await look(world)
    shown = await Rehearsal(world.s, world.clock.at).run(await world.case())
    assert next(action.what for action in shown.actions) == "set_manager"
    assert world.tenant.managers["user-1"] == MANAGER.id


async def test_wherever_the_worker_dies_the_new_manager_is_set_and_nobody_else_is_told(
    make_world: MakeWorld,
) -> None:
    async def play(kill_at: tuple[int, str] | None) -> World:
        world = make_world()
        await followed(world)
        await says(world, B)
        world.tape.calls.clear()
        world.tape.kill_at = kill_at
        try:
            await look(world)
        except Killed:
            world.tape.kill_at = None
            case = await world.case()
            assert (await escalate.find(world.s, case, "manager"))[0] in {(), (NEW.mail,)}
            await look(world)
        return world

    calls = list((await play(None)).tape.calls)
    assert "directory.set_manager" in calls
    for number, name in enumerate(calls):
        for when in sides(number):
            world = await play((number, when))
            case = await world.case()
            assert world.tape.killed, name
            assert world.tenant.managers["user-1"] == NEW.id, (when, name)
            assert case.account is not None
            assert (case.account.manager_id, case.steps["set_manager"].status) == (NEW.id, StepStatus.DONE)


def test_intake_undoes_steps_and_approvals_by_the_names_that_they_have() -> None:
    """The layer below may not import the steps, so it has their names as texts."""
    from onboarding.intake import first_day, hire_date, named_manager
    from onboarding.provisioning.steps import issue_access_pass, set_hire_date, set_manager

    assert set_manager.STEP.name == named_manager._SET_MANAGER
    assert issue_access_pass.STEP.name == first_day._ISSUE
    assert set_hire_date.STEP.name == hire_date._STEP
    assert issue_access_pass.NEEDS_APPROVAL_MANAGER == named_manager._APPROVE_MANAGER
