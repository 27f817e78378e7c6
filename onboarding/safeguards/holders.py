"""The holders of directory roles, read from the tenant once an hour and not once a hire.

`HoldersKept` stands in front of the directory adapter, as `dry_run` does: use cases ask their port and need not know.
The list is kept in memory, a process each, never in the store: it is about people who are nobody's hire. So whoever was
given a role less than an hour ago may be missing from it; `protected_names` of the policy work at once.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from onboarding import observe
from onboarding.errors import DeployerError, OnboardingError, RetryLater
from onboarding.ports import CANNOT_READ, Clock, DirectoryUser

log = logging.getLogger(__name__)

#: How long a list is good. An administrator is rarely made and unmade within the hour.
LIFETIME = timedelta(hours=1)
#: How long a refusal counts before the tenant is asked again: somebody may have granted the permission.
REFUSED_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Read:
    """What came of a read: the holders, or why there are none."""

    at: datetime
    lasts: timedelta
    users: tuple[DirectoryUser, ...] = ()
    failure: OnboardingError | None = None

    def holds(self, now: datetime) -> bool:
        """A clock that went back (a simulator that was started anew) makes it old, too."""
        return timedelta() <= now - self.at < self.lasts


class HoldersKept:
    """One directory adapter; `role_holders` is at most `LIFETIME` old by `clock`, everything else is the adapter's."""

    def __init__(self, directory: Any, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._last: _Read | None = None
        self._reads = 0
        self._reading = asyncio.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    async def role_holders(self) -> tuple[DirectoryUser, ...]:
        """As the port says. Many hires at once wait for one read and share what comes of it; a RetryLater is shared
        by them and kept for nobody else."""
        before = self._reads
        async with self._reading:
            now = await self._clock.now()
            if self._last is None or (self._reads == before and not self._last.holds(now)):
                self._last = await self._read(now)
                self._reads += 1
            last = self._last
        if last.failure:
            raise last.failure.with_traceback(None)
        return last.users

    async def _read(self, now: datetime) -> _Read:
        try:
            return _Read(now, LIFETIME, await self._directory.role_holders())
        except RetryLater as exc:
            return _Read(now, timedelta(), failure=exc)
        except DeployerError as exc:
            if exc.code not in CANNOT_READ:
                raise
            if self._last is None or self._last.failure is None:  # said once, not once a hire
                observe.event(
                    log, "role_holders.unread", level=logging.WARNING, code=exc.code, what=exc.message
                )
            return _Read(now, REFUSED_FOR, failure=exc)
