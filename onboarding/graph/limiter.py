"""Pacing of requests that share a budget: this process spends what it leased (`ports.Budgets`).

Each request gets a moment of its own from the block and waits for it; requests that wait meanwhile are counted into
the next block. What the service asked for in Retry-After holds everybody, in this process at once and in the others
through the store.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from onboarding.domain import pacing
from onboarding.domain.pacing import Budget
from onboarding.errors import Throttled
from onboarding.graph.retry import Sleep
from onboarding.ports import Budgets

#: A moment that has passed by more than this is not made up for: requests would bunch together.
_LATE = 0.05


class Limiter:
    """`await acquire()` before each request; `await pause(s)` after a 429. `monotonic` is in seconds."""

    def __init__(
        self, budget: Budget, budgets: Budgets, sleep: Sleep, monotonic: Callable[[], float]
    ) -> None:
        self._budget = budget
        self._budgets = budgets
        self._sleep = sleep
        self._monotonic = monotonic
        self._moments: deque[float] = deque()
        self._asking = 0
        self._not_before = 0.0
        self._lock = asyncio.Lock()

    async def acquire(self) -> None:
        """Return when a request may be sent. First come, first served. Throttled where that is far away."""
        while True:
            moment = await self._moment()
            while (wait := moment - self._monotonic()) > 0:
                await self._sleep(wait)
            if moment >= self._not_before:
                return

    async def pause(self, seconds: float) -> None:
        """Nobody sends for so long: the service has said so."""
        until = self._monotonic() + seconds
        if until <= self._not_before + _LATE:
            return  # another request of the same moment was told the same
        self._not_before = until
        self._moments.clear()
        await self._budgets.hold(self._budget, seconds)

    async def _moment(self) -> float:
        self._asking += 1
        try:
            async with self._lock:
                while self._moments and self._moments[0] < self._monotonic() - _LATE:
                    self._moments.popleft()
                if not self._moments:
                    begin = self._monotonic()
                    found = await self._budgets.lease(self._budget, self._asking)
                    self._moments.extend(begin + offset for offset in found)
                return self._moments.popleft()
        finally:
            self._asking -= 1


class LocalBudgets:
    """`ports.Budgets` of one process alone, without a store."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._sent: dict[str, list[float]] = {}

    async def lease(self, budget: Budget, wanted: int) -> list[float]:
        """See Budgets."""
        now = self._monotonic()
        found, keep = pacing.grants(budget, self._sent.get(budget.name, []), now, wanted)
        if found[0] - now > pacing.AHEAD_SECONDS:
            raise Throttled("The budget of requests is spent for now.", retry_after=found[0] - now)
        self._sent[budget.name] = keep
        return [at - now for at in found]

    async def hold(self, budget: Budget, seconds: float) -> None:
        """See Budgets."""
        now = self._monotonic()
        self._sent[budget.name] = pacing.held(budget, self._sent.get(budget.name, []), now, seconds)


class Pressure:
    """How full the tenant says that a budget of ours is, and how long a request waits because of it.

    Answers carry `x-ms-throttle-limit-percentage` from 0.8 of a limit on (Learn "Throttling limits"). The wait grows
    with the square of what lies above: 0.1 s at 0.9, half a second at the limit, 5 s at most.
    """

    _FROM, _AT_LIMIT, _LONGEST = 0.8, 0.5, 5.0
    #: Seconds after which the newest word is forgotten: the window of the resource units.
    _MEMORY = 10.0

    def __init__(self, sleep: Sleep, monotonic: Callable[[], float]) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._share, self._at = 0.0, 0.0

    def note(self, share: float | None) -> None:
        """What an answer said; None: it said nothing."""
        if share is not None:
            self._share, self._at = share, self._monotonic()

    @property
    def wait(self) -> float:
        """Seconds that the next request waits."""
        over = self._share - self._FROM
        if over <= 0 or self._monotonic() - self._at > self._MEMORY:
            return 0.0
        return min(self._LONGEST, self._AT_LIMIT * (over / (1 - self._FROM)) ** 2)

    def ease(self) -> Awaitable[None]:
        """Wait so long."""
        return self._eased(self.wait)

    async def _eased(self, seconds: float) -> None:
        if seconds > 0:
            await self._sleep(seconds)
