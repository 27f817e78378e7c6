"""Somebody is withdrawn before the first day: the pass is void, the account cannot be used, and nothing is deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from onboarding.domain.account import AccountIntent, PassRecord, PassStatus
from onboarding.domain.case import AliasKind, Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import NextAction
from onboarding.errors import (
    NotYetVisible,
    OperatorError,
    StoreConflict,
    Throttled,
    Unavailable,
)
from onboarding.operate.actions import Ask, act, possible
from onboarding.operate.explain import explain
from onboarding.ports import CLAIM_LEASE, REPLICATION
from onboarding.provisioning import withdraw
from onboarding.provisioning.linking import object_alias
from tests.support.doubles import CASE_ID, T0, Killed, World, drive, make_case

MakeWorld = Callable[..., World]


async def withdrawn(world: World, **changes: Any) -> Case:
    """A hire with an account, a fortnight before the first day, whom HR has just withdrawn."""
    await world.file(make_case())
    case = await drive(world)
    case.hire = replace(case.hire, start_date=changes.pop("start", (T0 + timedelta(days=60)).date()))
    for name, value in changes.items():
        setattr(case, name, value)
    case.apply(Event.CANCEL, reason="cancelled_by_hr")
    case.next_action = NextAction("disable_account", world.clock.at, "cancelled_by_hr")
    return await world.store.cases.save(case)


async def look(world: World) -> Case:
    case = await world.case()
    assert withdraw.is_due(case)
    await withdraw.advance(world.s, case, world.clock.at)
    return await world.case()


def enabled(world: World) -> list[bool | None]:
    return [user.account_enabled for user in world.tenant.users.values() if user.id.startswith("user-")]


async def test_the_account_is_disabled_once_and_stays_where_it_is(make_world: MakeWorld) -> None:
    world = make_world()
    await withdrawn(world)
    case = await look(world)
    assert enabled(world) == [False]
    assert (case.next_action.what, case.next_action.when, case.state) == ("none", None, State.CANCELLED)
    assert case.steps["disable_account"].detail == "disabled"
    assert "disabled" in explain(case)
    assert not withdraw.is_due(case)


async def test_a_pass_is_voided_first_and_a_crash_between_the_two_is_gone_on_from(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    case = await withdrawn(world)
    (account,) = [user.id for user in world.tenant.users.values() if user.id.startswith("user-")]
    await world.s.security.create_pass(account, world.clock.at, 60)
    case.access_pass = PassRecord(PassStatus.DELIVERED, T0, "manager")
    case.next_action.what = "revoke_pass"
    await world.store.cases.save(case)
    world.faults.before("disable_user", Killed())  # type: ignore[arg-type]
    with pytest.raises(Killed):
        await look(world)
    case = await world.case()
    assert world.tenant.usable_passes(account) == []
    assert (case.next_action.what, case.wakes_at) == ("disable_account", world.clock.at)
    await look(world)
    assert enabled(world) == [False]


@pytest.mark.parametrize(
    ("change", "user", "reason"),
    [
        ({"start": T0.date()}, {}, "disable_after_start"),
        ({"start": date(2020, 1, 1)}, {}, "disable_after_start"),
        ({}, {"synced": True}, "disable_synced_account"),
        ({}, {"privileged": True}, "protected_privileged"),
        ({"origin": "adopted"}, {}, "disable_adopted_account"),
    ],
)
async def test_what_is_not_ours_to_disable_is_refused_with_a_reason_that_says_what_to_do(
    make_world: MakeWorld, change: dict[str, Any], user: dict[str, Any], reason: str
) -> None:
    world = make_world()
    origin = change.pop("origin", None) if (change := dict(change)) else None
    case = await withdrawn(world, **change)
    assert case.account
    if origin:
        case.account.origin = origin
        await world.store.cases.save(case)
    if user.get("privileged"):
        world.tenant.privileged.add(case.account.id)
    else:
        world.tenant.users[case.account.id] = replace(world.tenant.users[case.account.id], **user)
    case = await look(world)
    assert enabled(world) == [True]
    assert (case.next_action.what, case.next_action.when, case.next_action.why) == (
        "disable_account",
        None,
        reason,
    )
    assert "disable" in explain(case).lower()
    assert not withdraw.is_due(case)


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize(("origin", "synced"), [("adopted", False), ("synced", True), ("created", True)])
async def test_what_an_administrator_did_there_is_seen_by_a_rerun(
    make_world: MakeWorld, origin: str, synced: bool, gone: bool
) -> None:
    world = make_world()
    case = await withdrawn(world)
    assert case.account
    case.account.origin, user_id = origin, case.account.id
    await world.store.cases.save(case)
    user = world.tenant.users[user_id] = replace(world.tenant.users[user_id], synced=synced)
    assert (await look(world)).next_action.why in {"disable_adopted_account", "disable_synced_account"}
    assert "rerun" in possible(await world.case())

    if gone:
        world.tenant.held.deleted[user_id] = world.tenant.users.pop(user_id)
    else:
        world.tenant.users[user_id] = replace(user, account_enabled=False)
    await act(world.s, "rerun", CASE_ID, Ask("op", "disabled in Entra"))
    case = await look(world)
    assert case.steps["disable_account"].detail == ("account_gone" if gone else "already_disabled")
    assert (case.next_action.what, case.next_action.when) == ("none", None)


async def test_a_refusal_of_the_tenant_is_told_and_can_be_run_again(make_world: MakeWorld) -> None:
    world = make_world()
    await withdrawn(world)
    world.faults.before("disable_user", OperatorError("no", code="graph_bad_value"))
    case = await look(world)
    assert case.next_action.why == "graph_bad_value"
    assert "rerun" in possible(case)
    await act(world.s, "rerun", CASE_ID, Ask("op", "granted"))
    case = await look(world)
    assert enabled(world) == [False]
    assert "rerun" not in possible(case)


@pytest.mark.parametrize(
    "error",
    [Throttled("slow", retry_after=0.5), Unavailable("down"), NotYetVisible("lag")],
    ids=lambda e: e.code,
)
async def test_an_outage_is_waited_for(make_world: MakeWorld, error: Exception) -> None:
    world = make_world()
    await withdrawn(world)
    world.faults.before("disable_user", error)
    case = await look(world)
    assert (case.next_action.what, enabled(world)) == ("disable_account", [True])
    assert case.wakes_at is not None
    world.clock.at = case.wakes_at
    await look(world)
    assert enabled(world) == [False]


async def test_a_request_that_may_be_on_its_way_is_looked_for_until_it_cannot_be(
    make_world: MakeWorld,
) -> None:
    """The process died while it created the account, and HR withdrew the hire before the next one looked."""
    for comes in (True, False):
        world = make_world()
        case = await withdrawn(world)
        account = case.account
        assert account
        case.account, case.intent = None, AccountIntent(account.user_principal_name, account.mark, T0)
        await world.store.cases.release_alias(
            next(
                a
                for a, _ in await world.store.cases.find_aliases(account.id)
                if a.kind is AliasKind.OBJECT_ID
            ),
            case.case_id,
        )
        await world.store.cases.save(case)
        found = world.tenant.users.pop(account.id)
        case = await look(world)
        assert case.next_action.when == world.clock.at + CLAIM_LEASE
        world.clock.at += REPLICATION
        if comes:
            world.tenant.add(found)
        case = await look(world)
        assert enabled(world) == ([False] if comes else [])
        assert case.steps["disable_account"].detail == ("disabled" if comes else "never_created")


async def test_somebody_elses_account_under_the_reserved_name_is_left_alone(make_world: MakeWorld) -> None:
    world = make_world()
    case = await withdrawn(world)
    account = case.account
    assert account
    case.account, case.intent = None, AccountIntent(account.user_principal_name, "another-mark", T0)
    await world.store.cases.save(case)
    assert (await look(world)).steps["disable_account"].detail == "never_created"
    assert enabled(world) == [True]


async def test_an_account_that_another_case_was_linked_to_meanwhile_is_left_alone(
    make_world: MakeWorld,
) -> None:
    """The answer to the request that made it was lost; whoever else it was given to may be at work with it."""
    world = make_world()
    case = await withdrawn(world)
    account = case.account
    assert account
    case.account, case.intent = None, AccountIntent(account.user_principal_name, account.mark, T0)
    alias = object_alias(world.tenant.users[account.id])
    await world.store.cases.release_alias(alias, case.case_id)
    other = "c_" + "2" * 20
    await world.store.cases.claim_alias(alias, other)
    await world.store.cases.save(case)
    case = await look(world)
    assert (enabled(world), case.account) == ([True], None)
    assert case.next_action.why == "disable_account_of_another_case"
    assert "belongs to another case" in explain(case)
    (entry,) = [item for item in await world.story() if item.action == "account_of_another_case"]
    assert entry.detail == {"other": other, "object_id": account.id}


async def test_an_account_that_is_gone_is_gone(make_world: MakeWorld) -> None:
    world = make_world()
    case = await withdrawn(world)
    assert case.account
    del world.tenant.users[case.account.id]
    world.clock.at += REPLICATION
    assert (await look(world)).steps["disable_account"].detail == "account_gone"


async def test_a_second_worker_does_nothing_twice(make_world: MakeWorld) -> None:
    world = make_world()
    await withdrawn(world)
    one, two = await world.case(), await world.case()
    await withdraw.advance(world.s, one, world.clock.at)
    with pytest.raises(StoreConflict):
        await withdraw.advance(world.s, two, world.clock.at)
    assert enabled(world) == [False]
