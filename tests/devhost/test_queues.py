"""Queue triggers keep the semantics of the Storage Queues extension (facts: functions sections 0 and 2)."""

import asyncio
import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from onboarding.devhost.queues import QueueListener

QUICK = (
    '{"version": "2.0", "extensions": {"queues": {"maxDequeueCount": 3, "visibilityTimeout": "00:00:00"}}}'
)
ONE = """
@app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
async def work(msg: func.QueueMessage) -> None:
    EVENTS.append(("work", msg.get_body().decode(), msg.dequeue_count))
    if b"bad" in msg.get_body():
        raise RuntimeError("no")
"""
POISON = """
@app.queue_trigger(arg_name="msg", queue_name="work-poison", connection="AzureWebJobsStorage")
def poisoned(msg: func.QueueMessage) -> None:
    EVENTS.append(("poisoned", msg.get_body().decode(), msg.dequeue_count))
    if b"worse" in msg.get_body():
        raise RuntimeError("no")
"""


async def test_a_message_that_is_handled_is_gone(serve: Any, queues: Any) -> None:
    async with serve(ONE, queues=queues) as s:
        await queues.put("work", '{"case": "c_1", "name": "山田 ß"}')
        status, report = await s.settle()
        assert (status, report["settled"], report["runs"]) == (200, True, {"work": 1})
        assert s.events == [("work", '{"case": "c_1", "name": "山田 ß"}', 1)]
        assert await queues.depth("work") == (0, 0)


async def test_a_failing_message_comes_back_until_max_dequeue_count_and_then_goes_to_poison(
    serve: Any, queues: Any
) -> None:
    async with serve(ONE + POISON, QUICK, queues=queues) as s:
        await queues.put("work", "bad")
        status, report = await s.settle()
        assert (status, report["runs"]) == (200, {"work": 3, "poisoned": 1})
        assert s.events == [
            ("work", "bad", 1),
            ("work", "bad", 2),
            ("work", "bad", 3),
            ("poisoned", "bad", 1),
        ]
        assert await queues.depth("work-poison") == (0, 0)


async def test_a_failing_poison_handler_leaves_the_message_leased_and_settle_says_so(
    serve: Any, queues: Any
) -> None:
    async with serve(ONE + POISON, QUICK, queues=queues) as s:
        await queues.put("work-poison", "worse")
        status, report = await s.settle(0.6)
        assert (status, report["settled"]) == (200, True)
        assert report["later"] == {"work-poison": {"visible": 0, "hidden": 1}}
        assert s.events == [("poisoned", "worse", 1)]


async def test_a_poison_message_seen_too_often_is_not_even_run(serve: Any, queues: Any) -> None:
    async with serve(ONE + POISON, QUICK, queues=queues, lease_seconds=0.1) as s:
        await queues.put("work-poison", "worse")
        for _ in range(8):  # the shortest lease of a Storage queue is a second
            if len(s.events) < 3:
                await s.settle(1.0)
        await s.settle(1.0)
        assert s.events == [("poisoned", "worse", n) for n in (1, 2, 3)]
        assert await queues.depth("work-poison") != (0, 0)


async def test_a_message_seen_too_often_goes_to_poison_without_a_run(serve: Any, memory: Any) -> None:
    """An instance that was killed at the last attempt leaves such a message behind."""
    await memory.put("work", "bad")
    memory.rows["work"][0].count = 3
    async with serve(ONE, QUICK) as s:
        assert (await s.settle())[0] == 200
        assert s.events == []
        assert [row.body for row in memory.rows["work-poison"]] == ["bad"]


async def test_a_failed_message_waits_for_the_visibility_timeout(serve: Any, queues: Any) -> None:
    async with serve(ONE, QUICK, queues=queues, visibility_seconds=60) as s:
        await queues.put("work", "bad")
        status, report = await s.settle(0.5)
        assert (status, report["later"]) == (200, {"work": {"visible": 0, "hidden": 1}})
        assert s.events == [("work", "bad", 1)]


@pytest.mark.parametrize("queues", ["embedded"], indirect=True)
async def test_undecodable_messages_go_to_poison_without_a_run(serve: Any, queues: Any) -> None:
    async with serve(ONE + POISON, QUICK, queues=queues) as s:
        await queues.put_raw("work", "not base64!")
        await s.settle(0.5)
        assert not [event for event in s.events if event[0] == "work"]
        assert await queues.depth("work") == (0, 0)


async def test_a_long_run_keeps_its_lease_so_nobody_else_gets_the_message(serve: Any, queues: Any) -> None:
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    async def work(msg: func.QueueMessage) -> None:
        EVENTS.append(msg.dequeue_count)
        await asyncio.sleep(0.8)
    """
    async with serve(code, queues=queues, lease_seconds=0.2) as s:
        await queues.put("work", "long")
        assert (await s.settle())[0] == 200
        assert s.events == [1]


async def test_a_renewal_under_way_at_the_end_of_a_run_does_not_bring_the_message_back(
    serve: Any, memory: Any
) -> None:
    """Its answer carries the receipt that the delete needs."""
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    async def work(msg: func.QueueMessage) -> None:
        EVENTS.append(msg.dequeue_count)
        await asyncio.sleep(0.25)
    """
    memory.lag = 0.15
    async with serve(code, lease_seconds=0.4) as s:
        await memory.put("work", "x")
        assert (await s.settle())[0] == 200
        assert s.events == [1]
        assert memory.renewed == 1


async def test_batch_size_and_threshold_bound_what_runs_at_once(serve: Any, memory: Any) -> None:
    code = """
    RUNNING = [0, 0]
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    async def work(msg: func.QueueMessage) -> None:
        RUNNING[0] += 1
        RUNNING[1] = max(RUNNING)
        await asyncio.sleep(0.02)
        RUNNING[0] -= 1
        EVENTS.append(RUNNING[1])
    """
    limits = '{"version": "2.0", "extensions": {"queues": {"batchSize": 4, "newBatchThreshold": 2}}}'
    for n in range(30):
        await memory.put("work", str(n))
    async with serve(code, limits) as s:
        assert (await s.settle())[0] == 200
        assert len(s.events) == 30
        # a new batch of 4 once at most 2 are left
        assert 4 <= s.events[-1] <= 6


@pytest.mark.parametrize(
    ("body", "id_", "count"),
    [
        ('{"id": "EMP-7", "DequeueCount": 99}', "EMP-7", 99),
        ('{"case": "c_1", "id": null, "dequeueCount": [1]}', "1", 1),
        ('[{"id": "EMP-7"}]', "1", 1),
        ('"id"', "1", 1),
        ('{"id": "EMP-7"', "1", 1),
        ("[" * 100_000, "1", 1),
    ],
)
async def test_a_bodys_top_level_keys_overwrite_the_metadata_as_in_azure(
    serve: Any, memory: Any, body: str, id_: str, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Facts: functions trap 3. Said in the log, by the name of the key only."""
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    async def work(msg: func.QueueMessage) -> None:
        EVENTS.append((msg.id, msg.dequeue_count, msg.insertion_time.utcoffset().total_seconds()))
    """
    async with serve(code) as s:
        await memory.put("work", body)
        assert (await s.settle())[0] == 200
        assert s.events == [(id_, count, 0.0)]
    warned = [record for record in caplog.records if record.message == "queue.metadata_overwritten"]
    assert len(warned) == (2 if count == 99 else 0)
    assert "EMP-7" not in str([record.__dict__ for record in warned])


async def test_a_body_that_spoils_the_metadata_fails_the_run(serve: Any, memory: Any) -> None:
    async with serve(ONE, QUICK) as s:
        await memory.put("work", '{"dequeueCount": "many"}')
        assert (await s.settle())[0] == 200
        assert s.events == []
        assert len(memory.rows["work-poison"]) == 1


async def test_a_return_value_without_a_binding_fails_the_run(serve: Any, memory: Any) -> None:
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    async def work(msg: func.QueueMessage): return "done"
    """
    async with serve(code, QUICK) as s:
        await memory.put("work", "x")
        assert (await s.settle())[0] == 200
        assert len(memory.rows["work-poison"]) == 1


async def test_settle_waits_in_real_time_for_delayed_messages(serve: Any, queues: Any) -> None:
    async with serve(ONE, queues=queues) as s:
        await queues.put("work", "later", 0.5)
        status, report = await s.settle()
        assert (status, s.events) == (200, [("work", "later", 1)])
        assert report["seconds"] >= 0.4


async def test_the_queue_is_polled_without_settle_too_and_after_the_store_was_down(
    serve: Any, memory: Any, caplog: pytest.LogCaptureFixture
) -> None:
    memory.down = True
    async with serve(ONE, poll_seconds=0.2) as s:
        await memory.put("work", "x")
        await asyncio.sleep(0.3)
        assert s.events == []
        memory.down = False
        for _ in range(100):
            await asyncio.sleep(0.02)
            if s.events:
                break
        assert s.events == [("work", "x", 1)]
    assert any(r.message == "queue.poll_failed" and r.levelno == logging.ERROR for r in caplog.records)


@pytest.mark.parametrize("turns", range(5))
async def test_a_listener_that_is_cancelled_in_the_moment_of_its_wake_up_ends(turns: int) -> None:
    listener: Any = QueueListener.__new__(QueueListener)
    listener._wake, listener._tasks, listener._longest = asyncio.Event(), set(), 60
    listener._config = SimpleNamespace(new_batch_threshold=4)
    polled = 0

    async def poll() -> bool:
        nonlocal polled
        polled += 1
        return False

    listener._poll = poll
    running = asyncio.create_task(listener.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert polled == 1
    listener.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=1)
    assert done
    running.cancel()


async def test_a_stopped_host_leaves_the_message_for_the_next_one(serve: Any, queues: Any) -> None:
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    async def work(msg: func.QueueMessage) -> None:
        EVENTS.append(msg.dequeue_count)
        if msg.dequeue_count == 1:
            await asyncio.sleep(60)
    """
    async with serve(code, queues=queues, lease_seconds=0.5) as s:
        await queues.put("work", "x")
        while not s.events:
            await asyncio.sleep(0.01)
    async with serve(code, queues=queues, lease_seconds=0.5) as s:
        assert (await s.settle())[0] == 200
        assert s.events == [2]


async def test_settling_messages_that_make_messages_drains_all_of_them(serve: Any, queues: Any) -> None:
    code = """
    QUEUES = []
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    async def work(msg: func.QueueMessage) -> None:
        n = int(msg.get_body())
        await asyncio.sleep(0.01)
        EVENTS.append(n)
        if n:
            await QUEUES[0].put("bulk" if n % 2 else "work", str(n - 1), 0.05 if n == 5 else 0.0)
    @app.queue_trigger(arg_name="msg", queue_name="bulk", connection="AzureWebJobsStorage")
    async def bulk(msg: func.QueueMessage) -> None:
        await work(msg)
    """
    async with serve(code, queues=queues) as s:
        sys.modules["function_app"].QUEUES.append(queues)
        await queues.put("work", "12")
        assert (await s.settle())[0] == 200
        assert s.events == list(range(12, -1, -1))
