"""An answer about two cases is one on both sides: who asked the same is led on, and asked no more."""

from __future__ import annotations

from datetime import datetime

from onboarding import casework
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import TimelineEntry
from onboarding.intake import twins, two_cases
from onboarding.intake.outcome import APPROVE_SAME_PERSON
from onboarding.intake.two_cases import ASKED_ANEW, TWO_PEOPLE
from onboarding.ports import Services


async def drop_answered(s: Services, case: Case, now: datetime) -> list[TimelineEntry]:
    """Doubt about another case is none any more where an approver said of the two, of whichever of the cases that were
    joined to either, that they are two people; where an HR system turns out to have two ids for them; or where it was
    joined to this one. Who is excluded is not let out of a question so. Returns what the timeline says of that; the
    case is not written."""
    entries, asked = [], case.maybe_same
    for other_id in case.others(APPROVE_SAME_PERSON):
        other = await two_cases.survivor(s, other_id)
        if other is None or any(case.is_said(code, other_id) for code in (APPROVE_SAME_PERSON, ASKED_ANEW)):
            continue
        if other.case_id == case.case_id:
            case.answered(APPROVE_SAME_PERSON, other_id)
        elif await two_cases.are_two_people(s, case, other):
            case.answered(APPROVE_SAME_PERSON, other_id)
            entries.append(casework.entry(now, "two_people_said", other=other_id))
        elif twins.are_known_as_two(case, other) and State.EXCLUDED not in {case.state, other.state}:
            case.answered(APPROVE_SAME_PERSON, other_id)
            entries.append(casework.entry(now, "two_people_known", other=other_id))
    if case.reason_code == APPROVE_SAME_PERSON and case.maybe_same not in {None, asked}:  # blocked still
        entries.append(casework.entry(now, "maybe_same_person", other=case.maybe_same))
    return entries


async def tell_others(s: Services, case: Case) -> None:
    """Whoever is stopped by a question about this case that was answered on this one is looked at."""
    said = [word.partition(":")[2] for word in case.approvals if word.startswith(f"{TWO_PEOPLE}:")]
    for other_id in said:
        other = await two_cases.survivor(s, other_id)
        if other is None or other.case_id == case.case_id or other.reason_code != APPROVE_SAME_PERSON:
            continue
        if other.state is State.BLOCKED and await _is_settled(s, other):
            await casework.look_now(s, other, "two_people_said")


async def _is_settled(s: Services, case: Case) -> bool:
    """What the case is blocked with was answered on the other one."""
    asked = case.maybe_same
    if asked is None or case.is_said(ASKED_ANEW, asked):
        return False
    other = await two_cases.survivor(s, asked)
    return other is not None and await two_cases.are_two_people(s, case, other)
