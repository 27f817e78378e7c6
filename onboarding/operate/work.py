"""One queue message: load what it names, hand it to the stage that its state asks for.

A message is only "look now": it may come twice, late, or for a case that has moved on, and then does nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import RETURNABLE, State
from onboarding.errors import DeployerError, OperatorError, RetryLater, StoreConflict
from onboarding.followup import advance as followup
from onboarding.intake import announced_end, fetch, process
from onboarding.intake.erasure import being_forgotten
from onboarding.intake.joining import to_unite
from onboarding.operate import forget, lost_phone, mending, release
from onboarding.ports import WORK_QUEUE, DeliveryStatus, Services, WorkMessage
from onboarding.provisioning import manager_again, recall, refused, runner, withdraw
from onboarding.safeguards.stops import RELEASED

log = logging.getLogger(__name__)

FOLLOWED = frozenset({State.FOLLOWING_UP, State.CONFIRMED})
#: A row that somebody else wrote first is looked at again after this many seconds.
CONFLICT_DELAY = 2.0
#: After an outage of the store, the queue or the clock; a queue message waits 30 seconds at most.
AGAIN_DELAY = 20.0
_TRIES = 5
#: Follow-up that met an outage looks again after this long, or what the other side asked for.
OUTAGE_DELAY = timedelta(minutes=5)


async def handle(
    s: Services, message: WorkMessage, *, queue: str = WORK_QUEUE, redelivered: bool = False
) -> None:
    """Do what is due for the delivery or case that the message names.

    `queue` is where it came from: what follows at once goes there too, so that a mass arrival stays in its lane.
    `redelivered`: a worker had this message before and did not end it. It may have died between two writes, so the
    case's hints are put right first; likewise when the watchdog sent it.
    """
    about = observe.subject.set(message.case_id or message.delivery_id or "-")
    try:
        if message.delivery_id:
            await process.process_delivery(s, message.delivery_id, queue=queue)
        elif message.case_id:
            doubt = redelivered or message.why == "watchdog"
            await _advance(s, message.case_id, queue, doubt=doubt, why=message.why)
    except StoreConflict:
        observe.event(log, "work_conflict", case_id=message.case_id, delivery_id=message.delivery_id)
        await s.queue.send(message, queue=queue, delay=CONFLICT_DELAY * (0.5 + s.entropy.fraction()))
    except RetryLater as exc:
        # Nobody has to act, so it must not end as poison; if the queue is down as well, the host tries again.
        ids = {"case_id": message.case_id, "delivery_id": message.delivery_id}
        observe.event(log, "work_postponed", why=exc.code, level=logging.WARNING, **ids)
        await s.queue.send(message, queue=queue, delay=AGAIN_DELAY * (0.5 + s.entropy.fraction()))
    finally:
        observe.subject.reset(about)


async def _advance(s: Services, case_id: str, queue: str, *, doubt: bool, why: str) -> None:
    case = await s.cases.get(case_id)
    if case is None:
        observe.event(log, "work_case_gone", case_id=case_id)
        return
    now = await s.clock.now()
    if why == RELEASED:
        await release.resume(s, case, now)
    if doubt:
        await mending.hints(s, case, now)
    if being_forgotten(case):
        await forget.resume(s, case, now)
        return
    if case.lost_method is not None and await lost_phone.advance(s, case, now):
        case = await s.cases.get(case_id)
        if case is None:
            return
    await recall.advance(s, case, now)
    if to_unite(case):
        await process.unite(s, case, now, queue=queue)
        return
    if await fetch.advance(s, case, now, queue=queue):
        case = await s.cases.get(case_id)
    if case is not None and await announced_end.advance(s, case, now, queue=queue):
        case = await s.cases.get(case_id)
    if case is not None:
        await _stage(s, case, now, queue)


async def _stage(s: Services, case: Case, now: datetime, queue: str) -> None:
    """Hand the case to the stage that its state asks for."""
    if await process.ask_first(s, case, now):
        return
    if case.state in {State.WAITING_START, State.PROVISIONING}:
        await runner.advance(s, case, now, queue=queue)
    elif case.state in FOLLOWED:
        if await refused.heed(s, case, now):
            await runner.advance(s, case, now, queue=queue)
        else:
            await _follow_up(s, case, now)
    elif withdraw.is_due(case):
        await withdraw.advance(s, case, now)
    elif case.state in {State.RECEIVED, State.AWAITING_FETCH} and case.next_action.when is not None:
        await process.reconsider(s, case, now, queue=queue)


async def _follow_up(s: Services, case: Case, now: datetime) -> None:
    try:
        if await manager_again.advance(s, case, now):
            await followup.advance(s, case, now)
    except StoreConflict:
        raise
    except RetryLater as exc:
        asked = timedelta(seconds=exc.retry_after or 0)
        when = now + max(asked, OUTAGE_DELAY * (0.5 + s.entropy.fraction()))
        if fresh := await _reload(s, case):
            await casework.wait(s, fresh, now, fresh.next_action.what, when, exc.code)
    except (OperatorError, DeployerError) as exc:
        if fresh := await _reload(s, case):
            await casework.block(s, fresh, now, exc.code)


async def _reload(s: Services, case: Case) -> Case | None:
    """The stage may have written before it failed: go on from what is stored, unless somebody stopped it."""
    fresh = await s.cases.get(case.case_id)
    return fresh if fresh and fresh.state in FOLLOWED else None


async def fell(s: Services, message: WorkMessage, error: Exception) -> None:
    """Note the cause of a failure that nobody foresaw, for whoever reads of it once the queue has given up."""
    cause = observe.cause(error)
    delivery = await s.deliveries.get(message.delivery_id) if message.delivery_id else None
    if delivery and delivery.status in {DeliveryStatus.RECEIVED, DeliveryStatus.QUEUED}:
        await s.deliveries.update(replace(delivery, reason_detail=cause))
    case = await s.cases.get(message.case_id) if message.case_id else None
    if case is not None and case.state in RETURNABLE and case.cause != cause:
        case.cause = cause
        await casework.save(s, case, await s.clock.now())


async def poisoned(s: Services, message: WorkMessage) -> None:
    """Record on the case or delivery that the queue gave up, so that an operator sees it and can rerun."""
    observe.event(
        log, "poisoned", level=logging.ERROR, case_id=message.case_id, delivery_id=message.delivery_id
    )
    for attempt in range(_TRIES):
        try:
            return await _record_poison(s, message)
        except StoreConflict:
            if attempt == _TRIES - 1:
                raise


async def _record_poison(s: Services, message: WorkMessage) -> None:
    delivery = await s.deliveries.get(message.delivery_id) if message.delivery_id else None
    if delivery and delivery.status in {DeliveryStatus.RECEIVED, DeliveryStatus.QUEUED}:
        await s.deliveries.update(replace(delivery, status=DeliveryStatus.FAILED, reason_code="poison"))
    if message.case_id and (case := await s.cases.get(message.case_id)) and case.state in RETURNABLE:
        await casework.block(s, case, await s.clock.now(), "poison", cause=case.cause)
