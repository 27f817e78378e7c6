"""Requests that share a budget, and a tenant that says how full it is. Time is virtual."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import httpx
import pytest

from onboarding.domain.pacing import Budget
from onboarding.errors import Throttled, Unavailable
from onboarding.graph.limiter import Limiter, LocalBudgets, Pressure
from onboarding.ports import Mail, NewUser
from tests.graph.conftest import Time

NEW = NewUser("a@b.c", "a", "A", "1", "pw")
MADE = httpx.Response(201, json={"id": "u"})


async def test_directory_writes_keep_to_nineteen_a_second(rig):
    rig.reply(MADE)
    for _ in range(60):
        await rig.directory.create_user(NEW)
    gaps = [later - sooner for sooner, later in pairwise(rig.wire.at)]
    assert min(gaps) == pytest.approx(1 / 19)
    assert rig.wire.at[-1] - rig.wire.at[0] == pytest.approx(59 / 19)


async def test_reads_and_mail_take_nothing_from_the_budget_of_writes(rig):
    rig.reply(httpx.Response(202, json={"id": "u", "value": []}))
    for _ in range(25):
        await rig.directory.get_user("u")
        await rig.mailer.send_now(Mail(("a@example.org",), "s", "<p>h</p>", "h", "en", "r"), save=True)
    assert rig.time.slept == []


async def test_a_429_of_one_write_holds_the_next_one(rig):
    rig.reply(httpx.Response(429, json={}, headers={"Retry-After": "3.5"}), MADE)
    await rig.directory.create_user(NEW)
    assert rig.wire.at[1] - rig.wire.at[0] == pytest.approx(3.5)


async def test_those_who_wait_at_once_are_leased_for_together(rig):
    """One question to the store for a crowd, not one for each."""
    time = Time()
    asked: list[int] = []

    class Counted(LocalBudgets):
        async def lease(self, budget: Budget, wanted: int) -> list[float]:
            asked.append(wanted)
            await asyncio.sleep(0)
            return await super().lease(budget, wanted)

    limiter = Limiter(Budget("x", 1, 0.1), Counted(time.monotonic), time.sleep, time.monotonic)
    await asyncio.gather(*(limiter.acquire() for _ in range(9)))
    assert sum(asked) >= 9
    assert len(asked) <= 3


async def test_a_pause_catches_whoever_waits_already(rig):
    time = Time()
    limiter = Limiter(Budget("x", 1, 1.0), LocalBudgets(time.monotonic), time.sleep, time.monotonic)
    await limiter.acquire()

    async def sleep(seconds: float) -> None:
        time.slept.append(seconds)
        time.now += seconds
        if len(time.slept) == 1:
            await limiter.pause(20.0)

    limiter._sleep = sleep
    await limiter.acquire()
    assert time.now == pytest.approx(1000 + 1 + 20)


async def test_a_store_that_is_away_sends_nothing_and_says_so(rig):
    class Away(LocalBudgets):
        async def lease(self, budget: Budget, wanted: int) -> list[float]:
            raise Unavailable("the store does not answer")

    rig.connection._writes._budgets = Away(rig.time.monotonic)
    with pytest.raises(Unavailable):
        await rig.directory.create_user(NEW)
    assert rig.wire.requests == []


async def test_a_moment_far_away_is_for_the_caller_to_plan():
    time = Time()
    budgets = LocalBudgets(time.monotonic)
    await budgets.hold(Budget("x", 1, 1.0), 300)
    limiter = Limiter(Budget("x", 1, 1.0), budgets, time.sleep, time.monotonic)
    with pytest.raises(Throttled) as caught:
        await limiter.acquire()
    assert caught.value.retry_after == pytest.approx(300)


# --- x-ms-throttle-limit-percentage ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        (None, 0),
        ("0.79", 0),
        ("0.8", 0),
        ("0.9", 0.125),
        ("1", 0.5),
        ("1.0", 0.5),
        ("1.8", 5.0),
        ("x", 0),
        ("-1", 0),
    ],
)
async def test_the_fuller_the_budget_the_longer_the_next_request_waits(rig, said, waits):
    headers = {} if said is None else {"x-ms-throttle-limit-percentage": said}
    rig.reply(httpx.Response(200, json={"id": "u"}, headers=headers))
    await rig.directory.get_user("u")
    assert rig.time.slept == []
    await rig.directory.get_user("u")
    assert sum(rig.time.slept) == pytest.approx(waits)


async def test_what_the_tenant_said_is_forgotten_after_its_window():
    time = Time()
    pressure = Pressure(time.sleep, time.monotonic)
    pressure.note(1.2)
    pressure.note(None)
    assert pressure.wait == pytest.approx(2.0)
    time.now += 10.1
    assert pressure.wait == 0
