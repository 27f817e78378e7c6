"""What was said of two cases holds for the cases in which the two people go on, however they were joined since.

A word names the other case as it was called when somebody spoke (`two_people:<case id>`), on either of the two. Cases
are joined later, so whether a word is about two cases is found by following the ids that it names.
"""

from __future__ import annotations

from collections.abc import Collection

from onboarding.domain.case import TWO_ACCOUNTS, Case
from onboarding.ports import Services

#: In the approvals of a case, with another one's id: an approver says that these are two people. Without an id, in
#: cases from before words were about a pair: that nobody else is this person.
TWO_PEOPLE = "two_people"
#: … an approver said that they are one person although it had been said that they are two: this case asks again about
#: the other one, under this id, and the answer to that is the one that counts.
ASKED_ANEW = "asked_anew"


async def goes_on_in(s: Services, case_id: str) -> str:
    """Id of the case into which this one was joined, which may have been joined into another one since."""
    timeline = await s.cases.timeline(case_id)
    return next(item.detail["other"] for item in reversed(timeline) if item.action == "joined_into")


async def survivor(s: Services, case_id: str) -> Case | None:
    """The case, or the one in which its person goes on; None: it is gone."""
    case = await s.cases.get(case_id)
    while case is not None and not case.listed:
        case = await s.cases.get(await goes_on_in(s, case.case_id))
    return case


async def named(s: Services, case: Case, codes: Collection[str], other: Case) -> list[str]:
    """The words of `case` with these codes that are about the other one, or about a case that was joined to it."""
    found = []
    for word in case.approvals:
        code, _, of = word.partition(":")
        if code in codes and of:
            about = other if of == other.case_id else await survivor(s, of)
            if about is not None and about.case_id == other.case_id:
                found.append(word)
    return found


async def is_said(s: Services, case: Case, other: Case, *codes: str) -> bool:
    """One of these words was said of the two, on either of them."""
    return bool(await named(s, case, codes, other) or await named(s, other, codes, case))


async def are_two_people(s: Services, case: Case, other: Case) -> bool:
    """An approver said so."""
    return TWO_PEOPLE in {*case.approvals, *other.approvals} or await is_said(s, case, other, TWO_PEOPLE)


async def is_decided(s: Services, case: Case, other: Case) -> bool:
    """Of the two it was said that they are two people, or which of two accounts stays; or somebody is asked that
    already."""
    if any(one.asks_about(TWO_ACCOUNTS, of.case_id) for one, of in ((case, other), (other, case))):
        return True
    return await are_two_people(s, case, other) or await is_said(s, case, other, TWO_ACCOUNTS)
