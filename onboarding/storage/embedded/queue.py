"""WorkQueue and QueueHost on SQLite, with the behaviour of Azure Storage queues that the code relies on.

Visibility is real time (`wall`), never the clock that decides what is due. A receipt proves the lease: whoever
receives, renews or releases a message makes the receipts before it stale. An expired lease stays valid until
somebody else takes the message, as in Azure. Messages never expire.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

from onboarding.errors import StoreConflict
from onboarding.ports import POISON, WORK_QUEUE, LeasedMessage, WorkMessage
from onboarding.storage.embedded.database import EmbeddedDatabase
from onboarding.storage.messages import encode, text_of
from onboarding.storage.times import micros, moment

#: A longer wait is a due row (design section 5).
MAX_DELAY = 30.0
_INSERT = "INSERT INTO messages (queue, visible_at, inserted_at, dequeue_count, lease, body) VALUES (?, ?, ?, 0, 0, ?)"


class EmbeddedQueue:
    """Both sides of the work queues."""

    def __init__(self, database: EmbeddedDatabase, wall: Callable[[], datetime]) -> None:
        self._database = database
        self._wall = wall

    async def send(self, message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        """See WorkQueue. ValueError for a delay outside 0 to 30 seconds."""
        if not 0 <= delay <= MAX_DELAY:
            raise ValueError(f"a message waits 0 to {MAX_DELAY:.0f} seconds; plan longer waits as a due row")
        await self.put_raw(queue, encode(message), delay)

    async def put_raw(self, queue: str, body: str, delay: float = 0.0) -> None:
        """Put a body as it stands on the wire: for tests of what a stranger may have sent."""

        def run(connection: sqlite3.Connection) -> None:
            now = self._wall()
            connection.execute(_INSERT, (queue, self._later(now, delay), micros(now), body))

        await self._database.write(run, lasting=False)

    async def receive(self, queue: str, count: int, lease_seconds: float) -> list[LeasedMessage]:
        """Lease up to `count` visible messages, oldest first.

        A body that is not base64 goes to the poison queue at once and is not returned, as the Functions host
        does; in a poison queue itself, where there is no further queue, it stays, leased, and is not returned.
        """
        if count < 1 or not await self._any_visible(queue):
            return []
        return await self._database.write(
            lambda c: self._receive(c, queue, count, lease_seconds), lasting=False
        )

    async def _any_visible(self, queue: str) -> bool:
        """Most looks into a queue find nothing: those write nothing either."""
        sql, values = (
            "SELECT 1 FROM messages WHERE queue = ? AND visible_at <= ? LIMIT 1",
            (queue, micros(self._wall())),
        )
        return await self._database.look(lambda c: c.execute(sql, values).fetchone()) is not None

    def _receive(
        self, connection: sqlite3.Connection, queue: str, count: int, seconds: float
    ) -> list[LeasedMessage]:
        now = self._wall()
        rows = connection.execute(
            "SELECT n, body, dequeue_count, lease, inserted_at FROM messages"
            " WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, n LIMIT ?",
            (queue, micros(now), count),
        ).fetchall()
        leased = []
        for n, body, dequeued, lease, inserted in rows:
            connection.execute(
                "UPDATE messages SET dequeue_count = dequeue_count + 1, lease = lease + 1, visible_at = ?"
                " WHERE n = ?",
                (self._later(now, seconds), n),
            )
            try:
                text = text_of(body)
            except ValueError:
                self._poison(connection, queue, n, now)
                continue
            leased.append(LeasedMessage(str(n), str(lease + 1), text, dequeued + 1, moment(inserted)))
        return leased

    async def renew(self, queue: str, message: LeasedMessage, lease_seconds: float) -> LeasedMessage:
        """See QueueHost. The message as held from now on; StoreConflict for a stale receipt."""
        await self._database.write(lambda c: self._show(c, queue, message, lease_seconds), lasting=False)
        return LeasedMessage(
            message.message_id,
            str(int(message.receipt) + 1),
            message.body,
            message.dequeue_count,
            message.inserted_at,
        )

    async def release(self, queue: str, message: LeasedMessage, visible_in: float) -> None:
        """See QueueHost. StoreConflict for a stale receipt."""
        await self._database.write(lambda c: self._show(c, queue, message, visible_in), lasting=False)

    async def delete(self, queue: str, message: LeasedMessage) -> None:
        """See QueueHost. StoreConflict for a stale receipt."""

        def run(connection: sqlite3.Connection) -> None:
            _held(
                connection.execute(
                    "DELETE FROM messages WHERE queue = ? AND n = ? AND lease = ?", _key(queue, message)
                )
            )

        await self._database.write(run, lasting=False)

    async def to_poison(self, queue: str, message: LeasedMessage) -> None:
        """See QueueHost. StoreConflict for a stale receipt; ValueError in a poison queue, which has no twin."""
        if queue.endswith(POISON):
            raise ValueError("a poison queue has no poison queue of its own")

        def run(connection: sqlite3.Connection) -> None:
            self._show(connection, queue, message, 0.0)
            self._poison(connection, queue, int(message.message_id), self._wall())

        await self._database.write(run)

    async def backlog(self, queue: str) -> int:
        """See WorkQueue."""
        return (await self.depth(queue))[0]

    async def depth(self, queue: str) -> tuple[int, int]:
        """See QueueHost."""
        now = micros(self._wall())
        return await self._database.look(
            lambda c: c.execute(
                "SELECT count(*) FILTER (WHERE visible_at <= ?1), count(*) FILTER (WHERE visible_at > ?1)"
                " FROM messages WHERE queue = ?2",
                (now, queue),
            ).fetchone()
        )

    def _show(
        self, connection: sqlite3.Connection, queue: str, message: LeasedMessage, seconds: float
    ) -> None:
        """Make a held message visible in `seconds`, with a new lease."""
        _held(
            connection.execute(
                "UPDATE messages SET visible_at = ?, lease = lease + 1 WHERE queue = ? AND n = ? AND lease = ?",
                (self._later(self._wall(), seconds), *_key(queue, message)),
            )
        )

    def _poison(self, connection: sqlite3.Connection, queue: str, n: int, now: datetime) -> None:
        """Move the body as it stands to the poison twin: a new message there, without reason or count."""
        if queue.endswith(POISON):
            return
        at = micros(now)
        (body,) = connection.execute("SELECT body FROM messages WHERE n = ?", (n,)).fetchone()
        connection.execute(_INSERT, (queue + POISON, at, at, body))
        connection.execute("DELETE FROM messages WHERE n = ?", (n,))

    @staticmethod
    def _later(now: datetime, seconds: float) -> int:
        return micros(now + timedelta(seconds=seconds))


def _key(queue: str, message: LeasedMessage) -> tuple[str, int, int]:
    try:
        return queue, int(message.message_id), int(message.receipt)
    except ValueError as exc:
        raise StoreConflict("the message was not received from this queue") from exc


def _held(changed: sqlite3.Cursor) -> None:
    if changed.rowcount != 1:
        raise StoreConflict("the message is no longer held: its lease ran out and somebody else has it")
