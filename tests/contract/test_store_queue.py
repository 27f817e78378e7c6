"""WorkQueue and QueueHost: leases in real time, receipts, poison twins. Nothing expires, nothing is lost."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import pytest

from onboarding.errors import StoreConflict
from onboarding.ports import BULK_QUEUE, POISON, WORK_QUEUE, LeasedMessage, WorkMessage
from onboarding.storage.messages import from_json
from tests.storage.stores import StoreUnderTest, case_id

#: The shortest lease that every store knows, in seconds, and a wait that is surely longer.
LEASE, AFTER = 1.0, 1.15
DEAD = WORK_QUEUE + POISON


async def one(store: StoreUnderTest, queue: str = WORK_QUEUE, lease: float = 30) -> LeasedMessage:
    (message,) = await store.host.receive(queue, 1, lease)
    return message


async def test_a_message_arrives_as_it_was_sent(store: StoreUnderTest):
    before = datetime.now(UTC)
    await store.queue.send(WorkMessage(case_id=case_id(1), why="start_near"))
    message = await one(store)
    assert message.body == f'{{"case":"{case_id(1)}","why":"start_near"}}'
    assert message.dequeue_count == 1
    assert message.inserted_at.utcoffset() == timedelta(0)
    assert abs(message.inserted_at - before) < timedelta(seconds=5)


async def test_the_oldest_comes_first_and_never_more_than_asked(store: StoreUnderTest):
    for n in range(5):
        await store.queue.send(WorkMessage(case_id=case_id(n)))
    first = await store.host.receive(WORK_QUEUE, 3, 30)
    rest = await store.host.receive(WORK_QUEUE, 32, 30)
    assert [from_json(m.body).case_id for m in (*first, *rest)] == [case_id(n) for n in range(5)]
    assert await store.host.receive(WORK_QUEUE, 32, 30) == []
    assert await store.host.receive(WORK_QUEUE, 0, 30) == []


async def test_queues_do_not_mix(store: StoreUnderTest):
    await store.queue.send(WorkMessage(delivery_id="d_1"), queue=BULK_QUEUE)
    assert await store.host.receive(WORK_QUEUE, 1, 30) == []
    assert await store.host.receive(BULK_QUEUE + POISON, 1, 30) == []
    message = await one(store, BULK_QUEUE)
    with pytest.raises(StoreConflict):
        await store.host.delete(WORK_QUEUE, message)
    await store.host.delete(BULK_QUEUE, message)


async def test_a_deleted_message_is_gone(store: StoreUnderTest):
    await store.queue.send(WorkMessage(case_id=case_id(1)))
    message = await one(store)
    await store.host.delete(WORK_QUEUE, message)
    assert await store.host.depth(WORK_QUEUE) == (0, 0)
    with pytest.raises(StoreConflict):
        await store.host.delete(WORK_QUEUE, message)


async def test_depth_tells_visible_from_leased_and_delayed(store: StoreUnderTest):
    assert await store.host.depth(WORK_QUEUE) == (0, 0)
    await store.queue.send(WorkMessage(case_id=case_id(1)))
    await store.queue.send(WorkMessage(case_id=case_id(2)))
    await store.queue.send(WorkMessage(case_id=case_id(3)), delay=30)
    assert await store.host.depth(WORK_QUEUE) == (2, 1)
    await one(store)
    assert await store.host.depth(WORK_QUEUE) == (1, 2)
    assert await store.host.depth(BULK_QUEUE) == (0, 0)


async def test_an_expired_lease_returns_the_message_and_makes_the_old_receipt_stale(store: StoreUnderTest):
    await store.queue.send(WorkMessage(case_id=case_id(1)))
    first = await one(store, lease=LEASE)
    assert await store.host.receive(WORK_QUEUE, 1, 30) == []
    await asyncio.sleep(AFTER)
    second = await one(store)
    assert (second.message_id, second.dequeue_count) == (first.message_id, 2)
    assert second.inserted_at == first.inserted_at
    for act in (
        store.host.delete(WORK_QUEUE, first),
        store.host.renew(WORK_QUEUE, first, 30),
        store.host.release(WORK_QUEUE, first, 0),
        store.host.to_poison(WORK_QUEUE, first),
    ):
        with pytest.raises(StoreConflict):
            await act
    assert await store.host.depth(DEAD) == (0, 0)
    await store.host.delete(WORK_QUEUE, second)


async def test_an_expired_lease_still_counts_while_nobody_else_took_the_message(store: StoreUnderTest):
    await store.queue.send(WorkMessage(case_id=case_id(1)))
    message = await one(store, lease=LEASE)
    await asyncio.sleep(AFTER)
    await store.host.delete(WORK_QUEUE, message)
    assert await store.host.depth(WORK_QUEUE) == (0, 0)


async def test_a_renewed_lease_holds_and_replaces_the_receipt(store: StoreUnderTest):
    await store.queue.send(WorkMessage(case_id=case_id(1)))
    first = await one(store, lease=LEASE)
    renewed = await store.host.renew(WORK_QUEUE, first, 30)
    assert renewed.receipt != first.receipt
    assert (renewed.message_id, renewed.body, renewed.dequeue_count) == (first.message_id, first.body, 1)
    await asyncio.sleep(AFTER)
    assert await store.host.receive(WORK_QUEUE, 1, 30) == []
    with pytest.raises(StoreConflict):
        await store.host.delete(WORK_QUEUE, first)
    renewed = await store.host.renew(WORK_QUEUE, renewed, 30)
    await store.host.delete(WORK_QUEUE, renewed)


async def test_a_released_message_is_seen_again_when_asked(store: StoreUnderTest):
    await store.queue.send(WorkMessage(case_id=case_id(1)))
    message = await one(store)
    await store.host.release(WORK_QUEUE, message, 0)
    again = await one(store)
    assert again.dequeue_count == 2
    with pytest.raises(StoreConflict):
        await store.host.delete(WORK_QUEUE, message)
    await store.host.release(WORK_QUEUE, again, LEASE)
    assert await store.host.receive(WORK_QUEUE, 1, 30) == []
    await asyncio.sleep(AFTER)
    assert (await one(store)).dequeue_count == 3


async def test_a_delayed_message_waits_its_delay(store: StoreUnderTest):
    await store.queue.send(WorkMessage(case_id=case_id(1)), delay=LEASE)
    assert await store.host.receive(WORK_QUEUE, 1, 30) == []
    await asyncio.sleep(AFTER)
    assert (await one(store)).dequeue_count == 1


@pytest.mark.parametrize("delay", [30.001, -0.1, float("nan"), float("inf")])
async def test_a_longer_wait_than_30_seconds_is_not_for_a_queue(store: StoreUnderTest, delay: float):
    with pytest.raises(ValueError, match="30 seconds"):
        await store.queue.send(WorkMessage(case_id=case_id(1)), delay=delay)
    assert await store.host.depth(WORK_QUEUE) == (0, 0)


@pytest.mark.parametrize(
    "message", [WorkMessage(), WorkMessage(case_id="c", delivery_id="d"), WorkMessage(case_id="")]
)
async def test_a_message_names_exactly_one_thing(store: StoreUnderTest, message: WorkMessage):
    with pytest.raises(ValueError, match="exactly one"):
        await store.queue.send(message)


async def test_poison_is_a_copy_in_an_ordinary_queue(store: StoreUnderTest):
    await store.queue.send(WorkMessage(delivery_id="d_1"))
    message = await one(store)
    await store.host.to_poison(WORK_QUEUE, message)
    assert await store.host.depth(WORK_QUEUE) == (0, 0)
    dead = await one(store, DEAD)
    assert dead.body == message.body
    assert dead.dequeue_count == 1
    with pytest.raises(ValueError, match="poison"):
        await store.host.to_poison(DEAD, dead)
    await store.host.delete(DEAD, dead)
    assert await store.host.depth(DEAD) == (0, 0)


@pytest.mark.parametrize("body", ['{"case":"c_1"}', "not base64!", "YQ", "YQ=", "=", "山田", "YWJj\x00"])
async def test_a_body_that_is_not_base64_is_poison_at_once(store: StoreUnderTest, body: str):
    await store.put_raw(WORK_QUEUE, body)
    await store.queue.send(WorkMessage(case_id=case_id(1)))
    received = await store.host.receive(WORK_QUEUE, 8, 30)
    assert [from_json(message.body).case_id for message in received] == [case_id(1)]
    assert await store.host.depth(WORK_QUEUE) == (0, 1)
    assert await store.host.depth(DEAD) == (1, 0)
    # There it stays and is counted: a poison queue has no poison queue.
    assert await store.host.receive(DEAD, 8, 30) == []
    assert await store.host.depth(DEAD) == (0, 1)


@pytest.mark.parametrize("text", ["", "null", "not json", "\x00", "山田"])
async def test_base64_of_junk_reaches_the_function_which_refuses_it(store: StoreUnderTest, text: str):
    await store.put_raw(WORK_QUEUE, base64.b64encode(text.encode()).decode())
    message = await one(store)
    assert message.body == text
    with pytest.raises(ValueError, match="queue message"):
        from_json(message.body)


async def test_competing_receivers_never_hold_the_same_message(store: StoreUnderTest):
    clients = (store, store.second())
    for n in range(40):
        await store.queue.send(WorkMessage(case_id=case_id(n)))
    batches = await asyncio.gather(*(clients[n % 2].host.receive(WORK_QUEUE, 4, 30) for n in range(14)))
    ids = [message.message_id for batch in batches for message in batch]
    assert len(ids) == len(set(ids)) == 40


@pytest.mark.parametrize("field", ["message_id", "receipt"])
async def test_a_message_of_another_store_is_not_ours(store: StoreUnderTest, field: str):
    await store.queue.send(WorkMessage(case_id=case_id(1)))
    message = await one(store)
    values = {"message_id": message.message_id, "receipt": message.receipt, field: "AgAAAAMAAAA=", "body": ""}
    stranger = LeasedMessage(**values, dequeue_count=1, inserted_at=message.inserted_at)
    with pytest.raises(StoreConflict):
        await store.host.delete(WORK_QUEUE, stranger)
    await store.host.delete(WORK_QUEUE, message)


async def test_a_backlog_is_counted_without_reading_it(store: StoreUnderTest):
    assert await store.queue.backlog(WORK_QUEUE) == 0
    for n in range(40):
        await store.queue.send(WorkMessage(case_id=case_id(n)), queue=WORK_QUEUE)
    assert await store.queue.backlog(WORK_QUEUE) == 40
