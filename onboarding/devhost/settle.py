"""One pass over the timers, for the background tick and for `settle`; and the drain that settle promises.

Both hold one lock while they look at the timers and run them, so a tick is run once, by whoever sees it first,
and both do it in the same way: timers in the order of definition in the app, visible messages drained before
and after each. So what a moved clock sets off does not depend on who noticed it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

from onboarding import observe
from onboarding.devhost.clock import HostClock
from onboarding.devhost.invoke import Invoker
from onboarding.devhost.queues import QueueListener
from onboarding.devhost.timers import OnlyHost, Timer, TimerLock
from onboarding.errors import OnboardingError, StoreConflict
from onboarding.ports import QueueHost

log = logging.getLogger(__name__)

#: How often the drain looks, in real seconds.
_LOOK = 0.01
#: How long settle waits for a message that nobody can see yet (a short back-off, or the lease of a worker that
#: died). What takes longer is not due by now: it is reported as `later`, and its due row brings it back too.
_PATIENCE = 8.0
#: The background tick waits this long for the queues between two timers that are due together.
_BETWEEN = 10.0


class Settler:
    """Runs what is due. `manual_busy` says whether a run by hand is under way; `lock`, whether the timers are ours."""

    def __init__(
        self,
        timers: Sequence[Timer],
        listeners: Sequence[QueueListener],
        queues: QueueHost | None,
        clock: HostClock,
        invoker: Invoker,
        manual_busy: Callable[[], bool],
        lock: TimerLock | None = None,
    ) -> None:
        self._timers, self._listeners, self._queues = timers, listeners, queues
        self._clock, self._invoker, self._manual_busy = clock, invoker, manual_busy
        self._lock = asyncio.Lock()
        self._timer_lock = lock or OnlyHost()
        self._ours = False
        self._tasks: set[asyncio.Task[bool]] = set()
        self._reported: Counter[str] = Counter()

    async def look(self) -> None:
        """Start the schedules. Raises Unavailable when the clock cannot be read."""
        async with self._lock:
            now = await self._clock.now()
            if await self._hold(now):
                for timer in self._timers:
                    timer.is_due(now)

    async def background(self) -> None:
        """Run the timers that are due. Raises Unavailable when the clock cannot be read."""
        async with self._lock:
            now = await self._clock.now()
            if await self._hold(now) and any([timer.is_due(now) for timer in self._timers]):
                await self._pass(now, None)

    async def settle(self, timeout: float) -> dict[str, Any]:
        """Run each timer that is due by now once, and drain the queues; messages that are delayed or leased are
        waited for a few seconds, and are `later` after that.

        Returns the body of the answer: `settled` False when `timeout` (real seconds) was not enough (nothing
        that runs is cancelled then), and `runs` by function since the last answer, whoever started them. `timers`
        is there when another host runs them: then only the queues are drained.
        """
        loop = asyncio.get_running_loop()
        start = loop.time()
        error, settled, ours = None, False, True
        try:
            async with self._held(timeout):
                deadline = start + timeout
                now = await self._clock.now() if self._timers else None
                ours = now is None or await self._hold(now)
                passed = now is None or not ours or await self._pass(now, deadline)
                settled = passed and await self._drain(deadline, hidden=True)
        except TimeoutError:
            error = "the background tick is still running timers"
        except OnboardingError as exc:
            observe.failure(log, "settle.failed", exc)
            error = exc.message
        report: dict[str, Any] = {
            "settled": settled,
            "runs": dict(self._invoker.runs - self._reported),
            "seconds": round(loop.time() - start, 3),
        }
        self._reported = Counter(self._invoker.runs)
        if not ours:
            report["timers"] = "another host runs them"
        left = await self._left()
        if not settled:
            report["left"] = left
        elif left["queues"]:
            report["later"] = left["queues"]
        return {**report, "error": error} if error else report

    @contextlib.asynccontextmanager
    async def _held(self, timeout: float) -> AsyncIterator[None]:
        async with asyncio.timeout(timeout):
            await self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    async def _hold(self, now: datetime) -> bool:
        """Do the timers belong to this host? One that takes them over goes on where the other ended."""
        held = await self._timer_lock.hold()
        if held and not self._ours and (last := self._timer_lock.last) is not None:
            for timer in self._timers:
                timer.begin(last, now)
        self._ours = held
        return held

    async def _pass(self, now: datetime, deadline: float | None) -> bool:
        """Every timer due by `now`, once, in order. False when the deadline came first."""
        if not await self._between(deadline):
            return False
        ran = False
        for timer in self._timers:
            if not timer.is_due(now):
                continue
            ran = True
            # A task of its own: a settle that runs out of time leaves the function running.
            task = asyncio.create_task(timer.run_if_due(now))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            left = None if deadline is None else max(deadline - asyncio.get_running_loop().time(), 0)
            done, _ = await asyncio.wait({task}, timeout=left)
            if not done or not await self._between(deadline):
                return False
        if ran:
            with contextlib.suppress(StoreConflict):  # then the next holder runs these timers once more
                await self._timer_lock.done(now)
        return True

    async def _between(self, deadline: float | None) -> bool:
        """Drain what is visible. Without a deadline, give up quietly after a while and go on."""
        if deadline is not None:
            return await self._drain(deadline, hidden=False)
        await self._drain(asyncio.get_running_loop().time() + _BETWEEN, hidden=False)
        return True

    async def _drain(self, deadline: float, *, hidden: bool) -> bool:
        """Wait until nothing runs and the queues are empty (`hidden`: for a while, of delayed messages too)."""
        loop = asyncio.get_running_loop()
        quiet_since, started = loop.time(), self._invoker.started
        while True:
            looked = loop.time()
            patient = looked - quiet_since < _PATIENCE
            if await self._empty(hidden and patient):
                return True
            if self._active() or started != self._invoker.started:
                quiet_since, started = loop.time(), self._invoker.started
            if loop.time() >= deadline:
                return await self._empty(False)
            # A store that takes its time to answer is not asked more often for it.
            await asyncio.sleep(max(_LOOK, loop.time() - looked))

    async def _empty(self, hidden: bool) -> bool:
        """Nothing ran when we began to look, nothing started since, and there is nothing in the queues.

        Messages come from functions only (and from outside, which nobody can settle), so the two together
        mean that nothing can come any more.
        """
        started = self._invoker.started
        if self._active():
            return False
        empty = True
        for listener, visible, invisible in await self._depths():
            if visible:
                listener.wake()
            empty = empty and not visible and not (hidden and invisible)
        return empty and not self._active() and started == self._invoker.started

    def _active(self) -> bool:
        return bool(
            self._invoker.running or self._manual_busy() or any(listener.busy for listener in self._listeners)
        )

    async def _depths(self) -> list[tuple[QueueListener, int, int]]:
        if self._queues is None:
            return []
        depths = await asyncio.gather(*(self._queues.depth(listener.queue) for listener in self._listeners))
        return [(listener, *depth) for listener, depth in zip(self._listeners, depths, strict=True)]

    async def _left(self) -> dict[str, Any]:
        try:
            depths = {
                listener.queue: {"visible": visible, "hidden": hidden}
                for listener, visible, hidden in await self._depths()
                if visible or hidden
            }
        except OnboardingError as exc:
            observe.failure(log, "settle.depth_failed", exc)
            depths = {}
        return {
            "queues": depths,
            "running": sorted(self._invoker.running),
            "timers": [timer.spec.name for timer in self._timers if timer.waiting],
        }

    def cancel(self) -> None:
        """Stop waiting for timer runs."""
        for task in self._tasks:
            task.cancel()
