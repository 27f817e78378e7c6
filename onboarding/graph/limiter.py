"""Pacing of the report and audit APIs: 5 requests per 10 seconds per app and tenant.

Learn "Microsoft Graph service-specific throttling limits", identity and access reports. One limiter a
process; other instances of the same app share the limit and are handled by the 429s that remain.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from onboarding.graph.retry import Sleep

REQUESTS, SECONDS = 5, 10.0


class ReportLimiter:
    """`await acquire()` before each request; `pause(s)` after a 429. `monotonic` is in seconds."""

    def __init__(self, sleep: Sleep, monotonic: Callable[[], float]) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._sent: deque[float] = deque(maxlen=REQUESTS)
        self._not_before = 0.0
        self._lock = asyncio.Lock()

    async def acquire(self) -> None:
        """Return when a request may be sent. First come, first served."""
        async with self._lock:
            while (wait := self._wait()) > 0:
                await self._sleep(wait)
            self._sent.append(self._monotonic())

    def pause(self, seconds: float) -> None:
        """Nobody sends for so long: the service has said so."""
        self._not_before = max(self._not_before, self._monotonic() + seconds)

    def _wait(self) -> float:
        now = self._monotonic()
        wait = self._not_before - now
        if len(self._sent) == REQUESTS:
            wait = max(wait, self._sent[0] + SECONDS - now)
        return wait
