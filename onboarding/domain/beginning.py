"""Has the person of a case begun to work with its account? Pure.

HR's present word on the first day does not say it: a later date, for a mistyped one or for the next hire of the same
person, stands in the place of a day that has come. So that a first day came is written on the case (`Case.begun`)
before HR's next word is merged, and stays. Rows from before this was kept are judged by whatever else tells it.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain import calendar, run
from onboarding.domain.case import Case
from onboarding.domain.evidence import Act, By, Status
from onboarding.domain.lifecycle import State
from onboarding.domain.nudges import EMPLOYMENT_ENDED
from onboarding.domain.places.place import place_of

_SIGNED_IN = frozenset({Act.REGISTERED, Act.REVIEWED, Act.UPDATED, Act.DELETED, Act.CANCELLED})
_IN_USE = frozenset({Status.USER_REGISTERED, Status.USER_REVIEWED, Status.PARTIAL, Status.REMOVED})


def is_in_use(case: Case) -> bool:
    """The person has signed in, in this run, as far as the case knows. Anybody can try to reset somebody's password."""
    acted = any(item.by is By.USER and item.act in _SIGNED_IN for item in run.seen(case))
    return case.confirmed_at is not None or case.status in _IN_USE or acted


def note(case: Case, at: datetime) -> None:
    """Write down whether the first day that HR names now had come by `at`, and before HR withdrew the hire. Called
    before that word may change."""
    if case.account is None or case.account.withheld or case.begun:
        return
    if case.begun is None:
        case.begun = _looks_begun(case)
    if first_day_came(case, min(at, case.withdrawn_at or at)):
        case.begun = True


def has_begun(case: Case, now: datetime) -> bool:
    """A first day of this person came, with an account to work with; registering ahead of it is not yet beginning. One
    that passes while the hire is withdrawn does not come: what is held until after it is done all the same."""
    known = _looks_begun(case) if case.begun is None else case.begun
    withheld = case.account is not None and case.account.withheld
    return known or (not withheld and first_day_came(case, min(now, case.withdrawn_at or now)))


def is_in_vain(case: Case, at: datetime) -> bool:
    """The hire is over, and nobody had begun by `at`: what was made for it is of no use to anybody. HR systems without
    a word for "cancelled" say of a no-show that the employment has ended; without a first day nobody can tell."""
    if case.state is State.CANCELLED:
        return True
    ended = case.state is State.CLOSED and case.withdrawn_at is not None
    if not ended or case.reason_code != EMPLOYMENT_ENDED or case.hire.start_date is None:
        return False
    return not has_begun(case, at)


def first_day_came(case: Case, at: datetime) -> bool:
    """The first day that HR names now had begun by `at`, where the person works."""
    start = case.hire.start_date
    return start is not None and at >= calendar.local_midnight(start, place_of(case.hire).zone.zone)


def _looks_begun(case: Case) -> bool:
    """Of a row that does not say: in doubt yes, because then an administrator decides."""
    return case.rehired_at is not None or is_in_use(case)
