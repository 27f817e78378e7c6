"""Hours in seconds: an event loop whose time jumps to the next thing that happens, with the pretend tenant inside it.

Everything that waits, waits in this loop's time: the service's clock, its limiters, the network (`Wire`), the queue's
leases and polls. Work in threads (the store) takes no time of this loop: while any is under way, time stands. So what a
run measures is the service's pace by its own waits and budgets, and not the machine's.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from onboarding import bootstrap
from onboarding.bootstrap import App
from onboarding.errors import OnboardingError
from onboarding.operate import work
from onboarding.ports import QUEUES, LeasedMessage
from onboarding.settings import Settings
from onboarding.simulator.clock import VirtualClock
from onboarding.simulator.models.tenant import Tenant
from onboarding.storage import messages
from tests.support.wire import Wire

T = TypeVar("T")

#: Real seconds after which threads are looked at again.
_LOOK = 0.05
#: host.json: messages of one batch, running ones at which the next is taken, and the longest pause between polls.
BATCH, THRESHOLD, POLL = 8, 4, 10.0
LEASE = 600.0


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module. `outside` counts what is under way in threads."""

    def __init__(self) -> None:
        super().__init__(_Jumping(self))
        self.virtual = 0.0
        self.outside = 0

    def time(self) -> float:
        return self.virtual

    def jump(self, seconds: float) -> None:
        """Nobody works for so long; nothing if it is over already."""
        self.virtual += max(seconds, 0.0)


class _Jumping(selectors.DefaultSelector):
    """Where the loop would wait, time moves on at once; unless a thread has something to say first."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._owner = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout == 0 and not self._owner.outside:
            return []  # there are no sockets, and no thread has anything to say
        found = super().select(0)
        if found or timeout == 0:
            return found
        if self._owner.outside > 0:
            return super().select(_LOOK)
        if timeout is None:
            raise RuntimeError("nothing will ever happen here: somebody waits for what nobody does")
        self._owner.virtual += timeout
        return found


def run(main: Callable[[VirtualLoop], Awaitable[T]]) -> T:
    """Run `main` in a virtual loop of its own, and leave this process's app as it was."""
    loop, before = VirtualLoop(), bootstrap._app
    try:
        return loop.run_until_complete(main(loop))
    finally:
        bootstrap._app = before
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@contextmanager
def _outside(loop: VirtualLoop) -> Iterator[None]:
    loop.outside += 1
    try:
        yield
    finally:
        loop.outside -= 1


class LoopClock:
    """The loop's time as a date."""

    def __init__(self, loop: VirtualLoop, begin: datetime) -> None:
        self._loop = loop
        self._begin = begin

    def at(self) -> datetime:
        return self._begin + timedelta(seconds=self._loop.virtual)

    async def now(self) -> datetime:
        return self.at()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the tenant met it, those inside a batch one by one. `at` in seconds of the loop."""

    at: float
    method: str
    path: str
    status: int


class World:
    """The pretend tenant, and the instances of the service in front of it."""

    #: Seconds of half the way to the tenant and back, no two requests alike; None: it is next door.
    HALF_WAY: tuple[float, float] | None = (0.015, 0.035)

    def __init__(
        self,
        loop: VirtualLoop,
        begin: datetime,
        *,
        quotas: list[str],
        seed: int = 1,
        half_way: tuple[float, float] | None = HALF_WAY,
    ) -> None:
        self.loop = loop
        self._half_way = half_way
        self.clock = LoopClock(loop, begin)
        self.tenant = Tenant(seed=seed, start=begin)
        self.tenant.clock = VirtualClock(begin, monotonic=loop.time)
        self.tenant.policy.change({"quotas": quotas})
        self.seen: list[Seen] = []
        self._log, self.tenant.log = self.tenant.log, self._noted  # type: ignore[method-assign,assignment]
        self._random = random.Random(seed)
        self.apps: list[App] = []

    def _noted(self, at: datetime, method: str, shown: str, status: int, **more: Any) -> Any:
        self.seen.append(Seen(self.loop.virtual, method, shown.partition("?")[0], status))
        return self._log(at, method, shown, status, **more)

    async def _way(self) -> None:
        if self._half_way is not None:
            await asyncio.sleep(self._random.uniform(*self._half_way))

    async def instance(self, env: dict[str, str]) -> App:
        """One process of the service: a store connection, limiters and a Graph client of its own."""
        app = bootstrap.build(
            Settings.from_env(env),
            clock=self.clock,
            wall=self.clock.at,
            graph_options={
                "pace": True,
                "monotonic": self.loop.time,
                "transport": Wire(self.tenant, self._way),
            },
        )
        _count(app.store.database, self.loop)
        with _outside(self.loop):
            await app.graph.directory._graph._ready()
        self.apps.append(app)
        return app

    async def close(self) -> None:
        for app in self.apps:
            with _outside(self.loop):
                await app.aclose()


def _count(database: Any, loop: VirtualLoop) -> None:
    """Time stands while the store's threads work."""

    def counted(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            loop.outside += 1
            try:
                return await method(*args, **kwargs)
            finally:
                loop.outside -= 1

        return call

    for name in ("read", "write", "secure"):
        setattr(database, name, counted(getattr(database, name)))


class Listener:
    """A queue trigger of one instance, as the host polls (host.json)."""

    def __init__(self, app: App, queue: str) -> None:
        self._app = app
        self._queue = queue
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        pause = 0.1
        while True:
            if len(self._running) > THRESHOLD:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            elif found := await self._app.queue_host.receive(self._queue, BATCH, LEASE):
                pause = 0.1
                for message in found:
                    task = asyncio.create_task(self._handle(message))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, POLL)

    async def _handle(self, message: LeasedMessage) -> None:
        given = messages.from_json(message.body)
        try:
            await work.handle(
                self._app.services, given, queue=self._queue, redelivered=message.dequeue_count > 1
            )
        except OnboardingError:
            await self._app.queue_host.release(self._queue, message, 30.0)
        else:
            await self._app.queue_host.delete(self._queue, message)


async def every(seconds: float, app: App, *timers: Callable[[Any], Awaitable[object]]) -> None:
    """Timers of one instance, as the platform runs each on one instance only."""
    while True:
        await asyncio.sleep(seconds)
        for timer in timers:
            await timer(app.services)


@contextmanager
def hosted(apps: list[App], *more: Awaitable[Any]) -> Iterator[None]:
    """Listeners on both queues of every instance, and `more`, while inside."""
    tasks = [asyncio.ensure_future(Listener(app, queue).run()) for app in apps for queue in QUEUES]
    tasks += [asyncio.ensure_future(item) for item in more]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


#: Thursday morning.
BEGIN = datetime(2027, 3, 4, 8, 0, tzinfo=UTC)
