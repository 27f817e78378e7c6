"""Killed at any await, or run by several workers at once, every step ends where a clean run ends, for every kind of
person who has another way through the plan.

The points are recorded from a clean run, never listed; each is asserted to have been hit.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.lifecycle import State
from onboarding.errors import EffectUnknown, StoreConflict
from onboarding.provisioning import runner
from tests.support.doubles import CASE_ID, Killed, World, drive, sides
from tests.support.kinds import SETUPS

#: Kinds whose way through the plan differs in its effects.
KINDS = (
    "contractor with an end date",
    "comes back, account disabled",
    "comes back, policy restores",
    "withdrawn, deleted, hired again",
    "account made by HR or IT",
    "synced",
)
ANSWERS = ["needs_approval_restore:old-1", "needs_approval_adopt:old-1", "needs_approval_pass"]


@pytest.fixture
def start() -> Iterator[Callable[[str], Any]]:
    made: list[World] = []

    async def begin(kind: str) -> World:
        world, case = SETUPS[kind]()
        made.append(world)
        case.approvals = [*case.approvals, *ANSWERS]
        await _aliases(world, case)
        await world.file(case)
        return world

    yield begin
    for world in made:
        world.close()


async def _aliases(world: World, case: Case) -> None:
    if case.account is not None:
        await world.store.cases.claim_alias(Alias(TENANT, AliasKind.OBJECT_ID, case.account.id), case.case_id)


def ends(world: World, case: Case) -> Mapping[str, Any]:
    """What has to be the same however often it was interrupted. The pass may be another, the welcome in doubt."""
    tenant, held = world.tenant, world.tenant.held
    account = case.account
    assert account is not None
    return {
        "state": case.state,
        "steps": {name: str(record.status) for name, record in case.steps.items()},
        "accounts": {
            key: (user.account_enabled, user.licences, user.employee_id, user.employee_hire_date)
            for key, user in tenant.users.items()
        },
        "created": len(tenant.created),
        "restored": held.restored,
        "deleted": sorted(held.deleted),
        "members": {group: set(found) for group, found in held.members.items()},
        "units": dict(held.units),
        "managers": dict(tenant.managers),
        "methods": {key: found for key, found in tenant.methods.items() if found},
        "leaves": dict(held.leave_dates),
        "passes": len(tenant.usable_passes(account.id)),
        "account": (account.id, account.origin, account.disabled_by_us, sorted(account.groups)),
        "mailbox": account.mailbox,
        "numbers": case.hire.phones,
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_call_it_dies_at_it_ends_where_a_clean_run_ends(
    kind: str, start: Callable[[str], Any]
) -> None:
    clean = await start(kind)
    wanted = ends(clean, await drive(clean))
    assert wanted["state"] is State.FOLLOWING_UP
    calls = list(clean.tape.calls)
    for number, name in enumerate(calls):
        for when in sides(number):
            world = await start(kind)
            world.tape.kill_at = (number, when)
            with contextlib.suppress(Killed):
                await drive(world)
            assert world.tape.killed, f"call {number} was never made"
            world.tape.kill_at = None
            assert ends(world, await drive(world)) == wanted, f"killed {when} call {number}, {name}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
async def test_three_workers_at_once_end_where_one_ends(
    kind: str, seed: int, start: Callable[[str], Any]
) -> None:
    clean = await start(kind)
    clean.clock.move(days=6)  # all of it can be done now
    wanted = ends(clean, await drive(clean))
    world = await start(kind)
    world.clock.move(days=6)
    world.tape.shuffle = random.Random(seed)

    async def worker() -> None:
        with contextlib.suppress(StoreConflict):
            await runner.advance(world.s, await world.case(CASE_ID), world.clock.at)

    await asyncio.gather(worker(), worker(), worker())
    world.tape.shuffle = None
    assert ends(world, await drive(world)) == wanted


#: Writes of the new steps: an answer that never comes, after the effect and without it.
WRITES = (
    "restore_user",
    "enable_user",
    "add_to_group",
    "assign_licenses",
    "set_hire_date",
    "set_leave_date",
    "add_phone",
    "create_user",
)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("write", WRITES)
async def test_a_lost_answer_is_looked_up_and_changes_nothing(
    write: str, side: str, start: Callable[[str], Any]
) -> None:
    met = 0
    for kind in KINDS:
        clean = await start(kind)
        wanted = ends(clean, await drive(clean))
        if f"directory.{write}" not in clean.tape.calls and f"security.{write}" not in clean.tape.calls:
            continue
        met += 1
        world = await start(kind)
        getattr(world.faults, side)(write, EffectUnknown("no answer"))
        assert ends(world, await drive(world)) == wanted, kind
    assert met, "no kind makes this call"
