"""Who has, or had, an employee number: every case that an HR system ever gave it to.

The number's alias leads to one case only; the others are found by search, which knows every number of a case.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain.case import Alias, AliasKind, Case
from onboarding.domain.hire import HireEvent
from onboarding.intake import numbers
from onboarding.intake.outcome import APPROVE_SHARED_ID
from onboarding.ports import CaseQuery, Services

#: Cases that are looked at for whose a number is.
_SAME_NUMBER = 20


async def holders(s: Services, source: str, number: str, *, now_as: Case | None = None) -> list[Case]:
    """Their cases. `now_as`: one that is being worked on, as it is now."""
    rows = await s.cases.search(CaseQuery(employee_id=number), None, _SAME_NUMBER)
    alias = Alias(source, AliasKind.EMPLOYEE_NUMBER, number)
    owner = (await s.cases.owners([alias])).get(alias)
    ids = dict.fromkeys([*(row.case_id for row in rows.items), *([owner] if owner else [])])
    found = [] if now_as is None else [now_as]
    for case_id in ids:
        if now_as is None or case_id != now_as.case_id:
            case = await s.cases.get(case_id)
            found += [case] if case is not None and case.listed else []
    return [case for case in found if f"{source}:{number}" in case.numbers]


async def is_shared(s: Services, case: Case, event: HireEvent, at: datetime) -> bool:
    """The number that the event, of `at`, names is, or was at once, that of the case and of another person."""
    number, words = event.hire.employee_number or "", numbers.with_event(case, event, at)
    owner = await _owner(s, case, Alias(event.source, AliasKind.EMPLOYEE_NUMBER, number))
    others = [item for item in await holders(s, event.source, number) if item.case_id != case.case_id]
    known = {item.case_id for item in others}
    if owner is not None and owner not in known:
        return True  # nobody has said since when the other one has it
    return any(numbers.overlap(words, item.numbers, event.source, number) for item in others)


def asks(case: Case) -> bool:
    """Somebody is, or will be, asked about an id that belongs to two people."""
    return APPROVE_SHARED_ID in {*case.questions, case.reason_code, case.open_question}


async def still_shares(s: Services, case: Case) -> bool:
    """One of the ids by which HR knows this person belongs to somebody else, too, as is known now."""
    for source, known in case.ids.items():
        for name, value in known.items():
            if await _owner(s, case, Alias(source, AliasKind(name), value)) is not None:
                return True
    for name in case.numbers:
        source, _, number = name.partition(":")
        if number and await _shares(s, case, source, number):
            return True
    return False


async def _shares(s: Services, case: Case, source: str, number: str) -> bool:
    owner = await _owner(s, case, Alias(source, AliasKind.EMPLOYEE_NUMBER, number))
    others = [item for item in await holders(s, source, number, now_as=case) if item is not case]
    if owner is not None and owner not in {item.case_id for item in others}:
        return True  # nobody has said since when the other one has it
    return any(numbers.overlap(case.numbers, item.numbers, source, number) for item in others)


async def _owner(s: Services, case: Case, alias: Alias) -> str | None:
    """Id of another person's case to which the alias leads; None: there is none."""
    owner = (await s.cases.owners([alias])).get(alias)
    found = await s.cases.get(owner) if owner is not None and owner != case.case_id else None
    return owner if found is not None and found.listed else None
