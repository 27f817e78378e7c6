"""Retention: what is old loses its content, and what is very old goes. Called by a timer; does a bounded part of it.

| what | when (policy `[retention]`) | what is left |
|---|---|---|
| body of a delivery that was worked off | `delivered_days` after it arrived | the row |
| body of one that was not | `unresolved_days` | the row, which says `body_expired` |
| the row | `rows_days` | nothing |
| marks of what the usage report counted | `MARKS_KEPT` weeks after the event's week | the counts |
| the case of somebody who left or never came | `closed_days`, if set | what `forget` leaves |

Bodies and rows cost by what is old. Cases are looked through a page a call, since nothing lists them by the day on
which HR let somebody go; a changed policy applies to all of them all the same.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from onboarding import observe
from onboarding.domain.case import JOINED, Case
from onboarding.domain.lifecycle import State
from onboarding.domain.usage import week_of, weeks
from onboarding.errors import RequestError, StoreConflict
from onboarding.intake.erasure import being_forgotten
from onboarding.operate import erase, forget
from onboarding.operate.actions import Ask
from onboarding.ports import Delivery, DeliveryStatus, Page, Services

#: Deliveries of one status in one call, and cases that are looked at.
LIMIT, CASES = 500, 100
#: Marker of the place in the round through the cases.
ROUND = "retention_round"
#: Why a delivery without a body was not worked off, or cannot be.
BODY_EXPIRED = "body_expired"
#: Marker of the last week whose marks are gone; weeks that they are kept (twice the longest time for which Graph gives
#: an audit record again: after it nothing can be counted twice); weeks looked back at first, and in one call.
MARKS, MARKS_KEPT, MARKS_LOST, WEEKS = "retention_usage", 10, 60, 8
#: Who asks for the erasure of cases that are over.
ASK = Ask("retention", "HR ended this case longer ago than retention.closed_days.")
_DONE = frozenset({DeliveryStatus.PROCESSED, DeliveryStatus.IGNORED})
_WAITING = frozenset({DeliveryStatus.RECEIVED, DeliveryStatus.QUEUED})
_OVER = frozenset({State.CANCELLED, State.CLOSED})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one call did. `aliases`: left-overs found by the second look at erased cases;
    `marks`: of counted events."""

    bodies: int = 0
    rows: int = 0
    cases: int = 0
    aliases: int = 0
    marks: int = 0


async def prune(s: Services) -> Pruned:
    """One bounded pass. Safe at any time, by several at once, and after a crash anywhere."""
    now = await s.clock.now()
    done = Pruned(
        await _bodies(s, now),
        await _rows(s, now),
        await _cases(s, now),
        await erase.look_again(s, now),
        await _marks(s, now),
    )
    if done != Pruned():
        observe.event(
            log,
            "pruned",
            bodies=done.bodies,
            rows=done.rows,
            cases=done.cases,
            aliases=done.aliases,
            marks=done.marks,
        )
    return done


async def _bodies(s: Services, now: datetime) -> int:
    policy, count = s.policy.retention, 0
    for status in DeliveryStatus:
        days = policy.delivered_days if status in _DONE else policy.unresolved_days
        for delivery in await s.deliveries.older(status, now - timedelta(days=days), LIMIT, unpruned=True):
            with contextlib.suppress(StoreConflict):  # it moved on: its new status decides
                await s.deliveries.update(_expired(delivery, now))
                count += 1
    return count


def _expired(delivery: Delivery, now: datetime) -> Delivery:
    """The row that stays. What was never worked off fails now, since nothing can be made of it any more."""
    left = delivery.emptied(now)
    if left.status in _DONE:
        return left
    status = DeliveryStatus.FAILED if left.status in _WAITING else left.status
    return replace(
        left, status=status, reason_code=left.reason_code or BODY_EXPIRED, reason_detail=BODY_EXPIRED
    )


async def _rows(s: Services, now: datetime) -> int:
    before, count = now - timedelta(days=s.policy.retention.rows_days), 0
    for status in DeliveryStatus:
        for delivery in await s.deliveries.older(status, before, LIMIT):
            with contextlib.suppress(StoreConflict):
                await s.deliveries.remove(delivery)
                count += 1
    return count


async def _cases(s: Services, now: datetime) -> int:
    """The next page of the round. A page is looked at again if the process dies in it."""
    days = s.policy.retention.closed_days
    if not days:
        return 0
    marker = await s.cases.read_marker(ROUND)
    found = await _page(s, str(marker.value["page"]) if marker and marker.value.get("page") else None)
    before = now - timedelta(days=days)
    over = [case for case in found.items if _is_over(case, before)]
    count = await forget.forget_all(s, over, ASK, now) if over else 0
    with contextlib.suppress(StoreConflict):  # another pass was faster
        await s.cases.write_marker(ROUND, {"page": found.next_page}, marker.etag if marker else None)
    return count


async def _marks(s: Services, now: datetime) -> int:
    """Marks of weeks that are over, week by week; a week is done when it gives fewer than were asked for."""
    marker = await s.cases.read_marker(MARKS)
    first = now - timedelta(weeks=MARKS_KEPT + MARKS_LOST)
    done = str(marker.value["week"]) if marker else week_of(first)
    count = 0
    for week in weeks(done, week_of(now - timedelta(weeks=MARKS_KEPT)))[1 : 1 + WEEKS]:
        count += (gone := await s.usage.forget_marks(week, LIMIT))
        if gone >= LIMIT:
            break
        done = week
    if marker is None or done != marker.value["week"]:
        with contextlib.suppress(StoreConflict):  # another pass was faster
            await s.cases.write_marker(MARKS, {"week": done}, marker.etag if marker else None)
    return count


async def _page(s: Services, page: str | None) -> Page[Case]:
    try:
        return await s.cases.walk(page, CASES)
    except RequestError:  # a place that another version or store wrote down: begin a new round
        return await s.cases.walk(None, CASES)


def _is_over(case: Case, before: datetime) -> bool:
    """HR let the person go, and neither HR nor an operator has said anything since."""
    return (
        case.state in _OVER
        and case.reason_code != JOINED
        and case.withdrawn_at is not None
        and max(case.withdrawn_at, case.updated_at) < before
        and not being_forgotten(case)
    )
