"""A case goes on after HR's word about a number turned out to be about somebody else, or a number that two people
seemed to have was never theirs at once. Pure.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.casework import entry
from onboarding.domain.case import JOINED, WATCH_ENDED, Case
from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import NumberWord, TimelineEntry
from onboarding.intake import number_words
from onboarding.intake.decide import apply_join
from onboarding.intake.outcome import APPROVE_SHARED_ID, HR_DELETED_RECORD, OVER, Outcome, account_of
from onboarding.intake.settle import is_deleted
from onboarding.intake.standing import reopen, stand, withdrawn_since_hired


def without(case: Case, words: list[NumberWord], now: datetime, *, ask_rehire: bool) -> Outcome:
    """These words were about somebody else."""
    for word in words:
        number_words.take_back(case, word)
    noted = tuple(entry(now, "said_of_another", "hr", event=word.kind) for word in words)
    newest = withdrawn_since_hired(case)
    again: tuple[TimelineEntry, ...] = ()
    if case.state in OVER and case.reason_code != JOINED:
        if case.withdrawn_at is None:  # over for another reason, which stands
            if newest is None and case.next_action.why == WATCH_ENDED:
                case.reason_code = None
            return Outcome(noted)
        if newest is not None:
            case.withdrawn_at = newest
            stand(case)
            return Outcome(noted)
        again = (entry(now, "reopened", "hr", account=account_of(case)), *_reopen(case, now))
    elif case.state is State.EXCLUDED:
        case.withdrawn_at = newest
        return Outcome(noted)
    elif case.reason_code == HR_DELETED_RECORD and not is_deleted(case) and case.state is State.BLOCKED:
        case.apply(Event.UNBLOCK)
    else:
        return Outcome(noted)
    return _go_on(case, now, ask_rehire, *noted, *again)


def unshared(case: Case, now: datetime, *, ask_rehire: bool) -> Outcome:
    """Nobody needs to say any more whether two people have the number."""
    case.questions = [word for word in case.questions if word != APPROVE_SHARED_ID]
    if case.open_question == APPROVE_SHARED_ID:
        case.open_question = None
    if case.reason_code != APPROVE_SHARED_ID:
        return Outcome(())
    noted = entry(now, "number_not_shared", "hr")
    if case.state is not State.BLOCKED:  # excluded meanwhile
        case.reason_code = None
        return Outcome((noted,))
    case.apply(Event.UNBLOCK)
    return _go_on(case, now, ask_rehire, noted)


def _reopen(case: Case, now: datetime) -> tuple[TimelineEntry, ...]:
    nothing = HireEvent(case.source, EventType.HIRE_UPDATED, Hire(), JOINED, certainty=case.certainty)
    return reopen(case, nothing, now, now, taken_back=True)


def _go_on(case: Case, now: datetime, ask_rehire: bool, *noted: TimelineEntry) -> Outcome:
    outcome = apply_join(case, now, ask_rehire=ask_rehire)
    return Outcome(
        (*noted, *outcome.entries), outcome.what, outcome.why, look_now=outcome.look_now, when=outcome.when
    )
