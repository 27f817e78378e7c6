"""The follow-up timer: turn due rows into "look now" messages. Costs by what is due, not by who was ever seen."""

from __future__ import annotations

from onboarding.operate import release
from onboarding.ports import BULK_QUEUE, CLAIM_LEASE, WORK_QUEUE, Services, WorkMessage

PAGE = 200
#: More than this in one pass is a mass: the rest goes to the bulk queue, so that single hires overtake it.
BULK_AFTER = 20
#: With so many messages in the bulk queue, what is due there has one, as good as certainly.
BACKLOG = 1000


async def enqueue_due(s: Services) -> int:
    """Enqueue every case that is due now, and those for whom a stop has ended; returns how many.

    The row is moved 15 minutes on before the message is sent: if that message is lost, the row fires again. The
    worker's own save puts the row where it belongs. While a mass arrival is being worked off, rows are moved on
    without another message: whoever has none gets one when the queue is shorter.
    """
    now = await s.clock.now()
    sent = await release.wake(s)
    room: int | None = None
    while rows := await s.cases.due(now, PAGE):
        moved = 0
        for row in rows:
            if not await s.cases.postpone(row, now + CLAIM_LEASE):
                continue
            moved += 1
            if sent >= BULK_AFTER and room is None:
                room = BACKLOG - await s.queue.backlog(BULK_QUEUE)
            if room is not None and room <= 0:
                continue
            queue = WORK_QUEUE if sent < BULK_AFTER else BULK_QUEUE
            await s.queue.send(WorkMessage(case_id=row.case_id, why="due"), queue=queue)
            sent += 1
        if moved == 0:
            break  # others are moving these rows: leave them to it
    return sent
