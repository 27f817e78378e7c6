"""What is open of somebody whom an operator excluded. Pure.

Nothing is done for them, whatever HR says; so the account of a hire that HR withdrew meanwhile stays as it is. The case
says so, and what ends it: an operator who includes the person again, or an administrator in Entra.
"""

from __future__ import annotations

from onboarding.domain.case import Case
from onboarding.domain.records import NextAction

#: `NextAction.what` of those for whom nobody has to do anything, and of those who have to be included first.
NOTHING, INCLUDE = "none", "include"
_EXCLUDED, _WITHDRAWN = "excluded", "withdrawn_meanwhile"


def is_open(case: Case) -> bool:
    """HR withdrew the hire of somebody excluded who has an account, or may have one."""
    return case.withdrawn_at is not None and (case.account is not None or case.intent is not None)


def next_of(case: Case) -> NextAction:
    """What comes next, once no pass is left to be made void."""
    return NextAction(INCLUDE, None, _WITHDRAWN) if is_open(case) else NextAction(NOTHING, None, _EXCLUDED)
