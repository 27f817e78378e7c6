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
from onboarding.intake import process
from onboarding.ports import DeliveryStatus, Services, WorkMessage
from onboarding.provisioning import runner

log = logging.getLogger(__name__)

#: A row that somebody else wrote first is looked at again after this many seconds.
CONFLICT_DELAY = 2.0
#: Follow-up that met an outage looks again after this long, or what the other side asked for.
OUTAGE_DELAY = timedelta(minutes=5)


async def handle(s: Services, message: WorkMessage) -> None:
    """Do what is due for the delivery or case that the message names."""
    try:
        if message.delivery_id:
            await process.process_delivery(s, message.delivery_id)
        elif message.case_id:
            await _advance(s, message.case_id)
    except StoreConflict:
        observe.event(log, "work_conflict", case_id=message.case_id, delivery_id=message.delivery_id)
        await s.queue.send(message, delay=CONFLICT_DELAY * (0.5 + s.entropy.fraction()))


async def _advance(s: Services, case_id: str) -> None:
    case = await s.cases.get(case_id)
    if case is None:
        observe.event(log, "work_case_gone", case_id=case_id)
        return
    now = await s.clock.now()
    if case.state in {State.WAITING_START, State.PROVISIONING}:
        await runner.advance(s, case, now)
    elif case.state in {State.FOLLOWING_UP, State.CONFIRMED}:
        await _follow_up(s, case, now)


async def _follow_up(s: Services, case: Case, now: datetime) -> None:
    try:
        await followup.advance(s, case, now)
    except StoreConflict:
        raise
    except RetryLater as exc:
        asked = timedelta(seconds=exc.retry_after or 0)
        when = now + max(asked, OUTAGE_DELAY * (0.5 + s.entropy.fraction()))
        fresh = await _reload(s, case)
        await casework.wait(s, fresh, now, fresh.next_action.what, when, exc.code)
    except (OperatorError, DeployerError) as exc:
        await casework.block(s, await _reload(s, case), now, exc.code)


async def _reload(s: Services, case: Case) -> Case:
    """The stage may have written before it failed; go on from what is stored."""
    return await s.cases.get(case.case_id) or case


async def poisoned(s: Services, message: WorkMessage) -> None:
    """Record on the case or delivery that the queue gave up, so that an operator sees it and can rerun."""
    now = await s.clock.now()
    if message.delivery_id and (delivery := await s.deliveries.get(message.delivery_id)):
        await s.deliveries.update(replace(delivery, status=DeliveryStatus.FAILED, reason_code="poison"))
    if message.case_id and (case := await s.cases.get(message.case_id)) and case.state in RETURNABLE:
        await casework.block(s, case, now, "poison")
    observe.event(log, "poisoned", case_id=message.case_id, delivery_id=message.delivery_id)
