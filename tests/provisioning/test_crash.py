"""Killed at any await, before or after the effect, a case is provisioned exactly once and nothing is stuck.

The points are recorded from a clean run, never listed; each is asserted to have been hit.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from onboarding.domain.account import PassStatus
from onboarding.domain.lifecycle import State
from onboarding.domain.records import RungStatus
from onboarding.errors import StoreConflict
from onboarding.ports import CLAIM_LEASE
from onboarding.provisioning import runner
from tests.support.doubles import CASE_ID, MANAGER, Killed, World, advance, drive, make_case, sides

MakeWorld = Callable[..., World]


async def _start(make_world: MakeWorld, **kwargs: object) -> World:
    world = make_world(**kwargs)
    await world.file(make_case())
    return world


async def _clean_run(make_world: MakeWorld, **kwargs: object) -> list[str]:
    world = await _start(make_world, **kwargs)
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    return list(world.tape.calls)


def _welcomes(world: World) -> int:
    return sum("zoe.private@example.org" in mail.to for mail in world.tenant.mail)


async def _assert_invariants(world: World) -> None:
    case = await world.case()
    tenant = world.tenant
    assert case.state is State.FOLLOWING_UP, (case.state, case.reason_code, case.next_action)
    assert case.account is not None
    assert len(tenant.created) == 1, "one account"
    assert case.account.origin == "created"
    assert tenant.managers[case.account.id] == MANAGER.id
    assert _welcomes(world) <= 1, "the welcome is a message of the ladder: never twice"
    assert case.rungs["1:welcome"].status in {RungStatus.SENT, RungStatus.UNCERTAIN}
    assert case.rungs["1:welcome"].status is RungStatus.UNCERTAIN or _welcomes(world) == 1
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.DELIVERED
    usable = tenant.usable_passes(case.account.id)
    assert [item.id for item in usable] == [case.access_pass.pass_id], "one usable pass, the one delivered"
    secrets = {item.id: item.secret for item in tenant.issued}
    last = [mail for mail in tenant.mail if "TAP-PLANTED" in mail.text][-1]
    assert secrets[case.access_pass.pass_id or ""] in last.text
    assert all(mail.to == ("chef@contoso.example",) for mail in tenant.mail if "TAP-PLANTED" in mail.text)
    row = await world.store.database.read(lambda c: "\n".join(c.iterdump()))
    assert "PLANTED" not in row, "no credential in the store"


async def _killed_once(make_world: MakeWorld, number: int, when: str, **kwargs: object) -> World:
    """A run that dies at one call; the worker that comes after it finds what it finds."""
    world = await _start(make_world, **kwargs)
    world.tape.kill_at = (number, when)
    died = False
    for _ in range(3):
        try:
            await drive(world)
            break
        except Killed:
            died = True
            world.tape.kill_at = None
    assert died, f"call {number} was never made"
    return world


@pytest.mark.parametrize("can_draft", [True, False], ids=["drafts", "sendmail_only"])
async def test_one_account_one_pass_one_welcome_whatever_call_it_dies_at(
    make_world: MakeWorld, can_draft: bool
) -> None:
    calls = await _clean_run(make_world, can_draft=can_draft)
    assert {"directory.create_user", "security.create_pass", "mailer.send_now", "cases.save"} <= set(calls)
    for number, name in enumerate(calls):
        for when in sides(number):
            world = await _killed_once(make_world, number, when, can_draft=can_draft)
            try:
                await _assert_invariants(world)
            except AssertionError as exc:
                raise AssertionError(f"killed {when} call {number}, {name}: {exc}") from exc


async def test_two_deaths_in_a_row_are_survived_too(make_world: MakeWorld) -> None:
    calls = await _clean_run(make_world)
    drawn = random.Random(7)
    for _ in range(60):
        world = await _start(make_world)
        for _ in range(2):
            world.tape.kill_at = (drawn.randrange(len(calls)), drawn.choice(("before", "after")))
            world.tape.calls.clear()
            try:
                await drive(world)
            except Killed:
                continue
        world.tape.kill_at = None
        await drive(world)
        await _assert_invariants(world)


async def test_at_most_one_pass_is_usable_at_any_moment_of_any_run(make_world: MakeWorld) -> None:
    calls = await _clean_run(make_world)
    for number in [n for n, name in enumerate(calls) if name.startswith(("security.", "mailer."))]:
        for when in ("before", "after"):
            world = await _start(make_world)
            world.tape.kill_at = (number, when)
            most = 0
            for _ in range(20):
                try:
                    case = await advance(world)
                except Killed:
                    world.tape.kill_at = None
                    case = await world.case()
                most = max(most, *(len(world.tenant.usable_passes(u)) for u in world.tenant.users))
                if case.state is State.FOLLOWING_UP:
                    break
                world.clock.at += CLAIM_LEASE
            assert most <= 1


@pytest.mark.parametrize("seed", range(40))
async def test_two_workers_at_once_make_one_account_and_disturb_nothing(
    make_world: MakeWorld, seed: int
) -> None:
    world = await _start(make_world)
    world.clock.move(days=6)  # all of it can be done now
    world.tape.shuffle = random.Random(seed)

    async def worker() -> None:
        with contextlib.suppress(StoreConflict):
            await runner.advance(world.s, await world.case(CASE_ID), world.clock.at)

    await asyncio.gather(worker(), worker(), worker())
    world.tape.shuffle = None
    await drive(world)
    await _assert_invariants(world)


async def test_a_worker_that_sees_a_young_claim_writes_nothing_and_comes_back_after_the_lease(
    make_world: MakeWorld,
) -> None:
    calls = await _clean_run(make_world)
    world = await _killed_once_at(make_world, calls.index("security.create_pass"), "after")
    claimed = await world.case()
    assert claimed.access_pass is not None
    assert claimed.access_pass.status is PassStatus.INTENDED
    after = await advance(world)
    assert after.etag == claimed.etag, "whoever holds the claim must not meet a conflict"
    assert after.next_action.when == claimed.access_pass.claimed_at + CLAIM_LEASE
    world.clock.at += CLAIM_LEASE
    done = await advance(world)
    assert done.access_pass is not None
    assert done.access_pass.status is PassStatus.DELIVERED
    assert world.tenant.voided == ["pass-1"]
    assert done.access_pass.pass_id == "pass-2"


async def _killed_once_at(make_world: MakeWorld, number: int, when: str) -> World:
    world = await _start(make_world)
    world.tape.kill_at = (number, when)
    with pytest.raises(Killed):
        await drive(world)
    world.tape.kill_at = None
    world.clock.at += timedelta(seconds=1)
    return world
