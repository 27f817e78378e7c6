"""Which case a hire event belongs to: aliases, and what to do when they disagree.

An alias row (source, kind, value) is claimed before the case is created, strongest first, so that a crash
between the two leaves a claimed case id, under which whoever comes next by the same strongest id creates the
case. By a weaker one it may be somebody else's: whoever comes waits until it is there (`intake.openings`). A worker
that loses a race gets StoreConflict and finds the winner's case on its next turn.

Ids differ in strength: an employee id decides; a candidate id decides unless the employee ids differ; an
employee number decides unless a stronger id differs (companies share, recycle and mistype numbers).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from onboarding.domain.case import JOINED, Alias, AliasKind, Case, ids_in
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.errors import StoreConflict
from onboarding.intake import numbers, openings, other_name, twins, two_cases
from onboarding.intake.adapter import LinkedEvent
from onboarding.intake.comeback import foretell, foretell_hire
from onboarding.intake.erasure import refuse_forgotten
from onboarding.intake.given_again import tell_apart
from onboarding.intake.joining import ask, join, weight
from onboarding.intake.merging import event_time, newest_withdrawal
from onboarding.intake.number_holders import holders, is_shared
from onboarding.intake.outcome import APPROVE_SAME_PERSON, OVER
from onboarding.ports import Services

#: Events about people whom we do not know, and then need not: existing staff leaving, records deleted.
_NEVER_OPENS = frozenset(
    {EventType.EMPLOYMENT_TERMINATED, EventType.EMPLOYEE_DELETED, EventType.IGNORED, EventType.TEST_PING}
)


@dataclass(slots=True)
class Located:
    """The case of an event. Not yet in the store when `opened`."""

    case: Case
    opened: bool = False
    #: One of the event's ids belongs to another person's case; …
    strangers: bool = False
    #: … and is both people's at once, as far as is known.
    shared_id: bool = False
    #: The case's etag as it was read, before others may have been joined to it.
    etag: str | None = None


def event_aliases(event: HireEvent) -> list[Alias]:
    """Aliases that the event gives, strongest first."""
    hire = event.hire
    known = event.also_known_as if isinstance(event, LinkedEvent) else ()
    pairs = [
        (AliasKind.EMPLOYEE_ID, hire.employee_id),
        (AliasKind.CANDIDATE_ID, hire.candidate_id),
        *((AliasKind.CANDIDATE_ID, value) for value in known),
        (AliasKind.EMPLOYEE_NUMBER, hire.employee_number),
    ]
    return [Alias(event.source, kind, value) for kind, value in pairs if value]


def opens(event: HireEvent) -> bool:
    """The event may open a case. A cancellation does, so that a hire event that comes late finds it."""
    if event.event_type in _NEVER_OPENS or (isinstance(event, LinkedEvent) and not event.opens):
        return False
    return event.event_type is not EventType.HIRE_CANCELLED or event.certainty is Certainty.EMPLOYEE


async def locate(
    s: Services, event: HireEvent, now: datetime, *, known: Case | None = None, at: datetime | None = None
) -> Located | None:
    """The event's case, found or to be created under an id that is claimed; None: none, and none to open.

    Cases that turn out to be one person's are joined. Raises StoreConflict when somebody else was faster, and
    BeingForgotten, before anything is claimed for a case that is about to go. `known`: a case that the event is
    about in any case, under whatever ids the person is known there. `at`: as of when the event speaks, if not `now`.
    """
    aliases = event_aliases(event)
    owners = await s.cases.owners(aliases)
    cases = {case_id: await s.cases.get(case_id) for case_id in dict.fromkeys(owners.values())}
    if known is not None:
        cases.setdefault(known.case_id, await s.cases.get(known.case_id))
    if await _follow(s, aliases, owners, cases):
        return await locate(s, event, now, known=known, at=at)
    strangers = {
        case_id for case_id, case in cases.items() if case and _differs(case, event, aliases, owners)
    }
    for missing in _unsettled(event, aliases, owners, cases, strangers):
        if cases[missing] is None:
            claims = [alias for alias in owners if owners[alias] == missing]
            await openings.look_again(s, claims, missing, now)
        elif not await openings.is_given_up(s, missing, now):
            raise openings.conflict()
    ours = [owners[alias] for alias in aliases if alias in owners and owners[alias] not in strangers]
    if known is not None and known.case_id not in ours and cases[known.case_id] is not None:
        ours.append(known.case_id)
    refuse_forgotten(cases[case_id] for case_id in ours)
    at = at or event_time(event, now)
    for owner in filter(None, (cases[case_id] for case_id in dict.fromkeys(ours))):
        tell_apart(owner, event, at, now)
    case_id = _leading(ours, cases) if ours else s.entropy.case_id()
    if cases.get(case_id) is None and not opens(event):
        return None
    await _claim(s, [alias for alias in aliases if alias not in owners], case_id)
    case = cases.get(case_id)
    mine = case or _blank(case_id, event, now)
    found = Located(
        mine,
        opened=case is None,
        strangers=bool(strangers),
        shared_id=await _is_shared(s, mine, event, strangers, owners, now),
        etag=case.etag if case else None,
    )
    for other in dict.fromkeys(ours):
        if other != case_id:
            if known is not None and other == known.case_id and (read := cases[other]) is not None:
                foretell(read, event, now)
            found.case = await join(s, found.case, cases[other], other, aliases, now)
    await _meet_twins(s, found, other_name.own(found.case, event, at), now)
    return found


async def holder(s: Services, event: HireEvent, at: datetime, filed: Located) -> Located | None:
    """Whose number it was that an end names alone, and which leads to the case of `filed`: the one's to whom the HR
    system had given it by then. None: nobody's."""
    number = event.hire.employee_number or ""
    if f"{event.source}:{number}" not in filed.case.numbers and not numbers.of_source(
        filed.case, event.source
    ):
        return filed  # nothing was said of the person but such words
    cases = await holders(s, event.source, number, now_as=filed.case)
    found = numbers.holder(cases, event.source, number, at)
    if found is None or found is filed.case:
        return filed if found is not None else None
    refuse_forgotten([found])
    return Located(found, etag=found.etag)


async def _is_shared(
    s: Services,
    found: Case,
    event: HireEvent,
    strangers: set[str],
    owners: Mapping[Alias, str],
    now: datetime,
) -> bool:
    """An id of the event is that of a stranger, too; of a number, that both had it at once."""
    kinds = {alias.kind for alias, owner in owners.items() if owner in strangers}
    if kinds - {AliasKind.EMPLOYEE_NUMBER}:
        return True
    return bool(kinds) and await is_shared(s, found, event, event_time(event, now))


async def _meet_twins(s: Services, found: Located, event: HireEvent, now: datetime) -> None:
    """Join the case with those of the same person under other ids; then remember doubt for an approver, about each of
    the others, on the case that goes on; where this one is over, on the other, too. So is whatever is found of somebody
    who is excluded: they are joined with nobody before somebody has decided."""
    if event.event_type in _NEVER_OPENS:
        return
    met = await twins.find(s, found.case, event, now)
    refuse_forgotten(twin.case for twin in met)
    sure = await _sure(s, found.case, event, met)
    for other in sure:
        await _join_twin(s, found, other, event, now)
    joined = {item.case_id for item in sure}
    for other in (twin.case for twin in met if twin.case.case_id not in joined):
        if joined and await twins.are_apart(s, found.case, event, other):
            continue
        if State.EXCLUDED in {found.case.state, other.state} or _is_withdrawn(found.case):
            await ask(s, other, found.case, APPROVE_SAME_PERSON, now)
        found.case.ask_about(APPROVE_SAME_PERSON, other.case_id)


async def _sure(s: Services, case: Case, event: HireEvent, met: list[twins.Twin]) -> list[Case]:
    """Those who are joined unasked. None, where two of them are known to be two people: then it is not sure which."""
    alive = case.state is not State.EXCLUDED
    found = [
        twin.case
        for twin in met
        if alive and twin.verdict is twins.Verdict.SAME and twin.case.state is not State.EXCLUDED
    ]
    for one, other in itertools.combinations(found, 2):
        if await twins.are_apart(s, one, event, other):
            return []
    return found


async def _join_twin(s: Services, found: Located, other: Case, event: HireEvent, now: datetime) -> None:
    lead = found.case
    foretell_hire(lead, other, event, now, leads=weight(other) <= weight(lead))
    if weight(other) > weight(lead):
        lead, other, found.opened = other, lead, False
    given = None if other.etag is None else other
    found.case = await join(s, lead, given, other.case_id, event_aliases(event), now)


def _is_withdrawn(case: Case) -> bool:
    return case.state in OVER and newest_withdrawal(case) is not None


async def _follow(
    s: Services, aliases: list[Alias], owners: Mapping[Alias, str], cases: Mapping[str, Case | None]
) -> bool:
    """Move aliases of a case that was joined into another to that other. True: some moved, look again."""
    moved = False
    for alias in aliases:
        case = cases.get(owners.get(alias, ""))
        if case is not None and case.state is State.CLOSED and case.reason_code == JOINED:
            await s.cases.move_alias(alias, case.case_id, await two_cases.goes_on_in(s, case.case_id))
            moved = True
    return moved


def _unsettled(
    event: HireEvent,
    aliases: list[Alias],
    owners: Mapping[Alias, str],
    cases: Mapping[str, Case | None],
    strangers: set[str],
) -> list[str]:
    """Cases of ids that say nothing yet, because the case is not there, or is about to be joined to that of the number:
    the event names a stronger id, which does not lead there, so that it may be somebody else's; or it opens no case."""
    leading = {owners.get(alias) for alias in aliases if alias.kind is aliases[0].kind}
    found = []
    for alias, owner in owners.items():
        case = cases[owner]
        if (case is None and not opens(event)) or (
            owner not in leading and owner not in strangers and (case is None or not _shows(case, alias))
        ):
            found.append(owner)
    return list(dict.fromkeys(found))


def _shows(case: Case, alias: Alias) -> bool:
    """The number is known to the row of the case; of other ids a row does not keep all."""
    if alias.kind is not AliasKind.EMPLOYEE_NUMBER:
        return True
    said = {case.hire.employee_number, *(word.number for word in case.by_number)}
    if alias.value in said or f"{alias.source}:{alias.value}" in case.numbers:
        return True
    # A row from before numbers were kept of each system.
    return bool(ids_in(case, alias.source)) and not numbers.of_source(case, alias.source)


def _blank(case_id: str, event: HireEvent, now: datetime) -> Case:
    return Case(
        case_id,
        event.source,
        State.RECEIVED,
        Hire(),
        created_at=now,
        updated_at=now,
        certainty=event.certainty,
        begun=False,
    )


def _differs(case: Case, event: HireEvent, aliases: list[Alias], owners: Mapping[Alias, str]) -> bool:
    """By a stronger id than those it was found by, the case is somebody else's."""
    kinds = {alias.kind for alias in aliases if owners.get(alias) == case.case_id}
    if AliasKind.EMPLOYEE_ID in kinds:
        return False
    known = ids_in(case, event.source)
    if _contrary(known.get("employee_id"), event.hire.employee_id):
        return True
    return AliasKind.CANDIDATE_ID not in kinds and _contrary(
        known.get("candidate_id"), event.hire.candidate_id
    )


def _contrary(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _leading(ours: list[str], cases: Mapping[str, Case | None]) -> str:
    """Of several cases of one person the weightiest, else the first claimed."""
    return max(ours, key=lambda case_id: _rank(cases[case_id]))  # the first of equals, the strongest alias


def _rank(case: Case | None) -> tuple[bool, int]:
    """What HR says of two, one of whom is excluded, is heard by the one in whom something is done."""
    return case is not None and case.state is not State.EXCLUDED, weight(case)


async def _claim(s: Services, aliases: list[Alias], case_id: str) -> None:
    """Claim what nobody owned a moment ago, strongest first."""
    for alias in aliases:
        if await s.cases.claim_alias(alias, case_id) != case_id:
            raise StoreConflict("another delivery is opening this person's case: look again")
