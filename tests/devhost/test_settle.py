"""Timers are judged by the service's clock; settle is one pass and a drain, safe beside the background loop."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from onboarding.devhost import ncrontab
from onboarding.devhost.invoke import Invoker
from onboarding.devhost.model import FunctionSpec
from onboarding.devhost.settle import Settler
from onboarding.devhost.timers import Timer

TIMERS = """
QUEUES = []
@app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
async def track(timer: func.TimerRequest) -> None:
    EVENTS.append(("track", timer.past_due))
    for queue in QUEUES:
        await queue.put("work", "from track")
@app.timer_trigger(arg_name="timer", schedule="30 */5 * * * *")
async def followup(timer: func.TimerRequest) -> None:
    EVENTS.append(("followup", timer.past_due))
@app.timer_trigger(arg_name="timer", schedule="0 */10 * * * *")
def watchdog(timer: func.TimerRequest) -> None:
    EVENTS.append(("watchdog", timer.past_due))
"""
QUEUE = """
@app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
async def work(msg: func.QueueMessage) -> None:
    await asyncio.sleep(0.02)
    EVENTS.append(("work", msg.get_body().decode()))
"""


async def test_each_due_timer_runs_once_a_move_in_the_order_of_definition(serve: Any) -> None:
    async with serve(TIMERS) as s:
        assert await s.settle() == (200, {"settled": True, "runs": {}, "seconds": pytest.approx(0, abs=2)})
        # over 29 February: many ticks, one run each
        s.clock.advance(days=2)
        assert (await s.settle())[1]["runs"] == {"track": 1, "followup": 1, "watchdog": 1}
        assert s.events == [("track", True), ("followup", True), ("watchdog", True)]
        assert (await s.settle())[1]["runs"] == {}
        s.clock.advance(minutes=5, seconds=30)
        assert (await s.settle())[1]["runs"] == {"followup": 1}
        assert s.events[-1] == ("followup", False)


async def test_the_queues_are_drained_between_two_timers(serve: Any, queues: Any) -> None:
    async with serve(TIMERS + QUEUE, queues=queues) as s:
        sys.modules["function_app"].QUEUES.append(queues)
        await queues.put("work", "before")
        s.clock.advance(hours=3)
        assert (await s.settle())[0] == 200
        names = [name for name, _ in s.events]
        assert names == ["work", "track", "work", "followup", "watchdog"]


async def test_settle_and_the_background_loop_run_one_tick_once(serve: Any, queues: Any) -> None:
    async with serve(TIMERS + QUEUE, queues=queues, tick_seconds=0.001) as s:
        sys.modules["function_app"].QUEUES.append(queues)
        s.clock.lag = 0.004
        for _ in range(10):
            s.clock.advance(hours=1)
            answers = await asyncio.gather(*(s.settle() for _ in range(3)))
            assert [status for status, _ in answers] == [200, 200, 200]
        names = [name for name, _ in s.events]
        assert names == ["track", "work", "followup", "watchdog"] * 10


async def test_the_background_loop_runs_timers_by_itself(serve: Any) -> None:
    async with serve(TIMERS, tick_seconds=0.02) as s:
        s.clock.advance(hours=1)
        for _ in range(100):
            await asyncio.sleep(0.02)
            if len(s.events) == 3:
                break
        assert [name for name, _ in s.events] == ["track", "followup", "watchdog"]


@pytest.mark.parametrize("tick_seconds", [3600, 0.01], ids=["alone", "beside the background loop"])
async def test_after_a_200_nothing_runs_and_a_504_says_what_does(serve: Any, tick_seconds: float) -> None:
    code = """
    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
    async def slow(timer: func.TimerRequest) -> None:
        EVENTS.append("start")
        await asyncio.sleep(0.6)
        EVENTS.append("end")
    """
    async with serve(code, tick_seconds=tick_seconds) as s:
        s.clock.advance(hours=1)
        await asyncio.sleep(0.05)
        status, report = await s.settle(0.2)
        assert (status, report["settled"], report["left"]["running"]) == (504, False, ["slow"])
        assert report["left"]["timers"] == ["slow"]
        status, report = await s.settle()
        assert (status, s.events) == (200, ["start", "end"])
        assert s.host.busy is False


async def test_a_clock_moved_during_a_run_makes_one_more_run(serve: Any) -> None:
    code = """
    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
    async def slow(timer: func.TimerRequest) -> None:
        EVENTS.append("run")
        await asyncio.sleep(0.3)
    """
    async with serve(code) as s:
        s.clock.advance(hours=1)
        first = asyncio.create_task(s.settle())
        await asyncio.sleep(0.1)
        s.clock.advance(hours=5)
        await first
        assert (await s.settle())[0] == 200
        assert s.events == ["run", "run"]


async def test_a_clock_moved_back_starts_the_schedules_anew(serve: Any) -> None:
    async with serve(TIMERS) as s:
        s.clock.advance(days=90)
        await s.settle()
        s.clock.advance(days=-90)
        assert (await s.settle())[1]["runs"] == {}
        s.clock.advance(hours=1)
        assert (await s.settle())[1]["runs"] == {"track": 1, "followup": 1, "watchdog": 1}


async def test_a_failing_timer_waits_for_its_next_tick_and_stops_nobody(serve: Any) -> None:
    code = """
    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *", run_on_startup=True)
    async def bad(timer: func.TimerRequest) -> None:
        EVENTS.append("bad")
        raise RuntimeError("no")
    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
    async def good(timer: func.TimerRequest) -> None: EVENTS.append("good")
    """
    async with serve(code) as s:
        assert (await s.settle())[1]["runs"] == {"bad": 1}
        s.clock.advance(hours=1)
        assert (await s.settle())[0] == 200
        assert s.events == ["bad", "bad", "good"]


async def test_a_schedule_may_be_a_setting(serve: Any, environment: dict[str, str]) -> None:
    environment["TRACK_SCHEDULE"] = "0 0 * * * *"
    code = TIMERS.replace('schedule="0 0 * * * *"', 'schedule="%Track_Schedule%"')
    async with serve(code) as s:
        s.clock.advance(hours=1)
        assert (await s.settle())[1]["runs"]["track"] == 1


async def test_settle_refuses_a_body_it_does_not_understand(serve: Any) -> None:
    async with serve(TIMERS) as s:
        bodies = [b"[]", b"{", b'{"timeout_s": "x"}', b'{"timeout_s": -1}', b'{"timeout_s": NaN}']
        for body in bodies:
            assert (await s.get("/_dev/settle", "POST", data=body))[0] == 400, body
        assert (await s.get("/_dev/settle", "POST"))[0] == 200
        assert (await s.get("/_dev/settle"))[0] == 404


async def test_an_unreachable_clock_is_a_504_with_the_reason(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onboarding.errors import Unavailable

    async def down() -> None:
        raise Unavailable("The simulator's clock cannot be read.")

    async with serve(TIMERS) as s:
        monkeypatch.setattr(s.clock, "now", down)
        status, report = await s.settle()
        assert (status, report["error"]) == (504, "The simulator's clock cannot be read.")


async def test_functions_run_by_hand_as_on_the_real_host(serve: Any, memory: Any) -> None:
    async with serve(TIMERS + QUEUE) as s:
        sys.modules["function_app"].QUEUES.clear()
        assert (await s.get("/admin/functions/Track", "POST", data=b"{}"))[:2] == (202, b"")
        text = '{"case": "c_1"}'
        assert (await s.get("/admin/functions/work", "POST", json={"input": text}))[0] == 202
        assert (await s.settle())[0] == 200
        assert sorted(s.events) == [("track", False), ("work", text)]
        assert memory.taken == []
        assert (await s.get("/admin/functions/nobody", "POST", json={}))[0] == 404
        for body in (b"", b"[]", b'{"input": {}}'):
            assert (await s.get("/admin/functions/track", "POST", data=body))[0] == 400
        assert (await s.get("/admin/functions/track"))[0] == 404
        assert b"Running" in (await s.get("/admin/host/status"))[1]


async def test_a_request_that_is_being_answered_is_waited_for(serve: Any) -> None:
    code = """
    @app.route("slow")
    async def slow(req: func.HttpRequest) -> str:
        await asyncio.sleep(0.3)
        EVENTS.append("answered")
        return ""
    """
    async with serve(code) as s:
        held = asyncio.create_task(s.get("/api/slow"))
        await asyncio.sleep(0.1)
        assert (await s.settle())[1]["runs"] == {"slow": 1}
        assert s.events == ["answered"]
        await held


async def test_a_message_made_while_settle_looks_at_the_queues_is_seen(serve: Any, memory: Any) -> None:
    """`bulk` is looked at first and is empty; `work` is handled before it is looked at, and fills `bulk`."""
    code = """
    QUEUES = []
    @app.queue_trigger(arg_name="msg", queue_name="bulk", connection="AzureWebJobsStorage")
    async def bulk(msg: func.QueueMessage) -> None: EVENTS.append("bulk")
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="AzureWebJobsStorage")
    async def work(msg: func.QueueMessage) -> None:
        EVENTS.append("work")
        await QUEUES[0].put("bulk", "x", 0.8)
    """
    memory.lag = 0.3
    async with serve(code) as s:
        sys.modules["function_app"].QUEUES.append(memory)
        await memory.put("work", "x")
        assert (await s.settle())[0] == 200
        assert s.events == ["work", "bulk"]


async def test_a_background_look_that_read_the_clock_before_a_move_does_not_undo_the_run() -> None:
    """Its late answer would look like a clock that went back, and make the same tick due again."""
    gate, runs = asyncio.Event(), []

    class LateClock:
        jumps = True
        moment = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
        late = False

        async def now(self) -> datetime:
            moment, late, self.late = self.moment, self.late, False
            if late:
                await gate.wait()
            return moment

        async def close(self) -> None:
            """Nothing to close."""

    async def tick(timer: Any) -> None:
        runs.append(timer)

    clock, invoker = LateClock(), Invoker(Path("function_app.py"))
    spec = FunctionSpec("tick", tick, "timertrigger", {"name": "timer"})
    timer = Timer(spec, ncrontab.parse("0 0 * * * *"), clock, invoker)
    settler = Settler([timer], [], None, clock, invoker, lambda: False)
    await settler.look()
    clock.late = True
    background = asyncio.create_task(settler.background())
    await asyncio.sleep(0.01)
    clock.moment += timedelta(hours=2)
    first = asyncio.create_task(settler.settle(5))
    await asyncio.sleep(0.05)
    gate.set()
    await background
    assert (await first)["settled"]
    assert (await settler.settle(5))["settled"]
    assert len(runs) == 1
    invoker.close()
