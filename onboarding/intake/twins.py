"""The same person under ids that do not meet: a candidate of one system, later an employee of another.

Never by name alone. Keys are filed for each case, as keyed hashes: the private e-mail address; and together with the
name the employee number, each telephone number that is not at work, and the first day; and each mobile number with each
single word of the name, since HR may write a longer name than recruiting. Whoever meets the key of another case is
compared with it, by the strongest key first:

| key | and | verdict |
|---|---|---|
| private address | names equal; start dates equal, or one is not known | the same: the cases are joined |
| private address | names equal, start dates differ | doubt: an approver decides |
| private address | names have one word in common | doubt |
| private address | names have nothing in common | two people (a family, a shared mailbox) |
| number and name | nothing known contradicts; starts within a month, or one is not known | the same |
| number and name | anything else | doubt: two systems may both number from 1 |
| number and name | the number is recruiting's word (`external_id`) | doubt |
| telephone and name | – | doubt |
| mobile number | one name holds all words of the other, two at least; start dates equal, or one is not known | doubt |
| mobile number | anything else | two people (a family) |
| first day and name | one is known to recruiting alone, the other to HR alone; nothing known contradicts | doubt |
| first day and name | anything else | two people |

Contradicting: both have a private address, or numbers that are not at work, or a country of work or of residence, and
they have none in common. A first day is asked about only across the border between recruiting and HR, which everybody
who is hired crosses once, and only with a name of two words: people of one name who begin together in one HR system, or
in the HR systems of two companies, are not asked about.

Two ids of one kind in one HR system are two people, whatever else is equal: the system says so itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from onboarding.domain.case import PEOPLE, Alias, AliasKind, Case, ids_in
from onboarding.domain.hire import Hire, HireEvent
from onboarding.domain.phone import PhoneKind, phonebook
from onboarding.domain.places import country
from onboarding.errors import StoreConflict
from onboarding.intake import two_cases
from onboarding.intake.merging import IDS
from onboarding.ports import Services

#: HR systems may disagree by so much about the first day of somebody whose number and name are the same.
NEAR = timedelta(days=31)
#: Telephone numbers of one person that are filed, and words of the name with each that is a mobile: the longest.
_NUMBERS, _WORDS = 3, 6
_MOBILE = frozenset({PhoneKind.MOBILE, PhoneKind.FIXED_LINE_OR_MOBILE})
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Verdict(StrEnum):
    """What a comparison says."""

    SAME = "same"
    DOUBT = "doubt"
    OTHER = "other"


class Ground(StrEnum):
    """What two cases have in common. The value is part of the key in the store."""

    ADDRESS = "mail"
    NUMBER = "number"
    TELEPHONE = "phone"
    MOBILE = "mobile"
    FIRST_DAY = "day"


@dataclass(frozen=True, slots=True)
class Twin:
    """Another case that may be, or is, about the same person."""

    case: Case
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Side:
    """One of two people who are compared."""

    hire: Hire
    #: Keyed hashes of the numbers that are not at work.
    numbers: frozenset[str]
    #: The employee number is what a recruiting system says: there it is a field like any other.
    number_by_recruiting: bool = False
    #: Those of `numbers` that are a mobile's, or may be.
    mobiles: frozenset[str] = frozenset()


async def find(s: Services, case: Case, event: HireEvent) -> list[Twin]:
    """File the keys of `case` (which `event` is about to change) and compare it with everybody who has one already: of
    each the verdict by the strongest key that says anything.

    Raises StoreConflict while the other case is being opened. Resumable: a key that is filed is found again.
    """
    hire = case.hire.merged(event.hire, newer=True)
    mine = Side(
        hire, _numbers(s, hire, case), _is_recruitings(case, event), frozenset(_private(s, hire, _MOBILE))
    )
    keys = _keys(s, mine)
    owners = await s.cases.owners(list(keys)) if keys else {}
    found: dict[str, Twin] = {}
    for key, ground in keys.items():
        owner = owners.get(key) or await s.cases.claim_alias(key, case.case_id)
        if owner == case.case_id:
            continue
        other = await _survivor(s, key, owner)
        if other.case_id in {case.case_id, *found}:
            continue
        if await are_apart(s, case, event, other):
            continue
        there = Side(other.hire, _numbers(s, other.hire, other), _is_recruitings(other))
        verdict = compare(mine, there, ground)
        if verdict is not Verdict.OTHER:
            found[other.case_id] = Twin(other, verdict)
    return list(found.values())


async def are_apart(s: Services, case: Case, event: HireEvent, other: Case) -> bool:
    """Somebody has decided about the two already, or an HR system knows them as two; `event` is about `case`."""
    return _two_people(case, event, other) or await two_cases.is_decided(s, case, other)


async def _survivor(s: Services, key: Alias, owner: str) -> Case:
    """The case that has the key, or the one into which that was joined."""
    other = await two_cases.survivor(s, owner)
    if other is None:
        raise StoreConflict("another delivery is opening a case that may be this person's: look again")
    if other.case_id != owner:
        await s.cases.move_alias(key, owner, other.case_id)
    return other


def compare(mine: Side, theirs: Side, ground: Ground) -> Verdict:
    """Pure: the table above. Of a key that one of them has outgrown (a name or a number that HR corrected) it says
    doubt at most."""
    hire, there = mine.hire, theirs.hire
    apart = _apart(hire, there)
    if ground is Ground.ADDRESS:
        if words(hire) == words(there):
            return Verdict.DOUBT if apart else Verdict.SAME
        return Verdict.DOUBT if words(hire) & words(there) else Verdict.OTHER
    if ground is Ground.MOBILE:
        short, long = sorted((words(hire), words(there)), key=len)
        return Verdict.DOUBT if len(short) > 1 and short <= long and not apart else Verdict.OTHER
    if ground is Ground.TELEPHONE:
        return Verdict.DOUBT if words(hire) & words(there) else Verdict.OTHER
    same_name, contrary = words(hire) == words(there), contradict(mine, theirs)
    if ground is Ground.FIRST_DAY:
        across = {_is_known_to(hire), _is_known_to(there)} == {"recruiting", "hr"}
        same_day = same_name and hire.start_date == there.start_date
        return Verdict.DOUBT if across and same_day and not contrary else Verdict.OTHER
    by_recruiting = mine.number_by_recruiting or theirs.number_by_recruiting
    near = apart is None or apart <= NEAR
    sure = same_name and near and hire.employee_number == there.employee_number
    return Verdict.SAME if sure and not contrary and not by_recruiting else Verdict.DOUBT


def contradict(mine: Side, theirs: Side) -> bool:
    """Something that both have, and that one person has only one of, is not the same. Not known is no contradiction."""
    hire, there = mine.hire, theirs.hire
    pairs = [
        (_address(hire), _address(there)),
        (_country(hire.work_country), _country(there.work_country)),
        (_country(hire.home_country), _country(there.home_country)),
    ]
    if any(one and other and one != other for one, other in pairs):
        return True
    return bool(mine.numbers and theirs.numbers) and mine.numbers.isdisjoint(theirs.numbers)


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


def _address(hire: Hire) -> str | None:
    address = (hire.personal_email or "").strip().casefold()
    return address if _ADDRESS.fullmatch(address) else None


def _country(said: str | None) -> str | None:
    return country.alpha2(said) if said else None


def _numbers(s: Services, hire: Hire, case: Case) -> frozenset[str]:
    """Keyed hashes of the numbers that are not at work; of somebody with an account the one that is kept."""
    found = set(_private(s, hire, frozenset(PhoneKind)))
    return frozenset(found | ({case.phone_hash} if case.phone_hash else set()))


def _private(s: Services, hire: Hire, kinds: Collection[PhoneKind]) -> Iterator[str]:
    """Keyed hashes of the numbers of these kinds that are not at work."""
    secret = s.settings.hash_key.reveal()
    for item, result in phonebook.results(hire):
        if result.e164 and result.kind in kinds and item.label != "work" and not item.extension:
            yield phonebook.hashed(secret, result.e164)


def _is_recruitings(case: Case, event: HireEvent | None = None) -> bool:
    """The employee number comes from a system that knows the person as a candidate only."""
    if event is not None and event.hire.employee_number:
        said = {name: value for name in IDS if (value := getattr(event.hire, name))}
        known = {**ids_in(case, event.source), **said}
    else:
        word = case.said.get("employee_number")
        known = ids_in(case, (word.source if word else None) or case.source)
    return "candidate_id" in known and "employee_id" not in known


def _is_known_to(hire: Hire) -> str:
    """`recruiting`, `hr` or `both`."""
    if hire.candidate_id is None:
        return "hr"
    return "both" if hire.employee_id else "recruiting"


def _keys(s: Services, mine: Side) -> dict[Alias, Ground]:
    """Strongest first, and in an order that is the same for everybody, so that no two cases wait for each other. None
    without a name: a shared address says nothing alone."""
    return {_key(s, ground, *parts): ground for ground, parts in _shared(mine)}


def _shared(mine: Side) -> Iterator[tuple[Ground, tuple[str, ...]]]:
    """What somebody else may have in common with this person."""
    hire, name = mine.hire, sorted(words(mine.hire))
    if not name:
        return
    if address := _address(hire):
        yield Ground.ADDRESS, (address,)
    if hire.employee_number:
        yield Ground.NUMBER, (hire.employee_number, *name)
    for number in sorted(mine.numbers)[:_NUMBERS]:
        yield Ground.TELEPHONE, (number, *name)
    longest = sorted(name, key=lambda word: (-len(word), word))[:_WORDS]
    for number in sorted(mine.mobiles)[:_NUMBERS]:
        yield from ((Ground.MOBILE, (number, word)) for word in sorted(longest))
    if hire.start_date and len(name) > 1 and _is_known_to(hire) != "both":
        yield Ground.FIRST_DAY, (hire.start_date.isoformat(), *name)


def _key(s: Services, *parts: str) -> Alias:
    secret = s.settings.hash_key.reveal().encode()
    digest = hmac.new(secret, "\0".join(parts).encode(), hashlib.sha256).hexdigest()
    return Alias(PEOPLE, AliasKind.PERSON, digest[:40])
