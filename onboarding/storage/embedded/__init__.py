"""The store of one machine: a single SQLite file that several processes may use at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from onboarding.ports import CaseStore, DeliveryStore, QueueHost, UsageStore, WorkQueue
from onboarding.storage.embedded.cases import EmbeddedCaseStore
from onboarding.storage.embedded.database import EmbeddedDatabase, repeatable
from onboarding.storage.embedded.deliveries import EmbeddedDeliveryStore
from onboarding.storage.embedded.queue import EmbeddedQueue
from onboarding.storage.embedded.usage import EmbeddedUsageStore


@dataclass(frozen=True, slots=True)
class EmbeddedStore:
    """The ports over one file, and the file to close."""

    cases: CaseStore
    deliveries: DeliveryStore
    usage: UsageStore
    queue: WorkQueue
    queue_host: QueueHost
    database: EmbeddedDatabase

    @staticmethod
    def repeatable() -> AbstractContextManager[None]:
        """For workers and timers: what they write inside they write again where a power failure undid it."""
        return repeatable()

    async def secure(self) -> None:
        """Return when all that was written before would survive a power failure."""
        await self.database.secure()

    def close(self) -> None:
        """Finish waiting writes and close the file."""
        self.database.close()

    async def aclose(self) -> None:
        """`close`, in the form that every store has."""
        self.close()


def open_embedded(path: str, wall: Callable[[], datetime]) -> EmbeddedStore:
    """The store in the SQLite file at `path`; the file is opened, and made, on first use.

    `wall` is the host's real clock (aware UTC, callable from any thread) and is used for queue leases and
    visibility only. ":memory:" is a private store of this object, for tests.
    """
    database = EmbeddedDatabase(path)
    queue = EmbeddedQueue(database, wall)
    return EmbeddedStore(
        EmbeddedCaseStore(database),
        EmbeddedDeliveryStore(database),
        EmbeddedUsageStore(database),
        queue,
        queue,
        database,
    )
