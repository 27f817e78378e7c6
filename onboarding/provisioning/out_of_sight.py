"""An account of before that is nowhere to be found: deleted for good, or restored by hand and not to be seen yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from onboarding.domain.case import PURGED, Case
from onboarding.domain.lifecycle import State
from onboarding.errors import NotYetVisible
from onboarding.ports import REPLICATION
from onboarding.provisioning.existing import CREATES, by_us, missed_until


@dataclass(frozen=True, slots=True)
class Missing:
    """Accounts that are nowhere to be found, and the moment from which on they count as deleted for good."""

    ids: Sequence[str]
    until: datetime


def missing(case: Case) -> Missing | None:
    """What `create_account` waits for at the moment, because an administrator may have restored it. None: nothing, or
    what this service itself restored."""
    record = case.steps.get(CREATES)
    if case.state is not State.PROVISIONING or record is None or record.code != NotYetVisible.code:
        return None
    account = case.account
    if account is not None:
        first = record.first_failed_at
        if account.seen_deleted or by_us(case, account) or first is None:
            return None
        return Missing((account.id,), missed_until(case, account, first))
    left = [item for item in case.found_ids if not case.is_said(PURGED, item)]
    return Missing(left, case.found_at + REPLICATION) if left and case.found_at else None
