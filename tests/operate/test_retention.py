"""Retention: what is old loses its content, bit by bit; what is needed is never thrown away before its time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy, RetentionPolicy
from onboarding.errors import Refused, StoreConflict
from onboarding.intake import catalog, process
from onboarding.intake.receive import receive
from onboarding.operate import cases, deliveries, retention, watchdog
from onboarding.operate.actions import Ask
from onboarding.operate.retention import Pruned, prune
from onboarding.ports import Delivery, DeliveryStatus
from tests.storage.stores import make_delivery
from tests.support import people
from tests.support.doubles import T0, Killed, World, hire, make_case, sides
from tests.support.intake_services import (
    VENDORS,
    secrets_of,
    signed,
    source,
)
from tests.support.intake_services import Killed as Died
from tests.support.intake_services import (
    make_world as intake_world,
)
from tests.support.people import arrived, body, deliver, traces

DONE = (DeliveryStatus.PROCESSED, DeliveryStatus.IGNORED)
UNRESOLVED = tuple(status for status in DeliveryStatus if status not in DONE)
SECOND = timedelta(seconds=1)
GREENHOUSE = catalog.adapters()["greenhouse"]
STANDARD = catalog.adapters()["standard-webhooks"]


async def put(world: World, number: int, status: DeliveryStatus, **more: Any) -> Delivery:
    stored, _ = await world.store.deliveries.put_if_absent(
        make_delivery(number, at=T0, status=status, **more)
    )
    return stored


async def get(world: World, number: int) -> Delivery:
    found = await world.store.deliveries.get(f"d_{number:026d}")
    assert found is not None
    return found


# --- bodies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", DeliveryStatus)
async def test_a_body_is_kept_to_the_second_and_not_longer(world: World, status: DeliveryStatus) -> None:
    days = 14 if status in DONE else 90
    await put(world, 1, status, reason_code="bad_json" if status in UNRESOLVED[2:] else None)
    world.clock.at = T0 + timedelta(days=days)
    assert await prune(world.s) == Pruned()
    assert (await get(world, 1)).body is not None
    world.clock.at += SECOND
    assert await prune(world.s) == Pruned(bodies=1)
    left = await get(world, 1)
    assert (left.body, left.headers, left.pruned_at) == (None, {}, world.clock.at)
    assert await prune(world.s) == Pruned(), "once is enough"


@pytest.mark.parametrize("status", UNRESOLVED)
async def test_what_was_never_worked_off_says_that_it_cannot_be_any_more(
    world: World, status: DeliveryStatus
) -> None:
    await put(world, 1, status, reason_code="poison" if status is DeliveryStatus.FAILED else None,
              reason_detail="/person/Zoë")  # fmt: skip
    world.clock.move(days=91)
    await prune(world.s)
    left = await get(world, 1)
    open_ = {DeliveryStatus.RECEIVED, DeliveryStatus.QUEUED}
    assert left.status is (DeliveryStatus.FAILED if status in open_ else status)
    assert left.reason_code == ("poison" if status is DeliveryStatus.FAILED else "body_expired")
    assert left.reason_detail == "body_expired"
    with pytest.raises(Refused) as caught:
        await deliveries.replay(world.s, left.delivery_id, Ask("o", "x"))
    assert caught.value.code == "body_pruned"
    shown = deliveries.delivery_json(left)
    assert shown["pruned_at"] == "2026-11-16T08:00:00Z"


async def test_the_watchdog_does_not_chase_what_has_no_body(world: World) -> None:
    await put(world, 1, DeliveryStatus.QUEUED, queued_at=T0)
    world.clock.move(days=91)
    await prune(world.s)
    await watchdog.watch(world.s)
    assert world.queue.sent == []


async def test_the_policy_of_today_decides(world: World) -> None:
    await put(world, 1, DeliveryStatus.PROCESSED)
    await put(world, 2, DeliveryStatus.FAILED)
    world.clock.move(days=10)
    strict = Policy(retention=RetentionPolicy(delivered_days=3, unresolved_days=9))
    assert await prune(replace(world.s, policy=strict)) == Pruned(bodies=2)


async def test_a_backlog_is_worked_off_in_bounded_passes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "LIMIT", 4)
    for n in range(11):
        await put(world, n, DeliveryStatus.PROCESSED)
        await put(world, 100 + n, DeliveryStatus.FAILED)
    world.clock.move(days=91)
    passes = [(await prune(world.s)).bodies for _ in range(5)]
    assert passes == [8, 8, 6, 0, 0]


async def test_one_that_moves_on_meanwhile_is_left_to_its_new_status(world: World) -> None:
    made = await put(world, 1, DeliveryStatus.PROCESSED)
    world.clock.move(days=15)
    (seen,) = await world.store.deliveries.older(DeliveryStatus.PROCESSED, world.clock.at, 9, unpruned=True)
    await world.store.deliveries.update(replace(made, status=DeliveryStatus.QUEUED))
    with pytest.raises(StoreConflict):
        await world.store.deliveries.update(seen.emptied(world.clock.at))
    assert await prune(world.s) == Pruned()
    assert (await get(world, 1)).body is not None


async def test_a_late_replay_of_an_old_delivery_is_pruned_by_the_next_pass(world: World) -> None:
    await arrived(world)
    first = await get(world, 1)
    failed = await world.store.deliveries.update(replace(first, status=DeliveryStatus.FAILED))
    world.clock.move(days=60)
    await prune(world.s)
    assert (await get(world, 1)).body is not None
    await deliveries.replay(world.s, failed.delivery_id, Ask("o", "mapping mended"))
    await process.process_delivery(world.s, failed.delivery_id)
    assert (await get(world, 1)).status is DeliveryStatus.PROCESSED
    assert (await prune(world.s)).bodies == 1


async def test_a_worker_that_is_slower_than_retention_does_not_bring_a_body_back(world: World) -> None:
    made = await people.put(world, 1, body())
    slow = await get(world, 1)
    world.clock.move(days=91)
    await prune(world.s)
    await process._mark(world.s, slow, DeliveryStatus.PROCESSED, case_ids=("c_1",), body=made.body)
    left = await get(world, 1)
    assert (left.status, left.body) == (DeliveryStatus.PROCESSED, None)
    assert left.pruned_at is not None


# --- rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", DeliveryStatus)
async def test_a_row_outlives_every_repeat_and_then_goes(world: World, status: DeliveryStatus) -> None:
    await put(world, 1, status)
    world.clock.at = T0 + timedelta(days=400)
    await prune(world.s)
    assert (await get(world, 1)).body is None
    world.clock.at += SECOND
    assert (await prune(world.s)).rows == 1
    assert (await world.store.deliveries.page()).items == []
    assert await prune(world.s) == Pruned()


async def test_a_repeat_is_still_a_repeat_when_the_body_is_gone() -> None:
    world = intake_world(source("standard-webhooks", "standard-webhooks", *secrets_of(STANDARD)))
    call = signed(STANDARD, body(), world.clock.at)
    first = json.loads((await receive(world.services, "standard-webhooks", call)).body)
    await process.process_delivery(world.services, first["delivery_id"])
    world.clock.move(days=20)
    await prune(world.services)
    assert (await world.delivery(first["delivery_id"])).body is None
    sent = len(world.queue.sent)
    again = json.loads(
        (await receive(world.services, "standard-webhooks", signed(STANDARD, body(), world.clock.at))).body
    )
    assert (again["result"], again["delivery_id"]) == ("duplicate", first["delivery_id"])
    assert len(world.queue.sent) == sent
    world.store.close()


@pytest.mark.parametrize("status", [DeliveryStatus.FAILED, DeliveryStatus.UNREADABLE])
async def test_what_hr_sends_again_because_the_body_expired_is_taken(status: DeliveryStatus) -> None:
    """ "Ask HR to send it again", says the refused replay: then it has to work."""
    world = intake_world(source("standard-webhooks", "standard-webhooks", *secrets_of(STANDARD)))
    call = signed(STANDARD, body(), world.clock.at)
    said = json.loads((await receive(world.services, "standard-webhooks", call)).body)
    there = await world.delivery(said["delivery_id"])
    await world.store.deliveries.update(replace(there, status=status, reason_code="poison"))
    world.clock.move(days=91)
    await prune(world.services)
    assert (await world.delivery(said["delivery_id"])).body is None
    again = signed(STANDARD, body(), world.clock.at)
    answer = json.loads((await receive(world.services, "standard-webhooks", again)).body)
    assert answer["result"] == "queued"
    await process.process_delivery(world.services, said["delivery_id"])
    done = await world.delivery(said["delivery_id"])
    assert (done.status, done.pruned_at) == (DeliveryStatus.PROCESSED, None)
    assert len(done.case_ids) == 1
    world.store.close()


# --- pruned to what the mapping uses -----------------------------------------------------------------------


@pytest.fixture
def greenhouse() -> Iterator[Any]:
    made = intake_world(source("greenhouse", "greenhouse", *secrets_of(GREENHOUSE)))
    yield made
    made.store.close()


def salaried() -> bytes:
    """A hire of Greenhouse with a salary and free text, as the vendor sends them."""
    for path in sorted((VENDORS / "greenhouse").glob("*.json")):
        tree = json.loads(path.read_bytes())
        if tree.get("action") == "hire_candidate":
            tree["payload"]["application"]["offer"]["custom_fields"] = {
                "salary": {"name": "Salary", "type": "currency", "value": {"amount": "PLANTED-98765"}}
            }
            return json.dumps(tree, ensure_ascii=False).encode()
    raise AssertionError("no hire among the vendor's bodies")


async def test_once_worked_off_the_stored_body_is_the_pruned_one_and_can_be_replayed(greenhouse: Any) -> None:
    raw = salaried()
    call = signed(GREENHOUSE, raw, greenhouse.clock.at)
    said = json.loads((await receive(greenhouse.services, "greenhouse", call)).body)
    before = await greenhouse.delivery(said["delivery_id"])
    assert before.body == raw, "what is not worked off yet is kept whole: its signature covers every byte"
    await process.process_delivery(greenhouse.services, said["delivery_id"])
    done = await greenhouse.delivery(said["delivery_id"])
    assert done.status is DeliveryStatus.PROCESSED
    assert done.body == GREENHOUSE.prune(raw)
    assert b"PLANTED-98765" not in done.body
    assert done.body_sha256 == before.body_sha256, "a repeat is recognised by what was sent"
    case = await greenhouse.only_case()
    await deliveries.replay(greenhouse.services, done.delivery_id, Ask("o", "again"))
    await process.process_delivery(greenhouse.services, done.delivery_id)
    assert (await greenhouse.delivery(done.delivery_id)).body == done.body
    again = await greenhouse.only_case()
    assert again.deliveries == [done.delivery_id, f"{done.delivery_id}#1"]
    assert replace(again, deliveries=case.deliveries, etag=case.etag) == case, "the pruned body says the same"


async def test_a_pruned_body_makes_the_same_case_where_the_first_is_gone(greenhouse: Any) -> None:
    raw = salaried()
    call = signed(GREENHOUSE, raw, greenhouse.clock.at)
    said = json.loads((await receive(greenhouse.services, "greenhouse", call)).body)
    await process.process_delivery(greenhouse.services, said["delivery_id"])
    first = await greenhouse.only_case()
    for alias, owner in (await greenhouse.store.cases.walk_aliases()).items:
        await greenhouse.store.cases.release_alias(alias, owner)
    await greenhouse.store.cases.erase(first)
    await deliveries.replay(greenhouse.services, said["delivery_id"], Ask("o", "again"))
    await process.process_delivery(greenhouse.services, said["delivery_id"])
    again = await greenhouse.only_case()
    assert again.case_id != first.case_id
    assert again.hire == first.hire


async def test_wherever_the_worker_dies_a_processed_delivery_is_a_pruned_one(greenhouse: Any) -> None:
    raw = salaried()
    call = signed(GREENHOUSE, raw, greenhouse.clock.at)
    said = json.loads((await receive(greenhouse.services, "greenhouse", call)).body)
    greenhouse.wire.calls.clear()
    await process.process_delivery(greenhouse.services, said["delivery_id"])
    calls = len(greenhouse.wire.calls)
    assert calls >= 6
    for number in range(calls):
        for after in (False, True):
            world = intake_world(source("greenhouse", "greenhouse", *secrets_of(GREENHOUSE)))
            await receive(world.services, "greenhouse", signed(GREENHOUSE, raw, world.clock.at))
            world.wire.calls.clear()
            world.wire.kill = (number, after)
            with pytest.raises(Died):
                await process.process_delivery(world.services, said["delivery_id"])
            there = await world.delivery(said["delivery_id"])
            whole = there.status is not DeliveryStatus.PROCESSED
            assert there.body == (raw if whole else GREENHOUSE.prune(raw)), (number, after)
            world.wire.kill = None
            await process.process_delivery(world.services, said["delivery_id"])
            done = await world.delivery(said["delivery_id"])
            assert (done.status, done.body) == (DeliveryStatus.PROCESSED, GREENHOUSE.prune(raw))
            assert len(await world.all_cases()) == 1
            world.store.close()


async def test_of_somebody_whom_nobody_hired_nothing_is_kept(world: World) -> None:
    done = await deliver(world, 1, body(event_type="employment.terminated"))
    assert (done.status, done.reason_code, done.body) == (DeliveryStatus.IGNORED, "no_case", None)
    assert (done.headers, done.pruned_at) == ({}, world.clock.at)
    assert await traces(world) == []


# --- cases that are over -----------------------------------------------------------------------------------

LEFT = Policy(retention=RetentionPolicy(closed_days=30))


async def left(world: World, number: int, **changes: Any) -> Case:
    values: dict[str, Any] = {"state": State.CLOSED, "withdrawn_at": T0, **changes}
    case = make_case(f"c_{number:020d}", hire=hire(employee_id=f"E-{number}"), **values)
    return await world.file(case)


async def test_nobody_is_erased_by_default(world: World) -> None:
    await left(world, 1)
    world.clock.move(days=9999)
    assert (await prune(world.s)).cases == 0


async def test_who_left_is_erased_after_the_period_of_the_policy(world: World) -> None:
    await left(world, 1)
    await left(world, 2, state=State.CANCELLED)
    s = replace(world.s, policy=LEFT)
    world.clock.move(days=30)
    assert await prune(s) == Pruned()
    world.clock.at += SECOND
    assert (await prune(s)).cases == 2
    assert "müller" not in str(await people.dump(world))
    asked = (await world.store.cases.walk_operations()).items
    assert {(item.action, item.actor, item.status) for item in asked} == {("forget", "retention", "done")}


@pytest.mark.parametrize(
    "changes",
    [
        {"state": State.CLOSED, "withdrawn_at": None},  # watched to the end, and still there
        {"state": State.CLOSED, "reason_code": "joined"},
        {"state": State.EXCLUDED},
        {"state": State.FOLLOWING_UP},
        {"state": State.BLOCKED, "return_state": State.RECEIVED},
        {"updated_at": T0 + timedelta(days=200)},
        {"withdrawn_at": T0 + timedelta(days=200)},
    ],
)
async def test_who_may_still_be_there_stays(world: World, changes: dict[str, Any]) -> None:
    updated = changes.pop("updated_at", T0)
    case = await left(world, 1, **changes)
    case.updated_at = updated
    await world.store.cases.save(case)
    world.clock.move(days=201)
    assert (await prune(replace(world.s, policy=LEFT))).cases == 0
    assert await world.store.cases.get(case.case_id) is not None


async def test_the_round_goes_through_all_cases_in_bounded_passes_and_begins_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CASES", 5)
    for n in range(12):
        await left(world, n, state=State.CLOSED if n % 2 else State.CONFIRMED)
    s = replace(world.s, policy=LEFT)
    world.clock.move(days=31)
    assert [(await prune(s)).cases for _ in range(3)] == [2, 3, 1]
    case = await world.case(f"c_{0:020d}")
    case.state = State.CLOSED
    await world.store.cases.save(case)
    assert sum([(await prune(s)).cases for _ in range(2)]) == 1


async def test_a_place_in_the_round_that_is_not_ours_begins_a_new_one(world: World) -> None:
    await left(world, 1)
    await world.store.cases.write_marker(retention.ROUND, {"page": "of another store"}, None)
    world.clock.move(days=31)
    assert (await prune(replace(world.s, policy=LEFT))).cases == 1


async def test_wherever_a_pass_dies_the_next_ones_end_it() -> None:
    async def ready() -> World:
        world = World(policy=LEFT)
        await put(world, 1, DeliveryStatus.PROCESSED)
        await put(world, 2, DeliveryStatus.QUEUED)
        await left(world, 1)
        await left(world, 2)
        world.clock.move(days=91)
        world.tape.calls.clear()
        return world

    clean = await ready()
    await prune(clean.s)
    calls = len(clean.tape.calls)
    clean.close()
    assert calls >= 40
    for number in range(calls):
        for side in sides(number):
            world = await ready()
            world.tape.kill_at = (number, side)
            with pytest.raises(Killed):
                await prune(world.s)
            for _ in range(30):
                world.clock.move(minutes=2)
                await people.run(world)
                await prune(world.s)
                if not (await world.store.cases.walk()).items:
                    break
            assert (await world.store.cases.walk()).items == [], (number, side)
            assert [(await get(world, n)).body for n in (1, 2)] == [None, None]
            world.close()


async def test_a_person_who_left_can_be_hired_again(world: World) -> None:
    await deliver(world, 1, body())
    gone = await deliver(world, 2, body(event_type="hire.cancelled", occurred_at="2026-08-17T07:30:00Z"))
    world.clock.move(days=31)
    assert (await prune(replace(world.s, policy=LEFT))).cases == 1
    again = await deliver(world, 3, body(occurred_at="2026-09-20T07:30:00Z", start_date="2026-10-01"))
    assert again.case_ids != gone.case_ids
    assert (await cases.find(world.s, people.EMPLOYEE_ID)).state is State.WAITING_START
