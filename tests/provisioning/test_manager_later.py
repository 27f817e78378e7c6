"""A manager who is not in the tenant yet, or cannot be told apart yet: looked for again before the pass, and with each
look of the follow-up, which waits for nobody's sake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import ManagerRef
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import StepStatus
from onboarding.errors import EffectUnknown, PermissionMissing, Unavailable
from onboarding.followup import escalate
from onboarding.operate import work
from onboarding.ports import WorkMessage
from onboarding.settings import Settings
from tests.support.doubles import CASE_ID, MANAGER, T0, Killed, World, hire, make_case, sides

MakeWorld = Callable[..., World]
BOSS_CASE = "c_00000000000000000009"
DESK = "desk@contoso.example"
#: Friday before the start on Monday 24 August 2026, 09:00 in Berlin.
FRIDAY = datetime(2026, 8, 21, 7, 0, tzinfo=UTC)
BOSS = replace(
    MANAGER,
    id="manager-2",
    user_principal_name="late.boss@contoso.example",
    mail="late.boss@contoso.example",
    employee_id="900",
)
REF = ManagerRef(email="late.boss@contoso.example")
LOOKS = frozenset({"directory.find_by_address", "directory.find_by_employee_id", "directory.set_manager"})


async def look(world: World, case_id: str = CASE_ID) -> Case:
    await work.handle(world.s, WorkMessage(case_id=case_id, why="look"))
    return await world.case(case_id)


async def until(world: World, at: datetime, case_id: str = CASE_ID) -> Case:
    """What timers and queue do until then."""
    for _ in range(200):
        case = await world.case(case_id)
        if case.wakes_at is None or case.wakes_at > at:
            break
        world.clock.at = max(world.clock.at, case.wakes_at)
        await look(world, case_id)
    world.clock.at = max(world.clock.at, at)
    return await world.case(case_id)


async def hired(world: World, ref: ManagerRef = REF) -> Case:
    """Everything up to the pass is done, and nobody was found for the manager's name."""
    await world.file(make_case(hire=hire(manager=ref)))
    case = await look(world)
    assert case.steps["set_manager"].detail == "manager_not_found"
    return case


async def followed(world: World, ref: ManagerRef = REF) -> Case:
    """Followed up, the pass with the service desk."""
    await hired(world, ref)
    case = await until(world, FRIDAY + timedelta(hours=1))
    assert (case.state, told(world)) == (State.FOLLOWING_UP, [(DESK,)])
    return case


def told(world: World) -> list[tuple[str, ...]]:
    """Recipients of every mail with a pass in it."""
    return [mail.to for mail in world.tenant.mail if "TAP-PLANTED" in mail.text + mail.html]


def looks(world: World) -> int:
    return sum(name in LOOKS for name in world.tape.calls)


async def said(world: World, action: str) -> int:
    return sum(
        item.action == action and item.detail.get("step") == "set_manager" for item in await world.story()
    )


# --- before the pass -----------------------------------------------------------------------------------------


async def test_who_is_there_by_the_day_of_the_pass_gets_it(world: World) -> None:
    await hired(world)
    world.tenant.add(BOSS)
    case = await until(world, FRIDAY)
    assert case.account is not None
    assert world.tenant.managers[case.account.id] == BOSS.id
    assert told(world) == [(BOSS.mail,)]
    assert (await said(world, "step_skipped"), await said(world, "step_done")) == (1, 1)


async def test_who_could_not_be_told_apart_gets_it_once_they_can_be(world: World) -> None:
    twin = world.tenant.add(replace(BOSS, id="manager-3"))
    world.tenant.add(BOSS)
    await world.file(make_case(hire=hire(manager=REF)))
    case = await look(world)
    assert case.steps["set_manager"].detail == "manager_ambiguous"
    del world.tenant.users[twin.id]
    await until(world, FRIDAY)
    assert told(world) == [(BOSS.mail,)]


async def test_whose_account_is_younger_than_the_word_that_named_them_is_linked_and_gets_no_pass(
    world: World,
) -> None:
    """A mass arrival: the manager's own hire is worked off a few minutes later."""
    await hired(world, ManagerRef(id="900"))
    world.clock.move(minutes=10)
    own = hire(employee_id="900", given_name="Bo", family_name="Ss", manager=None)
    await world.file(make_case(BOSS_CASE, hire=own))
    boss = await look(world, BOSS_CASE)
    case = await until(world, FRIDAY + timedelta(hours=1))
    assert boss.account is not None
    assert case.account is not None
    assert (world.tenant.managers[case.account.id], told(world)) == (boss.account.id, [(DESK,)])
    found, _ = await escalate.find(world.s, case, "manager")
    assert found == (boss.account.user_principal_name,)


async def test_nobody_found_again_is_asked_once_before_the_pass_and_said_once(world: World) -> None:
    await hired(world)
    before = looks(world)
    await look(world)
    assert looks(world) == before, "a stray message looks for nobody"
    case = await until(world, FRIDAY)
    assert (case.state, looks(world) - before) == (State.FOLLOWING_UP, 1), "before the pass"
    assert (await said(world, "step_skipped"), told(world)) == (1, [(DESK,)])


async def test_a_late_hire_is_looked_for_once_in_one_run(world: World) -> None:
    world.clock.at = FRIDAY
    await world.file(make_case(hire=hire(manager=REF)))
    case = await look(world)
    assert world.tape.calls.count("directory.find_by_address") == 1
    assert (case.state, told(world)) == (State.FOLLOWING_UP, [(DESK,)])


async def test_an_outage_before_the_pass_is_waited_for(world: World) -> None:
    await hired(world)
    world.tenant.add(BOSS)
    world.clock.at = FRIDAY
    world.faults.after("set_manager", EffectUnknown("no answer"))
    case = await look(world)
    assert (case.next_action.what, told(world)) == ("set_manager", [])
    await until(world, FRIDAY + timedelta(hours=3))
    assert told(world) == [(BOSS.mail,)]


# --- followed up ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.FOLLOWING_UP, State.CONFIRMED])
async def test_who_comes_later_is_found_with_the_next_look(world: World, state: State) -> None:
    case = await followed(world)
    if state is State.CONFIRMED:
        case.apply(Event.CONFIRM)
        case.confirmed_at = world.clock.at
        await world.store.cases.save(case)
    assert await escalate.find(world.s, case, "manager") == ((), "no_manager")
    world.tenant.add(BOSS)
    assert case.next_action.when is not None
    case = await until(world, case.next_action.when)
    assert case.account is not None
    assert world.tenant.managers[case.account.id] == BOSS.id
    assert await escalate.find(world.s, case, "manager") == ((BOSS.mail,), None)
    assert (case.steps["set_manager"].status, case.steps["set_manager"].detail) == (StepStatus.DONE, None)
    assert told(world) == [(DESK,)], "the pass stays where it is"


async def test_the_own_managers_hire_is_worked_off_later(world: World) -> None:
    await followed(world, ManagerRef(id="900"))
    own = hire(
        employee_id="900", given_name="Bo", family_name="Ss", manager=None, start_date=date(2026, 8, 24)
    )
    await world.file(make_case(BOSS_CASE, at=world.clock.at, hire=own))
    boss = await look(world, BOSS_CASE)
    case = await until(world, FRIDAY + timedelta(days=11))
    assert boss.account is not None
    assert case.account is not None
    assert world.tenant.managers[case.account.id] == boss.account.id
    subjects = [mail.to for mail in world.tenant.mail if "Zoë" in mail.subject]
    assert (boss.account.user_principal_name,) in subjects, "escalated to the manager"


async def test_whoever_is_never_found_costs_a_look_a_look(world: World) -> None:
    await followed(world)
    before, moments = looks(world), 0
    for _ in range(10):
        case = await world.case()
        assert case.wakes_at is not None
        world.clock.at = max(world.clock.at, case.wakes_at)
        await look(world)
        moments += 1
        await look(world)  # a stray message
    assert looks(world) - before <= moments
    assert await said(world, "step_skipped") == 1


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("find_by_address", Unavailable("down", retry_after=86400)),
        ("set_manager", EffectUnknown("no answer")),
        ("set_manager", PermissionMissing("grant User.ReadWrite.All")),
    ],
)
async def test_nothing_that_goes_wrong_holds_the_follow_up_back(
    world: World, call: str, error: Exception
) -> None:
    case = await followed(world)
    world.tenant.add(BOSS)
    world.faults.before(call, error)
    assert case.next_action.when is not None
    world.clock.at = case.next_action.when
    case = await look(world)
    assert case.state is State.FOLLOWING_UP
    assert case.next_action.what in {"follow_up", "nudge"}
    assert case.next_action.when is not None
    assert case.next_action.when > world.clock.at
    case = await until(world, world.clock.at + timedelta(days=3))
    assert case.account is not None
    assert (world.tenant.managers[case.account.id], case.account.manager_id) == (BOSS.id, BOSS.id)


async def test_a_protected_account_is_not_linked_and_not_asked_for_again(world: World) -> None:
    case = await followed(world)
    assert case.account is not None
    world.tenant.add(BOSS)
    world.tenant.privileged.add(case.account.id)
    case = await until(world, FRIDAY + timedelta(days=3))
    assert (case.steps["set_manager"].detail, world.tenant.managers) == ("protected_privileged", {})


async def test_in_a_dry_run_they_are_looked_for_again_until_it_is_over(make_world: MakeWorld) -> None:
    world = make_world()
    await followed(world)
    world.tenant.add(BOSS)
    live, world.settings = world.settings, Settings(service_desk=DESK, mode="dry_run")
    world.s = world.services()
    case = await until(world, FRIDAY + timedelta(days=4))
    assert (case.state, world.tenant.managers) == (State.FOLLOWING_UP, {})
    world.settings = live
    world.s = world.services()
    case = await until(world, FRIDAY + timedelta(days=6))
    assert case.account is not None
    assert world.tenant.managers == {case.account.id: BOSS.id}


async def test_wherever_it_dies_the_manager_is_set_and_nothing_is_sent_twice(make_world: MakeWorld) -> None:
    async def play(kill_at: tuple[int, str] | None) -> World:
        world = make_world()
        case = await followed(world)
        world.tenant.add(BOSS)
        assert case.next_action.when is not None
        world.clock.at = case.next_action.when
        world.tape.calls.clear()
        world.tape.kill_at = kill_at
        try:
            await look(world)
        except Killed:
            world.tape.kill_at = None
            await look(world)
        await until(world, T0 + timedelta(days=9))
        return world

    whole = await play(None)
    calls = [name for name in whole.tape.calls]
    first = calls[: calls.index("directory.set_manager") + 3]
    for number, name in enumerate(first):
        for when in sides(number):
            world = await play((number, when))
            case = await world.case()
            assert world.tape.killed, name
            assert case.account is not None
            assert world.tenant.managers[case.account.id] == BOSS.id, (when, name)
            assert case.steps["set_manager"].status is StepStatus.DONE, (when, name)
            assert len(world.tenant.mail) == len(whole.tenant.mail), (when, name)
