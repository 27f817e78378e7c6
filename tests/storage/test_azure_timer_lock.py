"""The lease by which one host of several runs the timers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from onboarding.errors import StoreConflict
from onboarding.settings import Secret, StorageSettings
from onboarding.storage.azure.connection import Connection
from onboarding.storage.azure.timer_lock import LEASE, BlobTimerLock
from tests.storage.stores import T0
from tests.support.azurite import Shared

Make = Callable[..., BlobTimerLock]


@pytest.fixture
async def make(azurite: Shared) -> AsyncIterator[Make]:
    """A lock of another host of the same account; `dead` are hosts that are gone."""
    string = azurite.connection_string(azurite.account())
    connection = Connection(StorageSettings(connection_string=Secret(string)))
    made: list[BlobTimerLock] = []

    def one(who: str, *dead: str, now: Callable[[], float] = lambda: 0.0) -> BlobTimerLock:
        made.append(BlobTimerLock(connection, who, lambda other: other in dead, now))
        return made[-1]

    yield one
    for each in made:
        await each.close()
    await connection.aclose()


async def test_one_host_holds_it_until_it_lets_go_and_says_how_far_it_came(make: Make):
    one, two = make("a/1"), make("a/2")
    assert await one.hold()
    assert (await one.hold(), await two.hold()) == (True, False)
    assert one.last is None
    await one.done(T0)
    await one.close()
    assert await two.hold()
    assert two.last == T0
    assert not await one.hold()


async def test_a_dead_holder_is_not_waited_for_and_a_living_one_is(make: Make):
    dead, living = make("a/1"), make("a/2", "a/1")
    assert await dead.hold()
    await dead.done(T0)
    assert not await make("b/3").hold()
    assert await living.hold()
    assert living.last == T0
    assert not await make("a/4", "a/1").hold()


async def test_who_lost_it_hears_so_when_it_is_done(make: Make):
    one, two = make("a/1"), make("a/2", "a/1")
    assert await one.hold()
    assert await two.hold()
    with pytest.raises(StoreConflict):
        await one.done(T0)
    await two.done(T0 + timedelta(days=1))


async def test_a_host_that_stood_still_asks_again_before_it_relies_on_the_lease(make: Make):
    time = [0.0]
    one, two = make("a/1", now=lambda: time[0]), make("a/2", "a/1")
    assert await one.hold()
    assert await two.hold()
    assert await one.hold(), "it cannot know yet"
    time[0] = float(LEASE)
    assert not await one.hold()
