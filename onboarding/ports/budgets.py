"""Budgets of requests that all instances share."""

from __future__ import annotations

from typing import Protocol

from onboarding.domain.pacing import Budget

#: Entra: 3,000 writes in 2.5 minutes for one app in one tenant, which is 20 a second. One of them is left free, so that
#: requests that arrive a little closer together than they were sent are not refused. (Learn "Microsoft Graph
#: service-specific throttling limits", identity and access.)
DIRECTORY_WRITES = Budget("directory_writes", 1, 1 / 19)
#: The same page, "Identity and access reports": 5 requests in 10 seconds for one app in one tenant.
REPORTS = Budget("reports", 5, 10.0)


class Budgets(Protocol):
    """Grants of a budget, in blocks. A block that is not used is lost, and nothing else is."""

    async def lease(self, budget: Budget, wanted: int) -> list[float]:
        """Seconds from the call on at which requests may be sent, ascending: one at least, `wanted` at most.

        Throttled, with the wait, where not even the first is near; Unavailable when the store cannot be asked.
        """
        ...

    async def hold(self, budget: Budget, seconds: float) -> None:
        """Grant nothing for so long, to nobody: the service asked for it."""
        ...
