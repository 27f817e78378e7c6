"""A case that is being erased (`operate.forget`) takes nothing more, and is gone in a moment."""

from __future__ import annotations

from collections.abc import Iterable

from onboarding.domain.case import Case
from onboarding.errors import RetryLater

#: `next_action.what` of a case that is being erased (`operate.forget`).
FORGET = "forget"


class BeingForgotten(RetryLater):
    """The person's case is being erased. What HR says now is for whoever comes after: again in a moment."""

    code = "being_forgotten"

    def __init__(self, case: Case) -> None:
        super().__init__("The case is being erased: the event is applied once that is done.")
        self.case = case


def being_forgotten(case: Case) -> bool:
    """The case was stopped, and is gone in a moment: nothing may be added to it."""
    return case.next_action.what == FORGET


def refuse_forgotten(cases: Iterable[Case | None]) -> None:
    """Raises BeingForgotten for the first of them that is being erased."""
    for case in cases:
        if case is not None and being_forgotten(case):
            raise BeingForgotten(case)
