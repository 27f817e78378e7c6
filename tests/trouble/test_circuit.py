"""A tenant that does not answer is asked by one request at a time, and nobody's tries are spent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from onboarding import observe
from onboarding.errors import (
    EffectUnknown,
    NotYetVisible,
    OperatorError,
    PermissionMissing,
    TenantHeld,
    Throttled,
    Unavailable,
)
from onboarding.ports import NameTaken
from onboarding.safeguards import stops
from onboarding.safeguards.circuit import FIRST, MOST, PROBE_LEASE, Circuit
from onboarding.safeguards.guard import Guarded
from onboarding.safeguards.limits import Limits
from tests.support.doubles import World

DOWN = Unavailable("HTTP 503")


class Api:
    """An API that answers what it is told, and counts."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.calls = 0
        self.can_draft = True

    async def get_user(self, user_id: str) -> str:
        self.calls += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return user_id

    async def check(self) -> str:
        return "ok"

    async def registration_report(self) -> AsyncIterator[int]:
        self.calls += 1
        yield 1
        if self.error:
            raise self.error
        yield 2


class Instance:
    """One process's guard in front of the API."""

    def __init__(self, world: World, api: Api) -> None:
        self.monotonic = 0.0
        circuit = Circuit("directory", world.store.cases, world.clock, lambda: self.monotonic)
        self.api: Any = Guarded(api, circuit, Limits(world.store.cases, world.clock, world.policy.limits))

    async def ask(self, who: str) -> str:
        """What came of one call for this case: `ok`, or the name of the error."""
        observe.subject.set(who)
        try:
            await self.api.get_user(who)
        except Exception as exc:
            return type(exc).__name__
        return "ok"


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def make(world: World, api: Api) -> Callable[[], Instance]:
    return lambda: Instance(world, api)


async def down(instance: Instance, api: Api) -> None:
    api.error = DOWN
    for n in range(5):
        assert await instance.ask(f"case-{n % 3}") == "Unavailable"


async def test_failures_of_several_cases_open_it_and_then_nothing_is_asked(
    make: Callable[[], Instance], api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    instance = make()
    await down(instance, api)
    assert [await instance.ask(f"case-{n}") for n in range(20)] == ["TenantHeld"] * 20
    assert api.calls == 5
    assert caplog.messages.count("tenant_hold_opened") == 1


async def test_one_case_that_fails_again_and_again_opens_nothing(
    make: Callable[[], Instance], api: Api
) -> None:
    instance, api.error = make(), DOWN
    assert {await instance.ask("case-1") for _ in range(50)} == {"Unavailable"}


@pytest.mark.parametrize(
    "answer",
    [None, OperatorError("x"), PermissionMissing("x"), NotYetVisible("x"), NameTaken()],
    ids=lambda answer: type(answer).__name__,
)
async def test_any_answer_between_the_failures_is_an_answer(
    make: Callable[[], Instance], api: Api, answer: Exception | None
) -> None:
    instance = make()
    for n in range(40):
        api.error = answer if n % 5 == 4 else DOWN
        assert await instance.ask(f"case-{n}") != "TenantHeld"


@pytest.mark.parametrize(
    ("error", "opens"),
    [
        (EffectUnknown("lost"), True),
        (Throttled("503 with Retry-After", code="tenant_busy"), True),
        (Throttled("429", retry_after=5.0), False),
        (Unavailable("423", code="object_busy"), False),
        (NotYetVisible("404"), False),
    ],
)
async def test_what_counts_as_no_answer(
    make: Callable[[], Instance], api: Api, error: Exception, opens: bool
) -> None:
    instance, api.error = make(), error
    last = [await instance.ask(f"case-{n}") for n in range(8)][-1]
    assert (last == "TenantHeld") is opens


async def test_slow_failures_are_no_outage(make: Callable[[], Instance], api: Api) -> None:
    instance, api.error = make(), DOWN
    for n in range(20):
        assert await instance.ask(f"case-{n}") == "Unavailable"
        instance.monotonic += 60


async def test_another_instance_learns_of_it_within_seconds(make: Callable[[], Instance], api: Api) -> None:
    one, two = make(), make()
    assert await two.ask("x") == "ok"
    await down(one, api)
    api.error = None
    assert await two.ask("x") == "ok", "it looked a moment ago"
    two.monotonic += 11
    assert await two.ask("x") == "TenantHeld"


async def test_one_probe_at_a_time_at_growing_intervals_and_then_everybody(
    world: World, make: Callable[[], Instance], api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = make(), make()
    await down(one, api)
    two.monotonic += 11
    gaps, last = [], world.clock.at
    for _ in range(8):
        before = api.calls
        while api.calls == before:
            world.clock.move(seconds=5)
            await asyncio.gather(*(each.ask(f"case-{n}") for n in range(6) for each in (one, two)))
            assert api.calls - before <= 1
        gaps.append(world.clock.at - last)
        last = world.clock.at
    assert gaps[0] == FIRST
    assert gaps == sorted(gaps)
    assert gaps[-1] == MOST
    api.error = None
    world.clock.at += MOST
    assert sorted(await asyncio.gather(one.ask("a"), two.ask("b"))) in (["TenantHeld", "ok"], ["ok", "ok"])
    assert [await each.ask("c") for each in (one, two)] == ["ok", "ok"]
    assert caplog.messages.count("tenant_hold_lifted") == 1
    board = await stops.read(world.store.cases)
    assert board.stops == {}
    assert board.released["tenant:directory"].wake


async def test_a_probe_whose_process_died_is_followed_by_another(
    world: World, make: Callable[[], Instance], api: Api
) -> None:
    one = make()
    await down(one, api)
    world.clock.at += FIRST
    assert await one.api._circuit.enter() is True
    api.error = None
    assert await one.ask("x") == "TenantHeld"
    world.clock.at += PROBE_LEASE
    assert await one.ask("x") == "ok"


async def test_who_is_held_is_told_when_to_look_again(
    world: World, make: Callable[[], Instance], api: Api
) -> None:
    instance = make()
    await down(instance, api)
    world.clock.move(seconds=12)
    with pytest.raises(TenantHeld) as held:
        await instance.api.get_user("x")
    assert held.value.retry_after == pytest.approx((FIRST - timedelta(seconds=12)).total_seconds())


async def test_pages_are_guarded_doctor_is_not_and_the_rest_is_the_adapters(
    make: Callable[[], Instance], api: Api
) -> None:
    instance = make()
    assert [page async for page in instance.api.registration_report()] == [1, 2]
    await down(instance, api)
    assert await instance.api.check() == "ok"
    assert instance.api.can_draft is True
    calls = api.calls
    with pytest.raises(TenantHeld):
        [page async for page in instance.api.registration_report()]
    assert api.calls == calls


async def test_a_store_that_does_not_answer_is_no_tenant_that_does_not(world: World) -> None:
    """The limit is in the store: what it raises opens nothing."""

    class Broken(Limits):
        async def take(self, kind: str, number: int = 1) -> None:
            raise DOWN

    class Passes:
        async def create_pass(self, user_id: str) -> None:
            raise AssertionError("it was sent without being counted")

    circuit = Circuit("directory", world.store.cases, world.clock, lambda: 0.0)
    guarded = Guarded(Passes(), circuit, Broken(world.store.cases, world.clock, world.s.policy.limits))
    for n in range(10):
        observe.subject.set(f"c_{n}")
        with pytest.raises(Unavailable):
            await guarded.create_pass("u")
    assert (await stops.read(world.store.cases)).find(stops.TENANT, "directory") is None
