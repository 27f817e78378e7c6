"""The work queues: their names, what a message says, both ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

WORK_QUEUE = "onboarding-work"
BULK_QUEUE = "onboarding-bulk"
QUEUES = (WORK_QUEUE, BULK_QUEUE)
POISON = "-poison"


@dataclass(frozen=True, slots=True)
class WorkMessage:
    """ "Look now": exactly one of the ids, and a code for why. Never personal data."""

    case_id: str | None = None
    delivery_id: str | None = None
    why: str = "event"


class WorkQueue(Protocol):
    """Sending side of the work queues. Messages never expire."""

    async def send(self, message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        """Enqueue; invisible for `delay` seconds (30 at most). Unavailable when the queue cannot take it."""
        ...

    async def backlog(self, queue: str) -> int:
        """About how many messages wait in it now. One question, however many there are."""
        ...


@dataclass(frozen=True, slots=True)
class LeasedMessage:
    """A message as the host holds it. `receipt` proves the lease."""

    message_id: str
    receipt: str
    #: Decoded text of the message.
    body: str
    dequeue_count: int
    inserted_at: datetime


class QueueHost(Protocol):
    """Receiving side, used only by a host: lease, renew, delete, release, poison twin."""

    async def receive(self, queue: str, count: int, lease_seconds: float) -> list[LeasedMessage]: ...

    async def renew(self, queue: str, message: LeasedMessage, lease_seconds: float) -> LeasedMessage: ...

    async def delete(self, queue: str, message: LeasedMessage) -> None: ...

    async def release(self, queue: str, message: LeasedMessage, visible_in: float) -> None: ...

    async def to_poison(self, queue: str, message: LeasedMessage) -> None:
        """Copy to `<queue>-poison` and delete."""
        ...

    async def depth(self, queue: str) -> tuple[int, int]:
        """(visible now, leased or delayed)."""
        ...
