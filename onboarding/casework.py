"""How a stage lays a case down: with a next action, a due row, a timeline entry, and a message if it is now.

A case that is not resting always leaves with a `next_action.when`, which the store turns into a due row: if a
message is lost or a worker dies, the due row brings the case back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from onboarding.domain.case import Case
from onboarding.domain.lifecycle import ACTIVE, Event
from onboarding.domain.records import NextAction, TimelineEntry
from onboarding.errors import Held, OnboardingError, RetryLater
from onboarding.ports import CLAIM_LEASE, WORK_QUEUE, Services, WorkMessage
from onboarding.safeguards.stops import HELD

#: Longer waits than this are due rows only; shorter ones are also a delayed message.
MESSAGE_DELAY_MAX = 30.0
#: Pauses between the tries of what is done beside a case's own action.
FIRST, MOST = timedelta(seconds=30), timedelta(minutes=30)


class Beside(Protocol):
    """What is tried until it is done, whatever becomes of the case: a pass called back, a lost phone."""

    when: datetime
    attempts: int
    code: str | None


def try_later(s: Services, task: Beside, now: datetime, error: OnboardingError) -> None:
    """Plan the next try, with ever longer pauses and jitter, and not before the tenant asks for. What is held for
    everybody is no try: when it is looked at again is said."""
    if isinstance(error, Held) and error.retry_after is not None:
        task.code, task.when = error.code, now + timedelta(seconds=error.retry_after)
        return
    task.attempts, task.code = task.attempts + 1, error.code
    pause = min(MOST, FIRST * 2 ** min(task.attempts - 1, 10) * (0.5 + s.entropy.fraction()))
    asked = error.retry_after if isinstance(error, RetryLater) else None
    task.when = now + max(pause, timedelta(seconds=asked or 0))


def entry(now: datetime, action: str, actor: str = "service", /, **detail: object) -> TimelineEntry:
    """One timeline entry. `detail` values are codes, counts and ids; None is left out."""
    return TimelineEntry(now, actor, action, {k: str(v) for k, v in detail.items() if v is not None})


async def save(s: Services, case: Case, now: datetime, *entries: TimelineEntry) -> Case:
    """Write the case with its timeline. Raises StoreConflict if somebody else was first."""
    case.updated_at = now
    return await s.cases.save(case, entries)


async def hand_on(
    s: Services,
    case: Case,
    now: datetime,
    what: str,
    why: str,
    *entries: TimelineEntry,
    queue: str = WORK_QUEUE,
) -> Case:
    """Save with a next action that is due now, then put "look now" on the queue.

    A crash between the two loses nothing: the due row is already there.
    """
    case.next_action = NextAction(what, now, why)
    saved = await save(s, case, now, *entries)
    await s.queue.send(WorkMessage(case_id=case.case_id, why=why), queue=queue)
    return saved


async def look_now(s: Services, case: Case, why: str) -> None:
    """Put "look now" on the queue for a case that was written with something due beside its next action."""
    await s.queue.send(WorkMessage(case_id=case.case_id, why=why))


async def wait(
    s: Services,
    case: Case,
    now: datetime,
    what: str,
    when: datetime,
    why: str,
    *entries: TimelineEntry,
    queue: str = WORK_QUEUE,
) -> Case:
    """Save with a planned next action. A short wait is also sent as a delayed message.

    A case that waits for the end of a stop carries its reason, and is listed by it; who goes on has none.
    """
    case.next_action = NextAction(what, when, why)
    if case.state in ACTIVE and (why in HELD or case.reason_code in HELD):
        case.reason_code = why if why in HELD else None
    saved = await save(s, case, now, *entries)
    delay = (when - now) / timedelta(seconds=1)
    if delay <= MESSAGE_DELAY_MAX:
        await s.queue.send(WorkMessage(case_id=case.case_id, why=why), queue=queue, delay=max(delay, 0.0))
    return saved


async def rest(s: Services, case: Case, now: datetime, what: str, why: str, *entries: TimelineEntry) -> Case:
    """Save with nothing planned: HR or an operator has to do something (`what` says who and what)."""
    case.next_action = NextAction(what, None, why)
    return await save(s, case, now, *entries)


async def block(
    s: Services, case: Case, now: datetime, reason: str, *before: TimelineEntry, **detail: object
) -> Case:
    """Block with a reason code that an operator can read and fix. `before`: what led to it."""
    case.apply(Event.BLOCK, reason=reason)
    blocked = entry(now, "blocked", reason=reason, **detail)
    return await rest(s, case, now, "operator", reason, *before, blocked)


async def hand_over(s: Services, case: Case, now: datetime, what: str, *entries: TimelineEntry) -> Case:
    """Save with a due row for the moment after which a living worker would have gone on by itself."""
    case.next_action = NextAction(what, now + CLAIM_LEASE, "in_progress")
    return await save(s, case, now, *entries)
