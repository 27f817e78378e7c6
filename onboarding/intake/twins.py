"""The same person under ids that do not meet: a candidate of one system, later an employee of another.

Never by name alone. Two keys are filed for each case, as keyed hashes: the private e-mail address, and the employee
number together with the name. Whoever meets the key of another case is compared with it:

| key | names | start dates | verdict |
|---|---|---|---|
| private address | equal | equal, or one is not known | the same: the cases are joined |
| private address | equal | different | doubt: an approver decides |
| private address | one word in common | any | doubt |
| private address | nothing in common | any | two people (a family, a shared mailbox) |
| number and name | – | within a month, or one is not known | the same |
| number and name | – | further apart | doubt |

Two ids of one kind in one HR system are two people, whatever else is equal: the system says so itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from onboarding.domain.case import JOINED, PEOPLE, Alias, AliasKind, Case, ids_in
from onboarding.domain.hire import Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.errors import StoreConflict
from onboarding.intake.merging import IDS
from onboarding.ports import Services

#: In the approvals of a case: an operator says that nobody else is this person.
TWO_PEOPLE = "two_people"
#: HR systems may disagree by so much about the first day of somebody whose number and name are the same.
NEAR = timedelta(days=31)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Verdict(StrEnum):
    """What a comparison says."""

    SAME = "same"
    DOUBT = "doubt"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Twin:
    """Another case that may be, or is, about the same person."""

    case: Case
    verdict: Verdict


async def find(s: Services, case: Case, event: HireEvent) -> Twin | None:
    """File the keys of `case` (which `event` is about to change) and compare it with whoever has one already.

    Raises StoreConflict while the other case is being opened. Resumable: a key that is filed is found again.
    """
    hire = case.hire.merged(event.hire, newer=True)
    keys = _keys(s, hire)
    owners = await s.cases.owners(list(keys)) if keys else {}
    for key, by_number in keys.items():
        owner = owners.get(key) or await s.cases.claim_alias(key, case.case_id)
        if owner == case.case_id:
            continue
        other = await _survivor(s, key, owner)
        if other is None or other.case_id == case.case_id:
            continue
        if _two_people(case, event, other):
            continue
        verdict = compare(hire, other.hire, by_number=by_number)
        if verdict is not Verdict.OTHER:
            return Twin(other, verdict)
    return None


async def _survivor(s: Services, key: Alias, owner: str) -> Case | None:
    """The case that has the key, or the one into which that was joined."""
    other = await s.cases.get(owner)
    if other is None:
        raise StoreConflict("another delivery is opening a case that may be this person's: look again")
    if other.state is not State.CLOSED or other.reason_code != JOINED:
        return other
    timeline = await s.cases.timeline(owner)
    into = next(item.detail["other"] for item in reversed(timeline) if item.action == "joined_into")
    await s.cases.move_alias(key, owner, into)
    return await s.cases.get(into)


def compare(hire: Hire, there: Hire, *, by_number: bool) -> Verdict:
    """Pure: the table above."""
    apart = _apart(hire, there)
    if by_number:
        return Verdict.DOUBT if apart is not None and apart > NEAR else Verdict.SAME
    mine, theirs = words(hire), words(there)
    if mine == theirs:
        return Verdict.DOUBT if apart else Verdict.SAME
    return Verdict.DOUBT if mine & theirs else Verdict.OTHER


def _two_people(case: Case, event: HireEvent, other: Case) -> bool:
    """A system that knows both has two ids of one kind for them, whichever system was the first to name either.

    A candidate and an employee record of one system may be one person.
    """
    for source in {event.source, case.source, *case.ids}:
        mine, theirs = ids_in(case, source), ids_in(other, source)
        if source == event.source:
            mine = {**mine, **{name: value for name in IDS if (value := getattr(event.hire, name))}}
        if any(mine.get(name) and theirs.get(name) and mine[name] != theirs[name] for name in IDS):
            return True
    return False


def _apart(one: Hire, other: Hire) -> timedelta | None:
    if one.start_date is None or other.start_date is None:
        return None
    return abs(one.start_date - other.start_date)


def words(hire: Hire) -> frozenset[str]:
    """The words of a name, without case and marks; given and family name in any order."""
    name = " ".join(filter(None, (hire.given_name, hire.family_name))) or hire.display_name or ""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return frozenset("".join(c for c in plain if not unicodedata.combining(c)).replace("-", " ").split())


def _keys(s: Services, hire: Hire) -> dict[Alias, bool]:
    """Key → whether it stands for number and name. None without a name: a shared address says nothing alone."""
    name, found = words(hire), {}
    address = (hire.personal_email or "").strip().casefold()
    if name and _ADDRESS.fullmatch(address):
        found[_key(s, "mail", address)] = False
    if name and hire.employee_number:
        found[_key(s, "number", hire.employee_number, *sorted(name))] = True
    return found


def _key(s: Services, *parts: str) -> Alias:
    secret = s.settings.hash_key.reveal().encode()
    digest = hmac.new(secret, "\0".join(parts).encode(), hashlib.sha256).hexdigest()
    return Alias(PEOPLE, AliasKind.PERSON, digest[:40])
