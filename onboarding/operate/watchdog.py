"""The watchdog: nothing stays without progress or a planned next action, whatever was lost.

Each pass looks at due rows that are 15 minutes past (nobody turned them into messages) and at deliveries that
were stored and not processed. Once an hour it also reads the list of every working case, for one whose due row
itself was lost: that costs by how many people are being followed, the rest by what is late. What is found goes back
on the queue, and a case says so in its timeline. Many at once go to the bulk queue, so that single hires overtake.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain.lifecycle import ACTIVE
from onboarding.errors import StoreConflict
from onboarding.ports import BULK_QUEUE, WORK_QUEUE, CaseQuery, DeliveryStatus, Services, WorkMessage

log = logging.getLogger(__name__)
LATE = timedelta(minutes=15)
#: The marker of the last look at every working case, and how often that is.
SCANNED = "watchdog_scanned"
SCAN_EVERY = timedelta(hours=1)
#: Rows of one look.
PASS = 200
#: More than this at once is a mass arrival.
BULK_AFTER = 20


@dataclass(frozen=True, slots=True)
class Mended:
    """What was put back on the queue."""

    cases: int
    deliveries: int


async def watch(s: Services) -> Mended:
    """Requeue what is late."""
    mended = Mended(await _cases(s), await _deliveries(s))
    if mended.cases or mended.deliveries:
        observe.event(log, "watchdog_mended", cases=mended.cases, deliveries=mended.deliveries)
    return mended


async def _cases(s: Services) -> int:
    now, count = await s.clock.now(), 0
    late = [row.case_id for row in await s.cases.due(now - LATE, PASS)]
    late += await _without_due_row(s, now)
    for case_id in dict.fromkeys(late):
        case = await s.cases.get(case_id)
        if case is None or case.state not in ACTIVE:
            continue
        if case.next_action.when is not None and case.next_action.when >= now - LATE:
            continue
        note = casework.entry(now, "watchdog_requeued", was=case.next_action.what)
        try:
            await casework.hand_on(s, case, now, case.next_action.what, "watchdog", note, queue=_lane(count))
            count += 1
        except StoreConflict:
            continue  # somebody is working on it: that is the progress that was missed
    return count


async def _without_due_row(s: Services, now: datetime) -> list[str]:
    """Working cases that are late by their own account, from the whole list; at most once an hour."""
    marker = await s.cases.read_marker(SCANNED)
    if marker is not None and now - datetime.fromisoformat(str(marker.value["at"])) < SCAN_EVERY:
        return []
    late: list[str] = []
    for state in sorted(ACTIVE):
        page: str | None = None
        while True:
            found = await s.cases.search(CaseQuery(state=state), page, PASS)
            late += [i.case_id for i in found.items if i.next_when is None or i.next_when < now - LATE]
            page = found.next_page
            if page is None:
                break
    with contextlib.suppress(StoreConflict):  # another watchdog scanned as well
        await s.cases.write_marker(SCANNED, {"at": now.isoformat()}, marker.etag if marker else None)
    return late


async def _deliveries(s: Services) -> int:
    now, count = await s.clock.now(), 0
    for status in (DeliveryStatus.RECEIVED, DeliveryStatus.QUEUED):
        page: str | None = None
        while True:
            found = await s.deliveries.page(status=status, page=page, size=PASS)
            for delivery in found.items:
                if (delivery.queued_at or delivery.received_at) < now - LATE:
                    count += await _requeue(s, delivery.delivery_id, now, _lane(count))
            page = found.next_page
            if page is None:
                break
    return count


async def _requeue(s: Services, delivery_id: str, now: datetime, queue: str) -> int:
    """Send first, then note when: a backlog gets one message a quarter of an hour, not one a pass."""
    delivery = await s.deliveries.get(delivery_id)
    if delivery is None or delivery.status not in {DeliveryStatus.RECEIVED, DeliveryStatus.QUEUED}:
        return 0
    await s.queue.send(WorkMessage(delivery_id=delivery_id, why="watchdog"), queue=queue)
    with contextlib.suppress(StoreConflict):  # a worker has it: that is the progress that was missed
        await s.deliveries.update(replace(delivery, status=DeliveryStatus.QUEUED, queued_at=now))
    return 1


def _lane(count: int) -> str:
    return WORK_QUEUE if count < BULK_AFTER else BULK_QUEUE
