"""What an approver has to know of an account that was found, before it is linked: read from the tenant, not kept."""

from __future__ import annotations

import logging
from typing import Any

from onboarding import observe
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.errors import OnboardingError
from onboarding.operate.stamps import stamp
from onboarding.ports import DirectoryUser, Services

log = logging.getLogger(__name__)
#: A page must come within seconds.
MOST = 5


async def described(s: Services, case: Case) -> list[dict[str, Any]]:
    """`user_principal_name` and `facts` (words) of each account that the case asks about; empty where it asks about
    none, and where the tenant does not answer."""
    if case.state is not State.BLOCKED:
        return []
    try:
        return [
            {"user_principal_name": name, "facts": _facts(await s.directory.get_user(object_id), case)}
            for name, object_id in list(case.found.items())[:MOST]
        ]
    except OnboardingError as exc:
        observe.failure(log, "found_account_not_read", exc, case_id=case.case_id)
        return []


def _facts(user: DirectoryUser | None, case: Case) -> list[str]:
    if user is None:
        return ["not among the accounts that exist now: deleted, or not shown yet"]
    number = user.employee_id or ""
    known = {case.hire.employee_id, case.hire.employee_number} - {None}
    same = "the number that HR sent" if number in known else f"{number}, HR sent another"
    words = {True: "enabled", False: "disabled"}
    found = [
        user.display_name and f"name {user.display_name}",
        words.get(user.account_enabled) if user.account_enabled is not None else None,
        user.created_at and f"created {stamp(user.created_at)}",
        f"employeeId: {same}" if number else "no employeeId",
        user.mail and f"address {user.mail}",
        "comes from Active Directory" if user.synced else None,
        "a guest" if user.user_type == "Guest" else None,
    ]
    return [fact for fact in found if fact]
