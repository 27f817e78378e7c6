"""Who may have the first credential of the person: the manager whom the creating event named, or a read. Pure.

- What creates is an employee's hire event, their whole record where HR says that first, or the record that is read of
  them (design: account, exactly once; first credential). An offer, a draft or an update may have named somebody before:
  nobody is trusted by that alone, also where it opened the case. Whom the hire event names then is: the same one, or
  another.
- From then on whoever stands in the place of that one was changed, until a read says so, or an approver.
- It makes no difference which of two words came first.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import ManagerRef
from onboarding.domain.records import StepRecord

#: The step that finds the manager, and the approval of one (`provisioning`).
_SET_MANAGER, _APPROVE_MANAGER = "set_manager", "needs_approval_manager"


def judge(
    case: Case,
    before: ManagerRef | None,
    received_at: datetime,
    *,
    announced: ManagerRef | None,
    read: bool,
    by_read: bool,
) -> None:
    """After HR's word, before which the manager was `before`. `announced`: whom it named, where it is what creates;
    `read`: the one who stands now was named by it, and it is what was read of an employee; `by_read`: by some read."""
    same, stands = is_same(case, before), case.hire.manager
    if read:
        if not same or case.manager_changed:
            _note(case, received_at, changed=False, unannounced=False)
    elif announced and _is_open(case, before):
        _note(case, received_at, changed=not is_same(case, announced), unannounced=False)
    elif stands and not before:
        _note(case, received_at, changed=True, unannounced=_is_open(case, before))
    elif not same or (announced and not by_read and not is_same(case, announced)):
        case.manager_changed = True


def join(case: Case, other: Case, before: ManagerRef | None, *, by_read: bool) -> None:
    """After the other case's words became this one's, as if they had been said in it."""
    theirs = bool(case.hire.manager) and is_same(case, other.hire.manager)
    if theirs and (_is_open(case, before) or (by_read and not other.manager_changed)):
        case.manager_named_at, case.manager_changed = other.manager_named_at, other.manager_changed
        case.manager_unannounced = other.manager_unannounced
    else:
        succeed(case, before)
    forget(case, before)


def succeed(case: Case, before: ManagerRef | None) -> None:
    """Whoever stands in the place of `before`, without a word that names them now, was changed."""
    if before is not None and not is_same(case, before):
        case.manager_changed = True
    forget(case, before)


def _is_open(case: Case, before: ManagerRef | None) -> bool:
    """Nobody was named yet, or only by what creates nothing. One who was taken away was named."""
    return case.manager_unannounced or not (before or case.manager_changed)


def _note(case: Case, named_at: datetime, *, changed: bool, unannounced: bool) -> None:
    case.manager_named_at, case.manager_changed = named_at, changed
    case.manager_unannounced = unannounced


def is_same(case: Case, before: ManagerRef | None) -> bool:
    """The manager who stands is the one of `before`, perhaps in fewer words."""
    now = case.hire.manager
    return now == before or (now is not None and now.within(before))


def forget(case: Case, before: ManagerRef | None) -> None:
    """Another manager, or none any more: nobody is told anything before the step has looked for them, and what an
    approver said was about the one before."""
    if is_same(case, before):
        return
    case.approvals = [code for code in case.approvals if code != _APPROVE_MANAGER]
    if case.account is not None and _SET_MANAGER in case.steps:
        case.steps[_SET_MANAGER] = StepRecord()
        if not case.account.synced:
            case.account.manager_id = case.account.manager_named = None
