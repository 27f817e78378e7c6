"""Shared budgets as markers: one row a budget, compare-and-swap, for both stores.

The row holds the times of the newest grants. Reading and writing it costs two requests a block, and a block is up to
a second's worth, however many instances there are.
"""

from __future__ import annotations

from collections.abc import Callable

from onboarding.domain import pacing
from onboarding.domain.pacing import Budget
from onboarding.errors import StoreConflict, Throttled
from onboarding.ports import CaseStore, Clock

PREFIX = "budget_"
#: Somebody else writes the row at the same moment; after so many times the caller comes again.
_TRIES = 20


class StoredBudgets:
    """`ports.Budgets` over the markers of a store. `clock` must be the same for all instances."""

    def __init__(self, cases: CaseStore, clock: Clock) -> None:
        self._cases = cases
        self._clock = clock

    async def lease(self, budget: Budget, wanted: int) -> list[float]:
        """See Budgets."""
        granted: list[float] = []
        now = 0.0

        def decide(sent: list[float], at: float) -> list[float] | None:
            nonlocal granted, now
            now = at
            granted, keep = pacing.grants(budget, sent, at, wanted)
            return keep if granted[0] - at <= pacing.AHEAD_SECONDS else None

        if not await self._change(budget, decide):
            raise Throttled(
                "The shared budget of requests is spent for now; it is tried again later.",
                retry_after=granted[0] - now,
            )
        return [at - now for at in granted]

    async def hold(self, budget: Budget, seconds: float) -> None:
        """See Budgets."""
        await self._change(budget, lambda sent, now: pacing.held(budget, sent, now, seconds))

    async def _change(
        self, budget: Budget, decide: Callable[[list[float], float], list[float] | None]
    ) -> bool:
        """Write what `decide` makes of the row; False where it makes nothing of it."""
        name = PREFIX + budget.name
        for _ in range(_TRIES):
            marker = await self._cases.read_marker(name)
            now = (await self._clock.now()).timestamp()
            keep = decide([float(at) for at in marker.value["sent"]] if marker else [], now)
            if keep is None:
                return False
            try:
                await self._cases.write_marker(name, {"sent": keep}, marker.etag if marker else None)
            except StoreConflict:
                continue
            return True
        raise Throttled("Many instances ask for requests at the same moment.", retry_after=1.0)
