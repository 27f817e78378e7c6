"""When what belongs to a first day may happen: the lead times of the policy, as moments.

A lead is named by its place in the policy, so that a step can declare it (`Step.lead`). Days are calendar days before
the start date, and begin at midnight where the person works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from onboarding.domain import calendar
from onboarding.domain.case import Case
from onboarding.domain.nudges import working_time_of
from onboarding.domain.policy import Policy
from onboarding.errors import OperatorError

CREATE = "account.create_days_before_start"
ENABLE = "account.enable_days_before_start"


def opens_at(case: Case, policy: Policy, lead: str) -> datetime:
    """The first moment (UTC) at which a step with this lead may run.

    Raises OperatorError `missing_start_date`.
    """
    return LEADS[lead](case, policy)


def _create(case: Case, policy: Policy) -> datetime:
    """Local midnight of the first day on which the account may exist."""
    return _midnight(case, policy, policy.account.create_days_before_start)


def enables_at(case: Case, policy: Policy) -> datetime:
    """Local midnight of the first day on which somebody may sign in: by the first rule that fits, else by the policy;
    never later than the day on which the first credential goes out (the working day before the start)."""
    account = policy.account
    days = next(
        (rule.days_before_start for rule in account.enable if rule.fits(case)),
        account.enable_days_before_start,
    )
    wanted, start = _midnight(case, policy, days), case.hire.start_date
    if start is None:
        return wanted
    time = working_time_of(case, policy)
    return min(wanted, calendar.local_midnight(calendar.working_day_before(start, time), time.zone))


def _midnight(case: Case, policy: Policy, days: int) -> datetime:
    start = case.hire.start_date
    if start is None:
        raise OperatorError("The hire has no start date: HR must send one.", code="missing_start_date")
    return calendar.local_midnight(calendar.moved(start, -days), working_time_of(case, policy).zone)


LEADS: Mapping[str, Callable[[Case, Policy], datetime]] = {CREATE: _create, ENABLE: enables_at}
