"""WorkQueue and QueueHost on Storage queues (REST reference: "Queue service operations").

A message's text is base64 (`onboarding.storage.messages`); it never expires. Times are whole seconds there: a wait
is rounded up. A lease that ran out stays valid until somebody else takes the message, and every renewal, release or
other receive makes the receipts before it stale, which is a StoreConflict here.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from azure.core.exceptions import HttpResponseError
from azure.storage.queue.aio import QueueClient

from onboarding.errors import StoreConflict
from onboarding.ports import POISON, WORK_QUEUE, LeasedMessage, WorkMessage
from onboarding.storage.azure.connection import Connection, code_of
from onboarding.storage.messages import encode, text_of

T = TypeVar("T")

#: A longer wait is a due row (design section 5).
MAX_DELAY = 30.0
#: Messages of one request, the service's limit.
MAX_BATCH = 32
_NEVER = -1
#: Long enough to copy a message before somebody else sees it again.
_COPYING = 30
#: What the service says of a message that is gone, or of a receipt that is not the newest one.
_NOT_HELD = {
    "MessageNotFound", "PopReceiptMismatch", "InvalidQueryParameterValue", "ResourceNotFound",
    "OutOfRangeQueryParameterValue",
}  # fmt: skip


class AzureQueue:
    """Both sides of the work queues."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def send(self, message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        """See WorkQueue. ValueError for a delay outside 0 to 30 seconds."""
        if not 0 <= delay <= MAX_DELAY:
            raise ValueError(f"a message waits 0 to {MAX_DELAY:.0f} seconds; plan longer waits as a due row")
        await self.put_raw(queue, encode(message), delay)

    async def put_raw(self, queue: str, body: str, delay: float = 0.0) -> None:
        """Put a body as it stands on the wire: for tests of what a stranger may have sent."""

        async def run(client: QueueClient) -> Any:
            return await client.send_message(body, visibility_timeout=math.ceil(delay), time_to_live=_NEVER)

        await self._connection.on_queue(queue, run)

    async def receive(self, queue: str, count: int, lease_seconds: float) -> list[LeasedMessage]:
        """Lease up to `count` visible messages (32 at most).

        A body that is not base64 goes to the poison queue at once and is not returned, as the Functions host
        does; in a poison queue itself, where there is no further queue, it stays, leased, and is not returned.
        """
        if count < 1:
            return []

        async def run(client: QueueClient) -> list[Any]:
            # One page is one request; the iterator over all pages would ask again until there is nothing left.
            pages = client.receive_messages(
                messages_per_page=min(count, MAX_BATCH), visibility_timeout=math.ceil(lease_seconds)
            ).by_page()
            async for page in pages:
                return [message async for message in page]
            return []

        leased = []
        for found in await self._connection.on_queue(queue, run):
            try:
                text = text_of(found.content)
            except ValueError:
                if not queue.endswith(POISON):
                    await self._move(queue, found.id, found.pop_receipt, found.content)
                continue
            leased.append(
                LeasedMessage(found.id, found.pop_receipt, text, found.dequeue_count, found.inserted_on)
            )
        return leased

    async def renew(self, queue: str, message: LeasedMessage, lease_seconds: float) -> LeasedMessage:
        """See QueueHost. The message as held from now on; StoreConflict for a stale receipt."""
        receipt = await self._show(queue, message, math.ceil(lease_seconds))
        return LeasedMessage(
            message.message_id, receipt, message.body, message.dequeue_count, message.inserted_at
        )

    async def release(self, queue: str, message: LeasedMessage, visible_in: float) -> None:
        """See QueueHost. StoreConflict for a stale receipt."""
        await self._show(queue, message, math.ceil(visible_in))

    async def delete(self, queue: str, message: LeasedMessage) -> None:
        """See QueueHost. StoreConflict for a stale receipt."""
        await self._delete(queue, message.message_id, message.receipt)

    async def to_poison(self, queue: str, message: LeasedMessage) -> None:
        """See QueueHost. StoreConflict for a stale receipt; ValueError in a poison queue, which has no twin.

        Bytes that were not UTF-8 arrive there as U+FFFD: the host holds the text, not the bytes.
        """
        if queue.endswith(POISON):
            raise ValueError("a poison queue has no poison queue of its own")
        receipt = await self._show(queue, message, _COPYING)
        wire = base64.b64encode(message.body.encode()).decode("ascii")
        await self._move(queue, message.message_id, receipt, wire)

    async def backlog(self, queue: str) -> int:
        """See WorkQueue. Leased and delayed messages count as well."""

        async def run(client: QueueClient) -> int:
            return (await client.get_queue_properties()).approximate_message_count or 0

        return await self._connection.on_queue(queue, run)

    async def depth(self, queue: str) -> tuple[int, int]:
        """See QueueHost. Exact while up to 32 are visible; of a longer queue all count as visible.

        The service counts all messages together and approximately, and shows 32 visible ones at most.
        """

        async def run(client: QueueClient) -> tuple[int, int]:
            total = (
                await client.get_queue_properties()
            ).approximate_message_count or 0  # never too few, says Learn
            if total == 0:
                return 0, 0
            seen = len(await client.peek_messages(MAX_BATCH))
            total = max(total, seen)
            return (total, 0) if seen == MAX_BATCH else (seen, total - seen)

        return await self._connection.on_queue(queue, run)

    async def _move(self, queue: str, message_id: str, receipt: str, wire: str) -> None:
        """Copy first: whoever dies in between leaves the message twice, not lost."""
        await self.put_raw(queue + POISON, wire)
        await self._delete(queue, message_id, receipt)

    async def _show(self, queue: str, message: LeasedMessage, seconds: int) -> str:
        """Make a held message visible in `seconds`; the new receipt."""

        async def run(client: QueueClient) -> str:
            shown = await client.update_message(
                message.message_id, pop_receipt=message.receipt, visibility_timeout=seconds
            )
            return str(shown.pop_receipt)

        return await self._held(queue, run)

    async def _delete(self, queue: str, message_id: str, receipt: str) -> None:
        async def run(client: QueueClient) -> None:
            await client.delete_message(message_id, pop_receipt=receipt)

        await self._held(queue, run)

    async def _held(self, queue: str, run: Callable[[QueueClient], Awaitable[T]]) -> T:
        async def guarded(client: QueueClient) -> T:
            try:
                return await run(client)
            except HttpResponseError as exc:
                if code_of(exc) in _NOT_HELD:
                    raise StoreConflict(
                        "the message is no longer held: its lease ran out and somebody else has it"
                    ) from exc
                raise

        return await self._connection.on_queue(queue, guarded)
