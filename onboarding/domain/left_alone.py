"""What is open of somebody whom an operator excluded. Pure.

Nothing is done for them, whatever HR says; so the account of a hire that HR withdrew meanwhile stays as it is, and one
that was about to be made, or restored, is not looked for. The case says so, and what ends it: an operator who includes
the person again, or an administrator in Entra.
"""

from __future__ import annotations

from onboarding.domain.case import Case
from onboarding.domain.records import NextAction

#: `NextAction.what` of those for whom nobody has to do anything, and of those who have to be included first.
NOTHING, INCLUDE = "none", "include"
#: The step that makes the account (`provisioning.existing`).
_CREATES = "create_account"
_EXCLUDED, _WITHDRAWN, _IN_DOUBT = "excluded", "withdrawn_meanwhile", "account_in_doubt"


def is_open(case: Case) -> bool:
    """HR withdrew the hire of somebody excluded who has an account, or may have one."""
    return case.withdrawn_at is not None and (case.account is not None or case.intent is not None)


def in_doubt(case: Case) -> str | None:
    """User name of an account that a request may have made, or restored, and that is on no case. None: there is
    none."""
    if case.account is not None or case.intent is None:
        return None
    record = case.steps.get(_CREATES)
    answered = record is not None and record.at is not None and record.failed_at is None
    if answered and not (case.intent.restores or case.intent.unanswered):
        return None  # the step ended before a request was made, or with the tenant's answer
    return (case.found_account if case.intent.restores else None) or case.intent.user_principal_name


def next_of(case: Case) -> NextAction:
    """What comes next, once no pass is left to be made void."""
    if is_open(case):
        return NextAction(INCLUDE, None, _WITHDRAWN)
    if in_doubt(case):
        return NextAction(INCLUDE, None, _IN_DOUBT)
    return NextAction(NOTHING, None, _EXCLUDED)
