"""The person's own messages: to which addresses they go."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from onboarding.domain.case import Case
from onboarding.domain.nudges import working_time_of
from onboarding.domain.policy import Policy
from onboarding.followup.text import address


def recipients(case: Case, policy: Policy, now: datetime) -> tuple[str, ...]:
    """The private address from HR, and the work address from the start date on (before it: if there is no other).

    Before the first day nobody reads the new mailbox, and it may not exist yet; without a private address it is
    the only one. Nothing goes to a mailbox that is not there. Empty when neither can be used.
    """
    private = address(case.hire.personal_email)
    has_mailbox = case.account is not None and case.account.mailbox is not False
    work = address(case.account.user_principal_name) if case.account and has_mailbox else None
    today = now.astimezone(ZoneInfo(working_time_of(case, policy).zone)).date()
    started = case.hire.start_date is None or today >= case.hire.start_date
    if work and private and not started:
        work = None
    found = [item for item in (private, work) if item]
    return tuple(dict.fromkeys(found))
