"""Which HR system ended the employment, and whether it has said since that the person works there. Pure.

As a rule an end is an event or a date, and what follows it is another hire (`intake.comeback`). Where it is a flag of
the record (SCIM's `active`, of a source that says so), the newest word of that system stands, in whatever order they
come: `true` takes back what the same system ended or announced, so that the hire goes on as it was, first day and all;
of a `false` that is older than that, the rest of the record counts. What another system ended stays ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from onboarding.domain.case import WATCH_ENDED, Case
from onboarding.domain.hire import EventType, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.intake.adapter import LinkedEvent


def by_flag(case: Case, event: HireEvent, at: datetime) -> tuple[HireEvent, bool]:
    """What an event of a hire or its end means beside the newest word of its system's flag, and whether it takes back
    an end."""
    if event.event_type is not EventType.EMPLOYMENT_TERMINATED:
        works = isinstance(event, LinkedEvent) and event.at_work
        return event, works and take_back(case, event.source, at)
    if not is_outdated(case, event.source, at):
        return event, False
    # But for its numbers, as of every record that ends something (`intake.withdraw`).
    return replace(event, event_type=EventType.HIRE_UPDATED, hire=replace(event.hire, phones=None)), False


def note(case: Case, source: str, at: datetime) -> None:
    """The system said at `at` that the employment ended."""
    if not is_outdated(case, source, at):
        keep(case, {**known(case), source: max(at, known(case).get(source, at))})


def is_outdated(case: Case, source: str, at: datetime) -> bool:
    """After `at` the system said that the person works there."""
    active = case.active_by.get(source)
    return active is not None and active > at


def take_back(case: Case, source: str, at: datetime) -> bool:
    """The record of the system said at `at` that the person works there. True: it had ended the employment before."""
    case.active_by[source] = max(at, case.active_by.get(source, at))
    before, said = known(case), case.said.get("end_date")
    if said is None or (said.source == source and said.at < at):
        case.ends_at = None  # the last day is a date like any other now
    if source not in before or before[source] >= at:
        return False
    keep(case, {name: ended for name, ended in before.items() if name != source})
    if case.ended_at is None and case.withdrawn_at is None and _is_watched(case):
        case.reason_code = None  # read on
    return True


def join(case: Case, other: Case) -> None:
    """What was said in another case of the same person."""
    for source, at in other.active_by.items():
        case.active_by[source] = max(at, case.active_by.get(source, at))
    ended = dict(known(case))
    for source, at in known(other).items():
        ended[source] = max(at, ended.get(source, at))
    keep(case, {source: at for source, at in ended.items() if not is_outdated(case, source, at)})


def known(case: Case) -> Mapping[str, datetime]:
    """HR system → when it ended the employment. Of a case from before systems were told apart, the one that the case
    came from."""
    if case.ended_at is None or case.ended_by:
        return case.ended_by
    return {case.source: case.ended_at}


def keep(case: Case, ended: Mapping[str, datetime]) -> None:
    """These, and no others."""
    case.ended_by, case.ended_at = dict(ended), max(ended.values(), default=None)


def _is_watched(case: Case) -> bool:
    """Closed because all was done."""
    return case.state is State.CLOSED and case.next_action.why == WATCH_ENDED
