"""Two cases of one person become one, by ids that meet or by an approver's word.

The one with an account goes on, else the one that exists: it takes the other's facts, and whatever follows from them
(`intake.changed_facts`), its ids, and its words about other accounts and other people; the other one is closed. A case
that is over comes back by the other one's hire, as it would by an event. Resumable at any point.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from onboarding import casework
from onboarding.domain import beginning
from onboarding.domain.case import (
    ABOUT_CASE,
    JOINED,
    NOT_THIS,
    Alias,
    Case,
    NextAction,
    TimelineEntry,
    aliases_of,
)
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.domain.lifecycle import ACTIVE, RETURNABLE, Event, State
from onboarding.intake import changed_facts, leave_date, merging, twins
from onboarding.intake.erasure import being_forgotten
from onboarding.intake.outcome import APPROVE_SAME_PERSON, OVER, TWO_ACCOUNTS, account_of
from onboarding.intake.standing import EXISTING_STAFF, is_hired_since, reopen, withdrawn_since_hired
from onboarding.ports import Services

#: Words about other accounts and other people: they hold for the person, in whichever case the person goes on.
_LASTING = frozenset({NOT_THIS, twins.TWO_PEOPLE, TWO_ACCOUNTS})


def weight(case: Case | None) -> int:
    """Of two cases of one person the heavier one goes on: one with an account, then one that exists."""
    if case is None or case.etag is None:
        return 0
    return 2 if case.account or case.intent else 1


def to_unite(case: Case) -> str | None:
    """Id of the case of which an approver said that it is the same person's; None: there is none."""
    words = (word.partition(":") for word in case.approvals)
    return next((other for code, _, other in words if code == APPROVE_SAME_PERSON and other), None)


async def unite(s: Services, case: Case, now: datetime) -> Case:
    """Join the case with `to_unite`. Returns the case that goes on. The word stays until the caller has done the rest
    and says so (`united`): whoever comes after a crash begins again."""
    wanted = to_unite(case)
    other = await s.cases.get(wanted) if wanted else None
    if other is None or being_forgotten(other) or other.reason_code == JOINED:
        return case
    lead, other = (other, case) if weight(other) > weight(case) else (case, other)
    return await join(s, lead, other, other.case_id, [], now)


def united(case: Case, other_id: str | None) -> None:
    """The word about this other case is used up."""
    if other_id is not None:
        case.answered(APPROVE_SAME_PERSON, other_id)
    case.approvals = [word for word in case.approvals if word != f"{APPROVE_SAME_PERSON}:{other_id}"]


async def join(
    s: Services, case: Case, other: Case | None, other_id: str, aliases: list[Alias], now: datetime
) -> Case:
    """Make two cases of one person one: fill the gaps, close the other, move its aliases. Resumable at any
    point: an alias that still leads to the closed case is moved when it is next used (`identity`).

    Where an operator excluded the other case, nothing is joined: the entry says so. Where it has an account, too, the
    one that goes on is blocked for an operator, unless one has seen to it before.
    """
    if other is None:
        # Claimed and not created yet. Creating it takes the id from whoever is about to.
        other = await s.cases.create(
            Case(other_id, case.source, State.RECEIVED, Hire(), created_at=now, updated_at=now)
        )
    if case.etag is None:
        case = await s.cases.create(case)
    if other.state is State.EXCLUDED:
        return await casework.save(s, case, now, casework.entry(now, "two_cases", other=other_id))
    if other.account or other.intent:
        return await _hand_over_two(s, case, other, now)
    case = await casework.save(s, case, now, *_take(case, other, now))
    if other.reason_code != JOINED:
        if other.state is State.CLOSED:
            other.reason_code = JOINED
        else:
            other.apply(Event.CLOSE, reason=JOINED)
        await casework.rest(
            s, other, now, "none", JOINED, casework.entry(now, "joined_into", other=case.case_id)
        )
    for alias in [*(item for item in aliases_of(other) if item not in aliases), *aliases]:
        if (await s.cases.owners([alias])).get(alias) == other_id:
            await s.cases.move_alias(alias, other_id, case.case_id)
    return case


def _take(case: Case, other: Case, now: datetime) -> list[TimelineEntry]:
    """Everything of the other case that goes on in this one. Returns the entries that say so."""
    beginning.note(case, now)
    leave_date.note(case)
    before = case.hire
    merging.join_facts(case, other)
    leave_date.carry(case, other)
    moved = changed_facts.follow(case, before, now)
    if merging.RANK[other.certainty] > merging.RANK[case.certainty]:
        case.certainty = other.certainty
    case.deliveries = list(dict.fromkeys([*other.deliveries, *case.deliveries]))
    lasting = [word for word in other.approvals if word.partition(":")[0] in _LASTING]
    case.approvals = list(dict.fromkeys([*case.approvals, *lasting]))
    entries = [casework.entry(now, "joined", other=other.case_id), *_take_questions(case, other, now)]
    if moved and case.state in ACTIVE:
        entries.append(casework.entry(now, "start_date_moved", "hr", days=moved))
    return [*entries, *_stand(case, other, before, now)]


def _take_questions(case: Case, other: Case, now: datetime) -> Iterator[TimelineEntry]:
    """What was to be decided about the other case and a third one is to be decided about this one and that."""
    waited = case.maybe_same if case.reason_code == APPROVE_SAME_PERSON else None
    for code in ABOUT_CASE:
        case.answered(code, other.case_id)
        for third in other.others(code):
            if third != case.case_id and not case.is_said(twins.TWO_PEOPLE, third):
                case.ask_about(code, third)
    if case.maybe_same not in {None, waited} and waited is not None:  # blocked still, about the next one
        yield casework.entry(now, "maybe_same_person", other=case.maybe_same)


def _stand(case: Case, other: Case, before: Hire, now: datetime) -> Iterator[TimelineEntry]:
    """A case that is over, `before` which the hire was this, begins a new run by the hire of the other case, where that
    one stands; a withdrawal that came with the other case holds unless HR has hired since."""
    hire = _new_hire(case, other, before)
    if hire is None:
        newest = merging.newest_withdrawal(case)
        if newest is None or not is_hired_since(case, newest):
            case.withdrawn_at = case.withdrawn_at or other.withdrawn_at
        return
    known = reopen(case, hire, now, now)
    # Due: whoever dies before it is decided where the case goes on leaves it to its due row.
    case.next_action = NextAction("await_hire", now, JOINED)
    yield casework.entry(now, "reopened", "hr", account=account_of(case))
    yield from known


def _new_hire(case: Case, other: Case, before: Hire) -> HireEvent | None:
    """The hire of the other case, where it is one more for somebody whose case is over: HR announced it after it had
    withdrawn the one before, or it begins later; None: it is not."""
    if case.state not in OVER or other.state in OVER or other.certainty is not Certainty.EMPLOYEE:
        return None
    said, newest = case.said.get("start_date"), merging.newest_withdrawal(case)
    at = max(filter(None, (other.hired_at, said.at if said else other.created_at)))
    known = before.start_date or (case.ended_at.date() if case.ended_at else None)
    start = case.hire.start_date
    later = start is not None and (known is None or start > known)
    if newest is None:
        stands, at = later or case.reason_code == EXISTING_STAFF, said.at if said else at
    else:
        stands = withdrawn_since_hired(case) is None or (later and at > newest)
    if not stands:
        return None
    case.hired_at = max(at, case.hired_at or at)
    return HireEvent(
        other.source, EventType.HIRE_CREATED, Hire(), JOINED, certainty=Certainty.EMPLOYEE, occurred_at=at
    )


async def _hand_over_two(s: Services, case: Case, other: Case, now: datetime) -> Case:
    """Two accounts are not made one here. Said once, on whichever of the two; what is said of the person meanwhile is
    noted on each case."""
    seen = case.is_said(TWO_ACCOUNTS, other.case_id) or other.is_said(TWO_ACCOUNTS, case.case_id)
    if seen or TWO_ACCOUNTS in case.approvals:  # without an id in cases from before words were about a pair
        return case
    known = case.asks_about(TWO_ACCOUNTS, other.case_id)
    entries = [] if known else [casework.entry(now, "two_cases", other=other.case_id)]
    case.ask_about(TWO_ACCOUNTS, other.case_id)
    if case.state in RETURNABLE:
        return await casework.block(s, case, now, TWO_ACCOUNTS, *entries)
    return await casework.save(s, case, now, *entries) if entries else case
