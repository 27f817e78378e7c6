"""The same person under ids that do not meet: a candidate of one system, later an employee of another.

Keys are filed for each case, as keyed hashes: the private e-mail address; and together with the name the employee
number, each telephone number that is not at work, and the first day; and each mobile number with each single word of
the name, since HR may write a longer name than recruiting. Whoever meets the key of another case is compared with it by
all that the two have in common (`intake.likeness`). A key stays filed when HR corrects what it was made of: it tells
what was said once, in whatever order events come.

Where one of the two is over, a later hire of the other that only an update shows is asked about: joined unasked, it
would be noted with the hire that is over.

A key has one owner. Who meets it and is in doubt about the owner is filed behind it, and compared again when the owner
changes: the correction that settles a question may come on either side.

Keys are filed before the case is written. Where the owner's row does not show what a key is made of, either it is
outgrown, or another worker is about to write the row, or has died before that. Nobody can tell, so whoever is another
person by what the row says is noted on it (`Case.met`): the worker that is about to write it has to look again, and
the owner's next event, which is the same one where a worker died, compares the two.

Two ids of one kind in one HR system are two people, whatever else is equal: the system says so itself.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from onboarding.domain.case import PEOPLE, SAME_PERSON, Alias, AliasKind, Case, ids_in
from onboarding.domain.hire import Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.domain.phone import PhoneKind, phonebook
from onboarding.intake import comeback, merging, openings, other_name, two_cases
from onboarding.intake.likeness import Ground, Side, compare
from onboarding.intake.likeness import Verdict as Verdict
from onboarding.intake.merging import IDS
from onboarding.ports import Services

#: Grounds on which two cases are joined unasked, and how many are filed behind a key of theirs as in doubt about its
#: owner: a mailbox or a number that more share says little.
_JOINS, _BEHIND = frozenset({Ground.ADDRESS, Ground.NUMBER}), 3
#: Cases that are noted on another one whose key they met, and for how long.
_MET, _MET_FOR = 10, timedelta(days=30)
#: Whoever is noted is opened at once, or when the message of a worker that died comes again, after ten minutes.
_OPENED_WITHIN = timedelta(minutes=15)
_MOBILE = frozenset({PhoneKind.MOBILE, PhoneKind.FIXED_LINE_OR_MOBILE})


@dataclass(frozen=True, slots=True)
class Twin:
    """Another case that may be, or is, about the same person."""

    case: Case
    verdict: Verdict


@dataclass(slots=True)
class _Met:
    """Another case, and the keys that both have said."""

    case: Case
    keys: dict[Alias, Ground]
    #: It was found behind keys of this case, about which it asks.
    asks: bool = False
    #: The keys are this case's, and it met them when the row of this case did not show them yet.
    noted: bool = False


async def find(s: Services, case: Case, event: HireEvent, now: datetime) -> list[Twin]:
    """File the keys of `case` (which `event` is about to change) and compare it with everybody who has one already, and
    with those who ask about this case: of these only who is surely the same is found, since the rest is asked already.

    Filed is what the event says; compared is what will stand of it, which is less where it comes late.
    Raises StoreConflict while the other case is being opened. Resumable: a key that is filed is found again.
    """
    found = []
    keys = _keys(s, _side(s, case, case.hire.merged(event.hire, newer=True)))
    others = await _meet(s, case, keys, now)
    others += await _who_met(s, case, keys, others, now)
    then = _as_it_will_stand(case, event, now) if others else case
    mine = _side(s, then, then.hire) if others else Side(Hire())
    for met in others:
        if await are_apart(s, case, event, met.case):
            continue
        verdict = compare(mine, _side(s, met.case, met.case.hire), frozenset(met.keys.values()))
        if verdict is Verdict.SAME and comeback.is_unannounced(then, met.case):
            verdict = Verdict.DOUBT
        if verdict is Verdict.SAME or (verdict is Verdict.DOUBT and not met.asks):
            found.append(Twin(met.case, verdict))
        if verdict is Verdict.DOUBT and not (met.asks or met.noted):
            await _file_behind(s, case, met)
        if verdict is Verdict.OTHER and not met.asks:
            await _note_on(s, met, case, now)
    return found


async def _meet(s: Services, case: Case, keys: Mapping[Alias, Ground], now: datetime) -> list[_Met]:
    """Whoever has one of the keys, which are filed for `case` where nobody has them; and who asks about `case` behind
    those that it has. A case that shows no keys has filed none as a rule: it files without asking whose they are."""
    asked = keys if _side(s, case, case.hire).grounds else {}
    owners = await s.cases.owners([*asked]) if asked else {}
    found: dict[str, _Met] = {}
    behind: dict[Alias, Alias] = {}
    for key, ground in keys.items():
        owner = owners.get(key) or await s.cases.claim_alias(key, case.case_id)
        other = case if owner == case.case_id else await _survivor(s, key, owner, now)
        if other.case_id != case.case_id:
            found.setdefault(other.case_id, _Met(other, {})).keys[key] = ground
        elif ground in _JOINS:
            behind[key] = _behind(s, key, 0)
    taken = await s.cases.owners([*behind.values()]) if behind else {}
    for key in (key for key, place in behind.items() if place in taken):
        async for asking in _asking(s, case, key, now):
            found.setdefault(asking.case_id, _Met(asking, {}, asks=True)).keys[key] = keys[key]
    return list(found.values())


async def _asking(s: Services, case: Case, key: Alias, now: datetime) -> AsyncIterator[Case]:
    """Who is filed behind the key, asks about `case`, and can be joined with it unasked: neither is excluded, and not
    both have an account or one that is begun."""
    for place in range(_BEHIND):
        second = _behind(s, key, place)
        owner = (await s.cases.owners([second])).get(second)
        if owner is None:
            return
        other = await _survivor(s, second, owner, now)
        decided = State.EXCLUDED in {case.state, other.state}
        if decided or all(one.account or one.intent for one in (case, other)):
            continue
        asked = [await two_cases.survivor(s, item) for item in other.others(SAME_PERSON)]
        if case.case_id in {one.case_id for one in asked if one is not None}:
            yield other


async def _file_behind(s: Services, case: Case, met: _Met) -> None:
    """`case` asks about the owner of these keys: a change of that one has to find it."""
    for key, ground in met.keys.items():
        if ground not in _JOINS:
            continue
        for place in range(_BEHIND):
            if await s.cases.claim_alias(_behind(s, key, place), case.case_id) == case.case_id:
                break


def _behind(s: Services, key: Alias, place: int) -> Alias:
    return _key(s, "behind", str(place), key.value)


async def are_apart(s: Services, case: Case, event: HireEvent, other: Case) -> bool:
    """Somebody has decided about the two already, or an HR system knows them as two; `event` is about `case`."""
    said = {name: value for name in IDS if (value := getattr(event.hire, name))}
    known = are_known_as_two(case, other, {event.source: said})
    return known or await two_cases.is_decided(s, case, other)


async def _note_on(s: Services, met: _Met, case: Case, now: datetime) -> None:
    """The row of whoever has these keys does not show what they are made of: it is told who met them."""
    other = met.case
    if case.case_id in other.met or met.keys.keys() <= _keys(s, _side(s, other, other.hire)).keys():
        return
    other.met = dict([*other.met.items(), (case.case_id, now)][-_MET:])
    await s.cases.save(other)


async def _who_met(
    s: Services, case: Case, keys: Mapping[Alias, Ground], others: list[_Met], now: datetime
) -> list[_Met]:
    """Who met a key of the case that its row did not show then."""
    known, found = {case.case_id, *(met.case.case_id for met in others)}, []
    case.met = {case_id: at for case_id, at in case.met.items() if now - at < _MET_FOR}
    for case_id, at in case.met.items():
        other = await two_cases.survivor(s, case_id)
        if other is None and now - at < _OPENED_WITHIN:
            raise openings.conflict()
        if other is not None and other.case_id not in known:
            known.add(other.case_id)
            theirs = _keys(s, _side(s, other, other.hire))
            common = {key: ground for key, ground in keys.items() if key in theirs}
            found.append(_Met(other, common, noted=True))
    return found


async def _survivor(s: Services, key: Alias, owner: str, now: datetime) -> Case:
    """The case that has the key, or the one into which that was joined."""
    other = await two_cases.survivor(s, owner)
    if other is None:
        await openings.look_again(s, [key], owner, now)
    if other.case_id != owner:
        await s.cases.move_alias(key, owner, other.case_id)
    return other


def are_known_as_two(
    case: Case, other: Case, said: Mapping[str, Mapping[str, str]] = MappingProxyType({})
) -> bool:
    """A system that knows both has two ids of one kind for them, whichever system was the first to name either. `said`:
    system → ids of `case` that are about to be noted.

    A candidate and an employee record of one system may be one person. Where HR has given an id again, recruiting's
    candidate may be the one before.
    """
    for source in {*said, case.source, *case.ids}:
        if other_name.is_of_the_one_before(case, source) or other_name.is_of_the_one_before(other, source):
            continue
        mine, theirs = {**ids_in(case, source), **said.get(source, {})}, ids_in(other, source)
        if any(mine.get(name) and theirs.get(name) and mine[name] != theirs[name] for name in IDS):
            return True
    return False


def _as_it_will_stand(case: Case, event: HireEvent, now: datetime) -> Case:
    """The case once the event is applied: nothing of a word that is older than the one that stands."""
    then = copy.deepcopy(case)
    by = merging.READ if event.vendor_event_type == merging.READ else ""
    merging.merge(then, event, by, now, opened=False)
    return then


def _side(s: Services, case: Case, hire: Hire) -> Side:
    """`hire`: what the case knows, or what an event says. Of somebody with an account the number that is kept, too."""
    kept = {case.phone_hash} if case.phone_hash else set()
    numbers = frozenset(_private(s, hire, frozenset(PhoneKind))) | kept
    return Side(hire, numbers, frozenset(_private(s, hire, _MOBILE)), _is_recruitings(case))


def _private(s: Services, hire: Hire, kinds: Collection[PhoneKind]) -> Iterator[str]:
    """Keyed hashes of the numbers of these kinds that are not at work."""
    secret = s.settings.hash_key.reveal()
    for item, result in phonebook.results(hire):
        if result.e164 and result.kind in kinds and item.label != "work" and not item.extension:
            yield phonebook.hashed(secret, result.e164)


def _is_recruitings(case: Case) -> bool:
    """The employee number comes from a system that knows the person as a candidate only."""
    word = case.said.get("employee_number")
    known = ids_in(case, (word.source if word else None) or case.source)
    return "candidate_id" in known and "employee_id" not in known


def _keys(s: Services, side: Side) -> dict[Alias, Ground]:
    """In an order that is the same for everybody, so that no two cases wait for each other."""
    return {_key(s, ground, *parts): ground for ground, parts in side.grounds}


def _key(s: Services, *parts: str) -> Alias:
    secret = s.settings.hash_key.reveal().encode()
    digest = hmac.new(secret, "\0".join(parts).encode(), hashlib.sha256).hexdigest()
    return Alias(PEOPLE, AliasKind.PERSON, digest[:40])
