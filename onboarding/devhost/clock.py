"""The clock that timers are judged by: the service's own, so that a fast-forwarded day is one for both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

import aiohttp

from onboarding.errors import Unavailable


class HostClock(Protocol):
    """Aware UTC. `jumps`: somebody may move it, so ticks may be skipped over in one step."""

    jumps: bool

    async def now(self) -> datetime: ...

    async def close(self) -> None: ...


class SystemClock:
    """The machine's clock."""

    jumps = False

    async def now(self) -> datetime:
        return datetime.now(UTC)

    async def close(self) -> None:
        """Nothing to close."""


class SimulatorClock:
    """`GET {base}/_control/clock` → `{"now": "<RFC 3339>"}`, read anew each time."""

    jumps = True

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url.rstrip('/')}/_control/clock"
        self._session: aiohttp.ClientSession | None = None

    async def now(self) -> datetime:
        """Raises Unavailable when the simulator does not answer."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        try:
            async with self._session.get(self._url) as answer:
                answer.raise_for_status()
                data = await answer.json()
            moment = datetime.fromisoformat(data["now"])
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as exc:
            raise Unavailable(
                f"The simulator's clock cannot be read at {self._url}: start it first."
            ) from exc
        if moment.tzinfo is None:
            raise Unavailable("The simulator's clock has no UTC offset.")
        return moment.astimezone(UTC)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
