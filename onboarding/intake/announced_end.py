"""The day after the last one that HR announced: the employment has ended, although nobody says so again.

Many vendors send one event when somebody gives notice, and none on the last day. Where the HR system can be read, the
read of the day after comes first, and decides (`Case.ending_at`); what moved the last day, or took it back, has moved
the moment (`intake.leave_date`). An end date that a record merely has, a contractor's, ends nothing by itself: it is
put off as often as not.
"""

from __future__ import annotations

import logging
from datetime import datetime

from onboarding import observe
from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from onboarding.intake.process import lay_down
from onboarding.ports import WORK_QUEUE, Services

log = logging.getLogger(__name__)

#: Stands for the vendor's type in the event that nobody sent.
ANNOUNCED = "announced_end"


async def advance(s: Services, case: Case, now: datetime, *, queue: str = WORK_QUEUE) -> bool:
    """Apply the end that was announced, as of its moment. True: it was due, and the case was written.

    Raises StoreConflict when somebody wrote the case meanwhile.
    """
    moment = case.ending_at
    if moment is None or now < moment:
        return False
    said = case.said.get("end_date")
    event = HireEvent(
        source=(said.source if said else None) or case.source,
        event_type=EventType.EMPLOYMENT_TERMINATED,
        hire=Hire(),
        vendor_event_type=ANNOUNCED,
        certainty=Certainty.EMPLOYEE,
        occurred_at=moment,
    )
    about = Circumstances(said.delivery if said else ANNOUNCED, now)
    await lay_down(s, case, apply_event(case, event, about, now), now, queue)
    observe.event(log, "announced_end_came", case_id=case.case_id, state=case.state)
    return True
