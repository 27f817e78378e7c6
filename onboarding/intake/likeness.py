"""Whether two people whose ids do not meet are one: a candidate of one system, later an employee of another. Pure.

Never by name alone. Names are spelled in many ways, and are found as `names.folded` has them, words in any order.
Names are equal where they are one name for certain (`names.same`). Those that are only read alike, as 李伟 and 李薇, or
folded alike, as Michal and Michael, have words in common and are not equal.
They are equal, too, where one of them has the name by which the other is called (`Side.called`): recruiting has Mike
Smith, HR Michael Smith, preferred Mike.
The strongest ground that the two have in common, and that says anything, decides:

| in common | and | verdict |
|---|---|---|
| private address | names equal; start dates equal | the same: the cases are joined |
| private address | names equal; start dates within a month, or one is not known; nothing known contradicts | the same |
| private address | name, start date were equal once, a given name still is; nothing known contradicts | the same |
| private address | one word of the names | doubt: an approver decides |
| private address | nothing of the names; start dates equal, nothing known contradicts | doubt |
| private address | nothing of the names | two people (a family, a shared mailbox) |
| number and name | nothing known contradicts; starts within a month, or one is not known | the same |
| number and name | anything else | doubt: two systems may both number from 1 |
| number | names folded alike, not equal | doubt |
| number and name | the number is recruiting's word (`external_id`) | doubt |
| telephone and name | – | doubt |
| mobile number | one name holds all words of the other, two at least; starts within a month, or one not known | doubt |
| mobile number | anything else | two people (a family) |
| first day and name | one is known to recruiting alone, the other to HR alone; nothing known contradicts | doubt |
| first day | the same, with names folded alike, but not in one script that is not Latin | doubt |
| first day | the same, with name and first day that were equal once, a word of the names still is | doubt |
| first day and name | anything else | two people |

Events come in any order, so they have in common what stands of each, and what they once said alike (`intake.twins`).
An address that is not in common any more is in common for a doubt, and with the name and start date of that time.

Contradicting: both have a private address, or numbers that are not at work, or a country of work or of residence, and
they have none in common. Nothing of the names: often another script; people who share a mailbox seldom begin together.
A first day is asked about only across the border between recruiting and HR, which everybody who is hired crosses once,
and only with a name of two words: people of one name who begin together in one HR system, or in the HR systems of two
companies, are not asked about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

from onboarding.domain import names
from onboarding.domain.hire import Hire
from onboarding.domain.places import country

#: HR systems may disagree by so much about the first day of one person: HR moves what was offered.
NEAR = timedelta(days=31)
#: Telephone numbers of one person that are compared, and words of the name with each that is a mobile: the longest.
_NUMBERS, _WORDS = 3, 6
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Verdict(StrEnum):
    """What a comparison says."""

    SAME = "same"
    DOUBT = "doubt"
    OTHER = "other"


class Ground(StrEnum):
    """What two people have in common, strongest first. The value is part of the key in the store."""

    ADDRESS = "mail"
    NUMBER = "number"
    TELEPHONE = "phone"
    MOBILE = "mobile"
    FIRST_DAY = "day"


@dataclass(frozen=True)
class Side:
    """One of two people who are compared."""

    hire: Hire
    #: Keyed hashes of the numbers that are not at work.
    numbers: frozenset[str] = frozenset()
    #: Those that are a mobile's, or may be.
    mobiles: frozenset[str] = frozenset()
    #: The employee number is what a recruiting system says: there it is a field like any other.
    number_by_recruiting: bool = False

    @property
    def name(self) -> str:
        """Given and family name, else the name as one text."""
        hire = self.hire
        return " ".join(filter(None, (hire.given_name, hire.family_name))) or hire.display_name or ""

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the name, however they are spelled, in any order: to find by, whether or not names are equal."""
        return names.folded(self.name)

    @cached_property
    def called(self) -> tuple[str, ...]:
        """Each name that the person goes by: that above, the preferred one in place of the given one, and the one that
        is shown. One word alone is no name to go by."""
        hire, preferred = self.hire, self.hire.preferred_name
        whole = _text(preferred, hire.family_name) if preferred else ""
        others = (whole, preferred or "", hire.display_name or "")
        return tuple(dict.fromkeys((self.name, *(name for name in others if len(names.folded(name)) > 1))))

    @cached_property
    def address(self) -> str | None:
        """The private one, as it is compared; None: there is none that is one."""
        address = (self.hire.personal_email or "").strip().casefold()
        return address if _ADDRESS.fullmatch(address) else None

    @cached_property
    def grounds(self) -> tuple[tuple[Ground, tuple[str, ...]], ...]:
        """What somebody else may have in common with this person, in an order that is the same for everybody. Nothing
        without a name: a shared address says nothing alone."""
        return tuple(self._grounds())

    def _grounds(self) -> Iterator[tuple[Ground, tuple[str, ...]]]:
        hire, name = self.hire, sorted(self.words)
        if not name:
            return
        if self.address:
            yield Ground.ADDRESS, (self.address,)
        if hire.employee_number:
            yield Ground.NUMBER, (hire.employee_number, *name)
        for number in sorted(self.numbers)[:_NUMBERS]:
            yield Ground.TELEPHONE, (number, *name)
        longest = sorted(name, key=lambda word: (-len(word), word))[:_WORDS]
        for number in sorted(self.mobiles)[:_NUMBERS]:
            yield from ((Ground.MOBILE, (number, word)) for word in sorted(longest))
        if hire.start_date and len(name) > 1 and _is_known_to(hire) != "both":
            yield Ground.FIRST_DAY, (hire.start_date.isoformat(), *name)


def compare(mine: Side, theirs: Side, once: Collection[Ground] = ()) -> Verdict:
    """The table above. `once`: grounds on which the two said the same at some time, whatever stands now."""
    now = {ground for ground, _ in {*mine.grounds} & {*theirs.grounds}}
    common = frozenset(once) | now
    judged = (_judge(mine, theirs, ground, common, now) for ground in Ground if ground in common)
    return next((verdict for verdict in judged if verdict is not Verdict.OTHER), Verdict.OTHER)


def _judge(
    mine: Side, theirs: Side, ground: Ground, common: frozenset[Ground], now: Collection[Ground]
) -> Verdict:
    """What one ground says. On one that a person has outgrown (an address or a number that HR corrected) it says doubt
    at most: it may have been another's, put in by mistake. But where private address, name and first day were all the
    same once, and what differs since may be one person's."""
    apart = _apart(mine.hire, theirs.hire)
    near, some = apart is None or apart <= NEAR, bool(mine.words & theirs.words)
    same_name = _are_called_the_same(mine, theirs)
    contrary = contradict(mine, theirs)
    sure = doubt = False
    match ground:
        case Ground.ADDRESS:
            alike_once = Ground.FIRST_DAY in common and not contrary and _may_be_renamed(mine, theirs)
            agree = near and (not contrary or apart == timedelta(0))
            sure = some and (alike_once or (ground in now and same_name and agree))
            doubt = some or (apart == timedelta(0) and not contrary)
        case Ground.NUMBER:
            by_recruiting = mine.number_by_recruiting or theirs.number_by_recruiting
            same = same_name and mine.hire.employee_number == theirs.hire.employee_number
            sure, doubt = same and near and not contrary and not by_recruiting, True
        case Ground.TELEPHONE:
            doubt = some
        case Ground.MOBILE:
            short, long = sorted((mine.words, theirs.words), key=len)
            doubt = len(short) > 1 and short <= long and near
        case Ground.FIRST_DAY:
            across = {_is_known_to(mine.hire), _is_known_to(theirs.hire)} == {"recruiting", "hr"}
            renamed = some and ground not in now and not names.is_read_in_part(mine.name + theirs.name)
            doubt = across and not contrary and (renamed or names.may_be_same(mine.name, theirs.name))
    return Verdict.SAME if sure else Verdict.DOUBT if doubt else Verdict.OTHER


def _may_be_renamed(mine: Side, theirs: Side) -> bool:
    """Names that were equal once, and of which the family name may differ since, by marriage, or a second given name. A
    given name that was corrected away from the other's was another person's, a sister's."""
    if _only_read_alike(mine, theirs):
        return False
    given = ((side.hire.given_name, other) for side, other in ((mine, theirs), (theirs, mine)))
    known = [names.folded(name) <= other.words for name, other in given if name]
    return any(known) if known else _are_called_the_same(mine, theirs)


def _are_called_the_same(mine: Side, theirs: Side) -> bool:
    return any(names.same(one, other) for one in mine.called for other in theirs.called)


def _only_read_alike(mine: Side, theirs: Side) -> bool:
    """Keys with their names met, and yet the names may never have been equal: they are folded alike without being so,
    or are in a script that is read only in part."""
    if names.same(mine.name, theirs.name):
        return False
    return mine.words == theirs.words or names.is_read_in_part(mine.name + theirs.name)


def contradict(mine: Side, theirs: Side) -> bool:
    """Something that both have, and that one person has only one of, is not the same. Not known is no contradiction."""
    hire, there = mine.hire, theirs.hire
    pairs = [
        (mine.address, theirs.address),
        (_country(hire.work_country), _country(there.work_country)),
        (_country(hire.home_country), _country(there.home_country)),
    ]
    if any(one and other and one != other for one, other in pairs):
        return True
    return bool(mine.numbers and theirs.numbers) and mine.numbers.isdisjoint(theirs.numbers)


def _text(*parts: str | None) -> str:
    return " ".join(filter(None, parts))


def _apart(one: Hire, other: Hire) -> timedelta | None:
    if one.start_date is None or other.start_date is None:
        return None
    return abs(one.start_date - other.start_date)


def _country(said: str | None) -> str | None:
    return country.alpha2(said) if said else None


def _is_known_to(hire: Hire) -> str:
    """`recruiting`, `hr` or `both`."""
    if hire.candidate_id is None:
        return "hr"
    return "both" if hire.employee_id else "recruiting"
