"""Timer triggers: one run for a tick, however many ticks were skipped, never two of one timer at a time.

As the host's TimerListener: serial per timer, exceptions logged and forgotten until the next tick, no retry,
`run_on_startup`. Judged by the service's clock. Differences, on purpose: with a clock that jumps, the next
tick counts from the start of a run (so a jump during the run is not lost; the real host counts from its end),
and `past_due` also says that ticks were skipped over (the real host says it only at start, from its store).
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

from onboarding.devhost import bindings
from onboarding.devhost.clock import HostClock
from onboarding.devhost.invoke import Invoker
from onboarding.devhost.model import FunctionSpec
from onboarding.devhost.ncrontab import Schedule

#: A clock that went back further than this was moved, not adjusted.
_BACKWARDS = timedelta(seconds=2)


class TimerLock(Protocol):
    """Which host runs the timers. `last`: everything due by then has run, whoever held the lock; None: unknown."""

    last: datetime | None

    async def hold(self) -> bool:
        """True if it is this host, now."""
        ...

    async def done(self, at: datetime) -> None:
        """Note that what was due by `at` has run. StoreConflict if the lock was lost."""
        ...


class OnlyHost:
    """The lock of a store that one host serves. It forgets with the process, as that host's schedules do."""

    last: datetime | None = None

    async def hold(self) -> bool:
        return True

    async def done(self, at: datetime) -> None:
        """Nobody needs to know."""


class Timer:
    """One timer function. `due` is its next tick, None before `start`."""

    def __init__(self, spec: FunctionSpec, schedule: Schedule, clock: HostClock, invoker: Invoker) -> None:
        self.spec = spec
        self._schedule, self._clock, self._invoker = schedule, clock, invoker
        self._one = asyncio.Lock()
        self._seen: datetime | None = None
        self._last: datetime | None = None
        self._startup = spec.run_on_startup
        self.due: datetime | None = None

    def begin(self, last: datetime | None, now: datetime) -> None:
        """Count from `last`, when another host had its turn, so that no tick is left out; None: from now."""
        self.due = self._schedule.after(last if last is not None and last <= now else now)
        self._seen = now

    def is_due(self, now: datetime) -> bool:
        """Is a tick at or before `now` waiting? Starts the schedule on the first look."""
        if self.due is None or self._seen is None or now < self._seen - _BACKWARDS:
            # First look, or the clock was moved back (a simulator that was reset): count from here.
            self.due = self._schedule.after(now)
        self._seen = now
        return self._startup or (self.due is not None and self.due <= now)

    @property
    def waiting(self) -> bool:
        """Was a tick waiting, or the function running, when somebody last looked?"""
        late = self._seen is not None and self.due is not None and self.due <= self._seen
        return late or self._startup or self._one.locked()

    async def run_if_due(self, now: datetime) -> bool:
        """Run once if a tick is waiting. True if it ran. `now` must not be older than the last one given."""
        async with self._one:
            if not self.is_due(now):
                return False
            due, self._startup = self.due, False
            skipped = due is not None and due <= now and (self._schedule.after(due) or now) < now
            # Before the run, so that nobody takes the tick for waiting while it is being run.
            self.due = self._schedule.after(now)
            await self._run(skipped)
            self._last = now
            if not self._clock.jumps:
                self.due = self._schedule.after(await self._clock.now())
            return True

    async def run_now(self) -> None:
        """The manual trigger: run without touching the schedule."""
        async with self._one:
            await self._run(False)

    async def _run(self, past_due: bool) -> None:
        request = bindings.timer_request(past_due, self._last, self.due)
        await self._invoker.attempt(self.spec, request)
