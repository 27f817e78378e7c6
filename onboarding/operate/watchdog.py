"""The watchdog: nothing stays without progress or a planned next action, whatever was lost.

Looks at cases in working states whose planned moment is 15 minutes past, or missing, and at deliveries that were
stored and not processed; each goes back on the queue, and a case says so in its timeline.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from onboarding import casework, observe
from onboarding.domain.lifecycle import ACTIVE
from onboarding.errors import StoreConflict
from onboarding.ports import CaseQuery, DeliveryStatus, Services, WorkMessage

log = logging.getLogger(__name__)
LATE = timedelta(minutes=15)


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
    late: list[str] = []
    for state in sorted(ACTIVE):
        page: str | None = None
        while True:
            found = await s.cases.search(CaseQuery(state=state), page, 200)
            late += [i.case_id for i in found.items if i.next_when is None or i.next_when < now - LATE]
            page = found.next_page
            if page is None:
                break
    for case_id in late:
        case = await s.cases.get(case_id)
        if case is None or case.state not in ACTIVE:
            continue
        if case.next_action.when is not None and case.next_action.when >= now - LATE:
            continue
        note = casework.entry(now, "watchdog_requeued", was=case.next_action.what)
        try:
            await casework.hand_on(s, case, now, case.next_action.what, "watchdog", note)
            count += 1
        except StoreConflict:
            continue  # somebody is working on it: that is the progress that was missed
    return count


async def _deliveries(s: Services) -> int:
    now, count = await s.clock.now(), 0
    for status in (DeliveryStatus.RECEIVED, DeliveryStatus.QUEUED):
        page: str | None = None
        while True:
            found = await s.deliveries.page(status=status, page=page, size=200)
            for delivery in found.items:
                if delivery.received_at < now - LATE:
                    await s.queue.send(WorkMessage(delivery_id=delivery.delivery_id, why="watchdog"))
                    count += 1
            page = found.next_page
            if page is None:
                break
    return count
