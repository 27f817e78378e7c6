"""A tenant that does not answer is asked by one request at a time until it does.

    closed ─► five failures in two minutes, of three cases or more, and no answer between ─► open (stop `tenant:<api>`)
    open ─► its pause is over: one request goes through, the probe ─► answered: closed · not answered: a longer pause

While it is open every other call is TenantHeld at once: nothing is sent, and no case's tries are spent. A failure is a
5xx, a lost connection or silence; anything that the tenant says, also a refusal, is an answer. One case that fails
again and again is its own trouble and opens nothing.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from onboarding import observe
from onboarding.errors import (
    EffectUnknown,
    Held,
    OnboardingError,
    RetryLater,
    TenantHeld,
    Throttled,
    Unavailable,
)
from onboarding.ports import CaseStore, Clock
from onboarding.safeguards import stops
from onboarding.safeguards.stops import Board, Release, Stop

log = logging.getLogger(__name__)

FAILURES, SUBJECTS, WITHIN = 5, 3, 120.0
FIRST, MOST = timedelta(seconds=30), timedelta(minutes=10)
#: A probe whose process died is given up after this; longer than a call may take.
PROBE_LEASE = timedelta(minutes=2)
#: Seconds for which a process believes that nothing is stopped.
BELIEVED = 10.0
#: Codes of errors that say nothing about whether the tenant answers.
_NEITHER = frozenset({Throttled.code, "object_busy"})


class Circuit:
    """The circuit of one API in one process. `monotonic` is in seconds."""

    def __init__(self, api: str, cases: CaseStore, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._api = api
        self._cases = cases
        self._clock = clock
        self._monotonic = monotonic
        self._failures: deque[tuple[float, str]] = deque(maxlen=FAILURES)
        #: When the board was last read and said that nothing is stopped.
        self._free_at: float | None = None

    async def enter(self) -> bool:
        """Before a call. True: it is the probe. TenantHeld while somebody else's is to be waited for."""
        if self._free_at is not None and self._monotonic() - self._free_at < BELIEVED:
            return False
        stop = (await stops.read(self._cases)).find(stops.TENANT, self._api)
        if stop is None:
            self._free_at = self._monotonic()
            return False
        now = await self._clock.now()
        if stop.until is not None and now < stop.until:
            raise self._held(stop.until - now)
        return await self._claim(now)

    async def leave(self, error: OnboardingError | None, probe: bool) -> None:
        """After a call, with what it raised. A probe that says nothing either way is followed by another."""
        if isinstance(error, Held):
            return  # it was not sent
        if failed(error):
            await (self._again() if probe else self._failed())
        elif not isinstance(error, RetryLater) or error.code not in _NEITHER:
            self._failures.clear()
            if probe:
                await self._close()

    async def _claim(self, now: datetime) -> bool:
        found: Stop | None = None

        def decide(board: Board) -> bool:
            nonlocal found
            found = board.find(stops.TENANT, self._api)
            if found is None or (found.until is not None and now < found.until):
                return False
            found.until = now + PROBE_LEASE
            return True

        if await stops.change(self._cases, decide):
            return True
        if found is not None:
            raise self._held((found.until or now) - now)
        return False

    def _held(self, wait: timedelta) -> TenantHeld:
        return TenantHeld(
            "The tenant does not answer; one request at a time finds out when it does.",
            retry_after=max(wait / timedelta(seconds=1), 1.0),
        )

    async def _failed(self) -> None:
        at = self._monotonic()
        self._failures.append((at, observe.subject.get()))
        recent = [subject for when, subject in self._failures if at - when <= WITHIN]
        if len(recent) == FAILURES and len(set(recent)) >= SUBJECTS:
            self._failures.clear()
            await self._open()

    async def _open(self) -> None:
        now = await self._clock.now()
        text = f"{FAILURES} requests of several people got no answer, one after the other."

        def decide(board: Board) -> bool:
            if board.find(stops.TENANT, self._api) is not None:
                return False
            board.open(Stop(stops.TENANT, self._api, now, until=now + FIRST, text=text))
            return True

        self._free_at = None
        if await stops.change(self._cases, decide):
            observe.event(log, "tenant_hold_opened", level=logging.ERROR, api=self._api)

    async def _again(self) -> None:
        """The probe got no answer."""
        now = await self._clock.now()

        def decide(board: Board) -> bool:
            found = board.find(stops.TENANT, self._api)
            if found is None:
                return False
            found.tries += 1
            found.until = now + stops.growing(FIRST, found.tries, MOST)
            return True

        await stops.change(self._cases, decide)

    async def _close(self) -> None:
        now = await self._clock.now()

        def decide(board: Board) -> bool:
            found = board.find(stops.TENANT, self._api)
            if found is None:
                return False
            board.end(found, Release(now))
            return True

        if await stops.change(self._cases, decide):
            observe.event(log, "tenant_hold_lifted", level=logging.WARNING, api=self._api)


def failed(error: OnboardingError | None) -> bool:
    """The tenant gave no answer to this call."""
    if isinstance(error, (Unavailable, EffectUnknown)):
        return error.code not in _NEITHER
    return isinstance(error, Throttled) and error.code == "tenant_busy"
