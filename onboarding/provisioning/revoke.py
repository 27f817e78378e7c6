"""A hire that is over, withdrawn or excluded: no pass of it stays usable.

Not a step of the plan: it runs in states in which nothing else happens, once, because the next action says so.
Disabling the account stays an administrator's decision.
"""

from __future__ import annotations

import logging
from datetime import datetime

from onboarding import casework, observe
from onboarding.domain.case import Case, PassStatus
from onboarding.domain.lifecycle import State
from onboarding.errors import DeployerError, OperatorError
from onboarding.ports import Services

log = logging.getLogger(__name__)
OVER = frozenset({State.CANCELLED, State.CLOSED, State.EXCLUDED})


async def revoke(s: Services, case: Case, now: datetime) -> None:
    """Void what is left in the tenant, then rest. Raises RetryLater: the message comes again.

    Where the tenant refuses, the case says so: an administrator has to look at the account anyway.
    """
    action = "pass_voided"
    if case.account is not None and case.access_pass is not None:
        try:
            for left in await s.security.passes(case.account.id):
                await s.security.void_pass(case.account.id, left.id)
            case.access_pass.status = PassStatus.VOID
        except (OperatorError, DeployerError) as exc:
            observe.failure(log, "pass_not_voided", exc, case_id=case.case_id)
            action = "pass_not_voided"
    why = case.reason_code or str(case.state)
    await casework.rest(s, case, now, "disable_account", why, casework.entry(now, action))
