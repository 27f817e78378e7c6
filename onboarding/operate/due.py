"""The follow-up timer: turn due rows into "look now" messages. Costs by what is due, not by who was ever seen."""

from __future__ import annotations

from onboarding.ports import CLAIM_LEASE, Services, WorkMessage

PAGE = 200


async def enqueue_due(s: Services) -> int:
    """Enqueue every case that is due now; returns how many.

    The row is moved 15 minutes on before the message is sent: if that message is lost, the row fires again. The
    worker's own save puts the row where it belongs.
    """
    now = await s.clock.now()
    sent = 0
    while rows := await s.cases.due(now, PAGE):
        before = sent
        for row in rows:
            if await s.cases.postpone(row, now + CLAIM_LEASE):
                await s.queue.send(WorkMessage(case_id=row.case_id, why="due"))
                sent += 1
        if sent == before:
            break  # others are moving these rows: leave them to it
    return sent
