"""HR mends a body and sends it under the same id: it replaces what could not be read, whatever that waits for."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from typing import Any

import pytest

from onboarding.errors import StoreConflict
from onboarding.intake import catalog
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.operate.actions import Ask
from onboarding.operate.deliveries import replay
from onboarding.ports import DeliveryStatus
from tests.support.intake_services import Killed, World, hire_body, make_world, secrets_of, signed, source

STANDARD = catalog.adapters()["standard-webhooks"]
ASK = Ask("operator@contoso.example", "perhaps it can be read now")
BROKEN = hire_body(start_date="10/12/2026")
MENDED = hire_body(start_date="2026-12-10")


def fresh_world() -> World:
    return make_world(source("standard-webhooks", "standard-webhooks", *secrets_of(STANDARD)))


@pytest.fixture
def world() -> Iterator[World]:
    world = fresh_world()
    yield world
    world.store.close()


async def post(world: World, body: bytes) -> dict[str, Any]:
    call = signed(STANDARD, body, world.clock.at, message_id="msg_1")
    answer = await receive(world.services, "standard-webhooks", call)
    return {"status": answer.status, **json.loads(answer.body)}


async def only_delivery(world: World) -> str:
    (kept,) = (await world.store.deliveries.page()).items
    return kept.delivery_id


async def queued_unreadable(world: World) -> str:
    """A body that could not be read, and its replay in the queue."""
    assert (await post(world, BROKEN))["status"] == 400
    delivery_id = await only_delivery(world)
    await replay(world.services, delivery_id, ASK)
    return delivery_id


async def work_off(world: World) -> None:
    """Every message, until it was worked off to its end."""
    for _, message in [item for item in world.queue.sent if item[1].delivery_id]:
        for _ in range(10):
            try:
                await process_delivery(world.services, message.delivery_id or "")
                break
            except (Killed, StoreConflict):
                continue


async def check_taken(world: World, where: str = "") -> None:
    delivery = await world.delivery(await only_delivery(world))
    assert (delivery.status, delivery.reason_code) == (DeliveryStatus.PROCESSED, None), where
    case = await world.only_case()
    assert case.hire.start_date == date(2026, 12, 10), where
    assert (await world.actions(case.case_id)).count("hire_complete") == 1, where


async def test_it_comes_while_a_replay_of_the_unreadable_one_is_queued(world: World):
    await queued_unreadable(world)
    assert (await post(world, MENDED))["result"] == "queued"
    assert (await post(world, MENDED))["result"] == "duplicate"
    await work_off(world)
    await check_taken(world)


async def test_it_comes_while_a_worker_reads_the_unreadable_one(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    delivery_id = await queued_unreadable(world)
    stored = await world.store.deliveries.get(delivery_id)
    assert (await post(world, MENDED))["result"] == "queued"
    reads = iter([stored])  # what the worker read before

    async def get(asked: str) -> Any:
        return next(reads, None) or await world.store.deliveries.get(asked)

    with monkeypatch.context() as patch:
        patch.setattr(world.services.deliveries, "get", get, raising=False)
        await process_delivery(world.services, delivery_id)
    delivery = await world.delivery(delivery_id)
    assert delivery.body == MENDED
    assert delivery.status is DeliveryStatus.QUEUED, "what was said of the old body is no word about this one"
    await work_off(world)
    await check_taken(world)


async def test_what_can_be_read_stays_while_its_replay_is_queued(world: World):
    await post(world, MENDED)
    await work_off(world)
    delivery_id = await only_delivery(world)
    await replay(world.services, delivery_id, ASK)
    assert (await post(world, hire_body(start_date="2027-01-01")))["result"] == "duplicate"
    await work_off(world)
    await check_taken(world)


async def replayed(world: World) -> None:
    await replay(world.services, await only_delivery(world), ASK)


async def story(dies_in: str, kill: tuple[int, bool] | None = None) -> tuple[World, list[str]]:
    """Unreadable, replayed, mended, worked off; the process dies once in one of the last three.

    Returns the world and the calls of that part.
    """
    world = fresh_world()
    calls: list[str] = []
    assert (await post(world, BROKEN))["status"] == 400

    async def part(name: str, run: Callable[[World], Awaitable[object]]) -> bool:
        world.wire.calls.clear()
        world.wire.kill = kill if name == dies_in else None
        died = False
        try:
            await run(world)
        except Killed:
            died = True
        world.wire.kill = None
        if name == dies_in:
            calls.extend(world.wire.calls)
        return died

    await part("replay", replayed)
    if await part("post", lambda world: post(world, MENDED)):
        await post(world, MENDED)  # no answer: it is sent again
    await part("work", work_off)
    await work_off(world)
    return world, calls


@pytest.mark.parametrize("dies_in", ["replay", "post", "work"])
async def test_wherever_the_process_dies_the_mended_body_is_taken(dies_in: str):
    clean, calls = await story(dies_in)
    await check_taken(clean)
    clean.store.close()
    assert len(calls) >= 4
    for number, call in enumerate(calls):
        for after in (False, True):
            world, seen = await story(dies_in, (number, after))
            where = f"died in {dies_in} {'after' if after else 'before'} call {number}, {call}"
            assert seen[number] == call, f"{where}: the point was not hit"
            await check_taken(world, where)
            world.store.close()
