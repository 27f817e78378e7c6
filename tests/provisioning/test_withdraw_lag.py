"""Somebody is withdrawn whose account the tenant does not show yet: it is looked for as long as it may still appear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.policy_file import load
from onboarding.domain.records import NextAction
from onboarding.errors import EffectUnknown
from onboarding.operate.actions import Ask, act, possible
from onboarding.operate.explain import explain
from onboarding.ports import CLAIM_LEASE, REPLICATION
from onboarding.provisioning import withdraw
from onboarding.provisioning.step import Block, Context, Done
from onboarding.provisioning.steps import disable_account
from tests.support.doubles import CASE_ID, T0, Killed, World, advance, hire, make_case, sides
from tests.support.kinds import account

MakeWorld = Callable[..., World]
WITHDRAWN = T0 + timedelta(minutes=16)
BOTH = pytest.mark.parametrize("lost", [False, True], ids=["linked", "answer_lost"])


async def withdrawn(world: World, *, lost: bool) -> None:
    """The account was made and cannot be read; sixteen minutes later HR withdraws the hire."""
    world.tenant.lag = True
    if lost:
        world.faults.after("create_user", EffectUnknown("no answer"))
    await world.file(make_case())
    case = await advance(world)
    assert (case.account is None) is lost
    world.clock.at = WITHDRAWN
    case.apply(Event.CANCEL, reason="cancelled_by_hr")
    case.next_action = NextAction("disable_account", world.clock.at, "cancelled_by_hr")
    await world.store.cases.save(case)


async def live(world: World, visible_at: datetime) -> Case:
    """What the timer does until nothing is due, with a new process after each death."""
    for _ in range(60):
        case = await world.case()
        if not withdraw.is_due(case):
            return case
        assert case.wakes_at is not None
        world.clock.at = max(world.clock.at, case.wakes_at)
        world.tenant.lag = world.clock.at < visible_at
        try:
            await withdraw.advance(world.s, case, world.clock.at)
        except Killed:
            world.tape.kill_at = None
            world.clock.at += CLAIM_LEASE
    raise AssertionError("no end in sight")


def enabled(world: World) -> list[bool | None]:
    return [user.account_enabled for user in world.tenant.users.values() if user.id.startswith("user-")]


@BOTH
@pytest.mark.parametrize("lag", [timedelta(minutes=30), timedelta(hours=6), timedelta(hours=23)], ids=str)
async def test_an_account_that_shows_late_is_disabled_when_it_does(
    make_world: MakeWorld, lost: bool, lag: timedelta
) -> None:
    world = make_world()
    await withdrawn(world, lost=lost)
    case = await live(world, T0 + lag)
    assert enabled(world) == [False]
    assert case.account is not None
    assert case.account.disabled_by_us
    assert case.steps["disable_account"].detail == "disabled"
    assert world.clock.at <= T0 + 2 * lag + CLAIM_LEASE, "looked for soon, not only at the end"


@pytest.mark.parametrize("shows", [timedelta(0), timedelta(hours=6)], ids=str)
@pytest.mark.parametrize("took_effect", [True, False])
async def test_an_account_whose_restore_may_have_taken_effect_is_disabled(
    make_world: MakeWorld, took_effect: bool, shows: timedelta
) -> None:
    """The process died while it restored an account that had been deleted enabled; then HR withdraws the hire."""
    world = make_world(policy=load('[account]\nrehire = "restore"'))
    old = account(account_enabled=True)
    world.tenant.held.deleted[old.id] = old
    await world.file(make_case())
    plan = world.faults.after if took_effect else world.faults.before
    plan("restore_user", EffectUnknown("no answer"))
    case = await advance(world)
    assert case.account is None
    world.clock.at = WITHDRAWN
    case.apply(Event.CANCEL, reason="cancelled_by_hr")
    case.next_action = NextAction("disable_account", world.clock.at, "cancelled_by_hr")
    await world.store.cases.save(case)
    case = await live(world, WITHDRAWN + shows)
    assert (old.id in world.tenant.users) is took_effect
    if took_effect:
        assert world.tenant.users[old.id].account_enabled is False
    assert case.steps["disable_account"].detail == ("disabled" if took_effect else "never_created")


async def test_a_restored_account_that_the_person_was_given_is_an_administrators_to_disable(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    user = world.tenant.add(account())
    case = make_case(state=State.CANCELLED)
    case.account = Account(user.id, user.user_principal_name, "4711", T0, origin="restored", restored_at=T0)
    case.account.enabled_for = T0
    ctx = Context(world.s, await world.file(case), T0)
    assert await disable_account.run(ctx) == Block("disable_adopted_account")
    case.account.enabled_for = None
    assert await disable_account.run(ctx) == Done("disabled")


@BOTH
async def test_wherever_it_dies_the_account_that_shows_late_is_disabled(
    make_world: MakeWorld, lost: bool
) -> None:
    shows = T0 + timedelta(hours=2)
    clean = make_world()
    await withdrawn(clean, lost=lost)
    begin = len(clean.tape.calls)
    await live(clean, shows)
    calls = clean.tape.calls[begin:]
    assert calls.count("directory.get_user") > 3, "it was looked for more than once"
    for number, name in enumerate(calls):
        for when in sides(number):
            world = make_world()
            await withdrawn(world, lost=lost)
            world.tape.kill_at = (begin + number, when)
            case = await live(world, shows)
            assert world.tape.killed, f"call {number} was never made"
            assert enabled(world) == [False], f"killed {when} call {number}, {name}"
            assert case.account is not None
            assert case.account.disabled_by_us


@BOTH
async def test_one_that_never_shows_is_given_up_after_a_day_and_a_rerun_looks_again(
    make_world: MakeWorld, lost: bool
) -> None:
    world = make_world()
    await withdrawn(world, lost=lost)
    never = T0 + timedelta(days=3)
    case = await live(world, never)
    assert case.steps["disable_account"].detail == ("never_created" if lost else "account_gone")
    assert T0 + REPLICATION <= world.clock.at <= WITHDRAWN + REPLICATION
    assert "rerun" in possible(case)
    assert "is disabled" not in explain(case)
    world.clock.at = never
    await act(world.s, "rerun", CASE_ID, Ask("op", "it is there after all"))
    case = await live(world, never)
    assert enabled(world) == [False]
    assert "rerun" not in possible(case)


async def test_one_among_the_deleted_is_gone_at_once(make_world: MakeWorld) -> None:
    world = make_world()
    await withdrawn(world, lost=False)
    (made,) = [user for user in world.tenant.users.values() if user.id.startswith("user-")]
    world.tenant.held.deleted[made.id] = world.tenant.users.pop(made.id)
    await withdraw.advance(world.s, await world.case(), world.clock.at)
    case = await world.case()
    assert (case.steps["disable_account"].detail, case.wakes_at) == ("account_gone", None)


@pytest.mark.parametrize(
    ("country", "now", "begun"),
    [
        # Monday, 9:30 in Sydney.
        ("AU", datetime(2026, 8, 23, 23, 30, tzinfo=UTC), True),
        ("AU", datetime(2026, 8, 23, 13, 30, tzinfo=UTC), False),
        # Sunday evening in all of the United States.
        ("US", datetime(2026, 8, 24, 0, 30, tzinfo=UTC), False),
        ("US", datetime(2026, 8, 24, 12, 0, tzinfo=UTC), True),
    ],
)
async def test_the_first_day_begins_at_midnight_where_the_person_works(
    make_world: MakeWorld, country: str, now: datetime, begun: bool
) -> None:
    world = make_world()
    user = world.tenant.add(account())
    person = hire(work_country=country, start_date=date(2026, 8, 24))
    case = make_case(hire=person, state=State.CANCELLED)
    case.account = Account(user.id, user.user_principal_name, "4711", T0)
    outcome = await disable_account.run(Context(world.s, await world.file(case), now))
    assert outcome == (Block("disable_after_start") if begun else Done("disabled"))
    assert world.tenant.users[user.id] == replace(user, account_enabled=begun)
