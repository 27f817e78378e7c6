"""Two cases of one person become one, by ids that meet or by an approver's word.

The one with an account goes on, else the one that exists: it takes the other's facts, and whatever follows from them
(`intake.changed_facts`), its ids, and its words about other accounts and other people; the other one is closed. A case
that is over comes back by the other one's hire, as it would by an event. Resumable at any point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from onboarding import casework
from onboarding.domain import beginning
from onboarding.domain.case import ABOUT_CASE, JOINED, NOT_THIS, Alias, Case, aliases_of
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.domain.lifecycle import ACTIVE, RETURNABLE, Event, State
from onboarding.domain.records import NextAction, TimelineEntry
from onboarding.intake import (
    changed_facts,
    comeback,
    leave_date,
    merging,
    number_words,
    other_name,
    two_cases,
    words,
)
from onboarding.intake.erasure import being_forgotten
from onboarding.intake.outcome import (
    APPROVE_OTHER_NAME,
    APPROVE_SAME_PERSON,
    EXCLUDED,
    KEPT_QUESTIONS,
    OVER,
    PAUSED,
    TWO_ACCOUNTS,
    account_of,
)
from onboarding.intake.settle import ASKED
from onboarding.intake.standing import EXISTING_STAFF, reopen, withdrawn_since_hired
from onboarding.intake.two_cases import ASKED_ANEW, TWO_PEOPLE
from onboarding.ports import Services

#: Words about other accounts and other people: they hold for the person, in whichever case the person goes on.
_LASTING = frozenset({NOT_THIS, TWO_PEOPLE, ASKED_ANEW, TWO_ACCOUNTS, APPROVE_SAME_PERSON})
#: States in which a question, or the end of the hire, stops a case, now or once it is led on.
STOPPABLE = RETURNABLE | {State.BLOCKED, State.PAUSED}
#: What the timeline says where somebody is asked about another case.
_NOTED = {APPROVE_SAME_PERSON: "maybe_same_person", TWO_ACCOUNTS: "two_cases"}


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
    and says so (`united`): whoever comes after a crash begins again. Where it has been said of the two, whatever cases
    they were then, that they are two people, nothing is joined and this case asks anew."""
    wanted = to_unite(case)
    other = await two_cases.survivor(s, wanted) if wanted else None
    if other is None or other.case_id == case.case_id or being_forgotten(other):
        return case
    # Joined before the rest was done, or by an event meanwhile, which took the word along.
    if case.reason_code == JOINED:
        into = await two_cases.goes_on_in(s, case.case_id)
        return await join(s, other, case, case.case_id, [], now) if into == other.case_id else case
    if await two_cases.are_two_people(s, case, other) and not (
        case.is_said(ASKED_ANEW, wanted or "") or await _is_begun(s, case, other)
    ):
        return await _ask_anew(s, case, other, wanted, now)
    lead, other = (other, case) if weight(other) > weight(case) else (case, other)
    return await join(s, lead, other, other.case_id, [], now)


async def _ask_anew(s: Services, case: Case, other: Case, wanted: str | None, now: datetime) -> Case:
    """One answer counts, by somebody who was told that it contradicts; any other question about the two is answered."""
    united(case, wanted)
    if not case.is_said(ASKED_ANEW, other.case_id):
        case.approvals.append(f"{ASKED_ANEW}:{other.case_id}")
    noted = casework.entry(now, ASKED_ANEW, other=other.case_id)
    return await ask(s, case, other, APPROVE_SAME_PERSON, now, noted)


async def _is_begun(s: Services, case: Case, other: Case) -> bool:
    """Whoever joined the two died before the end, and one of them has the facts of both."""
    pairs = ((case.case_id, other.case_id), (other.case_id, case.case_id))
    told = [(of, await s.cases.timeline(one)) for one, of in pairs]
    return any(item.action == "joined" and item.detail["other"] == of for of, story in told for item in story)


def united(case: Case, other_id: str | None) -> None:
    """The word about this other case is used up."""
    if other_id is not None:
        case.answered(APPROVE_SAME_PERSON, other_id)
    used = {f"{code}:{other_id}" for code in (APPROVE_SAME_PERSON, ASKED_ANEW)}
    case.approvals = [word for word in case.approvals if word not in used]


async def join(
    s: Services, case: Case, other: Case | None, other_id: str, aliases: list[Alias], now: datetime
) -> Case:
    """Make two cases of one person one: fill the gaps, close the other, move its aliases. Resumable at any
    point: an alias that still leads to the closed case is moved when it is next used (`identity`).

    Where an operator excluded one of the two, an approver is asked first, and where both have an account, or one that
    is begun, an operator decides: nothing is joined then.
    """
    if other is None:
        # Claimed and not created yet. Creating it takes the id from whoever is about to.
        other = await s.cases.create(
            Case(other_id, case.source, State.RECEIVED, Hire(), created_at=now, updated_at=now)
        )
    if case.etag is None:
        case = await s.cases.create(case)
    excluded = State.EXCLUDED in {case.state, other.state} and other.hire != Hire()
    if excluded and not await two_cases.is_said(s, case, other, APPROVE_SAME_PERSON):
        return await _ask_both(s, case, other, APPROVE_SAME_PERSON, now)
    if other.account or other.intent:
        return await _hand_over_two(s, case, other, now)
    case = await casework.save(s, case, now, *_take(case, other, now))
    if other.reason_code != JOINED:
        if other.state is State.CLOSED:
            other.reason_code = JOINED
        else:
            other.apply(Event.CLOSE, reason=JOINED)
        # Raw numbers are kept in one case, until its account is made.
        other.hire = replace(other.hire, phones=None)
        words.forget_behind(other)
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
    comeback.note(case, other)
    number_words.join(case, other)
    merging.join_facts(case, other)
    other_name.join(case, other)
    leave_date.carry(case, other)
    moved = changed_facts.follow(case, before, now)
    if merging.RANK[other.certainty] > merging.RANK[case.certainty]:
        case.certainty = other.certainty
    case.deliveries = list(dict.fromkeys([*other.deliveries, *case.deliveries]))
    case.met = {**other.met, **case.met}
    used = {f"{code}:{case.case_id}" for code in (APPROVE_SAME_PERSON, ASKED_ANEW)}
    lasting = [
        word for word in _words(other, case) if word.partition(":")[0] in _LASTING and word not in used
    ]
    case.approvals = list(dict.fromkeys([*_words(case, other), *lasting]))
    entries = [casework.entry(now, "joined", other=other.case_id), *_take_questions(case, other, now)]
    if moved and case.state in ACTIVE:
        entries.append(casework.entry(now, "start_date_moved", "hr", days=moved))
    return [*entries, *_stand(case, other, before, now)]


def _words(one: Case, other: Case) -> list[str]:
    """What was said in a case that is about to be one with the other. A yes from before the other one asked anew about
    the same third is no answer to that."""
    anew = {f"{APPROVE_SAME_PERSON}:{third}" for third in _asked_anew(other) - _asked_anew(one)}
    return [word for word in one.approvals if word not in anew]


def _asked_anew(case: Case) -> set[str]:
    words = (word.partition(":") for word in case.approvals)
    return {third for code, _, third in words if code == ASKED_ANEW}


def _take_questions(case: Case, other: Case, now: datetime) -> Iterator[TimelineEntry]:
    """What was to be decided about the other case and a third one is to be decided about this one and that; and what
    had stopped the other one stops this one."""
    waited = case.maybe_same if case.reason_code == APPROVE_SAME_PERSON else None
    for code in ABOUT_CASE:
        case.answered(code, other.case_id)
        for third in other.others(code):
            if third != case.case_id and (
                case.is_said(ASKED_ANEW, third) or not case.is_said(TWO_PEOPLE, third)
            ):
                case.ask_about(code, third)
    # Asked, or answered, here.
    known = {*case.questions, *case.approvals, case.reason_code, case.open_question}
    for word in _stops(other):
        if word == APPROVE_OTHER_NAME and case.account is not None and other.account is None:
            continue  # nothing is made for whoever is at work already
        if word not in known and not (case.state is State.PAUSED and word.startswith(PAUSED)):
            case.questions.append(word)
            known.add(word)
    if case.maybe_same not in {None, waited} and waited is not None:  # blocked still, about the next one
        yield casework.entry(now, "maybe_same_person", other=case.maybe_same)


def _stops(case: Case) -> Iterator[str]:
    """How the case is stopped, or would be before it went on, as far as nothing else tells (`Case.questions`)."""
    if case.state is State.PAUSED:
        yield f"{PAUSED}:{case.case_id}"
    if case.state is State.EXCLUDED:
        yield f"{EXCLUDED}:{case.case_id}"
    asked = (case.reason_code if case.state in {State.BLOCKED, State.EXCLUDED} else None, case.open_question)
    yield from (code for code in asked if code in KEPT_QUESTIONS)
    yield from (word for word in case.questions if word.partition(":")[0] not in ABOUT_CASE)


def _stand(case: Case, other: Case, before: Hire, now: datetime) -> Iterator[TimelineEntry]:
    """A case that is over, `before` which the hire was this, begins a new run by the hire of the other case, where that
    one stands; a withdrawal that came with the other case holds unless HR has hired since."""
    hire = _new_hire(case, other, before)
    if hire is None:
        if withdrawn_since_hired(case) is not None:
            case.withdrawn_at = case.withdrawn_at or other.withdrawn_at
            if case.state in STOPPABLE:
                # Whoever looks ends it (`process.ask_first`).
                case.next_action = NextAction("await_hire", now, JOINED)
        return
    known = reopen(case, hire, now, now)
    # Due: whoever dies before it is decided where the case goes on leaves it to its due row.
    case.next_action = NextAction("await_hire", now, JOINED)
    yield casework.entry(now, "reopened", "hr", account=account_of(case))
    yield from known


def _new_hire(case: Case, other: Case, before: Hire) -> HireEvent | None:
    """The hire of the other case, where it is one more for somebody whose case is over: HR announced it after it had
    withdrawn the one before, or it begins later, or by another candidacy and says no first day yet; None: it is not."""
    if case.state not in OVER or other.state in OVER or other.certainty is not Certainty.EMPLOYEE:
        return None
    if merging.newest_withdrawal(case) is not None:
        stands = withdrawn_since_hired(case) is None
    else:  # only an offer was withdrawn, nobody was hired here, or all was done
        stands = case.withdrawn_at is not None or case.reason_code == EXISTING_STAFF
        stands = stands or comeback.begins_later(case.hire, before.start_date)
        stands = stands or (other.hire.start_date is None and _are_two_candidacies(case, other))
    if not stands:
        return None
    said = case.said.get("start_date")
    at = other.hired_at or (said.at if said else other.created_at)
    at = case.hired_at = max(at, case.hired_at or at)
    return HireEvent(
        other.source, EventType.HIRE_CREATED, Hire(), JOINED, certainty=Certainty.EMPLOYEE, occurred_at=at
    )


def _are_two_candidacies(case: Case, other: Case) -> bool:
    """One recruiting system hired the person twice."""
    pairs = (
        (known.get("candidate_id"), other.ids.get(source, {}).get("candidate_id"))
        for source, known in case.ids.items()
    )
    return other.hired_at is not None and any(one and two and one != two for one, two in pairs)


async def _hand_over_two(s: Services, case: Case, other: Case, now: datetime) -> Case:
    """Two accounts are not made one here. Said once; what is said of the person meanwhile is noted on each case."""
    seen = case.is_said(TWO_ACCOUNTS, other.case_id) or other.is_said(TWO_ACCOUNTS, case.case_id)
    if seen or TWO_ACCOUNTS in case.approvals:  # without an id in cases from before words were about a pair
        return case
    if case.account is None or other.account is None or case.state not in STOPPABLE:
        return await _ask_both(s, case, other, TWO_ACCOUNTS, now)
    return await ask(s, case, other, TWO_ACCOUNTS, now)


async def _ask_both(s: Services, case: Case, other: Case, code: str, now: datetime) -> Case:
    """Neither goes on before somebody has decided about the two; an answer on one is none on the other. The one that
    would go on is stopped first."""
    if code == APPROVE_SAME_PERSON and await two_cases.is_decided(s, case, other):
        return case
    for one, of in sorted([(other, case), (case, other)], key=lambda pair: pair[0].state is State.EXCLUDED):
        await ask(s, one, of, code, now)
    return case


async def ask(s: Services, case: Case, other: Case, code: str, now: datetime, *before: TimelineEntry) -> Case:
    """Ask about the other case, and stop this one where it would go on. One that is stopped already is asked about
    when it does (`settle.asked_first`). `before`: what led to it."""
    known = case.asks_about(code, other.case_id)
    case.ask_about(code, other.case_id)
    entries = [*before, *([] if known else [casework.entry(now, _NOTED[code], other=other.case_id)])]
    if case.state in ASKED:
        return await casework.block(s, case, now, code, *entries)
    return await casework.save(s, case, now, *entries) if entries else case
