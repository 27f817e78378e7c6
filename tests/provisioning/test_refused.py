"""HR calls somebody a guest whose account an earlier try may have made: it is found and closed, and nobody has it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import PassStatus
from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.domain.people_policy import Match, PeoplePolicy
from onboarding.domain.policy import Policy
from onboarding.domain.policy_file import load
from onboarding.errors import EffectUnknown, LimitReached, PermissionMissing, Refused, Throttled
from onboarding.intake import process
from onboarding.operate import work
from onboarding.operate.actions import Ask, act
from onboarding.operate.explain import explain
from onboarding.ports import (
    CLAIM_LEASE,
    REPLICATION,
    WORK_QUEUE,
    Delivery,
    DeliveryStatus,
    DirectoryUser,
    WorkMessage,
)
from onboarding.safeguards import stops
from onboarding.settings import Settings
from tests.support.doubles import CASE_ID, T0, Killed, SecurityInfo, World, advance, drive, make_case
from tests.support.full_policy import SETTINGS, full_case, full_policy, full_world
from tests.support.hr_says import says
from tests.support.kinds import account

MakeWorld = Callable[..., World]
WHO = Ask("op", "HR was asked")
ON_PREMISES = Policy(people=PeoplePolicy(synced=(Match(employment_type=("onprem",)),)))
#: Of the day on which the hire of `make_case` starts, in Berlin.
FIRST_MORNING = datetime(2026, 8, 24, 8, tzinfo=UTC)


async def guest(world: World, *, made: bool = True, lag: bool = False) -> Case:
    """The answer to POST /users was lost, and before the next try HR says that the person is a guest."""
    (world.faults.after if made else world.faults.before)("create_user", EffectUnknown("no answer"))
    await world.file(make_case())
    await advance(world)
    world.tenant.lag = lag
    world.clock.move(minutes=1)
    return await says(world, EventType.HIRE_UPDATED, employment_type="guest")


def enabled(world: World) -> list[bool | None]:
    return [user.account_enabled for user in world.tenant.users.values() if user.id.startswith("user-")]


@pytest.mark.parametrize("lag", [False, True], ids=["seen at once", "seen later"])
async def test_an_account_that_was_made_before_is_found_and_disabled(
    make_world: MakeWorld, lag: bool
) -> None:
    world = make_world()
    await guest(world, lag=lag)
    case = await advance(world)
    if lag:
        assert (case.state, case.next_action.why) == (State.PROVISIONING, "account_in_doubt")
        world.clock.move(hours=2)
        world.tenant.lag = False
        case = await advance(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "guest_not_created")
    assert case.account is not None
    assert (case.account.origin, case.account.disabled_by_us, enabled(world)) == ("created", True, [False])
    assert "disable_account" not in case.steps


async def test_one_that_was_never_made_is_looked_for_until_it_cannot_be_there(make_world: MakeWorld) -> None:
    world = make_world()
    await guest(world, made=False)
    told = world.clock.at
    case = await drive(world)
    assert (case.reason_code, case.account, enabled(world)) == ("guest_not_created", None, [])
    assert timedelta(0) <= world.clock.at - (told + REPLICATION) < timedelta(hours=1)


async def test_a_rerun_gives_a_guest_nothing_and_an_employee_the_account(make_world: MakeWorld) -> None:
    world = make_world()
    await guest(world)
    await drive(world)
    await act(world.s, "rerun", CASE_ID, WHO)
    case = await drive(world)
    assert (case.reason_code, enabled(world), world.tenant.issued) == ("guest_not_created", [False], [])
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, employment_type="Employee")
    await act(world.s, "rerun", CASE_ID, WHO)
    case = await drive(world)
    assert (case.state, enabled(world)) == (State.FOLLOWING_UP, [True])
    assert (len(world.tenant.created), len(world.tenant.issued)) == (1, 1)


async def test_the_account_of_another_case_is_left_alone(make_world: MakeWorld) -> None:
    world = make_world()
    await guest(world)
    (user,) = [item for item in world.tenant.users.values() if item.id.startswith("user-")]
    alias = Alias(TENANT, AliasKind.OBJECT_ID, user.id)
    await world.store.cases.claim_alias(alias, "c_" + "2" * 20)
    case = await drive(world)
    assert (case.reason_code, case.account, enabled(world)) == ("guest_not_created", None, [True])
    assert "account_not_disabled" in [entry.action for entry in await world.story()]


async def test_nobody_who_has_begun_is_locked_out_by_a_rerun(make_world: MakeWorld) -> None:
    world = make_world()
    await world.file(make_case())
    case = await drive(world)
    world.clock.at = T0 + timedelta(days=30)
    case.access_pass = None  # nobody knows of a first credential, and yet the person may have one
    case.hire = replace(case.hire, employment_type="guest")
    await world.store.cases.save(case)
    await act(world.s, "rerun", CASE_ID, replace(WHO, from_step="create_account"))
    case = await drive(world)
    assert (case.reason_code, enabled(world)) == ("account_contradicted", [True])
    (entry,) = [item for item in await world.story() if item.action == "account_not_disabled"]
    assert entry.detail["reason"] == "disable_after_start"


@pytest.mark.parametrize("kill_at", range(30))
async def test_a_death_at_any_call_leaves_no_account_that_anybody_could_use(
    make_world: MakeWorld, kill_at: int
) -> None:
    world = make_world()
    await guest(world)
    world.tape.calls.clear()
    world.tape.kill_at = (kill_at, "after")
    try:
        await advance(world)
    except Killed:
        world.tape.kill_at = None
        world.clock.at += CLAIM_LEASE
    else:
        world.tape.kill_at = None
        assert len(world.tape.calls) <= kill_at
    case = await drive(world)
    assert (case.reason_code, enabled(world)) == ("guest_not_created", [False])


async def test_also_on_the_first_day_of_which_nobody_had_the_account(make_world: MakeWorld) -> None:
    """What is refused was made in the same hour: no administrator has to decide about it."""
    world = make_world()
    world.clock.at = FIRST_MORNING
    world.faults.after("create_user", EffectUnknown("no answer"))
    await world.file(make_case(begun=False, hired_at=FIRST_MORNING - timedelta(hours=1)))
    await advance(world)
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, employment_type="guest")
    case = await drive(world)
    assert (case.reason_code, enabled(world)) == ("guest_not_created", [False])


@pytest.mark.parametrize("word", ["guest", "onprem"])
async def test_nor_is_anybody_locked_out_whose_account_is_found_only_now(
    make_world: MakeWorld, word: str
) -> None:
    """The worker died after the request, the case was paused, and an administrator handed the account over."""
    world = make_world(policy=Policy(people=PEOPLE))
    world.tape.kill_on = ("create_user", "after")
    await world.file(make_case(begun=False, hired_at=T0 - timedelta(days=1)))
    with contextlib.suppress(Killed):
        await look(world)
    world.tape.kill_on = None
    await act(world.s, "pause", CASE_ID, WHO)
    assert "An account may exist under" in explain(await world.case())
    world.clock.at = FIRST_DAY + timedelta(days=2)
    world.tenant.users["user-2"] = replace(world.tenant.users["user-2"], account_enabled=True)
    world.tenant.methods["user-2"] = ("microsoftAuthenticatorPush", "mobilePhone")
    await delivers(world, employment_type=word)
    await act(world.s, "resume", CASE_ID, WHO)
    case = await until(world, world.clock.at + timedelta(days=1))
    assert (case.state in FOLLOWED, enabled(world)) == (True, [True])
    assert "theirs already" in explain(case)
    assert world.tenant.issued == []


# --- linked already, and not given yet -------------------------------------------------------------------------


async def test_a_linked_account_that_nobody_has_yet_is_closed_as_well(make_world: MakeWorld) -> None:
    world = make_world()
    await world.file(make_case(begun=False))
    case = await advance(world)
    assert case.account is not None
    assert (case.state, case.access_pass, enabled(world)) == (State.PROVISIONING, None, [True])
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, employment_type="guest")
    case = await drive(world)
    assert (case.reason_code, enabled(world), world.tenant.issued) == ("guest_not_created", [False], [])
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, employment_type="Employee")
    await act(world.s, "rerun", CASE_ID, WHO)
    case = await drive(world)
    assert (case.state, enabled(world), len(world.tenant.created)) == (State.FOLLOWING_UP, [True], 1)


async def test_whoever_was_given_theirs_keeps_it(make_world: MakeWorld) -> None:
    world = make_world()
    await world.file(make_case())
    await drive(world)
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, employment_type="guest")
    await act(world.s, "rerun", CASE_ID, replace(WHO, from_step="create_account"))
    case = await drive(world)
    assert (case.state, enabled(world)) == (State.FOLLOWING_UP, [True])


# --- of Active Directory, after a try --------------------------------------------------------------------------


def sync(world: World, number: str = "4711") -> None:
    world.tenant.add(
        DirectoryUser(
            "sync-1",
            "zoe.m@contoso.example",
            employee_id=number,
            display_name="Zoë Müller-Strauß",
            account_enabled=True,
            created_at=world.clock.at,
            user_type="Member",
            synced=True,
        )
    )


async def moved_to_sync(world: World, *, linked: bool, made: bool = True, lag: bool = False) -> Case:
    """HR says after a try, or once the account is linked, that the account comes from Active Directory."""
    if not linked:
        (world.faults.after if made else world.faults.before)("create_user", EffectUnknown("no answer"))
    await world.file(make_case(begun=False))
    await advance(world)
    world.tenant.lag = lag
    world.clock.move(minutes=1)
    return await says(world, EventType.HIRE_UPDATED, employment_type="onprem")


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("lag", [False, True], ids=["seen at once", "seen later"])
async def test_what_was_made_is_closed_before_active_directorys_is_waited_for(
    make_world: MakeWorld, linked: bool, lag: bool
) -> None:
    world = make_world(policy=ON_PREMISES)
    await moved_to_sync(world, linked=linked, lag=lag and not linked)
    case = await advance(world)
    if lag and not linked:
        assert (case.next_action.why, enabled(world)) == ("account_in_doubt", [True])
        sync(world)
        world.clock.move(hours=2)
        world.tenant.lag = False
    else:
        assert (case.next_action.why, enabled(world)) == ("waiting_for_sync", [False])
        sync(world)
    case = await drive(world)
    assert case.account is not None
    assert (case.state, case.account.id, enabled(world)) == (State.FOLLOWING_UP, "sync-1", [False])


async def test_a_request_that_took_no_effect_frees_the_name(make_world: MakeWorld) -> None:
    world = make_world(policy=ON_PREMISES)
    case = await moved_to_sync(world, linked=False, made=False)
    assert case.intent is not None
    name = case.intent.user_principal_name
    case = await advance(world)
    while case.next_action.why == "account_in_doubt":
        world.clock.at = case.next_action.when or world.clock.at
        case = await advance(world)
    assert (case.intent, case.next_action.why) == (None, "waiting_for_sync")
    alias = Alias(TENANT, AliasKind.UPN, name)
    assert await world.store.cases.owners([alias]) == {}


async def test_one_that_the_sync_takes_over_is_the_persons(make_world: MakeWorld) -> None:
    """A soft match: the same object, from then on Active Directory's, which enables it."""
    world = make_world(policy=ON_PREMISES)
    await moved_to_sync(world, linked=True)
    await advance(world)
    (user,) = [item for item in world.tenant.users.values() if item.id.startswith("user-")]
    world.tenant.users[user.id] = replace(world.tenant.users[user.id], synced=True, account_enabled=True)
    case = await drive(world)
    assert case.account is not None
    assert (case.account.id, case.account.origin) == (user.id, "synced")
    assert case.state is State.FOLLOWING_UP


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("kill_at", range(24))
async def test_a_death_at_any_call_leaves_one_usable_account(
    make_world: MakeWorld, kill_at: int, linked: bool
) -> None:
    world = make_world(policy=ON_PREMISES)
    await moved_to_sync(world, linked=linked)
    world.tape.calls.clear()
    world.tape.kill_at = (kill_at, "after")
    sync(world)
    try:
        await advance(world)
    except Killed:
        world.tape.kill_at = None
        world.clock.at += CLAIM_LEASE
    else:
        world.tape.kill_at = None
    case = await drive(world)
    assert case.account is not None
    assert (case.account.id, enabled(world)) == ("sync-1", [False])


async def test_where_no_request_ever_left_active_directorys_is_linked_at_once(make_world: MakeWorld) -> None:
    world = make_world(policy=ON_PREMISES)
    world.faults.before("create_user", LimitReached("limit", retry_after=600))
    await world.file(make_case(begun=False))
    await advance(world)
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, employment_type="onprem")
    sync(world)
    case = await advance(world)
    assert case.account is not None
    assert (case.account.id, enabled(world)) == ("sync-1", [])


# --- followed up already: the company gives the first credential in its own way ---------------------------------

OWN_WAY = replace(SETTINGS, first_credential="none")
PEOPLE = PeoplePolicy(
    guests=(Match(employment_type=("guest",)),), synced=(Match(employment_type=("onprem",)),)
)
BEFORE, FIRST_DAY = datetime(2026, 8, 22, 12, tzinfo=UTC), datetime(2026, 8, 24, 10, tzinfo=UTC)


async def until(world: World, at: datetime) -> Case:
    """Whatever is due by then."""
    while (when := (await world.case()).wakes_at) is not None and when <= at:
        world.clock.at = max(world.clock.at, when)
        await look(world)
    world.clock.at = max(world.clock.at, at)
    return await world.case()


async def look(world: World) -> None:
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))


@pytest.fixture
def own_way() -> Iterator[World]:
    """Everything is done before the first day, but for the first credential."""
    world = full_world(settings=OWN_WAY, policy=replace(full_policy(), people=PEOPLE))
    yield world
    world.close()


async def followed_up(world: World) -> None:
    await world.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
    case = await until(world, BEFORE)
    assert (case.state, case.access_pass, enabled(world)) == (State.FOLLOWING_UP, None, [True])


async def test_a_guest_who_was_given_nothing_is_closed_before_the_first_day(own_way: World) -> None:
    await followed_up(own_way)
    await says(own_way, EventType.HIRE_UPDATED, employment_type="guest")
    case = await until(own_way, FIRST_DAY)
    assert (case.state, case.reason_code, enabled(own_way)) == (State.BLOCKED, "guest_not_created", [False])
    (entry,) = [entry for entry in await own_way.story() if entry.action == "account_reconsidered"]
    assert entry.detail == {"reason": "guest"}
    own_way.clock.move(minutes=1)
    await says(own_way, EventType.HIRE_UPDATED, employment_type="Employee")
    await act(own_way.s, "rerun", CASE_ID, WHO)
    case = await until(own_way, FIRST_DAY + timedelta(hours=1))
    assert (case.state, enabled(own_way)) == (State.FOLLOWING_UP, [True])


async def test_every_step_is_about_the_account_of_active_directory_then(own_way: World) -> None:
    await followed_up(own_way)
    welcomes = len(own_way.tenant.mail)
    await says(own_way, EventType.HIRE_UPDATED, employment_type="onprem")
    sync(own_way)
    case = await until(own_way, FIRST_DAY)
    assert case.account is not None
    assert (case.state, case.account.id, enabled(own_way)) == (State.FOLLOWING_UP, "sync-1", [False])
    skipped = {name for name, record in case.steps.items() if record.detail == "synced_account"}
    assert skipped >= {"assign_groups", "assign_licenses", "set_manager"}
    assert len(own_way.tenant.mail) > welcomes


@pytest.mark.parametrize("kill_at", range(40))
@pytest.mark.parametrize("word", ["guest", "onprem"])
async def test_a_death_on_the_way_back_leaves_one_account_that_anybody_could_use(
    own_way: World, kill_at: int, word: str
) -> None:
    await followed_up(own_way)
    await says(own_way, EventType.HIRE_UPDATED, employment_type=word)
    own_way.tape.calls.clear()
    own_way.tape.kill_at = (kill_at, "after")
    with contextlib.suppress(Killed):
        await look(own_way)
    own_way.tape.kill_at = None
    own_way.clock.at += CLAIM_LEASE
    if word == "onprem":
        sync(own_way)
    case = await until(own_way, FIRST_DAY)
    assert enabled(own_way) == [False]
    assert case.state is (State.FOLLOWING_UP if word == "onprem" else State.BLOCKED)


@pytest.mark.parametrize(
    ("word", "said"), [("guest", "calls this person a guest"), ("onprem", "comes from Active Directory")]
)
async def test_whoever_has_begun_keeps_the_account_and_the_case_says_what_hr_says(
    own_way: World, word: str, said: str
) -> None:
    await followed_up(own_way)
    await until(own_way, FIRST_DAY)
    await says(own_way, EventType.HIRE_UPDATED, employment_type=word)
    sync(own_way)
    case = await until(own_way, FIRST_DAY + timedelta(hours=2))
    assert case.account is not None
    assert (case.state, case.account.id, enabled(own_way)) == (State.FOLLOWING_UP, "user-2", [True])
    assert said in explain(case)
    own_way.clock.move(minutes=1)
    await says(own_way, EventType.HIRE_UPDATED, employment_type="Employee")
    case = await until(own_way, FIRST_DAY + timedelta(hours=3))
    assert said not in explain(case)
    actions = [entry.action for entry in await own_way.story()]
    assert actions.count("account_contradicted") == 1
    assert "account_reconsidered" not in actions


async def test_whoever_was_given_a_pass_keeps_it_and_the_case_says_what_hr_says(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=ON_PREMISES)
    await world.file(make_case())
    await drive(world)
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, employment_type="onprem")
    case = await until(world, world.clock.at)
    assert (case.state, enabled(world)) == (State.FOLLOWING_UP, [True])
    assert "says which of the two stays" in explain(case)


# --- the first day, and what was not given ------------------------------------------------------------------------


CHECKS = tuple(check.code for check in Policy().desk.identity_checks)
FOLLOWED = {State.FOLLOWING_UP, State.CONFIRMED}


def made(world: World) -> list[tuple[str, bool | None]]:
    return [(user.id, user.account_enabled) for user in world.tenant.users.values() if user.id != "manager-1"]


@pytest.mark.parametrize("credential", ["none", "access_pass_to_manager"])
@pytest.mark.parametrize("there", [True, False], ids=["disabled until then", "not there"])
async def test_active_directorys_is_waited_for_beyond_the_first_day(
    make_world: MakeWorld, credential: str, there: bool
) -> None:
    world = make_world(
        policy=ON_PREMISES,
        settings=Settings(service_desk="desk@contoso.example", first_credential=credential),
    )
    await world.file(make_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(world, T0 + timedelta(days=2))
    await says(world, EventType.HIRE_UPDATED, employment_type="onprem")
    if there:
        sync(world)
        world.tenant.users["sync-1"] = replace(world.tenant.users["sync-1"], account_enabled=False)
    case = await until(world, FIRST_DAY)
    assert (case.next_action.why, made(world)[0]) == ("waiting_for_sync", ("user-2", False))
    sync(world)
    case = await until(world, FIRST_DAY + timedelta(days=2))
    assert case.account is not None
    assert (case.state, case.account.id) == (State.FOLLOWING_UP, "sync-1")
    assert (made(world), world.tenant.issued) == ([("user-2", False), ("sync-1", True)], [])


async def test_where_active_directorys_does_not_come_somebody_is_told(own_way: World) -> None:
    await followed_up(own_way)
    await says(own_way, EventType.HIRE_UPDATED, employment_type="onprem")
    case = await until(own_way, FIRST_DAY + timedelta(days=10))
    assert (case.state, case.reason_code, enabled(own_way)) == (State.BLOCKED, "sync_did_not_come", [False])


@pytest.mark.parametrize("credential", ["none", "access_pass_to_manager"])
@pytest.mark.parametrize("word", ["guest", "onprem"])
async def test_one_that_may_not_be_disabled_stays_alone_and_an_administrator_decides(
    make_world: MakeWorld, credential: str, word: str
) -> None:
    """Restored for somebody who comes back, and enabled: it is not this service's to take away."""
    settings = Settings(service_desk="desk@contoso.example", first_credential=credential)
    world = make_world(policy=Policy(people=PEOPLE), settings=settings)
    world.tenant.add(account(account_enabled=False))
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    assert (await advance(world)).reason_code == "needs_approval_restore"
    await act(world.s, "approve", CASE_ID, WHO)
    await until(world, T0 + timedelta(days=2))
    assert made(world) == [("old-1", True)]
    await says(world, EventType.HIRE_UPDATED, employment_type=word)
    sync(world)
    case = await until(world, FIRST_DAY)
    assert (case.state, case.reason_code) == (State.BLOCKED, "account_contradicted")
    assert case.account is not None
    assert case.account.id == "old-1"
    told = [entry for entry in await world.story() if entry.action == "account_not_disabled"]
    assert [entry.detail["reason"] for entry in told] == ["disable_adopted_account"]
    world.tenant.users["old-1"] = replace(world.tenant.users["old-1"], account_enabled=False)
    await act(world.s, "rerun", CASE_ID, WHO)
    case = await until(world, FIRST_DAY + timedelta(hours=2))
    assert case.account is not None
    after = (State.FOLLOWING_UP, None) if word == "onprem" else (State.BLOCKED, "guest_not_created")
    assert (case.state, case.reason_code) == after
    assert case.account.id == ("sync-1" if word == "onprem" else "old-1")


@pytest.mark.parametrize("word", ["guest", "onprem"])
@pytest.mark.parametrize("method", ["microsoftAuthenticatorPush", "mobilePhone"])
async def test_whoever_signs_in_ahead_of_the_first_day_keeps_the_account(
    make_world: MakeWorld, method: str, word: str
) -> None:
    """With a password of the company's own: no pass was given, and no list of methods was read yet."""
    world = make_world(policy=Policy(people=PEOPLE))
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    await until(world, T0 + timedelta(days=3))
    world.tenant.methods["user-2"] = (method,)
    case = await until(world, T0 + timedelta(days=4, hours=2))
    assert (case.state, case.access_pass) == (State.FOLLOWING_UP, None)
    await says(world, EventType.HIRE_UPDATED, employment_type=word)
    sync(world)
    case = await until(world, world.clock.at + timedelta(hours=6))
    assert (case.state in FOLLOWED, enabled(world)) == (True, [True])
    assert "theirs already" in explain(case)
    await act(world.s, "rerun", CASE_ID, replace(WHO, from_step="create_account"))
    case = await until(world, FIRST_DAY)
    assert (case.state in FOLLOWED, enabled(world)) == (True, [True])


async def test_a_rerun_of_somebody_at_work_goes_on_with_the_follow_up(own_way: World) -> None:
    await followed_up(own_way)
    await until(own_way, FIRST_DAY)
    await says(own_way, EventType.HIRE_UPDATED, employment_type="guest")
    await act(own_way.s, "rerun", CASE_ID, replace(WHO, from_step="assign_groups"))
    case = await until(own_way, FIRST_DAY + timedelta(hours=2))
    assert (case.state, enabled(own_way)) == (State.FOLLOWING_UP, [True])


@pytest.mark.parametrize("word", ["guest", "onprem"])
async def test_a_pass_that_was_only_meant_to_be_made_is_given_to_nobody(
    make_world: MakeWorld, word: str
) -> None:
    world = make_world(policy=Policy(people=PEOPLE))
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    await until(world, T0 + timedelta(days=3))
    world.faults.before("create_pass", *[Throttled("429", retry_after=600)] * 12)
    case = await until(world, datetime(2026, 8, 21, 7, 5, tzinfo=UTC))
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.INTENDED
    await says(world, EventType.HIRE_UPDATED, employment_type=word)
    case = await until(world, world.clock.at + timedelta(hours=3))
    assert enabled(world) == [False]
    sync(world)
    case = await until(world, FIRST_DAY)
    assert (world.tenant.issued, enabled(world)) == ([], [False])
    assert case.state is (State.FOLLOWING_UP if word == "onprem" else State.BLOCKED)


@pytest.mark.parametrize("answer", ["approve", "other-person"])
async def test_an_account_that_came_meanwhile_is_asked_about_where_hr_takes_the_word_back(
    make_world: MakeWorld, answer: str
) -> None:
    world = make_world(policy=ON_PREMISES)
    await world.file(make_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(world, T0 + timedelta(hours=1))
    await says(world, EventType.HIRE_UPDATED, employment_type="onprem")
    await until(world, T0 + timedelta(hours=2))
    sync(world)
    await says(world, EventType.HIRE_UPDATED, employment_type="Employee")
    case = await until(world, T0 + timedelta(hours=3))
    assert (case.reason_code, made(world)) == (
        "needs_approval_instead",
        [("user-2", False), ("sync-1", True)],
    )
    await act(world.s, answer, CASE_ID, WHO)
    case = await until(world, FIRST_DAY)
    assert case.account is not None
    own = answer == "other-person"
    assert (case.state, case.account.id) == (State.FOLLOWING_UP, "user-2" if own else "sync-1")
    assert made(world) == [("user-2", own), ("sync-1", True)]


async def test_an_adopted_account_has_the_sentence_as_well(make_world: MakeWorld) -> None:
    world = make_world(policy=Policy(people=PEOPLE))
    world.tenant.add(account(licences=()))
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    assert (await advance(world)).reason_code == "needs_approval_adopt"
    await act(world.s, "approve", CASE_ID, WHO)
    world.settings = replace(world.settings, first_credential="none")
    world.s = world.services()
    await until(world, FIRST_DAY)
    await says(world, EventType.HIRE_UPDATED, employment_type="guest")
    case = await until(world, FIRST_DAY + timedelta(hours=1))
    assert (case.state, "calls this person a guest" in explain(case)) == (State.FOLLOWING_UP, True)


async def test_to_an_account_that_is_made_anew_everything_is_done_again(own_way: World) -> None:
    """The closed one was deleted for good before HR took its word back."""
    await own_way.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(own_way, T0 + timedelta(hours=1))
    await says(own_way, EventType.HIRE_UPDATED, employment_type="onprem")
    await until(own_way, T0 + timedelta(hours=2))
    del own_way.tenant.users["user-2"]
    own_way.clock.move(hours=25)
    await says(own_way, EventType.HIRE_UPDATED, employment_type="Employee")
    case = await until(own_way, own_way.clock.at + timedelta(hours=1))
    if case.steps["create_account"].code == "not_yet_visible":
        await act(own_way.s, "purged", CASE_ID, WHO)
    case = await until(own_way, FIRST_DAY)
    assert case.account is not None
    assert case.state is State.FOLLOWING_UP
    groups = {group for group, user in own_way.tenant.held.added if user == case.account.id}
    assert groups == set(case.account.groups) != set()
    assert own_way.tenant.managers[case.account.id] == "manager-1"


@pytest.mark.parametrize("word", ["guest", "onprem"])
async def test_whoever_is_in_use_stays_so_while_an_approver_has_a_new_pass_made(
    make_world: MakeWorld, word: str
) -> None:
    world = make_world(policy=Policy(people=PEOPLE))
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    await until(world, T0 + timedelta(days=3))
    world.tenant.methods["user-2"] = ("mobilePhone",)
    await until(world, T0 + timedelta(days=4, hours=2))
    world.faults.before("create_pass", *[Throttled("429", retry_after=600)] * 12)
    await act(world.s, "new-pass", CASE_ID, replace(WHO, confirmed=CHECKS))
    case = await until(world, world.clock.at)
    assert (case.state, case.identity_proofed_at is not None) == (State.PROVISIONING, True)
    await says(world, EventType.HIRE_UPDATED, employment_type=word)
    case = await until(world, world.clock.at + timedelta(minutes=5))
    assert enabled(world) == [True]
    assert "theirs already" in explain(case)


async def test_without_the_roles_that_read_methods_a_guest_is_closed_and_nobody_else_held(
    own_way: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account can be made without them."""

    async def refused(*_given: object) -> None:
        raise PermissionMissing("Graph refused: grant UserAuthenticationMethod.Read.All")

    await followed_up(own_way)
    for name in ("registration_of", "passes"):
        monkeypatch.setattr(SecurityInfo, name, refused)
    own_way.s = own_way.services()
    await says(own_way, EventType.HIRE_UPDATED, employment_type="guest")
    case = await until(own_way, own_way.clock.at + timedelta(minutes=5))
    assert (case.state, case.reason_code, enabled(own_way)) == (State.BLOCKED, "guest_not_created", [False])
    assert list((await stops.read(own_way.s.cases)).stops) == []


@pytest.mark.parametrize("minutes", [30, 90])
async def test_an_administrator_who_enables_what_was_closed_is_not_overruled(
    own_way: World, minutes: int
) -> None:
    """Active Directory was HR's mistake. Soon after it was closed the tenant may only show it as it was before."""
    await followed_up(own_way)
    await says(own_way, EventType.HIRE_UPDATED, employment_type="onprem")
    await until(own_way, own_way.clock.at)
    assert enabled(own_way) == [False]
    own_way.clock.move(minutes=minutes)
    own_way.tenant.users["user-2"] = replace(own_way.tenant.users["user-2"], account_enabled=True)
    await act(own_way.s, "rerun", CASE_ID, WHO)
    case = await until(own_way, own_way.clock.at + timedelta(minutes=5))
    kept = minutes > 60
    assert enabled(own_way) == [kept]
    assert ("theirs already" in explain(case)) is kept
    assert case.state is (State.FOLLOWING_UP if kept else State.PROVISIONING)


# --- words that come and go, as deliveries ---------------------------------------------------------------------


async def delivers(world: World, kind: EventType = EventType.HIRE_UPDATED, **fields: Any) -> Case:
    """The same with everything that a delivery does; `cleared` names what it empties."""
    cleared = fields.pop("cleared", ())
    world.clock.move(minutes=1)
    now = world.clock.at
    await world.store.cases.claim_alias(Alias("greenhouse", AliasKind.EMPLOYEE_ID, "4711"), CASE_ID)
    hire = Hire(employee_id="4711", **fields)
    event = HireEvent("greenhouse", kind, hire, "x", occurred_at=now, cleared=cleared)
    delivery = Delivery(
        f"d_{now:%d%H%M%S}", "greenhouse", "greenhouse", now, DeliveryStatus.QUEUED, "0" * 64, b"{}"
    )
    await process._apply(world.s, delivery, 0, event, WORK_QUEUE)
    return await world.case()


@pytest.mark.parametrize("seen", [True, False], ids=["seen by a rerun", "not seen"])
@pytest.mark.parametrize("words", [["onprem"], ["Employee", "guest"], ["onprem", "guest"]])
async def test_what_an_administrator_enabled_by_hand_stays_whatever_hr_says_next(
    own_way: World, words: list[str], seen: bool
) -> None:
    await followed_up(own_way)
    await delivers(own_way, employment_type="guest")
    await until(own_way, own_way.clock.at + timedelta(minutes=5))
    assert enabled(own_way) == [False]
    own_way.clock.move(hours=2)
    own_way.tenant.users["user-2"] = replace(own_way.tenant.users["user-2"], account_enabled=True)
    if seen:
        await act(own_way.s, "rerun", CASE_ID, WHO)
        case = await until(own_way, own_way.clock.at + timedelta(minutes=5))
        assert (case.state, enabled(own_way)) == (State.FOLLOWING_UP, [True])
    for word in words:
        case = await delivers(own_way, employment_type=word)
        if case.state is State.BLOCKED:
            await act(own_way.s, "rerun", CASE_ID, WHO)
        case = await until(own_way, own_way.clock.at + timedelta(minutes=90))
        assert (case.state, enabled(own_way)) == (State.FOLLOWING_UP, [True]), word
    assert "theirs already" in explain(case)


async def test_it_is_not_kept_for_another_run(own_way: World) -> None:
    """An administrator's word was about the employment then."""
    await followed_up(own_way)
    await delivers(own_way, employment_type="guest")
    await until(own_way, own_way.clock.at + timedelta(minutes=5))
    own_way.clock.move(hours=2)
    own_way.tenant.users["user-2"] = replace(own_way.tenant.users["user-2"], account_enabled=True)
    await act(own_way.s, "rerun", CASE_ID, WHO)
    await until(own_way, own_way.clock.at + timedelta(minutes=5))
    await delivers(own_way, EventType.HIRE_CANCELLED)
    await until(own_way, own_way.clock.at + timedelta(hours=1))
    back = {"start_date": date(2026, 10, 12), "employment_type": "guest", "work_country": "DE"}
    await delivers(own_way, EventType.HIRE_CREATED, **back)
    case = await until(own_way, datetime(2026, 10, 14, 9, tzinfo=UTC))
    if case.reason_code == "needs_approval_rehire":
        await act(own_way.s, "approve", CASE_ID, WHO)
        case = await until(own_way, own_way.clock.at + timedelta(hours=1))
    assert (case.reason_code, enabled(own_way)) == ("guest_not_created", [False])


async def test_the_sentence_stays_as_long_as_the_word_whatever_the_case_waits_for(own_way: World) -> None:
    await followed_up(own_way)
    await until(own_way, FIRST_DAY)
    await delivers(own_way, employment_type="guest")
    await until(own_way, FIRST_DAY + timedelta(hours=1))
    await act(own_way.s, "pause", CASE_ID, WHO)
    case = await delivers(own_way, department="Sales")
    assert "calls this person a guest" in explain(case)
    case = await delivers(own_way, employment_type="Employee")
    assert (case.state, "guest" in explain(case)) == (State.PAUSED, False)


@pytest.mark.parametrize("answer", ["approve", "other-person"])
@pytest.mark.parametrize("when", ["paused", "followed up"])
async def test_what_came_between_two_looks_is_asked_about(own_way: World, when: str, answer: str) -> None:
    """Nothing was closed, since nobody looked: and yet Active Directory has heard HR, too."""
    if when == "paused":
        await own_way.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
        await until(own_way, T0 + timedelta(hours=1))
        await act(own_way.s, "pause", CASE_ID, WHO)
    else:
        await followed_up(own_way)
    await delivers(own_way, employment_type="onprem")
    sync(own_way)
    await delivers(own_way, employment_type="Employee")
    if when == "paused":
        await act(own_way.s, "resume", CASE_ID, WHO)
    case = await until(own_way, own_way.clock.at + timedelta(hours=1))
    assert case.reason_code == "needs_approval_instead"
    assert enabled(own_way) == [when == "followed up"], "nothing was closed, and the other is not open yet"
    actions = [entry.action for entry in await own_way.story()]
    assert ("another_account_looked_for" in actions) is (when == "followed up")
    assert "account_reconsidered" not in actions
    await act(own_way.s, answer, CASE_ID, WHO)
    case = await until(own_way, FIRST_DAY)
    assert case.account is not None
    own = answer == "other-person"
    assert (case.state, case.account.id) == (State.FOLLOWING_UP, "user-2" if own else "sync-1")
    assert enabled(own_way) == [own], "of two one is left"


async def test_a_word_that_was_taken_back_unseen_does_not_hide_the_first_day(own_way: World) -> None:
    """Paused meanwhile, and no other account came: the person is at work when HR cancels."""
    await followed_up(own_way)
    await act(own_way.s, "pause", CASE_ID, WHO)
    await delivers(own_way, employment_type="onprem")
    await delivers(own_way, employment_type="Employee")
    await until(own_way, FIRST_DAY + timedelta(days=2))
    await delivers(own_way, EventType.HIRE_CANCELLED)
    case = await until(own_way, FIRST_DAY + timedelta(days=3))
    assert (case.state, enabled(own_way)) == (State.CANCELLED, [True])
    assert case.next_action.why == "disable_after_start"


async def test_an_account_of_the_number_before_is_asked_about_as_well(make_world: MakeWorld) -> None:
    world = make_world(policy=ON_PREMISES)
    await world.file(make_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(world, T0 + timedelta(hours=1))
    await delivers(world, employment_type="onprem")
    await until(world, T0 + timedelta(hours=2))
    sync(world)
    await delivers(world, employment_type="Employee", employee_number="4712")
    case = await until(world, T0 + timedelta(hours=3))
    assert (case.reason_code, made(world)) == (
        "needs_approval_instead",
        [("user-2", False), ("sync-1", True)],
    )


@pytest.mark.parametrize("credential", ["none", "access_pass_to_manager"])
@pytest.mark.parametrize("rehire", ["ask", "restore"])
async def test_a_leaver_who_comes_back_as_a_guest_gets_nothing_back(
    make_world: MakeWorld, rehire: str, credential: str
) -> None:
    """They have begun to work in the run before, and not in this one."""
    settings = Settings(service_desk="desk@contoso.example", first_credential=credential)
    people = f'[account]\nrehire = "{rehire}"'
    world = make_world(policy=replace(load(people), people=PEOPLE), settings=settings)
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    await until(world, datetime(2026, 9, 4, 8, tzinfo=UTC))
    await delivers(world, EventType.EMPLOYMENT_TERMINATED)
    await until(world, datetime(2026, 10, 1, 8, tzinfo=UTC))
    world.tenant.users["user-2"] = replace(world.tenant.users["user-2"], account_enabled=False)
    back = {"start_date": date(2026, 10, 12), "employment_type": "guest", "work_country": "DE"}
    await delivers(world, EventType.HIRE_CREATED, **back)
    for day in (2, 5, 12, 14):
        case = await until(world, datetime(2026, 10, day, 8, tzinfo=UTC))
        if case.reason_code == "needs_approval_rehire":
            await act(world.s, "approve", CASE_ID, WHO)
        elif case.state is State.BLOCKED:
            await act(world.s, "rerun", CASE_ID, WHO)
    case = await until(world, datetime(2026, 10, 14, 9, tzinfo=UTC))
    assert (case.reason_code, enabled(world)) == ("guest_not_created", [False])


@pytest.mark.parametrize("word", ["guest", "onprem"])
async def test_a_pass_that_is_void_is_nobodys(make_world: MakeWorld, word: str) -> None:
    """The first day moved away, and the pass was called back unused."""
    world = make_world(policy=Policy(people=PEOPLE))
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    assert (await until(world, T0 + timedelta(days=5))).state is State.FOLLOWING_UP
    await delivers(world, EventType.START_DATE_CHANGED, start_date=date(2026, 9, 14))
    case = await until(world, world.clock.at + timedelta(hours=1))
    assert case.access_pass is not None
    assert (case.state, case.access_pass.status) == (State.PROVISIONING, PassStatus.VOID)
    await delivers(world, employment_type=word)
    sync(world)
    case = await until(world, datetime(2026, 9, 14, 10, tzinfo=UTC))
    assert (enabled(world), len(world.tenant.issued)) == ([False], 1)
    assert case.state is (State.FOLLOWING_UP if word == "onprem" else State.BLOCKED)


async def test_what_is_in_use_by_now_is_not_left_for_another(own_way: World) -> None:
    """Closed; an administrator enables it, the person registers, and then Active Directory's comes."""
    await followed_up(own_way)
    await delivers(own_way, employment_type="onprem")
    await until(own_way, own_way.clock.at)
    own_way.clock.move(minutes=30)
    own_way.tenant.users["user-2"] = replace(own_way.tenant.users["user-2"], account_enabled=True)
    own_way.tenant.methods["user-2"] = ("mobilePhone", "email")
    sync(own_way)
    case = await until(own_way, own_way.clock.at + timedelta(hours=5))
    assert case.account is not None
    assert (case.account.id, enabled(own_way)) == ("user-2", [True])
    assert "theirs already" in explain(case)


@pytest.mark.parametrize("credential", ["none", "access_pass_to_manager"])
@pytest.mark.parametrize("end", ["before", "after", "lost"])
async def test_hr_takes_the_word_back_before_a_try_to_close_is_done_again(credential: str, end: str) -> None:
    """The worker died at the request, or its answer was lost. The account is enabled, and the first day counts."""
    world = full_world(
        settings=replace(SETTINGS, first_credential=credential), policy=replace(full_policy(), people=PEOPLE)
    )
    await world.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(world, datetime(2026, 8, 21, 1, tzinfo=UTC))
    assert (enabled(world), (await world.case()).access_pass) == ([True], None)
    await delivers(world, employment_type="onprem")
    if end == "lost":
        world.faults.after("disable_user", Throttled("busy"))
    else:
        world.tape.calls.clear()
        world.tape.kill_on = ("disable_user", end)
    with contextlib.suppress(Killed):
        await look(world)
    world.tape.kill_on = None
    assert enabled(world) == [end == "before"]
    await delivers(world, employment_type="Employee")
    case = await until(world, FIRST_DAY + timedelta(days=1))
    assert case.account is not None
    assert (case.state, enabled(world), case.account.withheld) == (State.FOLLOWING_UP, [True], False)
    assert len(world.tenant.issued) == (0 if credential == "none" else 1)
    await delivers(world, EventType.HIRE_CANCELLED)
    case = await until(world, FIRST_DAY + timedelta(days=2))
    assert (case.state, enabled(world)) == (State.CANCELLED, [True])
    assert case.next_action.why == "disable_after_start"
    world.close()


async def test_nobody_is_promised_a_pass_for_an_account_that_is_closed(make_world: MakeWorld) -> None:
    world = make_world(policy=ON_PREMISES)
    await world.file(make_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(world, T0 + timedelta(hours=1))
    await delivers(world, employment_type="onprem")
    case = await until(world, FIRST_DAY)
    with pytest.raises(Refused) as refused:
        await act(world.s, "new-pass", CASE_ID, replace(WHO, confirmed=CHECKS))
    assert refused.value.code == "account_closed"
    assert "comes from Active Directory: it is waited for" in explain(case)


@pytest.mark.parametrize("credential", ["none", "access_pass_to_manager"])
async def test_an_account_that_nobody_could_use_yet_is_not_given_by_a_first_day(credential: str) -> None:
    """Made disabled, and paused until the first day was over."""
    world = full_world(
        settings=replace(SETTINGS, first_credential=credential), policy=replace(full_policy(), people=PEOPLE)
    )
    await world.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
    await until(world, T0 + timedelta(hours=1))
    assert enabled(world) == [False]
    await act(world.s, "pause", CASE_ID, WHO)
    await until(world, FIRST_DAY + timedelta(days=1))
    await delivers(world, employment_type="guest")
    await act(world.s, "resume", CASE_ID, WHO)
    case = await until(world, FIRST_DAY + timedelta(days=3))
    assert (case.reason_code, enabled(world), world.tenant.issued) == ("guest_not_created", [False], [])
    world.close()


# --- found only by the step that closes it -----------------------------------------------------------------------


def unlinked(credential: str = "none", more: str = "") -> World:
    settings = replace(SETTINGS, first_credential=credential, prepopulate_phone=False)
    return full_world(settings=settings, policy=replace(full_policy(more), people=PEOPLE))


async def made_disabled(world: World, *, died: bool) -> None:
    """A week ahead, so that nobody can sign in yet; the answer was lost, or the worker died."""
    await world.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))
    if died:
        world.tape.kill_on = ("create_user", "after")
    else:
        world.faults.after("create_user", EffectUnknown("no answer"))
    with contextlib.suppress(Killed):
        await look(world)
    world.tape.kill_on = None
    assert ((await world.case()).account, enabled(world)) == (None, [False])


@pytest.mark.parametrize("died", [False, True], ids=["lost answer", "died"])
@pytest.mark.parametrize("credential", ["none", "access_pass_to_manager"])
@pytest.mark.parametrize("word", ["guest", "onprem"])
async def test_one_that_was_made_disabled_and_is_found_only_then_is_enabled_on_its_day(
    word: str, credential: str, died: bool
) -> None:
    world = unlinked(credential)
    await made_disabled(world, died=died)
    await delivers(world, employment_type=word)
    case = await until(world, world.clock.at + timedelta(hours=1))
    assert case.account is not None
    assert (case.account.disabled_by_us, case.hire.phones) == (True, ())
    await delivers(world, employment_type="Employee")
    if word == "guest":
        await act(world.s, "rerun", CASE_ID, WHO)
    case = await until(world, FIRST_DAY + timedelta(days=1))
    assert (case.state, enabled(world)) == (State.FOLLOWING_UP, [True])
    assert len(world.tenant.issued) == (credential != "none")
    world.close()


@pytest.mark.parametrize("died", [False, True], ids=["lost answer", "died"])
async def test_one_that_is_found_when_hr_withdraws_is_linked_like_any_other(died: bool) -> None:
    """HR's number leaves the case, and whoever hires the person anew is asked nothing that is not so."""
    world = unlinked(more='rehire = "restore"')
    await made_disabled(world, died=died)
    await delivers(world, EventType.HIRE_CANCELLED)
    case = await until(world, world.clock.at + timedelta(hours=1))
    assert (case.state, case.hire.phones, case.phone_tail) == (State.CANCELLED, (), "89")
    assert case.account is not None
    assert (case.account.mark, case.account.disabled_by_us) == ("4711", True)
    names = {"given_name": "Zoë", "family_name": "Berg"}
    await delivers(world, EventType.HIRE_CREATED, start_date=date(2026, 8, 24), work_country="DE", **names)
    case = await until(world, FIRST_DAY + timedelta(days=1))
    assert (case.state, case.reason_code, enabled(world)) == (State.FOLLOWING_UP, None, [True])
    world.close()
