"""The process dies at every call of a port, before and after its effect, and is started again.

The points are recorded from a clean run, never listed. What a real sender and host do is done here: a call
without an answer is sent again, and a message that was not worked off to its end comes again.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from onboarding.domain.case_rows import encode
from onboarding.errors import StoreConflict
from onboarding.intake import catalog
from onboarding.intake import receive as door
from onboarding.intake.arrivals import Arrivals
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.ports import DeliveryStatus
from tests.support.intake_services import (
    Killed,
    World,
    hire_body,
    make_world,
    secrets_of,
    signed,
    source,
)

STANDARD = catalog.adapters()["standard-webhooks"]


def update(**said: Any) -> bytes:
    return hire_body(**{"event_type": "hire.updated", "occurred_at": "2026-08-17T09:30:00Z", **said})


def at(hour: int, **said: Any) -> bytes:
    return hire_body(**{"occurred_at": f"2026-08-17T0{hour}:30:00Z", **said})


FIRST = at(1, employee_number="42")
NEXT = at(4, employee_id="8", given_name="Ben", family_name="Colm", employee_number="42")
END = {"event_type": "employment.terminated", "employee_id": None, "employee_number": "42"}
CORRECTED = at(3, event_type="hire.updated", employee_number="43")

#: Deliveries in order; the process dies somewhere in the last one's life.
STORIES = {
    "a first hire": [hire_body(employee_number="42", candidate_id="c-9")],
    "an update": [hire_body(), update(start_date="2026-10-01")],
    "a block": [hire_body(start_date=None)],
    "an unblock": [hire_body(start_date=None), update()],
    "a cancellation": [hire_body(), update(event_type="hire.cancelled")],
    "a joining of two cases": [
        hire_body(
            employee_id=None, candidate_id="c-9", certainty="candidate", personal_email="s@example.net"
        ),
        hire_body(),
        update(candidate_id="c-9"),
    ],
    "an end of a number goes to the next one who has it": [FIRST, at(5, **END), NEXT],
    "an end of a number goes to the next one by a correction": [
        FIRST,
        NEXT,
        at(2, **END),
        at(5, **END),
        CORRECTED,
    ],
    "an end of a number turns out to be nobody's": [FIRST, at(5, **END), CORRECTED],
    "an id is given again to a candidate": [
        at(1, employee_id="9", phones=["+4915112345678"]),
        at(2, event_type="employment.terminated", employee_id="9"),
        at(3, employee_id=None, candidate_id="c-9", given_name="Ben", family_name="Colm"),
        at(4, employee_id="9", candidate_id="c-9", given_name="Ben", family_name="Colm"),
    ],
    "nobody's departure": [update(event_type="employment.terminated")],
}


def fresh_world() -> World:
    return make_world(source("standard-webhooks", "standard-webhooks", *secrets_of(STANDARD)))


async def persistently(run: Callable[[], Awaitable[Any]]) -> Any:
    """Again after each death and each conflict, as a sender and a host do."""
    for _ in range(10):
        try:
            return await run()
        except (Killed, StoreConflict):
            continue
    raise AssertionError("it never came to an end")


async def deliver(world: World, number: int, body: bytes) -> None:
    call = signed(STANDARD, body, world.clock.at, message_id=f"msg_{number}")
    response = await persistently(lambda: receive(world.services, "standard-webhooks", call))
    assert json.loads(response.body)["accepted"] is True
    for _, message in [item for item in world.queue.sent if item[1].delivery_id]:
        await persistently(lambda: process_delivery(world.services, message.delivery_id or ""))  # noqa: B023


async def play(story: list[bytes], kill: tuple[int, bool] | None = None) -> World:
    """Returns the world at the end. `kill` counts calls from the start of the last delivery."""
    world = fresh_world()
    door._arrivals = Arrivals()  # a new process: what the last one remembered of arrivals is not here
    for number, body in enumerate(story):
        if number == len(story) - 1:
            world.wire.calls.clear()
            world.wire.kill = kill
        await deliver(world, number, body)
    return world


async def outcome(world: World) -> list[dict[str, Any]]:
    """Cases without what may differ: ids given anew, and how often something was noted."""
    rows = []
    for case in await world.all_cases():
        row = json.loads(encode(case))
        for name in ("case_id", "deliveries"):
            row.pop(name)
        rows.append(row)
    return sorted(rows, key=json.dumps)


@pytest.mark.parametrize("story", STORIES)
async def test_wherever_the_process_dies_the_end_is_the_same(story: str):
    clean = await play(STORIES[story])
    expected, calls = await outcome(clean), list(clean.wire.calls)
    clean.store.close()
    assert len(calls) >= 5
    for number in range(len(calls)):
        for after in (False, True):
            world = await play(STORIES[story], (number, after))
            where = f"died {'after' if after else 'before'} call {number}, {calls[number]}"
            assert world.wire.calls[number] == calls[number], f"{where}: the point was not hit"
            assert await outcome(world) == expected, where
            await check(world, where)
            world.store.close()


async def check(world: World, where: str) -> None:
    for item in (await world.store.deliveries.page()).items:
        assert item.status in {DeliveryStatus.PROCESSED, DeliveryStatus.IGNORED}, where
    told = {message.case_id for _, message in world.queue.sent}
    due = {row.case_id for row in await world.store.cases.due(world.clock.at, 100)}
    for case in await world.all_cases():
        if case.next_action.when is not None:
            assert case.case_id in told | due, where
        seen = [item for item in await world.actions(case.case_id) if item != "joined"]
        start = seen.index("reopened") if "reopened" in seen else 0  # a new run begins there
        for part in (seen[:start], seen[start:]):
            assert len(part) == len(set(part)), f"{where}: something was done twice: {seen}"
