"""The day on which the first credential has to work: the first on which the person really begins. Pure.

HR names the first of a month, also where that is a Sunday or the first of January. A pass lives for hours, so one for
such a day is over before anybody needs it.
"""

from __future__ import annotations

from datetime import date, time

from onboarding.domain import calendar
from onboarding.domain.calendar import WorkingTime
from onboarding.domain.calendar.public_holidays import is_public_holiday
from onboarding.domain.hire import Hire
from onboarding.domain.places.place import place_of
from onboarding.domain.policy import Policy

#: What is a day off: nothing, weekends, or public holidays as well.
NONE, WEEKENDS, HOLIDAYS = "", "weekends", "holidays"
#: `StepRecord.detail` of the step that issues it, where an approver said that there shall be none.
SAID_NO = "approver_said_no"


def days_off(policy: Policy) -> str:
    """What the policy takes for a day on which nobody begins."""
    if policy.first_credential.begins_on_days_off:
        return NONE
    return HOLIDAYS if policy.working_time.public_holidays else WEEKENDS


def pass_day(hire: Hire, off: str) -> date | None:
    """The start date, or the first working day after it where that is a day off where the person works and they still
    work here then; None: HR named no start date."""
    start = hire.start_date
    if start is None or off == NONE:
        return start
    where = place_of(hire)
    holidays = is_public_holiday if off == HOLIDAYS else calendar.no_holidays
    days = WorkingTime(where.zone.zone, where.country, time(9), time(17), holidays, where.region)
    day = calendar.working_day_on_or_after(start, days)
    return start if hire.end_date is not None and day > hire.end_date else day
