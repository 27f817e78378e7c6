"""Another manager than the one who holds the first credential, or none any more: it is called back. Pure.

The pass was handed to whom HR named then. From HR's word on it is nobody's: a worker makes it void whatever state the
case is in (`provisioning.recall`), and, while nobody has used it, the step judges anew to whom the next one goes.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import Hire, ManagerRef
from onboarding.ports import CLAIM_LEASE


def recall_pass(case: Case, before: Hire, now: datetime) -> None:
    """After HR's word, `before` which the hire was this."""
    record = case.access_pass
    if record is None or record.recipient != "manager" or not case.pass_at_large(now):
        return
    if _is_another(case.hire.manager, before.manager):
        record.call_back(now, CLAIM_LEASE)


def _is_another(now: ManagerRef | None, before: ManagerRef | None) -> bool:
    """Perhaps not the person of before. The same one in other words has an id or an address in common, and neither is
    another one."""
    if now == before:
        return False
    if not now or not before:
        return True
    pairs = ((now.id, before.id), (_plain(now.email), _plain(before.email)))
    both = [one == other for one, other in pairs if one and other]
    return not both or not all(both)


def _plain(address: str | None) -> str | None:
    return address.strip().casefold() if address else None
